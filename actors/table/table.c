#include "actors/table/table.h"

#include <assert.h>
#include <stdlib.h>

typedef struct node {
    uuid key;
    int64_t due_us;
    uint32_t heap_at;      // place in the heap; TABLE_NONE: no due time
    uint32_t newer, older; // by last use; of a free slot, older is the next free one
} node;

struct table {
    uint32_t item_bytes, capacity, capacity_max, count;
    uint32_t used; // slots that were ever used; those above need no free list
    uint32_t free_first, newest, oldest;
    node *nodes;
    uint8_t *items;
    uint32_t *heap; // slots, the one due first on top
    uint32_t heap_count;
    uint32_t *index; // slots by hash of their key; half full at most
    uint32_t index_mask;
};

// Ids end in random bits; eight of their bytes, stirred until each bit counts (by MurmurHash3's
// finalizer), are enough.
static uint32_t home(const table *t, const uuid *key)
{
    uint64_t h;
    memcpy(&h, key->bytes + 8, sizeof h);
    h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
    return (uint32_t)(h ^ h >> 33) & t->index_mask;
}

static void index_put(table *t, uint32_t slot)
{
    uint32_t at = home(t, &t->nodes[slot].key);
    while (t->index[at] != TABLE_NONE)
        at = (at + 1) & t->index_mask;
    t->index[at] = slot;
}

// Closes the gap by moving back whoever would no longer be found behind it.
static void index_drop(table *t, uint32_t slot)
{
    uint32_t gap = home(t, &t->nodes[slot].key);
    while (t->index[gap] != slot)
        gap = (gap + 1) & t->index_mask;
    uint32_t at = gap;
    for (;;) {
        at = (at + 1) & t->index_mask;
        if (t->index[at] == TABLE_NONE)
            break;
        uint32_t from = home(t, &t->nodes[t->index[at]].key);
        if (((at - from) & t->index_mask) < ((at - gap) & t->index_mask))
            continue;
        t->index[gap] = t->index[at];
        gap = at;
    }
    t->index[gap] = TABLE_NONE;
}

static void heap_place(table *t, uint32_t at, uint32_t slot)
{
    t->heap[at] = slot;
    t->nodes[slot].heap_at = at;
}

