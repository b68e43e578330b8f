#include "actors/table/index.h"

#include <assert.h>
#include <stdlib.h>

enum { SLOTS_MIN = 64 };

void index_init(hash_index *x, index_hash_of *hash_of, const void *owner)
{
    *x = (hash_index){.hash_of = hash_of, .owner = owner};
}

void index_done(hash_index *x)
{
    free(x->slots);
    *x = (hash_index){0};
}

static bool fits(uint64_t records, uint32_t slots_count)
{
    return records * 4 <= (uint64_t)slots_count * 3;
}

bool index_has_room(const hash_index *x)
{
    return fits((uint64_t)x->used + 1, x->slots_count);
}

static uint64_t hash_of(const hash_index *x, uint32_t record)
{
    uint64_t hash = 0;
    bool has_place = x->hash_of(x->owner, record, &hash);
    assert(has_place);
    return hash;
}

static void slot_fill(hash_index *x, uint32_t record, uint64_t hash)
{
    uint32_t at = index_start(x, hash);
    while (x->slots[at] != INDEX_NONE)
        at = at + 1 == x->slots_count ? 0 : at + 1;
    x->slots[at] = (uint32_t)hash << INDEX_RECORD_BITS | record;
    x->used++;
}

void index_put(hash_index *x, uint32_t record)
{
    assert(record < INDEX_RECORDS_MAX && index_has_room(x));
    slot_fill(x, record, hash_of(x, record));
}

// Two thirds full after growing, three quarters before: a record has 5.3 to 6 bytes here.
bool index_make_room(hash_index *x, uint32_t records, uint32_t records_end)
{
    uint64_t wanted = (uint64_t)x->used + records;
    if (fits(wanted, x->slots_count))
        return true;
    if (wanted > INDEX_RECORDS_MAX)
        return false;
    hash_index grown = *x;
    grown.slots_count = wanted * 3 / 2 < SLOTS_MIN ? SLOTS_MIN : (uint32_t)(wanted * 3 / 2);
    grown.used = 0;
    grown.slots = malloc(grown.slots_count * sizeof *grown.slots);
    if (grown.slots == NULL)
        return false;
    memset(grown.slots, 0xff, grown.slots_count * sizeof *grown.slots); // INDEX_NONE
    uint64_t hash;
    for (uint32_t record = 0; record < records_end; record++)
        if (x->hash_of(x->owner, record, &hash))
            slot_fill(&grown, record, hash);
    assert(grown.used == x->used);
    free(x->slots);
    *x = grown;
    return true;
}

// How far a slot lies behind another one, around the end.
static uint32_t distance(const hash_index *x, uint32_t from, uint32_t to)
{
    return to >= from ? to - from : to + x->slots_count - from;
}

// Closes the gap by moving back whoever would no longer be found behind it.
void index_drop(hash_index *x, uint32_t record)
{
    uint32_t gap = index_start(x, hash_of(x, record));
    while ((x->slots[gap] & INDEX_RECORDS_MAX) != record || x->slots[gap] == INDEX_NONE) {
        assert(x->slots[gap] != INDEX_NONE);
        gap = gap + 1 == x->slots_count ? 0 : gap + 1;
    }
    for (uint32_t at = gap;;) {
        at = at + 1 == x->slots_count ? 0 : at + 1;
        if (x->slots[at] == INDEX_NONE)
            break;
        uint64_t hash = hash_of(x, x->slots[at] & INDEX_RECORDS_MAX);
        if (distance(x, index_start(x, hash), at) < distance(x, gap, at))
            continue;
        x->slots[gap] = x->slots[at];
        gap = at;
    }
    x->slots[gap] = INDEX_NONE;
    x->used--;
}

uint64_t index_bytes(const hash_index *x)
{
    return x->slots_count * sizeof *x->slots;
}
