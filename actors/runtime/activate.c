#include "actors/runtime/activate.h"

#include "ops/host/clock.h"
#include "ops/host/log.h"
#include "ops/host/metric.h"

#include <stdlib.h>
#include <time.h>

enum {
    RECENT = 1024,
    RECENT_US = 300000,  // a cell that was just handed over is not loaded a second time
    SILENT_US = 1000000, // a host that did not answer is not asked again for so long
    // A silent host may live: then its leases end with its time to live, and whoever was woken for
    // them looks again until then, so that no sender has to.
    LATER_MAX = 1024,
    LATER_US = 200000,
    LATER_TRIES_MAX = 350, // longer than the longest time to live
    SILENT_MAX = 8,
    QUEUE_SEARCH_MAX = 64,
};

typedef struct request {
    actor_ref actor;
    enum wake_what why;
    uint32_t tries; // so far, of a silent holder's actor
    int64_t at_us;  // not before
} request;

// A ring.
typedef struct lane {
    request queue[ACTIVATOR_QUEUE_MAX];
    uint32_t at, count;
} lane;

// Taken from in turns: the partitions of a host that died do not stand before an event that buyers
// wait for, nor thousands of events before what makes payments go on.
enum { LANE_EVENTS, LANE_OTHERS, LANES, TURN_LATER = LANES, TURNS };

struct activator {
    activator_config config;
    kind_context context;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    lane lanes[LANES];
    bool stopping;
    // Of the thread alone:
    uint32_t turn;
    request later[LATER_MAX];
    uint32_t later_count;
    struct {
        uuid host;
        int64_t until_us;
    } silent[SILENT_MAX];
    uint32_t silent_at;
    struct {
        actor_id actor;
        int64_t at_us;
    } recent[RECENT];
};

static uint32_t recent_slot(const actor_id *id)
{
    return (uint32_t)(id->u.bytes[14] << 8 | id->u.bytes[15]) % RECENT;
}

// A host that should have an actor may just have died, or stand still.
static bool host_answers(activator *a, const uuid *host, const actor_ref *actor)
{
    int64_t now_us = clock_monotonic_us();
    uint32_t place = a->silent_at;
    for (uint32_t i = 0; i < SILENT_MAX; i++)
        if (uuid_equal(&a->silent[i].host, host))
            place = i;
    bool known = uuid_equal(&a->silent[place].host, host);
    if (known && now_us < a->silent[place].until_us)
        return false;
    if (nats_bus_forward(a->config.bus, host, actor))
        return true;
    if (!known)
        a->silent_at = (place + 1) % SILENT_MAX;
    a->silent[place].host = *host;
    a->silent[place].until_us = clock_monotonic_us() + SILENT_US;
    return false;
}

static bool is_later(const activator *a, const actor_ref *actor)
{
    for (uint32_t i = 0; i < a->later_count; i++)
        if (uuid_equal(&a->later[i].actor.id.u, &actor->id.u))
            return true;
    return false;
}

static void later_forget(activator *a, const actor_ref *actor)
{
    for (uint32_t i = 0; i < a->later_count; i++)
        if (uuid_equal(&a->later[i].actor.id.u, &actor->id.u))
            a->later[i--] = a->later[--a->later_count];
}

static void later_add(activator *a, const request *wanted)
{
    if (wanted->tries == LATER_TRIES_MAX || a->later_count == LATER_MAX)
        return; // its senders wake again
    request *r = &a->later[a->later_count++];
    *r = *wanted;
    r->tries++;
    r->at_us = clock_monotonic_us() + LATER_US;
}

// There is no such actor, or a host has its lease, but perhaps no cell.
static void open_elsewhere(activator *a, const request *wanted, const uuid *holder)
{
    if (uuid_is_zero(holder) || uuid_equal(holder, &a->config.host))
        return;
    // Who was chosen by another host asks nobody at first: two could send each other round.
    bool is_ours_to_ask = wanted->why == WAKE_OPEN || wanted->why == WAKE_GIVEN;
    if ((is_ours_to_ask || wanted->tries > 0) && host_answers(a, holder, &wanted->actor))
        return;
    if (wanted->tries == 0 && is_ours_to_ask)
        log_event(LOG_WARNING, "holder.silent", LOG_U("actor", &wanted->actor.id.u),
                  LOG_U("holder", holder));
    later_add(a, wanted);
}

static void opened(activator *a, cell *c, int64_t started_us)
{
    uint32_t slot = recent_slot(&c->ref.id);
    a->recent[slot].actor = c->ref.id;
    a->recent[slot].at_us = clock_monotonic_us();
    metric_add_for(METRIC_LEASES_TAKEN, (unsigned)c->ref.kind, 1);
    metric_observe_for(METRIC_CELL_LOAD_SECONDS, (unsigned)c->ref.kind,
                       a->recent[slot].at_us - started_us);
    log_event(LOG_INFO, "lease.taken", LOG_S("kind", actor_kind_name(c->ref.kind)),
              LOG_U("actor", &c->ref.id.u), LOG_I("epoch", c->epoch),
              LOG_I("micros", a->recent[slot].at_us - started_us));
    runtime_install(a->config.runtime, c);
}

