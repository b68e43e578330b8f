// The areas of a pretix plan (stage, walls, lettering) as shapes of a layout. Part of
// plan_pretix_read. What cannot be drawn is left out: no seat depends on it. One thread.
#ifndef CAVEA_OPS_COMMAND_PLAN_SHAPES_H
#define CAVEA_OPS_COMMAND_PLAN_SHAPES_H

#include "ops/command/plan_draft.h"

typedef struct plan_position { // in pretix units
    double x, y;
} plan_position;

// Adds object[key]{x,y} to *at; a missing position is no shift. False: it is there but no position.
MUST_CHECK bool plan_position_read(const json_t *object, const char *key, plan_position *at);
// Rounds to the draft's units; false beyond PLAN_COORDINATE_MAX.
MUST_CHECK bool plan_units_of(double pretix_units, int32_t *ret_units);

// False with d->problem only when a bound is reached.
MUST_CHECK bool plan_shapes_read(plan_draft *d, const json_t *areas, plan_position zone);

#endif
