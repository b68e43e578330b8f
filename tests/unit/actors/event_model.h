// The event actor said in the plainest way: a list of all reservations that ever were, looked
// through from the start for every question. Tests compare the real one with it. Include it in one
// source of a test program.
#ifndef CAVEA_TESTS_UNIT_ACTORS_EVENT_MODEL_H
#define CAVEA_TESTS_UNIT_ACTORS_EVENT_MODEL_H

#include "actors/event/event.h"

#include <assert.h>
#include <stdlib.h>

enum { MODEL_DAY_S = 24 * 3600 };

typedef struct model_reservation {
    event_reservation r;
    event_keys keys;
    bool has_checkout;
} model_reservation;

typedef struct model {
    event_config config;
    event_seats seats;
    model_reservation *list;
    uint32_t count, max;
    payment_id *refused;
    uint32_t refused_count;
} model;

// What the real one must say.
typedef struct model_answer {
    error_code refusal;
    bool replayed, payment_asked, payment_decided, payment_confirmed, more;
    reservation_id reservation;
    uint32_t ended_count, conflicts_count; // in no order
    reservation_id ended[EVENT_FACTS_MAX];
    reservation_state ended_as;
    uint32_t conflicts[SEATS_PER_RESERVATION_MAX];
    event_fact_type decision;                  // the fact besides the ended ones, 0: none
    payment_outcome outcome;                   // of a payment that was taken
    uint32_t seats[SEATS_PER_RESERVATION_MAX]; // which it has then
    int64_t expires_us;                        // of a checkout
    payment_id payment;                        // which it is for
    int64_t refund_minor;                      // of each that ended as refunded
} model_answer;

static bool model_live(const model_reservation *m)
{
    return m->r.state == RESERVATION_HELD || m->r.state == RESERVATION_CONFIRMED;
}

static bool model_overdue(const model_reservation *m, int64_t now_us)
{
    return m->r.state == RESERVATION_HELD && m->r.expires_us <= now_us;
}

static bool model_keeps_keys(const model_reservation *m, int64_t now_us)
{
    return now_us < m->r.expires_us + (int64_t)MODEL_DAY_S * 1000000;
}

// May be forgotten by the real one: a test does not ask about it any more.
static bool model_old(const model_reservation *m, int64_t now_us)
{
    return !model_live(m) && !model_keeps_keys(m, now_us);
}

static model_reservation *model_find(const model *m, const reservation_id *id)
{
    for (uint32_t i = 0; i < m->count; i++)
        if (uuid_equal(&m->list[i].r.id.u, &id->u))
            return &m->list[i];
    return NULL;
}

static model_reservation *model_owner(const model *m, uint32_t seat)
{
    for (uint32_t i = 0; i < m->count; i++)
        for (uint32_t k = 0; k < m->list[i].r.seats_count && model_live(&m->list[i]); k++)
            if (m->list[i].r.seats[k] == seat)
                return &m->list[i];
    return NULL;
}

static bool model_refused(const model *m, const payment_id *payment)
{
    for (uint32_t i = 0; i < m->refused_count; i++)
        if (uuid_equal(&m->refused[i].u, &payment->u))
            return true;
    return false;
}

static void model_end(model_answer *a, const model_reservation *m, reservation_state as)
{
    for (uint32_t i = 0; i < a->ended_count; i++)
        if (uuid_equal(&a->ended[i].u, &m->r.id.u))
            return;
    a->ended[a->ended_count++] = m->r.id;
    a->ended_as = as;
}

static bool model_blocked(const model *m, uint32_t seat)
{
    return m->seats.flags[seat] & SEAT_FLAG_BLOCKED;
}

static bool model_on_sale(const model *m, int64_t now_us)
{
    if (now_us >= m->config.starts_us)
        return false;
    return m->config.status == EVENT_ON_SALE ||
           (m->config.status == EVENT_SCHEDULED && now_us >= m->config.sale_starts_us);
}

static const model_reservation *model_same_key(const model *m, const event_command *c)
{
    for (uint32_t i = 0; i < m->count; i++) {
        const model_reservation *old = &m->list[i];
        if (uuid_equal(&old->r.id.u, &c->reservation.u))
            return old;
        if (uuid_equal(&old->r.buyer.u, &c->buyer.u) && model_keeps_keys(old, c->now_us) &&
            memcmp(&old->keys.key_hash, &c->key_hash, sizeof c->key_hash) == 0)
            return old;
    }
    return NULL;
}

static void model_reserve(const model *m, const event_command *c, model_answer *a)
{
    const model_reservation *old = model_same_key(m, c);
    if (old != NULL && memcmp(&old->keys.body_hash, &c->body_hash, sizeof c->body_hash) != 0) {
        a->refusal = ERROR_IDEMPOTENCY_KEY_REUSED;
        return;
    }
    if (old != NULL) {
        a->replayed = true;
        a->reservation = old->r.id;
        if (model_overdue(old, c->now_us))
            model_end(a, old, RESERVATION_EXPIRED);
        return;
    }
    if (c->seats_count == 0)
        a->refusal = ERROR_MALFORMED;
    for (uint32_t i = 0; i < c->seats_count && a->refusal == ERROR_NONE; i++) {
        if (c->seats[i] >= m->seats.count)
            a->refusal = ERROR_SEAT_UNKNOWN;
        for (uint32_t k = 0; k < i && a->refusal == ERROR_NONE; k++)
            if (c->seats[k] == c->seats[i])
                a->refusal = ERROR_SEAT_REPEATED;
    }
    if (a->refusal == ERROR_NONE && c->seen)
        a->refusal = ERROR_SEATS_UNAVAILABLE;
    else if (a->refusal == ERROR_NONE && !model_on_sale(m, c->now_us))
        a->refusal = ERROR_EVENT_NOT_ON_SALE;
    if (a->refusal != ERROR_NONE)
        return;
    for (uint32_t i = 0; i < c->seats_count; i++) {
        const model_reservation *owner = model_owner(m, c->seats[i]);
        if (model_blocked(m, c->seats[i]) || (owner != NULL && !model_overdue(owner, c->now_us)))
            a->conflicts[a->conflicts_count++] = c->seats[i];
        else if (owner != NULL)
            model_end(a, owner, RESERVATION_EXPIRED);
    }
    if (a->conflicts_count > 0) {
        a->refusal = ERROR_SEATS_UNAVAILABLE;
        a->ended_count = 0;
        return;
    }
    a->decision = EVENT_FACT_HELD;
    a->reservation = c->reservation;
}

