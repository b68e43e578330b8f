#include "edge/doc.h"
#include "edge/live_private.h"
#include "ops/host/metric.h"

#include <stdio.h>
#include <stdlib.h>

enum { // for the count of an event's memory
    DOCUMENT_BYTES = 200,
    SECTION_BYTES = 48, // {"id":"","available":1000000}, and a comma
    HEAD_BYTES = 512,   // of an answer as it is sent
    HEAP_BYTES = 32,    // what the heap adds to one answer
    SEAT_MAP_RING_MIN_BYTES = 64 * (int)sizeof(seat_change),
    SUBSCRIPTION_BYTES = 1024,
};

bool live_event_needs_load(const live *l, live_event *e, int64_t now_us)
{
    uint64_t announced = atomic_load_explicit(&e->announced, memory_order_relaxed);
    if (e->map && announced > e->map->version && e->announced_us == 0)
        e->announced_us = now_us;
    if (e->state != LIVE_READY || e->reloading ||
        now_us - e->loaded_us < LIVE_RELOAD_PAUSE_MS * 1000)
        return false;
    bool behind = e->announced_us != 0 && now_us - e->announced_us > LIVE_BEHIND_MS * 1000;
    bool silent = now_us - e->heard_us > (int64_t)LIVE_VERIFY_MS * 1000 &&
                  now_us - e->used_us < (int64_t)LIVE_VERIFY_MS * 1000;
    return e->stale || e->losses != atomic_load(&l->losses) || behind || silent;
}

// Applies what arrived while the snapshot was taken. What does not fit keeps the map stale.
static void pending_apply(live *l, live_event *e)
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
    atomic_fetch_sub(&l->pending_bytes, e->pending_bytes);
    e->pending_bytes = 0;
}

// The first map is made before anybody waits for the mutex. An older snapshot comes from a database
// that lags, and the map is better then.
static void snapshot_install(live *l, live_event *e, seat_map *first, uint64_t version,
                             const uint8_t *states)
{
    if (!e->map && !first)
        return;
    if (first)
        e->map = first;
    uint32_t repairs = e->map->repairs;
    if (!first)
        (void)!seat_map_load(e->map, version, states);
    pending_apply(l, e);
    if (e->map->repairs != repairs)
        live_answers_clear(e);
    e->state = LIVE_READY;
    e->heard_us = live_now_us(l);
    if (e->map->version >= e->announced)
        e->announced_us = 0;
    else if (e->announced_us != 0)
        e->announced_us = e->heard_us;
    metric_add(METRIC_SEAT_MAP_SNAPSHOTS, 1);
}

// Only the thread that loads makes the map, so it may look whether there is one.
static seat_map *first_map(const live_event *e, uint64_t version, const uint8_t *states)
{
    seat_map *m = e->map ? NULL : seat_map_new(e->plan->plan);
    if (m)
        (void)!seat_map_load(m, version, states);
    return m;
}

// The order matters: a snapshot that is read before the server knows the subscription can miss a
// delta that is then never delivered.
void live_load(live *l, live_event *e)
{
    const live_link *link = &l->link;
    uint64_t version = 0;
    uint32_t losses = atomic_load(&l->losses); // before what follows
    uint8_t *states = malloc(e->plan->plan->seats_count);
    bool subscribed = e->subscription || link->subscribe(link->self, &e->id, &e->subscription);
    bool flushed = subscribed && link->flush(link->self);
    bool read =
        states && link->snapshot(link->self, &e->id, e->plan->plan->seats_count, states, &version);
    seat_map *first = read ? first_map(e, version, states) : NULL;
    pthread_mutex_lock(&e->mutex);
    if (read)
        snapshot_install(l, e, first, version, states);
    if (!read || !flushed)
        e->stale = e->map != NULL; // try again
    else
        e->losses = losses;
    if (e->state == LIVE_LOADING)
        e->state = LIVE_EMPTY;
    e->reloading = false;
    e->loaded_us = live_now_us(l);
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->mutex);
    free(states);
}

void live_etag(char prefix, uint64_t since, live_stamp stamp, char ret_etag[static ETAG_BYTES])
{
    char from[24] = "", repairs[24] = "";
    if (prefix == 'd')
        snprintf(from, sizeof from, "%llu-", (unsigned long long)since);
    if (stamp.repairs > 0)
        snprintf(repairs, sizeof repairs, ".%llu", (unsigned long long)stamp.repairs);
    snprintf(ret_etag, ETAG_BYTES, "\"%c%s%llu%s\"", prefix, from,
             (unsigned long long)stamp.version, repairs);
}

static shared_bytes *named(shared_bytes *b, char prefix, uint64_t since, live_stamp stamp)
{
    if (!b)
        return NULL;
    b->version = stamp.version;
    live_etag(prefix, since, stamp, b->etag);
    return b;
}

static live_stamp stamp_of(const seat_map *m)
{
    return (live_stamp){m->version, m->repairs};
}

