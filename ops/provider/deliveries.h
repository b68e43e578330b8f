// Webhook deliveries: signed POSTs to one endpoint, at least once, many in flight on one thread
// (curl multi), tried again with a doubling pause until the endpoint answers 2xx. Undelivered ones
// survive a restart through the logbook. Sequence is not kept and must not be relied on, as with
// Stripe. Faults may drop, repeat, delay or shuffle them. Functions that say so want the mutex
// held; the thread takes it by itself.
#ifndef CAVEA_OPS_PROVIDER_DELIVERIES_H
#define CAVEA_OPS_PROVIDER_DELIVERIES_H

#include "ops/provider/faults.h"
#include "ops/provider/logbook.h"

enum {
    SIGNATURE_BYTES = 96,              // "t=1234567890,v1=<64 hex digits>" and the final NUL
    DELIVERY_RETRY_MS_MAX = 60 * 1000, // the doubling pause ends here
    DELIVERY_KEEP_SECONDS = 72 * 3600, // then it is given up
    DELIVERY_TIMEOUT_MS = 10 * 1000,
};

typedef struct deliveries_options { // all borrowed until deliveries_free
    const char *url;                // "" sends nothing
    const char *secret;             // "whsec_...", the key as it is
    const char *events;             // types sent, with commas between; "*" for all
    int64_t connections_max;
    int64_t retry_ms; // the first pause
    faults *faults;
    pthread_mutex_t *mutex;
    // Called with the mutex held before each round: other work that has become due. Returns when
    // the next is, INT64_MAX for never.
    int64_t (*settle)(void *self, int64_t now_us);
    void *self;
} deliveries_options;

typedef struct deliveries deliveries;

MUST_CHECK deliveries *deliveries_new(const deliveries_options *options);
void deliveries_free(deliveries **d);
// The mutex need not be held yet: nothing runs. The logbook is borrowed until deliveries_free.
MUST_CHECK bool deliveries_restore(deliveries *d, const char *kind, const json_t *record);
void deliveries_attach(deliveries *d, logbook *l);
void deliveries_record_all(deliveries *d);
MUST_CHECK bool deliveries_start(deliveries *d);
void deliveries_stop(deliveries *d); // what is in flight counts as undelivered

// Mutex held. Whether anybody wants events of that type.
bool deliveries_want(const deliveries *d, const char *type);
// Mutex held. Takes the event's JSON; *payload becomes empty.
void deliveries_add(deliveries *d, const char *id, jsonout *payload);
size_t deliveries_undelivered(const deliveries *d); // mutex held
// Mutex held. Wakes the thread when something is due before it would look again: a delivery, or the
// other work, whose next time is due_us.
void deliveries_nudge(deliveries *d, int64_t due_us);

// Stripe's signature header (docs.stripe.com/webhooks/signature): t=<seconds>,v1=<HMAC-SHA256 of
// "<seconds>.<payload>" in hex>. Pure.
void deliveries_sign(const char *secret, int64_t seconds, const char *payload, size_t payload_bytes,
                     char ret_header[static SIGNATURE_BYTES]);
// The pause before try number `tries` + 1, in milliseconds. Pure.
int64_t deliveries_pause_ms(int64_t retry_ms, int tries);

#endif