static const model_reservation *model_own(const model *m, const event_command *c, model_answer *a)
{
    const model_reservation *own = model_find(m, &c->reservation);
    if (own != NULL && uuid_equal(&own->r.buyer.u, &c->buyer.u))
        return own;
    a->refusal = ERROR_NOT_FOUND;
    return NULL;
}

static void model_cancel(const model *m, const event_command *c, model_answer *a)
{
    const model_reservation *own = model_own(m, c, a);
    if (own == NULL)
        return;
    if (own->r.state == RESERVATION_CONFIRMED) {
        a->refusal = ERROR_RESERVATION_CONFIRMED;
        return;
    }
    a->reservation = own->r.id;
    a->replayed = own->r.state != RESERVATION_HELD;
    if (own->r.state == RESERVATION_HELD)
        model_end(a, own,
                  model_overdue(own, c->now_us) ? RESERVATION_EXPIRED : RESERVATION_CANCELLED);
}

static bool model_checkout_key_used(const model *m, const event_command *c,
                                    const model_reservation *own)
{
    for (uint32_t i = 0; i < m->count; i++) {
        const model_reservation *old = &m->list[i];
        if (!old->has_checkout || !uuid_equal(&old->r.buyer.u, &c->buyer.u) ||
            memcmp(&old->keys.checkout_key, &c->key_hash, sizeof c->key_hash) != 0 ||
            !model_keeps_keys(old, c->now_us))
            continue;
        if (old != own || memcmp(&old->keys.checkout_body, &c->body_hash, 16) != 0)
            return true;
    }
    return false;
}

static void model_checkout(const model *m, const event_command *c, model_answer *a)
{
    const model_reservation *own = model_own(m, c, a);
    if (own == NULL)
        return;
    bool same_key =
        own->has_checkout && memcmp(&own->keys.checkout_key, &c->key_hash, sizeof c->key_hash) == 0;
    bool paying = own->has_checkout && !model_refused(m, &own->r.payment);
    if (model_checkout_key_used(m, c, own)) {
        a->refusal = ERROR_IDEMPOTENCY_KEY_REUSED;
    } else if (own->r.state == RESERVATION_CONFIRMED && !same_key) {
        a->refusal = ERROR_RESERVATION_CONFIRMED;
    } else if (model_overdue(own, c->now_us)) {
        model_end(a, own, RESERVATION_EXPIRED);
        a->refusal = ERROR_RESERVATION_EXPIRED;
    } else if (!model_live(own)) {
        a->refusal = ERROR_RESERVATION_EXPIRED;
    } else if (own->r.state == RESERVATION_CONFIRMED) {
        a->replayed = true;
    } else if (m->config.status == EVENT_CANCELLED) {
        a->refusal = ERROR_EVENT_CANCELLED;
    } else if (paying && (c->seen || c->other_seats == own->r.other_seats)) {
        a->replayed = true;
    } else if (paying) {
        a->decision = EVENT_FACT_CHECKOUT_STARTED;
        a->payment = own->r.payment;
    } else if (model_refused(m, &c->payment)) {
        a->refusal = ERROR_PAYMENT_NOT_OPEN;
    } else {
        a->decision = EVENT_FACT_CHECKOUT_STARTED;
        a->payment = c->payment;
    }
    if (a->refusal != ERROR_NONE)
        return;
    a->payment_asked = true;
    a->reservation = own->r.id;
    a->expires_us = own->r.expires_us;
    int64_t longer_us = c->now_us + m->config.payment_extension_us;
    int64_t last_us = uuid_unix_ms(&own->r.id.u) * 1000 + INT64_C(1200000000);
    if (longer_us > last_us)
        longer_us = last_us;
    if (!own->has_checkout && longer_us > a->expires_us)
        a->expires_us = longer_us;
}

static void model_release(const model *m, const event_command *c, model_answer *a)
{
    const model_reservation *r = model_find(m, &c->reservation);
    if (r == NULL) {
        a->refusal = ERROR_NOT_FOUND;
        return;
    }
    a->reservation = r->r.id;
    a->replayed =
        r->r.state != RESERVATION_CONFIRMED || !uuid_equal(&r->r.payment.u, &c->payment.u);
    if (!a->replayed)
        model_end(a, r, RESERVATION_REFUNDED);
    a->refund_minor = -1;
}

static void model_status(const model *m, const event_command *c, model_answer *a)
{
    event_status from = m->config.status, to = c->status;
    if (from == to)
        return;
    if (from == EVENT_CANCELLED || to == EVENT_SCHEDULED ||
        (from == EVENT_CLOSED && to == EVENT_PAUSED))
        a->refusal = ERROR_STATUS_UNREACHABLE;
    else
        a->decision = EVENT_FACT_STATUS_CHANGED;
}

#endif
