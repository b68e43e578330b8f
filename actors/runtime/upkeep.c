#include "actors/runtime/upkeep.h"

#include "ops/host/clock.h"
#include "ops/host/log.h"
#include "ops/host/metric.h"

#include <stdlib.h>

enum {
    BEATS_PER_TTL = 6,
    PARTITIONS_LOOK_MS = 400,
    STUCK_ROWS_MAX = 64,
    STEP_MS = 50,
};

struct upkeep {
    upkeep_config config;
    host_link *link;
    pthread_t beats, searches;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping, retired;
    int64_t proved_us, beaten_us, listed_us, looked_us;
    stuck_row stuck[STUCK_ROWS_MAX];
};

static bool is_due(int64_t *last_us, int64_t every_ms)
{
    int64_t now_us = clock_monotonic_us();
    if (*last_us + every_ms * 1000 > now_us)
        return false;
    *last_us = now_us;
    return true;
}

static void roster_refresh(upkeep *u)
{
    static host_row rows[ROSTER_HOSTS_MAX];
    static roster_host hosts[ROSTER_HOSTS_MAX];
    uint32_t count = 0, live = 0;
    if (host_list(u->link, rows, ROSTER_HOSTS_MAX, &count) != STORE_OK)
        return; // what was known stays
    for (uint32_t i = 0; i < count; i++)
        if (!rows[i].stopping)
            hosts[live++] = (roster_host){rows[i].id, rows[i].kinds};
    roster_set(u->config.roster, hosts, live);
}

static void beat(upkeep *u)
{
    int64_t now_us = clock_monotonic_us();
    if (atomic_load(u->config.ticked_us) + TICK_HANG_MS * INT64_C(1000) < now_us)
        return;
    store_result result = host_beat(u->link);
    if (result == STORE_OK)
        u->proved_us = now_us;
    else
        log_event(LOG_WARNING, "heartbeat.failed", LOG_S("reason", host_link_error(u->link)));
    metric_set(METRIC_HEARTBEAT_SECONDS, (now_us - u->proved_us) / 1000000);
}

static void beat_when_due(upkeep *u)
{
    if (is_due(&u->beaten_us, u->config.host.ttl_ms / BEATS_PER_TTL))
        beat(u);
}

static void partitions_look(upkeep *u)
{
    for (actor_kind kind = ACTOR_PAYMENT; kind <= ACTOR_EXPIRY; kind++)
        for (uint32_t n = 0; (u->config.host.kinds >> kind & 1) && n < PARTITIONS; n++) {
            actor_ref ref = actor_of_partition(kind, n);
            if (!nats_bus_holds(u->config.bus, &ref.id))
                activator_wake(u->config.activator, &ref, WAKE_OPEN);
        }
}

static actor_kind helper_of(const stuck_row *row)
{
    switch (row->kind) {
    case STUCK_CONFIRMED_UNTICKETED:
    case STUCK_REFUND_UNREVOKED:
        return ACTOR_TICKET;
    case STUCK_HELD_OVERDUE:
        return ACTOR_EXPIRY;
    case STUCK_PAYMENT_UNDECIDED:
    case STUCK_CHECKOUT_UNSTARTED:
    case STUCK_PAYMENT_OPEN:
    case STUCK_REFUND_UNSENT:
    case STUCK_REFUND_UNASKED:
        break;
    }
    return ACTOR_PAYMENT;
}

static bool partition_held(upkeep *u, uint32_t n)
{
    for (actor_kind kind = ACTOR_PAYMENT; kind <= ACTOR_EXPIRY; kind++) {
        actor_ref ref = actor_of_partition(kind, n);
        if (nats_bus_holds(u->config.bus, &ref.id))
            return true;
    }
    return false;
}

static bool is_retired(upkeep *u)
{
    pthread_mutex_lock(&u->mutex);
    bool retired = u->retired || u->stopping;
    pthread_mutex_unlock(&u->mutex);
    return retired;
}

