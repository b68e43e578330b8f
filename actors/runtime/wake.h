// Reading wake-ups. Anybody who may wake actors of a kind publishes to cavea.v1.wake.<kind>; a
// host's own subject, cavea.v1.host.<host>, is for other hosts and the operator: only there may an
// actor be given away or chosen for, and only there is anybody answered. Pure; any thread.
#ifndef CAVEA_ACTORS_RUNTIME_WAKE_H
#define CAVEA_ACTORS_RUNTIME_WAKE_H

#include "schemas/id.h"

enum { WAKE_BYTES_MAX = 64 };

typedef struct wake_order {
    enum wake_what {
        WAKE_OPEN,   // somebody wants something of the actor
        WAKE_SENT,   // a host thinks that it is ours
        WAKE_GIVEN,  // never from outside: we gave it away; does who has it know?
        WAKE_CHOSEN, // its lease was given to us
        WAKE_MOVE,   // give it to move_to
    } what;
    actor_ref actor;
    uuid move_to;
    bool everybody; // each host is meant, not one of the group
    bool answers;   // the sender waits for a word
} wake_order;

// Reads what arrived on a subject; reply: where the sender says it waits, or NULL. False: it is
// nothing that may be asked for there, and nothing happens.
MUST_CHECK bool wake_read(const uuid *host, const char *to, const char *reply, const void *data,
                          size_t data_bytes, wake_order *ret_order);
// Writes what a host is told of an actor; how many bytes they are.
uint32_t wake_write(const actor_ref *actor, bool chosen, uint8_t ret_bytes[static WAKE_BYTES_MAX]);

#endif