static void count_write(doc *d, const char *key, uint64_t count)
{
    doc_key(d, key);
    doc_int(d, (int64_t)count);
}

// What the answer tells, taken out of a map in a moment.
typedef struct availability {
    const plan *plan;
    live_stamp stamp;
    uint32_t counts[SEAT_STATES];
    uint32_t sections[]; // available
} availability;

// The event's mutex is held. NULL when memory is out.
static availability *availability_take(const seat_map *m)
{
    size_t sections_bytes = m->plan->sections_count * sizeof *m->section_available;
    availability *a = malloc(sizeof *a + sections_bytes);
    if (!a)
        return NULL;
    a->plan = m->plan;
    a->stamp = stamp_of(m);
    memcpy(a->counts, m->counts, sizeof a->counts);
    memcpy(a->sections, m->section_available, sections_bytes);
    return a;
}

static shared_bytes *availability_build(const availability *a)
{
    doc d;
    doc_init_heap(&d);
    doc_object(&d);
    count_write(&d, "version", a->stamp.version);
    count_write(&d, "available", a->counts[SEAT_AVAILABLE]);
    count_write(&d, "held", a->counts[SEAT_HELD]);
    count_write(&d, "sold", a->counts[SEAT_SOLD]);
    count_write(&d, "blocked", a->counts[SEAT_BLOCKED]);
    doc_key(&d, "sections");
    doc_array(&d);
    for (uint32_t i = 0; i < a->plan->sections_count; i++) {
        doc_object(&d);
        doc_key(&d, "id");
        doc_text(&d, plan_section_id(a->plan, i));
        count_write(&d, "available", a->sections[i]);
        doc_object_end(&d);
    }
    doc_array_end(&d);
    doc_object_end(&d);
    return named(shared_bytes_of(&d), 'a', 0, a->stamp);
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

// Every answer twice: as it is, and as it is sent with its head. A document grows by doubling.
size_t live_event_bytes(const plan *p)
{
    size_t map = SEAT_MAP_HEAD_BYTES + p->seats_count / 4;
    size_t ring = p->seats_count / 16 * sizeof(seat_change) + SEAT_MAP_RING_MIN_BYTES;
    size_t document = DOCUMENT_BYTES;
    for (uint32_t i = 0; i < p->sections_count; i++)
        document += SECTION_BYTES + strlen(plan_section_id(p, i));
    size_t answers = 2 * map + 3 * document + 2 * LIVE_CHANGES_KEPT * LIVE_CHANGES_BYTES;
    size_t answers_count = 2 * (LIVE_CHANGES_KEPT + 2);
    return sizeof(live_event) + sizeof(seat_map) + map + ring +
           p->sections_count * sizeof(uint32_t) + answers +
           answers_count * (sizeof(shared_bytes) + HEAP_BYTES) + answers_count / 2 * HEAD_BYTES +
           SUBSCRIPTION_BYTES;
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

// Many sections take a while, so it is built with the mutex released; the others get the version
// before meanwhile.
static shared_bytes *availability_renew(live_event *e)
{
    availability *a = availability_take(e->map);
    e->building = true;
    pthread_mutex_unlock(&e->mutex);
    shared_bytes *b = a ? availability_build(a) : NULL;
    pthread_mutex_lock(&e->mutex);
    e->building = false;
    // A repair has taken back what was built before it.
    if (b && a->stamp.repairs == e->map->repairs) {
        shared_bytes_unref(e->availability);
        e->availability = shared_bytes_ref(b);
    }
    free(a);
    return b;
}

shared_bytes *live_availability(live_event *e)
{
    pthread_mutex_lock(&e->mutex);
    shared_bytes *kept = e->availability;
    bool serves = kept && (kept->version == e->map->version || e->building);
    shared_bytes *b = serves ? shared_bytes_ref(kept) : availability_renew(e);
    pthread_mutex_unlock(&e->mutex);
    return b;
}

// The event's mutex is held.
static shared_bytes *map_ref(live_event *e)
{
    if (!is_current(e, &e->whole))
        e->whole = named(map_build(e, 0), 's', 0, stamp_of(e->map));
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
    return named(b, 'd', since, stamp_of(e->map));
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

live_stamp live_stamp_of(live_event *e)
{
    pthread_mutex_lock(&e->mutex);
    live_stamp stamp = stamp_of(e->map);
    pthread_mutex_unlock(&e->mutex);
    return stamp;
}

void live_states(live_event *e, uint32_t first, uint32_t count, uint8_t *ret_states,
                 live_stamp *ret_stamp)
{
    pthread_mutex_lock(&e->mutex);
    for (uint32_t i = 0; i < count; i++)
        ret_states[i] = (uint8_t)seat_map_state(e->map, first + i);
    *ret_stamp = stamp_of(e->map);
    pthread_mutex_unlock(&e->mutex);
}
