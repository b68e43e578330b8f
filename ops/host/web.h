// What the small HTTP servers of ops (the admin port, the provider) share of civetweb: starting one
// safely, refusing requests that civetweb would let through, reading a body with a bound and a
// total deadline, answering in one write. The edge has its own. Called on civetweb's threads.
#ifndef CAVEA_OPS_HOST_WEB_H
#define CAVEA_OPS_HOST_WEB_H

#include "ops/host/config.h"

struct mg_connection;
struct mg_context;

typedef struct web_options {
    const char *address;
    int64_t port; // 0: any free one
    int threads;
    bool keep_alive;
    // Answers every request itself; runs on `threads` threads.
    void (*serve)(struct mg_connection *c, void *self);
    void *self;
} web_options;

typedef struct web_server web_server;

MUST_CHECK bool web_start(const web_options *options, web_server **ret_server,
                          char ret_problem[static CONFIG_PROBLEM_BYTES]);
int web_port(const web_server *s);
void web_stop(web_server **s); // waits for running requests; *s becomes NULL

typedef struct web_body {
    char *at; // NUL-ended, owned by the caller
    size_t bytes;
} web_body;
void web_body_done(web_body *b);

// Reads the whole body. Returns 0, or the HTTP status to refuse the request with: 413 too large,
// 408 not complete within deadline_ms, 411 without a length, 400 cut off. After a refusal the
// connection closes with the answer.
MUST_CHECK int web_body_read(struct mg_connection *c, size_t bytes_max, int64_t deadline_ms,
                             web_body *ret_body);

// Answers with one write. headers: complete lines that end in CR LF, "" for none.
void web_respond(struct mg_connection *c, int status, const char *content_type, const char *headers,
                 const char *body, size_t body_bytes);

#endif
