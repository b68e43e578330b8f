// Calls to the payment provider: one thread, libcurl's multi interface, connections kept. Each
// effect gets a few attempts under the same idempotency key within a few seconds; when the outcome
// is still unknown, the actor hears UNREACHABLE and asks again later. A breaker answers so at once
// while the provider only fails. Calls leave at an even rate; a 429 stops them all for as long as
// the provider says. What waits is bounded (provider_queue.h): what does not fit stays a row and is
// asked for again. What a call means is in provider_call.h.
#ifndef CAVEA_ACTORS_RUNTIME_PERFORM_PROVIDER_H
#define CAVEA_ACTORS_RUNTIME_PERFORM_PROVIDER_H

#include "actors/runtime/perform.h"
#include "actors/runtime/provider_list.h"

enum {
    PROVIDER_ATTEMPTS_MAX = 4,     // of one step
    PROVIDER_RETRY_FIRST_MS = 200, // at most; doubling, full jitter
    // No attempt of an effect starts later than this; with call_timeout_ms it stays below the
    // patience of the payment actor (actors/payment/due.c).
    PROVIDER_EFFECT_MS_MAX = 7000,
    PROVIDER_STOP_MS = 1500,
};

typedef struct provider_client provider_client;

// curl_global_init was called. NULL with one sentence when something is missing.
provider_client *provider_client_new(const perform_settings *settings,
                                     char ret_problem[static CONFIG_PROBLEM_BYTES]);
MUST_CHECK bool provider_client_start(provider_client *c, const effect *e);
// One page of the provider's list, with the same retries, pace and breaker; waits for it. False
// when it could not be had. One asker at a time.
MUST_CHECK bool provider_client_page(provider_client *c, const provider_window *w,
                                     provider_page *ret_page);
void provider_client_stop(provider_client *c); // may be repeated
void provider_client_free(provider_client *c);

#endif
