#include "edge/live_private.h"
#include "edge/spinning_mutex.h"

#include "ops/host/metric.h"

#include "ops/host/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

static struct timespec timespec_of(int64_t us)
{
    return (struct timespec){us / 1000000, us % 1000000 * 1000};
}

static uint32_t bucket_of(const event_id *id)
{
    uint32_t low;
    memcpy(&low, id->u.bytes + 12, sizeof low);
    return low % LIVE_BUCKETS;
}

static void pending_clear(live *l, live_event *e)
{
    while (e->pending) {
        pending_delta *d = e->pending;
        e->pending = d->next;
        free(d);
    }
    e->pending_end = &e->pending;
    atomic_fetch_sub(&l->pending_bytes, e->pending_bytes);
    e->pending_bytes = 0;
}

static live_event *event_new(const event_id *id, shared_plan *p)
{
    live_event *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->references = 1;
    e->id = *id;
    e->plan = shared_plan_ref(p);
    e->bytes = live_event_bytes(p->plan);
    e->pending_end = &e->pending;
    spinning_mutex_init(&e->mutex);
    clock_condition_init(&e->changed);
    return e;
}

void live_event_unref(live *l, live_event *e)
{
    if (atomic_fetch_sub(&e->references, 1) != 1)
        return;
    if (e->subscription)
        l->link.unsubscribe(l->link.self, e->subscription);
    pending_clear(l, e);
    seat_map_free(e->map);
    live_answers_clear(e);
    shared_plan_unref(e->plan);
    pthread_mutex_destroy(&e->mutex);
    pthread_cond_destroy(&e->changed);
    free(e);
}

// The event with a new reference, or NULL. The table's mutex is held.
static live_event *table_find(live *l, const event_id *id)
{
    live_event *e = l->buckets[bucket_of(id)];
    while (e && !uuid_equal(&e->id.u, &id->u))
        e = e->chain;
    if (e)
        atomic_fetch_add(&e->references, 1);
    return e;
}

static live_event *find(live *l, const event_id *id)
{
    pthread_mutex_lock(&l->mutex);
    live_event *e = table_find(l, id);
    pthread_mutex_unlock(&l->mutex);
    return e;
}

// The line: who has not been looked at since coming to a place at its old end makes room first. All
// with the table's mutex held.
static void line_add(live *l, live_event *e)
{
    e->placed_us = atomic_load_explicit(&e->used_us, memory_order_relaxed);
    e->newer = NULL;
    e->older = l->newest;
    *(l->newest ? &l->newest->newer : &l->oldest) = e;
    l->newest = e;
}

static void line_remove(live *l, live_event *e)
{
    *(e->newer ? &e->newer->older : &l->newest) = e->older;
    *(e->older ? &e->older->newer : &l->oldest) = e->newer;
}

// Takes an event out of the table; its reference passes to the caller. The table's mutex is held.
static void table_remove(live *l, live_event *e)
{
    live_event **at = &l->buckets[bucket_of(&e->id)];
    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    line_remove(l, e);
    l->count--;
    l->bytes -= e->bytes;
    metric_set(METRIC_SEAT_MAPS, l->count);
}

// The event that was not looked at for longest, or nearly so: with thousands of them that are all
// looked at, not every one can be asked. The table's mutex is held.
static live_event *table_oldest(live *l)
{
    for (uint32_t i = 0; i < LIVE_OLDEST_LOOKED_AT; i++) {
        live_event *e = l->oldest;
        if (atomic_load_explicit(&e->used_us, memory_order_relaxed) == e->placed_us)
            break;
        line_remove(l, e);
        line_add(l, e);
    }
    return l->oldest;
}

// Takes out what was not looked at for longest until one more event has room; a list. The table's
// mutex is held.
static live_event *table_trim(live *l, size_t bytes)
{
    live_event *trimmed = NULL;
    while (l->count == LIVE_EVENTS_MAX || (l->count > 0 && l->bytes + bytes > l->bytes_max)) {
        live_event *oldest = table_oldest(l);
        table_remove(l, oldest);
        oldest->chain = trimmed;
        trimmed = oldest;
    }
    return trimmed;
}

static void list_unref(live *l, live_event *list)
{
    while (list) {
        live_event *e = list;
        list = e->chain;
        live_event_unref(l, e);
    }
}

