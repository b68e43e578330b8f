// An event's core from its stored form. Used by the event's adapter when it loads, and by whoever
// compares the rows with the facts. Knows no store and no clock. Any thread.
#ifndef CAVEA_ACTORS_RUNTIME_EVENT_RESTORE_H
#define CAVEA_ACTORS_RUNTIME_EVENT_RESTORE_H

#include "actors/event/event.h"
#include "schemas/plan.h"
#include "store/store.h"

// What a host says about all its events.
typedef struct event_terms {
    int64_t hold_us;              // replaces the event's own time to hold; 0: as the event says
    int64_t payment_extension_us; // see event_config
} event_terms;
event_config event_image_config(const event_image *image, const event_terms *terms);
// The seats as the core wants them; borrowed from the plan.
event_seats event_plan_seats(const plan *p);
// NULL when memory is out or a row cannot be (an unknown seat, a seat with two owners). The plan
// must outlive the state.
event_state *event_image_restore(const event_image *image, const plan *p, const event_terms *terms,
                                 int64_t now_us);

#endif
