// Finds records by a hash: open addressing over their numbers. A slot keeps nine bits of the hash
// beside the number, so that a walk hardly ever looks at a record in vain and the table can be
// nearly full. Refuses to know what a record is: its owner tells the hash. Growing walks over the
// records and not over the slots, which is several times faster. One thread at a time.
#ifndef CAVEA_ACTORS_TABLE_INDEX_H
#define CAVEA_ACTORS_TABLE_INDEX_H

#include "schemas/id.h"

enum {
    INDEX_RECORD_BITS = 23,
    INDEX_RECORDS_MAX = (1 << INDEX_RECORD_BITS) - 1, // so that no slot looks like an empty one
    INDEX_NONE = UINT32_MAX,
};

// False: the record has no place in this index.
typedef bool index_hash_of(const void *owner, uint32_t record, uint64_t *ret_hash);

typedef struct hash_index {
    uint32_t *slots; // upper bits of the hash, record number; INDEX_NONE: empty
    uint32_t slots_count, used;
    index_hash_of *hash_of;
    const void *owner;
} hash_index;

void index_init(hash_index *x, index_hash_of *hash_of, const void *owner); // allocates nothing yet
void index_done(hash_index *x);
// Makes room for so many more. The only call that allocates; records have numbers below
// records_end. False: memory is out.
MUST_CHECK bool index_make_room(hash_index *x, uint32_t records, uint32_t records_end);
bool index_has_room(const hash_index *x);
void index_put(hash_index *x, uint32_t record); // the caller made room
void index_drop(hash_index *x, uint32_t record);
uint64_t index_bytes(const hash_index *x);

// Eight bytes of an id or a hash, spread over all bits: ids that were counted up do as well.
static inline uint64_t index_hash(const void *bytes)
{
    uint64_t h;
    memcpy(&h, bytes, sizeof h);
    h *= 0x9e3779b97f4a7c15u;
    h = (h ^ h >> 32) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

// A walk over the records that may have this hash: starts at index_start, ends with INDEX_NONE.
static inline uint32_t index_start(const hash_index *x, uint64_t hash)
{
    return (uint32_t)((hash >> 32) * x->slots_count >> 32);
}
static inline uint32_t index_next(const hash_index *x, uint64_t hash, uint32_t *at)
{
    for (;;) {
        uint32_t slot = x->slots[*at];
        *at = *at + 1 == x->slots_count ? 0 : *at + 1;
        if (slot == INDEX_NONE)
            return INDEX_NONE;
        if (slot >> INDEX_RECORD_BITS == (hash & (UINT32_MAX >> INDEX_RECORD_BITS)))
            return slot & INDEX_RECORDS_MAX;
    }
}

#endif
