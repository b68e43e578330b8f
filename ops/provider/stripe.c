#include "ops/provider/stripe.h"

#include "ops/host/clock.h"
#include "ops/host/metric.h"
#include "ops/provider/hangup.h"
#include "ops/provider/intent.h"
#include "ops/provider/listing.h"
#include "ops/provider/shape.h"

#include <civetweb.h>
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct call {
    provider *p;
    struct mg_connection *c;
    const char *method, *path;
    const char *repeat_key; // Idempotency-Key; NULL
    char id[OBJECT_ID_BYTES];
    form form;
    bool is_publishable, is_replayed;
} call;

typedef struct stripe_route {
    const char *method, *path; // '*' stands for one id
    metric_provider_route label;
    bool is_public; // open to publishable keys, which then need the client_secret
    void (*work)(const call *k, answer *a);
} stripe_route;

bool stripe_secret_equal(const char *a, const char *b)
{
    digest16 first = digest16_of(a, strlen(a)), second = digest16_of(b, strlen(b));
    return sodium_memcmp(first.bytes, second.bytes, sizeof first.bytes) == 0;
}

static void work_create(const call *k, answer *a)
{
    intent_create(&k->p->books, &k->form, a);
}

static void work_list(const call *k, answer *a)
{
    listing_intents(&k->p->books, &k->form, a);
}

// The call's intent; NULL when the answer already says why not.
static intent *intent_of(const call *k, answer *a)
{
    intent *i = books_intent(&k->p->books, k->id);
    const char *secret = form_find(&k->form, "client_secret");
    // To a browser a wrong secret and an unknown intent look alike.
    if (i != NULL && k->is_publishable &&
        (secret == NULL || !stripe_secret_equal(secret, i->client_secret)))
        i = NULL;
    if (i == NULL)
        answer_missing(a, "payment_intent", k->id);
    return i;
}

static void work_read(const call *k, answer *a)
{
    const intent *i = intent_of(k, a);
    if (i != NULL)
        shape_intent(&a->body, NULL, &k->p->books, i);
}

static void work_confirm(const call *k, answer *a)
{
    intent *i = intent_of(k, a);
    if (i != NULL)
        intent_confirm(&k->p->books, i, form_find(&k->form, "payment_method"), a);
}

static void work_cancel(const call *k, answer *a)
{
    intent *i = intent_of(k, a);
    if (i != NULL)
        intent_cancel(&k->p->books, i, &k->form, a);
}

static void work_refund(const call *k, answer *a)
{
    refund_create(&k->p->books, &k->form, a);
}

static void work_refund_list(const call *k, answer *a)
{
    listing_refunds(&k->p->books, &k->form, a);
}

static void work_refund_read(const call *k, answer *a)
{
    const refund *r = books_refund(&k->p->books, k->id);
    if (r != NULL)
        shape_refund(&a->body, NULL, r);
    else
        answer_missing(a, "refund", k->id);
}

static const stripe_route routes[] = {
    {"POST", "/v1/payment_intents", METRIC_PROVIDER_ROUTE_INTENT_CREATE, false, work_create},
    {"GET", "/v1/payment_intents", METRIC_PROVIDER_ROUTE_INTENT_LIST, false, work_list},
    {"GET", "/v1/payment_intents/*", METRIC_PROVIDER_ROUTE_INTENT_READ, true, work_read},
    {"POST", "/v1/payment_intents/*/confirm", METRIC_PROVIDER_ROUTE_INTENT_CONFIRM, true,
     work_confirm},
    {"POST", "/v1/payment_intents/*/cancel", METRIC_PROVIDER_ROUTE_INTENT_CANCEL, false,
     work_cancel},
    {"POST", "/v1/refunds", METRIC_PROVIDER_ROUTE_REFUND_CREATE, false, work_refund},
    {"GET", "/v1/refunds", METRIC_PROVIDER_ROUTE_REFUND_LIST, false, work_refund_list},
    {"GET", "/v1/refunds/*", METRIC_PROVIDER_ROUTE_REFUND_READ, false, work_refund_read},
};

static bool path_match(const char *pattern, const char *path, char ret_id[static OBJECT_ID_BYTES])
{
    for (; *pattern != '\0'; pattern++) {
        if (*pattern != '*') {
            if (*path++ != *pattern)
                return false;
            continue;
        }
        size_t bytes = strcspn(path, "/");
        if (bytes == 0 || bytes >= OBJECT_ID_BYTES)
            return false;
        memcpy(ret_id, path, bytes);
        ret_id[bytes] = '\0';
        path += bytes;
    }
    return *path == '\0';
}

