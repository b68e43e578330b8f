#include "actors/runtime/perform_provider.h"

#include "actors/runtime/perform_exchange.h"
#include "ops/host/clock.h"
#include "ops/host/log.h"
#include "ops/host/metric.h"

#include <stdio.h>
#include <stdlib.h>

enum { WAIT_MS_MAX = 1000 };

bool provider_client_start(provider_client *c, const effect *e)
{
    if (atomic_load(&c->stopping))
        return false;
    pthread_mutex_lock(&c->mutex);
    uint32_t before = provider_queue_waiting(c->queue);
    bool put = provider_queue_put(c->queue, e);
    uint32_t waiting = provider_queue_waiting(c->queue);
    pthread_mutex_unlock(&c->mutex);
    if (waiting == before)
        return put;
    metric_change(METRIC_EFFECTS_QUEUED, 1);
    metric_set(METRIC_PROVIDER_WAITING, waiting);
    transfer_loop_wake(&c->loop);
    return put;
}

bool provider_client_page(provider_client *c, const provider_window *w, provider_page *ret_page)
{
    pthread_mutex_lock(&c->mutex);
    c->page.window = *w;
    c->page.page = ret_page;
    c->page.state = PAGE_ASKED;
    if (!c->stopped)
        transfer_loop_wake(&c->loop);
    while (!c->stopped && (c->page.state == PAGE_ASKED || c->page.state == PAGE_UNDER_WAY))
        pthread_cond_wait(&c->page_done, &c->mutex);
    bool good = c->page.state == PAGE_GOOD;
    c->page.state = PAGE_NONE;
    pthread_mutex_unlock(&c->mutex);
    return good;
}

static void answers_read(provider_client *c)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(c->loop.multi, &left)) != NULL;) {
        if (m->msg != CURLMSG_DONE)
            continue;
        exchange *x = NULL;
        CURLcode code = m->data.result; // gone with the handle's removal
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &x);
        curl_multi_remove_handle(c->loop.multi, x->http.easy);
        exchange_answered(c, x, code, clock_monotonic_us());
    }
}

// An exchange for what waits: a page of the list, or the next effect of the queue. NULL: nothing.
static exchange *exchange_new(provider_client *c, int64_t now_us)
{
    effect e;
    if (c->vacant_count == 0)
        return NULL;
    pthread_mutex_lock(&c->mutex);
    bool is_page = c->page.state == PAGE_ASKED;
    bool taken = !is_page && provider_queue_take(c->queue, &e);
    if (is_page)
        c->page.state = PAGE_UNDER_WAY;
    uint32_t waiting = provider_queue_waiting(c->queue);
    pthread_mutex_unlock(&c->mutex);
    if (!is_page && !taken)
        return NULL;
    exchange *x = exchange_take(c, now_us);
    x->is_page = is_page;
    if (is_page) {
        x->window = c->page.window;
        return x;
    }
    x->e = e;
    x->step = provider_step_first(&e);
    metric_set(METRIC_PROVIDER_WAITING, waiting);
    return x;
}

// Sends what may be sent now. Returns when the pace lets the next one through, or 0.
static int64_t exchanges_send(provider_client *c)
{
    int64_t now_us = clock_monotonic_us();
    while (c->flying_count < c->settings.calls_in_flight) {
        exchange *x = exchange_rested(c, now_us);
        if (x == NULL && (x = exchange_new(c, now_us)) == NULL)
            return 0;
        if (!breaker_passes(&c->breaker, now_us)) { // not worth a place in the pace
            exchange_give_up(c, x);
            continue;
        }
        int64_t wait_us = pace_take(&c->pace, now_us);
        if (wait_us > 0) { // it is the first again, and the queue keeps its others
            x->taken_us = x->attempts == 0 ? now_us + wait_us : x->taken_us;
            exchange_rest(c, x, now_us);
            return now_us + wait_us;
        }
        exchange_send(c, x, now_us);
    }
    return 0;
}

