#include "ops/provider/tell.h"

#include "ops/provider/deliveries.h"
#include "ops/provider/shape.h"

static jsonout event_begin(books *b, const char *type, char ret_id[static OBJECT_ID_BYTES])
{
    jsonout out = {0};
    books_id_make("evt_", ret_id);
    jsonout_open(&out, NULL, '{');
    jsonout_string(&out, "id", ret_id);
    jsonout_string(&out, "object", "event");
    jsonout_string(&out, "api_version", SHAPE_API_VERSION);
    jsonout_integer(&out, "created", books_now(b));
    jsonout_string(&out, "type", type);
    jsonout_boolean(&out, "livemode", false);
    jsonout_integer(&out, "pending_webhooks", 1);
    jsonout_open(&out, "request", '{');
    jsonout_null(&out, "id");
    jsonout_null(&out, "idempotency_key");
    jsonout_close(&out, '}');
    jsonout_open(&out, "data", '{');
    return out;
}

static void event_end(books *b, const char *id, jsonout *out)
{
    jsonout_close(out, '}');
    jsonout_close(out, '}');
    deliveries_add(b->deliveries, id, out);
}

static void tell_intent_anyway(books *b, const char *type, const intent *i)
{
    char id[OBJECT_ID_BYTES];
    jsonout out = event_begin(b, type, id);
    shape_intent(&out, "object", b, i);
    event_end(b, id, &out);
}

void tell_intent(books *b, const char *type, const intent *i)
{
    if (deliveries_want(b->deliveries, type))
        tell_intent_anyway(b, type, i);
}

void tell_created(books *b, const intent *i, bool is_forced)
{
    if (is_forced)
        tell_intent_anyway(b, "payment_intent.created", i);
    else
        tell_intent(b, "payment_intent.created", i);
}

void tell_charge(books *b, const char *type, const intent *i)
{
    if (!deliveries_want(b->deliveries, type))
        return;
    char id[OBJECT_ID_BYTES];
    jsonout out = event_begin(b, type, id);
    shape_charge(&out, "object", i);
    event_end(b, id, &out);
}

void tell_refund(books *b, const char *type, const refund *r)
{
    if (!deliveries_want(b->deliveries, type))
        return;
    char id[OBJECT_ID_BYTES];
    jsonout out = event_begin(b, type, id);
    shape_refund(&out, "object", r);
    event_end(b, id, &out);
}
