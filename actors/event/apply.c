#include "actors/event/state.h"

// The one table of what may follow what. A pair that is not here is a bug in decide.
static const bool transitions[RESERVATION_STATES_END][RESERVATION_STATES_END] = {
    [RESERVATION_HELD] = {[RESERVATION_CONFIRMED] = true,
                          [RESERVATION_EXPIRED] = true,
                          [RESERVATION_CANCELLED] = true},
    [RESERVATION_CONFIRMED] = {[RESERVATION_REFUNDED] = true},
};

static event_reservation *must_find(event_state *s, const reservation_id *id)
{
    uint32_t n = event_lookup_id(s, id);
    assert(n != EVENT_NOBODY);
    return &s->records[n];
}

static void reservation_move(event_state *s, event_reservation *r, reservation_state to)
{
    assert(to < RESERVATION_STATES_END && transitions[r->state][to]);
    r->state = (uint8_t)to;
    if (event_reservation_live(r))
        return;
    const uint32_t *seats = event_reservation_seats(s, r);
    uint32_t n = (uint32_t)(r - s->records);
    for (uint32_t i = 0; i < r->seats_count; i++)
        if (s->owner[seats[i]] == n) // not so only under event_bug_taken_seat_is_free
            s->owner[seats[i]] = EVENT_NOBODY;
    s->claimed -= r->seats_count;
}

static void apply_held(event_state *s, const event_fact *f)
{
    event_reservation r = {
        .id = f->reservation,
        .buyer = f->buyer,
        .key_hash = f->key_hash,
        .body_hash = f->body_hash,
        .expires_us = f->expires_us,
        .seats_count = (uint8_t)f->seats_count,
        .state = RESERVATION_HELD,
    };
    for (uint32_t i = 0; i < f->seats_count; i++)
        r.total_minor += f->price_minor[i];
    event_record_add(s, &r, f->seats, f->price_minor);
}

static void apply_checkout(event_state *s, const event_fact *f)
{
    event_reservation *r = must_find(s, &f->reservation);
    assert(r->state == RESERVATION_HELD);
    r->payment = f->payment;
    r->checkout_key = f->key_hash;
    r->checkout_body = f->body_hash;
    r->expires_us = f->expires_us;
}

static void apply_confirmed(event_state *s, const event_fact *f)
{
    event_reservation *r = must_find(s, &f->reservation);
    reservation_move(s, r, RESERVATION_CONFIRMED);
    r->payment = f->payment;
}

void event_apply(event_state *s, const event_fact *f)
{
    switch (f->type) {
    case EVENT_FACT_HELD:
        apply_held(s, f);
        return;
    case EVENT_FACT_ENDED:
        reservation_move(s, must_find(s, &f->reservation), f->state);
        return;
    case EVENT_FACT_CHECKOUT_STARTED:
        apply_checkout(s, f);
        return;
    case EVENT_FACT_CONFIRMED:
        apply_confirmed(s, f);
        return;
    case EVENT_FACT_PAYMENT_REFUSED:
        event_refusal_add(s, &f->payment);
        return;
    case EVENT_FACT_STATUS_CHANGED:
        s->config.status = f->status;
        return;
    case EVENT_FACT_MESSAGE_REJECTED:
        return; // recorded for people; changes no seat
    }
    assert(false && "an unknown fact");
}
