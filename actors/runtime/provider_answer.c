#include "actors/runtime/provider_list.h"

#include <jansson.h>

static void json_drop(json_t **value)
{
    json_decref(*value);
}

// A text member that fits its field, zero-filled; false when it is missing, too long or not
// printable ASCII.
static bool text_member(const json_t *object, const char *name, char *ret_field, size_t field_bytes)
{
    const json_t *value = json_object_get(object, name);
    const char *s = json_string_value(value);
    size_t n = json_string_length(value);
    if (s == NULL || n >= field_bytes)
        return false;
    for (size_t i = 0; i < n; i++)
        if (s[i] <= ' ' || s[i] > '~')
            return false;
    memset(ret_field, 0, field_bytes);
    memcpy(ret_field, s, n);
    return true;
}

static bool amount_member(const json_t *object, const char *name, int64_t *ret_amount)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *ret_amount = json_integer_value(value);
    return true;
}

static bool currency_member(const json_t *object, char ret_currency[static 4])
{
    char currency[4];
    if (!text_member(object, "currency", currency, sizeof currency))
        return false;
    for (int i = 0; i < 3; i++) {
        if (currency[i] < 'a' || currency[i] > 'z')
            return false;
        ret_currency[i] = (char)(currency[i] - 'a' + 'A');
    }
    ret_currency[3] = 0;
    return true;
}

static const char *metadata_text(const json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(json_object_get(object, "metadata"), name));
    return s == NULL ? "" : s;
}

// Whether an object was made for this payment. Ours always say so; one that says nothing is only
// believed when it was asked for by its id.
static bool is_of_payment(const json_t *object, const effect *e, bool silent_is_fine)
{
    const char *s = metadata_text(object, "payment_id");
    uuid id;
    if (s[0] == 0)
        return silent_is_fine;
    return uuid_parse(s, strlen(s), &id) && uuid_equal(&id, &e->payment.u);
}

static bool intent_status(const json_t *intent, provider_status *ret_status)
{
    static const struct {
        const char *name;
        provider_status status;
    } known[] = {
        {"requires_payment_method", PROVIDER_INTENT_OPEN},
        {"requires_confirmation", PROVIDER_INTENT_OPEN},
        {"requires_action", PROVIDER_INTENT_OPEN},
        {"requires_capture", PROVIDER_PROCESSING},
        {"processing", PROVIDER_PROCESSING},
        {"canceled", PROVIDER_CANCELED},
        {"succeeded", PROVIDER_SUCCEEDED},
    };
    char name[32];
    if (!text_member(intent, "status", name, sizeof name))
        return false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i].name) != 0)
            continue;
        *ret_status = known[i].status;
        if (i == 0 && json_is_object(json_object_get(intent, "last_payment_error")))
            *ret_status = PROVIDER_DECLINED;
        return true;
    }
    return false;
}

static bool intent_read(const json_t *intent, payment_report *ret_report)
{
    payment_report r = {0};
    if (!json_is_object(intent) || !intent_status(intent, &r.status) ||
        !text_member(intent, "id", r.intent_id, sizeof r.intent_id) || r.intent_id[0] == 0 ||
        !currency_member(intent, r.currency) ||
        !amount_member(intent, r.status == PROVIDER_SUCCEEDED ? "amount_received" : "amount",
                       &r.amount_minor))
        return false;
    // Without them the buyer cannot be sent to pay, but the state counts all the same.
    (void)text_member(intent, "client_secret", r.client_secret, sizeof r.client_secret);
    (void)text_member(intent, "pay_url", r.pay_url, sizeof r.pay_url);
    *ret_report = r;
    return true;
}

static bool refund_status(const json_t *refund, provider_status *ret_status)
{
    char name[32];
    if (!text_member(refund, "status", name, sizeof name))
        return false;
    if (strcmp(name, "succeeded") == 0)
        *ret_status = PROVIDER_REFUNDED;
    else if (strcmp(name, "pending") == 0 || strcmp(name, "requires_action") == 0)
        *ret_status = PROVIDER_REFUND_PENDING;
    else if (strcmp(name, "failed") == 0 || strcmp(name, "canceled") == 0)
        *ret_status = PROVIDER_REFUND_FAILED;
    else
        return false;
    return true;
}

