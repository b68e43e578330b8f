// Golden transcripts: a text file of commands and what they give. Lines that start with "> " are
// commands, split at blanks; "#" starts a comment; all other lines are what the command above them
// said. A run says everything again; when it differs, the difference is printed and the run fails.
// GOLDEN_WRITE=1 rewrites the file instead. For tests only; one thread.
#ifndef CAVEA_TESTS_GOLDEN_TRANSCRIPT_H
#define CAVEA_TESTS_GOLDEN_TRANSCRIPT_H

#include <stdbool.h>
#include <stdint.h>

enum { TRANSCRIPT_WORDS_MAX = 32 };

typedef struct transcript transcript;

// Handles one command; words[0] is its name. Words are borrowed.
typedef void transcript_step(void *self, transcript *t, char *const *words, uint32_t words_count);

// One line of what the command gives.
__attribute__((format(printf, 2, 3))) void transcript_say(transcript *t, const char *format, ...);

// Runs the file at path, below SOURCE_DIR. False when something differs (it was printed) or the
// file cannot be read.
bool transcript_run(const char *path, transcript_step *step, void *self);

// For steps: the value of a word "name=value", or standard when there is none.
const char *transcript_word(char *const *words, uint32_t words_count, const char *name,
                            const char *standard);
int64_t transcript_number(char *const *words, uint32_t words_count, const char *name,
                          int64_t standard);

#endif
