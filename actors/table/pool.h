// Memory for many small things that come and go: blocks of 1 to block_units_max units, in chunks
// that never move and are kept until pool_done. A block is named by the number of its first unit,
// which is half as long as a pointer. Freed blocks are used again for blocks of the same size.
// Refuses to know what is in a block. One thread at a time.
#ifndef CAVEA_ACTORS_TABLE_POOL_H
#define CAVEA_ACTORS_TABLE_POOL_H

#include "schemas/id.h"

enum {
    POOL_NONE = UINT32_MAX,
    POOL_BLOCK_UNITS_MAX = 10,
    POOL_UNIT_BYTES_MIN = 4, // a freed block holds the number of the next one
};

typedef struct pool {
    uint8_t **chunks;
    uint32_t chunks_count, chunks_max;
    uint32_t unit_bytes, chunk_shift, block_units_max; // a chunk has 1 << chunk_shift units
    uint32_t used; // units of all chunks that were ever taken or passed over
    uint32_t free[POOL_BLOCK_UNITS_MAX + 1]; // by size: the first freed block
} pool;

// Allocates nothing yet.
void pool_init(pool *p, uint32_t unit_bytes, uint32_t chunk_shift, uint32_t block_units_max);
void pool_done(pool *p);
// Makes room for one block of any size; the only call that allocates. False: memory is out.
MUST_CHECK bool pool_make_room(pool *p);
bool pool_has_room(const pool *p);
// The block's bytes are whatever was there before. The caller made room.
uint32_t pool_take(pool *p, uint32_t units);
void pool_give(pool *p, uint32_t block, uint32_t units);
uint64_t pool_bytes(const pool *p);

static inline void *pool_at(const pool *p, uint32_t block)
{
    uint32_t within = block & ((1u << p->chunk_shift) - 1);
    return p->chunks[block >> p->chunk_shift] + (size_t)within * p->unit_bytes;
}

#endif
