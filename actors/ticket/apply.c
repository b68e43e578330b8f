#include "actors/ticket/state.h"

#include <stdlib.h>

#define SECOND_US INT64_C(1000000)
enum { SIGNING_FIRST_SECONDS = 5, SIGNING_LONGEST_SECONDS = 60, EVICT_LOOKS_MAX = 64 };

tickets *tickets_new(void)
{
    tickets *self = calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    self->table = table_new(sizeof(issued), TICKET_RESERVATIONS_MAX, TICKET_RESERVATIONS_MAX);
    if (self->table == NULL) {
        tickets_free(self);
        return NULL;
    }
    return self;
}

void tickets_free(tickets *self)
{
    if (self == NULL)
        return;
    table_free(self->table);
    free(self);
}

uint32_t tickets_count(const tickets *self)
{
    return table_count(self->table);
}

const issued *issued_find(const tickets *self, const reservation_id *id)
{
    uint32_t slot = table_find(self->table, &id->u);
    return slot == TABLE_NONE ? NULL : table_item(self->table, slot);
}

ticket_state issued_state(const issued *i, uint32_t seat)
{
    for (uint32_t n = 0; i != NULL && n < i->seats_count; n++)
        if (i->seats[n] == seat)
            return (ticket_state)i->states[n];
    return TICKET_MISSING;
}

ticket_state ticket_state_of(const tickets *self, const reservation_id *reservation, uint32_t seat)
{
    return issued_state(issued_find(self, reservation), seat);
}

static uint32_t slot_for(tickets *self, const reservation_id *id)
{
    uint32_t slot = table_find(self->table, &id->u);
    if (slot != TABLE_NONE) {
        table_touch(self->table, slot);
        return slot;
    }
    slot = table_add(self->table, &id->u);
    if (slot == TABLE_NONE) {
        table_remove(self->table, table_stalest(self->table, EVICT_LOOKS_MAX));
        slot = table_add(self->table, &id->u);
    }
    return slot;
}

static uint8_t *state_for(issued *i, uint32_t seat)
{
    for (uint32_t n = 0; n < i->seats_count; n++)
        if (i->seats[n] == seat)
            return &i->states[n];
    assert(i->seats_count < SEATS_PER_RESERVATION_MAX);
    i->seats[i->seats_count] = seat;
    i->states[i->seats_count] = TICKET_MISSING;
    return &i->states[i->seats_count++];
}

static bool complete(const issued *i)
{
    for (uint32_t n = 0; n < i->seats_count; n++)
        if (i->states[n] == TICKET_MISSING)
            return false;
    return true;
}

void ticket_apply(tickets *self, const ticket_fact *f)
{
    uint32_t slot = slot_for(self, &f->reservation);
    issued *i = table_item(self->table, slot);
    uint8_t *state = state_for(i, f->seat);
    // The one table of what may follow what is their sequence: missing, valid, revoked or used.
    assert(f->state > *state && f->state < TICKET_STATES_END);
    *state = (uint8_t)f->state;
    i->event = f->event;
    if (complete(i) || f->state == TICKET_REVOKED)
        table_due_set(self->table, slot, TABLE_NEVER);
}

static int64_t signing_again_us(uint32_t tries)
{
    int64_t seconds = SIGNING_FIRST_SECONDS;
    for (uint32_t i = 0; i < tries && seconds < SIGNING_LONGEST_SECONDS; i++)
        seconds *= 2;
    return SECOND_US * (seconds < SIGNING_LONGEST_SECONDS ? seconds : SIGNING_LONGEST_SECONDS);
}

void ticket_signing_started(tickets *self, const ticket_signing *signing, int64_t now_us)
{
    uint32_t slot = slot_for(self, &signing->reservation);
    issued *i = table_item(self->table, slot);
    i->event = signing->event;
    i->buyer = signing->buyer;
    i->tries = 0;
    for (uint32_t n = 0; n < signing->seats_count; n++)
        state_for(i, signing->seats[n]);
    table_due_set(self->table, slot, now_us + signing_again_us(0));
}

int64_t tickets_due_us(const tickets *self)
{
    return table_due_next(self->table);
}

bool ticket_due_take(tickets *self, int64_t now_us, ticket_signing *ret_signing)
{
    if (table_due_next(self->table) > now_us)
        return false;
    uint32_t slot = table_due_first(self->table);
    issued *i = table_item(self->table, slot);
    ticket_signing missing = {
        .reservation = {*table_key(self->table, slot)}, .event = i->event, .buyer = i->buyer};
    for (uint32_t n = 0; n < i->seats_count; n++)
        if (i->states[n] == TICKET_MISSING)
            missing.seats[missing.seats_count++] = i->seats[n];
    bool again = ++i->tries < TICKET_SIGNING_TRIES_MAX;
    table_due_set(self->table, slot, again ? now_us + signing_again_us(i->tries) : TABLE_NEVER);
    *ret_signing = missing;
    return true;
}
