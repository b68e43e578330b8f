#include "edge/nats_link.h"
#include "ops/host/clock.h"
#include "schemas/subject.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    FLUSH_MS = 1000,
    PENDING_MESSAGES_MAX = 4096,
    PENDING_BYTES_MAX = 8 * 1024 * 1024,
    // A subscription destroyed while the library's read loop is about to deliver to it crashes, so
    // an ended one rests for a while.
    REST_MS = 10000,
};

typedef struct resting {
    struct resting *next;
    natsSubscription *subscription;
    int64_t since_us;
} resting;

struct live_nats {
    nats_told told, outer; // ours, and the owner's
    natsConnection *connection;
    pthread_rwlock_t maps_lock;
    live *maps;            // NULL: deltas are dropped
    pthread_mutex_t mutex; // guards resting
    resting *resting;
};

static void on_delta(natsConnection *c, natsSubscription *s, natsMsg *message, void *self)
{
    live_nats *n = self;
    subject_room room;
    actor_ref actor;
    const char *text = natsMsg_GetSubject(message);
    (void)c;
    (void)s;
    pthread_rwlock_rdlock(&n->maps_lock);
    if (n->maps && subject_parse(text, strlen(text), &room, &actor) && room == SUBJECT_LIVE &&
        actor.kind == ACTOR_EVENT) {
        event_id event = actor_event(&actor.id);
        live_receive(n->maps, &event, (const uint8_t *)natsMsg_GetData(message),
                     (size_t)natsMsg_GetDataLength(message));
    }
    pthread_rwlock_unlock(&n->maps_lock);
    nats_discard(message);
}

void live_nats_heard(live_nats *n, const event_id *event, uint64_t version)
{
    pthread_rwlock_rdlock(&n->maps_lock);
    if (n->maps)
        live_heard(n->maps, event, version);
    pthread_rwlock_unlock(&n->maps_lock);
}

static void on_found(void *self)
{
    live_nats *n = self;
    pthread_rwlock_rdlock(&n->maps_lock);
    if (n->maps)
        live_reconnected(n->maps);
    pthread_rwlock_unlock(&n->maps_lock);
    if (n->outer.found)
        n->outer.found(n->outer.self);
}

static void on_lost(void *self)
{
    live_nats *n = self;
    if (n->outer.lost)
        n->outer.lost(n->outer.self);
}

static void on_failed(void *self, const char *what)
{
    live_nats *n = self;
    if (n->outer.failed)
        n->outer.failed(n->outer.self, what);
}

bool live_nats_open(const nats_login *login, const nats_told *told, live_nats **ret_link,
                    char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    live_nats *n = calloc(1, sizeof *n);
    if (!n) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "memory is out");
        return false;
    }
    pthread_mutex_init(&n->mutex, NULL);
    pthread_rwlock_init(&n->maps_lock, NULL);
    n->outer = *told;
    n->told = (nats_told){n, on_lost, on_found, on_failed};
    natsOptions *options = NULL;
    natsStatus s = nats_link_options(login, "cavea-edge-live", &n->told, &options, ret_problem);
    if (s == NATS_OK) // subscriptions share the pool's threads instead of having one each
        s = natsOptions_UseGlobalMessageDelivery(options, true);
    if (s == NATS_OK)
        s = natsConnection_Connect(&n->connection, options);
    natsOptions_Destroy(options);
    if (!nats_link_tries(s, ret_problem)) {
        live_nats_end(n);
        live_nats_free(&n);
        return false;
    }
    *ret_link = n;
    return true;
}

static void maps_set(live_nats *n, live *l)
{
    pthread_rwlock_wrlock(&n->maps_lock);
    n->maps = l;
    pthread_rwlock_unlock(&n->maps_lock);
}

void live_nats_start(live_nats *n, live *l)
{
    maps_set(n, l);
}

void live_nats_stop(live_nats *n)
{
    maps_set(n, NULL);
}

bool live_nats_subscribe(live_nats *n, const event_id *event, void **ret_subscription)
{
    natsSubscription *s = NULL;
    actor_ref actor = actor_of_event(event);
    subject to = subject_of(SUBJECT_LIVE, &actor);
    if (natsConnection_Subscribe(&s, n->connection, to.text, on_delta, n) != NATS_OK)
        return false;
    natsSubscription_SetPendingLimits(s, PENDING_MESSAGES_MAX, PENDING_BYTES_MAX);
    *ret_subscription = s;
    return true;
}

// Destroys what has rested long enough. The mutex is held.
static void resting_trim(live_nats *n, int64_t before_us)
{
    for (resting **at = &n->resting; *at;) {
        resting *r = *at;
        if (r->since_us >= before_us) {
            at = &r->next;
            continue;
        }
        *at = r->next;
        natsSubscription_Destroy(r->subscription);
        free(r);
    }
}

void live_nats_unsubscribe(live_nats *n, void *subscription)
{
    int64_t now_us = clock_monotonic_us();
    resting *r = malloc(sizeof *r);
    natsSubscription_Unsubscribe(subscription);
    if (!r)
        return; // a few bytes are lost, which is better than the crash
    *r = (resting){.subscription = subscription, .since_us = now_us};
    pthread_mutex_lock(&n->mutex);
    resting_trim(n, now_us - (int64_t)REST_MS * 1000);
    r->next = n->resting;
    n->resting = r;
    pthread_mutex_unlock(&n->mutex);
}

bool live_nats_flush(live_nats *n)
{
    return natsConnection_FlushTimeout(n->connection, FLUSH_MS) == NATS_OK;
}

void live_nats_end(live_nats *n)
{
    if (!n)
        return;
    natsConnection_Close(n->connection);
    resting_trim(n, INT64_MAX);
    natsConnection_Destroy(n->connection);
    n->connection = NULL;
}

void live_nats_free(live_nats **freed)
{
    live_nats *n = *freed;
    *freed = NULL;
    if (!n)
        return;
    pthread_mutex_destroy(&n->mutex);
    pthread_rwlock_destroy(&n->maps_lock);
    free(n);
}
