// The live hosts as the database last said, and who of them should hold an actor: rendezvous
// hashing (Thaler and Ravishankar, 1998), so that a host that comes or goes moves only its share.
// Any thread.
#ifndef CAVEA_ACTORS_RUNTIME_ROSTER_H
#define CAVEA_ACTORS_RUNTIME_ROSTER_H

#include "schemas/id.h"

#include <pthread.h>

enum { ROSTER_HOSTS_MAX = 256 };

typedef struct roster_host {
    uuid id;
    uint32_t kinds; // bit 1 << actor_kind
} roster_host;

typedef struct roster {
    pthread_mutex_t mutex;
    roster_host hosts[ROSTER_HOSTS_MAX];
    uint32_t count;
} roster;

void roster_init(roster *r);
void roster_done(roster *r);
void roster_set(roster *r, const roster_host *hosts, uint32_t count);
uint32_t roster_count(roster *r);
// The host that should hold the actor; false when no live host takes its kind.
MUST_CHECK bool roster_owner(roster *r, const actor_ref *actor, uuid *ret_host);

#endif
