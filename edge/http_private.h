// Shared by the http_*.c files and their tests, and by nobody else.
#ifndef CAVEA_EDGE_HTTP_PRIVATE_H
#define CAVEA_EDGE_HTTP_PRIVATE_H

#include "edge/admission.h"
#include "edge/http.h"

#include <civetweb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum { HTTP_SIGNAL_INTERRUPT = SIGUSR1 }; // ends a poll(2) that waits for a body too long

// What the watch looks at, one for each thread of civetweb, side by side because it looks often.
typedef struct http_slot {
    _Alignas(64) _Atomic int64_t body_deadline_us; // monotonic; 0: no body is being read
    struct http_worker *worker;                    // NULL: free; under http.mutex
    _Atomic uint16_t request_port;                 // the peer's, while its request is served; or 0
} http_slot;

// What one thread of civetweb owns.
typedef struct http_worker {
    pthread_t thread;
    http_slot *slot;
    bool excess;      // its connection is one of those beyond http.connections_max
    const char *peer; // whose body; borrowed while one is being read
    int peer_port;
    int64_t date_s; // the second that `date` tells
    char date[32];
    // In this order most requests touch three pages.
    char head[HTTP_HEAD_BYTES];
    char out[HTTP_HEAD_BYTES + HTTP_OUT_BYTES]; // a head ends where its body begins
    char body[HTTP_BODY_BYTES_MAX + 1];
} http_worker;

struct http {
    http_options options;
    struct mg_context *context;
    int port;
    atomic_bool draining, closing, started;
    atomic_int inflight;
    admission gate;         // reservations
    atomic_int own, held;   // requests of ROUTE_OWN; refusals that are held back
    int connections_max;    // more than these are excess
    atomic_int connections; // open
    pthread_mutex_t mutex;  // guards what follows
    pthread_cond_t changed;
    http_slot *slots; // of every thread of civetweb
    size_t slots_count;
    bool watch_ends;
    char complaint[256]; // the last one before the start succeeded
    pthread_t watch;
};

// civetweb's callbacks for threads and connections.
void *http_thread_start(const struct mg_context *context, int type);
void http_thread_end(const struct mg_context *context, int type, void *worker);
int http_connection_open(const struct mg_connection *connection, void **ret_data);
void http_connection_close(const struct mg_connection *connection);
// The watch over overdue bodies and idle connections.
MUST_CHECK bool http_watch_start(http *h);
void http_watch_stop(http *h);

// What a request's head says about how to read and answer it.
typedef struct http_head {
    int64_t content_length; // 0 when there is no body
    bool chunked;
    bool expects_continue;
    bool closes;     // the connection ends after this answer
    bool keeps_told; // an HTTP/1.0 client wants to hear that it stays open
    bool only_head;  // HEAD
} http_head;

// Reads version and header fields into both results; anything but ERROR_NONE must be answered at
// once and the connection closed, because what follows on it cannot be trusted.
MUST_CHECK error_code http_head_read(const struct mg_request_info *info, http_head *ret_head,
                                     http_request *ret_request);

void http_answer_init(http_answer *a, http_worker *w);
// Writes head and body; false when the connection is gone. Releases what the answer owns.
MUST_CHECK bool http_answer_write(http_answer *a, struct mg_connection *c, http_worker *w,
                                  const http_head *head);
// Ends reading on the connection with this peer: a thread that waits for more of its body returns,
// an answer can still be written. For overdue bodies only, because it looks at every open file.
void http_reading_end(int own_port, const char *peer, int peer_port);
// Ends up to so many connections on which nothing has moved for so long, and whose peers have no
// request that is served, or that waits for a thread.
typedef struct http_ports { // peers' ports, a bit each
    uint64_t bits[65536 / 64];
} http_ports;
void http_idle_end(int own_port, const http_ports *served, int64_t idle_ms,
                   uint32_t connections_max);

#endif
