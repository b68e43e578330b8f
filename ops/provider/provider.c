#include "ops/provider/provider.h"

#include "ops/host/clock.h"
#include "ops/host/log.h"
#include "ops/host/metric.h"
#include "ops/provider/inside.h"
#include "ops/provider/intent.h"
#include "ops/provider/office.h"
#include "ops/provider/pay_page.h"
#include "ops/provider/record.h"
#include "ops/provider/stripe.h"
#include "schemas/origin.h"

#include <civetweb.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void provider_pause(provider *p, int64_t ms)
{
    int64_t until_us = clock_monotonic_us() + ms * 1000;
    struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    pthread_mutex_lock(&p->pause_mutex);
    while (!p->is_stopping && clock_monotonic_us() < until_us)
        pthread_cond_timedwait(&p->pause_ended, &p->pause_mutex, &until);
    pthread_mutex_unlock(&p->pause_mutex);
}

void provider_commit(provider *p)
{
    bool was_well = logbook_is_well(p->logbook);
    logbook_commit(p->logbook);
    if (was_well && !logbook_is_well(p->logbook))
        log_event(LOG_ERROR, "logbook.failed", LOG_S("dir", p->o.dir));
    metric_set(METRIC_PROVIDER_INTENTS, (int64_t)p->books.intents_made.count);
    deliveries_nudge(p->deliveries, books_settle_next_us(&p->books));
}

static void provider_serve(struct mg_connection *c, void *self)
{
    if (strncmp(mg_get_request_info(c)->local_uri, "/pay/", 5) == 0)
        pay_page_serve(self, c);
    else
        stripe_serve(self, c);
}

static bool provider_restore(void *self, const char *kind, const json_t *record)
{
    provider *p = self;
    if (strcmp(kind, "intent") == 0 || strcmp(kind, "refund") == 0)
        return record_restore(&p->books, kind, record);
    if (strcmp(kind, "repeat") == 0)
        return repeats_restore(&p->repeats, record);
    return deliveries_restore(p->deliveries, kind, record);
}

static int64_t provider_settle(void *self, int64_t now_us)
{
    provider *p = self;
    return books_settle(&p->books, now_us);
}

static bool provider_start_deliveries(provider *p)
{
    deliveries_options options = {.url = p->o.webhook_url,
                                  .secret = p->o.webhook_secret,
                                  .events = p->o.webhook_events,
                                  .connections_max = p->o.webhook_connections,
                                  .retry_ms = p->o.webhook_retry_ms,
                                  .faults = &p->faults,
                                  .mutex = &p->books.mutex,
                                  .settle = provider_settle,
                                  .self = p};
    p->deliveries = deliveries_new(&options);
    return p->deliveries != NULL;
}

// Reads the old logbook and replaces it with one that has only what still matters.
static bool provider_start_logbook(provider *p, char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    if (!logbook_open(p->o.dir, provider_restore, p, &p->logbook, ret_problem) ||
        !logbook_rewrite_begin(p->logbook, ret_problem))
        return false;
    p->books.logbook = p->logbook;
    p->books.deliveries = p->deliveries;
    p->repeats.logbook = p->logbook;
    deliveries_attach(p->deliveries, p->logbook);
    record_restored(&p->books);
    record_all(&p->books);
    repeats_record_all(&p->repeats);
    deliveries_record_all(p->deliveries);
    return logbook_rewrite_end(p->logbook, ret_problem);
}

static bool provider_start_servers(provider *p, char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    web_options web = {.address = p->o.address,
                       .port = p->o.port,
                       .threads = (int)p->o.threads,
                       .keep_alive = true,
                       .serve = provider_serve,
                       .self = p};
    admin_options office = {.address = p->o.admin_address,
                            .port = p->o.admin_port,
                            .program = METRIC_PROGRAM_PROVIDER,
                            .self = p,
                            .ready = office_ready,
                            .routes = office_routes,
                            .routes_count = office_routes_count};
    // The address of the pay page is part of every answer, so the first request waits for it.
    pthread_mutex_lock(&p->books.mutex);
    bool ok = web_start(&web, &p->server, ret_problem);
    if (ok && p->o.public_url[0] != '\0')
        snprintf(p->public_url, sizeof p->public_url, "%s", p->o.public_url);
    else if (ok)
        snprintf(p->public_url, sizeof p->public_url, "http://%s:%d", p->o.address,
                 web_port(p->server));
    pthread_mutex_unlock(&p->books.mutex);
    return ok && admin_start(&office, &p->admin, ret_problem);
}

bool provider_start(const provider_options *options, provider **ret_provider,
                    char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    if (!origins_valid(options->return_origins)) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES,
                 "--return-origins are as in https://tickets.example, with commas between.");
        return false;
    }
    provider *p = calloc(1, sizeof *p);
    if (p == NULL)
        abort();
    p->o = *options;
    faults_init(&p->faults);
    books_init(&p->books, &p->faults);
    p->books.public_url = p->public_url;
    repeats_init(&p->repeats);
    pthread_mutex_init(&p->pause_mutex, NULL);
    clock_condition_init(&p->pause_ended);
    snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "The webhook deliveries could not be started.");
    bool ok = options->faults[0] == '\0' ||
              faults_set(&p->faults, options->faults, strlen(options->faults), ret_problem,
                         CONFIG_PROBLEM_BYTES);
    ok = ok && provider_start_deliveries(p) && provider_start_logbook(p, ret_problem) &&
         provider_start_servers(p, ret_problem) && deliveries_start(p->deliveries);
    if (ok)
        *ret_provider = p;
    else
        provider_stop(&p);
    return ok;
}

int provider_port(const provider *p)
{
    return web_port(p->server);
}

int provider_admin_port(const provider *p)
{
    return admin_port(p->admin);
}

void provider_stop(provider **p)
{
    provider *gone = *p;
    if (gone == NULL)
        return;
    pthread_mutex_lock(&gone->pause_mutex);
    gone->is_stopping = true;
    pthread_cond_broadcast(&gone->pause_ended);
    pthread_mutex_unlock(&gone->pause_mutex);
    admin_stop(&gone->admin);
    web_stop(&gone->server);
    if (gone->deliveries != NULL)
        deliveries_stop(gone->deliveries);
    logbook_close(&gone->logbook);
    deliveries_free(&gone->deliveries);
    repeats_done(&gone->repeats);
    books_done(&gone->books);
    faults_done(&gone->faults);
    pthread_cond_destroy(&gone->pause_ended);
    pthread_mutex_destroy(&gone->pause_mutex);
    free(gone);
    *p = NULL;
}