static void heap_up(table *t, uint32_t at)
{
    uint32_t slot = t->heap[at];
    int64_t due_us = t->nodes[slot].due_us;
    while (at > 0 && due_us < t->nodes[t->heap[(at - 1) / 2]].due_us) {
        heap_place(t, at, t->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_place(t, at, slot);
}

static void heap_down(table *t, uint32_t at)
{
    uint32_t slot = t->heap[at];
    int64_t due_us = t->nodes[slot].due_us;
    for (uint32_t child; (child = 2 * at + 1) < t->heap_count; at = child) {
        if (child + 1 < t->heap_count &&
            t->nodes[t->heap[child + 1]].due_us < t->nodes[t->heap[child]].due_us)
            child++;
        if (due_us <= t->nodes[t->heap[child]].due_us)
            break;
        heap_place(t, at, t->heap[child]);
    }
    heap_place(t, at, slot);
}

static void heap_drop(table *t, uint32_t at)
{
    uint32_t last = t->heap[--t->heap_count];
    t->nodes[t->heap[at]].heap_at = TABLE_NONE;
    if (at == t->heap_count)
        return;
    heap_place(t, at, last);
    heap_up(t, at);
    heap_down(t, t->nodes[last].heap_at);
}

static void use_unlink(table *t, uint32_t slot)
{
    node *n = &t->nodes[slot];
    if (n->newer == TABLE_NONE)
        t->newest = n->older;
    else
        t->nodes[n->newer].older = n->older;
    if (n->older == TABLE_NONE)
        t->oldest = n->newer;
    else
        t->nodes[n->older].newer = n->newer;
}

static void use_link(table *t, uint32_t slot)
{
    node *n = &t->nodes[slot];
    n->newer = TABLE_NONE;
    n->older = t->newest;
    if (t->newest == TABLE_NONE)
        t->oldest = slot;
    else
        t->nodes[t->newest].newer = slot;
    t->newest = slot;
}

// Each array grows by itself, so a failure half way leaves a table that is only roomier than it
// knows.
static bool grow(table *t, uint32_t capacity)
{
    node *nodes = realloc(t->nodes, capacity * sizeof *nodes);
    if (nodes == NULL)
        return false;
    t->nodes = nodes;
    uint8_t *items = realloc(t->items, (size_t)capacity * t->item_bytes);
    if (items == NULL)
        return false;
    t->items = items;
    uint32_t *heap = realloc(t->heap, capacity * sizeof *heap);
    if (heap == NULL)
        return false;
    t->heap = heap;
    uint32_t places = 16;
    while (places < 2 * capacity)
        places *= 2;
    uint32_t *index = malloc(places * sizeof *index);
    if (index == NULL)
        return false;
    free(t->index);
    t->index = index;
    t->index_mask = places - 1;
    memset(index, 0xff, places * sizeof *index); // TABLE_NONE
    for (uint32_t slot = t->newest; slot != TABLE_NONE; slot = t->nodes[slot].older)
        index_put(t, slot);
    t->capacity = capacity;
    return true;
}

table *table_new(uint32_t item_bytes, uint32_t capacity, uint32_t capacity_max)
{
    assert(capacity > 0 && capacity <= capacity_max && capacity_max <= UINT32_MAX / 4);
    table *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->item_bytes = item_bytes;
    t->capacity_max = capacity_max;
    t->free_first = t->newest = t->oldest = TABLE_NONE;
    if (!grow(t, capacity)) {
        table_free(t);
        return NULL;
    }
    return t;
}

void table_free(table *t)
{
    if (t == NULL)
        return;
    free(t->nodes);
    free(t->items);
    free(t->heap);
    free(t->index);
    free(t);
}

uint32_t table_count(const table *t)
{
    return t->count;
}

uint64_t table_bytes(const table *t)
{
    return sizeof *t + (t->index_mask + 1) * sizeof *t->index +
           (uint64_t)t->capacity * (sizeof *t->nodes + t->item_bytes + sizeof *t->heap);
}

uint32_t table_find(const table *t, const uuid *key)
{
    uint32_t at = home(t, key);
    for (uint32_t slot; (slot = t->index[at]) != TABLE_NONE; at = (at + 1) & t->index_mask)
        if (uuid_equal(&t->nodes[slot].key, key))
            return slot;
    return TABLE_NONE;
}

uint32_t table_add(table *t, const uuid *key)
{
    assert(table_find(t, key) == TABLE_NONE);
    if (t->count == t->capacity) {
        uint32_t wanted = t->capacity > t->capacity_max / 2 ? t->capacity_max : 2 * t->capacity;
        if (wanted == t->capacity || !grow(t, wanted))
            return TABLE_NONE;
    }
    uint32_t slot = t->free_first;
    if (slot == TABLE_NONE)
        slot = t->used++;
    else
        t->free_first = t->nodes[slot].older;
    t->nodes[slot] = (node){.key = *key, .due_us = TABLE_NEVER, .heap_at = TABLE_NONE};
    memset(table_item(t, slot), 0, t->item_bytes);
    use_link(t, slot);
    index_put(t, slot);
    t->count++;
    return slot;
}

void table_remove(table *t, uint32_t slot)
{
    table_due_set(t, slot, TABLE_NEVER);
    index_drop(t, slot);
    use_unlink(t, slot);
    t->nodes[slot].older = t->free_first;
    t->free_first = slot;
    t->count--;
}

void *table_item(const table *t, uint32_t slot)
{
    assert(slot < t->used);
    return t->items + (size_t)slot * t->item_bytes;
}

const uuid *table_key(const table *t, uint32_t slot)
{
    assert(slot < t->used);
    return &t->nodes[slot].key;
}

void table_touch(table *t, uint32_t slot)
{
    if (t->newest == slot)
        return;
    use_unlink(t, slot);
    use_link(t, slot);
}

uint32_t table_stalest(const table *t, uint32_t looks_max)
{
    uint32_t slot = t->oldest;
    for (uint32_t i = 0; i < looks_max && slot != TABLE_NONE; i++, slot = t->nodes[slot].newer)
        if (t->nodes[slot].heap_at == TABLE_NONE)
            return slot;
    return t->oldest;
}

void table_due_set(table *t, uint32_t slot, int64_t due_us)
{
    node *n = &t->nodes[slot];
    n->due_us = due_us;
    if (due_us == TABLE_NEVER) {
        if (n->heap_at != TABLE_NONE)
            heap_drop(t, n->heap_at);
        return;
    }
    if (n->heap_at == TABLE_NONE)
        heap_place(t, t->heap_count++, slot);
    heap_up(t, n->heap_at);
    heap_down(t, n->heap_at);
}

int64_t table_due(const table *t, uint32_t slot)
{
    return t->nodes[slot].due_us;
}

uint32_t table_due_first(const table *t)
{
    return t->heap_count == 0 ? TABLE_NONE : t->heap[0];
}

int64_t table_due_next(const table *t)
{
    return t->heap_count == 0 ? TABLE_NEVER : t->nodes[t->heap[0]].due_us;
}
