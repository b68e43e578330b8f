// What a report of the provider changes: an answer to a call of ours, a callback, an entry of the
// provider's list. They come in any order, any number of times.
#include "actors/payment/state.h"

static bool texts_differ(const char a[static PAYMENT_INTENT_BYTES],
                         const char b[static PAYMENT_INTENT_BYTES])
{
    return a[0] != 0 && b[0] != 0 && memcmp(a, b, PAYMENT_INTENT_BYTES) != 0;
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
    case PROVIDER_ABSENT:
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
    payment_fact *f = payment_fact_add(e, p == NULL ? &unknown : p, c->now_us, PAYMENT_NONE);
    f->payment = c->payment;
    f->reason = reason;
    f->amount_minor = c->report.amount_minor;
    f->refund_minor = f->kept_minor = 0;
    f->refund_number = c->report.refund_number;
    text_copy(f->currency, c->report.currency);
    text_copy(f->intent_id, c->report.intent_id);
    text_copy(f->refund_id, c->report.refund_id);
    e->alarm = PAYMENT_ALARM_PARKED;
}

// What was captured when only its refund was heard of: a refund that is not of less than was asked
// for is of all of it.
static int64_t captured_of(const payment *p, const payment_report *r)
{
    if (p->captured_minor > 0)
        return p->captured_minor;
    return is_refund(r->status) && r->amount_minor < p->amount_minor ? p->amount_minor
                                                                     : r->amount_minor;
}

// A refund that is not the one of ours: somebody paid a part back at the provider, or a second time
// what a person had paid back already.
static bool refund_by_hand(const payment *p, const payment_report *r)
{
    if (!is_refund(r->status) || r->amount_minor == 0)
        return false;
    if (p->state == PAYMENT_REFUNDED && strcmp(p->refund_id, PAYMENT_REFUND_BY_HAND) == 0)
        return r->status != PROVIDER_REFUND_FAILED && r->refund_id[0] != 0;
    int64_t captured_minor = captured_of(p, r);
    if (r->amount_minor > captured_minor)
        return true; // whatever it says that it is
    if (r->refund_number > 0)
        return false;
    int64_t wanted_minor = p->refund_minor > 0 ? p->refund_minor : captured_minor;
    return r->amount_minor != wanted_minor ||
           (wanted_minor < captured_minor && texts_differ(p->refund_id, r->refund_id));
}

static bool fills_refund(const payment *p, const payment_report *r)
{
    return is_refund(r->status) && p->refund_id[0] == 0 && r->refund_id[0] != 0 &&
           p->state >= PAYMENT_REFUNDING && report_refund_number(p, r) == p->refund_number;
}

static bool fills(const payment *p, const payment_report *r)
{
    return (p->intent_id[0] == 0 && r->intent_id[0] != 0) ||
           (p->client_secret[0] == 0 && r->client_secret[0] != 0) ||
           (p->pay_url[0] == 0 && r->pay_url[0] != 0) || fills_refund(p, r);
}

static void texts_add(payment_fact *f, const payment *p, const payment_report *r)
{
    if (p->intent_id[0] == 0)
        text_copy(f->intent_id, r->intent_id);
    text_copy(f->client_secret, r->client_secret);
    text_copy(f->pay_url, r->pay_url);
}

static void fill(const payment_command *c, const payment *p, payment_effects *e)
{
    payment_fact *f = payment_fact_add(e, p, c->now_us, p->state);
    texts_add(f, p, &c->report);
    if (fills_refund(p, &c->report))
        text_copy(f->refund_id, c->report.refund_id);
}

static void report_refund(payment_fact *f, const payment *p, const payment_report *r)
{
    text_copy(f->refund_id, r->refund_id);
    f->amount_minor = r->amount_minor > 0 ? captured_of(p, r) : f->amount_minor;
    if (p->refund_minor == 0)
        f->refund_minor = r->amount_minor > 0 ? r->amount_minor : f->amount_minor;
    f->kept_minor = f->amount_minor - f->refund_minor;
}

