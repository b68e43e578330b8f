// One call to a Stripe-compatible payment provider, without the network: how an effect reads as
// HTTP requests, and what an answer means. An effect is one step or a few: a lost intent is looked
// for in the provider's list, an old refund is looked for before it is created. Strict bounds: an
// answer is a stranger's bytes. Pure (jansson only); any thread.
// Sources: docs.stripe.com/api (payment intents, refunds, errors, idempotent requests).
#ifndef CAVEA_ACTORS_RUNTIME_PROVIDER_CALL_H
#define CAVEA_ACTORS_RUNTIME_PROVIDER_CALL_H

#include "actors/payment/payment.h"
#include "actors/runtime/ports.h"

typedef enum provider_step {
    STEP_INTENT_CREATE,
    STEP_INTENT_FETCH,
    STEP_INTENT_CANCEL,
    STEP_INTENT_LIST, // looks for an intent whose creation was not answered
    STEP_REFUND_CREATE,
    STEP_REFUND_FETCH,
    STEP_REFUND_LIST, // looks for a refund whose key may be forgotten
    STEPS_END
} provider_step;

const char *provider_step_name(provider_step step); // "intent_create", ...
provider_step provider_step_first(const effect *e); // of a call effect

enum { PROVIDER_LIST_PAGES_MAX = 20 };

typedef struct provider_request {
    bool is_post;
    char path[512];           // with its query
    char body[2048];          // a form, NUL-ended
    char idempotency_key[96]; // "" for none
} provider_request;

// The request of a step. after: the last id of the list's page before, or "". False when the effect
// lacks an id that the step needs, or something does not fit.
MUST_CHECK bool provider_request_build(const effect *e, provider_step step, const char *after,
                                       provider_request *ret_request);

typedef enum provider_verdict_type {
    VERDICT_REPORT, // the outcome is known
    VERDICT_AGAIN,  // the same request may be sent again, a little later
    VERDICT_NEXT,   // go on with the step `next`
    VERDICT_FAILED, // refused in a way that a repetition does not change; the outcome stays unknown
} provider_verdict_type;

typedef struct provider_verdict {
    provider_verdict_type type;
    payment_report report;
    provider_step next;
    char after[PAYMENT_INTENT_BYTES];     // of a list's next page
    char intent_id[PAYMENT_INTENT_BYTES]; // of NEXT: found or made on the way, for the effect
    char problem[64];                     // the provider's error code, for the log; "" for none
} provider_verdict;

// Reads an answer. http_status 0: there was none (connection lost, time-out).
provider_verdict provider_answer_read(const effect *e, provider_step step, int http_status,
                                      const char *body, size_t body_bytes);

// Where the buyer pays: template with {intent} and {client_secret} put in, percent-encoded where
// they need it. False when it does not fit.
MUST_CHECK bool provider_pay_url(const char *template, const payment_report *report,
                                 char ret_url[static PAYMENT_URL_BYTES]);

#endif