static void reconcile(upkeep *u)
{
    store_result result = STORE_OK;
    // While the database is away each question can take seconds: then one is enough.
    for (uint32_t n = 0; n < PARTITIONS && result != STORE_UNKNOWN && !is_retired(u); n++) {
        uint32_t count = 0;
        if (!partition_held(u, n))
            continue;
        result = u->config.store.load_stuck(u->config.store.self, n, u->config.reconcile_ms,
                                            u->stuck, STUCK_ROWS_MAX, &count);
        if (result != STORE_OK)
            continue;
        for (uint32_t i = 0; i < count; i++) {
            actor_ref to = actor_of_partition(helper_of(&u->stuck[i]), n);
            if (!nats_bus_holds(u->config.bus, &to.id))
                continue;
            metric_add_for(METRIC_RECONCILED, u->stuck[i].kind, 1);
            runtime_unstick(u->config.runtime, &to, &u->stuck[i]);
        }
    }
}

static void pause_ms(upkeep *u, int64_t ms)
{
    clock_condition_wait(&u->changed, &u->mutex, clock_monotonic_us() + ms * 1000);
}

static void step(upkeep *u)
{
    beat_when_due(u);
    if (is_due(&u->listed_us, PARTITIONS_LOOK_MS))
        roster_refresh(u);
    if (!is_retired(u) && is_due(&u->looked_us, PARTITIONS_LOOK_MS))
        partitions_look(u);
}

static void *beat_run(void *closure)
{
    upkeep *u = closure;
    pthread_mutex_lock(&u->mutex);
    while (!u->stopping) {
        pthread_mutex_unlock(&u->mutex);
        step(u);
        pthread_mutex_lock(&u->mutex);
        if (!u->stopping)
            pause_ms(u, STEP_MS);
    }
    pthread_mutex_unlock(&u->mutex);
    return NULL;
}

// A thread of its own: a slow search must not look like a dead host.
static void *search_run(void *closure)
{
    upkeep *u = closure;
    pthread_mutex_lock(&u->mutex);
    while (!u->stopping && !u->retired) {
        pthread_mutex_unlock(&u->mutex);
        reconcile(u);
        pthread_mutex_lock(&u->mutex);
        if (!u->stopping && !u->retired)
            pause_ms(u, u->config.reconcile_ms);
    }
    pthread_mutex_unlock(&u->mutex);
    return NULL;
}

static void threads_stop(upkeep *u, uint32_t count)
{
    pthread_mutex_lock(&u->mutex);
    u->stopping = true;
    pthread_cond_broadcast(&u->changed);
    pthread_mutex_unlock(&u->mutex);
    if (count > 0)
        pthread_join(u->beats, NULL);
    if (count > 1)
        pthread_join(u->searches, NULL);
}

static void upkeep_free(upkeep *u)
{
    host_link_close(u->link);
    pthread_mutex_destroy(&u->mutex);
    pthread_cond_destroy(&u->changed);
    free(u);
}

upkeep *upkeep_start(const upkeep_config *config)
{
    upkeep *u = calloc(1, sizeof *u);
    if (u == NULL)
        return NULL;
    u->config = *config;
    pthread_mutex_init(&u->mutex, NULL);
    clock_condition_init(&u->changed);
    u->link = host_link_open(config->postgres_url, &config->host);
    uint32_t threads = 0;
    if (u->link != NULL && pthread_create(&u->beats, NULL, beat_run, u) == 0)
        threads++;
    if (threads == 1 && pthread_create(&u->searches, NULL, search_run, u) == 0)
        return u;
    threads_stop(u, threads);
    upkeep_free(u);
    return NULL;
}

void upkeep_retire(upkeep *u)
{
    pthread_mutex_lock(&u->mutex);
    u->retired = true;
    pthread_cond_broadcast(&u->changed);
    pthread_mutex_unlock(&u->mutex);
}

void upkeep_stop(upkeep *u)
{
    if (u == NULL)
        return;
    threads_stop(u, 2);
    if (host_unregister(u->link) != STORE_OK)
        log_event(LOG_WARNING, "host.unregister_failed", LOG_S("reason", host_link_error(u->link)));
    upkeep_free(u);
}
