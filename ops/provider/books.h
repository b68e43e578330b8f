// The provider's books: payment intents and refunds in memory, found by id and listed from the
// newest. What changes is told to the logbook (which survives a restart) and to the webhooks.
// Knows no HTTP. One mutex guards everything here; every function wants it held by the caller.
// Amounts are in minor units, `created` in seconds on the provider's (possibly wrong) clock, other
// times in microseconds on the host's. Records stay until books_done.
#ifndef CAVEA_OPS_PROVIDER_BOOKS_H
#define CAVEA_OPS_PROVIDER_BOOKS_H

#include "ops/provider/card.h"
#include "ops/provider/faults.h"
#include "ops/provider/form.h"
#include "ops/provider/timers.h"

#include <uthash.h>

enum {
    OBJECT_ID_BYTES = 32,
    CLIENT_SECRET_BYTES = 72,
    BOOKS_INTENTS_MAX = 1 << 22, // beyond it the provider refuses new ones
    METADATA_PAIRS_MAX = 50,
    METADATA_KEY_BYTES_MAX = 40,
    METADATA_VALUE_BYTES_MAX = 500,
    AMOUNT_MAX = 99999999,
};

typedef struct metadata {
    char *text; // key NUL value NUL ...; owned
    uint32_t bytes, pairs;
} metadata;

// What intents and refunds have in common.
typedef struct entry {
    char id[OBJECT_ID_BYTES];
    int64_t created;
    int64_t made_us; // never falls from one entry to the next
    uint32_t number; // position in the sequence of their making
} entry;

typedef enum intent_status {
    INTENT_REQUIRES_PAYMENT_METHOD,
    INTENT_REQUIRES_CONFIRMATION,
    INTENT_PROCESSING,
    INTENT_SUCCEEDED,
    INTENT_CANCELED,
    INTENT_STATUSES_END
} intent_status;

typedef struct intent {
    entry e;
    char client_secret[CLIENT_SECRET_BYTES];
    char charge_id[OBJECT_ID_BYTES]; // of the latest attempt; "" before the first
    char currency[4];                // lower case
    intent_status status;
    bool is_declined; // the latest attempt was
    int64_t amount, amount_received;
    int64_t amount_refunded; // pending refunds included, failed ones not
    int64_t canceled_at, charged_at;
    int64_t settles_us; // when processing ends; 0 otherwise
    const card *card;   // of the latest attempt, or chosen; NULL
    const char *cancellation_reason;
    char *receipt_email, *description; // owned; NULL
    metadata metadata;
    struct refund *refunds; // the newest first
    UT_hash_handle hh;
} intent;

typedef enum refund_status {
    REFUND_PENDING,
    REFUND_SUCCEEDED,
    REFUND_FAILED,
    REFUND_STATUSES_END
} refund_status;

typedef struct refund {
    entry e;
    intent *of;
    refund_status status;
    refund_status settles_to; // what it becomes at settles_us
    int64_t settles_us;       // 0: it stays
    int64_t amount;
    const char *reason; // NULL or one of Stripe's words
    metadata metadata;
    struct refund *older; // of the same intent
    UT_hash_handle hh;
} refund;

typedef struct entries {
    entry **at;
    size_t count, count_max;
} entries;

struct logbook;
struct deliveries;

typedef struct books {
    pthread_mutex_t mutex;
    intent *intents; // hash tables by id
    refund *refunds;
    entries intents_made, refunds_made;
    timers settling_intents, settling_refunds;
    int64_t made_us;        // of the newest entry
    int64_t offset_us_max;  // the furthest the provider's clock ever was from the host's
    const char *public_url; // origin of the pay page
    faults *faults;
    struct logbook *logbook;
    struct deliveries *deliveries;
} books;

void books_init(books *b, faults *f);
void books_done(books *b);

int64_t books_now(books *b); // seconds, on the provider's clock
// prefix and 24 random characters: "pi_3f..."
void books_id_make(const char *prefix, char ret_id[static OBJECT_ID_BYTES]);

intent *books_intent(const books *b, const char *id); // NULL when unknown
refund *books_refund(const books *b, const char *id);
// Take ownership of a heap record whose id is set; the entry's number and times are filled in
// (times only when made_us is 0). A refund is linked to its intent as the newest.
void books_add_intent(books *b, intent *i);
void books_add_refund(books *b, refund *r);
// Once settles_us is set: books_settle will end it then.
void books_settle_later(books *b, intent *i, refund *r);

const char *intent_status_name(intent_status s);
MUST_CHECK bool intent_status_parse(const char *name, intent_status *ret_status);
const char *refund_status_name(refund_status s);
MUST_CHECK bool refund_status_parse(const char *name, refund_status *ret_status);
// Stripe's own words, so that they can be kept by reference; NULL for any other.
const char *cancellation_reason_find(const char *word);
const char *refund_reason_find(const char *word);

// Reads metadata[...] of a form; false when it exceeds a bound (nothing is allocated then).
MUST_CHECK bool metadata_read(const form *f, metadata *ret_metadata);
void metadata_add(metadata *m, const char *key, const char *value);
void metadata_done(metadata *m);
// Walks the pairs: *at starts at 0; false at the end.
bool metadata_next(const metadata *m, uint32_t *at, const char **ret_key, const char **ret_value);

#endif
