// Shared by the live*.c files, and by nobody else.
#ifndef CAVEA_EDGE_LIVE_PRIVATE_H
#define CAVEA_EDGE_LIVE_PRIVATE_H

#include "edge/live.h"
#include "schemas/arena.h"
#include "schemas/cavea.pb-c.h"

typedef enum live_state {
    LIVE_EMPTY,   // nobody has loaded it yet, or the last try failed
    LIVE_LOADING, // a thread is at it
    LIVE_READY,   // there is a map
} live_state;

// A delta that waits until a snapshot is there.
typedef struct pending_delta {
    struct pending_delta *next;
    uint64_t first, last;
    size_t count;
    uint32_t packed[];
} pending_delta;

enum {
    LIVE_CHANGES_KEPT = 16,   // answers to `since`, of the present version,
    LIVE_CHANGES_BYTES = 512, // as long as they are short
};

struct live_event {
    atomic_uint references; // the table's and each user's
    event_id id;
    shared_plan *plan;
    size_t bytes;             // what it may take in memory
    struct live_event *chain; // of the same hash bucket; under live.mutex
    _Atomic live_state state; // changes under the mutex; once READY it stays so
    _Atomic int64_t used_us;

    pthread_mutex_t mutex; // guards what follows
    pthread_cond_t changed;
    seat_map *map;
    bool stale;     // deltas are missing: needs a snapshot
    bool reloading; // and somebody is taking it
    pending_delta *pending, **pending_end;
    size_t pending_bytes;
    uint64_t announced;   // the latest version that a reply told of
    int64_t announced_us; // when it was first ahead of the map; 0: it is not
    int64_t loaded_us, heard_us;
    void *subscription;
    shared_bytes *availability, *whole; // answers, each for the version it names
    shared_bytes *changes[LIVE_CHANGES_KEPT];
    uint64_t changes_since[LIVE_CHANGES_KEPT];
};

enum { LIVE_BUCKETS = 8192 };

struct live {
    live_link link;
    pthread_mutex_t mutex; // guards the table
    pthread_cond_t wake;   // the keeper
    live_event *buckets[LIVE_BUCKETS];
    uint32_t count;
    size_t bytes, bytes_max; // of all events in the table
    bool ends;
    bool has_keeper;
    pthread_t keeper;
};

static inline int64_t live_now_us(const live *l)
{
    return l->link.now_us(l->link.self);
}

// Subscribes if need be, takes a snapshot and applies what was pending. The caller has set state to
// LOADING or `reloading`; the event's mutex is not held.
void live_load(live *l, live_event *e);
void live_event_unref(live *l, live_event *e);
// What an event of this plan takes: its map, and its answers once all of them are built.
size_t live_event_bytes(const plan *p);
void live_answers_clear(live_event *e);
// The mutex of the event is held.
bool live_event_needs_load(const live_event *e, int64_t now_us);

#endif
