// Reads one column of one row of a binary result. Which type a column has is known from the
// statement, so another length than the type's is a bug and aborts. NULL reads as zero where a
// function says so. Pointers are borrowed from the result. Any thread, one at a time per result.
#ifndef CAVEA_STORE_COLUMN_H
#define CAVEA_STORE_COLUMN_H

#include "store/params.h"

#include <libpq-fe.h>

static inline bool column_is_null(const PGresult *rows, int row, int column)
{
    return PQgetisnull(rows, row, column) != 0;
}

static inline uint32_t column_length(const PGresult *rows, int row, int column)
{
    return (uint32_t)PQgetlength(rows, row, column);
}

// The column's bytes, ended by a NUL that does not count: text can be read as a C string.
static inline const char *column_text(const PGresult *rows, int row, int column)
{
    return PQgetvalue(rows, row, column);
}

static inline const char *column_fixed(const PGresult *rows, int row, int column, uint32_t bytes)
{
    assert(column_length(rows, row, column) == bytes);
    return PQgetvalue(rows, row, column);
}

static inline uint32_t column_get4(const char *from)
{
    uint32_t raw;
    memcpy(&raw, from, sizeof raw);
    return be32toh(raw);
}

static inline uint64_t column_get8(const char *from)
{
    uint64_t raw;
    memcpy(&raw, from, sizeof raw);
    return be64toh(raw);
}

static inline bool column_bool(const PGresult *rows, int row, int column) // NULL: false
{
    return !column_is_null(rows, row, column) && column_fixed(rows, row, column, 1)[0] != 0;
}

static inline int16_t column_int2(const PGresult *rows, int row, int column)
{
    uint16_t raw;
    memcpy(&raw, column_fixed(rows, row, column, sizeof raw), sizeof raw);
    return (int16_t)be16toh(raw);
}

static inline int32_t column_int4(const PGresult *rows, int row, int column)
{
    return (int32_t)column_get4(column_fixed(rows, row, column, 4));
}

static inline int64_t column_int8(const PGresult *rows, int row, int column)
{
    return (int64_t)column_get8(column_fixed(rows, row, column, 8));
}

static inline int64_t column_time(const PGresult *rows, int row, int column)
{
    return column_int8(rows, row, column) + PARAM_TIME_EPOCH_US;
}

static inline uuid column_uuid(const PGresult *rows, int row, int column) // NULL: zero
{
    uuid id = {0};
    if (!column_is_null(rows, row, column))
        memcpy(id.bytes, column_fixed(rows, row, column, sizeof id.bytes), sizeof id.bytes);
    return id;
}

static inline digest16 column_digest16(const PGresult *rows, int row, int column) // NULL: zero
{
    digest16 d = {0};
    if (!column_is_null(rows, row, column))
        memcpy(d.bytes, column_fixed(rows, row, column, sizeof d.bytes), sizeof d.bytes);
    return d;
}

static inline digest32 column_digest32(const PGresult *rows, int row, int column)
{
    digest32 d;
    memcpy(d.bytes, column_fixed(rows, row, column, sizeof d.bytes), sizeof d.bytes);
    return d;
}

// Copies a text and ends it; what does not fit is a bug: the column is narrower than text_bytes.
static inline void column_copy(const PGresult *rows, int row, int column, char *ret_text,
                               size_t text_bytes)
{
    uint32_t length = column_length(rows, row, column);
    assert(length < text_bytes);
    memcpy(ret_text, PQgetvalue(rows, row, column), length + 1);
}

// An array of one dimension without NULLs: how many elements, and the elements in wire form, each
// of which begins with its length (4 bytes).
static inline uint32_t column_array(const PGresult *rows, int row, int column,
                                    const char **ret_first)
{
    const char *raw = PQgetvalue(rows, row, column);
    uint32_t length = column_length(rows, row, column);
    assert(length >= 12);
    uint32_t dimensions = column_get4(raw);
    assert(dimensions <= 1 && column_get4(raw + 4) == 0);
    if (dimensions == 0)
        return 0;
    assert(length >= 20);
    *ret_first = raw + 20;
    return column_get4(raw + 12);
}

// How many elements were read; never more than elements_max, which a constraint ensures.
static inline uint32_t column_int4_array(const PGresult *rows, int row, int column,
                                         int32_t *ret_elements, uint32_t elements_max)
{
    const char *at = NULL;
    uint32_t count = column_array(rows, row, column, &at);
    assert(count <= elements_max);
    for (uint32_t i = 0; i < count; i++)
        ret_elements[i] = (int32_t)column_get4(at + 8 * i + 4);
    return count;
}

static inline uint32_t column_int2_array(const PGresult *rows, int row, int column,
                                         int16_t *ret_elements, uint32_t elements_max)
{
    const char *at = NULL;
    uint32_t count = column_array(rows, row, column, &at);
    assert(count <= elements_max);
    for (uint32_t i = 0; i < count; i++)
        ret_elements[i] = (int16_t)((uint8_t)at[6 * i + 4] << 8 | (uint8_t)at[6 * i + 5]);
    return count;
}

static inline uint32_t column_int8_array(const PGresult *rows, int row, int column,
                                         int64_t *ret_elements, uint32_t elements_max)
{
    const char *at = NULL;
    uint32_t count = column_array(rows, row, column, &at);
    assert(count <= elements_max);
    for (uint32_t i = 0; i < count; i++)
        ret_elements[i] = (int64_t)column_get8(at + 12 * i + 4);
    return count;
}

#endif
