// Answers that were no first success: refusals that need a reason, and keys that were used again
// after their success, which must be told the same once more.
#include "actors/event/event.h"
#include "actors/payment/payment.h"
#include "chaos/audit/audit.h"
#include "schemas/digest.h"
#include "schemas/error.h"

#include <inttypes.h>
#include <stdlib.h>

static bool code_is(const reply *r, error_code code)
{
    return strcmp(r->code, error_info_of(code)->name) == 0;
}

static bool same_words(const char *a, const char *b, const char *name)
{
    char x[1024] = "", y[1024] = "";
    return detail_find(a, name, x, sizeof x) == detail_find(b, name, y, sizeof y) &&
           strcmp(x, y) == 0;
}

// A late payment may have bought other seats than were promised first.
static bool same_promise(const evidence *e, const operation *o, const reply *r)
{
    uuid id;
    if (o->kind == OPERATION_CHECKOUT)
        return same_words(o->first, r->detail, "intent");
    if (o->kind == OPERATION_PAY)
        return same_words(o->first, r->detail, "status");
    const reservation_row *row = field_uuid(o->result, &id) ? evidence_reservation(e, &id) : NULL;
    bool moved = row != NULL && row->outcome == PAYMENT_OTHER_SEATS;
    return same_words(o->first, r->detail, "total") &&
           (moved || same_words(o->first, r->detail, "seats"));
}

// A reservation that was acknowledged cannot be paid after its deadline, after its end, or twice;
// nor with a payment that is over, and which then stays over.
static bool checkout_refusal_explained(const evidence *e, const reply *r,
                                       const reservation_row *row, const audit_limits *limits)
{
    const payment_row *paid_with = evidence_payment(e, &row->payment);
    bool is_over =
        row->expires_us <= r->answered_us + limits->clock_us || row->state == RESERVATION_CANCELLED;
    bool is_paid = row->state == RESERVATION_CONFIRMED || row->state == RESERVATION_REFUNDED;
    if (code_is(r, ERROR_RESERVATION_EXPIRED))
        return is_over;
    if (code_is(r, ERROR_RESERVATION_CONFIRMED))
        return is_paid;
    return code_is(r, ERROR_PAYMENT_NOT_OPEN) && paid_with != NULL &&
           paid_with->state >= PAYMENT_CANCELLED;
}

// A checkout is the exception: nobody is shown again where to pay for a reservation that is over.
static void repeat_check(const evidence *e, const operation *o, const reply *r,
                         const audit_limits *limits, verdict *v)
{
    uuid id;
    const reservation_row *row = field_uuid(o->subject, &id) ? evidence_reservation(e, &id) : NULL;
    v->looked[LOOK_REPEAT]++;
    if (r->status >= 400 && o->kind == OPERATION_CHECKOUT && row != NULL &&
        code_is(r, ERROR_RESERVATION_EXPIRED) && checkout_refusal_explained(e, r, row, limits))
        return;
    if (r->status >= 400)
        breach(v, 3, "the key %s was answered with %s, and when it was used again refused: %s",
               o->key, o->result, r->code);
    else if (strcmp(o->result, r->result) != 0)
        breach(v, 3, "the key %s was answered with %s, and when it was used again with %s", o->key,
               o->result, r->result);
    else if (!same_promise(e, o, r))
        breach(v, 3, "the key %s was answered with %s, and when it was used again with %s", o->key,
               o->first, r->detail);
}

static void refusal_check(const evidence *e, const operation *o, const reply *r,
                          const audit_limits *limits, verdict *v)
{
    uuid id;
    if (o->kind == OPERATION_PAY)
        return; // the provider's, whose books are compared
    if (o->kind == OPERATION_RESERVE) {
        if (!code_is(r, ERROR_SEATS_UNAVAILABLE)) // which fold_refusals_check judges
            breach(v, 8, "the key %s was refused its seats without a reason: %s", o->key, r->code);
        return;
    }
    const reservation_row *row = field_uuid(o->subject, &id) ? evidence_reservation(e, &id) : NULL;
    v->looked[LOOK_TOLD]++;
    if (code_is(r, ERROR_NOT_FOUND) || code_is(r, ERROR_UNAUTHORIZED) || row == NULL)
        breach(v, 2, "reservation %s was acknowledged, and later its buyer was told: %s",
               o->subject, r->code);
    else if (o->kind == OPERATION_CHECKOUT && !checkout_refusal_explained(e, r, row, limits))
        breach(v, 2, "the checkout of reservation %s was refused without a reason: %s", o->subject,
               r->code);
    else if (o->kind == OPERATION_RELEASE && row->state != RESERVATION_CONFIRMED &&
             row->state != RESERVATION_REFUNDED)
        breach(v, 2, "reservation %s could not be released without a reason: %s", o->subject,
               r->code);
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(digest16));
}

// Whoever holds seats has asked for them: no reservation comes out of nothing.
static void asked_check(const evidence *e, verdict *v)
{
    digest16 *asked = calloc(e->operations_count + 1, sizeof *asked);
    size_t count = 0;
    if (asked == NULL)
        abort();
    for (size_t i = 0; i < e->operations_count; i++) {
        const operation *o = &e->operations[i];
        if (o->kind == OPERATION_RESERVE)
            asked[count++] =
                idempotency_key_hash(&(buyer_id){o->buyer}, "reservations", o->key, strlen(o->key));
    }
    qsort(asked, count, sizeof *asked, by_hash);
    for (size_t i = 0; i < e->reservations_count; i++) {
        const reservation_row *r = &e->reservations[i];
        v->looked[LOOK_HELD]++;
        if (bsearch(&r->key_hash, asked, count, sizeof *asked, by_hash) == NULL)
            breach(v, 5, "reservation %s was made, and no buyer asked for it",
                   text_of(&r->id).text);
    }
    free(asked);
}

void check_replies(const evidence *e, const audit_limits *limits, verdict *v)
{
    for (size_t i = 0; i < e->replies_count; i++) {
        const reply *r = &e->replies[i];
        const operation *o = &e->operations[r->operation];
        bool is_repeat = operation_has_key(o) && o->answered_us != 0 &&
                         (r->status < 400 || r->sent_us >= o->answered_us);
        if (is_repeat)
            repeat_check(e, o, r, limits, v);
        else
            refusal_check(e, o, r, limits, v);
    }
    asked_check(e, v);
}