// Finds or makes the event. One whose plan has changed is replaced.
static live_event *table_enter(live *l, const event_id *id, shared_plan *p)
{
    live_event *other = NULL, *trimmed = NULL;
    pthread_mutex_lock(&l->mutex);
    live_event *e = table_find(l, id);
    if (e && memcmp(&e->plan->hash, &p->hash, sizeof p->hash) != 0) {
        other = e;
        table_remove(l, e);
        e = NULL;
    }
    if (!e)
        trimmed = table_trim(l, live_event_bytes(p->plan));
    if (!e && (e = event_new(id, p)) != NULL) {
        e->used_us = live_now_us(l);
        e->chain = l->buckets[bucket_of(id)];
        l->buckets[bucket_of(id)] = e;
        line_add(l, e);
        l->count++;
        l->bytes += e->bytes;
        atomic_fetch_add(&e->references, 1);
        metric_set(METRIC_SEAT_MAPS, l->count);
    }
    pthread_mutex_unlock(&l->mutex);
    list_unref(l, trimmed);
    if (other) {
        live_event_unref(l, other); // the table's
        live_event_unref(l, other); // table_find's
    }
    return e;
}

// Waits for the first snapshot, or takes it; false when there is none.
static bool event_await(live *l, live_event *e, int64_t deadline_us)
{
    struct timespec until = timespec_of(deadline_us);
    pthread_mutex_lock(&e->mutex);
    int waited = 0;
    while (e->state == LIVE_LOADING && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&e->changed, &e->mutex, &until);
    if (e->state == LIVE_EMPTY) {
        e->state = LIVE_LOADING;
        pthread_mutex_unlock(&e->mutex);
        live_load(l, e);
        pthread_mutex_lock(&e->mutex);
    }
    bool ready = e->state == LIVE_READY;
    pthread_mutex_unlock(&e->mutex);
    return ready;
}

live_event *live_enter(live *l, const event_id *event, shared_plan *p, int64_t deadline_us,
                       error_code *ret_error)
{
    live_event *e = table_enter(l, event, p);
    if (!e) {
        *ret_error = ERROR_OVERLOADED;
        return NULL;
    }
    atomic_store_explicit(&e->used_us, live_now_us(l), memory_order_relaxed);
    if (atomic_load_explicit(&e->state, memory_order_acquire) == LIVE_READY)
        return e;
    bool enters = load_gate_enter(l->link.gate);
    bool ready = enters && event_await(l, e, deadline_us);
    if (enters)
        load_gate_leave(l->link.gate);
    if (ready)
        return e;
    live_leave(l, e);
    *ret_error = enters ? ERROR_UNAVAILABLE : ERROR_OVERLOADED;
    return NULL;
}

void live_leave(live *l, live_event *e)
{
    live_event_unref(l, e);
}

// Keeps a delta for after the snapshot. When they are too many all are forgotten: the snapshot
// after the next one will be complete.
static void pending_add(live *l, live_event *e, const Cavea__V1__LiveDelta *m)
{
    size_t bytes = sizeof(pending_delta) + m->n_seats * sizeof *m->seats;
    pending_delta *d = NULL;
    if (e->pending_bytes + bytes <= LIVE_PENDING_BYTES_MAX &&
        atomic_load(&l->pending_bytes) + bytes <= l->pending_max)
        d = malloc(bytes);
    if (!d)
        return pending_clear(l, e);
    *d = (pending_delta){.first = m->first_version, .last = m->last_version, .count = m->n_seats};
    if (m->n_seats > 0)
        memcpy(d->packed, m->seats, m->n_seats * sizeof *m->seats);
    *e->pending_end = d;
    e->pending_end = &d->next;
    e->pending_bytes += bytes;
    atomic_fetch_add(&l->pending_bytes, bytes);
}

static void delta_take(live *l, live_event *e, const Cavea__V1__LiveDelta *m)
{
    e->heard_us = live_now_us(l);
    if (e->state != LIVE_READY || e->stale)
        return pending_add(l, e, m);
    switch (seat_map_apply(e->map, m->first_version, m->last_version, m->seats, m->n_seats)) {
    case SEAT_MAP_APPLIED:
        metric_add(METRIC_LIVE_DELTAS, 1);
        if (e->map->version >= e->announced)
            e->announced_us = 0;
        break;
    case SEAT_MAP_OLD:
        break;
    case SEAT_MAP_GAP:
        pending_add(l, e, m);
        e->stale = true;
        break;
    case SEAT_MAP_BAD:
        e->stale = true;
        break;
    }
}

