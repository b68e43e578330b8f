#include "ops/provider/deliveries.h"

#include "ops/host/clock.h"
#include "ops/host/metric.h"
#include "ops/provider/books.h"
#include "ops/provider/courier.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

// One event on its way to the endpoint, perhaps in several copies.
typedef struct notice {
    char id[OBJECT_ID_BYTES];
    char *payload; // owned
    size_t payload_bytes;
    int copies; // not yet delivered or given up
    int64_t made_us, due_us;
    UT_hash_handle hh;
} notice;

typedef struct copy {
    notice *of;
    int tries;
} copy;

struct deliveries {
    deliveries_options o;
    logbook *logbook;
    notice *notices; // by id
    timers due;      // of copies
    courier *courier;
    int64_t looks_us; // mutex held: when the thread will look at what is due; 0: as soon as it can
    pthread_t thread;
    bool is_running;
    atomic_bool is_stopping;
};

deliveries *deliveries_new(const deliveries_options *options)
{
    deliveries *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->o = *options;
    d->courier = courier_new(options->url, options->connections_max, DELIVERY_TIMEOUT_MS);
    if (d->courier == NULL)
        deliveries_free(&d);
    return d;
}

static void notice_free(deliveries *d, notice *n)
{
    HASH_DEL(d->notices, n);
    free(n->payload);
    free(n);
}

void deliveries_free(deliveries **d)
{
    if (*d == NULL)
        return;
    for (void *item; (item = timers_take(&(*d)->due, INT64_MAX)) != NULL;)
        free(item);
    timers_done(&(*d)->due);
    while ((*d)->notices != NULL)
        notice_free(*d, (*d)->notices);
    courier_free(&(*d)->courier);
    free(*d);
    *d = NULL;
}

void deliveries_attach(deliveries *d, logbook *l)
{
    d->logbook = l;
}

size_t deliveries_undelivered(const deliveries *d)
{
    return HASH_COUNT(d->notices);
}

static void gauge_set(const deliveries *d)
{
    metric_set(METRIC_PROVIDER_UNDELIVERED, (int64_t)deliveries_undelivered(d));
}

bool deliveries_want(const deliveries *d, const char *type)
{
    if (d->o.url[0] == '\0')
        return false;
    if (strcmp(d->o.events, "*") == 0)
        return true;
    size_t bytes = strlen(type);
    for (const char *at = d->o.events; (at = strstr(at, type)) != NULL; at += bytes)
        if ((at == d->o.events || at[-1] == ',') && (at[bytes] == ',' || at[bytes] == '\0'))
            return true;
    return false;
}

static void copy_schedule(deliveries *d, notice *n, int tries, int64_t due_us)
{
    copy *c = malloc(sizeof *c);
    if (c == NULL)
        abort();
    *c = (copy){n, tries};
    timers_add(&d->due, due_us, c);
}

static void notice_record(deliveries *d, const notice *n)
{
    jsonout *out = logbook_begin(d->logbook, "event");
    jsonout_open(out, NULL, '{');
    jsonout_string(out, "id", n->id);
    jsonout_integer(out, "made_us", n->made_us);
    jsonout_integer(out, "due_us", n->due_us);
    jsonout_string(out, "payload", n->payload);
    jsonout_close(out, '}');
    logbook_end(d->logbook);
}

static notice *notice_new(deliveries *d, const char *id)
{
    notice *n = calloc(1, sizeof *n);
    if (n == NULL)
        abort();
    snprintf(n->id, sizeof n->id, "%s", id);
    HASH_ADD_STR(d->notices, id, n);
    return n;
}

// When one copy leaves: now, unless a fault shuffles or delays it.
static int64_t copy_due_us(deliveries *d, int64_t now_us)
{
    int64_t ms;
    if (faults_roll(d->o.faults, FAULT_SHUFFLE_WEBHOOK, &ms))
        now_us += faults_draw(d->o.faults, FAULT_SHUFFLE_WEBHOOK, ms * 1000);
    if (faults_roll(d->o.faults, FAULT_DELAY_WEBHOOK, &ms))
        now_us += ms * 1000;
    return now_us;
}

void deliveries_add(deliveries *d, const char *id, jsonout *payload)
{
    if (d->o.url[0] == '\0' || faults_roll(d->o.faults, FAULT_DROP_WEBHOOK, NULL)) {
        metric_add_for(METRIC_PROVIDER_DELIVERIES, METRIC_DELIVERY_DROPPED, 1);
        jsonout_done(payload);
        return;
    }
    notice *n = notice_new(d, id);
    n->payload = payload->at;
    n->payload_bytes = payload->bytes;
    n->made_us = clock_wall_us();
    *payload = (jsonout){0};
    int64_t copies = 1;
    if (faults_roll(d->o.faults, FAULT_DUPLICATE_WEBHOOK, &copies))
        copies = copies < 1 ? 1 : copies;
    n->due_us = INT64_MAX;
    for (; n->copies < copies; n->copies++) {
        int64_t due_us = copy_due_us(d, n->made_us);
        copy_schedule(d, n, 0, due_us);
        n->due_us = due_us < n->due_us ? due_us : n->due_us;
    }
    notice_record(d, n);
    gauge_set(d);
}

