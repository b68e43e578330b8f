// Walks a real cavea-provider through everything cavea uses: provider_walk PROGRAM FOLDER.
// tests/integration/provider.sh starts it.

#include "ops/host/clock.h"
#include "tests/support/provider_rig.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct made {
    char id[40], client_secret[80];
} made;

static rig_answer get(const char *path, const char *params)
{
    return rig_call(&(rig_request){.method = "GET", .path = path, .params = params});
}

static made create(const char *params)
{
    made m;
    rig_answer a = rig_post("/v1/payment_intents", params, 200);
    snprintf(m.id, sizeof m.id, "%s", rig_text(&a, "id"));
    snprintf(m.client_secret, sizeof m.client_secret, "%s", rig_text(&a, "client_secret"));
    rig_answer_done(&a);
    return m;
}

static void confirm(const made *m, const char *method, int status)
{
    char path[128], params[128];
    snprintf(path, sizeof path, "/v1/payment_intents/%s/confirm", m->id);
    snprintf(params, sizeof params, "payment_method=%s", method);
    rig_answer a = rig_post(path, params, status);
    rig_answer_done(&a);
}

static void expect_state(const made *m, const char *status, int64_t amount_received)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/payment_intents/%s", m->id);
    rig_answer a = get(path, NULL);
    RIG_CHECK(a.status == 200);
    RIG_CHECK(strcmp(rig_text(&a, "status"), status) == 0);
    RIG_CHECK(rig_integer(&a, "amount_received") == amount_received);
    rig_answer_done(&a);
}

static void expect_webhook(const char *type, const char *id, int times)
{
    json_decref(rig_webhook_wait(type, id, times));
}

static void walk_create(void)
{
    static const char params[] = "amount=1250&currency=EUR&metadata%5Bpayment_id%5D=p-1&"
                                 "receipt_email=a%40b.example&"
                                 "automatic_payment_methods[enabled]=true&unheard_of[x]=1";
    rig_request request = {
        .method = "POST", .path = "/v1/payment_intents", .params = params, .key = "key-1"};
    rig_answer first = rig_call(&request), again = rig_call(&request);
    RIG_CHECK(first.status == 200 && again.status == 200);
    RIG_CHECK(strcmp(first.text, again.text) == 0);
    RIG_CHECK(strstr(first.headers, "Idempotent-Replayed") == NULL);
    RIG_CHECK(strstr(again.headers, "\r\nIdempotent-Replayed: true\r\n") != NULL);
    const char *id = rig_text(&first, "id"), *secret = rig_text(&first, "client_secret");
    RIG_CHECK(strncmp(id, "pi_", 3) == 0 && strncmp(secret, id, strlen(id)) == 0);
    RIG_CHECK(strncmp(secret + strlen(id), "_secret_", 8) == 0);
    RIG_CHECK(strcmp(rig_text(&first, "status"), "requires_payment_method") == 0);
    RIG_CHECK(strcmp(rig_text(&first, "currency"), "eur") == 0);
    RIG_CHECK(strcmp(rig_text(&first, "metadata.payment_id"), "p-1") == 0);
    expect_webhook("payment_intent.created", id, 1);
    request.params = "amount=1251&currency=EUR";
    rig_answer other = rig_call(&request);
    RIG_CHECK(other.status == 400);
    RIG_CHECK(strcmp(rig_text(&other, "error.type"), "idempotency_error") == 0);
    rig_answer_done(&other);
    rig_answer_done(&again);
    rig_answer_done(&first);
}

