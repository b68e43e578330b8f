#include "ops/provider/shape.h"

#include <stdio.h>

static void nulls(jsonout *out, const char *const *keys)
{
    for (; *keys != NULL; keys++)
        jsonout_null(out, *keys);
}

static void time_or_null(jsonout *out, const char *key, int64_t seconds)
{
    if (seconds == 0)
        jsonout_null(out, key);
    else
        jsonout_integer(out, key, seconds);
}

static const char *text_or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

void shape_metadata(jsonout *out, const char *key, const metadata *m)
{
    const char *name, *value;
    jsonout_open(out, key, '{');
    for (uint32_t at = 0; metadata_next(m, &at, &name, &value);)
        jsonout_string(out, name, value);
    jsonout_close(out, '}');
}

static void payment_method(jsonout *out, const char *key, const card *c)
{
    jsonout_open(out, key, '{');
    jsonout_string(out, "id", c->id);
    jsonout_string(out, "object", "payment_method");
    jsonout_open(out, "card", '{');
    jsonout_string(out, "brand", c->brand);
    jsonout_string(out, "last4", c->last4);
    jsonout_close(out, '}');
    jsonout_boolean(out, "livemode", false);
    jsonout_string(out, "type", "card");
    jsonout_close(out, '}');
}

// The members that every description of a decline has.
static void decline_members(jsonout *out, const intent *i)
{
    jsonout_string(out, "charge", i->charge_id);
    jsonout_string(out, "code", i->card->code);
    if (i->card->decline_code != NULL)
        jsonout_string(out, "decline_code", i->card->decline_code);
    jsonout_string(out, "message", i->card->message);
    payment_method(out, "payment_method", i->card);
    jsonout_string(out, "type", "card_error");
}

static void intent_money(jsonout *out, const intent *i)
{
    jsonout_integer(out, "amount", i->amount);
    jsonout_integer(out, "amount_capturable", 0);
    jsonout_integer(out, "amount_received", i->amount_received);
    jsonout_string(out, "currency", i->currency);
    jsonout_string(out, "capture_method", "automatic_async");
    jsonout_string(out, "confirmation_method", "automatic");
    jsonout_open(out, "automatic_payment_methods", '{');
    jsonout_string(out, "allow_redirects", "always");
    jsonout_boolean(out, "enabled", true);
    jsonout_close(out, '}');
    jsonout_open(out, "payment_method_types", '[');
    jsonout_string(out, NULL, "card");
    jsonout_close(out, ']');
}

void shape_intent(jsonout *out, const char *key, const books *b, const intent *i)
{
    static const char *const absent[] = {"application",
                                         "application_fee_amount",
                                         "customer",
                                         "invoice",
                                         "next_action",
                                         "on_behalf_of",
                                         "processing",
                                         "review",
                                         "shipping",
                                         "source",
                                         "statement_descriptor",
                                         "transfer_data",
                                         NULL};
    char pay_url[256];
    snprintf(pay_url, sizeof pay_url, "%s/pay/%s?client_secret=%s", b->public_url, i->e.id,
             i->client_secret);
    jsonout_open(out, key, '{');
    jsonout_string(out, "id", i->e.id);
    jsonout_string(out, "object", "payment_intent");
    intent_money(out, i);
    time_or_null(out, "canceled_at", i->canceled_at);
    jsonout_string(out, "cancellation_reason", i->cancellation_reason);
    jsonout_string(out, "client_secret", i->client_secret);
    jsonout_integer(out, "created", i->e.created);
    jsonout_string(out, "description", i->description);
    if (i->is_declined) {
        jsonout_open(out, "last_payment_error", '{');
        decline_members(out, i);
        jsonout_close(out, '}');
    } else {
        jsonout_null(out, "last_payment_error");
    }
    jsonout_string(out, "latest_charge", text_or_null(i->charge_id));
    jsonout_boolean(out, "livemode", false);
    shape_metadata(out, "metadata", &i->metadata);
    // A declined method is taken off the intent, as Stripe does.
    jsonout_string(out, "payment_method", i->card != NULL && !i->is_declined ? i->card->id : NULL);
    jsonout_string(out, "receipt_email", i->receipt_email);
    jsonout_string(out, "status", intent_status_name(i->status));
    nulls(out, absent);
    jsonout_string(out, "pay_url", pay_url);
    jsonout_close(out, '}');
}

