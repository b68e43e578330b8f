// libcurl's multi interface over epoll: what a round costs grows with the connections that have
// something to say, not with all that wait for an answer. One thread; transfer_loop_wake from any.
#ifndef CAVEA_OPS_HOST_TRANSFER_LOOP_H
#define CAVEA_OPS_HOST_TRANSFER_LOOP_H

#include "schemas/id.h"

#include <curl/curl.h>

typedef struct transfer_loop {
    CURLM *multi;
    int epoll, wake;    // descriptors; -1: none
    int64_t timeout_us; // monotonic: when curl wants to be called without an event; -1: not at all
} transfer_loop;

// curl_global_init was called. Keeps up to so many connections open. False: out of resources;
// transfer_loop_done is to be called all the same.
MUST_CHECK bool transfer_loop_init(transfer_loop *l, int64_t connections_max);
void transfer_loop_done(transfer_loop *l); // no easy handle is in it any more; may be repeated
// Waits at most wait_ms for something to do, and does it; finished transfers are then to be had
// from curl_multi_info_read.
void transfer_loop_turn(transfer_loop *l, int64_t wait_ms);
void transfer_loop_wake(transfer_loop *l);

#endif
