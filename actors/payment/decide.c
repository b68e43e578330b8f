#include "actors/payment/state.h"
#include "schemas/bug.h"

static void refuse(payment_effects *e, error_code code)
{
    e->refusal = code;
}

payment_fact *payment_fact_add(payment_effects *e, const payment *p, int64_t now_us,
                               payment_state state)
{
    assert(e->facts_count < PAYMENT_FACTS_MAX);
    payment_fact *f = &e->facts[e->facts_count++];
    *f = (payment_fact){
        .state = state,
        .at_us = now_us,
        .payment = p->id,
        .reservation = p->reservation,
        .event = p->event,
        .buyer = p->buyer,
        .amount_minor = p->captured_minor > 0 ? p->captured_minor : p->amount_minor,
        .refund_minor = p->refund_minor,
        .kept_minor = p->kept_minor,
        .fee_bp = p->fee_bp,
        .tax_bp = p->tax_bp,
        .refund_number = p->refund_number,
    };
    text_copy(f->currency, p->currency);
    text_copy(f->intent_id, p->intent_id);
    text_copy(f->refund_id, p->refund_id);
    return f;
}

static void start_new(const payment_command *c, payment_effects *e)
{
    payment p = {
        .id = c->payment,
        .reservation = c->reservation,
        .event = c->event,
        .buyer = c->buyer,
        .amount_minor = c->amount_minor,
    };
    if (c->amount_minor < 0 || c->currency[0] == 0)
        return refuse(e, ERROR_MALFORMED);
    text_copy(p.currency, c->currency);
    payment_fact_add(e, &p, c->now_us, PAYMENT_CREATED);
    e->wait = true;
    e->act = PAYMENT_ACT_INTENT_CREATE;
    if (c->amount_minor == 0) { // nothing to pay: no provider needs to know
        payment_fact_add(e, &p, c->now_us, PAYMENT_CAPTURED);
        e->act = PAYMENT_ACT_TELL_EVENT;
    }
}

static void decide_start(const payments *self, const payment_command *c, payment_effects *e)
{
    const payment *p = payment_find(self, &c->payment);
    if (p == NULL)
        return start_new(c, e);
    if (!uuid_equal(&p->reservation.u, &c->reservation.u))
        return refuse(e, ERROR_MALFORMED);
    e->wait = true;
    // Created: its time brings the call again by itself. Beyond it somebody else told us of the
    // intent, and the answer with its secret may be lost.
    if (!payment_answerable(p) && p->intent_id[0] != 0)
        e->act = PAYMENT_ACT_INTENT_FETCH;
}

// An attempt under the next number: nothing of the one before it is its own.
static payment_fact *refund_fact(payment_effects *e, const payment *p, int64_t now_us,
                                 payment_state state, int64_t refund_minor)
{
    payment_fact *f = payment_fact_add(e, p, now_us, state);
    f->refund_number = p->refund_number + 1;
    f->refund_minor = refund_minor;
    memset(f->refund_id, 0, sizeof f->refund_id);
    return f;
}

static void decide_decided(const payments *self, const payment_command *c, payment_effects *e)
{
    const payment *p = payment_find(self, &c->payment);
    if (p == NULL)
        return refuse(e, ERROR_NOT_FOUND);
    if (c->confirmed && p->state > PAYMENT_CONFIRMED && p->kept_minor == 0)
        e->act = PAYMENT_ACT_TELL_RELEASE; // it went back meanwhile: no seat is sold for it
    if (p->state != PAYMENT_CAPTURED)
        return; // decided before, or the money moved otherwise meanwhile
    if (c->confirmed) {
        payment_fact *f = payment_fact_add(e, p, c->now_us, PAYMENT_CONFIRMED);
        f->fee_bp = c->fee_bp;
        f->tax_bp = c->tax_bp;
        return;
    }
    if (bug_on(BUG_REFUND_FORGOTTEN))
        return;
    // Why is in the event actor's fact.
    refund_fact(e, p, c->now_us, PAYMENT_REFUND_DUE, p->captured_minor);
    if (p->amount_minor > 0) {
        e->act = PAYMENT_ACT_REFUND_CREATE;
        return;
    }
    refund_fact(e, p, c->now_us, PAYMENT_REFUNDED, 0);
}