static const stripe_route *route_find(call *k, answer *a)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (strcmp(routes[i].method, k->method) == 0 && path_match(routes[i].path, k->path, k->id))
            return &routes[i];
    char message[160];
    snprintf(message, sizeof message, "Unrecognized request URL (%.8s: %.100s).", k->method,
             k->path);
    answer_refuse(a, 404, "invalid_request_error", NULL, NULL, message);
    return NULL;
}

// The key of Bearer KEY or Basic base64(KEY:); "" when there is none.
static void key_read(struct mg_connection *c, char *ret_key, size_t key_bytes)
{
    const char *header = mg_get_header(c, "Authorization");
    ret_key[0] = '\0';
    if (header == NULL)
        return;
    if (strncasecmp(header, "Bearer ", 7) == 0) {
        snprintf(ret_key, key_bytes, "%s", header + 7);
        return;
    }
    size_t bytes = 0;
    if (strncasecmp(header, "Basic ", 6) != 0 ||
        sodium_base642bin((uint8_t *)ret_key, key_bytes - 1, header + 6, strlen(header + 6), NULL,
                          &bytes, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        bytes = 0;
    ret_key[bytes] = '\0';
    ret_key[strcspn(ret_key, ":")] = '\0';
}

static bool call_authorized(call *k, const stripe_route *r, answer *a)
{
    char key[256];
    key_read(k->c, key, sizeof key);
    if (stripe_secret_equal(key, k->p->o.key))
        return true;
    k->is_publishable = strncmp(key, "pk_", 3) == 0;
    if (k->is_publishable && r->is_public)
        return true;
    if (k->is_publishable)
        answer_refuse(a, 403, "invalid_request_error", "secret_key_required", NULL,
                      "This API call cannot be made with a publishable API key.");
    else
        answer_refuse(a, 401, "invalid_request_error", NULL, NULL,
                      key[0] == '\0' ? "You did not provide an API key."
                                     : "Invalid API Key provided.");
    return false;
}

static bool call_read(call *k, answer *a)
{
    const char *query = mg_get_request_info(k->c)->query_string;
    const char *problem;
    if (strcmp(k->method, "POST") == 0) {
        web_body body = {0};
        int refusal = web_body_read(k->c, FORM_BYTES_MAX, API_DEADLINE_MS, &body);
        if (refusal != 0) {
            answer_refuse(a, refusal, "invalid_request_error", NULL, NULL,
                          "The request's body could not be read.");
            return false;
        }
        problem = form_parse(body.at, body.bytes, &k->form);
        web_body_done(&body);
    } else {
        problem =
            form_parse(query != NULL ? query : "", query != NULL ? strlen(query) : 0, &k->form);
    }
    k->repeat_key = strcmp(k->method, "POST") == 0 ? mg_get_header(k->c, "Idempotency-Key") : NULL;
    for (const char *at = k->repeat_key; problem == NULL && at != NULL && *at != '\0'; at++)
        if (*at < ' ' || *at > '~' || at - k->repeat_key >= IDEMPOTENCY_KEY_BYTES_MAX)
            problem = "Idempotency-Key takes at most 255 printable characters.";
    if (problem != NULL)
        answer_invalid(a, NULL, NULL, problem);
    return problem == NULL;
}

static int field_compare(const void *a, const void *b)
{
    const form_field *first = a, *second = b;
    int by_name = strcmp(first->name, second->name);
    return by_name != 0 ? by_name : strcmp(first->value, second->value);
}

digest16 stripe_request_digest(const char *method, const char *path, const form *f)
{
    form_field fields[FORM_FIELDS_MAX];
    memcpy(fields, f->fields, f->fields_count * sizeof fields[0]);
    qsort(fields, f->fields_count, sizeof fields[0], field_compare);
    jsonout text = {0};
    jsonout_open(&text, NULL, '[');
    jsonout_string(&text, NULL, method);
    jsonout_string(&text, NULL, path);
    for (uint32_t i = 0; i < f->fields_count; i++) {
        jsonout_string(&text, NULL, fields[i].name);
        jsonout_string(&text, NULL, fields[i].value);
    }
    digest16 digest = digest16_of(text.at, text.bytes);
    jsonout_done(&text);
    return digest;
}

// The mutex is held. An answer that was given under the key is given again.
static void call_work_once(call *k, const stripe_route *r, answer *a)
{
    digest16 request = stripe_request_digest(k->method, k->path, &k->form);
    const repeat *given = repeats_find(&k->p->repeats, k->repeat_key);
    if (given != NULL && digest16_equal(&given->request, &request)) {
        a->status = given->status;
        jsonout_raw(&a->body, given->body, strlen(given->body));
        k->is_replayed = true;
        metric_add(METRIC_PROVIDER_REPLAYS, 1);
        return;
    }
    if (given != NULL) {
        answer_refuse(a, 400, "idempotency_error", NULL, NULL,
                      "Keys for idempotent requests can only be used with the same parameters "
                      "they were first used with.");
        return;
    }
    r->work(k, a);
    if (a->is_final)
        repeats_add(&k->p->repeats, k->repeat_key, &request, a, clock_wall_us());
}

static void call_work(call *k, const stripe_route *r, answer *a)
{
    provider *p = k->p;
    pthread_mutex_lock(&p->books.mutex);
    if (!logbook_is_well(p->logbook))
        answer_refuse(a, 500, "api_error", NULL, NULL, "The provider cannot write its logbook.");
    else if (k->repeat_key != NULL)
        call_work_once(k, r, a);
    else
        r->work(k, a);
    provider_commit(p);
    pthread_mutex_unlock(&p->books.mutex);
}

static void call_respond(call *k, const answer *a)
{
    char headers[1024], request_id[OBJECT_ID_BYTES];
    books_id_make("req_", request_id);
    snprintf(headers, sizeof headers,
             "Request-Id: %s\r\nStripe-Version: " SHAPE_API_VERSION "\r\n%s%s%s%s%s%s", request_id,
             k->repeat_key != NULL ? "Idempotency-Key: " : "",
             k->repeat_key != NULL ? k->repeat_key : "", k->repeat_key != NULL ? "\r\n" : "",
             k->is_replayed ? "Idempotent-Replayed: true\r\n" : "",
             a->status == 401 ? "WWW-Authenticate: Basic realm=\"provider\"\r\n" : "",
             a->status == 429 ? "Retry-After: 1\r\n" : "");
    web_respond(k->c, a->status, "application/json", headers, a->body.at, a->body.bytes);
}

// Faults that keep the caller from an answer. Returns whether one did.
static bool call_silenced(call *k, fault silence, fault reset)
{
    int64_t silence_ms;
    if (faults_roll(&k->p->faults, silence, &silence_ms)) {
        provider_pause(k->p, silence_ms);
        mg_disable_connection_keep_alive(k->c);
        return true;
    }
    if (faults_roll(&k->p->faults, reset, NULL)) {
        hangup(k->c);
        return true;
    }
    return false;
}

static bool call_refused_by_fault(call *k, answer *a)
{
    if (faults_roll(&k->p->faults, FAULT_RATE_LIMIT, NULL))
        answer_refuse(a, 429, "invalid_request_error", "rate_limit", NULL,
                      "Request rate limit exceeded.");
    else if (faults_roll(&k->p->faults, FAULT_ERROR_BEFORE, NULL))
        answer_refuse(a, 500, "api_error", NULL, NULL, "Something went wrong before your request.");
    return a->status != 200;
}

// Returns the status that was answered, 0 for none.
static int call_run(call *k, const stripe_route *r, answer *a)
{
    int64_t latency_ms;
    if (r != NULL && faults_roll(&k->p->faults, FAULT_LATENCY, &latency_ms))
        provider_pause(k->p, latency_ms);
    // The body is read even when the key is wrong, so that the connection can go on.
    bool is_readable = call_read(k, a);
    if (r != NULL && is_readable && call_authorized(k, r, a)) {
        if (call_silenced(k, FAULT_TIMEOUT_BEFORE, FAULT_RESET_BEFORE))
            return 0;
        if (!call_refused_by_fault(k, a)) {
            call_work(k, r, a);
            if (a->hold_ms > 0)
                provider_pause(k->p, a->hold_ms);
            if (call_silenced(k, FAULT_TIMEOUT_AFTER, FAULT_RESET_AFTER))
                return 0;
            if (faults_roll(&k->p->faults, FAULT_ERROR_AFTER, NULL))
                answer_refuse(a, 500, "api_error", NULL, NULL,
                              "Something went wrong after your request.");
        }
    }
    call_respond(k, a);
    return a->status;
}

void stripe_serve(provider *p, struct mg_connection *c)
{
    int64_t start_us = clock_monotonic_us();
    const struct mg_request_info *info = mg_get_request_info(c);
    call k = {.p = p, .c = c, .method = info->request_method, .path = info->local_uri};
    answer a;
    answer_init(&a);
    const stripe_route *r = route_find(&k, &a);
    metric_provider_route label = r != NULL ? r->label : METRIC_PROVIDER_ROUTE_OTHER;
    int status = call_run(&k, r, &a);
    metric_add_for2(METRIC_PROVIDER_REQUESTS, label, (unsigned)status / 100, 1);
    metric_observe_for(METRIC_PROVIDER_SECONDS, label, clock_monotonic_us() - start_us);
    form_done(&k.form);
    answer_done(&a);
}
