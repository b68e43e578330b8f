// Stripe's lists: newest first, created[gt|gte|lt|lte], starting_after, limit 1 to 100. Wants the
// books' mutex held.
#ifndef CAVEA_OPS_PROVIDER_LISTING_H
#define CAVEA_OPS_PROVIDER_LISTING_H

#include "ops/provider/answer.h"
#include "ops/provider/books.h"

void listing_intents(const books *b, const form *f, answer *a);
void listing_refunds(const books *b, const form *f, answer *a); // also payment_intent=

#endif