// The attempt is the one that was asked for; the answer's metadata could only repeat it.
static bool refund_read(const json_t *refund, const effect *e, payment_report *ret_report)
{
    payment_report r = {.refund_number = e->refund_number};
    if (!json_is_object(refund) || !refund_status(refund, &r.status) ||
        !text_member(refund, "id", r.refund_id, sizeof r.refund_id) || r.refund_id[0] == 0 ||
        !currency_member(refund, r.currency) || !amount_member(refund, "amount", &r.amount_minor))
        return false;
    (void)text_member(refund, "payment_intent", r.intent_id, sizeof r.intent_id);
    *ret_report = r;
    return true;
}

static provider_verdict verdict_of(provider_verdict_type type)
{
    return (provider_verdict){.type = type};
}

static provider_verdict verdict_report(const payment_report *report)
{
    provider_verdict v = {.type = VERDICT_REPORT, .report = *report};
    return v;
}

static provider_verdict verdict_next(provider_step next)
{
    provider_verdict v = {.type = VERDICT_NEXT, .next = next};
    return v;
}

// An intent in hand: that is the outcome, unless it was only made or found to be cancelled.
static provider_verdict intent_verdict(const json_t *intent, const effect *e, provider_step step)
{
    payment_report r;
    if (!intent_read(intent, &r))
        return verdict_of(VERDICT_AGAIN);
    if (!is_of_payment(intent, e, e->intent_id[0] != 0))
        return verdict_of(VERDICT_FAILED);
    bool wanted = e->type != EFFECT_INTENT_CANCEL || step == STEP_INTENT_CANCEL ||
                  r.status == PROVIDER_CANCELED || r.status == PROVIDER_SUCCEEDED;
    if (wanted)
        return verdict_report(&r);
    provider_verdict v = verdict_next(STEP_INTENT_CANCEL);
    memcpy(v.intent_id, r.intent_id, sizeof v.intent_id);
    return v;
}

static provider_verdict refund_verdict(const json_t *refund, const effect *e)
{
    payment_report r;
    if (!refund_read(refund, e, &r))
        return verdict_of(VERDICT_AGAIN);
    return is_of_payment(refund, e, e->refund_id[0] != 0) ? verdict_report(&r)
                                                          : verdict_of(VERDICT_FAILED);
}

static bool is_refund_wanted(const json_t *refund, const effect *e)
{
    const char *s = metadata_text(refund, "refund_number");
    uint32_t n = 0;
    size_t i = 0;
    for (; s[i] >= '0' && s[i] <= '9' && i < 3; i++)
        n = 10 * n + (uint32_t)(s[i] - '0');
    return i > 0 && s[i] == 0 && n == e->refund_number && is_of_payment(refund, e, false);
}

// A page of a list. Not found on the last page: a refund may be created now, and so may an intent
// that was looked for first; one that was refused as known is not where it should be.
static provider_verdict list_verdict(const json_t *list, const effect *e, provider_step step)
{
    bool of_refunds = step == STEP_REFUND_LIST;
    const json_t *data = json_object_get(list, "data"), *item = NULL;
    size_t count = json_array_size(data);
    if (!json_is_array(data))
        return verdict_of(VERDICT_AGAIN);
    for (size_t i = 0; i < count; i++) {
        item = json_array_get(data, i);
        if (of_refunds && is_refund_wanted(item, e))
            return refund_verdict(item, e);
        if (!of_refunds && is_of_payment(item, e, false))
            return intent_verdict(item, e, step);
    }
    provider_verdict v = verdict_next(step);
    if (json_is_true(json_object_get(list, "has_more")) && item != NULL &&
        text_member(item, "id", v.after, sizeof v.after))
        return v;
    if (of_refunds)
        return verdict_next(STEP_REFUND_CREATE);
    return e->ask_first ? verdict_next(STEP_INTENT_CREATE) : verdict_of(VERDICT_FAILED);
}

static provider_verdict success_verdict(const json_t *object, const effect *e, provider_step step)
{
    switch (step) {
    case STEP_INTENT_CREATE:
    case STEP_INTENT_FETCH:
    case STEP_INTENT_CANCEL:
        return intent_verdict(object, e, step);
    case STEP_REFUND_CREATE:
    case STEP_REFUND_FETCH:
        return refund_verdict(object, e);
    case STEP_INTENT_LIST:
    case STEP_REFUND_LIST:
        return list_verdict(object, e, step);
    case STEPS_END:
        break;
    }
    return verdict_of(VERDICT_FAILED);
}

