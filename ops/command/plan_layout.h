// The layout: what a browser draws, stored as table plan's `layout` and served as it is. Canonical
// JSON, compact and with its keys in a fixed sequence, because the plan's address is the hash of
// these bytes:
//   {"format":"cavea.layout.v1","name":"...","size":{"width":W,"height":H},"seat_radius":R,
//    "categories":[{"name":"...","color":"#7f4a91"}],
//    "sections":[{"id":"...","name":"...","rows":[{"name":"...","seats":[
//      {"id":"...","number":"...","x":X,"y":Y,"category":C,"flags":F}]}]}],
//    "shapes":[{"type":"rectangle","x","y","width","height","color"},
//              {"type":"ellipse","x","y","radius_x","radius_y","color"},
//              {"type":"polygon","points":[[x,y]],"color"},
//              {"type":"text","x","y","size","text","color"}]}
// Seats stand in plan order: the n-th one written has index n. category is an index into
// categories; flags (1 accessible, 2 companion, 4 blocked) is left out when it is 0. Numbers are
// whole, y grows downwards, x and y of a text are its middle. One thread.
#ifndef CAVEA_OPS_COMMAND_PLAN_LAYOUT_H
#define CAVEA_OPS_COMMAND_PLAN_LAYOUT_H

#include "ops/command/plan_draft.h"

// Fills form->layout and layout_bytes; form->plan is decoded already. False with d->problem.
MUST_CHECK bool plan_layout_write(plan_draft *d, plan_form *form);
// Reads a stored layout back into an initialised draft; false with d->problem.
MUST_CHECK bool plan_layout_read(plan_draft *d, const char *layout, size_t layout_bytes);

#endif
