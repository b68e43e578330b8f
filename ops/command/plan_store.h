// From a finished draft to a row of table plan and back. One thread.
#ifndef CAVEA_OPS_COMMAND_PLAN_STORE_H
#define CAVEA_OPS_COMMAND_PLAN_STORE_H

#include "ops/command/command.h"
#include "ops/command/plan_generate.h"
#include "ops/command/plan_side.h"

typedef struct plan_stored {
    digest32 hash;
    bool made; // false: the same plan was there already
} plan_stored;

// Finishes the draft and stores it with its source (may be NULL) and side. What goes wrong is
// printed.
command_status plan_store(command *c, plan_draft *d, const plan_side *side, const char *source,
                          size_t source_bytes, plan_stored *ret_stored);
// Generates a house with its proposed prices into an initialised draft and stores it; name NULL:
// the house's own.
command_status plan_house_store(command *c, const plan_house *house, uint32_t seats,
                                const char *name, plan_draft *d, plan_side *ret_side,
                                plan_stored *ret_stored);

// A plan loaded from the database: its draft, its packed form and its side.
typedef struct plan_loaded {
    plan_draft draft;
    plan *plan;
    plan_side side;
    char *source; // NULL: it was not imported
    size_t source_bytes;
} plan_loaded;
command_status plan_load(command *c, const digest32 *hash, plan_loaded *ret_loaded);
void plan_loaded_done(plan_loaded *l);

#endif
