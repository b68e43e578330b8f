// The bus over NATS: with bus_deliver.c and bus_watch.c the only code of the actors that knows
// nats.c. Streams, consumers and subscriptions of one host; implements bus_port and feeds the
// runtime's mailbox. The consumers are ours (ephemeral, pushed, no acks, made through the JSON
// API), because an ordered consumer of the client library stalls 10 to 16 s when its server stops
// in order; a watchdog of our own starts them again behind the last message: after a few
// heartbeats, at once when the connection is a new one, and when a message that came directly
// should have come over the stream. Threads: bus_port's calls from the tick thread; callbacks on
// the library's delivery threads; the watchdog on its own. Inlets are guarded by one mutex.
#ifndef CAVEA_ACTORS_RUNTIME_BUS_NATS_H
#define CAVEA_ACTORS_RUNTIME_BUS_NATS_H

#include "actors/runtime/runtime.h"
#include "actors/runtime/stream_short.h"
#include "actors/runtime/wake.h"
#include "ops/host/nats_line.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    INLET_BUCKETS = 16384,
    BUS_API_WAIT_MS = 250,
    CONSUMER_NAME_BYTES = 64,
    HEARTBEAT_FASTEST_MS = 250,
    HEARTBEATS_PER_SECOND = 400, // of all consumers of a host, as long as they are few
    HASTE_MAX = 64,              // inlets that others are waiting for, in one look
    ATTEMPT_BITS = 16,
    ATTEMPT_MASK = (1 << ATTEMPT_BITS) - 1,
};

// How one actor of this host is reached.
typedef struct inlet {
    actor_ref actor;
    uint64_t number;
    struct nats_bus *bus;
    natsSubscription *direct;
    natsSubscription *deliver;   // of the present consumer alone
    int64_t incarnation, cursor; // of the last message handed to the mailbox
    uint32_t attempt;
    bool consuming;       // a consumer exists as far as we know
    uint64_t next;        // its next delivery's consumer sequence
    int64_t heard_us;     // monotonic: last message or heartbeat
    int64_t heartbeat_us; // of the present consumer
    int64_t missed_us;    // monotonic: since when the stream owes a message; 0: it does not
    uint32_t suspicions;  // in a row that brought nothing: the patience doubles with each
    char consumer[CONSUMER_NAME_BYTES];
    struct inlet *next_inlet, *next_numbered; // in their buckets
} inlet;

typedef struct nats_bus_config {
    const struct nats_login *login; // borrowed
    uuid host;
    uint32_t kinds;           // bit 1 << actor_kind
    int64_t heartbeat_ms;     // of consumers, when they are many
    int64_t stream_bytes_max; // of the inbox stream; the fact stream gets the same
    int64_t stream_replicas;
    void (*woken)(void *self, const actor_ref *actor, enum wake_what what);
    void *woken_self;
} nats_bus_config;

typedef struct nats_bus {
    nats_bus_config config;
    runtime *runtime;
    natsConnection *connection; // everything in, and the stream's API
    nats_line *line;            // everything that the tick thread sends
    bool holds;                 // it has published since the last flush
    natsSubscription *acks, *host, *wakes[ACTOR_KINDS_END], *calls[ACTOR_KINDS_END];
    _Atomic int64_t incarnation;
    _Atomic bool stopping;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    inlet *inlets[INLET_BUCKETS], *numbered[INLET_BUCKETS];
    uint32_t inlets_count;
    bool found_again;          // the connection is a new one: no consumer reaches us any more
    stream_short inbox_short;  // from here on of the watchdog
    int64_t judged_us;         // monotonic: when it last looked at all inlets
    uint32_t look_at;          // the bucket where it goes on
    uint64_t haste[HASTE_MAX]; // numbers of inlets that come first
    uint32_t haste_count;
    bool haste_rests; // the last try failed: one of the others
    pthread_t watchdog;
    bool watching;
    char problem[256];
} nats_bus;

// Connects and makes the streams ready. On failure bus->problem says why, and it may be
// tried again.
MUST_CHECK bool nats_bus_open(nats_bus *bus, const nats_bus_config *settings);
// From here on messages arrive in the runtime's mailbox.
MUST_CHECK bool nats_bus_start(nats_bus *bus, runtime *r);
// No more wake-ups from the queue group: the host is about to hand its actors over.
void nats_bus_retire(nats_bus *bus);
void nats_bus_close(nats_bus *bus);
// Closes the library, which must outlive every message: after the runtime with its mailbox.
void nats_bus_done(void);
bus_port nats_bus_port(nats_bus *bus);
bool nats_bus_connected(const nats_bus *bus);
// Whether this host reads the actor's inbox. Any thread.
bool nats_bus_holds(nats_bus *bus, const actor_id *id);
// Asks another host to take the actor; false when it does not answer.
MUST_CHECK bool nats_bus_forward(nats_bus *bus, const uuid *host, const actor_ref *actor);

// bus_deliver.c
MUST_CHECK bool bus_hand_over(nats_bus *bus, natsMsg *message, const actor_ref *to,
                              int64_t incarnation, int64_t sequence);
void bus_on_deliver(natsConnection *connection, natsSubscription *subscription, natsMsg *message,
                    void *bus);

// bus_watch.c
MUST_CHECK bool bus_streams_ready(nats_bus *bus);
void *bus_watch(void *bus);
// Of an actor, of a number; the mutex is held.
inlet *inlet_find(nats_bus *bus, const actor_id *id);
inlet *inlet_numbered(nats_bus *bus, uint64_t number);
void bus_consumer_delete(nats_bus *bus, const char *consumer);
void bus_subscription_end(natsSubscription **subscription); // and sets it to NULL, as it may be
int64_t bus_monotonic_us(void);
// The last word of the subject to which the inlet's present consumer delivers.
static inline uint64_t inlet_place(const inlet *in)
{
    return in->number << ATTEMPT_BITS | (in->attempt & ATTEMPT_MASK);
}

#endif
