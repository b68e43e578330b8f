// The deterministic simulator: hosts that run the shipped runtime and the shipped actors, and
// around them a store, a broker, edges, buyers and a payment provider that live in memory, in
// virtual time and on one thread. A seed decides everything, faults included, so whatever it finds
// can be replayed. After every step the invariants are checked against the store, against what was
// answered and against what the provider saw.
// Knows no nats, no libpq, no clock and no file. One thread; one simulation at a time.
#ifndef CAVEA_CHAOS_SIM_SIM_H
#define CAVEA_CHAOS_SIM_SIM_H

#include "schemas/id.h"

#include <stdio.h>

typedef struct sim_options {
    uint64_t seed;
    uint32_t steps_max; // of the troubled part; then the faults stop and everything must drain
    FILE *trace;        // every step as it happens, or NULL
} sim_options;

typedef struct sim_outcome {
    bool broken;
    char what[512];       // the invariant that broke, in one sentence
    uint64_t steps;       // things that happened
    uint64_t fingerprint; // of all of them: equal for equal seeds
    // How much of the world was there to go wrong.
    uint64_t commits, commits_lost, reservations, confirmed, refunded, fenced, rejected, crashes;
    uint64_t late, given_back; // paid too late and confirmed all the same; refunded after all
    uint64_t moved;            // actors that were given to another host
} sim_outcome;

typedef struct sim sim;

sim *sim_new(void); // NULL when memory is out; keeps its memory between runs
void sim_free(sim *s);
void sim_run(sim *s, const sim_options *options, sim_outcome *ret_outcome);
// The last steps of the run that is under way or was last.
void sim_trace_print(const sim *s, FILE *to);

#endif
