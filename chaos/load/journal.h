// What a witness writes down: an append-only text file of lines whose fields are parted by tabs.
//   # cavea journal 1            the first line, then "# name value" lines: wall_us and mono_us are
//                                one moment on the wall clock and on the clock of this file
//   > n at intended operation kind target buyer subject key seats
//       request n is about to be sent: at, intended in microseconds; operation: the first request
//       that tried the same thing; target: e0, e1 ... or p, the provider; buyer: its id;
//       subject: the event, reservation or intent that it is about; seats: ids with commas
//   < n at status code subject detail
//       its answer: HTTP status, 0 when none came; code of the problem; subject: id of the
//       reservation, payment, intent or buyer in the answer; detail: name=value with semicolons
// "-" stands for an empty field. A request's line is handed to the kernel before its bytes are, so
// it survives the end of this process. One thread.
#ifndef CAVEA_CHAOS_LOAD_JOURNAL_H
#define CAVEA_CHAOS_LOAD_JOURNAL_H

#include "schemas/id.h"

enum { JOURNAL_BUFFER_BYTES = 256 * 1024, JOURNAL_LINE_BYTES = 4096 };

typedef struct journal {
    int fd;
    size_t bytes;
    char buffer[JOURNAL_BUFFER_BYTES];
} journal;

// False: the file cannot be made, or there is one.
MUST_CHECK bool journal_open(journal *j, const char *path);
__attribute__((format(printf, 2, 3))) void journal_write(journal *j, const char *format, ...);
// Ends the process when the journal cannot be written: a witness who forgets is none.
void journal_flush(journal *j);
void journal_close(journal *j);

#endif
