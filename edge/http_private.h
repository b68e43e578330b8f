// Shared by the http_*.c files and their tests, and by nobody else.
#ifndef CAVEA_EDGE_HTTP_PRIVATE_H
#define CAVEA_EDGE_HTTP_PRIVATE_H

#include "edge/http.h"

#include <civetweb.h>
#include <pthread.h>

// What one thread of civetweb owns; the list is under http.workers_mutex.
typedef struct http_worker {
    pthread_t thread;
    struct http_worker *previous, *next;
    _Atomic int64_t body_deadline_us; // monotonic; 0: no body is being read
    const char *peer;                 // whose body; borrowed while one is being read
    int peer_port;
    int64_t date_s; // the second that `date` tells
    char date[32];
    char head[HTTP_HEAD_BYTES];
    char body[HTTP_BODY_BYTES_MAX + 1];
    char out[HTTP_HEAD_BYTES + HTTP_OUT_BYTES]; // a head ends where its body begins
} http_worker;

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

#endif