// A refund that was finally refused needs a new attempt under a new key; one that was refused
// because everything went back already is done.
static provider_verdict refund_refused(const effect *e, const char *code)
{
    payment_report r = {.refund_number = e->refund_number};
    bool done = strcmp(code, "charge_already_refunded") == 0;
    r.status = done ? PROVIDER_REFUNDED : PROVIDER_REFUND_FAILED;
    memcpy(r.intent_id, e->intent_id, sizeof r.intent_id);
    return verdict_report(&r);
}

static provider_verdict intent_absent(const effect *e)
{
    payment_report r = {.status = PROVIDER_ABSENT};
    memcpy(r.intent_id, e->intent_id, sizeof r.intent_id);
    return verdict_report(&r);
}

static provider_verdict refusal_verdict(const json_t *object, const effect *e, provider_step step,
                                        int http_status)
{
    const json_t *error = json_object_get(object, "error");
    char type[64] = "", code[64] = "";
    (void)text_member(error, "type", type, sizeof type);
    (void)text_member(error, "code", code, sizeof code);
    bool key_reused = strcmp(type, "idempotency_error") == 0;
    bool not_allowed = http_status == 401 || http_status == 403;
    provider_verdict v = verdict_of(VERDICT_FAILED);
    if (step == STEP_INTENT_FETCH && http_status == 404 && strcmp(code, "resource_missing") == 0)
        v = intent_absent(e);
    else if (step == STEP_INTENT_CREATE && key_reused)
        v = verdict_next(STEP_INTENT_LIST); // it exists, made with other parameters
    else if (step == STEP_INTENT_CANCEL && json_is_object(json_object_get(error, "payment_intent")))
        v = intent_verdict(json_object_get(error, "payment_intent"), e, step);
    else if (step == STEP_REFUND_CREATE && json_is_object(error) && !key_reused && !not_allowed)
        v = refund_refused(e, code);
    memcpy(v.problem, code[0] != 0 ? code : type, sizeof v.problem);
    return v;
}

provider_verdict provider_answer_read(const effect *e, provider_step step, int http_status,
                                      const char *body, size_t body_bytes)
{
    bool good = http_status >= 200 && http_status <= 299;
    bool refused = http_status >= 400 && http_status <= 499 && http_status != 408 &&
                   http_status != 409 && http_status != 425 && http_status != 429;
    if (!good && !refused)
        return verdict_of(VERDICT_AGAIN);
    json_t *object __attribute__((cleanup(json_drop))) =
        json_loadb(body, body_bytes, JSON_REJECT_DUPLICATES, NULL);
    if (refused)
        return refusal_verdict(object, e, step, http_status);
    return object == NULL ? verdict_of(VERDICT_AGAIN) : success_verdict(object, e, step);
}

static bool entry_read(const json_t *intent, provider_entry *ret_entry)
{
    const char *made_for = metadata_text(intent, "payment_id");
    return uuid_parse(made_for, strlen(made_for), &ret_entry->payment.u) &&
           intent_read(intent, &ret_entry->report);
}

bool provider_page_read(const char *body, size_t body_bytes, provider_page *ret_page)
{
    json_t *list __attribute__((cleanup(json_drop))) =
        json_loadb(body, body_bytes, JSON_REJECT_DUPLICATES, NULL);
    const json_t *data = json_object_get(list, "data");
    size_t count = json_array_size(data);
    if (!json_is_array(data) || count > PROVIDER_PAGE_MAX)
        return false;
    ret_page->entries_count = 0;
    for (size_t i = 0; i < count; i++)
        ret_page->entries_count +=
            entry_read(json_array_get(data, i), &ret_page->entries[ret_page->entries_count]);
    memset(ret_page->after, 0, sizeof ret_page->after);
    if (!json_is_true(json_object_get(list, "has_more")))
        return true;
    return count > 0 && text_member(json_array_get(data, count - 1), "id", ret_page->after,
                                    sizeof ret_page->after);
}
