#include "ops/provider/intent.h"

#include "ops/host/clock.h"
#include "ops/provider/record.h"
#include "ops/provider/shape.h"
#include "ops/provider/tell.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { RECEIPT_EMAIL_BYTES_MAX = 512, DESCRIPTION_BYTES_MAX = 1000 };

static char *copy_or_null(const char *text)
{
    char *copy = text != NULL ? strdup(text) : NULL;
    if (text != NULL && copy == NULL)
        abort();
    return copy;
}

static bool amount_read(const form *f, answer *a, int64_t *ret_amount)
{
    switch (form_find_integer(f, "amount", ret_amount)) {
    case FORM_ABSENT:
        answer_invalid(a, "parameter_missing", "amount", "Missing required param: amount.");
        return false;
    case FORM_WRONG:
        answer_invalid(a, "parameter_invalid_integer", "amount", "Invalid integer: amount.");
        return false;
    case FORM_PRESENT:
        break;
    }
    if (*ret_amount > AMOUNT_MAX)
        answer_invalid(a, "amount_too_large", "amount",
                       "Amount must be no more than 99999999 minor units.");
    else if (*ret_amount < 1)
        answer_invalid(a, "parameter_invalid_integer", "amount",
                       "This value must be greater than or equal to 1.");
    return *ret_amount >= 1 && *ret_amount <= AMOUNT_MAX;
}

static bool currency_read(const form *f, answer *a, char ret_currency[static 4])
{
    const char *text = form_find(f, "currency");
    if (text == NULL) {
        answer_invalid(a, "parameter_missing", "currency", "Missing required param: currency.");
        return false;
    }
    bool ok = strlen(text) == 3;
    for (size_t i = 0; i < 3 && ok; i++) {
        ok = isalpha((unsigned char)text[i]) && (unsigned char)text[i] < 0x80;
        ret_currency[i] = (char)tolower((unsigned char)text[i]);
    }
    ret_currency[3] = '\0';
    if (!ok)
        answer_invalid(a, NULL, "currency", "Invalid currency: it must be a three-letter code.");
    return ok;
}

static bool method_read(const char *id, answer *a, const card **ret_card)
{
    const card *found = id != NULL ? card_find(id) : NULL;
    if (id != NULL && found == NULL) {
        char message[160];
        snprintf(message, sizeof message, "No such PaymentMethod: '%.80s'", id);
        answer_invalid(a, "resource_missing", "payment_method", message);
        return false;
    }
    *ret_card = found;
    return true;
}

// Reads a create call into *i; on a refusal the answer is complete.
static bool intent_read(const form *f, answer *a, intent *i)
{
    const char *email = form_find(f, "receipt_email");
    const char *description = form_find(f, "description");
    const char *capture = form_find(f, "capture_method");
    if (!amount_read(f, a, &i->amount) || !currency_read(f, a, i->currency) ||
        !method_read(form_find(f, "payment_method"), a, &i->card))
        return false;
    if (email != NULL && (strlen(email) > RECEIPT_EMAIL_BYTES_MAX || strchr(email, '@') == NULL))
        answer_invalid(a, "email_invalid", "receipt_email", "Invalid email address.");
    else if (description != NULL && strlen(description) > DESCRIPTION_BYTES_MAX)
        answer_invalid(a, NULL, "description", "Invalid description: it is too long.");
    else if (capture != NULL && strcmp(capture, "manual") == 0)
        answer_invalid(a, NULL, "capture_method", "This provider captures automatically only.");
    else if (!metadata_read(f, &i->metadata))
        answer_invalid(a, NULL, "metadata",
                       "Metadata has at most 50 keys of 40 bytes with values of 500 bytes.");
    else
        return true;
    return false;
}

static void intent_captured(books *b, intent *i)
{
    int64_t difference;
    i->settles_us = 0;
    i->status = INTENT_SUCCEEDED;
    i->amount_received = i->amount;
    if (faults_roll(b->faults, FAULT_WRONG_AMOUNT, &difference) && i->amount + difference > 0)
        i->amount_received += difference;
    record_intent(b, i);
    tell_intent(b, "payment_intent.succeeded", i);
    tell_charge(b, "charge.succeeded", i);
}

// One attempt with i->card, which is not NULL. Returns false when it was declined.
static bool intent_attempt(books *b, intent *i)
{
    int64_t delay_ms;
    books_id_make("ch_", i->charge_id);
    i->charged_at = books_now(b);
    i->is_declined = i->card->code != NULL;
    if (i->is_declined) {
        i->status = INTENT_REQUIRES_PAYMENT_METHOD;
        record_intent(b, i);
        tell_intent(b, "payment_intent.payment_failed", i);
        tell_charge(b, "charge.failed", i);
        return false;
    }
    if (faults_roll(b->faults, FAULT_SLOW_PAYMENT, &delay_ms)) {
        i->status = INTENT_PROCESSING;
        i->settles_us = clock_wall_us() + delay_ms * 1000;
        books_settle_later(b, i, NULL);
        record_intent(b, i);
        tell_intent(b, "payment_intent.processing", i);
        tell_charge(b, "charge.pending", i);
        return true;
    }
    intent_captured(b, i);
    return true;
}