static void report_fact(const payment_command *c, const payment *p, place to, payment_effects *e)
{
    const payment_report *r = &c->report;
    payment_fact *f = payment_fact_add(e, p, c->now_us, to.state);
    f->refund_number = to.refund_number;
    texts_add(f, p, r);
    if (is_refund(r->status))
        report_refund(f, p, r);
    else if (r->status == PROVIDER_SUCCEEDED)
        f->amount_minor = r->amount_minor;
    bool is_money = is_refund(r->status) || r->status == PROVIDER_SUCCEEDED;
    if (is_money && p->captured_minor == 0 && r->currency[0] != 0)
        text_copy(f->currency, r->currency);
    if (to.state == PAYMENT_REFUND_DUE) {
        f->refund_minor = r->amount_minor;
        f->reason = ERROR_AMOUNT_MISMATCH;
        e->alarm = PAYMENT_ALARM_AMOUNT_MISMATCH;
    }
    if (to.state == PAYMENT_REFUND_FAILED && to.refund_number >= PAYMENT_REFUND_TRIES_MAX)
        e->alarm = PAYMENT_ALARM_REFUND_GIVEN_UP;
}

// Somebody else paid all of it back: its seats are not sold any more.
static bool tells_release(const payment *p, const payment_fact *f)
{
    return p->state == PAYMENT_CONFIRMED && p->kept_minor == 0 && f->state > PAYMENT_CONFIRMED &&
           f->kept_minor == 0;
}

// Money that we captured has to be there.
static void report_absent(const payment_command *c, const payment *p, payment_effects *e)
{
    if (p->captured_minor == 0 || p->is_absent || texts_differ(p->intent_id, c->report.intent_id))
        return;
    payment_fact *f = payment_fact_add(e, p, c->now_us, PAYMENT_NONE);
    f->is_difference = true;
    f->reason = ERROR_NOT_FOUND;
    e->alarm = PAYMENT_ALARM_DIFFERENCE;
}

static void report_of(const payments *self, const payment_command *c, const payment *p,
                      payment_effects *e)
{
    const payment_report *r = &c->report;
    bool money = r->status == PROVIDER_SUCCEEDED;
    if (r->status == PROVIDER_ABSENT)
        return report_absent(c, p, e);
    if (refund_by_hand(p, r))
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
        else if (tells_release(p, &e->facts[0]))
            e->act = PAYMENT_ACT_TELL_RELEASE;
    } else if (fills(p, r)) {
        fill(c, p, e);
    }
}

// Money captured under a second intent buys nothing: it becomes a payment of its own that goes
// back.
static void stray_begin(const payment_command *c, const payment *p, const payment_id *id,
                        payment_effects *e)
{
    const payment_report *r = &c->report;
    payment stray = {
        .id = *id,
        .reservation = p->reservation,
        .event = p->event,
        .buyer = p->buyer,
        .amount_minor = r->amount_minor,
    };
    text_copy(stray.currency, r->currency);
    text_copy(stray.intent_id, r->intent_id);
    payment_fact_add(e, &stray, c->now_us, PAYMENT_CREATED);
    payment_fact *f = payment_fact_add(e, &stray, c->now_us, PAYMENT_REFUND_DUE);
    f->refund_number = 1;
    f->refund_minor = r->amount_minor;
    f->reason = ERROR_PAYMENT_NOT_OPEN;
    e->act = PAYMENT_ACT_REFUND_CREATE;
    e->alarm = PAYMENT_ALARM_SECOND_CAPTURE;
}

static void report_of_another(const payments *self, const payment_command *c, const payment *p,
                              payment_effects *e)
{
    payment_id id = payment_stray_id(&p->id, c->report.intent_id);
    const payment *stray = payment_find(self, &id);
    if (stray == NULL && c->report.status != PROVIDER_SUCCEEDED)
        return; // nothing was captured that we know of
    e->payment = id;
    if (stray == NULL)
        return stray_begin(c, p, &id, e);
    report_of(self, c, stray, e);
}

void payment_decide_report(const payments *self, const payment_command *c, payment_effects *e)
{
    const payment_report *r = &c->report;
    const payment *p = payment_find(self, &c->payment);
    if (r->status == PROVIDER_UNREACHABLE) {
        e->unreachable = p != NULL;
        return;
    }
    if (p == NULL && (r->status == PROVIDER_SUCCEEDED || r->status == PROVIDER_REFUNDED))
        return park(self, c, NULL, e, ERROR_NOT_FOUND);
    if (p == NULL) {
        e->refusal = ERROR_NOT_FOUND;
        return;
    }
    if (texts_differ(p->intent_id, r->intent_id))
        return report_of_another(self, c, p, e);
    report_of(self, c, p, e);
}
