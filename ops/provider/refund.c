#include "ops/host/clock.h"
#include "ops/provider/intent.h"
#include "ops/provider/record.h"
#include "ops/provider/shape.h"
#include "ops/provider/tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { CARD_REFUND_MS = 1000 }; // how long the refund cards of the test methods take

// Finds the payment and how much of it goes back; on a refusal the answer is complete.
static bool refund_read(const books *b, const form *f, answer *a, intent **ret_of,
                        int64_t *ret_amount)
{
    const char *id = form_find(f, "payment_intent");
    if (id == NULL) {
        answer_invalid(a, "parameter_missing", "payment_intent",
                       "Missing required param: payment_intent.");
        return false;
    }
    intent *of = books_intent(b, id);
    if (of == NULL) {
        answer_missing(a, "payment_intent", id);
        return false;
    }
    int64_t left = of->amount_received - of->amount_refunded;
    int64_t amount = left;
    form_number given = form_find_integer(f, "amount", &amount);
    char message[200];
    if (given == FORM_WRONG || (given == FORM_PRESENT && amount < 1)) {
        answer_invalid(a, "parameter_invalid_integer", "amount", "Invalid integer: amount.");
        return false;
    }
    a->is_final = true;
    if (of->status != INTENT_SUCCEEDED) {
        snprintf(message, sizeof message,
                 "This PaymentIntent (%s) does not have a successful charge to refund.", of->e.id);
        answer_invalid(a, "charge_not_refundable", "payment_intent", message);
    } else if (left == 0) {
        snprintf(message, sizeof message, "Charge %s has already been refunded.", of->charge_id);
        answer_invalid(a, "charge_already_refunded", NULL, message);
    } else if (amount > left) {
        snprintf(message, sizeof message,
                 "Refund amount (%" PRId64 ") is greater than unrefunded amount on charge "
                 "(%" PRId64 ").",
                 amount, left);
        answer_invalid(a, "amount_too_large", "amount", message);
    }
    *ret_of = of;
    *ret_amount = amount;
    return a->status == 200;
}

// How the refund will go: by the fault table, else by the card that paid.
static void refund_plan(books *b, refund *r, bool is_first)
{
    int64_t delay_ms = CARD_REFUND_MS;
    r->status = REFUND_SUCCEEDED;
    r->settles_to = REFUND_SUCCEEDED;
    if (is_first && faults_roll(b->faults, FAULT_REFUND_FAILURE, &delay_ms)) {
        r->status = REFUND_PENDING;
        r->settles_to = REFUND_FAILED;
    } else if (faults_roll(b->faults, FAULT_SLOW_REFUND, &delay_ms) ||
               r->of->card->refund == CARD_REFUND_PENDS) {
        r->status = REFUND_PENDING;
    } else if (r->of->card->refund == CARD_REFUND_FAILS) {
        r->settles_to = REFUND_FAILED;
    }
    if (r->status != r->settles_to || r->status == REFUND_PENDING)
        r->settles_us = clock_wall_us() + delay_ms * 1000;
}

void refund_create(books *b, const form *f, answer *a)
{
    intent *of;
    int64_t amount;
    metadata given;
    const char *reason = form_find(f, "reason");
    if (reason != NULL && refund_reason_find(reason) == NULL) {
        answer_invalid(a, NULL, "reason", "Invalid reason.");
        return;
    }
    if (!refund_read(b, f, a, &of, &amount))
        return;
    if (!metadata_read(f, &given)) {
        a->is_final = false;
        answer_invalid(a, NULL, "metadata",
                       "Metadata has at most 50 keys of 40 bytes with values of 500 bytes.");
        return;
    }
    refund *r = calloc(1, sizeof *r);
    if (r == NULL)
        abort();
    bool is_first = of->refunds == NULL;
    *r = (refund){.of = of, .amount = amount, .metadata = given};
    r->reason = reason != NULL ? refund_reason_find(reason) : NULL;
    books_id_make("re_", r->e.id);
    refund_plan(b, r, is_first);
    books_add_refund(b, r);
    books_settle_later(b, NULL, r);
    of->amount_refunded += amount;
    record_refund(b, r);
    tell_refund(b, "refund.created", r);
    tell_charge(b, "charge.refunded", of);
    if (r->status == REFUND_SUCCEEDED)
        tell_refund(b, "refund.updated", r);
    shape_refund(&a->body, NULL, r);
}

void refund_settle(books *b, refund *r)
{
    if (r->settles_us == 0)
        return;
    r->settles_us = 0;
    r->status = r->settles_to;
    if (r->status == REFUND_FAILED)
        r->of->amount_refunded -= r->amount;
    record_refund(b, r);
    tell_refund(b, "refund.updated", r);
    if (r->status == REFUND_FAILED)
        tell_refund(b, "refund.failed", r);
}
