#include "actors/event/state.h"
#include "schemas/bug.h"

enum { NEAR_SEATS_MAX = 1024 }; // how far away alternatives are looked for, on each side

static void refuse(event_effects *e, error_code code)
{
    e->refusal = code;
}

static void seats_copy(const event_state *s, const event_record *r, event_fact *f)
{
    const event_place *places = event_places(s, r);
    f->seats_count = r->seats_count;
    for (uint32_t i = 0; i < r->seats_count; i++)
        f->seats[i] = places[i].seat;
}

static event_fact *fact_add(event_effects *e, event_fact_type type, const event_command *c)
{
    assert(e->facts_count < EVENT_FACTS_MAX);
    event_fact *f = &e->facts[e->facts_count++];
    *f = (event_fact){.type = type, .at_us = c->now_us, .reservation = c->reservation};
    return f;
}

static void fact_ended(const event_state *s, event_effects *e, const event_command *c,
                       const event_record *r, reservation_state state)
{
    event_fact *f = fact_add(e, EVENT_FACT_ENDED, c);
    f->reservation = r->id;
    f->state = state;
    seats_copy(s, r, f);
}

// Whether a buyer could have the seat now; an overdue hold does not count any more.
static bool seat_free(const event_state *s, uint32_t seat, int64_t now_us)
{
    if (s->seats.flags[seat] & SEAT_FLAG_BLOCKED)
        return false;
    uint32_t n = s->owner[seat];
    return n == EVENT_NOBODY || event_record_overdue(event_record_at(s, n), now_us);
}

static bool listed(const uint32_t *list, uint32_t count, uint32_t seat)
{
    for (uint32_t i = 0; i < count; i++)
        if (list[i] == seat)
            return true;
    return false;
}

// The open seat nearest below `from` and not below `end`, or EVENT_NOBODY.
static uint32_t open_below(const event_state *s, uint32_t from, uint32_t end)
{
    while (from > end) {
        uint32_t word = (from - 1) / 64;
        uint64_t bits = s->open[word] & UINT64_MAX >> (63 - (from - 1) % 64);
        if (bits != 0) {
            uint32_t seat = word * 64 + 63 - (uint32_t)__builtin_clzll(bits);
            return seat >= end ? seat : EVENT_NOBODY;
        }
        from = word * 64;
    }
    return EVENT_NOBODY;
}

// The open seat nearest above, from `from` on and below `end`, or EVENT_NOBODY.
static uint32_t open_above(const event_state *s, uint32_t from, uint32_t end)
{
    while (from < end) {
        uint32_t word = from / 64;
        uint64_t bits = s->open[word] & UINT64_MAX << from % 64;
        if (bits != 0) {
            uint32_t seat = word * 64 + (uint32_t)__builtin_ctzll(bits);
            return seat < end ? seat : EVENT_NOBODY;
        }
        from = (word + 1) * 64;
    }
    return EVENT_NOBODY;
}

static void alternative_try(const event_state *s, const event_command *c, uint32_t wanted,
                            uint32_t seat, event_effects *e)
{
    if (s->seats.category[seat] == s->seats.category[wanted] &&
        !listed(c->seats, c->seats_count, seat) &&
        !listed(e->alternatives, e->alternatives_count, seat))
        e->alternatives[e->alternatives_count++] = seat;
}

// Walks outwards from one lost seat in plan order, within its section, until there are count_max.
static void alternatives_near(const event_state *s, const event_command *c, uint32_t wanted,
                              uint32_t count_max, event_effects *e)
{
    uint16_t section = s->seats.section[wanted];
    uint32_t low = wanted > NEAR_SEATS_MAX ? wanted - NEAR_SEATS_MAX : 0;
    uint32_t high = wanted + NEAR_SEATS_MAX + 1;
    if (high > s->seats.count)
        high = s->seats.count;
    uint32_t left = open_below(s, wanted, low), right = open_above(s, wanted + 1, high);
    while (e->alternatives_count < count_max) {
        if (left != EVENT_NOBODY && s->seats.section[left] != section)
            left = EVENT_NOBODY;
        if (right != EVENT_NOBODY && s->seats.section[right] != section)
            right = EVENT_NOBODY;
        if (left == EVENT_NOBODY && right == EVENT_NOBODY)
            return;
        if (right == EVENT_NOBODY || (left != EVENT_NOBODY && wanted - left <= right - wanted)) {
            alternative_try(s, c, wanted, left, e);
            left = open_below(s, left, low);
        } else {
            alternative_try(s, c, wanted, right, e);
            right = open_above(s, right + 1, high);
        }
    }
}

