// Parameters of one prepared statement in PostgreSQL's binary form (the receive functions of each
// type; arrays as in array_recv), built into one buffer that is allocated once. Sending copies, so
// params_reset starts the next statement in the same memory. Knows no connection and no statement.
// One thread. A buffer that is too small is a bug of its owner and aborts: owners size it by their
// bounds, and check what strangers sent before it comes here.
#ifndef CAVEA_STORE_PARAMS_H
#define CAVEA_STORE_PARAMS_H

#include "schemas/id.h"

#include <assert.h>
#include <endian.h>

enum { PARAMS_MAX = 24 };

// Type numbers of PostgreSQL's catalogue (pg_type.dat), which never change.
typedef enum param_type {
    PARAM_BYTES = 17,
    PARAM_INT8 = 20,
    PARAM_INT2 = 21,
    PARAM_INT4 = 23,
    PARAM_TEXT = 25,
    PARAM_TIME = 1184, // timestamptz
    PARAM_UUID = 2950,
} param_type;

// PostgreSQL counts its microseconds from 2000-01-01 UTC, everybody else here from 1970-01-01.
#define PARAM_TIME_EPOCH_US INT64_C(946684800000000)

typedef struct params params;
struct params {
    uint8_t *data;
    size_t bytes, bytes_max;
    int count;
    const char *values[PARAMS_MAX];
    int lengths[PARAMS_MAX];
    int formats[PARAMS_MAX]; // all binary
    size_t array_at;         // of the array being built
    uint32_t elements;
    bool has_null;
};

MUST_CHECK bool params_init(params *p, size_t bytes_max); // false: memory is out
// The same over the caller's memory, which stays the caller's: no params_done.
void params_over(params *p, void *buffer, size_t buffer_bytes);
void params_done(params *p);
void params_reset(params *p);

// One parameter each.
void params_uuid(params *p, const uuid *value);
void params_int2(params *p, int16_t value);
void params_int4(params *p, int32_t value);
void params_int8(params *p, int64_t value);
void params_time(params *p, int64_t unix_us);
void params_bytes(params *p, const void *data, size_t data_bytes);
void params_text(params *p, const char *text);
void params_null(params *p);

// An array: params_array, its elements with params_add_*, params_end.
void params_array(params *p, param_type type);
void params_end(params *p);

static inline void params_need(const params *p, size_t bytes)
{
    assert(bytes <= p->bytes_max - p->bytes);
}

static inline void params_put(params *p, const void *data, size_t bytes)
{
    if (bytes > 0)
        memcpy(p->data + p->bytes, data, bytes);
    p->bytes += bytes;
}

static inline void params_put4(params *p, uint32_t value)
{
    value = htobe32(value);
    params_put(p, &value, sizeof value);
}

static inline void params_put8(params *p, uint64_t value)
{
    value = htobe64(value);
    params_put(p, &value, sizeof value);
}

static inline void params_add_bytes(params *p, const void *data, size_t bytes)
{
    params_need(p, 4 + bytes);
    params_put4(p, (uint32_t)bytes);
    params_put(p, data, bytes);
    p->elements++;
}

static inline void params_add_text(params *p, const char *text)
{
    params_add_bytes(p, text, strlen(text));
}

static inline void params_add_uuid(params *p, const uuid *value)
{
    params_add_bytes(p, value->bytes, sizeof value->bytes);
}

static inline void params_add_int2(params *p, int16_t value)
{
    uint16_t raw = htobe16((uint16_t)value);
    params_add_bytes(p, &raw, sizeof raw);
}

static inline void params_add_int4(params *p, int32_t value)
{
    params_need(p, 8);
    params_put4(p, sizeof value);
    params_put4(p, (uint32_t)value);
    p->elements++;
}

static inline void params_add_int8(params *p, int64_t value)
{
    params_need(p, 12);
    params_put4(p, sizeof value);
    params_put8(p, (uint64_t)value);
    p->elements++;
}

static inline void params_add_time(params *p, int64_t unix_us)
{
    params_add_int8(p, unix_us - PARAM_TIME_EPOCH_US);
}

static inline void params_add_null(params *p)
{
    params_need(p, 4);
    params_put4(p, UINT32_MAX);
    p->elements++;
    p->has_null = true;
}

#endif
