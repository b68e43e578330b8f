#include "actors/runtime/provider_list.h"

#include <assert.h>

const char *provider_step_name(provider_step step)
{
    static const char *const names[STEPS_END] = {
        [STEP_INTENT_CREATE] = "intent_create", [STEP_INTENT_FETCH] = "intent_fetch",
        [STEP_INTENT_CANCEL] = "intent_cancel", [STEP_INTENT_LIST] = "intent_list",
        [STEP_REFUND_CREATE] = "refund_create", [STEP_REFUND_FETCH] = "refund_fetch",
        [STEP_REFUND_LIST] = "refund_list",
    };
    assert(step < STEPS_END);
    return names[step];
}

provider_step provider_step_first(const effect *e)
{
    switch (e->type) {
    case EFFECT_INTENT_CREATE:
        return STEP_INTENT_CREATE;
    case EFFECT_INTENT_CANCEL: // one whose answer never came is asked for again, to be cancelled
        if (e->intent_id[0] != 0)
            return STEP_INTENT_CANCEL;
        return e->ask_first ? STEP_INTENT_LIST : STEP_INTENT_CREATE;
    case EFFECT_INTENT_FETCH:
        return STEP_INTENT_FETCH;
    case EFFECT_REFUND_CREATE:
        return e->ask_first ? STEP_REFUND_LIST : STEP_REFUND_CREATE;
    case EFFECT_REFUND_FETCH:
        return STEP_REFUND_FETCH;
    case EFFECT_TICKETS_SIGN:
        break;
    }
    assert(false && "not a call to the provider");
    return STEPS_END;
}

// A text that grows until it does not fit.
typedef struct text {
    char *at, *end; // room for the NUL is kept
    bool full;
} text;

static text text_over(char *field, size_t field_bytes)
{
    field[0] = 0;
    return (text){field, field + field_bytes - 1, false};
}

static void put(text *t, char c)
{
    if (t->at == t->end) {
        t->full = true;
        return;
    }
    *t->at++ = c;
    *t->at = 0;
}

static void put_text(text *t, const char *s)
{
    while (*s != 0)
        put(t, *s++);
}

// application/x-www-form-urlencoded, and safe in a path too (RFC 3986's unreserved characters
// stay).
static void put_encoded(text *t, const char *s)
{
    static const char hex[] = "0123456789ABCDEF";
    for (; *s != 0; s++) {
        unsigned char c = (unsigned char)*s;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) {
            put(t, *s);
            continue;
        }
        put(t, '%');
        put(t, hex[c >> 4]);
        put(t, hex[c & 15]);
    }
}

static void put_number(text *t, int64_t n)
{
    char digits[20];
    size_t count = 0;
    assert(n >= 0);
    do
        digits[count++] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    while (count > 0)
        put(t, digits[--count]);
}

static void put_id(text *t, const uuid *id)
{
    char s[UUID_TEXT_BYTES];
    uuid_format(id, s);
    put_text(t, s);
}

// name is already encoded.
static void put_name(text *t, const char *name, bool first)
{
    if (!first)
        put(t, '&');
    put_text(t, name);
    put(t, '=');
}

static void put_metadata(text *t, const effect *e, bool is_refund)
{
    put_name(t, "metadata%5Bpayment_id%5D", false);
    put_id(t, &e->payment.u);
    put_name(t, "metadata%5Breservation_id%5D", false);
    put_id(t, &e->reservation.u);
    if (!is_refund)
        return;
    put_name(t, "metadata%5Brefund_number%5D", false);
    put_number(t, e->refund_number);
}

// Only of what the payment's row keeps: a key goes with one set of parameters, and who asks again
// may know nothing but the row.
static void intent_form(const effect *e, text *t)
{
    put_name(t, "amount", true);
    put_number(t, e->amount_minor);
    put_name(t, "currency", false);
    for (const char *c = e->currency; *c != 0; c++)
        put(t, *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c);
    put_name(t, "automatic_payment_methods%5Benabled%5D", false);
    put_text(t, "true");
    put_metadata(t, e, false);
}

static void refund_form(const effect *e, text *t)
{
    put_name(t, "payment_intent", true);
    put_encoded(t, e->intent_id);
    if (e->amount_minor > 0) {
        put_name(t, "amount", false);
        put_number(t, e->amount_minor);
    }
    put_metadata(t, e, true);
}

static void window_query(int64_t since_s, int64_t until_s, const char *after, text *t)
{
    put_text(t, "?limit=100");
    put_name(t, "created%5Bgte%5D", false);
    put_number(t, since_s > 0 ? since_s : 0);
    put_name(t, "created%5Blte%5D", false);
    put_number(t, until_s > 0 ? until_s : 0);
    if (after[0] != 0) {
        put_name(t, "starting_after", false);
        put_encoded(t, after);
    }
}

