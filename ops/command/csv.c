#include "ops/command/csv.h"

void csv_init(csv *c, FILE *file)
{
    c->file = file;
    c->number = 0;
    c->count = 0;
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

// One line without its end, "\n" or "\r\n"; CSV_BROKEN: too long, or it has a NUL.
static csv_result line_take(csv *c)
{
    size_t bytes = 0;
    int byte = getc(c->file);
    if (byte == EOF)
        return ferror(c->file) ? CSV_BROKEN : CSV_END;
    c->number++;
    for (; byte != EOF && byte != '\n'; byte = getc(c->file)) {
        if (byte == 0 || bytes == CSV_LINE_BYTES_MAX)
            return CSV_BROKEN;
        c->line[bytes++] = (char)byte;
    }
    bytes -= bytes > 0 && c->line[bytes - 1] == '\r';
    c->line[bytes] = 0;
    return ferror(c->file) ? CSV_BROKEN : CSV_LINE;
}

csv_result csv_next(csv *c)
{
    csv_result result;
    do
        result = line_take(c);
    while (result == CSV_LINE && c->line[0] == 0);
    return result == CSV_LINE ? line_split(c) : result;
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
