#include "actors/runtime/provider_queue.h"

#include "actors/table/table.h"

#include <assert.h>
#include <stdlib.h>

enum { LANE_AWAITED, LANE_OTHER, LANES };

typedef struct lane {
    table *oldest; // of effect, by call; due at the payment's time
    table *newest; // of nothing, by call; due at its negative: who gives way
} lane;

struct provider_queue {
    lane lanes[LANES];
    table *under_way;   // of nothing, by call
    uint32_t calls_max; // of a lane
    uint32_t under_way_max;
    uint32_t turn; // whose it is
};

static uuid call_key(const effect *e)
{
    uuid key = e->payment.u;
    key.bytes[0] = (uint8_t)(key.bytes[0] ^ e->type);
    return key;
}

static uint32_t lane_of(const effect *e)
{
    return e->type == EFFECT_INTENT_CREATE ? LANE_AWAITED : LANE_OTHER;
}

provider_queue *provider_queue_new(uint32_t calls_max, uint32_t under_way_max)
{
    provider_queue *q = calloc(1, sizeof *q);
    if (q == NULL)
        return NULL;
    q->calls_max = calls_max;
    q->under_way_max = under_way_max;
    q->under_way = table_new(1, under_way_max, under_way_max);
    bool has_all = q->under_way != NULL;
    for (uint32_t i = 0; i < LANES; i++) {
        q->lanes[i].oldest = table_new(sizeof(effect), calls_max, calls_max);
        q->lanes[i].newest = table_new(1, calls_max, calls_max);
        has_all = has_all && q->lanes[i].oldest != NULL && q->lanes[i].newest != NULL;
    }
    if (has_all)
        return q;
    provider_queue_free(q);
    return NULL;
}

void provider_queue_free(provider_queue *q)
{
    if (q == NULL)
        return;
    for (uint32_t i = 0; i < LANES; i++) {
        table_free(q->lanes[i].oldest);
        table_free(q->lanes[i].newest);
    }
    table_free(q->under_way);
    free(q);
}

static void lane_drop(const lane *l, const uuid *key)
{
    table_remove(l->oldest, table_find(l->oldest, key));
    table_remove(l->newest, table_find(l->newest, key));
}

static void lane_add(const lane *l, const uuid *key, const effect *e)
{
    int64_t made_ms = uuid_unix_ms(&e->payment.u);
    uint32_t old = table_add(l->oldest, key), new = table_add(l->newest, key);
    assert(old != TABLE_NONE && new != TABLE_NONE); // there was room, in tables of fixed size
    *(effect *)table_item(l->oldest, old) = *e;
    table_due_set(l->oldest, old, made_ms);
    table_due_set(l->newest, new, -made_ms);
}

bool provider_queue_put(provider_queue *q, const effect *e)
{
    uuid key = call_key(e);
    const lane *l = &q->lanes[lane_of(e)];
    if (table_find(l->oldest, &key) != TABLE_NONE || table_find(q->under_way, &key) != TABLE_NONE)
        return true;
    if (table_count(l->oldest) == q->calls_max) {
        uint32_t newest = table_due_first(l->newest);
        if (-table_due(l->newest, newest) <= uuid_unix_ms(&e->payment.u))
            return false;
        uuid gives_way = *table_key(l->newest, newest);
        lane_drop(l, &gives_way);
    }
    lane_add(l, &key, e);
    return true;
}

bool provider_queue_take(provider_queue *q, effect *ret_effect)
{
    uint32_t turn = table_count(q->lanes[q->turn].oldest) > 0 ? q->turn : (q->turn + 1) % LANES;
    const lane *l = &q->lanes[turn];
    uint32_t slot = table_due_first(l->oldest);
    if (slot == TABLE_NONE || table_count(q->under_way) == q->under_way_max)
        return false;
    *ret_effect = *(const effect *)table_item(l->oldest, slot);
    uuid key = call_key(ret_effect);
    lane_drop(l, &key);
    uint32_t added = table_add(q->under_way, &key);
    assert(added != TABLE_NONE);
    q->turn = (turn + 1) % LANES;
    return true;
}

void provider_queue_ended(provider_queue *q, const effect *e)
{
    uuid key = call_key(e);
    uint32_t slot = table_find(q->under_way, &key);
    if (slot != TABLE_NONE)
        table_remove(q->under_way, slot);
}

uint32_t provider_queue_waiting(const provider_queue *q)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < LANES; i++)
        count += table_count(q->lanes[i].oldest);
    return count;
}
