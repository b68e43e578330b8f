// Answers NATS service discovery ($SRV.PING, INFO and STATS, see NATS ADR-32), so that operators'
// tools list the hosts. Any connection; answers on the library's delivery threads.
#ifndef CAVEA_ACTORS_RUNTIME_DISCOVERY_H
#define CAVEA_ACTORS_RUNTIME_DISCOVERY_H

#include "schemas/id.h"

#include <nats/nats.h>

enum { DISCOVERY_VERBS = 3, DISCOVERY_LEVELS = 3 };

typedef struct discovery {
    natsConnection *connection;
    const char *name, *description; // borrowed; name is a subject token
    uuid id;
    char started[40]; // RFC 3339
    uint64_t (*requests)(void *self);
    void *self;
    natsSubscription *subscriptions[DISCOVERY_VERBS * DISCOVERY_LEVELS];
} discovery;

// The caller filled everything but the subscriptions; the struct must stay where it is.
MUST_CHECK bool discovery_start(discovery *d);
void discovery_stop(discovery *d);

#endif
