#include "ops/provider/record.h"

#include "ops/provider/logbook.h"
#include "ops/provider/shape.h"

#include <stdio.h>
#include <stdlib.h>

static void entry_write(jsonout *out, const entry *e)
{
    jsonout_string(out, "id", e->id);
    jsonout_integer(out, "created", e->created);
    jsonout_integer(out, "made_us", e->made_us);
}

void record_intent(books *b, const intent *i)
{
    jsonout *out = logbook_begin(b->logbook, "intent");
    jsonout_open(out, NULL, '{');
    entry_write(out, &i->e);
    jsonout_string(out, "client_secret", i->client_secret);
    jsonout_string(out, "charge_id", i->charge_id);
    jsonout_string(out, "currency", i->currency);
    jsonout_string(out, "status", intent_status_name(i->status));
    jsonout_boolean(out, "is_declined", i->is_declined);
    jsonout_integer(out, "amount", i->amount);
    jsonout_integer(out, "amount_received", i->amount_received);
    jsonout_integer(out, "canceled_at", i->canceled_at);
    jsonout_integer(out, "charged_at", i->charged_at);
    jsonout_integer(out, "settles_us", i->settles_us);
    jsonout_string(out, "card", i->card != NULL ? i->card->id : NULL);
    jsonout_string(out, "cancellation_reason", i->cancellation_reason);
    jsonout_string(out, "receipt_email", i->receipt_email);
    jsonout_string(out, "description", i->description);
    shape_metadata(out, "metadata", &i->metadata);
    jsonout_close(out, '}');
    logbook_end(b->logbook);
}

void record_refund(books *b, const refund *r)
{
    jsonout *out = logbook_begin(b->logbook, "refund");
    jsonout_open(out, NULL, '{');
    entry_write(out, &r->e);
    jsonout_string(out, "of", r->of->e.id);
    jsonout_string(out, "status", refund_status_name(r->status));
    jsonout_string(out, "settles_to", refund_status_name(r->settles_to));
    jsonout_integer(out, "settles_us", r->settles_us);
    jsonout_integer(out, "amount", r->amount);
    jsonout_string(out, "reason", r->reason);
    shape_metadata(out, "metadata", &r->metadata);
    jsonout_close(out, '}');
    logbook_end(b->logbook);
}

// "" for a member that is null or missing.
static const char *text_of(const json_t *record, const char *key)
{
    const char *text = json_string_value(json_object_get(record, key));
    return text != NULL ? text : "";
}

static int64_t integer_of(const json_t *record, const char *key)
{
    return json_integer_value(json_object_get(record, key));
}

static bool copy_of(const json_t *record, const char *key, size_t bytes, char *ret_text)
{
    return (size_t)snprintf(ret_text, bytes, "%s", text_of(record, key)) < bytes;
}

static void metadata_restore(const json_t *record, metadata *m)
{
    const char *key;
    json_t *value;
    metadata_done(m);
    json_object_foreach(json_object_get(record, "metadata"), key, value)
    {
        if (json_is_string(value))
            metadata_add(m, key, json_string_value(value));
    }
}

static void text_restore(const json_t *record, const char *key, char **text)
{
    const char *stored = json_string_value(json_object_get(record, key));
    free(*text);
    *text = stored != NULL ? strdup(stored) : NULL;
}

static bool intent_fill(intent *i, const json_t *record)
{
    const char *card_id = text_of(record, "card");
    i->card = card_id[0] != '\0' ? card_find(card_id) : NULL;
    i->is_declined = json_is_true(json_object_get(record, "is_declined"));
    i->amount = integer_of(record, "amount");
    i->amount_received = integer_of(record, "amount_received");
    i->canceled_at = integer_of(record, "canceled_at");
    i->charged_at = integer_of(record, "charged_at");
    i->settles_us = integer_of(record, "settles_us");
    i->cancellation_reason = cancellation_reason_find(text_of(record, "cancellation_reason"));
    text_restore(record, "receipt_email", &i->receipt_email);
    text_restore(record, "description", &i->description);
    metadata_restore(record, &i->metadata);
    return intent_status_parse(text_of(record, "status"), &i->status) &&
           copy_of(record, "client_secret", sizeof i->client_secret, i->client_secret) &&
           copy_of(record, "charge_id", sizeof i->charge_id, i->charge_id) &&
           copy_of(record, "currency", sizeof i->currency, i->currency) &&
           (i->charge_id[0] == '\0' || i->card != NULL);
}

static bool entry_fill(entry *e, const json_t *record)
{
    e->created = integer_of(record, "created");
    e->made_us = integer_of(record, "made_us");
    return copy_of(record, "id", sizeof e->id, e->id) && e->id[0] != '\0' && e->made_us > 0;
}

static bool intent_restore(books *b, const json_t *record)
{
    intent *i = books_intent(b, text_of(record, "id"));
    if (i != NULL)
        return intent_fill(i, record);
    i = calloc(1, sizeof *i);
    if (i == NULL)
        abort();
    if (!entry_fill(&i->e, record)) {
        free(i);
        return false;
    }
    books_add_intent(b, i);
    return intent_fill(i, record);
}

static bool refund_fill(refund *r, const json_t *record)
{
    r->amount = integer_of(record, "amount");
    r->settles_us = integer_of(record, "settles_us");
    r->reason = refund_reason_find(text_of(record, "reason"));
    metadata_restore(record, &r->metadata);
    return refund_status_parse(text_of(record, "status"), &r->status) &&
           refund_status_parse(text_of(record, "settles_to"), &r->settles_to);
}

static bool refund_restore(books *b, const json_t *record)
{
    refund *r = books_refund(b, text_of(record, "id"));
    if (r != NULL)
        return refund_fill(r, record);
    intent *of = books_intent(b, text_of(record, "of"));
    if (of == NULL)
        return false;
    r = calloc(1, sizeof *r);
    if (r == NULL)
        abort();
    r->of = of;
    if (!entry_fill(&r->e, record)) {
        free(r);
        return false;
    }
    books_add_refund(b, r);
    return refund_fill(r, record);
}

bool record_restore(books *b, const char *kind, const json_t *record)
{
    if (strcmp(kind, "intent") == 0)
        return intent_restore(b, record);
    return strcmp(kind, "refund") == 0 && refund_restore(b, record);
}

void record_restored(books *b)
{
    for (size_t n = 0; n < b->intents_made.count; n++) {
        intent *i = (intent *)(void *)b->intents_made.at[n];
        books_settle_later(b, i, NULL);
    }
    for (size_t n = 0; n < b->refunds_made.count; n++) {
        refund *r = (refund *)(void *)b->refunds_made.at[n];
        if (r->status != REFUND_FAILED)
            r->of->amount_refunded += r->amount;
        books_settle_later(b, NULL, r);
    }
}

void record_all(books *b)
{
    for (size_t n = 0; n < b->intents_made.count; n++)
        record_intent(b, (const intent *)(void *)b->intents_made.at[n]);
    for (size_t n = 0; n < b->refunds_made.count; n++)
        record_refund(b, (const refund *)(void *)b->refunds_made.at[n]);
}
