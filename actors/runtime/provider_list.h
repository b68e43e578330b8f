// A page of the provider's list of intents, without the network: which request brings it, and what
// it says of our payments. Intents that were not made for a payment of ours are no entries. Strict
// bounds: an answer is a stranger's bytes. Pure (jansson only); any thread.
// Source: docs.stripe.com/api/payment_intents/list, docs.stripe.com/api/pagination.
#ifndef CAVEA_ACTORS_RUNTIME_PROVIDER_LIST_H
#define CAVEA_ACTORS_RUNTIME_PROVIDER_LIST_H

#include "actors/runtime/provider_call.h"

enum { PROVIDER_PAGE_MAX = 100 };

// By the provider's clock, in seconds; both ends belong to it. Listed from the newest on.
typedef struct provider_window {
    int64_t since_s, until_s;
    char after[PAYMENT_INTENT_BYTES]; // the last id of the page before, "" for the first page
} provider_window;

typedef struct provider_entry {
    payment_id payment; // that it was made for
    payment_report report;
} provider_entry;

typedef struct provider_page {
    uint32_t entries_count;
    provider_entry entries[PROVIDER_PAGE_MAX];
    char after[PAYMENT_INTENT_BYTES]; // "" when it was the last page
} provider_page;

MUST_CHECK bool provider_page_build(const provider_window *w, provider_request *ret_request);
// To the page behind this one, which is not the last. False when it would be this one again.
MUST_CHECK bool provider_window_next(provider_window *w, const provider_page *page);
// False: no page; the request may be sent again.
MUST_CHECK bool provider_page_read(const char *body, size_t body_bytes, provider_page *ret_page);

#endif