static void walk_refusals(void)
{
    static const struct refusal {
        const char *method, *path, *params, *user;
        int status;
    } refusals[] = {
        {"POST", "/v1/payment_intents", "amount=1&currency=eur", "", 401},
        {"POST", "/v1/payment_intents", "amount=1&currency=eur", "sk_test_other:", 401},
        {"POST", "/v1/payment_intents", "amount=1&currency=eur", "pk_test_any:", 403},
        {"POST", "/v1/payment_intents", "currency=eur", NULL, 400},
        {"POST", "/v1/payment_intents", "amount=1&currency=eur&a%5B=1", NULL, 400},
        {"POST", "/v1/payment_intents", "amount=%", NULL, 400},
        {"GET", "/v1/payment_intents/pi_none", NULL, NULL, 404},
        {"POST", "/v1/payment_intents/pi_none/confirm", "", NULL, 404},
        {"GET", "/v1/refunds/re_none", NULL, NULL, 404},
        {"GET", "/v1/payment_intents/", NULL, NULL, 404},
        {"GET", "/v1/customers", NULL, NULL, 404},
        {"DELETE", "/v1/payment_intents", NULL, NULL, 404},
        {"GET", "/pay/pi_none", "client_secret=x", NULL, 404},
        {"GET", "/", NULL, NULL, 404},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *r = &refusals[i];
        rig_answer a = rig_call(&(rig_request){
            .method = r->method, .path = r->path, .params = r->params, .user = r->user});
        if (a.status != r->status)
            fprintf(stderr, "%s %s: %d\n", r->method, r->path, a.status);
        RIG_CHECK(a.status == r->status);
        rig_answer_done(&a);
    }
}

static void walk_pay_and_refund(void)
{
    char params[128];
    made m = create("amount=1000&currency=eur&metadata[payment_id]=p-2");
    confirm(&m, "pm_card_chargeDeclined", 402);
    expect_state(&m, "requires_payment_method", 0);
    expect_webhook("payment_intent.payment_failed", m.id, 1);
    confirm(&m, "pm_card_visa", 200);
    expect_state(&m, "succeeded", 1000);
    json_t *event = rig_webhook_wait("payment_intent.succeeded", m.id, 1);
    json_t *object = json_object_get(json_object_get(event, "data"), "object");
    json_t *metadata = json_object_get(object, "metadata");
    RIG_CHECK(strcmp(json_string_value(json_object_get(metadata, "payment_id")), "p-2") == 0);
    json_decref(event);
    confirm(&m, "pm_card_visa", 400);
    snprintf(params, sizeof params, "payment_intent=%s&amount=400&metadata[n]=1", m.id);
    rig_answer a = rig_post("/v1/refunds", params, 200);
    RIG_CHECK(strcmp(rig_text(&a, "status"), "succeeded") == 0);
    expect_webhook("refund.updated", rig_text(&a, "id"), 1);
    char path[128];
    snprintf(path, sizeof path, "/v1/refunds/%s", rig_text(&a, "id"));
    rig_answer read = get(path, NULL);
    RIG_CHECK(read.status == 200 && strcmp(read.text, a.text) == 0);
    rig_answer_done(&read);
    rig_answer_done(&a);
    snprintf(params, sizeof params, "payment_intent=%s&amount=601", m.id);
    a = rig_post("/v1/refunds", params, 400);
    rig_answer_done(&a);
    made cancelled = create("amount=5&currency=usd");
    snprintf(path, sizeof path, "/v1/payment_intents/%s/cancel", cancelled.id);
    a = rig_post(path, "cancellation_reason=abandoned", 200);
    rig_answer_done(&a);
    expect_state(&cancelled, "canceled", 0);
    expect_webhook("payment_intent.canceled", cancelled.id, 1);
    confirm(&cancelled, "pm_card_visa", 400);
}

static void page_post(const made *m, const char *method)
{
    char path[64], params[256];
    snprintf(path, sizeof path, "/pay/%s", m->id);
    snprintf(params, sizeof params, "client_secret=%s&payment_method=%s", m->client_secret, method);
    rig_answer a =
        rig_call(&(rig_request){.method = "POST", .path = path, .params = params, .user = ""});
    RIG_CHECK(a.status == 303 && strstr(a.headers, "\r\nLocation: /pay/pi_") != NULL);
    rig_answer_done(&a);
}

