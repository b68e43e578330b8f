// What money buys, and what goes back: the ladder of a captured payment, and refunds.
#include "actors/event/decide.h"
#include "schemas/bug.h"

static void payment_refuse(const event_command *c, event_effects *e, error_code reason)
{
    event_fact *f = event_fact_add(e, EVENT_FACT_PAYMENT_REFUSED, c);
    f->payment = c->payment;
    f->reason = reason;
}

static event_fact *payment_take(const event_state *s, const event_command *c, event_effects *e,
                                const event_record *r, payment_outcome outcome)
{
    event_fact *f = event_fact_add(e, EVENT_FACT_CONFIRMED, c);
    f->payment = c->payment;
    f->buyer = r->buyer;
    f->outcome = outcome;
    f->fee_bp = s->config.fee_bp;
    f->tax_bp = s->config.tax_bp;
    event_fact_seats(s, r, f);
    e->payment_confirmed = true;
    return f;
}

bool event_paid_by(const event_state *s, const event_record *r, const payment_id *payment)
{
    const event_checkout *checkout = event_checkout_of(s, r);
    return (r->state == RESERVATION_CONFIRMED || r->state == RESERVATION_REFUNDED) &&
           checkout != NULL && uuid_equal(&checkout->payment.u, &payment->u);
}

// Its own seats count as free: an overdue hold is nobody's any more.
static bool seats_still_free(const event_state *s, const event_command *c, const event_record *r)
{
    const event_place *places = event_places(s, r);
    for (uint32_t i = 0; i < r->seats_count; i++)
        if (!event_seat_free(s, places[i].seat, c->now_us))
            return false;
    return true;
}

// Captured after the deadline: the lower rungs of the ladder.
static void payment_late(const event_state *s, const event_command *c, event_effects *e,
                         const event_record *r)
{
    uint32_t seats[SEATS_PER_RESERVATION_MAX];
    // What may be forgotten at any time cannot come back to life.
    if (!event_record_keeps_keys(r, c->now_us))
        return payment_refuse(c, e, ERROR_RESERVATION_EXPIRED);
    if (seats_still_free(s, c, r) || bug_on(BUG_LATE_ANY)) {
        event_fact own = {.seats_count = 0};
        event_fact_seats(s, r, &own);
        if (r->state == RESERVATION_EXPIRED)
            event_expire_owners(s, c, own.seats, own.seats_count, e);
        payment_take(s, c, e, r, PAYMENT_SAME_SEATS);
    } else if (r->other_seats && event_seats_beside(s, r, seats)) {
        event_fact *f = payment_take(s, c, e, r, PAYMENT_OTHER_SEATS);
        memcpy(f->seats, seats, r->seats_count * sizeof *seats);
    } else {
        payment_refuse(c, e, ERROR_SEATS_UNAVAILABLE);
    }
}

static bool amount_right(const event_state *s, const event_command *c, const event_record *r)
{
    return c->amount_minor == event_record_total(s, r) &&
           memcmp(c->currency, s->config.currency, sizeof c->currency) == 0;
}

void event_decide_payment(const event_state *s, const event_command *c, event_effects *e)
{
    e->payment_decided = true;
    e->reservation = c->reservation;
    if (event_payment_refused(s, &c->payment))
        return;
    uint32_t n = event_lookup_id(s, &c->reservation);
    if (n == EVENT_NOBODY)
        return payment_refuse(c, e, ERROR_NOT_FOUND);
    const event_record *r = event_record_at(s, n);
    if (event_paid_by(s, r, &c->payment)) {
        e->payment_confirmed = true;
        return;
    }
    if (r->state == RESERVATION_CONFIRMED)
        return payment_refuse(c, e, ERROR_RESERVATION_CONFIRMED);
    bool overdue = event_record_overdue(r, c->now_us);
    if (overdue) {
        event_fact *f = event_fact_ended(s, e, c, r, RESERVATION_EXPIRED);
        if (uuid_equal(&f->payment.u, &c->payment.u))
            f->payment = (payment_id){0}; // it is captured: there is nothing to give up
    }
    if (r->state != RESERVATION_HELD && r->state != RESERVATION_EXPIRED)
        return payment_refuse(c, e, ERROR_RESERVATION_EXPIRED);
    if (s->config.status == EVENT_CANCELLED)
        return payment_refuse(c, e, ERROR_EVENT_CANCELLED);
    if (!amount_right(s, c, r))
        return payment_refuse(c, e, ERROR_AMOUNT_MISMATCH);
    if (overdue || r->state == RESERVATION_EXPIRED)
        payment_late(s, c, e, r);
    else
        payment_take(s, c, e, r, PAYMENT_AS_HELD);
}

