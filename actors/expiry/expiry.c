#include "actors/expiry/expiry.h"

#include "actors/table/index.h"
#include "actors/table/pool.h"
#include "actors/table/table.h"

#include <assert.h>
#include <stdlib.h>

enum {
    NOBODY = INDEX_NONE,
    EVENT_BITS = 24,
    EVENT_NONE = (1 << EVENT_BITS) - 1, // the record is free
    CHUNK_SHIFT = 7,                    // chunks of 4 KB
    HEAP_MIN = 64,
};

// Millions are kept, so it is small: it names its event by a number, and its deadline is what is
// due until it is told.
typedef struct noted {
    reservation_id reservation;
    int64_t due_us; // when it is told next
    uint32_t heap_at;
    uint32_t event : EVENT_BITS;
    uint32_t tells : 8;
} noted;
_Static_assert(sizeof(noted) == 32, "as expiry.h says");
_Static_assert(EXPIRY_TELLS_MAX < 256, "tells has eight bits");
_Static_assert((int)EXPIRY_DEADLINES_MAX < (int)INDEX_RECORDS_MAX, "a place for each");
_Static_assert((int)EXPIRY_DEADLINES_MAX < (int)EVENT_NONE, "a number for each one's event");

struct expiry {
    pool records; // of noted
    hash_index by_id;
    uint32_t *heap; // records, the one due first on top
    uint32_t count, heap_max;
    table *events; // how many deadlines each has
    uint64_t dropped;
};

static noted *noted_at(const expiry *self, uint32_t n)
{
    return pool_at(&self->records, n);
}

static uint64_t hash_of_id(const uuid *id)
{
    return index_hash(id->bytes + 8);
}

static bool hash_of(const void *self, uint32_t n, uint64_t *ret_hash)
{
    const noted *r = noted_at(self, n);
    *ret_hash = hash_of_id(&r->reservation.u);
    return r->event != EVENT_NONE;
}

expiry *expiry_new(void)
{
    expiry *self = calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    pool_init(&self->records, sizeof(noted), CHUNK_SHIFT, 1);
    index_init(&self->by_id, hash_of, self);
    self->events = table_new(sizeof(uint32_t), 16, EXPIRY_DEADLINES_MAX);
    if (self->events == NULL || !index_make_room(&self->by_id, 1, 0)) {
        expiry_free(self);
        return NULL;
    }
    return self;
}

void expiry_free(expiry *self)
{
    if (self == NULL)
        return;
    pool_done(&self->records);
    index_done(&self->by_id);
    table_free(self->events);
    free(self->heap);
    free(self);
}

uint32_t expiry_count(const expiry *self)
{
    return self->count;
}

uint64_t expiry_dropped(const expiry *self)
{
    return self->dropped;
}

uint64_t expiry_memory_bytes(const expiry *self)
{
    return sizeof *self + pool_bytes(&self->records) + index_bytes(&self->by_id) +
           self->heap_max * sizeof *self->heap + table_bytes(self->events);
}

static void heap_place(expiry *self, uint32_t at, uint32_t n)
{
    self->heap[at] = n;
    noted_at(self, n)->heap_at = at;
}

static int64_t heap_due_us(const expiry *self, uint32_t at)
{
    return noted_at(self, self->heap[at])->due_us;
}

static void heap_up(expiry *self, uint32_t at)
{
    uint32_t n = self->heap[at];
    int64_t due_us = noted_at(self, n)->due_us;
    for (; at > 0 && due_us < heap_due_us(self, (at - 1) / 2); at = (at - 1) / 2)
        heap_place(self, at, self->heap[(at - 1) / 2]);
    heap_place(self, at, n);
}

static void heap_down(expiry *self, uint32_t at)
{
    uint32_t n = self->heap[at];
    int64_t due_us = noted_at(self, n)->due_us;
    for (uint32_t child; (child = 2 * at + 1) < self->count; at = child) {
        if (child + 1 < self->count && heap_due_us(self, child + 1) < heap_due_us(self, child))
            child++;
        if (due_us <= heap_due_us(self, child))
            break;
        heap_place(self, at, self->heap[child]);
    }
    heap_place(self, at, n);
}

static void due_set(expiry *self, noted *r, int64_t due_us)
{
    r->due_us = due_us;
    heap_up(self, r->heap_at);
    heap_down(self, r->heap_at);
}

static uint32_t find(const expiry *self, const uuid *id)
{
    uint64_t hash = hash_of_id(id);
    uint32_t at = index_start(&self->by_id, hash), n;
    while ((n = index_next(&self->by_id, hash, &at)) != INDEX_NONE)
        if (uuid_equal(&noted_at(self, n)->reservation.u, id))
            return n;
    return NOBODY;
}