static void page_expect(const made *m, const char *more, const char *part, bool is_there)
{
    char path[64], params[256];
    snprintf(path, sizeof path, "/pay/%s", m->id);
    snprintf(params, sizeof params, "client_secret=%s%s", m->client_secret, more);
    rig_answer a =
        rig_call(&(rig_request){.method = "GET", .path = path, .params = params, .user = ""});
    RIG_CHECK(a.status == 200);
    RIG_CHECK((strstr(a.text, part) != NULL) == is_there);
    RIG_CHECK(strstr(a.headers, "Content-Security-Policy: default-src 'none'") != NULL);
    rig_answer_done(&a);
}

static void walk_pay_page(void)
{
    made m = create("amount=1205&currency=eur&description=%3Cb%3E%22seats%22");
    page_expect(&m, "", "12.05 EUR", true);
    page_expect(&m, "", "&lt;b&gt;&quot;seats&quot;", true);
    page_expect(&m, "", "<b>", false);
    page_expect(&m, "&return_url=javascript:alert(1)", "javascript", false);
    page_post(&m, "pm_card_chargeDeclined");
    page_expect(&m, "", "Your card was declined.", true);
    page_expect(&m, "", "<button", true);
    page_post(&m, "pm_card_visa");
    page_post(&m, "pm_card_visa"); // a second click
    page_expect(&m, "&return_url=https://shop.example/a%26b", "Paid. Thank you.", true);
    page_expect(&m, "&return_url=https://shop.example/a%26b", "\"https://shop.example/a&amp;b\"",
                true);
    page_expect(&m, "&return_url=http://127.0.0.1:1?paid", "Back to the shop", true);
    static const char *const foreign[] = {
        "&return_url=https://elsewhere.example/",    "&return_url=https://shop.example.evil/",
        "&return_url=https://shop.example@evil.org", "&return_url=https://shop.example:8443/",
        "&return_url=http://shop.example/",          "&return_url=http://127.0.0.1:11/",
        "&return_url=https://shop.example%5C@evil/", "&return_url=//shop.example/",
    };
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        page_expect(&m, foreign[i], "Back to the shop", false);
    page_expect(&m, "", "<button", false);
    expect_state(&m, "succeeded", 1205);
    expect_webhook("payment_intent.succeeded", m.id, 1);
    // A browser may also use the API with a publishable key and the intent's secret.
    made other = create("amount=7&currency=eur");
    char path[96], params[160];
    snprintf(path, sizeof path, "/v1/payment_intents/%s/confirm", other.id);
    snprintf(params, sizeof params, "payment_method=pm_card_visa&client_secret=%s",
             m.client_secret);
    rig_request request = {
        .method = "POST", .path = path, .params = params, .user = "pk_test_any:"};
    rig_answer a = rig_call(&request);
    RIG_CHECK(a.status == 404);
    rig_answer_done(&a);
    snprintf(params, sizeof params, "payment_method=pm_card_visa&client_secret=%s",
             other.client_secret);
    a = rig_call(&request);
    RIG_CHECK(a.status == 200);
    rig_answer_done(&a);
}

