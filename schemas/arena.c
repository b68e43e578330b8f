#include "schemas/arena.h"

#include <stdalign.h>
#include <stdlib.h>

static void *protobuf_alloc(void *self, size_t bytes)
{
    return arena_alloc(self, bytes);
}

static void protobuf_free(void *self, void *pointer)
{
    (void)self;
    (void)pointer;
}

bool arena_init(arena *a, size_t bytes_max)
{
    uint8_t *memory = malloc(bytes_max);
    if (!memory)
        return false;
    *a = (arena){
        .allocator = {protobuf_alloc, protobuf_free, a},
        .memory = memory,
        .bytes_max = bytes_max,
    };
    return true;
}

void arena_done(arena *a)
{
    free(a->memory);
    *a = (arena){.memory = NULL};
}

void arena_reset(arena *a)
{
    a->bytes_used = 0;
}

void *arena_alloc(arena *a, size_t bytes)
{
    enum { ALIGNMENT = alignof(max_align_t) };
    size_t at = (a->bytes_used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (at > a->bytes_max || bytes > a->bytes_max - at) {
        a->refused++;
        return NULL;
    }
    a->bytes_used = at + bytes;
    return a->memory + at;
}
