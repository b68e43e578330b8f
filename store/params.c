#include "store/params.h"

#include <limits.h>
#include <stdlib.h>

void params_over(params *p, void *buffer, size_t buffer_bytes)
{
    *p = (params){.data = buffer, .bytes_max = buffer_bytes};
    for (int i = 0; i < PARAMS_MAX; i++)
        p->formats[i] = 1;
}

bool params_init(params *p, size_t bytes_max)
{
    params_over(p, malloc(bytes_max), bytes_max);
    return p->data != NULL;
}

void params_done(params *p)
{
    free(p->data);
    *p = (params){0};
}

void params_reset(params *p)
{
    p->count = 0;
    p->bytes = 0;
}

// A parameter is what was put into the buffer since `at`.
static void param_close(params *p, size_t at)
{
    assert(p->count < PARAMS_MAX && p->bytes - at <= INT_MAX);
    p->values[p->count] = (const char *)p->data + at;
    p->lengths[p->count] = (int)(p->bytes - at);
    p->count++;
}

void params_bytes(params *p, const void *data, size_t data_bytes)
{
    size_t at = p->bytes;
    params_need(p, data_bytes);
    params_put(p, data, data_bytes);
    param_close(p, at);
}

void params_text(params *p, const char *text)
{
    params_bytes(p, text, strlen(text));
}

void params_uuid(params *p, const uuid *value)
{
    params_bytes(p, value->bytes, sizeof value->bytes);
}

void params_int2(params *p, int16_t value)
{
    uint16_t wire = htobe16((uint16_t)value);
    params_bytes(p, &wire, sizeof wire);
}

void params_int4(params *p, int32_t value)
{
    uint32_t wire = htobe32((uint32_t)value);
    params_bytes(p, &wire, sizeof wire);
}

void params_int8(params *p, int64_t value)
{
    uint64_t wire = htobe64((uint64_t)value);
    params_bytes(p, &wire, sizeof wire);
}

void params_time(params *p, int64_t unix_us)
{
    params_int8(p, unix_us - PARAM_TIME_EPOCH_US);
}

void params_null(params *p)
{
    assert(p->count < PARAMS_MAX);
    p->values[p->count] = NULL;
    p->lengths[p->count] = 0;
    p->count++;
}

// array_recv: dimensions, a flag for nulls, the element type, then length and lower bound of each
// dimension. The flag and the length are known at the end.
void params_array(params *p, param_type type)
{
    params_need(p, 20);
    p->array_at = p->bytes;
    p->elements = 0;
    p->has_null = false;
    params_put4(p, 1);
    params_put4(p, 0);
    params_put4(p, (uint32_t)type);
    params_put4(p, 0);
    params_put4(p, 1);
}

void params_end(params *p)
{
    uint32_t elements = htobe32(p->elements), flags = htobe32(p->has_null);
    memcpy(p->data + p->array_at + 4, &flags, sizeof flags);
    memcpy(p->data + p->array_at + 12, &elements, sizeof elements);
    param_close(p, p->array_at);
}
