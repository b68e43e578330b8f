// The books' records in the JSON shape of Stripe's API (docs.stripe.com/api): payment intents,
// charges, refunds, lists. Only what cavea or a Stripe client library reads is more than a
// constant. Wants the books' mutex held.
#ifndef CAVEA_OPS_PROVIDER_SHAPE_H
#define CAVEA_OPS_PROVIDER_SHAPE_H

#include "ops/provider/answer.h"
#include "ops/provider/books.h"

#define SHAPE_API_VERSION "2024-06-20"

// key as jsonout has it. Besides Stripe's fields an intent has pay_url, the address of its hosted
// pay page.
void shape_intent(jsonout *out, const char *key, const books *b, const intent *i);
void shape_charge(jsonout *out, const char *key, const intent *i); // of the latest attempt
void shape_refund(jsonout *out, const char *key, const refund *r);
void shape_metadata(jsonout *out, const char *key, const metadata *m);

// 402 card_error for the intent's latest, declined attempt.
void shape_decline(answer *a, const books *b, const intent *i);
// 400 payment_intent_unexpected_state with the intent in it.
void shape_state_refusal(answer *a, const books *b, const intent *i, const char *message);

#endif
