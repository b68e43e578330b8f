// What money does in the plain model of event_model.h, and the model as a whole: what a command is
// answered, and what that changes. Include it in one source of a test program.
#ifndef CAVEA_TESTS_UNIT_ACTORS_EVENT_MODEL_MONEY_H
#define CAVEA_TESTS_UNIT_ACTORS_EVENT_MODEL_MONEY_H

#include "tests/unit/actors/event_model.h"

// Nobody has the seat, or nobody should.
static bool model_free(const model *m, uint32_t seat, int64_t now_us)
{
    const model_reservation *owner = model_owner(m, seat);
    return !model_blocked(m, seat) && (owner == NULL || model_overdue(owner, now_us));
}

// What `count` seats from `start` on are worth to who had `wanted`: small is good, -1 nothing. The
// category first, then the section, then the way.
static int64_t model_rank(const model *m, uint32_t start, uint32_t count, uint32_t wanted,
                          int64_t paid_minor)
{
    uint8_t category = m->seats.category[start], had = m->seats.category[wanted];
    uint32_t seat = start;
    for (uint32_t i = 0; i < count; i++) {
        if (seat == UINT32_MAX || m->seats.category[seat] != category ||
            m->seats.flags[seat] != 0 || model_owner(m, seat) != NULL)
            return -1;
        seat = m->seats.right[seat];
    }
    int64_t price_minor = category == had ? 0 : m->config.price_minor[category];
    if (category != had && price_minor < paid_minor)
        return -1;
    bool near = category == had && m->seats.section[start] == m->seats.section[wanted];
    uint32_t way = start < wanted ? 2 * (wanted - start) : 2 * (start - wanted) + 1;
    return price_minor << 32 | (int64_t)!near << 31 | way;
}

static bool model_beside(const model *m, const event_reservation *r, uint32_t *ret_seats)
{
    uint32_t dearest = 0;
    int64_t best = -1;
    uint32_t start = UINT32_MAX;
    for (uint32_t i = 0; i < r->seats_count; i++) {
        if (m->seats.flags[r->seats[i]] != 0)
            return false;
        if (r->price_minor[i] > r->price_minor[dearest])
            dearest = i;
    }
    for (uint32_t seat = 0; seat < m->seats.count; seat++) {
        int64_t rank =
            model_rank(m, seat, r->seats_count, r->seats[dearest], r->price_minor[dearest]);
        if (rank >= 0 && (best < 0 || rank < best)) {
            best = rank;
            start = seat;
        }
    }
    for (uint32_t i = 0; i < r->seats_count && start != UINT32_MAX; i++) {
        ret_seats[i] = start;
        start = m->seats.right[start];
    }
    return best >= 0;
}

// After the deadline; r has ended, or is about to.
static void model_late(const model *m, const event_command *c, const model_reservation *r,
                       model_answer *a)
{
    bool same = true;
    for (uint32_t i = 0; i < r->r.seats_count; i++)
        same = same && model_free(m, r->r.seats[i], c->now_us);
    if (!model_keeps_keys(r, c->now_us))
        return;
    if (same) {
        a->outcome = PAYMENT_SAME_SEATS;
        memcpy(a->seats, r->r.seats, sizeof a->seats);
        for (uint32_t i = 0; i < r->r.seats_count; i++)
            if (model_owner(m, r->r.seats[i]) != NULL)
                model_end(a, model_owner(m, r->r.seats[i]), RESERVATION_EXPIRED);
    } else if (r->r.other_seats && model_beside(m, &r->r, a->seats)) {
        a->outcome = PAYMENT_OTHER_SEATS;
    }
}

static void model_captured(const model *m, const event_command *c, model_answer *a)
{
    const model_reservation *r = model_find(m, &c->reservation);
    a->payment_decided = true;
    a->reservation = c->reservation;
    if (model_refused(m, &c->payment))
        return;
    if (r != NULL && uuid_equal(&r->r.payment.u, &c->payment.u) &&
        (r->r.state == RESERVATION_CONFIRMED || r->r.state == RESERVATION_REFUNDED)) {
        a->payment_confirmed = true;
        return;
    }
    bool late = r != NULL && (model_overdue(r, c->now_us) || r->r.state == RESERVATION_EXPIRED);
    bool right = r != NULL && m->config.status != EVENT_CANCELLED &&
                 c->amount_minor == r->r.total_minor &&
                 strcmp(c->currency, m->config.currency) == 0;
    if (r != NULL && model_overdue(r, c->now_us))
        model_end(a, r, RESERVATION_EXPIRED);
    if (right && late) {
        model_late(m, c, r, a);
    } else if (right && r->r.state == RESERVATION_HELD) {
        a->outcome = PAYMENT_AS_HELD;
        memcpy(a->seats, r->r.seats, sizeof a->seats);
    }
    a->payment_confirmed = a->outcome != 0;
    a->decision = a->payment_confirmed ? EVENT_FACT_CONFIRMED : EVENT_FACT_PAYMENT_REFUSED;
}

static int64_t model_refund_now(const model *m, const event_reservation *r, int64_t now_us)
{
    int64_t before_s = (m->config.starts_us - now_us) / 1000000;
    if (r->state != RESERVATION_CONFIRMED)
        return 0;
    if (m->config.status == EVENT_CANCELLED || before_s >= MODEL_DAY_S)
        return r->total_minor;
    return before_s >= 7200 ? (r->total_minor + 1) / 2 : 0;
}