// Every lost seat has its share of the list; what one cannot use goes to the others.
static void alternatives_find(const event_state *s, const event_command *c, event_effects *e)
{
    for (uint32_t i = 0; i < e->conflicts_count; i++) {
        uint32_t left = ALTERNATIVES_MAX - e->alternatives_count;
        uint32_t share = (left + e->conflicts_count - i - 1) / (e->conflicts_count - i);
        alternatives_near(s, c, e->conflicts[i], e->alternatives_count + share, e);
    }
    for (uint32_t i = 0; i + 1 < e->conflicts_count; i++)
        alternatives_near(s, c, e->conflicts[i], ALTERNATIVES_MAX, e);
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
        refuse(e, ERROR_IDEMPOTENCY_KEY_REUSED);
        return true;
    }
    if (event_record_overdue(r, c->now_us))
        fact_ended(s, e, c, r, RESERVATION_EXPIRED);
    e->replayed = true;
    e->reservation = r->id;
    return true;
}

static void expire_overdue_owners(const event_state *s, const event_command *c, event_effects *e)
{
    for (uint32_t i = 0; i < c->seats_count; i++) {
        uint32_t n = s->owner[c->seats[i]];
        if (n == EVENT_NOBODY || !event_record_overdue(event_record_at(s, n), c->now_us))
            continue;
        bool done = false;
        for (uint32_t j = 0; j < i; j++)
            done = done || s->owner[c->seats[j]] == n;
        if (!done)
            fact_ended(s, e, c, event_record_at(s, n), RESERVATION_EXPIRED);
    }
}

static void held_add(const event_state *s, const event_command *c, event_effects *e)
{
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
    conflicts_find(s, c, e);
    if (e->conflicts_count > 0) {
        alternatives_find(s, c, e);
        return refuse(e, ERROR_SEATS_UNAVAILABLE);
    }
    expire_overdue_owners(s, c, e);
    held_add(s, c, e);
}

// Somebody else's reservation looks like no reservation.
static uint32_t own_reservation(const event_state *s, const event_command *c)
{
    uint32_t n = event_lookup_id(s, &c->reservation);
    bool own = n != EVENT_NOBODY && uuid_equal(&event_record_at(s, n)->buyer.u, &c->buyer.u);
    return own ? n : EVENT_NOBODY;
}

static void decide_cancel(const event_state *s, const event_command *c, event_effects *e)
{
    uint32_t n = own_reservation(s, c);
    if (n == EVENT_NOBODY)
        return refuse(e, ERROR_NOT_FOUND);
    const event_record *r = event_record_at(s, n);
    if (r->state == RESERVATION_CONFIRMED)
        return refuse(e, ERROR_RESERVATION_CONFIRMED);
    e->reservation = r->id;
    if (r->state != RESERVATION_HELD)
        e->replayed = true;
    else
        fact_ended(s, e, c, r,
                   event_record_overdue(r, c->now_us) ? RESERVATION_EXPIRED
                                                      : RESERVATION_CANCELLED);
}

static void decide_expire(const event_state *s, const event_command *c, event_effects *e)
{
    uint32_t n = event_lookup_id(s, &c->reservation);
    if (n == EVENT_NOBODY)
        return;
    if (event_record_overdue(event_record_at(s, n), c->now_us) || bug_on(BUG_EXPIRE_ANY))
        fact_ended(s, e, c, event_record_at(s, n), RESERVATION_EXPIRED);
}

// Whether the key was used for another checkout of this buyer: its answer must not change.
static bool checkout_key_reused(const event_state *s, const event_command *c, uint32_t n)
{
    uint32_t used = event_lookup_checkout(s, &c->buyer, &c->key_hash, c->now_us);
    return used != EVENT_NOBODY &&
           (used != n ||
            event_checkout_of(s, event_record_at(s, n))->body != event_hash_start(&c->body_hash));
}

// A checkout is under way or done; its payment is asked for again, under the same id.
static void checkout_replay(const event_state *s, const event_command *c, const event_record *r,
                            event_effects *e)
{
    bool same_key = event_checkout_of(s, r)->key == event_hash_start(&c->key_hash);
    if (!same_key && r->state == RESERVATION_CONFIRMED)
        return refuse(e, ERROR_RESERVATION_CONFIRMED);
    e->replayed = true;
    e->payment_asked = true;
    e->reservation = r->id;
}

