#include "actors/table/pool.h"

#include <assert.h>
#include <stdlib.h>

static uint32_t chunk_units(const pool *p)
{
    return 1u << p->chunk_shift;
}

void pool_init(pool *p, uint32_t unit_bytes, uint32_t chunk_shift, uint32_t block_units_max)
{
    assert(unit_bytes >= POOL_UNIT_BYTES_MIN && block_units_max <= POOL_BLOCK_UNITS_MAX);
    assert(chunk_shift < 32 && 1u << chunk_shift >= 2 * POOL_BLOCK_UNITS_MAX);
    *p = (pool){
        .unit_bytes = unit_bytes, .chunk_shift = chunk_shift, .block_units_max = block_units_max};
    for (uint32_t units = 0; units <= POOL_BLOCK_UNITS_MAX; units++)
        p->free[units] = POOL_NONE;
}

void pool_done(pool *p)
{
    for (uint32_t i = 0; i < p->chunks_count; i++)
        free(p->chunks[i]);
    free(p->chunks);
    *p = (pool){0};
}

// No block lies across two chunks, so the end of a chunk may be too short.
bool pool_has_room(const pool *p)
{
    uint32_t left = (p->chunks_count << p->chunk_shift) - p->used;
    return left >= 2 * p->block_units_max ||
           (p->block_units_max == 1 && (left == 1 || p->free[1] != POOL_NONE));
}

bool pool_make_room(pool *p)
{
    if (pool_has_room(p))
        return true;
    if (p->chunks_count == p->chunks_max) {
        uint32_t max = 2 * p->chunks_max + 4;
        uint8_t **grown = realloc(p->chunks, max * sizeof *grown);
        if (grown == NULL)
            return false;
        p->chunks = grown;
        p->chunks_max = max;
    }
    uint8_t *chunk = malloc((size_t)chunk_units(p) * p->unit_bytes);
    if (chunk == NULL)
        return false;
    p->chunks[p->chunks_count++] = chunk;
    return true;
}

uint32_t pool_take(pool *p, uint32_t units)
{
    assert(units > 0 && units <= p->block_units_max);
    uint32_t block = p->free[units];
    if (block != POOL_NONE) {
        memcpy(&p->free[units], pool_at(p, block), sizeof block);
        return block;
    }
    uint32_t left = chunk_units(p) - (p->used & (chunk_units(p) - 1));
    if (left < units) {
        p->used += left;
        pool_give(p, p->used - left, left);
    }
    block = p->used;
    p->used += units;
    assert(p->used <= p->chunks_count << p->chunk_shift);
    return block;
}

void pool_give(pool *p, uint32_t block, uint32_t units)
{
    memcpy(pool_at(p, block), &p->free[units], sizeof block);
    p->free[units] = block;
}

uint64_t pool_bytes(const pool *p)
{
    return (uint64_t)p->chunks_count * chunk_units(p) * p->unit_bytes +
           p->chunks_max * sizeof *p->chunks;
}
