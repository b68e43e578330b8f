#include "actors/event/state.h"

// The one table of what may follow what. A pair that is not here is a bug in decide.
static const bool transitions[RESERVATION_STATES_END][RESERVATION_STATES_END] = {
    [RESERVATION_HELD] = {[RESERVATION_CONFIRMED] = true,
                          [RESERVATION_EXPIRED] = true,
                          [RESERVATION_CANCELLED] = true},
    [RESERVATION_CONFIRMED] = {[RESERVATION_REFUNDED] = true},
};

static uint32_t must_find(const event_state *s, const reservation_id *id)
{
    uint32_t n = event_lookup_id(s, id);
    assert(n != EVENT_NOBODY);
    return n;
}

static void reservation_move(event_state *s, uint32_t n, reservation_state to)
{
    event_record *r = event_record_at(s, n);
    assert(to < RESERVATION_STATES_END && transitions[r->state][to]);
    r->state = (uint32_t)to & 15u;
    if (!event_record_live(r))
        event_seats_release(s, n);
}

static void apply_held(event_state *s, const event_fact *f)
{
    event_reservation r = {
        .id = f->reservation,
        .buyer = f->buyer,
        .expires_us = f->expires_us,
        .state = RESERVATION_HELD,
        .seats_count = f->seats_count,
    };
    event_keys keys = {.key_hash = f->key_hash, .body_hash = f->body_hash};
    memcpy(r.seats, f->seats, sizeof r.seats);
    memcpy(r.price_minor, f->price_minor, sizeof r.price_minor);
    event_record_add(s, &r, &keys);
}

static void apply_checkout(event_state *s, const event_fact *f)
{
    uint32_t n = must_find(s, &f->reservation);
    event_record *r = event_record_at(s, n);
    assert(r->state == RESERVATION_HELD);
    event_checkout_set(s, n, &f->payment, event_hash_start(&f->key_hash),
                       event_hash_start(&f->body_hash));
    r->expires_us = f->expires_us;
}

static void apply_confirmed(event_state *s, const event_fact *f)
{
    uint32_t n = must_find(s, &f->reservation);
    event_checkout *checkout = event_checkout_of(s, event_record_at(s, n));
    reservation_move(s, n, RESERVATION_CONFIRMED);
    if (checkout == NULL)
        event_checkout_set(s, n, &f->payment, 0, 0);
    else
        checkout->payment = f->payment;
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
