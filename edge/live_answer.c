#include "edge/doc.h"
#include "edge/live_private.h"
#include "ops/host/metric.h"

#include <stdio.h>
#include <stdlib.h>

bool live_event_needs_load(const live_event *e, int64_t now_us)
{
    if (e->state != LIVE_READY || e->reloading ||
        now_us - e->loaded_us < LIVE_RELOAD_PAUSE_MS * 1000)
        return false;
    bool behind = e->announced_us != 0 && now_us - e->announced_us > LIVE_BEHIND_MS * 1000;
    bool silent = now_us - e->heard_us > (int64_t)LIVE_VERIFY_MS * 1000 &&
                  now_us - e->used_us < (int64_t)LIVE_VERIFY_MS * 1000;
    return e->stale || behind || silent;
}

// Applies what arrived while the snapshot was taken. What does not fit keeps the map stale.
static void pending_apply(live_event *e)
{
    e->stale = false;
    for (pending_delta *d; (d = e->pending) != NULL;) {
        seat_map_result result = seat_map_apply(e->map, d->first, d->last, d->packed, d->count);
        if (result == SEAT_MAP_GAP || result == SEAT_MAP_BAD)
            e->stale = true;
        if (result == SEAT_MAP_APPLIED)
            metric_add(METRIC_LIVE_DELTAS, 1);
        e->pending = d->next;
        free(d);
    }
    e->pending_end = &e->pending;
    e->pending_bytes = 0;
}

static void snapshot_install(live *l, live_event *e, uint64_t version, const uint8_t *states)
{
    if (!e->map)
        e->map = seat_map_new(e->plan->plan);
    if (!e->map)
        return;
    // An older one comes from a database that lags, and the map is better then.
    (void)!seat_map_load(e->map, version, states);
    pending_apply(e);
    e->state = LIVE_READY;
    e->heard_us = live_now_us(l);
    if (e->map->version >= e->announced)
        e->announced_us = 0;
    else if (e->announced_us != 0)
        e->announced_us = e->heard_us;
    metric_add(METRIC_SEAT_MAP_SNAPSHOTS, 1);
}

// The order matters: a snapshot that is read before the server knows the subscription can miss a
// delta that is then never delivered.
void live_load(live *l, live_event *e)
{
    const live_link *link = &l->link;
    uint64_t version = 0;
    uint8_t *states = malloc(e->plan->plan->seats_count);
    bool subscribed = e->subscription || link->subscribe(link->self, &e->id, &e->subscription);
    bool flushed = subscribed && link->flush(link->self);
    bool read =
        states && link->snapshot(link->self, &e->id, e->plan->plan->seats_count, states, &version);
    pthread_mutex_lock(&e->mutex);
    if (read)
        snapshot_install(l, e, version, states);
    if (!read || !flushed)
        e->stale = e->map != NULL; // try again
    if (e->state == LIVE_LOADING)
        e->state = LIVE_EMPTY;
    e->reloading = false;
    e->loaded_us = live_now_us(l);
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->mutex);
    free(states);
}

static shared_bytes *named(shared_bytes *b, char prefix, uint64_t version)
{
    if (!b)
        return NULL;
    b->version = version;
    snprintf(b->etag, sizeof b->etag, "\"%c%llu\"", prefix, (unsigned long long)version);
    return b;
}

static void count_write(doc *d, const char *key, uint64_t count)
{
    doc_key(d, key);
    doc_int(d, (int64_t)count);
}

static shared_bytes *availability_build(const live_event *e)
{
    const seat_map *m = e->map;
    doc d;
    doc_init_heap(&d);
    doc_object(&d);
    count_write(&d, "version", m->version);
    count_write(&d, "available", m->counts[SEAT_AVAILABLE]);
    count_write(&d, "held", m->counts[SEAT_HELD]);
    count_write(&d, "sold", m->counts[SEAT_SOLD]);
    count_write(&d, "blocked", m->counts[SEAT_BLOCKED]);
    doc_key(&d, "sections");
    doc_array(&d);
    for (uint32_t i = 0; i < m->plan->sections_count; i++) {
        doc_object(&d);
        doc_key(&d, "id");
        doc_text(&d, plan_section_id(m->plan, i));
        count_write(&d, "available", m->section_available[i]);
        doc_object_end(&d);
    }
    doc_array_end(&d);
    doc_object_end(&d);
    return shared_bytes_of(&d);
}

