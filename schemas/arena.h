// A bump allocator with a fixed budget, for decoding strangers' protobuf without malloc: what does
// not fit fails, freeing does nothing, arena_reset forgets everything at once. protobuf-c has no
// bounds of its own (no recursion limit, no size limit), so every decoder of outside bytes gets its
// bytes checked against ENVELOPE_BYTES_MAX and its memory from here.
// One arena belongs to one thread. Decoded messages are borrowed until the next reset; never call
// a _free_unpacked on them.
#ifndef CAVEA_SCHEMAS_ARENA_H
#define CAVEA_SCHEMAS_ARENA_H

#include "schemas/id.h"
#include "schemas/limits.h"

#include <protobuf-c/protobuf-c.h>

enum {
    // Enough for any envelope of ENVELOPE_COMMANDS_MAX real commands: decoded structs and arrays
    // are at most about six times their wire form; a stranger's filler that needs more is refused.
    ARENA_ENVELOPE_BYTES = 8 * ENVELOPE_BYTES_MAX,
};

typedef struct arena {
    ProtobufCAllocator allocator; // pass &arena->allocator to an _unpack; it points back here
    uint8_t *memory;
    size_t bytes_max, bytes_used;
    size_t refused; // allocations that did not fit since the start; a metric
} arena;

// Allocates the whole budget once. The arena must not move afterwards (the allocator points to it).
MUST_CHECK bool arena_init(arena *a, size_t bytes_max);
void arena_done(arena *a); // of a zeroed or initialised arena
void arena_reset(arena *a);
// Aligned for any type; NULL beyond the budget.
void *arena_alloc(arena *a, size_t bytes);

#endif
