// Plans of houses that do not exist, for the demo and for trying things out: an arena (an oval bowl
// of three tiers around a field) and a theatre (curved stalls, a circle, boxes). The same number of
// seats always gives the same plan. Prices are only proposals. Pure apart from memory; one thread.
#ifndef CAVEA_OPS_COMMAND_PLAN_GENERATE_H
#define CAVEA_OPS_COMMAND_PLAN_GENERATE_H

#include "ops/command/plan_draft.h"

enum {
    ARENA_SEATS = 60000,
    ARENA_SEATS_MIN = 5000,
    THEATRE_SEATS = 1000,
    THEATRE_SEATS_MIN = 300,
    THEATRE_SEATS_MAX = 3000,
};

// A kind of house: fills an initialised draft and proposes a price for each of its categories, in
// minor units of a currency with two digits. False with d->problem.
typedef struct plan_house {
    const char *kind; // "arena"
    uint32_t seats_standard, seats_min, seats_max;
    bool (*generate)(plan_draft *d, uint32_t seats);
    int64_t price_minor[8];
} plan_house;

extern const plan_house plan_houses[2];
const plan_house *plan_house_find(const char *kind); // NULL: there is none of that kind

bool plan_generate_arena(plan_draft *d, uint32_t seats);
bool plan_generate_theatre(plan_draft *d, uint32_t seats);

#endif
