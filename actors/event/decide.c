#include "actors/event/decide.h"
#include "schemas/bug.h"

void event_fact_seats(const event_state *s, const event_record *r, event_fact *f)
{
    const event_place *places = event_places(s, r);
    f->seats_count = r->seats_count;
    for (uint32_t i = 0; i < r->seats_count; i++)
        f->seats[i] = places[i].seat;
}

event_fact *event_fact_add(event_effects *e, event_fact_type type, const event_command *c)
{
    assert(e->facts_count < EVENT_FACTS_MAX);
    event_fact *f = &e->facts[e->facts_count++];
    *f = (event_fact){.type = type, .at_us = c->now_us, .reservation = c->reservation};
    return f;
}

// Names the payment that is open, so that it can be given up at the provider.
event_fact *event_fact_ended(const event_state *s, event_effects *e, const event_command *c,
                             const event_record *r, reservation_state state)
{
    event_fact *f = event_fact_add(e, EVENT_FACT_ENDED, c);
    const event_checkout *checkout = event_checkout_of(s, r);
    f->reservation = r->id;
    f->state = state;
    event_fact_seats(s, r, f);
    if (checkout != NULL && !event_payment_refused(s, &checkout->payment))
        f->payment = checkout->payment;
    return f;
}

bool event_seat_free(const event_state *s, uint32_t seat, int64_t now_us)
{
    if (s->seats.flags[seat] & SEAT_FLAG_BLOCKED)
        return false;
    uint32_t n = s->owner[seat];
    return n == EVENT_NOBODY || event_record_overdue(event_record_at(s, n), now_us);
}

static error_code seats_check(const event_state *s, const event_command *c)
{
    if (c->seats_count == 0)
        return ERROR_MALFORMED;
    if (c->seats_count > SEATS_PER_RESERVATION_MAX)
        return ERROR_SEATS_TOO_MANY;
    for (uint32_t i = 0; i < c->seats_count; i++) {
        if (c->seats[i] >= s->seats.count)
            return ERROR_SEAT_UNKNOWN;
        if (event_seat_listed(c->seats, i, c->seats[i]))
            return ERROR_SEAT_REPEATED;
    }
    return ERROR_NONE;
}

static void conflicts_find(const event_state *s, const event_command *c, event_effects *e)
{
    for (uint32_t i = 0; i < c->seats_count; i++) {
        uint32_t seat = c->seats[i];
        if (!event_seat_free(s, seat, c->now_us))
            e->conflicts[e->conflicts_count++] = seat;
    }
    if (bug_on(BUG_TAKEN_SEAT))
        e->conflicts_count = 0;
}

// The same command or the same key was accepted before: answers it and returns true.
static bool reserve_replay(const event_state *s, const event_command *c, event_effects *e)
{
    uint32_t n = event_lookup_id(s, &c->reservation);
    if (n == EVENT_NOBODY)
        n = event_lookup_key(s, &c->buyer, &c->key_hash, c->now_us);
    if (n == EVENT_NOBODY || bug_on(BUG_NO_IDEMPOTENCY))
        return false;
    const event_record *r = event_record_at(s, n);
    if (r->body != event_hash_start(&c->body_hash)) {
        event_refuse(e, ERROR_IDEMPOTENCY_KEY_REUSED);
        return true;
    }
    if (event_record_overdue(r, c->now_us))
        event_fact_ended(s, e, c, r, RESERVATION_EXPIRED);
    e->replayed = true;
    e->reservation = r->id;
    return true;
}

void event_expire_owners(const event_state *s, const event_command *c, const uint32_t *seats,
                         uint32_t seats_count, event_effects *e)
{
    for (uint32_t i = 0; i < seats_count; i++) {
        uint32_t n = s->owner[seats[i]];
        if (n == EVENT_NOBODY || !event_record_overdue(event_record_at(s, n), c->now_us))
            continue;
        bool done = false;
        for (uint32_t j = 0; j < i; j++)
            done = done || s->owner[seats[j]] == n;
        if (!done)
            event_fact_ended(s, e, c, event_record_at(s, n), RESERVATION_EXPIRED);
    }
}

