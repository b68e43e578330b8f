// Proves that an event's rows are the outcome of its facts: the facts' hash chain is recomputed,
// the facts are folded into a fresh state, and that state is compared with the one loaded from the
// rows as of the same fact. The event may be on sale meanwhile. One thread.
#ifndef CAVEA_OPS_COMMAND_LEDGER_REPLAY_H
#define CAVEA_OPS_COMMAND_LEDGER_REPLAY_H

#include "ops/command/progress.h"
#include "store/connection.h"

enum { LEDGER_TEXT_BYTES = 512 };

typedef enum ledger_verdict {
    LEDGER_AGREES,
    LEDGER_BROKEN,     // the chain or the replay does not hold; difference says where it begins
    LEDGER_UNKNOWN,    // there is no such event
    LEDGER_UNREADABLE, // the database did not answer, or memory is out; difference says why
} ledger_verdict;

typedef struct ledger_finding {
    int64_t facts; // that were read
    int32_t held, sold;
    digest32 head;             // hash of the last fact
    digest32 replayed, stored; // the two states
    char difference[LEDGER_TEXT_BYTES];
} ledger_finding;

ledger_verdict ledger_replay(connection *c, const event_id *id, progress *p,
                             ledger_finding *ret_finding);

#endif
