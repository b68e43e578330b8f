#include "actors/expiry/expiry.h"

#include "actors/table/table.h"

#include <stdlib.h>

typedef struct noted {
    event_id event;
    int64_t expires_us;
    uint32_t tells;
} noted;

struct expiry {
    table *table; // of noted, by reservation
    uint64_t dropped;
};

expiry *expiry_new(void)
{
    expiry *self = calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    self->table = table_new(sizeof(noted), EXPIRY_DEADLINES_MIN, EXPIRY_DEADLINES_MAX);
    if (self->table == NULL) {
        expiry_free(self);
        return NULL;
    }
    return self;
}

void expiry_free(expiry *self)
{
    if (self == NULL)
        return;
    table_free(self->table);
    free(self);
}

uint32_t expiry_count(const expiry *self)
{
    return table_count(self->table);
}

uint64_t expiry_dropped(const expiry *self)
{
    return self->dropped;
}

void expiry_apply(expiry *self, const deadline *d)
{
    uint32_t slot = table_find(self->table, &d->reservation.u);
    if (d->expires_us == 0) {
        if (slot != TABLE_NONE)
            table_remove(self->table, slot);
        return;
    }
    if (slot == TABLE_NONE)
        slot = table_add(self->table, &d->reservation.u);
    if (slot == TABLE_NONE) {
        self->dropped++;
        return;
    }
    noted *n = table_item(self->table, slot);
    if (n->expires_us == d->expires_us)
        return; // heard before; how often it was told stays
    *n = (noted){.event = d->event, .expires_us = d->expires_us};
    table_due_set(self->table, slot, d->expires_us);
}

int64_t expiry_due_us(const expiry *self)
{
    return table_due_next(self->table);
}

static int64_t again_after_us(uint32_t tells)
{
    int64_t delay_ms = EXPIRY_AGAIN_FIRST_MS;
    for (uint32_t i = 1; i < tells && delay_ms < EXPIRY_AGAIN_LONGEST_MS; i++)
        delay_ms *= 2;
    return 1000 * (delay_ms < EXPIRY_AGAIN_LONGEST_MS ? delay_ms : EXPIRY_AGAIN_LONGEST_MS);
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
    while (count < EXPIRY_TAKEN_MAX && table_due_next(self->table) <= now_us) {
        uint32_t slot = table_due_first(self->table);
        noted *n = table_item(self->table, slot);
        ret_list[count++] = (expiry_expire){n->event, {*table_key(self->table, slot)}};
        if (++n->tells == EXPIRY_TELLS_MAX)
            table_remove(self->table, slot);
        else
            table_due_set(self->table, slot, now_us + again_after_us(n->tells));
    }
    group_by_event(ret_list, count);
    return count;
}