static void held_add(const event_state *s, const event_command *c, event_effects *e)
{
    event_fact *f = event_fact_add(e, EVENT_FACT_HELD, c);
    f->buyer = c->buyer;
    f->key_hash = c->key_hash;
    f->body_hash = c->body_hash;
    f->expires_us = c->now_us + s->config.hold_us;
    f->seats_count = c->seats_count;
    for (uint32_t i = 0; i < c->seats_count; i++) {
        f->seats[i] = c->seats[i];
        f->price_minor[i] = s->config.price_minor[s->seats.category[c->seats[i]]];
    }
    e->reservation = c->reservation;
}

static void decide_reserve(const event_state *s, const event_command *c, event_effects *e)
{
    if (reserve_replay(s, c, e))
        return;
    error_code invalid = seats_check(s, c);
    if (invalid != ERROR_NONE)
        return event_refuse(e, invalid);
    if (c->seen)
        return event_refuse(e, ERROR_SEATS_UNAVAILABLE);
    if (!event_on_sale(s, c->now_us))
        return event_refuse(e, ERROR_EVENT_NOT_ON_SALE);
    conflicts_find(s, c, e);
    if (e->conflicts_count > 0) {
        event_alternatives_find(s, c, e);
        return event_refuse(e, ERROR_SEATS_UNAVAILABLE);
    }
    event_expire_owners(s, c, c->seats, c->seats_count, e);
    held_add(s, c, e);
}

uint32_t event_own_reservation(const event_state *s, const event_command *c)
{
    uint32_t n = event_lookup_id(s, &c->reservation);
    bool own = n != EVENT_NOBODY && uuid_equal(&event_record_at(s, n)->buyer.u, &c->buyer.u);
    return own ? n : EVENT_NOBODY;
}

void event_decide_cancel(const event_state *s, const event_command *c, event_effects *e)
{
    uint32_t n = event_own_reservation(s, c);
    if (n == EVENT_NOBODY)
        return event_refuse(e, ERROR_NOT_FOUND);
    const event_record *r = event_record_at(s, n);
    if (r->state == RESERVATION_CONFIRMED)
        return event_refuse(e, ERROR_RESERVATION_CONFIRMED);
    e->reservation = r->id;
    if (r->state != RESERVATION_HELD)
        e->replayed = true;
    else
        event_fact_ended(s, e, c, r,
                         event_record_overdue(r, c->now_us) ? RESERVATION_EXPIRED
                                                            : RESERVATION_CANCELLED);
}

static void decide_expire(const event_state *s, const event_command *c, event_effects *e)
{
    uint32_t n = event_lookup_id(s, &c->reservation);
    if (n == EVENT_NOBODY)
        return;
    if (event_record_overdue(event_record_at(s, n), c->now_us) || bug_on(BUG_EXPIRE_ANY))
        event_fact_ended(s, e, c, event_record_at(s, n), RESERVATION_EXPIRED);
}

// Whether the key was used for another checkout of this buyer: its answer must not change.
static bool checkout_key_reused(const event_state *s, const event_command *c, uint32_t n)
{
    uint32_t used = event_lookup_checkout(s, &c->buyer, &c->key_hash, c->now_us);
    return used != EVENT_NOBODY &&
           (used != n ||
            event_checkout_of(s, event_record_at(s, n))->body != event_body_start(&c->body_hash));
}

// A checkout is under way or done; its payment is asked for again, under the same id.
static void checkout_replay(const event_state *s, const event_command *c, const event_record *r,
                            event_effects *e)
{
    bool same_key = event_checkout_of(s, r)->key == event_hash_start(&c->key_hash);
    if (!same_key && r->state == RESERVATION_CONFIRMED)
        return event_refuse(e, ERROR_RESERVATION_CONFIRMED);
    e->replayed = true;
    e->payment_asked = true;
    e->reservation = r->id;
}

// The first checkout lengthens the hold, within bounds; a later one finds it lengthened.
static int64_t checkout_deadline(const event_state *s, const event_command *c,
                                 const event_record *r)
{
    int64_t made_us = uuid_unix_ms(&r->id.u) * 1000;
    int64_t last_us = made_us + (int64_t)EXTENDED_HOLD_SECONDS_MAX * 1000000;
    int64_t wanted_us = c->now_us + s->config.payment_extension_us;
    if (wanted_us > last_us)
        wanted_us = last_us;
    bool longer = event_checkout_of(s, r) == NULL && wanted_us > r->expires_us;
    return longer ? wanted_us : r->expires_us;
}

