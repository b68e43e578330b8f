// The geometry of a plan's rows; part of plan_decode and used by nobody else. Integers only, so
// that every process finds the same neighbours. Pure; any thread.
#ifndef CAVEA_SCHEMAS_PLAN_ROWS_H
#define CAVEA_SCHEMAS_PLAN_ROWS_H

#include "schemas/plan.h"

// Fills seat_position, seat_left and seat_right from the coordinates. A row is read along the line
// between its two ends, so it may bend, but by less than half a circle. False: memory is out.
MUST_CHECK bool plan_rows_fill(plan *p);

#endif
