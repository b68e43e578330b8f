// The HTTP face of the provider: Stripe's paths, keys, idempotency and errors, with the faults that
// strike requests. On civetweb's threads.
//
//   POST /v1/payment_intents                 GET /v1/payment_intents?created[gte]=&limit=&...
//   GET  /v1/payment_intents/{id}            POST /v1/payment_intents/{id}/confirm, .../cancel
//   POST /v1/refunds                         GET /v1/refunds?payment_intent=, /v1/refunds/{id}
//
// A key is sent as `Authorization: Bearer KEY` or as the user of Basic. The secret key may do
// everything; a publishable one ("pk_...", no secret, so any will do) may read and confirm the
// intent whose client_secret it shows, as a browser does.
#ifndef CAVEA_OPS_PROVIDER_STRIPE_H
#define CAVEA_OPS_PROVIDER_STRIPE_H

#include "ops/provider/inside.h"
#include "schemas/digest.h"

void stripe_serve(provider *p, struct mg_connection *c);

// What a repeated Idempotency-Key must find the same: method, path and the parameters, whatever
// their sequence. Pure.
digest16 stripe_request_digest(const char *method, const char *path, const form *f);
// Whether two strings are the same, in time that does not tell where they differ. Pure.
bool stripe_secret_equal(const char *a, const char *b);

#endif
