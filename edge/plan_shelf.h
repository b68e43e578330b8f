// Decoded plans by their hash, shared by everybody who needs them. A plan never changes, so it is
// loaded once and kept while there is room. One that somebody has is never forgotten, as that would
// free nothing and have it loaded twice. Loading is single-flight for each plan. Any thread.
#ifndef CAVEA_EDGE_PLAN_SHELF_H
#define CAVEA_EDGE_PLAN_SHELF_H

#include "edge/shared_bytes.h"
#include "schemas/error.h"
#include "schemas/plan.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    PLAN_SHELF_PLANS_MAX = 1024,
    // Decoded plans and their other forms together; plans that somebody has stay beyond it.
    PLAN_SHELF_BYTES_MAX = 64 * 1024 * 1024,
};

typedef struct shared_plan {
    atomic_uint references;
    digest32 hash;
    plan *plan;
} shared_plan;
shared_plan *shared_plan_take(const digest32 *hash, plan *p); // owns p; NULL (p freed): no memory
shared_plan *shared_plan_ref(shared_plan *p);
void shared_plan_unref(shared_plan *p); // NULL is nothing

typedef enum plan_load_result {
    PLAN_LOADED,
    PLAN_UNKNOWN,
    PLAN_FAILED,
} plan_load_result;

// Where plans come from; all calls block.
typedef struct plan_source {
    void *self;
    plan_load_result (*load)(void *self, const digest32 *hash, plan **ret_plan);
    plan_load_result (*layout)(void *self, const digest32 *hash, shared_bytes **ret_layout);
    // map.bin (edge/plan_map.h), gzip; may be NULL where nobody asks for it.
    plan_load_result (*map)(void *self, const digest32 *hash, shared_bytes **ret_map);
} plan_source;

typedef struct plan_shelf plan_shelf;
plan_shelf *plan_shelf_new(const plan_source *source); // NULL when memory is out
plan_shelf *plan_shelf_new_sized(const plan_source *source, size_t bytes_max);
size_t plan_shelf_bytes(plan_shelf *c); // of all that it keeps
void plan_shelf_free(plan_shelf *c);

// ERROR_NONE and a reference for the caller, NOT_FOUND, or UNAVAILABLE.
MUST_CHECK error_code plan_shelf_get(plan_shelf *c, const digest32 *hash, shared_plan **ret_plan);
// The readable form, as it is served.
MUST_CHECK error_code plan_shelf_layout(plan_shelf *c, const digest32 *hash,
                                        shared_bytes **ret_layout);
// The compact form for browsers (edge/plan_map.h), packed with gzip; and unpacked, for the few who
// cannot unpack it: one copy for all of them. NOT_FOUND where the source has none.
MUST_CHECK error_code plan_shelf_map(plan_shelf *c, const digest32 *hash, shared_bytes **ret_map);
MUST_CHECK error_code plan_shelf_map_plain(plan_shelf *c, const digest32 *hash,
                                           shared_bytes **ret_map);

#endif
