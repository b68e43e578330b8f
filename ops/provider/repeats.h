// What was answered under an Idempotency-Key, so that a repeated request gets the same answer for
// 24 hours (docs.stripe.com/api/idempotent_requests). Survives a restart through the logbook. Wants
// the books' mutex held: calls under one key therefore never overlap.
#ifndef CAVEA_OPS_PROVIDER_REPEATS_H
#define CAVEA_OPS_PROVIDER_REPEATS_H

#include "ops/provider/answer.h"
#include "ops/provider/logbook.h"
#include "schemas/digest.h"
#include "schemas/limits.h"

#include <uthash.h>

enum { REPEATS_MAX = 1 << 22 }; // beyond it the oldest are forgotten early

typedef struct repeat {
    char *key;        // owned
    digest16 request; // of method, path and parameters
    int status;
    char *body; // owned
    int64_t at_us;
    struct repeat *next; // the one that came after it
    UT_hash_handle hh;
} repeat;

typedef struct repeats {
    repeat *by_key;
    repeat *oldest, *newest;
    logbook *logbook;
} repeats;

void repeats_init(repeats *r);
void repeats_done(repeats *r);

// NULL when the key is new or was forgotten.
const repeat *repeats_find(const repeats *r, const char *key);
void repeats_add(repeats *r, const char *key, const digest16 *request, const answer *a,
                 int64_t now_us);
MUST_CHECK bool repeats_restore(repeats *r, const json_t *record); // kind "repeat"
void repeats_record_all(repeats *r);
size_t repeats_count(const repeats *r);

#endif
