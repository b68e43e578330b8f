// Reads and writes seating plans in pretix's JSON format (zones, rows, seats, areas; categories by
// name). Zones with seats become sections, areas become shapes; areas for general admission hold no
// seats and stay drawings. Unknown keys are ignored (the file itself is kept in plan.source).
// Positions are summed up over zone, row and seat and kept to a tenth. Knows no database. Files
// come from strangers: every bound of limits.h and json_file.h holds, control characters are
// refused. One thread.
#ifndef CAVEA_OPS_COMMAND_PLAN_PRETIX_H
#define CAVEA_OPS_COMMAND_PLAN_PRETIX_H

#include "ops/command/plan_draft.h"
#include "ops/command/plan_ids.h"

// Fills an initialised draft with every seat of the file, none lost and none merged; strict refuses
// a file whose seat ids repeat or are unfit instead of giving new ones. False with d->problem.
MUST_CHECK bool plan_pretix_read(plan_draft *d, const char *text, size_t text_bytes, bool strict,
                                 plan_ids_report *ret_report);
// The draft as a pretix file that plan_pretix_read turns into the same draft, flags excepted: they
// belong to the side file. The caller frees it; NULL when memory is out.
char *plan_pretix_write(const plan_draft *d);

#endif
