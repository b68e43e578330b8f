// Gives every seat of a draft an id that is unique in the plan and fit for URLs and subjects
// ([A-Za-z0-9._~:-]{1,64}). A seat keeps the id it came with when that is fit and nobody else has
// it. All others, including every one of those that share an id, are called after where they are:
// <zone>:<row>:<number>, each part cut to 18 letters with everything else turned into single
// dashes, and ~2, ~3 ... behind it when even that repeats. The same file gives the same ids,
// whatever its seats' sequence between repeated ones. One thread.
#ifndef CAVEA_OPS_COMMAND_PLAN_IDS_H
#define CAVEA_OPS_COMMAND_PLAN_IDS_H

#include "ops/command/plan_draft.h"

typedef struct plan_renamed {
    const char *old_id; // as the file has it
    uint32_t seat;      // index
    uint32_t uses;      // how many seats had that id; 1: it was not fit
} plan_renamed;

typedef struct plan_ids_report { // memory belongs to the draft
    plan_renamed *renamed;       // by old id, then by seat
    uint32_t renamed_count;
    uint32_t repeated_ids;   // different ids that more than one seat had
    uint32_t repeated_seats; // the seats that had them
    uint32_t unfit_seats;
} plan_ids_report;

// The seats' ids are those of the file; they are replaced where needed. False with d->problem.
MUST_CHECK bool plan_ids_assign(plan_draft *d, plan_ids_report *ret_report);
// Turns any text into a token of at most bytes_max - 1 letters; empty when nothing is left of it.
void plan_token_of(const char *text, size_t bytes_max, char *ret_token);

#endif