static bool make_room(expiry *self)
{
    if (self->count == EXPIRY_DEADLINES_MAX)
        return false;
    if (self->count == self->heap_max) {
        uint32_t max = self->heap_max + self->heap_max / 8 + HEAP_MIN;
        uint32_t *grown = realloc(self->heap, max * sizeof *grown);
        if (grown == NULL)
            return false;
        self->heap = grown;
        self->heap_max = max;
    }
    return pool_make_room(&self->records) && index_make_room(&self->by_id, 1, self->records.used);
}

static bool add(expiry *self, const deadline *d)
{
    if (!make_room(self))
        return false;
    uint32_t event = table_find(self->events, &d->event.u);
    if (event == TABLE_NONE)
        event = table_add(self->events, &d->event.u);
    if (event == TABLE_NONE)
        return false;
    ++*(uint32_t *)table_item(self->events, event);
    uint32_t n = pool_take(&self->records, 1);
    *noted_at(self, n) = (noted){
        .reservation = d->reservation, .due_us = d->expires_us, .event = event & EVENT_NONE};
    index_put(&self->by_id, n);
    self->heap[self->count] = n;
    heap_up(self, self->count++);
    return true;
}

static void heap_drop(expiry *self, uint32_t at)
{
    uint32_t last = self->heap[--self->count];
    if (at == self->count)
        return;
    heap_place(self, at, last);
    heap_up(self, at);
    heap_down(self, noted_at(self, last)->heap_at);
}

static void forget(expiry *self, uint32_t n)
{
    noted *r = noted_at(self, n);
    uint32_t *deadlines = table_item(self->events, r->event);
    if (--*deadlines == 0)
        table_remove(self->events, r->event);
    heap_drop(self, r->heap_at);
    index_drop(&self->by_id, n);
    r->event = EVENT_NONE;
    pool_give(&self->records, n, 1);
}

static int64_t again_after_us(uint32_t tells)
{
    int64_t delay_ms = EXPIRY_AGAIN_FIRST_MS;
    for (uint32_t i = 1; i < tells && delay_ms < EXPIRY_AGAIN_LONGEST_MS; i++)
        delay_ms *= 2;
    return 1000 * (delay_ms < EXPIRY_AGAIN_LONGEST_MS ? delay_ms : EXPIRY_AGAIN_LONGEST_MS);
}

// A deadline that had passed when it was told last is no news, however it is called now.
static bool heard_before(const noted *r, int64_t expires_us)
{
    return r->tells == 0 ? expires_us == r->due_us
                         : expires_us <= r->due_us - again_after_us(r->tells);
}

void expiry_apply(expiry *self, const deadline *d)
{
    uint32_t n = find(self, &d->reservation.u);
    if (d->expires_us == 0) {
        if (n != NOBODY)
            forget(self, n);
        return;
    }
    if (n == NOBODY) {
        self->dropped += !add(self, d);
        return;
    }
    noted *r = noted_at(self, n);
    if (heard_before(r, d->expires_us))
        return;
    r->tells = 0;
    due_set(self, r, d->expires_us);
}

int64_t expiry_due_us(const expiry *self)
{
    return self->count == 0 ? INT64_MAX : heap_due_us(self, 0);
}

// Shell's method: in place, without qsort's allocations, and a batch is short.
static void group_by_event(expiry_expire *list, uint32_t count)
{
    for (uint32_t gap = count / 2; gap > 0; gap /= 2)
        for (uint32_t i = gap; i < count; i++) {
            expiry_expire moved = list[i];
            uint32_t at = i;
            for (; at >= gap && memcmp(&moved, &list[at - gap], sizeof moved) < 0; at -= gap)
                list[at] = list[at - gap];
            list[at] = moved;
        }
}

uint32_t expiry_due_take(expiry *self, int64_t now_us,
                         expiry_expire ret_list[static EXPIRY_TAKEN_MAX])
{
    uint32_t count = 0;
    while (count < EXPIRY_TAKEN_MAX && expiry_due_us(self) <= now_us) {
        uint32_t n = self->heap[0];
        noted *r = noted_at(self, n);
        const uuid *event = table_key(self->events, r->event);
        ret_list[count++] = (expiry_expire){{*event}, r->reservation};
        if (r->tells + 1 == EXPIRY_TELLS_MAX) {
            forget(self, n);
            continue;
        }
        r->tells++;
        due_set(self, r, now_us + again_after_us(r->tells));
    }
    group_by_event(ret_list, count);
    return count;
}