static shared_bytes *map_build(const live_event *e, uint64_t since)
{
    size_t most = SEAT_MAP_HEAD_BYTES + e->plan->plan->seats_count / 4 + 1;
    uint8_t *bytes = malloc(most);
    if (!bytes)
        return NULL;
    size_t count = seat_map_encode(e->map, since, bytes);
    void *shrunk = count < most ? realloc(bytes, count) : NULL;
    return shared_bytes_take(shrunk ? shrunk : (char *)bytes, count);
}

void live_answers_clear(live_event *e)
{
    shared_bytes_unref(e->availability);
    shared_bytes_unref(e->whole);
    e->availability = e->whole = NULL;
    for (uint32_t i = 0; i < LIVE_CHANGES_KEPT; i++) {
        shared_bytes_unref(e->changes[i]);
        e->changes[i] = NULL;
    }
}

size_t live_event_bytes(const plan *p)
{
    size_t map = SEAT_MAP_HEAD_BYTES + p->seats_count / 4;
    size_t ring = p->seats_count / 16 * sizeof(seat_change);
    // The whole map twice: as it is and as it is sent.
    return sizeof(live_event) + 3 * map + ring + p->sections_count * 150 +
           LIVE_CHANGES_KEPT * (sizeof(shared_bytes) + LIVE_CHANGES_BYTES);
}

// An answer of an older version is replaced. The event's mutex is held.
static bool is_current(const live_event *e, shared_bytes **answer)
{
    if (*answer && (*answer)->version == e->map->version)
        return true;
    shared_bytes_unref(*answer);
    *answer = NULL;
    return false;
}

shared_bytes *live_availability(live_event *e)
{
    pthread_mutex_lock(&e->mutex);
    if (!is_current(e, &e->availability))
        e->availability = named(availability_build(e), 'a', e->map->version);
    shared_bytes *b = shared_bytes_ref(e->availability);
    pthread_mutex_unlock(&e->mutex);
    return b;
}

// The event's mutex is held.
static shared_bytes *map_ref(live_event *e)
{
    if (!is_current(e, &e->whole))
        e->whole = named(map_build(e, 0), 's', e->map->version);
    return shared_bytes_ref(e->whole);
}

shared_bytes *live_map(live_event *e)
{
    pthread_mutex_lock(&e->mutex);
    shared_bytes *b = map_ref(e);
    pthread_mutex_unlock(&e->mutex);
    return b;
}

static shared_bytes *changes_build(const live_event *e, uint64_t since)
{
    bool none = since == e->map->version;
    shared_bytes *b = none ? shared_bytes_take(NULL, 0) : map_build(e, since);
    if (!b)
        return NULL;
    b->version = e->map->version;
    snprintf(b->etag, sizeof b->etag, "\"d%llu-%llu\"", (unsigned long long)since,
             (unsigned long long)b->version);
    return b;
}

// Pollers of a crowd ask since one of the last versions: few short answers serve all of them.
shared_bytes *live_changes(live_event *e, uint64_t since)
{
    uint32_t at = since % LIVE_CHANGES_KEPT;
    shared_bytes *b = NULL;
    pthread_mutex_lock(&e->mutex);
    if (is_current(e, &e->changes[at]) && e->changes_since[at] == since)
        b = shared_bytes_ref(e->changes[at]);
    else if (seat_map_changes(e->map, since))
        b = changes_build(e, since);
    else
        b = map_ref(e);
    if (b && b != e->whole && b != e->changes[at] && b->count <= LIVE_CHANGES_BYTES) {
        shared_bytes_unref(e->changes[at]);
        e->changes[at] = shared_bytes_ref(b);
        e->changes_since[at] = since;
    }
    pthread_mutex_unlock(&e->mutex);
    return b;
}

uint64_t live_version(live_event *e)
{
    pthread_mutex_lock(&e->mutex);
    uint64_t version = e->map->version;
    pthread_mutex_unlock(&e->mutex);
    return version;
}

void live_states(live_event *e, uint32_t first, uint32_t count, uint8_t *ret_states,
                 uint64_t *ret_version)
{
    pthread_mutex_lock(&e->mutex);
    for (uint32_t i = 0; i < count; i++)
        ret_states[i] = (uint8_t)seat_map_state(e->map, first + i);
    *ret_version = e->map->version;
    pthread_mutex_unlock(&e->mutex);
}
