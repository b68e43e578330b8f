#include "actors/runtime/perform_provider.h"

#include "actors/runtime/pace.h"
#include "actors/runtime/perform_http.h"
#include "actors/runtime/perform_queue.h"
#include "actors/table/table.h"
#include "ops/host/clock.h"
#include "ops/host/log.h"
#include "ops/host/metric.h"
#include "ops/host/random.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    EXCHANGES_MAX = 2 * PERFORM_CALLS_IN_FLIGHT_MAX,
    POLL_MS_MAX = 1000,
};

// One effect on its way through its steps and attempts.
typedef struct exchange {
    enum exchange_state { FREE, RESTING, FLYING } state;
    effect e;
    provider_step step;
    char after[PAYMENT_INTENT_BYTES];
    uint32_t attempts, pages;            // of the step
    int64_t taken_us, sent_us, again_us; // monotonic
    http_slot http;
} exchange;

struct provider_client {
    perform_settings settings;
    char pay_url_template[256];
    perform_queue queue;
    pthread_mutex_t mutex; // of pending
    table *pending;        // effects queued or under way, so that asking again adds none
    CURLM *multi;
    pthread_t thread;
    bool started;
    atomic_bool stopping;
    // Of the thread alone.
    exchange *exchanges;
    uint32_t flying;
    pace pace;
    breaker breaker;
    int64_t paced_until_us;
};

static uuid pending_key(const effect *e)
{
    uuid key = e->payment.u;
    key.bytes[0] = (uint8_t)(key.bytes[0] ^ e->type);
    return key;
}

static void pending_drop(provider_client *c, const effect *e)
{
    uuid key = pending_key(e);
    pthread_mutex_lock(&c->mutex);
    uint32_t slot = table_find(c->pending, &key);
    if (slot != TABLE_NONE)
        table_remove(c->pending, slot);
    pthread_mutex_unlock(&c->mutex);
}

bool provider_client_start(provider_client *c, const effect *e)
{
    uuid key = pending_key(e);
    if (atomic_load(&c->stopping))
        return false;
    pthread_mutex_lock(&c->mutex);
    bool known = table_find(c->pending, &key) != TABLE_NONE;
    bool put = !known && table_count(c->pending) < PERFORM_CALLS_QUEUED_MAX &&
               table_add(c->pending, &key) != TABLE_NONE;
    pthread_mutex_unlock(&c->mutex);
    if (known)
        return true;
    if (put && !perform_queue_put(&c->queue, e)) {
        pending_drop(c, e);
        put = false;
    }
    if (put) {
        metric_change(METRIC_EFFECTS_QUEUED, 1);
        curl_multi_wakeup(c->multi);
    }
    return put;
}

static ProtobufCBinaryData binary(const uuid *id)
{
    return (ProtobufCBinaryData){sizeof id->bytes, (uint8_t *)(uintptr_t)id->bytes};
}

static void exchange_end(provider_client *c, exchange *x, const payment_report *r)
{
    Cavea__V1__ProviderReport report = CAVEA__V1__PROVIDER_REPORT__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    report.payment_id = binary(&x->e.payment.u);
    report.intent_id = (char *)(uintptr_t)r->intent_id;
    report.status = (Cavea__V1__ProviderStatus)r->status;
    report.amount_minor = r->amount_minor;
    report.currency = (char *)(uintptr_t)r->currency;
    report.client_secret = (char *)(uintptr_t)r->client_secret;
    report.pay_url = (char *)(uintptr_t)r->pay_url;
    report.refund_id = (char *)(uintptr_t)r->refund_id;
    report.refund_number = r->refund_number;
    command.id = binary(&x->e.payment.u);
    command.body_case = CAVEA__V1__COMMAND__BODY_PROVIDER_REPORT;
    command.provider_report = &report;
    pending_drop(c, &x->e);
    x->state = FREE;
    metric_change(METRIC_EFFECTS_QUEUED, -1);
    perform_deliver(&c->settings.sink, &x->e.actor, &command);
}

static void exchange_unreachable(provider_client *c, exchange *x)
{
    payment_report r = {.status = PROVIDER_UNREACHABLE, .refund_number = x->e.refund_number};
    exchange_end(c, x, &r);
}

