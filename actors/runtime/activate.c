#include "actors/runtime/activate.h"

#include "ops/host/clock.h"
#include "ops/host/log.h"
#include "ops/host/metric.h"

#include <stdlib.h>

enum {
    RECENT = 1024,
    RECENT_US = 300000,  // a cell that was just handed over is not loaded a second time
    SILENT_US = 1000000, // a host that did not answer is not asked again for so long
};

typedef struct request {
    actor_ref actor;
    bool forwarded;
} request;

struct activator {
    activator_config config;
    kind_context context;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    request queue[ACTIVATOR_QUEUE_MAX];
    uint32_t at, count;
    bool stopping;
    uuid silent;
    int64_t silent_until_us;
    struct {
        actor_id actor;
        int64_t at_us;
    } recent[RECENT];
};

static uint32_t recent_slot(const actor_id *id)
{
    return (uint32_t)(id->u.bytes[14] << 8 | id->u.bytes[15]) % RECENT;
}

static void open_here(activator *a, const actor_ref *actor, bool forwarded)
{
    int64_t started_us = clock_monotonic_us(), now_us = 0;
    cell *c = NULL;
    uuid holder = {0};
    if (a->config.store.now(a->config.store.self, &now_us) == STORE_OK)
        a->context.now_us = now_us;
    store_result result = cell_open(&a->context, actor, &c, &holder);
    if (result != STORE_OK) {
        log_event(LOG_WARNING, "actor.open_failed", LOG_U("actor", &actor->id.u),
                  LOG_I("result", result));
        return;
    }
    if (c == NULL) { // no such actor, or a live host has its lease, but perhaps no cell
        bool elsewhere = !uuid_is_zero(&holder) && !uuid_equal(&holder, &a->config.host);
        if (!forwarded && elsewhere && !nats_bus_forward(a->config.bus, &holder, actor))
            log_event(LOG_WARNING, "wake.lost", LOG_U("actor", &actor->id.u),
                      LOG_U("holder", &holder));
        return;
    }
    uint32_t slot = recent_slot(&actor->id);
    a->recent[slot].actor = actor->id;
    a->recent[slot].at_us = clock_monotonic_us();
    metric_add_for(METRIC_LEASES_TAKEN, (unsigned)actor->kind, 1);
    metric_observe_for(METRIC_CELL_LOAD_SECONDS, (unsigned)actor->kind,
                       a->recent[slot].at_us - started_us);
    log_event(LOG_INFO, "lease.taken", LOG_S("kind", actor_kind_name(actor->kind)),
              LOG_U("actor", &actor->id.u), LOG_I("epoch", c->epoch),
              LOG_I("micros", a->recent[slot].at_us - started_us));
    runtime_install(a->config.runtime, c);
}

// The host that should have the actor may just have died: then nobody answers and we try.
static bool owner_answers(activator *a, const uuid *owner, const actor_ref *actor)
{
    if (uuid_equal(&a->silent, owner) && clock_monotonic_us() < a->silent_until_us)
        return false;
    if (nats_bus_forward(a->config.bus, owner, actor))
        return true;
    a->silent = *owner;
    a->silent_until_us = clock_monotonic_us() + SILENT_US;
    return false;
}

static void serve(activator *a, const request *wanted)
{
    const actor_ref *actor = &wanted->actor;
    uint32_t slot = recent_slot(&actor->id);
    uuid owner;
    if (!(a->config.kinds >> actor->kind & 1) || nats_bus_holds(a->config.bus, &actor->id))
        return;
    if (uuid_equal(&a->recent[slot].actor.u, &actor->id.u) &&
        a->recent[slot].at_us + RECENT_US > clock_monotonic_us())
        return;
    if (!wanted->forwarded && roster_owner(a->config.roster, actor, &owner) &&
        !uuid_equal(&owner, &a->config.host) && owner_answers(a, &owner, actor))
        return;
    open_here(a, actor, wanted->forwarded);
}

static void *run(void *closure)
{
    activator *a = closure;
    pthread_mutex_lock(&a->mutex);
    while (!a->stopping) {
        if (a->count == 0) {
            pthread_cond_wait(&a->arrived, &a->mutex);
            continue;
        }
        request wanted = a->queue[a->at];
        a->at = (a->at + 1) % ACTIVATOR_QUEUE_MAX;
        a->count--;
        pthread_mutex_unlock(&a->mutex);
        serve(a, &wanted);
        pthread_mutex_lock(&a->mutex);
    }
    pthread_mutex_unlock(&a->mutex);
    return NULL;
}

activator *activator_start(const activator_config *config)
{
    activator *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->config = *config;
    a->context = (kind_context){.store = config->store,
                                .plans = config->plans,
                                .hold_us = config->hold_us,
                                .payment_extension_us = config->payment_extension_us};
    pthread_mutex_init(&a->mutex, NULL);
    pthread_cond_init(&a->arrived, NULL);
    if (pthread_create(&a->thread, NULL, run, a) == 0)
        return a;
    free(a);
    return NULL;
}

void activator_wake(activator *a, const actor_ref *actor, bool forwarded)
{
    pthread_mutex_lock(&a->mutex);
    bool queued = a->count == ACTIVATOR_QUEUE_MAX;
    for (uint32_t i = 0; !queued && i < a->count && i < 64; i++)
        queued = uuid_equal(&a->queue[(a->at + i) % ACTIVATOR_QUEUE_MAX].actor.id.u, &actor->id.u);
    if (!queued) {
        a->queue[(a->at + a->count++) % ACTIVATOR_QUEUE_MAX] = (request){*actor, forwarded};
        pthread_cond_signal(&a->arrived);
    }
    pthread_mutex_unlock(&a->mutex);
}

void activator_stop(activator *a)
{
    if (a == NULL)
        return;
    pthread_mutex_lock(&a->mutex);
    a->stopping = true;
    pthread_cond_signal(&a->arrived);
    pthread_mutex_unlock(&a->mutex);
    pthread_join(a->thread, NULL);
}

void activator_free(activator *a)
{
    if (a == NULL)
        return;
    pthread_mutex_destroy(&a->mutex);
    pthread_cond_destroy(&a->arrived);
    free(a);
}
