// Seat maps that somebody looks at: kept in memory by the event's live deltas, started from a
// snapshot of the database, and answered from buffers that are built once for each version. After a
// gap in the deltas, when a reply tells of a later version, or when nothing was heard for long, a
// keeper thread takes a new snapshot; meanwhile the old map is served. A map that nobody has looked
// at for some minutes is dropped, and when their memory is used up the one looked at longest ago
// makes room. Knows neither NATS nor SQL: both come through live_link. Nothing
// here decides anything: a buyer who acts on an old map is refused by the event's actor.
// Any thread; live_enter may block for a first snapshot.
#ifndef CAVEA_EDGE_LIVE_H
#define CAVEA_EDGE_LIVE_H

#include "edge/load_gate.h"
#include "edge/plan_shelf.h"
#include "edge/seat_map.h"
#include "edge/shared_bytes.h"
#include "schemas/error.h"

enum {
    LIVE_EVENTS_MAX = 8192,       // as for memory
    LIVE_IDLE_MS = 5 * 60 * 1000, // then a map is dropped
    LIVE_RELOAD_PAUSE_MS = 250,   // between two snapshots of one event
    LIVE_BEHIND_MS = 1000,        // a delta that was announced so long ago is lost
    LIVE_VERIFY_MS = 30000,       // without a delta, a map that is looked at is loaded again
    LIVE_TICK_MS = 100,
    LIVE_PENDING_BYTES_MAX = 1 << 20, // deltas that wait for a snapshot, of one event
};

typedef struct live_link {
    void *self;
    // Begins to receive an event's deltas by live_receive.
    bool (*subscribe)(void *self, const event_id *event, void **ret_subscription);
    void (*unsubscribe)(void *self, void *subscription);
    // Waits until the server knows the subscriptions made before.
    bool (*flush)(void *self);
    // One consistent snapshot: a byte for each seat (seat_state) and the version it belongs to.
    bool (*snapshot)(void *self, const event_id *event, uint32_t seats_count, uint8_t *ret_states,
                     uint64_t *ret_version);
    int64_t (*now_us)(void *self); // monotonic
    load_gate *gate;               // of those who wait for a first snapshot; may be NULL
} live_link;

typedef struct live live;
typedef struct live_event live_event;

// NULL when memory is out; starts the keeper. bytes_max bounds maps, their answers, and deltas that
// wait for a snapshot (an eighth of it) together; the plans belong to the shelf.
live *live_new(const live_link *link, size_t bytes_max);
void live_free(live *l); // nobody is inside any more

// The map of an event, loaded when it is not there yet; one thread loads, the others wait for it
// until the deadline, as many as the gate lets in. NULL and UNAVAILABLE or OVERLOADED when there is
// none to be had. p is borrowed; the map takes its own reference.
live_event *live_enter(live *l, const event_id *event, shared_plan *p, int64_t deadline_us,
                       error_code *ret_error);
void live_leave(live *l, live_event *e);

// Answers with their version and ETag, built by whoever asks first for a version. The caller owns a
// reference; NULL when memory is out.
shared_bytes *live_availability(live_event *e); // the JSON answer
shared_bytes *live_map(live_event *e);          // seats.bin as a whole
// seats.bin after a version; empty when there is nothing new.
shared_bytes *live_changes(live_event *e, uint64_t since);
// What a map shows is named by both: a load may repair what a version shows.
typedef struct live_stamp {
    uint64_t version;
    uint64_t repairs;
} live_stamp;
live_stamp live_stamp_of(live_event *e);
// States of a range of seats, a byte each.
void live_states(live_event *e, uint32_t first, uint32_t count, uint8_t *ret_states,
                 live_stamp *ret_stamp);
// An ETag: the letter, what it starts from when it is a difference, and the stamp.
void live_etag(char prefix, uint64_t since, live_stamp stamp, char ret_etag[static ETAG_BYTES]);

// The network's side.
void live_receive(live *l, const event_id *event, const uint8_t *data, size_t data_bytes);
void live_heard(live *l, const event_id *event, uint64_t version); // told by a reply
void live_reconnected(live *l);                                    // anything may have been missed
// What the keeper does every LIVE_TICK_MS. For tests, which have no keeper (live_new_bare).
void live_tick(live *l);
live *live_new_bare(const live_link *link, size_t bytes_max);

#endif