static void exchange_report(provider_client *c, exchange *x, payment_report *r)
{
    bool payable = r->intent_id[0] != 0 && r->client_secret[0] != 0;
    if (payable && r->pay_url[0] == 0 && !provider_pay_url(c->pay_url_template, r, r->pay_url))
        log_event(LOG_ERROR, "pay_url.unfit", LOG_U("payment", &x->e.payment.u));
    exchange_end(c, x, r);
}

// Sends the exchange's next attempt; the caller asked the breaker and the pace.
static void exchange_send(provider_client *c, exchange *x, int64_t now_us)
{
    provider_request request;
    if (!provider_request_build(&x->e, x->step, x->after, &request) ||
        !http_slot_prepare(&x->http, &c->settings, &request, x)) {
        log_event(LOG_ERROR, "provider_call.impossible", LOG_S("call", provider_step_name(x->step)),
                  LOG_U("payment", &x->e.payment.u));
        exchange_unreachable(c, x);
        return;
    }
    if (curl_multi_add_handle(c->multi, x->http.easy) != CURLM_OK) {
        exchange_unreachable(c, x);
        return;
    }
    bool passes = breaker_take(&c->breaker, now_us);
    assert(passes);
    x->sent_us = now_us;
    x->state = FLYING;
    c->flying++;
}

static metric_call metric_call_of(provider_step step)
{
    switch (step) {
    case STEP_INTENT_CREATE:
        return METRIC_CALL_INTENT_CREATE;
    case STEP_INTENT_CANCEL:
        return METRIC_CALL_INTENT_CANCEL;
    case STEP_INTENT_FETCH:
        return METRIC_CALL_INTENT_FETCH;
    case STEP_REFUND_CREATE:
        return METRIC_CALL_REFUND_CREATE;
    case STEP_REFUND_FETCH:
        return METRIC_CALL_REFUND_FETCH;
    case STEP_INTENT_LIST:
    case STEP_REFUND_LIST:
    case STEPS_END:
        break;
    }
    return METRIC_CALL_LIST;
}

static void call_measure(const exchange *x, CURLcode code, int http_status, int64_t now_us)
{
    metric_outcome outcome = METRIC_OUTCOME_FAILED;
    if (code == CURLE_OPERATION_TIMEDOUT)
        outcome = METRIC_OUTCOME_TIMED_OUT;
    else if (http_status >= 200 && http_status <= 299)
        outcome = METRIC_OUTCOME_OK;
    else if (http_status >= 400 && http_status <= 499)
        outcome = METRIC_OUTCOME_REFUSED;
    metric_call call = metric_call_of(x->step);
    metric_add_for2(METRIC_PROVIDER_CALLS, call, outcome, 1);
    metric_observe_for(METRIC_PROVIDER_CALL_SECONDS, call, now_us - x->sent_us);
}

static void breaker_told(provider_client *c, bool good, int64_t now_us)
{
    if (!breaker_note(&c->breaker, good, now_us))
        return;
    if (c->breaker.is_open)
        log_event(LOG_ERROR, "provider.lost", LOG_S("url", c->settings.provider_url));
    else
        log_event(LOG_INFO, "provider.found", LOG_S("url", c->settings.provider_url));
}

// 200 ms doubling, three quarters to five quarters of it.
static int64_t retry_delay_us(uint32_t attempts)
{
    int64_t delay_us = (int64_t)PROVIDER_RETRY_FIRST_MS * 1000 << (attempts < 8 ? attempts : 8);
    uint32_t spread;
    random_fill(&spread, sizeof spread);
    return delay_us - delay_us / 4 + (int64_t)(spread % (uint64_t)(delay_us / 2));
}

static void exchange_again(provider_client *c, exchange *x, int64_t now_us)
{
    int64_t again_us = now_us + retry_delay_us(x->attempts++);
    bool late = again_us - x->taken_us > (int64_t)PROVIDER_EFFECT_MS_MAX * 1000;
    if (x->attempts >= PROVIDER_ATTEMPTS_MAX || late) {
        exchange_unreachable(c, x);
        return;
    }
    x->state = RESTING;
    x->again_us = again_us;
}