static int64_t wait_ms(const provider_client *c, int64_t paced_until_us)
{
    int64_t now_us = clock_monotonic_us(), until_us = now_us + WAIT_MS_MAX * 1000;
    int64_t rested_us = table_due_next(c->resting);
    if (paced_until_us != 0)
        rested_us = paced_until_us;
    else if (c->flying_count >= c->settings.calls_in_flight)
        rested_us = TABLE_NEVER;
    if (rested_us < until_us)
        until_us = rested_us;
    return until_us <= now_us ? 0 : (until_us - now_us + 999) / 1000;
}

static void gauges_set(const provider_client *c)
{
    metric_set(METRIC_PROVIDER_BREAKER, breaker_state_of(&c->breaker, clock_monotonic_us()));
    metric_set(METRIC_PROVIDER_FLYING, c->flying_count);
}

static void askers_release(provider_client *c)
{
    pthread_mutex_lock(&c->mutex);
    c->stopped = true;
    pthread_cond_broadcast(&c->page_done);
    pthread_mutex_unlock(&c->mutex);
}

static void *provider_run(void *self)
{
    provider_client *c = self;
    int64_t stop_us = 0, paced_until_us = 0;
    for (;;) {
        bool stopping = atomic_load(&c->stopping);
        if (stopping && stop_us == 0)
            stop_us = clock_monotonic_us() + PROVIDER_STOP_MS * 1000;
        if (stopping && (c->flying_count == 0 || clock_monotonic_us() > stop_us))
            break;
        if (!stopping)
            paced_until_us = exchanges_send(c);
        gauges_set(c);
        transfer_loop_turn(&c->loop, stopping ? 50 : wait_ms(c, paced_until_us));
        answers_read(c);
    }
    askers_release(c);
    return NULL;
}

static bool settings_good(const perform_settings *s)
{
    const char *url = s->provider_url;
    size_t n = strlen(url);
    bool scheme = strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
    return scheme && n > 8 && url[n - 1] != '/' && strlen(s->provider_key) > 0 &&
           strlen(s->provider_key) <= PERFORM_KEY_BYTES_MAX;
}

static bool exchanges_fill(provider_client *c)
{
    c->exchanges_max = 2 * (uint32_t)c->settings.calls_in_flight;
    c->exchanges = calloc(c->exchanges_max, sizeof *c->exchanges);
    c->vacant = calloc(c->exchanges_max, sizeof *c->vacant);
    c->resting = table_new(sizeof(uint32_t), c->exchanges_max, c->exchanges_max);
    c->queue = provider_queue_new(PERFORM_CALLS_QUEUED_MAX / 2, c->exchanges_max);
    if (c->exchanges == NULL || c->vacant == NULL || c->resting == NULL || c->queue == NULL)
        return false;
    while (c->vacant_count < c->exchanges_max) {
        c->vacant[c->vacant_count] = c->vacant_count;
        c->vacant_count++;
    }
    return true;
}

static bool client_fill(provider_client *c)
{
    const perform_settings *s = &c->settings;
    bool own = s->pay_url_template != NULL && s->pay_url_template[0] != 0;
    int n = snprintf(c->pay_url_template, sizeof c->pay_url_template, "%s%s",
                     own ? s->pay_url_template : s->provider_url,
                     own ? "" : "/pay/{intent}?client_secret={client_secret}");
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->page_done, NULL);
    pace_init(&c->pace, s->calls_per_second);
    return transfer_loop_init(&c->loop, s->calls_in_flight) && exchanges_fill(c) && n >= 0 &&
           n < (int)sizeof c->pay_url_template;
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
    atomic_store(&c->stopping, true);
    transfer_loop_wake(&c->loop);
    pthread_join(c->thread, NULL);
    c->started = false;
}

void provider_client_free(provider_client *c)
{
    if (c == NULL)
        return;
    provider_client_stop(c);
    for (uint32_t i = 0; c->exchanges != NULL && i < c->exchanges_max; i++) {
        if (c->exchanges[i].is_flying)
            curl_multi_remove_handle(c->loop.multi, c->exchanges[i].http.easy);
        http_slot_done(&c->exchanges[i].http);
    }
    transfer_loop_done(&c->loop);
    free(c->exchanges);
    free(c->vacant);
    table_free(c->resting);
    provider_queue_free(c->queue);
    pthread_cond_destroy(&c->page_done);
    pthread_mutex_destroy(&c->mutex);
    free(c);
}
