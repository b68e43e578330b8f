#include "actors/event/state.h"

// The one table of what may follow what (event.h says why). A pair that is not here is a bug in
// decide.
static const bool transitions[RESERVATION_STATES_END][RESERVATION_STATES_END] = {
    [RESERVATION_HELD] = {[RESERVATION_CONFIRMED] = true,
                          [RESERVATION_EXPIRED] = true,
                          [RESERVATION_CANCELLED] = true},
    [RESERVATION_EXPIRED] = {[RESERVATION_CONFIRMED] = true},
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
    bool live = event_record_live(r);
    assert(to < RESERVATION_STATES_END && transitions[r->state][to]);
    if (to == RESERVATION_CONFIRMED)
        s->confirmed++;
    else if (r->state == RESERVATION_CONFIRMED)
        s->confirmed--;
    r->state = (uint32_t)to & 15u;
    if (live && !event_record_live(r))
        event_seats_release(s, n);
    else if (!live && event_record_live(r))
        event_seats_claim(s, n);
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
                       event_body_start(&f->body_hash));
    r->expires_us = f->expires_us;
    r->other_seats = f->other_seats;
}

// Each place keeps the price that was paid for it.
static void seats_replace(event_state *s, const event_record *r, const event_fact *f)
{
    event_place *places = pool_at(&s->places, r->places_at);
    assert(!event_record_live(r) && f->seats_count == r->seats_count);
    for (uint32_t i = 0; i < r->seats_count; i++) {
        assert(f->seats[i] < s->seats.count);
        places[i].seat = (uint16_t)f->seats[i];
    }
}

static void apply_confirmed(event_state *s, const event_fact *f)
{
    uint32_t n = must_find(s, &f->reservation);
    event_record *r = event_record_at(s, n);
    event_checkout *checkout = event_checkout_of(s, r);
    if (r->state == RESERVATION_EXPIRED)
        seats_replace(s, r, f);
    reservation_move(s, n, RESERVATION_CONFIRMED);
    r->outcome = (uint32_t)f->outcome & 7u;
    if (checkout == NULL)
        event_checkout_set(s, n, &f->payment, 0, 0);
    else
        checkout->payment = f->payment;
}

static void apply_ended(event_state *s, const event_fact *f)
{
    uint32_t n = must_find(s, &f->reservation);
    reservation_move(s, n, f->state);
    if (f->state == RESERVATION_REFUNDED)
        event_refund_note(s, n, f->refund_minor);
}

// The reservation may be unknown, or have been paid by another payment before.
static void apply_refused(event_state *s, const event_fact *f)
{
    uint32_t n = event_lookup_id(s, &f->reservation);
    event_refusal_add(s, &f->payment);
    if (n == EVENT_NOBODY)
        return;
    event_record *r = event_record_at(s, n);
    if (r->state != RESERVATION_CONFIRMED && r->state != RESERVATION_REFUNDED)
        r->outcome = PAYMENT_SENT_BACK;
}

void event_apply(event_state *s, const event_fact *f)
{
    switch (f->type) {
    case EVENT_FACT_HELD:
        apply_held(s, f);
        return;
    case EVENT_FACT_ENDED:
        apply_ended(s, f);
        return;
    case EVENT_FACT_CHECKOUT_STARTED:
        apply_checkout(s, f);
        return;
    case EVENT_FACT_CONFIRMED:
        apply_confirmed(s, f);
        return;
    case EVENT_FACT_PAYMENT_REFUSED:
        apply_refused(s, f);
        return;
    case EVENT_FACT_STATUS_CHANGED:
        s->config.status = f->status;
        return;
    case EVENT_FACT_MESSAGE_REJECTED:
        return; // recorded for people; changes no seat
    }
    assert(false && "an unknown fact");
}