static void model_give_back(const model *m, const event_command *c, model_answer *a)
{
    const model_reservation *own = model_own(m, c, a);
    if (own == NULL)
        return;
    bool paid = own->r.state == RESERVATION_CONFIRMED;
    if (!paid && own->r.state != RESERVATION_REFUNDED && c->amount_minor == 0) {
        model_cancel(m, c, a);
        return;
    }
    a->reservation = own->r.id;
    a->replayed = own->r.state == RESERVATION_REFUNDED;
    if (a->replayed)
        return;
    if (c->amount_minor != model_refund_now(m, &own->r, c->now_us)) {
        a->refusal = ERROR_REFUND_CHANGED;
        return;
    }
    model_end(a, own, RESERVATION_REFUNDED);
    a->refund_minor = c->amount_minor;
}

static uint32_t model_confirmed(const model *m)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->count; i++)
        n += m->list[i].r.state == RESERVATION_CONFIRMED;
    return n;
}

// In the order of their first seats.
static void model_refund_all(const model *m, const event_command *c, model_answer *a)
{
    if (m->config.status != EVENT_CANCELLED) {
        a->refusal = ERROR_EVENT_NOT_CANCELLED;
        return;
    }
    for (uint32_t seat = 0; seat < m->seats.count; seat++) {
        const model_reservation *r = model_owner(m, seat);
        if (r == NULL || r->r.state != RESERVATION_CONFIRMED || r->r.seats[0] != seat ||
            a->ended_count == c->limit || a->ended_count == EVENT_FACTS_MAX)
            continue;
        model_end(a, r, RESERVATION_REFUNDED);
    }
    a->more = model_confirmed(m) > a->ended_count && c->limit > EVENT_FACTS_MAX;
    a->refund_minor = -1; // each its whole price
}

static void model_decide(const model *m, const event_command *c, model_answer *ret_answer)
{
    *ret_answer = (model_answer){.refusal = ERROR_NONE};
    const model_reservation *r = model_find(m, &c->reservation);
    switch (c->type) {
    case EVENT_COMMAND_RESERVE:
        model_reserve(m, c, ret_answer);
        return;
    case EVENT_COMMAND_CANCEL:
        model_cancel(m, c, ret_answer);
        return;
    case EVENT_COMMAND_EXPIRE:
        if (r != NULL && model_overdue(r, c->now_us))
            model_end(ret_answer, r, RESERVATION_EXPIRED);
        return;
    case EVENT_COMMAND_CHECKOUT:
        model_checkout(m, c, ret_answer);
        return;
    case EVENT_COMMAND_PAYMENT_CAPTURED:
        model_captured(m, c, ret_answer);
        return;
    case EVENT_COMMAND_RELEASE:
        model_release(m, c, ret_answer);
        return;
    case EVENT_COMMAND_STATUS_SET:
        model_status(m, c, ret_answer);
        return;
    case EVENT_COMMAND_CANCEL_CONFIRMED:
        model_give_back(m, c, ret_answer);
        return;
    case EVENT_COMMAND_REFUND_ALL:
        model_refund_all(m, c, ret_answer);
        return;
    }
}

static void model_hold(model *m, const event_command *c)
{
    if (m->count == m->max) {
        m->max = 2 * m->max + 64;
        m->list = realloc(m->list, m->max * sizeof *m->list);
        assert(m->list != NULL);
    }
    model_reservation *new = &m->list[m->count++];
    *new = (model_reservation){.keys = {.key_hash = c->key_hash, .body_hash = c->body_hash}};
    new->r.id = c->reservation;
    new->r.buyer = c->buyer;
    new->r.expires_us = c->now_us + m->config.hold_us;
    new->r.state = RESERVATION_HELD;
    new->r.seats_count = c->seats_count;
    for (uint32_t i = 0; i < c->seats_count; i++) {
        new->r.seats[i] = c->seats[i];
        new->r.price_minor[i] = m->config.price_minor[m->seats.category[c->seats[i]]];
        new->r.total_minor += new->r.price_minor[i];
    }
}

static void model_refuse(model *m, const event_command *c, model_reservation *r)
{
    m->refused = realloc(m->refused, (m->refused_count + 1) * sizeof *m->refused);
    assert(m->refused != NULL);
    m->refused[m->refused_count++] = c->payment;
    if (r != NULL && r->r.state != RESERVATION_CONFIRMED && r->r.state != RESERVATION_REFUNDED)
        r->r.outcome = PAYMENT_SENT_BACK;
}

// What the answer changes.
static void model_apply(model *m, const event_command *c, const model_answer *a)
{
    for (uint32_t i = 0; i < a->ended_count; i++) {
        event_reservation *ended = &model_find(m, &a->ended[i])->r;
        ended->state = a->ended_as;
        if (a->ended_as == RESERVATION_REFUNDED)
            ended->refund_minor = a->refund_minor < 0 ? ended->total_minor : a->refund_minor;
    }
    model_reservation *r = model_find(m, &c->reservation);
    if (a->decision == EVENT_FACT_HELD) {
        model_hold(m, c);
    } else if (a->decision == EVENT_FACT_CHECKOUT_STARTED) {
        r->has_checkout = true;
        r->r.payment = a->payment;
        r->r.expires_us = a->expires_us;
        r->r.other_seats = c->other_seats;
        r->keys.checkout_key = c->key_hash;
        r->keys.checkout_body = c->body_hash;
    } else if (a->decision == EVENT_FACT_CONFIRMED) {
        r->r.state = RESERVATION_CONFIRMED;
        r->r.payment = c->payment;
        r->r.outcome = a->outcome;
        memcpy(r->r.seats, a->seats, r->r.seats_count * sizeof *a->seats);
    } else if (a->decision == EVENT_FACT_PAYMENT_REFUSED) {
        model_refuse(m, c, r);
    } else if (a->decision == EVENT_FACT_STATUS_CHANGED) {
        m->config.status = c->status;
    }
}

static void model_done(model *m)
{
    free(m->list);
    free(m->refused);
}

#endif
