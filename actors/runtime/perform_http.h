// One HTTP request to the payment provider as libcurl wants it, and the answer it brings. A slot is
// used again and again; its easy handle and its memory stay. The thread of the multi handle.
#ifndef CAVEA_ACTORS_RUNTIME_PERFORM_HTTP_H
#define CAVEA_ACTORS_RUNTIME_PERFORM_HTTP_H

#include "actors/runtime/perform.h"
#include "actors/runtime/provider_call.h"

#include <curl/curl.h>

enum { PROVIDER_ANSWER_BYTES_MAX = 512 * 1024 };

typedef struct http_slot { // zero-initialised
    CURL *easy;
    struct curl_slist *headers, *keyed; // of all its requests; with the key before them
    char *answer; // not NUL-ended
    size_t answer_bytes, answer_max;
} http_slot;

// Sets the slot up for a request and forgets the last answer; self comes back as CURLINFO_PRIVATE.
// An answer of more than PROVIDER_ANSWER_BYTES_MAX bytes ends the transfer with an error.
MUST_CHECK bool http_slot_prepare(http_slot *h, const perform_settings *s,
                                  const provider_request *request, void *self);
void http_slot_done(http_slot *h); // not in a multi handle any more

#endif
