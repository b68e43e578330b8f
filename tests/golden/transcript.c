#include "tests/golden/transcript.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct lines {
    char **list;
    size_t count, max;
} lines;

struct transcript {
    lines said;
};

static void lines_add(lines *l, char *line)
{
    if (l->count == l->max) {
        l->max = l->max * 2 + 64;
        l->list = realloc(l->list, l->max * sizeof *l->list);
    }
    if (l->list == NULL || line == NULL)
        abort();
    l->list[l->count++] = line;
}

static void lines_done(lines *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->list[i]);
    free(l->list);
}

static bool lines_read(const char *path, lines *ret)
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    if (f == NULL) {
        fprintf(stderr, "%s cannot be read\n", path);
        return false;
    }
    for (ssize_t n; (n = getline(&line, &room, f)) >= 0;) {
        if (n > 0 && line[n - 1] == '\n')
            line[n - 1] = 0;
        lines_add(ret, strdup(line));
    }
    free(line);
    fclose(f);
    return true;
}

static bool lines_write(const char *path, const lines *l)
{
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return false;
    for (size_t i = 0; i < l->count; i++)
        fprintf(f, "%s\n", l->list[i]);
    return fclose(f) == 0;
}

void transcript_say(transcript *t, const char *format, ...)
{
    char text[2048] = "  ";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + 2, sizeof text - 2, format, arguments);
    va_end(arguments);
    lines_add(&t->said, strdup(text));
}

static void command_run(const char *line, transcript *t, transcript_step *step, void *self)
{
    char copy[2048], *words[TRANSCRIPT_WORDS_MAX], *rest = NULL;
    uint32_t count = 0;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL && count < TRANSCRIPT_WORDS_MAX;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    if (count > 0)
        step(self, t, words, count);
}

// The longest common subsequence, in a table of suffixes; transcripts are a few hundred lines.
static void difference_print(const lines *wanted, const lines *said)
{
    size_t rows = wanted->count + 1, columns = said->count + 1;
    uint32_t *common = calloc(rows * columns, sizeof *common);
    if (common == NULL)
        abort();
    for (size_t i = wanted->count; i-- > 0;)
        for (size_t k = said->count; k-- > 0;) {
            uint32_t skip_i = common[(i + 1) * columns + k], skip_k = common[i * columns + k + 1];
            common[i * columns + k] = strcmp(wanted->list[i], said->list[k]) == 0
                                          ? common[(i + 1) * columns + k + 1] + 1
                                      : skip_i > skip_k ? skip_i
                                                        : skip_k;
        }
    for (size_t i = 0, k = 0; i < wanted->count || k < said->count;) {
        bool both = i < wanted->count && k < said->count;
        if (both && strcmp(wanted->list[i], said->list[k]) == 0) {
            if (wanted->list[i][0] == '>') // so that the reader knows where a difference is
                fprintf(stderr, " %s\n", wanted->list[i]);
            i++;
            k++;
        } else if (k == said->count ||
                   (both && common[(i + 1) * columns + k] >= common[i * columns + k + 1])) {
            fprintf(stderr, "-%s\n", wanted->list[i++]);
        } else {
            fprintf(stderr, "+%s\n", said->list[k++]);
        }
    }
    free(common);
}

static bool same(const lines *a, const lines *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->list[i], b->list[i]) != 0)
            return false;
    return true;
}

bool transcript_run(const char *path, transcript_step *step, void *self)
{
    char full[4096];
    lines wanted = {0};
    transcript t = {0};
    snprintf(full, sizeof full, "%s/%s", SOURCE_DIR, path);
    bool good = lines_read(full, &wanted);
    for (size_t i = 0; i < wanted.count; i++) {
        const char *line = wanted.list[i];
        bool is_command = line[0] == '>';
        if (is_command || line[0] == '#' || line[0] == 0)
            lines_add(&t.said, strdup(line));
        if (is_command)
            command_run(line + 1, &t, step, self);
    }
    const char *write = getenv("GOLDEN_WRITE");
    if (good && !same(&wanted, &t.said)) {
        good = write != NULL && write[0] == '1' && lines_write(full, &t.said);
        if (!good) {
            fprintf(stderr, "%s differs (- wanted, + said; GOLDEN_WRITE=1 rewrites it):\n", path);
            difference_print(&wanted, &t.said);
        }
    }
    lines_done(&wanted);
    lines_done(&t.said);
    return good;
}

const char *transcript_word(char *const *words, uint32_t words_count, const char *name,
                            const char *standard)
{
    size_t n = strlen(name);
    for (uint32_t i = 1; i < words_count; i++)
        if (strncmp(words[i], name, n) == 0 && words[i][n] == '=')
            return words[i] + n + 1;
    return standard;
}

int64_t transcript_number(char *const *words, uint32_t words_count, const char *name,
                          int64_t standard)
{
    const char *text = transcript_word(words, words_count, name, NULL);
    return text == NULL ? standard : strtoll(text, NULL, 10);
}
