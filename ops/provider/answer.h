// The answer to one API call while it is made: Stripe's status, object or error. One thread.
#ifndef CAVEA_OPS_PROVIDER_ANSWER_H
#define CAVEA_OPS_PROVIDER_ANSWER_H

#include "ops/provider/jsonout.h"

typedef struct answer {
    int status; // 200 unless told otherwise
    // The call did, or finally refused, what it was asked: a repeat of its Idempotency-Key gets
    // this same answer. A malformed request is forgotten and may be corrected under the same key.
    bool is_final;
    int64_t hold_ms; // a fault: how long the answer waits after its work is done
    jsonout body;
} answer;

void answer_init(answer *a);
void answer_done(answer *a);

// Stripe's error object (docs.stripe.com/api/errors). param and code may be NULL.
void answer_refuse(answer *a, int status, const char *type, const char *code, const char *param,
                   const char *message);
// The usual one: 400 invalid_request_error.
void answer_invalid(answer *a, const char *code, const char *param, const char *message);
// 404 resource_missing: "No such payment_intent: 'pi_x'".
void answer_missing(answer *a, const char *what, const char *id);

#endif
