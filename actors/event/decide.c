#include "actors/event/state.h"

#ifdef CAVEA_BUGS
bool event_bug_taken_seat_is_free;
#endif

enum { NEAR_STEPS_MAX = 1024 }; // seats looked at on each side for alternatives

static void refuse(event_effects *e, error_code code)
{
    e->refusal = code;
}

static event_fact *fact_add(event_effects *e, event_fact_type type, const event_command *c)
{
    assert(e->facts_count < EVENT_FACTS_MAX);
    event_fact *f = &e->facts[e->facts_count++];
    *f = (event_fact){.type = type, .at_us = c->now_us, .reservation = c->reservation};
    return f;
}

static void fact_ended(event_effects *e, const event_command *c, const event_reservation *r,
                       reservation_state state)
{
    event_fact *f = fact_add(e, EVENT_FACT_ENDED, c);
    f->reservation = r->id;
    f->state = state;
}

// Whether a buyer could have the seat now; an overdue hold does not count any more.
static bool seat_free(const event_state *s, uint32_t seat, int64_t now_us)
{
    if (s->seats.flags[seat] & SEAT_FLAG_BLOCKED)
        return false;
    uint32_t n = s->owner[seat];
    return n == EVENT_NOBODY || event_reservation_overdue(&s->records[n], now_us);
}

static bool listed(const uint32_t *list, uint32_t count, uint32_t seat)
{
    for (uint32_t i = 0; i < count; i++)
        if (list[i] == seat)
            return true;
    return false;
}

static void alternative_try(const event_state *s, const event_command *c, uint32_t wanted,
                            uint32_t seat, event_effects *e)
{
    if (e->alternatives_count < ALTERNATIVES_MAX &&
        s->seats.category[seat] == s->seats.category[wanted] && seat_free(s, seat, c->now_us) &&
        !listed(c->seats, c->seats_count, seat) &&
        !listed(e->alternatives, e->alternatives_count, seat))
        e->alternatives[e->alternatives_count++] = seat;
}

// Walks outwards from each lost seat in plan order, within its section.
static void alternatives_find(const event_state *s, const event_command *c, event_effects *e)
{
    for (uint32_t i = 0; i < e->conflicts_count; i++) {
        uint32_t wanted = e->conflicts[i];
        uint16_t section = s->seats.section[wanted];
        bool left = true, right = true;
        for (uint32_t d = 1; (left || right) && d <= NEAR_STEPS_MAX; d++) {
            left = left && wanted >= d && s->seats.section[wanted - d] == section;
            right = right && wanted + d < s->seats.count && s->seats.section[wanted + d] == section;
            if (left)
                alternative_try(s, c, wanted, wanted - d, e);
            if (right)
                alternative_try(s, c, wanted, wanted + d, e);
            if (e->alternatives_count == ALTERNATIVES_MAX)
                return;
        }
    }
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
        if (listed(c->seats, i, c->seats[i]))
            return ERROR_SEAT_REPEATED;
    }
    return ERROR_NONE;
}

static void conflicts_find(const event_state *s, const event_command *c, event_effects *e)
{
    for (uint32_t i = 0; i < c->seats_count; i++) {
        uint32_t seat = c->seats[i];
        if (!seat_free(s, seat, c->now_us))
            e->conflicts[e->conflicts_count++] = seat;
    }
#ifdef CAVEA_BUGS
    if (event_bug_taken_seat_is_free)
        e->conflicts_count = 0;
#endif
}

// The same command or the same key was accepted before: answers it and returns true.
static bool reserve_replay(const event_state *s, const event_command *c, event_effects *e)
{
    uint32_t n = event_lookup_id(s, &c->reservation);
    if (n == EVENT_NOBODY) {
        n = event_lookup_key(s, &c->key_hash);
        int64_t kept_from_ms = c->now_us / 1000 - (int64_t)IDEMPOTENCY_KEEP_SECONDS * 1000;
        if (n == EVENT_NOBODY || uuid_unix_ms(&s->records[n].id.u) < kept_from_ms)
            return false;
    }
    const event_reservation *r = &s->records[n];
    if (memcmp(&r->body_hash, &c->body_hash, sizeof r->body_hash) != 0) {
        refuse(e, ERROR_IDEMPOTENCY_KEY_REUSED);
        return true;
    }
    e->replayed = true;
    e->reservation = r->id;
    return true;
}

