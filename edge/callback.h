// Callbacks of the payment provider: Stripe's signature scheme
// (https://docs.stripe.com/webhooks#verify-manually) and what an event says about one of our
// payments. Knows no network and no state of a payment: order and repetition are the payment
// actor's business. Pure; any thread.
#ifndef CAVEA_EDGE_CALLBACK_H
#define CAVEA_EDGE_CALLBACK_H

#include "schemas/cavea.pb-c.h"
#include "schemas/id.h"

enum {
    CALLBACK_TOLERANCE_S = 300,
    CALLBACK_SIGNATURES_MAX = 8, // looked at in one header
    CALLBACK_ID_BYTES = 72,
};

typedef enum callback_signature {
    CALLBACK_SIGNATURE_VALID,
    CALLBACK_SIGNATURE_INVALID,
    CALLBACK_SIGNATURE_STALE, // made too long ago, or ahead of our clock
} callback_signature;

// Checks `t=<unix seconds>,v1=<hex>[,v1=<hex>...]` over the raw bytes of the body: HMAC-SHA-256 of
// "<t>.<body>" with the whole secret as its key, compared in constant time.
callback_signature callback_signature_check(const char *secret, const char *header,
                                            const void *body, size_t body_bytes, int64_t now_s);

typedef struct callback_report {
    payment_id payment;
    Cavea__V1__ProviderStatus status;
    int64_t amount_minor;
    char currency[4];
    char intent[CALLBACK_ID_BYTES];
    char refund[CALLBACK_ID_BYTES];
    uint32_t refund_number;        // the attempt that a refund of ours belongs to, 0: unknown
    char event[CALLBACK_ID_BYTES]; // the provider's event
} callback_report;

typedef enum callback_result {
    CALLBACK_REPORT,
    CALLBACK_FOREIGN,   // about no payment of ours, or nothing that we act on
    CALLBACK_MALFORMED, // no event at all
} callback_result;

MUST_CHECK callback_result callback_read(const void *body, size_t body_bytes,
                                         callback_report *ret_report);

#endif