bool deliveries_restore(deliveries *d, const char *kind, const json_t *record)
{
    const char *id = json_string_value(json_object_get(record, "id"));
    const char *payload = json_string_value(json_object_get(record, "payload"));
    notice *n = NULL;
    if (id == NULL)
        return false;
    HASH_FIND_STR(d->notices, id, n);
    if (strcmp(kind, "delivered") == 0) {
        if (n != NULL)
            notice_free(d, n);
        return true;
    }
    if (strcmp(kind, "event") != 0 || payload == NULL || n != NULL)
        return false;
    n = notice_new(d, id);
    n->payload = strdup(payload);
    n->payload_bytes = strlen(payload);
    n->made_us = json_integer_value(json_object_get(record, "made_us"));
    n->due_us = json_integer_value(json_object_get(record, "due_us"));
    n->copies = 1;
    return n->payload != NULL;
}

void deliveries_record_all(deliveries *d)
{
    for (notice *n = d->notices; n != NULL; n = n->hh.next)
        notice_record(d, n);
}

// One copy less to deliver; the last one ends the event.
static void notice_settle(deliveries *d, notice *n)
{
    if (--n->copies > 0)
        return;
    jsonout *out = logbook_begin(d->logbook, "delivered");
    jsonout_open(out, NULL, '{');
    jsonout_string(out, "id", n->id);
    jsonout_close(out, '}');
    logbook_end(d->logbook);
    notice_free(d, n);
    gauge_set(d);
}

static void copy_arrived(void *self, void *item, bool is_delivered)
{
    deliveries *d = self;
    copy *c = item;
    int64_t now_us = clock_wall_us();
    metric_add_for(METRIC_PROVIDER_DELIVERIES,
                   is_delivered ? METRIC_DELIVERY_OK : METRIC_DELIVERY_FAILED, 1);
    bool is_old = now_us - c->of->made_us > (int64_t)DELIVERY_KEEP_SECONDS * 1000000;
    if (is_delivered || is_old)
        notice_settle(d, c->of);
    else
        copy_schedule(d, c->of, c->tries + 1,
                      now_us + 1000 * deliveries_pause_ms(d->o.retry_ms, c->tries + 1));
    free(c);
}

// Hands over what is due as far as there are connections. Returns when to look again.
static int64_t deliveries_dispatch(deliveries *d, int64_t now_us)
{
    while (courier_has_room(d->courier)) {
        copy *c = timers_take(&d->due, now_us);
        if (c == NULL)
            return timers_next_us(&d->due);
        char signature[SIGNATURE_BYTES];
        int64_t seconds = (now_us + faults_clock_offset_us(d->o.faults)) / 1000000;
        deliveries_sign(d->o.secret, seconds, c->of->payload, c->of->payload_bytes, signature);
        courier_send(d->courier, signature, c->of->payload, c->of->payload_bytes, c);
    }
    return INT64_MAX; // an arrival makes room and wakes the thread
}

static void *deliveries_run(void *self)
{
    deliveries *d = self;
    while (!atomic_load(&d->is_stopping)) {
        pthread_mutex_lock(d->o.mutex);
        courier_collect(d->courier, copy_arrived, d);
        int64_t now_us = clock_wall_us();
        int64_t settle_us = d->o.settle(d->o.self, now_us);
        int64_t next_us = deliveries_dispatch(d, now_us);
        next_us = settle_us < next_us ? settle_us : next_us;
        d->looks_us = courier_has_room(d->courier) ? next_us : 0; // an arrival wakes it
        logbook_commit(d->logbook);
        pthread_mutex_unlock(d->o.mutex);
        int64_t wait_ms = next_us == INT64_MAX ? 1000 : (next_us - now_us + 999) / 1000;
        courier_work(d->courier, wait_ms);
    }
    return NULL;
}

bool deliveries_start(deliveries *d)
{
    for (notice *n = d->notices; n != NULL; n = n->hh.next)
        copy_schedule(d, n, 0, n->due_us);
    gauge_set(d);
    d->is_running = pthread_create(&d->thread, NULL, deliveries_run, d) == 0;
    return d->is_running;
}

void deliveries_nudge(deliveries *d, int64_t due_us)
{
    int64_t own_us = timers_next_us(&d->due);
    if ((own_us < due_us ? own_us : due_us) >= d->looks_us)
        return;
    d->looks_us = 0;
    courier_nudge(d->courier);
}

void deliveries_stop(deliveries *d)
{
    if (!d->is_running)
        return;
    atomic_store(&d->is_stopping, true);
    courier_nudge(d->courier);
    pthread_join(d->thread, NULL);
    d->is_running = false;
    for (void *item; (item = courier_abort(d->courier)) != NULL;)
        free(item);
}

void deliveries_sign(const char *secret, int64_t seconds, const char *payload, size_t payload_bytes,
                     char ret_header[static SIGNATURE_BYTES])
{
    char stamp[24];
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    char hex[2 * sizeof mac + 1];
    int stamp_bytes = snprintf(stamp, sizeof stamp, "%" PRId64 ".", seconds);
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, (const uint8_t *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)stamp, (unsigned long long)stamp_bytes);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)payload, payload_bytes);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
    snprintf(ret_header, SIGNATURE_BYTES, "t=%" PRId64 ",v1=%s", seconds, hex);
}

int64_t deliveries_pause_ms(int64_t retry_ms, int tries)
{
    int64_t pause_ms = retry_ms;
    for (int i = 1; i < tries && pause_ms < DELIVERY_RETRY_MS_MAX; i++)
        pause_ms *= 2;
    return pause_ms < DELIVERY_RETRY_MS_MAX ? pause_ms : DELIVERY_RETRY_MS_MAX;
}