static void expire_overdue_owners(const event_state *s, const event_command *c, event_effects *e)
{
    for (uint32_t i = 0; i < c->seats_count; i++) {
        uint32_t n = s->owner[c->seats[i]];
        if (n == EVENT_NOBODY || !event_reservation_overdue(&s->records[n], c->now_us))
            continue;
        bool done = false;
        for (uint32_t j = 0; j < i; j++)
            done = done || s->owner[c->seats[j]] == n;
        if (!done)
            fact_ended(e, c, &s->records[n], RESERVATION_EXPIRED);
    }
}

static void decide_reserve(const event_state *s, const event_command *c, event_effects *e)
{
    if (reserve_replay(s, c, e))
        return;
    error_code invalid = seats_check(s, c);
    if (invalid != ERROR_NONE)
        return refuse(e, invalid);
    if (c->seen)
        return refuse(e, ERROR_SEATS_UNAVAILABLE);
    if (!event_on_sale(s, c->now_us))
        return refuse(e, ERROR_EVENT_NOT_ON_SALE);
    if (s->records_count == s->records_max ||
        s->pool_count + SEATS_PER_RESERVATION_MAX > s->pool_max)
        return refuse(e, ERROR_OVERLOADED);
    conflicts_find(s, c, e);
    if (e->conflicts_count > 0) {
        alternatives_find(s, c, e);
        return refuse(e, ERROR_SEATS_UNAVAILABLE);
    }
    expire_overdue_owners(s, c, e);
    event_fact *f = fact_add(e, EVENT_FACT_HELD, c);
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

// Somebody else's reservation looks like no reservation.
static const event_reservation *own_reservation(const event_state *s, const event_command *c)
{
    const event_reservation *r = event_find(s, &c->reservation);
    return r != NULL && uuid_equal(&r->buyer.u, &c->buyer.u) ? r : NULL;
}

static void decide_cancel(const event_state *s, const event_command *c, event_effects *e)
{
    const event_reservation *r = own_reservation(s, c);
    if (r == NULL)
        return refuse(e, ERROR_NOT_FOUND);
    if (r->state == RESERVATION_CONFIRMED)
        return refuse(e, ERROR_RESERVATION_CONFIRMED);
    e->reservation = r->id;
    if (r->state != RESERVATION_HELD)
        e->replayed = true;
    else
        fact_ended(e, c, r,
                   event_reservation_overdue(r, c->now_us) ? RESERVATION_EXPIRED
                                                           : RESERVATION_CANCELLED);
}

static void decide_expire(const event_state *s, const event_command *c, event_effects *e)
{
    const event_reservation *r = event_find(s, &c->reservation);
    if (r != NULL && event_reservation_overdue(r, c->now_us))
        fact_ended(e, c, r, RESERVATION_EXPIRED);
}

// A checkout that was accepted before; its payment is asked for again, under the same id.
static void checkout_replay(const event_command *c, const event_reservation *r, event_effects *e)
{
    bool same_key = memcmp(&r->checkout_key, &c->key_hash, sizeof c->key_hash) == 0;
    if (same_key && memcmp(&r->checkout_body, &c->body_hash, sizeof c->body_hash) != 0)
        return refuse(e, ERROR_IDEMPOTENCY_KEY_REUSED);
    if (!same_key && r->state == RESERVATION_CONFIRMED)
        return refuse(e, ERROR_RESERVATION_CONFIRMED);
    e->replayed = true;
    e->payment_asked = true;
    e->reservation = r->id;
}

static void decide_checkout(const event_state *s, const event_command *c, event_effects *e)
{
    const event_reservation *r = own_reservation(s, c);
    if (r == NULL)
        return refuse(e, ERROR_NOT_FOUND);
    bool paying = !uuid_is_zero(&r->payment.u) && !event_payment_refused(s, &r->payment);
    if (r->state == RESERVATION_CONFIRMED)
        return checkout_replay(c, r, e);
    if (r->state != RESERVATION_HELD)
        return refuse(e, ERROR_RESERVATION_EXPIRED);
    if (event_reservation_overdue(r, c->now_us)) {
        fact_ended(e, c, r, RESERVATION_EXPIRED);
        return refuse(e, ERROR_RESERVATION_EXPIRED);
    }
    if (paying)
        return checkout_replay(c, r, e);
    event_fact *f = fact_add(e, EVENT_FACT_CHECKOUT_STARTED, c);
    f->payment = c->payment;
    f->key_hash = c->key_hash;
    f->body_hash = c->body_hash;
    f->amount_minor = r->total_minor;
    memcpy(f->currency, s->config.currency, sizeof f->currency);
    f->buyer = r->buyer;
    f->expires_us = r->expires_us;
    e->payment_asked = true;
    e->reservation = r->id;
}

static void payment_refuse(const event_command *c, event_effects *e, error_code reason)
{
    event_fact *f = fact_add(e, EVENT_FACT_PAYMENT_REFUSED, c);
    f->payment = c->payment;
    f->reason = reason;
}

static void decide_payment(const event_state *s, const event_command *c, event_effects *e)
{
    e->payment_decided = true;
    e->reservation = c->reservation;
    if (event_payment_refused(s, &c->payment))
        return;
    const event_reservation *r = event_find(s, &c->reservation);
    if (r == NULL)
        return payment_refuse(c, e, ERROR_NOT_FOUND);
    if ((r->state == RESERVATION_CONFIRMED || r->state == RESERVATION_REFUNDED) &&
        uuid_equal(&r->payment.u, &c->payment.u)) {
        e->payment_confirmed = true;
        return;
    }
    if (r->state == RESERVATION_CONFIRMED)
        return payment_refuse(c, e, ERROR_RESERVATION_CONFIRMED);
    if (event_reservation_overdue(r, c->now_us))
        fact_ended(e, c, r, RESERVATION_EXPIRED);
    if (r->state != RESERVATION_HELD || e->facts_count > 0)
        return payment_refuse(c, e, ERROR_RESERVATION_EXPIRED);
    if (c->amount_minor != r->total_minor ||
        memcmp(c->currency, s->config.currency, sizeof c->currency) != 0)
        return payment_refuse(c, e, ERROR_AMOUNT_MISMATCH);
    event_fact *f = fact_add(e, EVENT_FACT_CONFIRMED, c);
    f->payment = c->payment;
    f->buyer = r->buyer;
    f->seats_count = r->seats_count;
    memcpy(f->seats, event_reservation_seats(s, r), r->seats_count * sizeof *f->seats);
    e->payment_confirmed = true;
}

static void decide_release(const event_state *s, const event_command *c, event_effects *e)
{
    const event_reservation *r = event_find(s, &c->reservation);
    if (r == NULL)
        return refuse(e, ERROR_NOT_FOUND);
    e->reservation = r->id;
    if (r->state == RESERVATION_CONFIRMED && uuid_equal(&r->payment.u, &c->payment.u))
        fact_ended(e, c, r, RESERVATION_REFUNDED);
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
        return refuse(e, ERROR_MALFORMED);
    if (c->status == s->config.status)
        return;
    if (!allowed[s->config.status][c->status])
        return refuse(e, ERROR_STATUS_UNREACHABLE);
    event_fact *f = fact_add(e, EVENT_FACT_STATUS_CHANGED, c);
    f->status = c->status;
}

void event_decide(const event_state *s, const event_command *c, event_effects *ret_effects)
{
    event_effects *e = ret_effects;
    e->refusal = ERROR_NONE;
    e->replayed = e->payment_asked = e->payment_decided = e->payment_confirmed = false;
    e->reservation = (reservation_id){0};
    e->facts_count = e->conflicts_count = e->alternatives_count = 0;
    switch (c->type) {
    case EVENT_COMMAND_RESERVE:
        return decide_reserve(s, c, e);
    case EVENT_COMMAND_CANCEL:
        return decide_cancel(s, c, e);
    case EVENT_COMMAND_EXPIRE:
        return decide_expire(s, c, e);
    case EVENT_COMMAND_CHECKOUT:
        return decide_checkout(s, c, e);
    case EVENT_COMMAND_PAYMENT_CAPTURED:
        return decide_payment(s, c, e);
    case EVENT_COMMAND_RELEASE:
        return decide_release(s, c, e);
    case EVENT_COMMAND_STATUS_SET:
        return decide_status(s, c, e);
    }
    assert(false && "an unknown command");
}
