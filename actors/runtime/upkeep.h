// What a host does besides ticking, on two threads with connections of their own. One proves its
// life, learns who else lives and sees to it that every partition is held by somebody; the other
// looks in the database for work that got stuck (the reconciler).
#ifndef CAVEA_ACTORS_RUNTIME_UPKEEP_H
#define CAVEA_ACTORS_RUNTIME_UPKEEP_H

#include "actors/runtime/activate.h"
#include "store/host.h"

#include <stdatomic.h>

// Longer than any wait of a tick for the database: a host whose ticks take longer is not alive.
enum { TICK_HANG_MS = 60000 };

typedef struct upkeep_config {
    const char *postgres_url;
    host_identity host;
    store_port store;     // the upkeep's own
    int64_t reconcile_ms; // how often, and for how long work must have been stuck
    runtime *runtime;
    activator *activator;
    nats_bus *bus;
    roster *roster;
    // Monotonic microseconds of the tick thread's last step.
    const _Atomic int64_t *ticked_us;
} upkeep_config;

typedef struct upkeep upkeep;

MUST_CHECK upkeep *upkeep_start(const upkeep_config *config); // NULL: out of resources
// No host sends this one an actor any more, and it takes none.
void upkeep_retire(upkeep *u);
void upkeep_stop(upkeep *u); // after the hand-over: the host is forgotten; NULL is allowed

#endif