// A lost intent was made within minutes of its payment's id, if our clocks agree that much.
static void intent_list_query(const effect *e, const char *after, text *t)
{
    enum { BEFORE_SECONDS = 300, AFTER_SECONDS = 2 * HOLD_SECONDS_MAX };
    int64_t made_s = uuid_unix_ms(&e->payment.u) / 1000;
    window_query(made_s - BEFORE_SECONDS, made_s + AFTER_SECONDS, after, t);
}

static void refund_list_query(const effect *e, const char *after, text *t)
{
    put_text(t, "?limit=100");
    put_name(t, "payment_intent", false);
    put_encoded(t, e->intent_id);
    if (after[0] != 0) {
        put_name(t, "starting_after", false);
        put_encoded(t, after);
    }
}

// Below "/v1/payment_intents" or "/v1/refunds": "/<id><suffix>". An empty id would name the list.
static void item_path(text *t, const char *id, const char *suffix)
{
    if (id[0] == 0)
        t->full = true;
    put(t, '/');
    put_encoded(t, id);
    put_text(t, suffix);
}

static void key_put(const effect *e, provider_step step, char *field, size_t field_bytes)
{
    text key = text_over(field, field_bytes);
    if (step == STEP_REFUND_CREATE)
        put_text(&key, "refund:");
    put_id(&key, &e->payment.u);
    if (step == STEP_REFUND_CREATE) {
        put(&key, ':');
        put_number(&key, e->refund_number);
    }
    assert(!key.full);
}

bool provider_request_build(const effect *e, provider_step step, const char *after,
                            provider_request *ret_request)
{
    provider_request r = {0};
    text path = text_over(r.path, sizeof r.path), body = text_over(r.body, sizeof r.body);
    bool of_refunds =
        step == STEP_REFUND_CREATE || step == STEP_REFUND_FETCH || step == STEP_REFUND_LIST;
    put_text(&path, of_refunds ? "/v1/refunds" : "/v1/payment_intents");
    switch (step) {
    case STEP_INTENT_CREATE:
        r.is_post = true;
        intent_form(e, &body);
        key_put(e, step, r.idempotency_key, sizeof r.idempotency_key);
        break;
    case STEP_INTENT_FETCH:
        item_path(&path, e->intent_id, "");
        break;
    case STEP_INTENT_CANCEL: // repeating it is harmless without a key
        r.is_post = true;
        item_path(&path, e->intent_id, "/cancel");
        put_text(&body, "cancellation_reason=abandoned");
        break;
    case STEP_INTENT_LIST:
        intent_list_query(e, after, &path);
        break;
    case STEP_REFUND_CREATE:
        r.is_post = true;
        path.full = path.full || e->intent_id[0] == 0;
        refund_form(e, &body);
        key_put(e, step, r.idempotency_key, sizeof r.idempotency_key);
        break;
    case STEP_REFUND_FETCH:
        item_path(&path, e->refund_id, "");
        break;
    case STEP_REFUND_LIST:
        path.full = path.full || e->intent_id[0] == 0;
        refund_list_query(e, after, &path);
        break;
    case STEPS_END:
        return false;
    }
    if (path.full || body.full)
        return false;
    *ret_request = r;
    return true;
}

bool provider_page_build(const provider_window *w, provider_request *ret_request)
{
    provider_request r = {0};
    text path = text_over(r.path, sizeof r.path);
    put_text(&path, "/v1/payment_intents");
    window_query(w->since_s, w->until_s, w->after, &path);
    if (path.full)
        return false;
    *ret_request = r;
    return true;
}

bool provider_window_next(provider_window *w, const provider_page *page)
{
    if (strcmp(w->after, page->after) == 0)
        return false;
    memcpy(w->after, page->after, sizeof w->after);
    return true;
}

static bool put_placeholder(text *t, const char **at, const char *name, const char *value)
{
    size_t n = strlen(name);
    if (strncmp(*at, name, n) != 0)
        return false;
    put_encoded(t, value);
    *at += n;
    return true;
}

bool provider_pay_url(const char *template, const payment_report *report,
                      char ret_url[static PAYMENT_URL_BYTES])
{
    char url[PAYMENT_URL_BYTES] = {0};
    text t = text_over(url, sizeof url);
    for (const char *at = template; *at != 0;) {
        if (put_placeholder(&t, &at, "{intent}", report->intent_id) ||
            put_placeholder(&t, &at, "{client_secret}", report->client_secret))
            continue;
        put(&t, *at++);
    }
    if (t.full)
        return false;
    memcpy(ret_url, url, sizeof url);
    return true;
}