void intent_settle(books *b, intent *i)
{
    if (i->status == INTENT_PROCESSING)
        intent_captured(b, i);
}

static void intent_new(books *b, intent *i)
{
    char random[OBJECT_ID_BYTES];
    books_id_make("pi_", i->e.id);
    books_id_make("", random);
    snprintf(i->client_secret, sizeof i->client_secret, "%s_secret_%s", i->e.id, random);
    i->status = i->card != NULL ? INTENT_REQUIRES_CONFIRMATION : INTENT_REQUIRES_PAYMENT_METHOD;
    books_add_intent(b, i);
    record_intent(b, i);
}

static void intent_create_faults(books *b, intent *i, answer *a)
{
    int64_t hold_ms;
    bool is_early = faults_roll(b->faults, FAULT_EARLY_WEBHOOK, &hold_ms);
    if (is_early)
        a->hold_ms = hold_ms;
    tell_created(b, i, is_early);
    if (faults_roll(b->faults, FAULT_EARLY_PAYMENT, &hold_ms)) {
        a->hold_ms = hold_ms > a->hold_ms ? hold_ms : a->hold_ms;
        i->card = card_find("pm_card_visa");
        (void)intent_attempt(b, i);
    }
}

void intent_create(books *b, const form *f, answer *a)
{
    const char *confirm = form_find(f, "confirm");
    intent *i = calloc(1, sizeof *i);
    if (i == NULL)
        abort();
    bool is_full = b->intents_made.count >= BOOKS_INTENTS_MAX;
    if (is_full)
        answer_refuse(a, 503, "api_error", NULL, NULL, "The provider's books are full.");
    if (is_full || !intent_read(f, a, i)) {
        free(i);
        return;
    }
    a->is_final = true;
    i->receipt_email = copy_or_null(form_find(f, "receipt_email"));
    i->description = copy_or_null(form_find(f, "description"));
    intent_new(b, i);
    intent_create_faults(b, i, a);
    bool is_open = i->status != INTENT_SUCCEEDED && i->status != INTENT_PROCESSING;
    if (is_open && confirm != NULL && strcmp(confirm, "true") == 0)
        intent_confirm(b, i, NULL, a);
    else
        shape_intent(&a->body, NULL, b, i);
}

void intent_confirm(books *b, intent *i, const char *payment_method, answer *a)
{
    char message[200];
    const card *chosen = i->is_declined ? NULL : i->card;
    if (i->status != INTENT_REQUIRES_PAYMENT_METHOD && i->status != INTENT_REQUIRES_CONFIRMATION) {
        a->is_final = true;
        snprintf(message, sizeof message,
                 "You cannot confirm this PaymentIntent because it has a status of %s. Only a "
                 "PaymentIntent with a status of requires_payment_method or "
                 "requires_confirmation may be confirmed.",
                 intent_status_name(i->status));
        shape_state_refusal(a, b, i, message);
        return;
    }
    if (payment_method != NULL && !method_read(payment_method, a, &chosen))
        return;
    if (chosen == NULL) {
        shape_state_refusal(a, b, i,
                            "You cannot confirm this PaymentIntent because it's missing a payment "
                            "method.");
        return;
    }
    a->is_final = true;
    i->card = chosen;
    if (intent_attempt(b, i))
        shape_intent(&a->body, NULL, b, i);
    else
        shape_decline(a, b, i);
}

void intent_cancel(books *b, intent *i, const form *f, answer *a)
{
    const char *reason = form_find(f, "cancellation_reason");
    if (reason != NULL && cancellation_reason_find(reason) == NULL) {
        answer_invalid(a, NULL, "cancellation_reason", "Invalid cancellation_reason.");
        return;
    }
    a->is_final = true;
    if (i->status != INTENT_REQUIRES_PAYMENT_METHOD && i->status != INTENT_REQUIRES_CONFIRMATION) {
        char message[160];
        snprintf(message, sizeof message,
                 "You cannot cancel this PaymentIntent because it has a status of %s.",
                 intent_status_name(i->status));
        shape_state_refusal(a, b, i, message);
        return;
    }
    i->status = INTENT_CANCELED;
    i->canceled_at = books_now(b);
    i->cancellation_reason = reason != NULL ? cancellation_reason_find(reason) : NULL;
    record_intent(b, i);
    tell_intent(b, "payment_intent.canceled", i);
    shape_intent(&a->body, NULL, b, i);
}

int64_t books_settle_next_us(const books *b)
{
    int64_t intents_us = timers_next_us(&b->settling_intents);
    int64_t refunds_us = timers_next_us(&b->settling_refunds);
    return intents_us < refunds_us ? intents_us : refunds_us;
}

int64_t books_settle(books *b, int64_t now_us)
{
    void *item;
    while ((item = timers_take(&b->settling_intents, now_us)) != NULL)
        intent_settle(b, item);
    while ((item = timers_take(&b->settling_refunds, now_us)) != NULL)
        refund_settle(b, item);
    return books_settle_next_us(b);
}
