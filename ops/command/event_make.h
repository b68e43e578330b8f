// Makes an event from a stored plan: its id and tag, its prices from the plan's side file and what
// overrides them. One thread.
#ifndef CAVEA_OPS_COMMAND_EVENT_MAKE_H
#define CAVEA_OPS_COMMAND_EVENT_MAKE_H

#include "ops/command/plan_store.h"
#include "store/catalog_write.h"

enum { EVENT_HOLD_SECONDS = 600 }; // unless told otherwise

// Fills row's seats, prices and currency. Every category of which a seat can be sold needs a price;
// false with one sentence when one has none.
MUST_CHECK bool event_price(catalog_event *row, const plan_loaded *l, const plan_side *prices,
                            char ret_problem[static CATALOG_PROBLEM_BYTES]);
// Stores it; with id zero under a fresh one, drawn again while its tag is taken. Fills row->id.
command_status event_store(command *c, catalog_event *row, bool *ret_made);

#endif
