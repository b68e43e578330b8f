#include "ops/command/csv.h"

#include <stdlib.h>

void csv_init(csv *c, FILE *file)
{
    *c = (csv){.file = file};
}

void csv_done(csv *c)
{
    free(c->line);
    c->line = NULL;
}

// Reads one field at from and ends it in place; returns what follows its comma, or NULL at the end
// of the line. *ret_good false: a quotation mark is open, or stands where none may.
static char *field_take(char *from, char **ret_field, bool *ret_good)
{
    char *to = from;
    *ret_field = from;
    *ret_good = true;
    if (*from != '"') {
        char *comma = strchr(from, ',');
        *ret_good = strchr(from, '"') == NULL || (comma && strchr(from, '"') > comma);
        if (comma)
            *comma = 0;
        return comma ? comma + 1 : NULL;
    }
    for (from++; *from; from++) {
        if (*from == '"' && from[1] != '"')
            break;
        from += *from == '"';
        *to++ = *from;
    }
    *ret_good = *from == '"' && (from[1] == ',' || from[1] == 0);
    char *rest = *from == '"' && from[1] == ',' ? from + 2 : NULL;
    *to = 0;
    return rest;
}

static csv_result line_split(csv *c)
{
    char *at = c->line;
    c->count = 0;
    while (at) {
        bool good;
        if (c->count == CSV_FIELDS_MAX)
            return CSV_BROKEN;
        at = field_take(at, &c->fields[c->count++], &good);
        if (!good)
            return CSV_BROKEN;
    }
    return CSV_LINE;
}

csv_result csv_next(csv *c)
{
    ssize_t bytes;
    while ((bytes = getline(&c->line, &c->line_bytes, c->file)) > 0) {
        c->number++;
        while (bytes > 0 && (c->line[bytes - 1] == '\n' || c->line[bytes - 1] == '\r'))
            c->line[--bytes] = 0;
        if (bytes > CSV_LINE_BYTES_MAX || strlen(c->line) != (size_t)bytes)
            return CSV_BROKEN;
        if (bytes > 0)
            return line_split(c);
    }
    return ferror(c->file) ? CSV_BROKEN : CSV_END;
}

void csv_put(FILE *out, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, out);
        return;
    }
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', out);
        putc(*text, out);
    }
    putc('"', out);
}
