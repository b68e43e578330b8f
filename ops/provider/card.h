// The test payment methods: what a payment with each of them comes to. The names and outcomes are
// those of Stripe's test mode (docs.stripe.com/testing). Pure; any thread.
#ifndef CAVEA_OPS_PROVIDER_CARD_H
#define CAVEA_OPS_PROVIDER_CARD_H

#include "schemas/id.h"

typedef struct card {
    const char *id; // "pm_card_visa"
    const char *brand, *last4;
    const char *code, *decline_code; // NULL: the payment succeeds
    const char *message;             // for the buyer, when it is declined
    enum card_refund {
        CARD_REFUND_AT_ONCE,
        CARD_REFUND_PENDS, // pending at first, succeeds later
        CARD_REFUND_FAILS, // looks successful, fails later
    } refund;
} card;

// NULL for an unknown method. Static.
const card *card_find(const char *id);

#endif