static void exchange_next(provider_client *c, exchange *x, const provider_verdict *v,
                          int64_t now_us)
{
    if (v->intent_id[0] != 0)
        memcpy(x->e.intent_id, v->intent_id, sizeof x->e.intent_id);
    x->pages = v->next == x->step ? x->pages + 1 : 0;
    x->step = v->next;
    memcpy(x->after, v->after, sizeof x->after);
    x->attempts = 0;
    x->state = RESTING;
    x->again_us = now_us;
    if (x->pages >= PROVIDER_LIST_PAGES_MAX)
        exchange_unreachable(c, x);
}

static void exchange_answered(provider_client *c, exchange *x, CURLcode code, int64_t now_us)
{
    long status = 0;
    curl_easy_getinfo(x->http.easy, CURLINFO_RESPONSE_CODE, &status);
    int http_status = code == CURLE_OK ? (int)status : 0;
    c->flying--;
    call_measure(x, code, http_status, now_us);
    breaker_told(c, http_status != 0 && http_status < 500, now_us);
    provider_verdict v =
        provider_answer_read(&x->e, x->step, http_status, x->http.answer, x->http.answer_bytes);
    switch (v.type) {
    case VERDICT_REPORT:
        exchange_report(c, x, &v.report);
        return;
    case VERDICT_AGAIN:
        exchange_again(c, x, now_us);
        return;
    case VERDICT_NEXT:
        exchange_next(c, x, &v, now_us);
        return;
    case VERDICT_FAILED:
        log_event(LOG_ERROR, "provider_call.refused", LOG_S("call", provider_step_name(x->step)),
                  LOG_I("status", http_status), LOG_S("problem", v.problem),
                  LOG_U("payment", &x->e.payment.u));
        exchange_unreachable(c, x);
        return;
    }
}

static void answers_read(provider_client *c)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(c->multi, &left)) != NULL;) {
        if (m->msg != CURLMSG_DONE)
            continue;
        exchange *x = NULL;
        CURLcode code = m->data.result; // gone with the handle's removal
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &x);
        curl_multi_remove_handle(c->multi, x->http.easy);
        exchange_answered(c, x, code, clock_monotonic_us());
    }
}

// The exchange to be sent next: the one that has rested longest, or a new one. NULL: none.
static exchange *exchange_due(provider_client *c, int64_t now_us)
{
    exchange *due = NULL, *vacant = NULL;
    for (uint32_t i = 0; i < EXCHANGES_MAX; i++) {
        exchange *x = &c->exchanges[i];
        if (x->state == RESTING && x->again_us <= now_us &&
            (due == NULL || x->again_us < due->again_us))
            due = x;
        if (x->state == FREE && vacant == NULL)
            vacant = x;
    }
    if (due != NULL || vacant == NULL || !perform_queue_take(&c->queue, &vacant->e))
        return due;
    vacant->state = RESTING;
    vacant->step = provider_step_first(&vacant->e);
    vacant->after[0] = 0;
    vacant->attempts = vacant->pages = 0;
    vacant->taken_us = vacant->again_us = now_us;
    return vacant;
}

static void exchanges_send(provider_client *c)
{
    int64_t now_us = clock_monotonic_us();
    exchange *x;
    c->paced_until_us = 0;
    while (c->flying < c->settings.calls_in_flight && (x = exchange_due(c, now_us)) != NULL) {
        if (!breaker_passes(&c->breaker, now_us)) { // not worth a place in the pace
            exchange_unreachable(c, x);
            continue;
        }
        int64_t wait_us = pace_take(&c->pace, now_us);
        if (wait_us > 0) { // it keeps its place, and the queue its others
            c->paced_until_us = now_us + wait_us;
            return;
        }
        exchange_send(c, x, now_us);
    }
}

