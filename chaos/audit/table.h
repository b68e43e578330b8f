// A text file of lines whose fields are parted by tabs, whole in memory. Lines that begin with #
// are left out. Knows no meaning. One thread.
#ifndef CAVEA_CHAOS_AUDIT_TABLE_H
#define CAVEA_CHAOS_AUDIT_TABLE_H

#include "schemas/id.h"

enum { TABLE_COLUMNS_MAX = 20, TABLE_PROBLEM_BYTES = 700 };

typedef struct table {
    char *text;
    const char **fields; // columns of each row
    size_t rows, columns;
} table;

// False with a sentence when the file cannot be read or a line has another number of fields.
MUST_CHECK bool table_read(const char *path, size_t columns, table *ret_table,
                           char ret_problem[static TABLE_PROBLEM_BYTES]);
void table_done(table *t);

static inline const char *table_field(const table *t, size_t row, size_t column)
{
    return t->fields[row * t->columns + column];
}

// "-" and the empty field are zero.
MUST_CHECK bool field_number(const char *field, int64_t *ret_number);
MUST_CHECK bool field_uuid(const char *field, uuid *ret_id);
// Hexadecimal digits; false when they are more or fewer than bytes.
MUST_CHECK bool field_bytes(const char *field, void *ret_bytes, size_t bytes);

#endif