static void open_here(activator *a, const request *wanted)
{
    int64_t started_us = clock_monotonic_us(), now_us = 0;
    cell *c = NULL;
    uuid holder = {0};
    if (a->config.store.now(a->config.store.self, &now_us) == STORE_OK)
        a->context.now_us = now_us;
    store_result result = cell_open(&a->context, &wanted->actor, &c, &holder);
    if (result != STORE_OK) {
        log_event(LOG_WARNING, "actor.open_failed", LOG_U("actor", &wanted->actor.id.u),
                  LOG_I("result", result));
        // Nobody else will, or not as soon. What cannot be loaded is left to its senders.
        if (wanted->tries > 0 || wanted->why == WAKE_CHOSEN || result == STORE_UNKNOWN)
            later_add(a, wanted);
    } else if (c == NULL) {
        open_elsewhere(a, wanted, &holder);
    } else {
        opened(a, c, started_us);
    }
}

// Its cell is on its way to the runtime.
static bool opened_lately(const activator *a, const actor_ref *actor)
{
    uint32_t slot = recent_slot(&actor->id);
    return uuid_equal(&a->recent[slot].actor.u, &actor->id.u) &&
           a->recent[slot].at_us + RECENT_US > clock_monotonic_us();
}

static void serve(activator *a, const request *wanted)
{
    const actor_ref *actor = &wanted->actor;
    uuid owner;
    if (!(a->config.kinds >> actor->kind & 1) || nats_bus_holds(a->config.bus, &actor->id))
        return;
    // Who gives an actor away, or is given one, knows more than what was done here before.
    if (wanted->why == WAKE_CHOSEN)
        later_forget(a, actor);
    if (is_later(a, actor) || (wanted->why < WAKE_GIVEN && opened_lately(a, actor)))
        return;
    if (wanted->why == WAKE_OPEN && wanted->tries == 0 &&
        roster_owner(a->config.roster, actor, &owner) && !uuid_equal(&owner, &a->config.host) &&
        host_answers(a, &owner, actor))
        return;
    open_here(a, wanted);
}

static bool later_take(activator *a, request *ret_request, int64_t *ret_due_us)
{
    int64_t now_us = clock_monotonic_us();
    *ret_due_us = INT64_MAX;
    for (uint32_t i = 0; i < a->later_count; i++) {
        if (a->later[i].at_us <= now_us) {
            *ret_request = a->later[i];
            a->later[i] = a->later[--a->later_count];
            return true;
        }
        *ret_due_us = a->later[i].at_us < *ret_due_us ? a->later[i].at_us : *ret_due_us;
    }
    return false;
}

static bool lane_take(lane *l, request *ret_request)
{
    if (l->count == 0)
        return false;
    *ret_request = l->queue[l->at];
    l->at = (l->at + 1) % ACTIVATOR_QUEUE_MAX;
    l->count--;
    return true;
}

// Takes the next request whose time has come. The mutex is held.
static bool request_take(activator *a, request *ret_request, int64_t *ret_due_us)
{
    *ret_due_us = INT64_MAX;
    for (uint32_t i = 0; i < TURNS; i++) {
        uint32_t from = a->turn++ % TURNS;
        if (from == TURN_LATER ? later_take(a, ret_request, ret_due_us)
                               : lane_take(&a->lanes[from], ret_request))
            return true;
    }
    return false;
}

static void *run(void *closure)
{
    activator *a = closure;
    pthread_mutex_lock(&a->mutex);
    while (!a->stopping) {
        request wanted;
        int64_t due_us;
        if (request_take(a, &wanted, &due_us)) {
            pthread_mutex_unlock(&a->mutex);
            serve(a, &wanted);
            pthread_mutex_lock(&a->mutex);
        } else if (due_us == INT64_MAX) {
            pthread_cond_wait(&a->arrived, &a->mutex);
        } else {
            struct timespec until = {due_us / 1000000, due_us % 1000000 * 1000};
            pthread_cond_timedwait(&a->arrived, &a->mutex, &until);
        }
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
                                .payment_extension_us = config->payment_extension_us,
                                .payment_haste = config->payment_haste};
    pthread_mutex_init(&a->mutex, NULL);
    clock_condition_init(&a->arrived);
    if (pthread_create(&a->thread, NULL, run, a) == 0)
        return a;
    free(a);
    return NULL;
}

// The first requests of the lane are searched for the same actor. The mutex is held.
static request *request_find(lane *l, const actor_ref *actor)
{
    for (uint32_t i = 0; i < l->count && i < QUEUE_SEARCH_MAX; i++) {
        request *queued = &l->queue[(l->at + i) % ACTIVATOR_QUEUE_MAX];
        if (uuid_equal(&queued->actor.id.u, &actor->id.u))
            return queued;
    }
    return NULL;
}

void activator_wake(activator *a, const actor_ref *actor, enum wake_what why)
{
    lane *l = &a->lanes[actor->kind == ACTOR_EVENT ? LANE_EVENTS : LANE_OTHERS];
    pthread_mutex_lock(&a->mutex);
    request *queued = request_find(l, actor);
    if (queued != NULL) {
        queued->why = why > queued->why ? why : queued->why;
    } else if (l->count < ACTIVATOR_QUEUE_MAX) {
        l->queue[(l->at + l->count++) % ACTIVATOR_QUEUE_MAX] =
            (request){.actor = *actor, .why = why};
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
