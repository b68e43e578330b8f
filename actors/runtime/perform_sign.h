// Signs tickets on threads of its own: both forms of each seat's ticket, for one reservation at a
// time, delivered as TicketsSigned. A key that becomes active while this runs (perform_keys.h) is
// used within seconds.
#ifndef CAVEA_ACTORS_RUNTIME_PERFORM_SIGN_H
#define CAVEA_ACTORS_RUNTIME_PERFORM_SIGN_H

#include "actors/runtime/perform.h"

typedef struct sign_workers sign_workers;

// NULL with one sentence when the keys cannot be read.
sign_workers *sign_workers_new(const perform_settings *settings,
                               char ret_problem[static CONFIG_PROBLEM_BYTES]);
MUST_CHECK bool sign_workers_start(sign_workers *w, const effect *e);
void sign_workers_stop(sign_workers *w); // may be repeated
void sign_workers_free(sign_workers *w);

#endif
