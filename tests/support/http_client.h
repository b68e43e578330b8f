// A blocking HTTP client with one kept-alive connection for each server, for test programs that
// play buyers. Refuses to know what the messages mean. One thread for each client.
#ifndef CAVEA_TESTS_SUPPORT_HTTP_CLIENT_H
#define CAVEA_TESTS_SUPPORT_HTTP_CLIENT_H

#include "schemas/id.h"

#include <jansson.h>
#include <stdio.h>

typedef struct http_client {
    void *curl;
    long timeout_ms;
    int status; // of the last answer
    char *body; // of the last answer, NUL-ended; belongs to the client
    size_t body_bytes, body_room;
} http_client;

void http_client_init(http_client *c, long timeout_ms);
void http_client_done(http_client *c);

typedef struct http_request {
    const char *method;
    const char *url;
    const char *bearer;          // token, NULL: none
    const char *idempotency_key; // NULL: none
    const char *content_type;    // NULL: application/json
    const char *body;            // NULL: none
} http_request;

// False when no complete answer came in time; then the request may or may not have been served.
MUST_CHECK bool http_client_call(http_client *c, const http_request *request);
// The last answer as JSON, owned by the caller; NULL when it is none.
json_t *http_client_json(const http_client *c);

#endif