static void charge_outcome(jsonout *out, const intent *i)
{
    jsonout_open(out, "outcome", '{');
    jsonout_string(out, "network_status",
                   i->is_declined ? "declined_by_network" : "approved_by_network");
    jsonout_string(out, "reason", i->is_declined ? i->card->decline_code : NULL);
    jsonout_string(out, "type", i->is_declined ? "issuer_declined" : "authorized");
    jsonout_close(out, '}');
    jsonout_open(out, "payment_method_details", '{');
    jsonout_open(out, "card", '{');
    jsonout_string(out, "brand", i->card->brand);
    jsonout_string(out, "last4", i->card->last4);
    jsonout_close(out, '}');
    jsonout_string(out, "type", "card");
    jsonout_close(out, '}');
}

void shape_charge(jsonout *out, const char *key, const intent *i)
{
    bool is_paid = i->status == INTENT_SUCCEEDED;
    const char *status = is_paid ? "succeeded" : i->is_declined ? "failed" : "pending";
    jsonout_open(out, key, '{');
    jsonout_string(out, "id", i->charge_id);
    jsonout_string(out, "object", "charge");
    jsonout_integer(out, "amount", is_paid ? i->amount_received : i->amount);
    jsonout_integer(out, "amount_captured", i->amount_received);
    jsonout_integer(out, "amount_refunded", i->amount_refunded);
    jsonout_boolean(out, "captured", is_paid);
    jsonout_integer(out, "created", i->charged_at);
    jsonout_string(out, "currency", i->currency);
    jsonout_string(out, "description", i->description);
    jsonout_boolean(out, "disputed", false);
    jsonout_string(out, "failure_code", i->is_declined ? i->card->code : NULL);
    jsonout_string(out, "failure_message", i->is_declined ? i->card->message : NULL);
    jsonout_boolean(out, "livemode", false);
    shape_metadata(out, "metadata", &i->metadata);
    charge_outcome(out, i);
    jsonout_boolean(out, "paid", is_paid);
    jsonout_string(out, "payment_intent", i->e.id);
    jsonout_string(out, "payment_method", i->card->id);
    jsonout_string(out, "receipt_email", i->receipt_email);
    jsonout_boolean(out, "refunded", is_paid && i->amount_refunded == i->amount_received);
    jsonout_string(out, "status", status);
    jsonout_close(out, '}');
}

void shape_refund(jsonout *out, const char *key, const refund *r)
{
    static const char *const absent[] = {"balance_transaction", "receipt_number",
                                         "source_transfer_reversal", "transfer_reversal", NULL};
    jsonout_open(out, key, '{');
    jsonout_string(out, "id", r->e.id);
    jsonout_string(out, "object", "refund");
    jsonout_integer(out, "amount", r->amount);
    jsonout_string(out, "charge", r->of->charge_id);
    jsonout_integer(out, "created", r->e.created);
    jsonout_string(out, "currency", r->of->currency);
    if (r->status == REFUND_FAILED)
        jsonout_string(out, "failure_reason", "expired_or_canceled_card");
    shape_metadata(out, "metadata", &r->metadata);
    jsonout_string(out, "payment_intent", r->of->e.id);
    jsonout_string(out, "reason", r->reason);
    jsonout_string(out, "status", refund_status_name(r->status));
    nulls(out, absent);
    jsonout_close(out, '}');
}

void shape_decline(answer *a, const books *b, const intent *i)
{
    a->status = 402;
    jsonout_open(&a->body, NULL, '{');
    jsonout_open(&a->body, "error", '{');
    decline_members(&a->body, i);
    shape_intent(&a->body, "payment_intent", b, i);
    jsonout_close(&a->body, '}');
    jsonout_close(&a->body, '}');
}

void shape_state_refusal(answer *a, const books *b, const intent *i, const char *message)
{
    a->status = 400;
    jsonout_open(&a->body, NULL, '{');
    jsonout_open(&a->body, "error", '{');
    jsonout_string(&a->body, "code", "payment_intent_unexpected_state");
    jsonout_string(&a->body, "message", message);
    shape_intent(&a->body, "payment_intent", b, i);
    jsonout_string(&a->body, "type", "invalid_request_error");
    jsonout_close(&a->body, '}');
    jsonout_close(&a->body, '}');
}