static int poll_ms(const provider_client *c)
{
    int64_t now_us = clock_monotonic_us(), until_us = now_us + POLL_MS_MAX * 1000;
    for (uint32_t i = 0; i < EXCHANGES_MAX; i++) {
        const exchange *x = &c->exchanges[i];
        if (x->state == RESTING && x->again_us > now_us && x->again_us < until_us)
            until_us = x->again_us;
    }
    if (c->paced_until_us != 0 && c->paced_until_us < until_us)
        until_us = c->paced_until_us;
    return until_us <= now_us ? 0 : (int)((until_us - now_us + 999) / 1000);
}

static void *provider_run(void *self)
{
    provider_client *c = self;
    int64_t stop_us = 0;
    for (;;) {
        int running;
        bool stopping = atomic_load(&c->stopping);
        if (stopping && stop_us == 0)
            stop_us = clock_monotonic_us() + PROVIDER_STOP_MS * 1000;
        if (stopping && (c->flying == 0 || clock_monotonic_us() > stop_us))
            return NULL;
        if (!stopping)
            exchanges_send(c);
        curl_multi_perform(c->multi, &running);
        answers_read(c);
        curl_multi_poll(c->multi, NULL, 0, stopping ? 50 : poll_ms(c), NULL);
    }
}

static bool settings_good(const perform_settings *s)
{
    const char *url = s->provider_url;
    size_t n = strlen(url);
    bool scheme = strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
    return scheme && n > 8 && url[n - 1] != '/' && strlen(s->provider_key) > 0 &&
           strlen(s->provider_key) <= PERFORM_KEY_BYTES_MAX;
}

static bool client_fill(provider_client *c)
{
    const perform_settings *s = &c->settings;
    bool own = s->pay_url_template != NULL && s->pay_url_template[0] != 0;
    int n = snprintf(c->pay_url_template, sizeof c->pay_url_template, "%s%s",
                     own ? s->pay_url_template : s->provider_url,
                     own ? "" : "/pay/{intent}?client_secret={client_secret}");
    pthread_mutex_init(&c->mutex, NULL);
    pace_init(&c->pace, s->calls_per_second);
    c->exchanges = calloc(EXCHANGES_MAX, sizeof *c->exchanges);
    c->pending = table_new(1, PERFORM_CALLS_QUEUED_MAX, PERFORM_CALLS_QUEUED_MAX);
    c->multi = curl_multi_init();
    if (n < 0 || n >= (int)sizeof c->pay_url_template || c->exchanges == NULL ||
        c->pending == NULL || c->multi == NULL ||
        !perform_queue_init(&c->queue, PERFORM_CALLS_QUEUED_MAX))
        return false;
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)s->calls_in_flight);
    curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)s->calls_in_flight);
    return true;
}

provider_client *provider_client_new(const perform_settings *settings,
                                     char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    if (!settings_good(settings)) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES,
                 "The provider's address must be like https://api.example.com, without a path, and "
                 "its key must have 1 to %d characters.",
                 PERFORM_KEY_BYTES_MAX);
        return NULL;
    }
    provider_client *c = calloc(1, sizeof *c);
    if (c != NULL) {
        c->settings = *settings;
        c->started = client_fill(c) && pthread_create(&c->thread, NULL, provider_run, c) == 0;
        if (c->started)
            return c;
        provider_client_free(c);
    }
    snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "The provider's client could not be started.");
    return NULL;
}

void provider_client_stop(provider_client *c)
{
    if (!c->started)
        return;
    perform_queue_close(&c->queue);
    atomic_store(&c->stopping, true);
    curl_multi_wakeup(c->multi);
    pthread_join(c->thread, NULL);
    c->started = false;
}

void provider_client_free(provider_client *c)
{
    if (c == NULL)
        return;
    provider_client_stop(c);
    for (uint32_t i = 0; c->exchanges != NULL && i < EXCHANGES_MAX; i++) {
        exchange *x = &c->exchanges[i];
        if (x->state == FLYING)
            curl_multi_remove_handle(c->multi, x->http.easy);
        http_slot_done(&x->http);
    }
    curl_multi_cleanup(c->multi);
    free(c->exchanges);
    table_free(c->pending);
    perform_queue_done(&c->queue);
    pthread_mutex_destroy(&c->mutex);
    free(c);
}
