// Recomputes the hash chain of one actor's facts, from its first to the one that its lease names.
// What the facts say is not looked at. The actor may go on meanwhile. One thread.
#ifndef CAVEA_OPS_COMMAND_LEDGER_CHAIN_H
#define CAVEA_OPS_COMMAND_LEDGER_CHAIN_H

#include "ops/command/ledger_replay.h"

typedef struct chain_finding {
    int64_t facts; // that were read
    digest32 head; // hash of the last one
    char difference[LEDGER_TEXT_BYTES];
} chain_finding;

// On a connection that ledger_replay prepared. LEDGER_UNKNOWN: there is no such actor, and so no
// fact of it.
ledger_verdict ledger_chain(connection *c, const actor_ref *actor, progress *p,
                            chain_finding *ret_finding);

#endif
