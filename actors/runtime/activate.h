// Wakes actors: takes the lease, loads the state and hands the cell to the runtime, on a thread
// with a store of its own, so that a large event being loaded never stops the others' ticks.
// activator_wake may be called from any thread.
#ifndef CAVEA_ACTORS_RUNTIME_ACTIVATE_H
#define CAVEA_ACTORS_RUNTIME_ACTIVATE_H

#include "actors/runtime/bus_nats.h"
#include "actors/runtime/roster.h"

enum { ACTIVATOR_QUEUE_MAX = 16384 }; // events, and as many others

typedef struct activator_config {
    uuid host;
    uint32_t kinds;   // bit 1 << actor_kind
    store_port store; // the activator's own
    struct plan_cache *plans;
    int64_t hold_us, payment_extension_us; // see kind_context
    uint32_t payment_haste;                // the same
    nats_bus *bus;
    roster *roster;
    runtime *runtime;
} activator_config;

typedef struct activator activator;

MUST_CHECK activator *activator_start(const activator_config *config); // NULL: out of resources
// why: not WAKE_MOVE. What is queued for the actor keeps its place and takes the stronger reason.
// Lost when the queue is full: senders ask again.
void activator_wake(activator *a, const actor_ref *actor, enum wake_what why);
// Finishes the actor it is loading, once; NULL is allowed. Wake-ups that still come stay queued.
void activator_stop(activator *a);
void activator_free(activator *a); // stopped, and nobody is left who wakes; NULL is allowed

#endif
