#include "actors/payment/state.h"

static void refuse(payment_effects *e, error_code code)
{
    e->refusal = code;
}

static payment_fact *fact_add(payment_effects *e, const payment *p, int64_t now_us,
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
    fact_add(e, &p, c->now_us, PAYMENT_CREATED);
    e->wait = true;
    e->act = PAYMENT_ACT_INTENT_CREATE;
    if (c->amount_minor == 0) { // nothing to pay: no provider needs to know
        fact_add(e, &p, c->now_us, PAYMENT_CAPTURED);
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

// Where a report puts a payment. The order of places is by refund number, then by state, and a
// payment only rises in it: that makes any order of reports end at the same place.
typedef struct place {
    uint32_t refund_number;
    payment_state state;
} place;

static bool place_above(place a, place b)
{
    return a.refund_number != b.refund_number ? a.refund_number > b.refund_number
                                              : a.state > b.state;
}

static bool is_refund(provider_status status)
{
    return status == PROVIDER_REFUND_PENDING || status == PROVIDER_REFUNDED ||
           status == PROVIDER_REFUND_FAILED;
}

static bool amount_is_ours(const payment *p, const payment_report *r)
{
    return r->amount_minor == p->amount_minor &&
           memcmp(r->currency, p->currency, sizeof p->currency) == 0;
}

static payment_state report_state(const payment *p, const payment_report *r)
{
    switch (r->status) {
    case PROVIDER_INTENT_OPEN:
        return PAYMENT_OPEN;
    case PROVIDER_PROCESSING:
        return PAYMENT_PROCESSING;
    case PROVIDER_DECLINED:
        return PAYMENT_DECLINED;
    case PROVIDER_CANCELED:
        return PAYMENT_CANCELLED;
    case PROVIDER_SUCCEEDED:
        return amount_is_ours(p, r) ? PAYMENT_CAPTURED : PAYMENT_REFUND_DUE;
    case PROVIDER_REFUND_PENDING:
        return PAYMENT_REFUNDING;
    case PROVIDER_REFUNDED:
        return PAYMENT_REFUNDED;
    case PROVIDER_REFUND_FAILED:
        return PAYMENT_REFUND_FAILED;
    case PROVIDER_UNREACHABLE:
    case PROVIDER_STATUSES_END:
        break;
    }
    assert(false && "not a report of a place");
    return PAYMENT_NONE;
}

// Which refund attempt a report means. Without a number it is the one whose id it has, or the only
// one there can be.
static uint32_t report_refund_number(const payment *p, const payment_report *r)
{
    if (!is_refund(r->status))
        return 0;
    if (r->refund_number > 0)
        return r->refund_number;
    bool known =
        p->refund_id[0] == 0 || memcmp(p->refund_id, r->refund_id, sizeof r->refund_id) == 0;
    if (!known && r->status != PROVIDER_REFUNDED)
        return 0;
    return p->refund_number > 0 ? p->refund_number : 1;
}

static place report_place(const payment *p, const payment_report *r)
{
    place to = {report_refund_number(p, r), report_state(p, r)};
    if (to.state == PAYMENT_REFUND_DUE && p->refund_number == 0)
        to.refund_number = 1; // the wrong sum goes back
    return to;
}

static bool parked_before(const payments *self, const payment_command *c)
{
    for (uint32_t i = 0; i < PARKED_REMEMBERED; i++) {
        const struct parked *parked = &self->parked[i];
        if (uuid_equal(&parked->payment.u, &c->payment.u) &&
            memcmp(parked->intent_id, c->report.intent_id, sizeof parked->intent_id) == 0 &&
            memcmp(parked->refund_id, c->report.refund_id, sizeof parked->refund_id) == 0)
            return true;
    }
    return false;
}

// Money moved that no payment of ours accounts for: written down once, for a person to look at.
static void park(const payments *self, const payment_command *c, const payment *p,
                 payment_effects *e, error_code reason)
{
    if (parked_before(self, c))
        return;
    payment unknown = {.id = c->payment};
    payment_fact *f = fact_add(e, p == NULL ? &unknown : p, c->now_us, PAYMENT_NONE);
    f->reason = reason;
    f->amount_minor = c->report.amount_minor;
    text_copy(f->currency, c->report.currency);
    text_copy(f->intent_id, c->report.intent_id);
    text_copy(f->refund_id, c->report.refund_id);
}

static bool another_intent(const payment *p, const payment_report *r)
{
    return p->intent_id[0] != 0 && r->intent_id[0] != 0 &&
           memcmp(p->intent_id, r->intent_id, sizeof p->intent_id) != 0;
}

// A refund that we did not ask for and that is not of the whole: somebody did it by hand.
static bool partial_by_hand(const payment *p, const payment_report *r)
{
    int64_t whole = p->captured_minor > 0 ? p->captured_minor : p->amount_minor;
    return is_refund(r->status) && p->refund_number == 0 && r->refund_number == 0 &&
           r->amount_minor > 0 && r->amount_minor < whole;
}

static bool fills(const payment *p, const payment_report *r)
{
    return (p->intent_id[0] == 0 && r->intent_id[0] != 0) ||
           (p->client_secret[0] == 0 && r->client_secret[0] != 0) ||
           (p->pay_url[0] == 0 && r->pay_url[0] != 0);
}

static void report_fact(const payment_command *c, const payment *p, place to, payment_effects *e)
{
    const payment_report *r = &c->report;
    payment_fact *f = fact_add(e, p, c->now_us, to.state);
    f->refund_number = to.refund_number;
    if (p->intent_id[0] == 0)
        text_copy(f->intent_id, r->intent_id);
    text_copy(f->client_secret, r->client_secret);
    text_copy(f->pay_url, r->pay_url);
    if (is_refund(r->status))
        text_copy(f->refund_id, r->refund_id);
    if ((r->status == PROVIDER_SUCCEEDED || is_refund(r->status)) && r->amount_minor > 0) {
        f->amount_minor = r->amount_minor;
        if (r->currency[0] != 0)
            text_copy(f->currency, r->currency);
    }
    if (to.state == PAYMENT_REFUND_DUE)
        f->reason = ERROR_AMOUNT_MISMATCH;
}

static void decide_report(const payments *self, const payment_command *c, payment_effects *e)
{
    const payment_report *r = &c->report;
    const payment *p = payment_find(self, &c->payment);
    if (r->status == PROVIDER_UNREACHABLE) {
        e->unreachable = p != NULL;
        return;
    }
    bool money = r->status == PROVIDER_SUCCEEDED;
    if (p == NULL && money)
        return park(self, c, NULL, e, ERROR_NOT_FOUND);
    if (p == NULL)
        return refuse(e, ERROR_NOT_FOUND);
    if (another_intent(p, r)) {
        if (money)
            park(self, c, p, e, ERROR_PAYMENT_NOT_OPEN);
        return;
    }
    if (partial_by_hand(p, r))
        return park(self, c, p, e, ERROR_AMOUNT_MISMATCH);
    if (money && p->state >= PAYMENT_CAPTURED) { // an intent captures once: heard before
        if (p->state == PAYMENT_CAPTURED)
            e->act = PAYMENT_ACT_TELL_EVENT; // the message may have been lost
        return;
    }
    place here = {p->refund_number, p->state}, to = report_place(p, r);
    if (place_above(to, here)) {
        report_fact(c, p, to, e);
        if (money)
            e->act =
                to.state == PAYMENT_CAPTURED ? PAYMENT_ACT_TELL_EVENT : PAYMENT_ACT_REFUND_CREATE;
    } else if (fills(p, r)) {
        payment_fact *f = fact_add(e, p, c->now_us, p->state);
        text_copy(f->intent_id, r->intent_id);
        text_copy(f->client_secret, r->client_secret);
        text_copy(f->pay_url, r->pay_url);
    }
}

static void decide_decided(const payments *self, const payment_command *c, payment_effects *e)
{
    const payment *p = payment_find(self, &c->payment);
    if (p == NULL)
        return refuse(e, ERROR_NOT_FOUND);
    if (p->state != PAYMENT_CAPTURED)
        return; // decided before, or the money moved otherwise meanwhile
    if (c->confirmed) {
        fact_add(e, p, c->now_us, PAYMENT_CONFIRMED);
        return;
    }
    // Why is in the event actor's fact.
    fact_add(e, p, c->now_us, PAYMENT_REFUND_DUE)->refund_number = 1;
    if (p->amount_minor > 0) {
        e->act = PAYMENT_ACT_REFUND_CREATE;
        return;
    }
    fact_add(e, p, c->now_us, PAYMENT_REFUNDED)->refund_number = 1;
}

void payment_decide(const payments *self, const payment_command *c, payment_effects *ret_effects)
{
    payment_effects *e = ret_effects;
    e->refusal = ERROR_NONE;
    e->facts_count = 0;
    e->act = PAYMENT_ACT_NONE;
    e->wait = e->unreachable = false;
    switch (c->type) {
    case PAYMENT_COMMAND_START:
        return decide_start(self, c, e);
    case PAYMENT_COMMAND_REPORT:
        return decide_report(self, c, e);
    case PAYMENT_COMMAND_DECIDED:
        return decide_decided(self, c, e);
    }
    assert(false && "an unknown command");
}
