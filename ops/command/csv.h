// Lines of comma-separated values (RFC 4180) of strangers: fields may be quoted, but not contain
// line ends; lines and fields are bounded. One thread.
#ifndef CAVEA_OPS_COMMAND_CSV_H
#define CAVEA_OPS_COMMAND_CSV_H

#include "schemas/id.h"

#include <stdio.h>

enum { CSV_LINE_BYTES_MAX = 8192, CSV_FIELDS_MAX = 64 };

typedef struct csv {
    FILE *file; // borrowed
    char line[CSV_LINE_BYTES_MAX + 1];
    int64_t number;               // of the line read last, from 1
    char *fields[CSV_FIELDS_MAX]; // of that line, in its memory
    int count;
} csv;

typedef enum csv_result { CSV_LINE, CSV_END, CSV_BROKEN } csv_result;

void csv_init(csv *c, FILE *file);
// The next line that is not empty. CSV_BROKEN: too long, too many fields, an open quotation mark, a
// NUL, or the file cannot be read.
MUST_CHECK csv_result csv_next(csv *c);
// Writes a text as one field, in quotation marks where it needs them.
void csv_put(FILE *out, const char *text);

#endif
