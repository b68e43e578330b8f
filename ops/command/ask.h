// Asks an actor something and waits for its answer. Actors alone write what is theirs, so this goes
// over NATS: straight to whoever holds the actor; when nobody does, a host is asked to wake it and
// the message is sent again, with doubling pauses. So a command may arrive several times: only
// commands whose repetition changes nothing are asked this way. One thread.
#ifndef CAVEA_OPS_COMMAND_ASK_H
#define CAVEA_OPS_COMMAND_ASK_H

#include "ops/command/command.h"
#include "schemas/arena.h"
#include "schemas/cavea.pb-c.h"
#include "schemas/error.h"
#include "schemas/seal.h"
#include "schemas/subject.h"

#include <nats/nats.h>

enum { ASK_DEADLINE_MS = 5000 };

typedef struct ask {
    natsConnection *bus;
    natsSubscription *replies;
    subject inbox;
    seal_ring seals; // says that it is the operator who asks
    arena memory;    // of the answer being read
} ask;
#define ASK_AUTO ask __attribute__((cleanup(ask_done)))

typedef struct ask_answer {
    error_code error; // ERROR_NONE: done
    uint32_t left;    // of RefundAll
} ask_answer;

// Connects, and reads the keys of seals. On any other status than COMMAND_OK the problem is
// printed.
MUST_CHECK command_status ask_init(ask *a, command *c);
void ask_done(ask *a);
// Puts one command, whose id is filled in here, to an actor. COMMAND_OK: it answered, perhaps with
// a refusal. COMMAND_UNREACHABLE: it did not within five seconds, or the bus failed; the problem is
// printed unless is_quiet.
MUST_CHECK command_status ask_run(ask *a, command *c, const actor_ref *to,
                                  Cavea__V1__Command *message, bool is_quiet,
                                  ask_answer *ret_answer);

#endif
