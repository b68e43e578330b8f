// Decoded plans of a host, shared by all events that use them. Any thread.
#ifndef CAVEA_ACTORS_RUNTIME_PLAN_CACHE_H
#define CAVEA_ACTORS_RUNTIME_PLAN_CACHE_H

#include "schemas/plan.h"

typedef struct plan_cache plan_cache;

enum { PLAN_CACHE_HASHES_MAX = 64 };

plan_cache *plan_cache_new(void);    // NULL when memory is out
void plan_cache_free(plan_cache *p); // every plan was given back
// Hashes of plans that need not be loaded again; returns how many were written.
uint32_t plan_cache_hashes(plan_cache *p, digest32 ret_hashes[static PLAN_CACHE_HASHES_MAX]);
// Borrows a plan until plan_cache_return. packed NULL: only what is cached. NULL when it is not
// there, cannot be decoded, or memory is out.
const plan *plan_cache_borrow(plan_cache *p, const digest32 *hash, const uint8_t *packed,
                              uint32_t packed_bytes);
// The last one to return a plan frees it.
void plan_cache_return(plan_cache *p, const plan *borrowed);

#endif