static void checkout_start(const event_state *s, const event_command *c, const event_record *r,
                           const payment_id *payment, event_effects *e)
{
    event_fact *f = event_fact_add(e, EVENT_FACT_CHECKOUT_STARTED, c);
    f->payment = *payment;
    f->key_hash = c->key_hash;
    f->body_hash = c->body_hash;
    f->amount_minor = event_record_total(s, r);
    memcpy(f->currency, s->config.currency, sizeof f->currency);
    f->buyer = r->buyer;
    f->other_seats = c->other_seats;
    f->expires_us = checkout_deadline(s, c, r);
    e->payment_asked = true;
    e->reservation = r->id;
}

static void decide_checkout(const event_state *s, const event_command *c, event_effects *e)
{
    uint32_t n = event_own_reservation(s, c);
    if (n == EVENT_NOBODY)
        return event_refuse(e, ERROR_NOT_FOUND);
    if (checkout_key_reused(s, c, n))
        return event_refuse(e, ERROR_IDEMPOTENCY_KEY_REUSED);
    const event_record *r = event_record_at(s, n);
    if (r->state == RESERVATION_CONFIRMED)
        return checkout_replay(s, c, r, e);
    if (event_record_overdue(r, c->now_us))
        event_fact_ended(s, e, c, r, RESERVATION_EXPIRED);
    if (r->state != RESERVATION_HELD || e->facts_count > 0)
        return event_refuse(e, ERROR_RESERVATION_EXPIRED);
    if (s->config.status == EVENT_CANCELLED) // also under way: nobody is to pay any more
        return event_refuse(e, ERROR_EVENT_CANCELLED);
    const event_checkout *checkout = event_checkout_of(s, r);
    if (checkout != NULL && !event_payment_refused(s, &checkout->payment)) {
        if (c->seen || c->other_seats == r->other_seats)
            return checkout_replay(s, c, r, e);
        // What the buyer said last of other seats counts; the payment stays.
        return checkout_start(s, c, r, &checkout->payment, e);
    }
    if (event_payment_refused(s, &c->payment)) // a copy of an earlier command
        return event_refuse(e, ERROR_PAYMENT_NOT_OPEN);
    checkout_start(s, c, r, &c->payment, e);
}

static void decide_status(const event_state *s, const event_command *c, event_effects *e)
{
    static const bool allowed[EVENT_CANCELLED + 1][EVENT_CANCELLED + 1] = {
        [EVENT_SCHEDULED] = {false, false, true, true, true, true},
        [EVENT_ON_SALE] = {false, false, false, true, true, true},
        [EVENT_PAUSED] = {false, false, true, false, true, true},
        [EVENT_CLOSED] = {false, false, true, false, false, true},
    };
    if (c->status < EVENT_SCHEDULED || c->status > EVENT_CANCELLED)
        return event_refuse(e, ERROR_MALFORMED);
    if (c->status == s->config.status)
        return;
    if (!allowed[s->config.status][c->status])
        return event_refuse(e, ERROR_STATUS_UNREACHABLE);
    event_fact *f = event_fact_add(e, EVENT_FACT_STATUS_CHANGED, c);
    f->status = c->status;
}

void event_decide(const event_state *s, const event_command *c, event_effects *ret_effects)
{
    event_effects *e = ret_effects;
    e->refusal = ERROR_NONE;
    e->replayed = e->payment_asked = e->payment_decided = e->payment_confirmed = e->more = false;
    e->reservation = (reservation_id){0};
    e->facts_count = e->conflicts_count = e->alternatives_count = 0;
    if (!event_has_room(s))
        return event_refuse(e, ERROR_OVERLOADED);
    switch (c->type) {
    case EVENT_COMMAND_RESERVE:
        return decide_reserve(s, c, e);
    case EVENT_COMMAND_CANCEL:
        return event_decide_cancel(s, c, e);
    case EVENT_COMMAND_EXPIRE:
        return decide_expire(s, c, e);
    case EVENT_COMMAND_CHECKOUT:
        return decide_checkout(s, c, e);
    case EVENT_COMMAND_PAYMENT_CAPTURED:
        return event_decide_payment(s, c, e);
    case EVENT_COMMAND_RELEASE:
        return event_decide_release(s, c, e);
    case EVENT_COMMAND_STATUS_SET:
        return decide_status(s, c, e);
    case EVENT_COMMAND_CANCEL_CONFIRMED:
        return event_decide_cancel_confirmed(s, c, e);
    case EVENT_COMMAND_REFUND_ALL:
        return event_decide_refund_all(s, c, e);
    }
    assert(false && "an unknown command");
}
