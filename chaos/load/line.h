// Keep-alive HTTP/1.1 connections to a few servers, each with one request on its way at most. What
// is written goes out when lines_flush is called, so that a journal can be written before. Knows no
// meaning of requests. One thread.
#ifndef CAVEA_CHAOS_LOAD_LINE_H
#define CAVEA_CHAOS_LOAD_LINE_H

#include "schemas/id.h"

#include <netinet/in.h>

enum {
    LINE_OUT_BYTES = 2048,
    LINE_IN_BYTES = 32768,
    TARGETS_MAX = 17,
    LINES_PER_TARGET_MAX = 1024
};

typedef enum line_state { LINE_CLOSED, LINE_OPENING, LINE_FREE, LINE_BUSY } line_state;

typedef struct line {
    int fd;
    line_state state;
    bool queued; // for lines_flush
    bool reset;  // its request is sent and the connection cut at once
    uint32_t target, owner;
    int64_t sent_us;
    size_t out_bytes, out_at, in_bytes;
    char out[LINE_OUT_BYTES], in[LINE_IN_BYTES];
} line;

typedef struct line_pool {
    int epoll;
    uint32_t per_target, targets_count;
    struct sockaddr_in targets[TARGETS_MAX];
    line *lines; // per_target of each target
    uint32_t *queue, queue_count;
} line_pool;

// The answer of a line's owner; status 0: the connection ended without one.
typedef void line_answered(void *self, uint32_t owner, int status, const char *body,
                           size_t body_bytes);

// Of a pool that is all zero: "http://a.b.c.d:port"; false for anything else, or one too many.
MUST_CHECK bool lines_target_add(line_pool *p, const char *url);
// After the last target. False: out of memory.
MUST_CHECK bool lines_init(line_pool *p, uint32_t per_target);
// A line that can take a request; NULL when all of the target are busy. It is opened when need be.
line *line_take(line_pool *p, uint32_t target, uint32_t owner);
// Its request stands in out: it is sent by the next lines_flush. reset: and nobody waits for it.
void line_queue(line_pool *p, line *l, size_t out_bytes, bool reset);
void lines_flush(line_pool *p, int64_t now_us, line_answered *answered, void *self);
// Waits up to wait_us for answers and hands them out.
void lines_poll(line_pool *p, int64_t wait_us, line_answered *answered, void *self);
// Gives up what was sent before sent_us.
void lines_expire(line_pool *p, int64_t sent_us, line_answered *answered, void *self);

#endif
