#include "actors/payment/state.h"

// The one table of what may follow what. YES: always; NEXT: only as a further refund attempt.
// Reports may overtake each other, so every state can be reached from all below it; only our own
// acts (confirmed, and created) have one way in.
//
//   from \ to      open proc decl canc capt conf due  sent done fail
//   created         yes  yes  yes  yes  yes  .    yes  yes  yes  yes
//   open            .    yes  yes  yes  yes  .    yes  yes  yes  yes
//   processing      .    .    yes  yes  yes  .    yes  yes  yes  yes
//   declined        .    .    .    yes  yes  .    yes  yes  yes  yes
//   cancelled       .    .    .    .    yes  .    yes  yes  yes  yes   a late success
//   captured        .    .    .    .    .    yes  yes  yes  yes  yes
//   confirmed       .    .    .    .    .    .    yes  yes  yes  yes
//   refund_due      .    .    .    .    .    .    .    yes  yes  yes
//   refunding       .    .    .    .    .    .    .    next yes  yes
//   refunded        .    .    .    .    .    .    .    next next yes   banks send refunds back
//   refund_failed   .    .    .    .    .    .    next next next next  by us, or an operator
typedef enum allowed { NO, YES, NEXT } allowed;

#define REFUND_REPORTED                                                                            \
    [PAYMENT_REFUNDING] = YES, [PAYMENT_REFUNDED] = YES, [PAYMENT_REFUND_FAILED] = YES
#define CAPTURE_REPORTED [PAYMENT_CAPTURED] = YES, [PAYMENT_REFUND_DUE] = YES, REFUND_REPORTED

static const allowed transitions[PAYMENT_STATES_END][PAYMENT_STATES_END] = {
    [PAYMENT_NONE] = {[PAYMENT_CREATED] = YES},
    [PAYMENT_CREATED] = {[PAYMENT_OPEN] = YES,
                         [PAYMENT_PROCESSING] = YES,
                         [PAYMENT_DECLINED] = YES,
                         [PAYMENT_CANCELLED] = YES,
                         CAPTURE_REPORTED},
    [PAYMENT_OPEN] = {[PAYMENT_PROCESSING] = YES,
                      [PAYMENT_DECLINED] = YES,
                      [PAYMENT_CANCELLED] = YES,
                      CAPTURE_REPORTED},
    [PAYMENT_PROCESSING] = {[PAYMENT_DECLINED] = YES, [PAYMENT_CANCELLED] = YES, CAPTURE_REPORTED},
    [PAYMENT_DECLINED] = {[PAYMENT_CANCELLED] = YES, CAPTURE_REPORTED},
    [PAYMENT_CANCELLED] = {CAPTURE_REPORTED},
    [PAYMENT_CAPTURED] = {[PAYMENT_CONFIRMED] = YES, [PAYMENT_REFUND_DUE] = YES, REFUND_REPORTED},
    [PAYMENT_CONFIRMED] = {[PAYMENT_REFUND_DUE] = YES, REFUND_REPORTED},
    [PAYMENT_REFUND_DUE] = {REFUND_REPORTED},
    [PAYMENT_REFUNDING] =
        {[PAYMENT_REFUNDING] = NEXT, [PAYMENT_REFUNDED] = YES, [PAYMENT_REFUND_FAILED] = YES},
    [PAYMENT_REFUNDED] =
        {[PAYMENT_REFUNDING] = NEXT, [PAYMENT_REFUNDED] = NEXT, [PAYMENT_REFUND_FAILED] = YES},
    [PAYMENT_REFUND_FAILED] = {[PAYMENT_REFUND_DUE] = NEXT,
                               [PAYMENT_REFUNDING] = NEXT,
                               [PAYMENT_REFUNDED] = NEXT,
                               [PAYMENT_REFUND_FAILED] = NEXT},
};

bool payment_may_become(payment_state from, payment_state to, bool refund_rises)
{
    assert(from < PAYMENT_STATES_END && to < PAYMENT_STATES_END);
    allowed a = transitions[from][to];
    return a == YES || (a == NEXT && refund_rises);
}

static void apply_created(payments *self, const payment_fact *f)
{
    payment *p = payment_add(self, &f->payment);
    p->state = PAYMENT_CREATED;
    p->event = f->event;
    p->reservation = f->reservation;
    p->buyer = f->buyer;
    p->amount_minor = f->amount_minor;
    text_copy(p->currency, f->currency);
    p->created_us = p->changed_us = f->at_us;
    payment_time_set(self, p, f->at_us);
}

// The first fact with captured money says how much and in which currency; the first of its refund
// says how much of it goes back. Neither changes any more.
static void money_move(payment *p, const payment_fact *f)
{
    if (f->state >= PAYMENT_CAPTURED && p->captured_minor == 0) {
        p->captured_minor = f->amount_minor;
        text_copy(p->currency, f->currency);
    }
    if (f->state == PAYMENT_CONFIRMED) {
        p->fee_bp = f->fee_bp;
        p->tax_bp = f->tax_bp;
    }
    if (f->state >= PAYMENT_REFUND_DUE && p->refund_minor == 0)
        p->refund_minor = f->refund_minor > 0 ? f->refund_minor : p->captured_minor;
    p->kept_minor = f->kept_minor;
    p->refunded_minor = f->state == PAYMENT_REFUNDED ? p->refund_minor : 0;
}

static void texts_fill(payment *p, const payment_fact *f)
{
    if (p->intent_id[0] == 0)
        text_copy(p->intent_id, f->intent_id);
    if (p->client_secret[0] == 0)
        text_copy(p->client_secret, f->client_secret);
    if (p->pay_url[0] == 0)
        text_copy(p->pay_url, f->pay_url);
    if (p->refund_id[0] == 0 || f->refund_number > p->refund_number)
        text_copy(p->refund_id, f->refund_id);
}

static void parked_remember(payments *self, const payment_fact *f)
{
    struct parked *parked = &self->parked[self->parked_next++ % PARKED_REMEMBERED];
    parked->payment = f->payment;
    text_copy(parked->intent_id, f->intent_id);
    text_copy(parked->refund_id, f->refund_id);
}

void payment_apply(payments *self, const payment_fact *f)
{
    payment *p = payment_slot(self, &f->payment);
    if (f->is_difference && p != NULL)
        p->is_absent = true;
    else if (f->state == PAYMENT_NONE)
        parked_remember(self, f);
    if (f->state == PAYMENT_NONE)
        return;
    if (f->state == PAYMENT_CREATED && p == NULL)
        return apply_created(self, f);
    assert(p != NULL);
    bool refund_rises = f->refund_number > p->refund_number;
    // Only an id became known, or a confirmed payment is kept.
    bool same = f->state == p->state && !refund_rises;
    assert(same || payment_may_become(p->state, f->state, refund_rises));
    texts_fill(p, f);
    p->changed_us = f->at_us;
    money_move(p, f);
    if (same)
        return;
    p->state = f->state;
    if (refund_rises)
        p->refund_number = f->refund_number;
    p->tries = 0;
    payment_time_set(self, p, f->at_us);
}
