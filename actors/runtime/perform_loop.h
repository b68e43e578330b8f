// libcurl's multi interface over epoll: what a round costs grows with the connections that have
// something to say, not with all that wait for an answer. One thread; loop_wake from any.
#ifndef CAVEA_ACTORS_RUNTIME_PERFORM_LOOP_H
#define CAVEA_ACTORS_RUNTIME_PERFORM_LOOP_H

#include "schemas/id.h"

#include <curl/curl.h>

typedef struct perform_loop {
    CURLM *multi;
    int epoll, wake;    // descriptors; -1: none
    int64_t timeout_us; // monotonic: when curl wants to be called without an event; -1: not at all
} perform_loop;

// curl_global_init was called. Keeps up to so many connections open. False: out of resources;
// loop_done is to be called all the same.
MUST_CHECK bool loop_init(perform_loop *l, int64_t connections_max);
void loop_done(perform_loop *l); // no easy handle is in it any more; may be repeated
// Waits at most wait_ms for something to do, and does it; finished transfers are then to be had
// from curl_multi_info_read.
void loop_turn(perform_loop *l, int64_t wait_ms);
void loop_wake(perform_loop *l);

#endif
