#include "actors/runtime/perform_exchange.h"

#include "ops/host/log.h"
#include "ops/host/metric.h"
#include "ops/host/random.h"

#include <assert.h>

static uint32_t number_of(const provider_client *c, const exchange *x)
{
    return (uint32_t)(x - c->exchanges);
}

static uuid rest_key(uint32_t number)
{
    uuid key = {{0}};
    memcpy(key.bytes + 8, &number, sizeof number);
    return key;
}

exchange *exchange_take(provider_client *c, int64_t now_us)
{
    assert(c->vacant_count > 0);
    exchange *x = &c->exchanges[c->vacant[--c->vacant_count]];
    http_slot kept = x->http;
    *x = (exchange){.http = kept, .taken_us = now_us};
    return x;
}

static void exchange_free(provider_client *c, const exchange *x)
{
    c->vacant[c->vacant_count++] = number_of(c, x);
}

void exchange_rest(provider_client *c, exchange *x, int64_t until_us)
{
    uint32_t number = number_of(c, x);
    uuid key = rest_key(number);
    uint32_t slot = table_add(c->resting, &key);
    assert(slot != TABLE_NONE);
    *(uint32_t *)table_item(c->resting, slot) = number;
    table_due_set(c->resting, slot, until_us);
}

exchange *exchange_rested(provider_client *c, int64_t now_us)
{
    uint32_t slot = table_due_first(c->resting);
    if (slot == TABLE_NONE || table_due(c->resting, slot) > now_us)
        return NULL;
    exchange *x = &c->exchanges[*(const uint32_t *)table_item(c->resting, slot)];
    table_remove(c->resting, slot);
    return x;
}

static void page_end(provider_client *c, const exchange *x, bool good)
{
    pthread_mutex_lock(&c->mutex);
    c->page.state = good ? PAGE_GOOD : PAGE_FAILED;
    pthread_cond_broadcast(&c->page_done);
    pthread_mutex_unlock(&c->mutex);
    exchange_free(c, x);
}

static ProtobufCBinaryData binary(const uuid *id)
{
    return (ProtobufCBinaryData){sizeof id->bytes, (uint8_t *)(uintptr_t)id->bytes};
}

static void exchange_end(provider_client *c, exchange *x, const payment_report *r)
{
    Cavea__V1__ProviderReport report = CAVEA__V1__PROVIDER_REPORT__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    perform_report(&x->e.payment, r, &report);
    command.id = binary(&x->e.payment.u);
    command.body_case = CAVEA__V1__COMMAND__BODY_PROVIDER_REPORT;
    command.provider_report = &report;
    pthread_mutex_lock(&c->mutex);
    provider_queue_ended(c->queue, &x->e);
    pthread_mutex_unlock(&c->mutex);
    metric_change(METRIC_EFFECTS_QUEUED, -1);
    actor_ref to = x->e.actor;
    perform_deliver(&c->settings.sink, &to, &command);
    exchange_free(c, x);
}

void exchange_give_up(provider_client *c, exchange *x)
{
    payment_report r = {.status = PROVIDER_UNREACHABLE, .refund_number = x->e.refund_number};
    if (x->is_page)
        page_end(c, x, false);
    else
        exchange_end(c, x, &r);
}

static void exchange_report(provider_client *c, exchange *x, payment_report *r)
{
    bool payable = r->intent_id[0] != 0 && r->client_secret[0] != 0;
    if (payable && r->pay_url[0] == 0 && !provider_pay_url(c->pay_url_template, r, r->pay_url))
        log_event(LOG_ERROR, "pay_url.unfit", LOG_U("payment", &x->e.payment.u));
    exchange_end(c, x, r);
}

static const char *call_name(const exchange *x)
{
    return x->is_page ? "intent_page" : provider_step_name(x->step);
}

void exchange_send(provider_client *c, exchange *x, int64_t now_us)
{
    provider_request request;
    bool built = x->is_page ? provider_page_build(&x->window, &request)
                            : provider_request_build(&x->e, x->step, x->after, &request);
    if (!built || !http_slot_prepare(&x->http, &c->settings, &request, x)) {
        log_event(LOG_ERROR, "provider_call.impossible", LOG_S("call", call_name(x)),
                  LOG_U("payment", &x->e.payment.u));
        exchange_give_up(c, x);
        return;
    }
    if (curl_multi_add_handle(c->loop.multi, x->http.easy) != CURLM_OK) {
        exchange_give_up(c, x);
        return;
    }
    bool passes = breaker_take(&c->breaker, now_us);
    assert(passes);
    x->sent_us = now_us;
    x->is_flying = true;
    c->flying_count++;
}