void live_receive(live *l, const event_id *event, const uint8_t *data, size_t data_bytes)
{
    if (data_bytes > 8 * ENVELOPE_BYTES_MAX)
        return;
    live_event *e = find(l, event);
    if (!e)
        return;
    arena a;
    if (arena_init(&a, 4 * data_bytes + 4096)) {
        Cavea__V1__LiveDelta *m = cavea__v1__live_delta__unpack(&a.allocator, data_bytes, data);
        pthread_mutex_lock(&e->mutex);
        if (m)
            delta_take(l, e, m);
        bool wakes = e->stale;
        pthread_mutex_unlock(&e->mutex);
        arena_done(&a);
        if (wakes)
            pthread_cond_signal(&l->wake);
    }
    live_event_unref(l, e);
}

void live_heard(live *l, const event_id *event, uint64_t version)
{
    live_event *e = find(l, event);
    if (!e)
        return;
    // The thread of replies waits for nobody here; the keeper sees whether the map lags behind.
    uint64_t before = atomic_load_explicit(&e->announced, memory_order_relaxed);
    while (version > before && !atomic_compare_exchange_weak(&e->announced, &before, version))
        ;
    live_event_unref(l, e);
}

void live_reconnected(live *l)
{
    atomic_fetch_add(&l->losses, 1);
    pthread_cond_signal(&l->wake);
}

// Whether the keeper should load it; not now when somebody is at work on it.
static bool event_claim(const live *l, live_event *e, int64_t now_us)
{
    if (pthread_mutex_trylock(&e->mutex) != 0)
        return false;
    bool load = live_event_needs_load(l, e, now_us);
    e->reloading = e->reloading || load;
    pthread_mutex_unlock(&e->mutex);
    return load;
}

// One event that the keeper should do something about; *ret_drop says what. With a reference.
static live_event *work_find(live *l, uint32_t *bucket, bool *ret_drop)
{
    int64_t now_us = live_now_us(l);
    live_event *found = NULL;
    pthread_mutex_lock(&l->mutex);
    for (; !found && *bucket < LIVE_BUCKETS; ++*bucket) {
        for (live_event *e = l->buckets[*bucket]; e && !found; e = e->chain) {
            bool idle = now_us - e->used_us > (int64_t)LIVE_IDLE_MS * 1000;
            if (!idle && !event_claim(l, e, now_us))
                continue;
            found = e;
            *ret_drop = idle;
            if (idle)
                table_remove(l, e);
            else
                atomic_fetch_add(&e->references, 1);
            break;
        }
        if (found)
            break;                                 // there may be more in this bucket
        if (*bucket % LIVE_BUCKETS_AT_ONCE == 0) { // others may want the table
            pthread_mutex_unlock(&l->mutex);
            pthread_mutex_lock(&l->mutex);
        }
    }
    pthread_mutex_unlock(&l->mutex);
    return found;
}

void live_tick(live *l)
{
    uint32_t bucket = 0;
    bool drop;
    for (live_event *e; (e = work_find(l, &bucket, &drop)) != NULL;) {
        if (!drop)
            live_load(l, e);
        live_event_unref(l, e);
    }
}

static void *keeper_run(void *self)
{
    live *l = self;
    pthread_mutex_lock(&l->mutex);
    while (!l->ends) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LIVE_TICK_MS * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
        pthread_cond_timedwait(&l->wake, &l->mutex, &until);
        pthread_mutex_unlock(&l->mutex);
        live_tick(l);
        pthread_mutex_lock(&l->mutex);
    }
    pthread_mutex_unlock(&l->mutex);
    return NULL;
}

live *live_new_bare(const live_link *link, size_t bytes_max)
{
    live *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->link = *link;
    l->pending_max = bytes_max / 8;
    l->bytes_max = bytes_max - l->pending_max;
    spinning_mutex_init(&l->mutex);
    clock_condition_init(&l->wake);
    return l;
}

live *live_new(const live_link *link, size_t bytes_max)
{
    live *l = live_new_bare(link, bytes_max);
    if (!l)
        return NULL;
    if (pthread_create(&l->keeper, NULL, keeper_run, l) != 0) {
        live_free(l);
        return NULL;
    }
    l->has_keeper = true;
    return l;
}

void live_free(live *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->mutex);
    l->ends = true;
    pthread_cond_signal(&l->wake);
    pthread_mutex_unlock(&l->mutex);
    if (l->has_keeper)
        pthread_join(l->keeper, NULL);
    for (uint32_t i = 0; i < LIVE_BUCKETS; i++) {
        while (l->buckets[i]) {
            live_event *e = l->buckets[i];
            l->buckets[i] = e->chain;
            live_event_unref(l, e);
        }
    }
    pthread_mutex_destroy(&l->mutex);
    pthread_cond_destroy(&l->wake);
    free(l);
}
