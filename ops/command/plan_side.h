// The side file: what pretix's format has no place for. JSON:
//   {"currency": "EUR",
//    "prices": {"Stalls": 4500, ...},          minor units, by category name
//    "accessible": [WHICH, ...], "companion": [WHICH, ...], "blocked": [WHICH, ...]}
// WHICH is a seat's id as cavea knows it, or an object that picks every seat that agrees with all
// it names: {"zone": "Balcony", "row": "17", "number": "17-1", "category": "Box"}. Every key may be
// missing; unknown keys, categories and ids and a WHICH that picks nothing are refused. Flags
// become part of the plan, prices are what its events start from. One thread.
#ifndef CAVEA_OPS_COMMAND_PLAN_SIDE_H
#define CAVEA_OPS_COMMAND_PLAN_SIDE_H

#include "ops/command/plan_draft.h"

typedef struct plan_side {
    char currency[4]; // "": none given
    bool priced[CATEGORIES_PER_PLAN_MAX];
    int64_t price_minor[CATEGORIES_PER_PLAN_MAX];
} plan_side;

// Reads a side file and marks the draft's seats. False with d->problem.
MUST_CHECK bool plan_side_read(plan_draft *d, const char *text, size_t text_bytes,
                               plan_side *ret_side);
// A side file with these prices and the draft's flags; the caller frees it, NULL: out of memory.
char *plan_side_write(const plan_draft *d, const plan_side *side);

#endif
