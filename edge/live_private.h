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
    LIVE_CHANGES_KEPT = 16,     // answers to `since`, of the present version,
    LIVE_CHANGES_BYTES = 512,   // as long as they are short
    LIVE_OLDEST_LOOKED_AT = 64, // when one must make room
    LIVE_BUCKETS_AT_ONCE = 256, // that the keeper looks at with the mutex held
};

struct live_event {
    atomic_uint references; // the table's and each user's
    event_id id;
    shared_plan *plan;
    size_t bytes;             // what it may take in memory
    struct live_event *chain; // of the same hash bucket; under live.mutex
    _Atomic live_state state; // changes under the mutex; once READY it stays so
    _Atomic int64_t used_us;
    _Atomic uint64_t announced; // the latest version that a reply told of
    int64_t placed_us; // of used_us, when it came to its place in the line; under live.mutex
    live_event *newer, *older; // its neighbours there

    pthread_mutex_t mutex; // guards what follows
    pthread_cond_t changed;
    seat_map *map;
    bool stale;     // deltas are missing: needs a snapshot
    bool reloading; // and somebody is taking it
    pending_delta *pending, **pending_end;
    size_t pending_bytes;
    int64_t announced_us; // when the keeper first saw it ahead of the map; 0: it is not
    uint32_t losses;      // of live.losses, those that the map knows of
    bool building;        // somebody renews the availability
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
    size_t bytes, bytes_max;     // of all events in the table
    live_event *newest, *oldest; // the line of those in the table, about as they were looked at
    atomic_uint losses;          // how often anything may have been missed
    atomic_size_t pending_bytes; // of all events
    size_t pending_max;
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
bool live_event_needs_load(const live *l, live_event *e, int64_t now_us);

#endif
