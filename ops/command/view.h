// Shows a JSON result to a person: an object as lines of "name  value", a list of objects as a
// table, one inside the other with a heading. Everything shown is made safe for a terminal. One
// thread.
#ifndef CAVEA_OPS_COMMAND_VIEW_H
#define CAVEA_OPS_COMMAND_VIEW_H

#include <jansson.h>
#include <stdio.h>

void view_print(FILE *out, const json_t *result);

#endif
