#include "actors/ticket/state.h"

// The seats of one reservation are always the same few; more than fit is nobody's command.
static bool seats_fit(const issued *i, const ticket_command *c)
{
    uint32_t count = i == NULL ? 0 : i->seats_count;
    for (uint32_t n = 0; n < c->seats_count; n++) {
        bool listed = false;
        for (uint32_t k = 0; i != NULL && k < i->seats_count; k++)
            listed = listed || i->seats[k] == c->seats[n];
        count += !listed;
    }
    return count <= SEATS_PER_RESERVATION_MAX;
}

static bool seats_valid(const issued *i, const ticket_command *c)
{
    if (c->seats_count == 0 || c->seats_count > SEATS_PER_RESERVATION_MAX ||
        event_tag(&c->event) != uuid_tag(&c->reservation.u))
        return false;
    for (uint32_t n = 0; n < c->seats_count; n++) {
        if (c->seats[n] >= SEATS_PER_EVENT_MAX)
            return false;
        for (uint32_t before = 0; before < n; before++)
            if (c->seats[before] == c->seats[n])
                return false;
    }
    return seats_fit(i, c);
}

static bool any_revoked(const issued *i)
{
    for (uint32_t n = 0; i != NULL && n < i->seats_count; n++)
        if (i->states[n] == TICKET_REVOKED)
            return true;
    return false;
}

static void decide_issue(const tickets *self, const ticket_command *c, ticket_effects *e)
{
    uint32_t slot = table_find(self->table, &c->reservation.u);
    const issued *i = issued_find(self, &c->reservation);
    if (!seats_valid(i, c)) {
        e->refusal = ERROR_MALFORMED;
        return;
    }
    // Being signed already: its time brings it again. Revoked: it is over.
    if (any_revoked(i) || (slot != TABLE_NONE && table_due(self->table, slot) != TABLE_NEVER))
        return;
    ticket_signing *wanted = &e->sign;
    for (uint32_t n = 0; n < c->seats_count; n++)
        if (issued_state(i, c->seats[n]) == TICKET_MISSING)
            wanted->seats[wanted->seats_count++] = c->seats[n];
    wanted->reservation = c->reservation;
    wanted->event = c->event;
    wanted->buyer = c->buyer;
}

static ticket_fact *fact_add(ticket_effects *e, const ticket_command *c, ticket_state state,
                             uint32_t seat)
{
    assert(e->facts_count < SEATS_PER_RESERVATION_MAX);
    ticket_fact *f = &e->facts[e->facts_count++];
    *f = (ticket_fact){
        .state = state,
        .at_us = c->now_us,
        .ticket = ticket_id_of(&c->reservation, seat),
        .reservation = c->reservation,
        .event = c->event,
        .seat = seat,
        .key_id = "",
        .jws = "",
        .compact = "",
    };
    return f;
}

// The signer may only answer for tickets that this reservation can have.
static bool signed_valid(const issued *i, const ticket_command *c)
{
    if (!seats_valid(i, c))
        return false;
    for (uint32_t n = 0; n < c->seats_count; n++) {
        ticket_id id = ticket_id_of(&c->reservation, c->seats[n]);
        if (!uuid_equal(&id.u, &c->tickets[n].id.u))
            return false;
    }
    return true;
}

static void decide_signed(const tickets *self, const ticket_command *c, ticket_effects *e)
{
    const issued *i = issued_find(self, &c->reservation);
    if (!signed_valid(i, c)) {
        e->refusal = ERROR_MALFORMED;
        return;
    }
    if (any_revoked(i))
        return;
    for (uint32_t n = 0; n < c->seats_count; n++) {
        const ticket_signed *s = &c->tickets[n];
        if (issued_state(i, c->seats[n]) != TICKET_MISSING)
            continue;
        ticket_fact *f = fact_add(e, c, TICKET_VALID, c->seats[n]);
        f->key_id = s->key_id;
        f->jws = s->jws;
        f->compact = s->compact;
    }
}

// The seats come with the command; without them (an older sender) those that are known.
static void decide_revoke(const tickets *self, const ticket_command *c, ticket_effects *e)
{
    const issued *i = issued_find(self, &c->reservation);
    uint32_t count = c->seats_count;
    const uint32_t *seats = c->seats;
    if (count == 0 && i != NULL) {
        count = i->seats_count;
        seats = i->seats;
    } else if (!seats_valid(i, c)) {
        e->refusal = count == 0 ? ERROR_NOT_FOUND : ERROR_MALFORMED;
        return;
    }
    for (uint32_t n = 0; n < count; n++)
        if (issued_state(i, seats[n]) < TICKET_REVOKED)
            fact_add(e, c, TICKET_REVOKED, seats[n]);
}

void ticket_decide(const tickets *self, const ticket_command *c, ticket_effects *ret_effects)
{
    ticket_effects *e = ret_effects;
    e->refusal = ERROR_NONE;
    e->facts_count = 0;
    e->sign = (ticket_signing){0};
    switch (c->type) {
    case TICKET_COMMAND_ISSUE:
        return decide_issue(self, c, e);
    case TICKET_COMMAND_SIGNED:
        return decide_signed(self, c, e);
    case TICKET_COMMAND_REVOKE:
        return decide_revoke(self, c, e);
    }
    assert(false && "an unknown command");
}