static void walk_list(void)
{
    char newest[40] = "", params[128];
    for (int i = 0; i < 25; i++)
        snprintf(newest, sizeof newest, "%s", create("amount=1&currency=eur").id);
    rig_answer a = get("/v1/payment_intents", "limit=1&created[gte]=1000000000");
    json_t *first = json_array_get(json_object_get(a.json, "data"), 0);
    RIG_CHECK(strcmp(json_string_value(json_object_get(first, "id")), newest) == 0);
    rig_answer_done(&a);
    int seen = 0;
    bool has_more = true;
    snprintf(params, sizeof params, "limit=10");
    while (has_more) {
        a = get("/v1/payment_intents", params);
        json_t *data = json_object_get(a.json, "data");
        size_t count = json_array_size(data);
        json_t *last = json_array_get(data, count - 1);
        snprintf(params, sizeof params, "limit=10&starting_after=%s",
                 json_string_value(json_object_get(last, "id")));
        has_more = json_is_true(json_object_get(a.json, "has_more"));
        seen += (int)count;
        rig_answer_done(&a);
    }
    a = get("/admin/intents", NULL);
    int lines = 0;
    for (const char *at = a.text; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    RIG_CHECK(lines == seen && seen > 25);
    rig_answer_done(&a);
}

// Deliveries are tried again until they are taken.
static void walk_retry(void)
{
    rig_webhooks_answer(503, 3);
    made m = create("amount=1&currency=eur");
    expect_webhook("payment_intent.created", m.id, 4);
    rig_webhooks_answer(200, 0);
    rig_faults("{\"drop_webhooks\":{\"count\":1}}");
    made dropped = create("amount=1&currency=eur");
    rig_faults("{\"duplicate_webhooks\":{\"count\":1,\"value\":3}}");
    made repeated = create("amount=1&currency=eur");
    expect_webhook("payment_intent.created", repeated.id, 3);
    RIG_CHECK(rig_webhook_count("payment_intent.created", dropped.id) == 0);
    rig_faults("{\"clock_offset_ms\":-600000}");
    made late = create("amount=1&currency=eur");
    expect_webhook("payment_intent.created", late.id, 1);
    int64_t behind = clock_wall_us() / 1000000 - rig_webhook_signed_at();
    RIG_CHECK(behind >= 600 && behind < 620);
    rig_faults("{}");
}

// A create call that a fault spoils, and the same call again under its key.
static void spoiled(const char *faults, int status, int curl_code, bool is_done)
{
    static int number;
    char key[16];
    snprintf(key, sizeof key, "spoiled-%d", number++);
    rig_request request = {.method = "POST",
                           .path = "/v1/payment_intents",
                           .params = "amount=3&currency=chf",
                           .key = key,
                           .is_fresh = true};
    rig_faults(faults);
    rig_answer a = rig_call(&request), again = rig_call(&request);
    if (a.status != status || a.curl_code != curl_code)
        fprintf(stderr, "%s: %d %d\n", faults, a.status, a.curl_code);
    RIG_CHECK(a.status == status && a.curl_code == curl_code && again.status == 200);
    bool is_replayed = strstr(again.headers, "Idempotent-Replayed: true") != NULL;
    RIG_CHECK(is_replayed == is_done);
    rig_answer_done(&a);
    rig_answer_done(&again);
}

static void walk_request_faults(void)
{
    spoiled("{\"rate_limit\":{\"count\":1}}", 429, 0, false);
    spoiled("{\"server_error_before\":{\"count\":1}}", 500, 0, false);
    spoiled("{\"server_error_after\":{\"count\":1}}", 500, 0, true);
    spoiled("{\"timeout_before\":{\"count\":1,\"value\":30}}", 0, CURLE_GOT_NOTHING, false);
    spoiled("{\"timeout_after\":{\"count\":1,\"value\":30}}", 0, CURLE_GOT_NOTHING, true);
    spoiled("{\"reset_before\":{\"count\":1}}", 0, CURLE_RECV_ERROR, false);
    spoiled("{\"reset_after\":{\"count\":1}}", 0, CURLE_RECV_ERROR, true);
    rig_faults("{\"latency_ms\":{\"count\":1,\"value\":120}}");
    int64_t start_us = clock_monotonic_us();
    (void)create("amount=1&currency=eur");
    RIG_CHECK(clock_monotonic_us() - start_us >= 120000);
    rig_faults("{\"early_payments\":{\"count\":1,\"value\":300}}");
    start_us = clock_monotonic_us();
    made m = create("amount=4&currency=eur");
    RIG_CHECK(clock_monotonic_us() - start_us >= 300000);
    expect_webhook("payment_intent.succeeded", m.id, 1);
    expect_state(&m, "succeeded", 4);
}

static void walk_money_faults(void)
{
    char params[96];
    rig_faults("{\"wrong_amounts\":{\"count\":1,\"value\":-2}}");
    made m = create("amount=10&currency=eur");
    confirm(&m, "pm_card_visa", 200);
    expect_state(&m, "succeeded", 8);
    rig_faults("{\"slow_payments\":{\"count\":1,\"value\":50}}");
    m = create("amount=10&currency=eur");
    confirm(&m, "pm_card_visa", 200);
    expect_webhook("payment_intent.processing", m.id, 1);
    expect_webhook("payment_intent.succeeded", m.id, 1);
    expect_state(&m, "succeeded", 10);
    rig_faults("{\"refund_failures\":{\"value\":20}}");
    snprintf(params, sizeof params, "payment_intent=%s", m.id);
    rig_answer a = rig_post("/v1/refunds", params, 200);
    RIG_CHECK(strcmp(rig_text(&a, "status"), "pending") == 0);
    expect_webhook("refund.failed", rig_text(&a, "id"), 1);
    rig_answer_done(&a);
    a = rig_post("/v1/refunds", params, 200);
    RIG_CHECK(strcmp(rig_text(&a, "status"), "succeeded") == 0);
    rig_answer_done(&a);
    rig_faults("{}");
}

// Killed with an undelivered webhook: money, keys and webhooks are there again.
static void walk_restart(void)
{
    rig_webhooks_answer(503, -1);
    rig_request request = {.method = "POST",
                           .path = "/v1/payment_intents",
                           .params = "amount=99&currency=eur&confirm=true&"
                                     "payment_method=pm_card_visa",
                           .key = "before-the-kill"};
    rig_answer a = rig_call(&request);
    RIG_CHECK(a.status == 200);
    const char *id = rig_text(&a, "id");
    expect_webhook("payment_intent.succeeded", id, 1);
    RIG_CHECK(rig_start_second() == 1);
    rig_answer before = get("/admin/state", NULL);
    RIG_CHECK(rig_stop(SIGKILL) == -1);
    int refused = rig_webhook_count("payment_intent.succeeded", id);
    rig_webhooks_answer(200, 0);
    rig_start(NULL);
    rig_answer again = rig_call(&request), after = get("/admin/state", NULL);
    RIG_CHECK(again.status == 200 && strcmp(again.text, a.text) == 0);
    static const char *const parts[] = {"intents", "refunds", "currencies"};
    for (size_t i = 0; i < 3; i++)
        RIG_CHECK(json_equal(json_object_get(before.json, parts[i]),
                             json_object_get(after.json, parts[i])));
    expect_webhook("payment_intent.succeeded", id, refused + 1);
    rig_answer_done(&before);
    rig_answer_done(&after);
    rig_answer_done(&again);
    rig_answer_done(&a);
}

static void walk_metrics(const char *dir)
{
    char path[512];
    rig_answer a = get("/metrics", NULL);
    RIG_CHECK(a.status == 200);
    RIG_CHECK(
        strstr(a.text, "cavea_provider_requests_total{route=\"intent_create\",status=\"2xx\"") !=
        NULL);
    snprintf(path, sizeof path, "%s/metrics.txt", dir);
    FILE *out = fopen(path, "w");
    RIG_CHECK(out != NULL && fputs(a.text, out) >= 0 && fclose(out) == 0);
    rig_answer_done(&a);
    a = get("/healthz", NULL);
    RIG_CHECK(a.status == 200);
    rig_answer_done(&a);
}

static void walk_figure(void)
{
    enum { CALLS = 1000 };
    int64_t start_us = clock_monotonic_us();
    for (int i = 0; i < CALLS; i++)
        (void)create("amount=1250&currency=eur&metadata[payment_id]=p&confirm=true&"
                     "payment_method=pm_card_visa");
    int64_t took_us = clock_monotonic_us() - start_us;
    printf("figure: %d paid intents one after another, %" PRId64 " us each\n", CALLS,
           took_us / CALLS);
}

int main(int argc, char **argv)
{
    RIG_CHECK(argc == 3);
    rig_init(argv[1], argv[2]);
    rig_start(NULL);
    walk_create();
    walk_refusals();
    walk_pay_and_refund();
    walk_pay_page();
    walk_list();
    walk_retry();
    walk_request_faults();
    walk_money_faults();
    walk_restart();
    walk_metrics(argv[2]);
    walk_figure();
    RIG_CHECK(rig_stop(SIGTERM) == 0);
    printf("ok\n");
    return 0;
}
