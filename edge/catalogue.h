// Events as the edge needs them on every request: details, prices and the decoded plan, by id and
// by the tag that ids of reservations, payments and tickets carry. A short cache before the
// database: an entry is as fresh as CATALOGUE_FRESH_MS. One that is asked for shortly before that
// is read again by the keeper, so that nobody waits for what many want; of one that is older one
// thread reads it again while the others go on with the old one, and while the database is away the
// old one stays. What does not exist is remembered for a moment too. Bounded: four ways for each
// hash, the least recently used goes. Any thread; a miss blocks.
#ifndef CAVEA_EDGE_CATALOGUE_H
#define CAVEA_EDGE_CATALOGUE_H

#include "edge/load_gate.h"
#include "edge/plan_shelf.h"
#include "store/read.h"

enum {
    CATALOGUE_SETS = 2048,
    CATALOGUE_WAYS = 4,
    CATALOGUE_FRESH_MS = 2000,
    CATALOGUE_AHEAD_MS = 500,   // before that, the keeper's time
    CATALOGUE_AHEAD_MAX = 1024, // entries that wait for it; those beyond become old
    CATALOGUE_RETRY_MS = 500,   // after a failed read
};

typedef struct catalogue_event { // never changes
    atomic_uint references;
    event_detail detail;
    shared_plan *plan;
} catalogue_event;
void catalogue_event_unref(catalogue_event *e); // NULL is nothing

static inline void catalogue_event_release(catalogue_event **e)
{
    catalogue_event_unref(*e);
}
#define CATALOGUE_EVENT_AUTO catalogue_event __attribute__((cleanup(catalogue_event_release)))

// Where events come from: the database, or a test. Results as in store/read.h.
typedef struct catalogue_source {
    void *self;
    store_result (*event)(void *self, const event_id *id, event_detail *ret_detail,
                          bool *ret_found);
    store_result (*event_by_tag)(void *self, uint32_t tag, event_id *ret_id, bool *ret_found);
    int64_t (*now_us)(void *self); // monotonic
    load_gate *gate;               // of those who wait; may be NULL
} catalogue_source;

typedef struct catalogue catalogue;
// NULL when memory is out; starts the keeper. plans: borrowed.
catalogue *catalogue_new(const catalogue_source *source, plan_shelf *plans);
void catalogue_free(catalogue *c);
// For tests, which have no keeper: what it does with one entry. False: none waits for it.
catalogue *catalogue_new_bare(const catalogue_source *source, plan_shelf *plans);
bool catalogue_keep_one(catalogue *c);

// ERROR_NONE and a reference for the caller, NOT_FOUND, UNAVAILABLE, or OVERLOADED when the gate is
// full and there is no old event to go on with.
MUST_CHECK error_code catalogue_get(catalogue *c, const event_id *id, catalogue_event **ret_event);
MUST_CHECK error_code catalogue_get_by_tag(catalogue *c, uint32_t tag, catalogue_event **ret_event);

#endif
