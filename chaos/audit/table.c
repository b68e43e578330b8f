#include "chaos/audit/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool file_read(const char *path, char **ret_text, size_t *ret_bytes)
{
    FILE *f = fopen(path, "re");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
        if (f != NULL)
            fclose(f);
        return false;
    }
    long size = ftell(f);
    char *text = size < 0 ? NULL : malloc((size_t)size + 1);
    rewind(f);
    size_t got = text == NULL ? 0 : fread(text, 1, (size_t)size, f);
    fclose(f);
    if (text == NULL)
        return false;
    text[got] = 0;
    *ret_text = text;
    *ret_bytes = got;
    return true;
}

static size_t lines_count(const char *text)
{
    size_t lines = 1;
    for (; *text != 0; text++)
        lines += *text == '\n';
    return lines;
}

// False: a line has another number of fields.
static bool lines_split(table *t, size_t *ret_line)
{
    size_t number = 0;
    for (char *line = t->text, *next; line != NULL && *line != 0; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = 0;
        *ret_line = ++number;
        if (*line == '#' || *line == 0)
            continue;
        size_t column = 0;
        for (char *at = line; at != NULL; column++) {
            char *end = strchr(at, '\t');
            if (end != NULL)
                *end++ = 0;
            if (column < t->columns)
                t->fields[t->rows * t->columns + column] = at;
            at = end;
        }
        if (column != t->columns)
            return false;
        t->rows++;
    }
    return true;
}

bool table_read(const char *path, size_t columns, table *ret_table,
                char ret_problem[static TABLE_PROBLEM_BYTES])
{
    table t = {.columns = columns};
    size_t bytes, line = 0;
    if (!file_read(path, &t.text, &bytes)) {
        snprintf(ret_problem, TABLE_PROBLEM_BYTES, "%s cannot be read: %s", path,
                 strerrordesc_np(errno));
        return false;
    }
    t.fields = calloc(lines_count(t.text), columns * sizeof *t.fields);
    if (t.fields != NULL && lines_split(&t, &line)) {
        *ret_table = t;
        return true;
    }
    snprintf(ret_problem, TABLE_PROBLEM_BYTES, "%s:%zu does not have %zu fields", path, line,
             columns);
    table_done(&t);
    return false;
}

void table_done(table *t)
{
    free(t->fields);
    free(t->text);
    *t = (table){0};
}

bool field_number(const char *field, int64_t *ret_number)
{
    char *end = NULL;
    if (*field == 0 || strcmp(field, "-") == 0) {
        *ret_number = 0;
        return true;
    }
    errno = 0;
    long long n = strtoll(field, &end, 10);
    if (*end != 0 || errno != 0)
        return false;
    *ret_number = n;
    return true;
}

bool field_uuid(const char *field, uuid *ret_id)
{
    if (*field == 0 || strcmp(field, "-") == 0) {
        *ret_id = (uuid){{0}};
        return true;
    }
    return uuid_parse(field, strlen(field), ret_id);
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool field_bytes(const char *field, void *ret_bytes, size_t bytes)
{
    uint8_t *to = ret_bytes;
    if (strlen(field) != 2 * bytes)
        return false;
    for (size_t i = 0; i < bytes; i++) {
        int high = digit(field[2 * i]), low = digit(field[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        to[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}
