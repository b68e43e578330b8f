// Announces a change to the webhook endpoint as a Stripe event. Wants the books' mutex held.
#ifndef CAVEA_OPS_PROVIDER_TELL_H
#define CAVEA_OPS_PROVIDER_TELL_H

#include "ops/provider/books.h"

void tell_intent(books *b, const char *type, const intent *i);
void tell_charge(books *b, const char *type, const intent *i);
void tell_refund(books *b, const char *type, const refund *r);
// payment_intent.created although nobody subscribed to it: the early_webhooks fault.
void tell_created(books *b, const intent *i, bool is_forced);

#endif