static void checkout_start(const event_state *s, const event_command *c, const event_record *r,
                           event_effects *e)
{
    event_fact *f = fact_add(e, EVENT_FACT_CHECKOUT_STARTED, c);
    f->payment = c->payment;
    f->key_hash = c->key_hash;
    f->body_hash = c->body_hash;
    f->amount_minor = event_record_total(s, r);
    memcpy(f->currency, s->config.currency, sizeof f->currency);
    f->buyer = r->buyer;
    f->expires_us = r->expires_us;
    e->payment_asked = true;
    e->reservation = r->id;
}

static void decide_checkout(const event_state *s, const event_command *c, event_effects *e)
{
    uint32_t n = own_reservation(s, c);
    if (n == EVENT_NOBODY)
        return refuse(e, ERROR_NOT_FOUND);
    if (checkout_key_reused(s, c, n))
        return refuse(e, ERROR_IDEMPOTENCY_KEY_REUSED);
    const event_record *r = event_record_at(s, n);
    if (r->state == RESERVATION_CONFIRMED)
        return checkout_replay(s, c, r, e);
    if (event_record_overdue(r, c->now_us))
        fact_ended(s, e, c, r, RESERVATION_EXPIRED);
    if (r->state != RESERVATION_HELD || e->facts_count > 0)
        return refuse(e, ERROR_RESERVATION_EXPIRED);
    const event_checkout *checkout = event_checkout_of(s, r);
    if (checkout != NULL && !event_payment_refused(s, &checkout->payment))
        return checkout_replay(s, c, r, e);
    if (s->config.status == EVENT_CANCELLED)
        return refuse(e, ERROR_EVENT_NOT_ON_SALE);
    if (event_payment_refused(s, &c->payment)) // a copy of an earlier command
        return refuse(e, ERROR_PAYMENT_NOT_OPEN);
    checkout_start(s, c, r, e);
}

static void payment_refuse(const event_command *c, event_effects *e, error_code reason)
{
    event_fact *f = fact_add(e, EVENT_FACT_PAYMENT_REFUSED, c);
    f->payment = c->payment;
    f->reason = reason;
}

static bool paid_by(const event_state *s, const event_record *r, const payment_id *payment)
{
    const event_checkout *checkout = event_checkout_of(s, r);
    return (r->state == RESERVATION_CONFIRMED || r->state == RESERVATION_REFUNDED) &&
           checkout != NULL && uuid_equal(&checkout->payment.u, &payment->u);
}

static void decide_payment(const event_state *s, const event_command *c, event_effects *e)
{
    e->payment_decided = true;
    e->reservation = c->reservation;
    if (event_payment_refused(s, &c->payment))
        return;
    uint32_t n = event_lookup_id(s, &c->reservation);
    if (n == EVENT_NOBODY)
        return payment_refuse(c, e, ERROR_NOT_FOUND);
    const event_record *r = event_record_at(s, n);
    if (paid_by(s, r, &c->payment)) {
        e->payment_confirmed = true;
        return;
    }
    if (r->state == RESERVATION_CONFIRMED)
        return payment_refuse(c, e, ERROR_RESERVATION_CONFIRMED);
    if (event_record_overdue(r, c->now_us))
        fact_ended(s, e, c, r, RESERVATION_EXPIRED);
    if (r->state != RESERVATION_HELD || e->facts_count > 0)
        return payment_refuse(c, e, ERROR_RESERVATION_EXPIRED);
    if (s->config.status == EVENT_CANCELLED)
        return payment_refuse(c, e, ERROR_EVENT_NOT_ON_SALE);
    if (c->amount_minor != event_record_total(s, r) ||
        memcmp(c->currency, s->config.currency, sizeof c->currency) != 0)
        return payment_refuse(c, e, ERROR_AMOUNT_MISMATCH);
    event_fact *f = fact_add(e, EVENT_FACT_CONFIRMED, c);
    f->payment = c->payment;
    f->buyer = r->buyer;
    seats_copy(s, r, f);
    e->payment_confirmed = true;
}

static void decide_release(const event_state *s, const event_command *c, event_effects *e)
{
    uint32_t n = event_lookup_id(s, &c->reservation);
    if (n == EVENT_NOBODY)
        return refuse(e, ERROR_NOT_FOUND);
    const event_record *r = event_record_at(s, n);
    e->reservation = r->id;
    if (r->state == RESERVATION_CONFIRMED && paid_by(s, r, &c->payment))
        fact_ended(s, e, c, r, RESERVATION_REFUNDED);
    else
        e->replayed = true;
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
    if (!event_has_room(s))
        return refuse(e, ERROR_OVERLOADED);
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