static void fact_refunded(const event_state *s, const event_command *c, event_effects *e,
                          const event_record *r, int64_t refund_minor)
{
    event_fact *f = event_fact_ended(s, e, c, r, RESERVATION_REFUNDED);
    f->payment = event_checkout_of(s, r)->payment;
    f->refund_minor = refund_minor;
    f->reason =
        s->config.status == EVENT_CANCELLED ? ERROR_EVENT_CANCELLED : ERROR_RESERVATION_CONFIRMED;
}

// After a whole refund that nobody here asked for.
void event_decide_release(const event_state *s, const event_command *c, event_effects *e)
{
    uint32_t n = event_lookup_id(s, &c->reservation);
    if (n == EVENT_NOBODY)
        return event_refuse(e, ERROR_NOT_FOUND);
    const event_record *r = event_record_at(s, n);
    e->reservation = r->id;
    if (r->state == RESERVATION_CONFIRMED && event_paid_by(s, r, &c->payment))
        fact_refunded(s, c, e, r, event_record_total(s, r));
    else
        e->replayed = true;
}

// What is not paid is cancelled as ever, when nothing was promised for it.
void event_decide_cancel_confirmed(const event_state *s, const event_command *c, event_effects *e)
{
    uint32_t n = event_own_reservation(s, c);
    if (n == EVENT_NOBODY)
        return event_refuse(e, ERROR_NOT_FOUND);
    const event_record *r = event_record_at(s, n);
    if (r->state != RESERVATION_CONFIRMED && r->state != RESERVATION_REFUNDED &&
        c->amount_minor == 0)
        return event_decide_cancel(s, c, e);
    e->reservation = r->id;
    if (r->state == RESERVATION_REFUNDED) {
        e->replayed = true;
        return;
    }
    event_reservation whole = {.state = (reservation_state)r->state,
                               .total_minor = event_record_total(s, r)};
    int64_t due_minor = event_refund_now(s, &whole, c->now_us);
    if (c->amount_minor != due_minor)
        return event_refuse(e, ERROR_REFUND_CHANGED);
    fact_refunded(s, c, e, r, due_minor);
}

void event_decide_refund_all(const event_state *s, const event_command *c, event_effects *e)
{
    uint32_t wanted = c->limit < EVENT_FACTS_MAX ? c->limit : EVENT_FACTS_MAX;
    if (s->config.status != EVENT_CANCELLED)
        return event_refuse(e, ERROR_EVENT_NOT_CANCELLED);
    e->more = c->limit > wanted && s->confirmed > wanted;
    if (wanted > s->confirmed)
        wanted = s->confirmed;
    for (uint32_t seat = 0; seat < s->seats.count && e->facts_count < wanted; seat++) {
        if (s->owner[seat] == EVENT_NOBODY)
            continue;
        const event_record *r = event_record_at(s, s->owner[seat]);
        // Each is met once, at the first of its seats.
        if (r->state == RESERVATION_CONFIRMED && event_places(s, r)->seat == seat)
            fact_refunded(s, c, e, r, event_record_total(s, r));
    }
}