// The event actor asks only for what it confirmed: a request that overtook the decision says it.
static void decide_refund(const payments *self, const payment_command *c, payment_effects *e)
{
    const payment *p = payment_find(self, &c->payment);
    if (p == NULL)
        return refuse(e, ERROR_NOT_FOUND);
    if (p->state < PAYMENT_CAPTURED)
        return refuse(e, ERROR_PAYMENT_NOT_OPEN);
    if (p->state > PAYMENT_CONFIRMED || p->kept_minor > 0)
        return; // asked for before, or it went back otherwise
    if (c->refund_minor > p->captured_minor)
        return refuse(e, ERROR_AMOUNT_MISMATCH);
    if (c->refund_minor == 0) {
        if (p->state == PAYMENT_CAPTURED || p->captured_minor > 0)
            payment_fact_add(e, p, c->now_us, PAYMENT_CONFIRMED)->kept_minor = p->captured_minor;
        return;
    }
    payment_fact *f = refund_fact(e, p, c->now_us, PAYMENT_REFUND_DUE, c->refund_minor);
    f->kept_minor = p->captured_minor - c->refund_minor;
    f->reason = c->reason;
    e->act = PAYMENT_ACT_REFUND_CREATE;
}

// Under the next number, whose outcome is known to nobody yet. A due refund that is not the first
// is such a one: the answer was lost, and it is asked again.
static void decide_retry(const payments *self, const payment_command *c, payment_effects *e)
{
    const payment *p = payment_find(self, &c->payment);
    if (p == NULL)
        return refuse(e, ERROR_NOT_FOUND);
    if (p->state == PAYMENT_REFUND_DUE && p->refund_number > 1)
        return;
    if (p->state != PAYMENT_REFUND_FAILED || p->refund_number >= PAYMENT_REFUND_NUMBER_MAX)
        return refuse(e, ERROR_REFUND_NOT_FAILED);
    refund_fact(e, p, c->now_us, PAYMENT_REFUND_DUE, p->refund_minor);
    e->act = PAYMENT_ACT_REFUND_CREATE;
}

// Not while it is tried again by itself: the money would go back twice.
static void decide_resolve(const payments *self, const payment_command *c, payment_effects *e)
{
    const payment *p = payment_find(self, &c->payment);
    if (p == NULL)
        return refuse(e, ERROR_NOT_FOUND);
    if (p->state == PAYMENT_REFUNDED && strcmp(p->refund_id, PAYMENT_REFUND_BY_HAND) == 0)
        return; // the answer was lost, and it is asked again
    if (p->state != PAYMENT_REFUND_FAILED || p->refund_number < PAYMENT_REFUND_TRIES_MAX)
        return refuse(e, ERROR_REFUND_NOT_FAILED);
    payment_fact *f = refund_fact(e, p, c->now_us, PAYMENT_REFUNDED, p->refund_minor);
    memcpy(f->refund_id, PAYMENT_REFUND_BY_HAND, sizeof PAYMENT_REFUND_BY_HAND);
    text_copy(f->note, c->note);
}

static void decide_abandoned(const payments *self, const payment_command *c, payment_effects *e)
{
    const payment *p = payment_find(self, &c->payment);
    if (p == NULL)
        return refuse(e, ERROR_NOT_FOUND);
    if (p->state >= PAYMENT_CANCELLED)
        return; // over, or money that the event actor decides on
    e->abandoned = true;
    e->act = PAYMENT_ACT_INTENT_CANCEL;
}

void payment_decide(const payments *self, const payment_command *c, payment_effects *ret_effects)
{
    payment_effects *e = ret_effects;
    e->refusal = ERROR_NONE;
    e->payment = c->payment;
    e->facts_count = 0;
    e->act = PAYMENT_ACT_NONE;
    e->alarm = PAYMENT_ALARM_NONE;
    e->wait = e->unreachable = e->abandoned = false;
    switch (c->type) {
    case PAYMENT_COMMAND_START:
        return decide_start(self, c, e);
    case PAYMENT_COMMAND_REPORT:
        return payment_decide_report(self, c, e);
    case PAYMENT_COMMAND_DECIDED:
        return decide_decided(self, c, e);
    case PAYMENT_COMMAND_REFUND:
        return decide_refund(self, c, e);
    case PAYMENT_COMMAND_RETRY:
        return decide_retry(self, c, e);
    case PAYMENT_COMMAND_RESOLVE:
        return decide_resolve(self, c, e);
    case PAYMENT_COMMAND_ABANDONED:
        return decide_abandoned(self, c, e);
    }
    assert(false && "an unknown command");
}
