#include "actors/payment/state.h"

#include "schemas/digest.h"

#include <stdlib.h>

payments *payments_new(void)
{
    payments *self = calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    self->table = table_new(sizeof(payment), PAYMENTS_MAX, PAYMENTS_MAX);
    self->asked = table_new(sizeof(asked), PAYMENT_ASKED_MAX, PAYMENT_ASKED_MAX);
    self->haste = 1;
    self->waiters = calloc(PAYMENT_WAITERS_MAX, sizeof *self->waiters);
    if (self->table == NULL || self->asked == NULL || self->waiters == NULL) {
        payments_free(self);
        return NULL;
    }
    return self;
}

void payments_free(payments *self)
{
    if (self == NULL)
        return;
    table_free(self->table);
    table_free(self->asked);
    free(self->waiters);
    free(self);
}

void payments_hurry(payments *self, uint32_t haste)
{
    assert(haste >= 1 && haste <= PAYMENT_HASTE_MAX);
    self->haste = haste;
}

uint32_t payments_count(const payments *self)
{
    return table_count(self->table);
}

const payment *payment_find(const payments *self, const payment_id *id)
{
    uint32_t slot = table_find(self->table, &id->u);
    return slot == TABLE_NONE ? NULL : table_item(self->table, slot);
}

payment *payment_slot(payments *self, const payment_id *id)
{
    uint32_t slot = table_find(self->table, &id->u);
    if (slot == TABLE_NONE)
        return NULL;
    table_touch(self->table, slot);
    return table_item(self->table, slot);
}

payment *payment_add(payments *self, const payment_id *id)
{
    uint32_t slot = table_add(self->table, &id->u);
    if (slot == TABLE_NONE) {
        uint32_t stale = table_stalest(self->table, LOOKS_MAX);
        const payment *p = table_item(self->table, stale);
        payment_waiter forgotten;
        while (payment_waiter_take(self, &p->id, &forgotten))
            ;
        table_remove(self->table, stale);
        slot = table_add(self->table, &id->u);
    }
    payment *p = table_item(self->table, slot);
    p->id = *id;
    p->waiters = TABLE_NONE;
    return p;
}

void payment_provide(payments *self, const payment *row)
{
    if (payment_slot(self, &row->id) != NULL)
        return;
    payment *p = payment_add(self, &row->id);
    *p = *row;
    p->tries = 0;
    p->abandoned = p->is_absent = false;
    p->waiters = TABLE_NONE;
    payment_time_set(self, p, p->changed_us);
}

payment_id payment_stray_id(const payment_id *id, const char intent_id[static PAYMENT_INTENT_BYTES])
{
    uint8_t input[sizeof id->u.bytes + PAYMENT_INTENT_BYTES] = {0};
    memcpy(input, id->u.bytes, sizeof id->u.bytes);
    memcpy(input + sizeof id->u.bytes, intent_id, strnlen(intent_id, PAYMENT_INTENT_BYTES));
    digest16 derived = digest16_of(input, sizeof input);
    return (payment_id){uuid_tagged(uuid_unix_ms(&id->u), uuid_tag(&id->u), derived.bytes)};
}

void payment_abandon(payments *self, const payment_id *id)
{
    payment *p = payment_slot(self, id);
    if (p != NULL)
        p->abandoned = true;
}

bool payment_answerable(const payment *p)
{
    if (p->amount_minor == 0)
        return p->state >= PAYMENT_CAPTURED;
    return p->state >= PAYMENT_CANCELLED || (p->intent_id[0] != 0 && p->client_secret[0] != 0);
}

// Takes a waiter out of its payment's list; the first one is the newest.
static void waiter_unlink(payments *self, uint32_t at)
{
    payment_waiter *w = &self->waiters[at];
    uint32_t slot = table_find(self->table, &w->payment.u);
    if (slot != TABLE_NONE) {
        payment *p = table_item(self->table, slot);
        uint32_t *link = &p->waiters;
        while (*link != TABLE_NONE && *link != at)
            link = &self->waiters[*link].next;
        if (*link == at)
            *link = w->next;
    }
    w->reply_to[0] = 0;
}

// Drops what this asking replaces: the same command's earlier asking, and the oldest of too many.
static void waiters_trim(payments *self, const payment *p, const uuid *command)
{
    uint32_t n = 0;
    for (uint32_t at = p->waiters, next; at != TABLE_NONE; at = next) {
        next = self->waiters[at].next;
        if (uuid_equal(&self->waiters[at].command, command) || ++n == WAITERS_OF_ONE_MAX)
            waiter_unlink(self, at);
    }
}

void payment_wait(payments *self, const payment_id *id, const uuid *command, const char *reply_to)
{
    payment *p = payment_slot(self, id);
    size_t reply_bytes = strlen(reply_to);
    if (p == NULL || reply_bytes == 0 || reply_bytes >= SUBJECT_BYTES_MAX)
        return;
    waiters_trim(self, p, command);
    uint32_t at = self->waiters_next++ % PAYMENT_WAITERS_MAX;
    payment_waiter *w = &self->waiters[at];
    if (w->reply_to[0] != 0)
        waiter_unlink(self, at);
    w->payment = *id;
    w->command = *command;
    memcpy(w->reply_to, reply_to, reply_bytes + 1);
    w->next = p->waiters;
    p->waiters = at;
}

bool payment_waiter_take(payments *self, const payment_id *id, payment_waiter *ret_waiter)
{
    uint32_t slot = table_find(self->table, &id->u);
    if (slot == TABLE_NONE)
        return false;
    uint32_t at = ((payment *)table_item(self->table, slot))->waiters;
    if (at == TABLE_NONE)
        return false;
    *ret_waiter = self->waiters[at];
    waiter_unlink(self, at);
    return true;
}
