// HTTP/1.1 for strangers: the only place of the edge that knows civetweb. Guards every request
// (smuggling, control characters, size, a total deadline for the body), matches the route table and
// writes each answer, head and body, in one piece. Under overload it answers 503 with Retry-After:
// reservations when too many wait (admission.h), other requests of buyers beyond a bound of their
// own, reads and money that has arrived never. A connection beyond those that there are threads for
// is served by a few spare threads, one request long and only for money that has arrived, and idle
// connections make room for it.
// Refuses to know what a route does: it calls `serve`, on one of its worker threads, one for each
// connection; serve may block there.
#ifndef CAVEA_EDGE_HTTP_H
#define CAVEA_EDGE_HTTP_H

#include "edge/problem.h"
#include "edge/route.h"
#include "edge/shared_bytes.h"
#include "ops/host/config.h"
#include "schemas/limits.h"

enum {
    HTTP_HEADERS_BYTES = 768,   // extra header lines of one answer
    HTTP_HEAD_BYTES = 2048,     // a whole head
    HTTP_OUT_BYTES = 64 * 1024, // a body of up to this size leaves together with its head
    HTTP_QUERY_BYTES_MAX = 2048,
};

typedef struct http_request { // borrowed until serve returns; absent headers are NULL
    const route *route;
    const char *id; // the path's {id}; not NUL-ended
    size_t id_bytes;
    const char *query; // undecoded, "" when there is none
    const char *authorization;
    const char *idempotency_key;
    const char *if_none_match;
    const char *content_type;
    const char *signature; // Stripe-Signature
    const char *cookie;
    const char *origin, *host;
    const char *accept, *accept_encoding; // of several lines the first
    const char *body;
    size_t body_bytes;
    int64_t started_us; // when it was there, its body too; monotonic
} http_request;

typedef struct http_answer {
    int status;                  // 200 before serve
    const char *content_type;    // application/json before serve; static
    const char *cache_control;   // "no-store" before serve; static
    const char *policy;          // Content-Security-Policy, allows nothing before serve; static
    const char *referrer_policy; // "no-referrer" before serve; static
    char etag[ETAG_BYTES];       // "" before serve
    char headers[HTTP_HEADERS_BYTES];
    size_t headers_bytes;
    doc body;             // a document of up to HTTP_OUT_BYTES is written here
    shared_bytes *shared; // instead of body; the answer owns this reference
    bool shared_head;     // whoever answers these shared bytes does so with the same head
    const void *data;     // instead of both: static bytes
    size_t data_bytes;
    bool waited; // for an actor's decision: tells admission how long the queue is
    bool shed;   // refused as OVERLOADED; set by http_answer_problem
} http_answer;

// Adds a header line; name and value hold no control characters (asserted).
void http_answer_header(http_answer *a, const char *name, const char *value);
void http_answer_header_number(http_answer *a, const char *name, uint64_t value);
void http_answer_problem(http_answer *a, error_code code, const char *detail);
// The same, with the document left open for more members; the caller ends the object.
void http_answer_problem_begin(http_answer *a, error_code code, const char *detail);
// Takes over a heap document; answers OVERLOADED when memory was out.
void http_answer_heap(http_answer *a, doc *document);
// Sets the answer's ETag; when the client has that version already the answer becomes a 304 without
// a body and this returns true.
MUST_CHECK bool http_answer_fresh(http_answer *a, const http_request *q, const char *etag);
// If-None-Match (RFC 9110, 13.1.2) against one entity tag.
MUST_CHECK bool http_etag_listed(const char *if_none_match, const char *etag);
// Finds a parameter of the query and decodes it; false when it is absent. *ret_valid is false, and
// the text empty, when it is not well formed or too long.
MUST_CHECK bool http_query_text(const char *query, const char *name, char *buffer,
                                size_t buffer_bytes, bool *ret_valid);

// The same for a whole number from 0 to most; absent leaves *ret_value. False when it is none.
MUST_CHECK bool http_query_int(const char *query, const char *name, int64_t most,
                               int64_t *ret_value);

typedef struct http_options {
    const char *address;
    int64_t port;             // 0: any free one
    int64_t threads;          // connections served at the same time
    int64_t inflight_max;     // requests of ROUTE_QUEUED served at the same time
    int64_t own_max;          // requests of ROUTE_OWN served at the same time
    int64_t queue_ms;         // what a standing queue may cost a request of ROUTE_QUEUED
    int64_t keep_alive_ms;    // an idle connection
    int64_t idle_ms;          // an idle connection, when others want its thread
    int64_t read_timeout_ms;  // a head, and one read or write
    int64_t body_deadline_ms; // a whole body
    const route *routes;      // borrowed until http_stop
    size_t routes_count;
    const route *lost; // answers browsers (Accept: text/html) who ask for no such path; may be NULL
    void *self;
    void (*serve)(void *self, const http_request *request, http_answer *answer);
    void (*complain)(void *self, const char *message); // what civetweb wants to say; may be NULL
} http_options;

typedef struct http http;

MUST_CHECK bool http_start(const http_options *options, http **ret_http,
                           char ret_problem[static CONFIG_PROBLEM_BYTES]);
int http_port(const http *h);
// From now on every answer closes its connection. Requests are still served.
void http_drain(http *h);
// Waits up to patience_ms for the requests being served, then closes everything. *h becomes NULL.
void http_stop(http **h, int64_t patience_ms);

#endif