static metric_call metric_call_of(const exchange *x)
{
    if (x->is_page)
        return METRIC_CALL_LIST;
    switch (x->step) {
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
    metric_call call = metric_call_of(x);
    metric_add_for2(METRIC_PROVIDER_CALLS, call, outcome, 1);
    metric_observe_for(METRIC_PROVIDER_CALL_SECONDS, call, now_us - x->sent_us);
    if (http_status == 429)
        metric_add(METRIC_PROVIDER_THROTTLED, 1);
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

// "Full jitter": anything from nothing to a bound that doubles, so that calls that failed together
// do not come together again.
static int64_t retry_delay_us(uint32_t attempts)
{
    uint64_t bound_us = (uint64_t)PROVIDER_RETRY_FIRST_MS * 1000 << (attempts < 8 ? attempts : 8);
    uint64_t random;
    random_fill(&random, sizeof random);
    return (int64_t)(random % bound_us);
}

// Every request may be repeated: what creates something carries an idempotency key, what was
// cancelled stays so, and the others only read.
static void exchange_again(provider_client *c, exchange *x, int64_t rest_us, int64_t now_us)
{
    int64_t again_us = now_us + rest_us;
    bool late = again_us - x->taken_us > (int64_t)PROVIDER_EFFECT_MS_MAX * 1000;
    if (x->attempts >= PROVIDER_ATTEMPTS_MAX || late)
        exchange_give_up(c, x);
    else
        exchange_rest(c, x, again_us);
}

// Too many requests: all calls rest for as long as the provider says, and this one counts as none.
static void exchange_throttled(provider_client *c, exchange *x, int64_t now_us)
{
    curl_off_t after_s = 0;
    curl_easy_getinfo(x->http.easy, CURLINFO_RETRY_AFTER, &after_s);
    int64_t rest_ms = RETRY_AFTER_MS;
    if (after_s > 0)
        rest_ms = after_s < RETRY_AFTER_LONGEST_MS / 1000 ? after_s * 1000 : RETRY_AFTER_LONGEST_MS;
    pace_hold(&c->pace, now_us + rest_ms * 1000);
    exchange_again(c, x, rest_ms * 1000 + retry_delay_us(x->attempts), now_us);
}

static void exchange_next(provider_client *c, exchange *x, const provider_verdict *v,
                          int64_t now_us)
{
    if (v->intent_id[0] != 0)
        memcpy(x->e.intent_id, v->intent_id, sizeof x->e.intent_id);
    if (v->next == STEP_INTENT_CREATE || v->next == STEP_REFUND_CREATE)
        x->e.ask_first = false; // it was asked
    x->pages = v->next == x->step ? x->pages + 1 : 0;
    x->step = v->next;
    memcpy(x->after, v->after, sizeof x->after);
    x->attempts = 0;
    if (x->pages >= PROVIDER_LIST_PAGES_MAX)
        exchange_give_up(c, x);
    else
        exchange_rest(c, x, now_us);
}

static void page_answered(provider_client *c, exchange *x, int http_status, int64_t now_us)
{
    if (http_status >= 200 && http_status <= 299 &&
        provider_page_read(x->http.answer, x->http.answer_bytes, c->page.page)) {
        page_end(c, x, true);
    } else if (http_status >= 400 && http_status <= 499) {
        log_event(LOG_ERROR, "provider_call.refused", LOG_S("call", call_name(x)),
                  LOG_I("status", http_status));
        page_end(c, x, false);
    } else {
        exchange_again(c, x, retry_delay_us(x->attempts++), now_us);
    }
}

static void effect_answered(provider_client *c, exchange *x, int http_status, int64_t now_us)
{
    provider_verdict v =
        provider_answer_read(&x->e, x->step, http_status, x->http.answer, x->http.answer_bytes);
    switch (v.type) {
    case VERDICT_REPORT:
        exchange_report(c, x, &v.report);
        return;
    case VERDICT_AGAIN:
        exchange_again(c, x, retry_delay_us(x->attempts++), now_us);
        return;
    case VERDICT_NEXT:
        exchange_next(c, x, &v, now_us);
        return;
    case VERDICT_FAILED:
        log_event(LOG_ERROR, "provider_call.refused", LOG_S("call", call_name(x)),
                  LOG_I("status", http_status), LOG_S("problem", v.problem),
                  LOG_U("payment", &x->e.payment.u));
        exchange_give_up(c, x);
        return;
    }
}

void exchange_answered(provider_client *c, exchange *x, CURLcode code, int64_t now_us)
{
    long status = 0;
    curl_easy_getinfo(x->http.easy, CURLINFO_RESPONSE_CODE, &status);
    int http_status = code == CURLE_OK ? (int)status : 0;
    x->is_flying = false;
    c->flying_count--;
    call_measure(x, code, http_status, now_us);
    breaker_told(c, http_status != 0 && http_status < 500, now_us);
    if (http_status == 429)
        exchange_throttled(c, x, now_us);
    else if (x->is_page)
        page_answered(c, x, http_status, now_us);
    else
        effect_answered(c, x, http_status, now_us);
}
