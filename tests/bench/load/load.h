// The parts of the load generator: requests that are written and answers that are understood
// (request.c), connections and time (engine.c), and what came of it (load.c). One process, one
// thread, loopback only. Times are microseconds of the monotonic clock.
#ifndef CAVEA_TESTS_BENCH_LOAD_LOAD_H
#define CAVEA_TESTS_BENCH_LOAD_LOAD_H

#include "chaos/load/histogram.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    CONNECTIONS_MAX = 8192,
    REQUEST_BYTES = 2048,
    ANSWER_BYTES = 65536,
    LINES_MAX = 200000,
    SLICES_MAX = 4096,
};

typedef enum load_mode { MODE_RESERVE, MODE_GET, MODE_POLL, MODE_PAY } load_mode;

typedef enum connection_state {
    CONNECTION_CLOSED,
    CONNECTION_OPENING,
    CONNECTION_FREE,
    CONNECTION_BUSY
} connection_state;

typedef struct connection {
    int fd, port;
    connection_state state;
    uint64_t number; // of the request
    int64_t intended_us;
    int64_t until_us; // told to come back later: not before
    bool idle;
    bool waits, resent; // its request for a new connection; once
    size_t request_bytes, answer_bytes;
    char request[REQUEST_BYTES];
    char answer[ANSWER_BYTES];
} connection;

typedef struct lines {
    char *text;
    const char *line[LINES_MAX];
    uint32_t count;
} lines;

typedef struct options {
    load_mode mode;
    const char *path, *header, *events_file, *seats_file, *tokens_file, *keep_file;
    const char *reservations_file, *provider_key_file;
    int port, provider_port;
    uint32_t connections, sources, seats_each, seed, slice_ms, grace_ms;
    double seconds, rate;
    uint64_t first, requests_max;
} options;

// What a poller knows of an event: it asks for the changes since a version that it saw up to a
// second ago, as a page does that polls once a second.
typedef struct watched {
    uint64_t seen, asked;
    int64_t asked_us;
} watched;

typedef struct load {
    options o;
    lines events, seats, tokens, reservations;
    char provider_key[256];
    uint32_t *order; // of seat groups, shuffled
    uint32_t groups;
    watched *watched;
    FILE *keep;
    bool list_clips; // the list of reservations ends the numbers, not --requests
    uint64_t next, *again; // numbers that were answered 503, to be asked again
    uint64_t again_count, again_max;
    uint64_t sent, answered, by_class[6], conflicts, unavailable, retry_after;
    uint64_t broken, unsent, refused_connections;
    uint64_t random;
    int64_t start_us, end_us, idle_since_us, lag_max_us;
    double due_us;
    histogram latency, chain; // chain: a payment's checkout and its confirmation together
    uint32_t slices[SLICES_MAX], slices_count; // successes
    int64_t slowest_us[SLICES_MAX];            // answer of each slice, of any status
    int epoll;
    connection *connections;
    uint32_t connections_count;
    uint32_t *idle;
    uint32_t idle_count;
    uint32_t *pauses; // a ring: connections that were told to come back later
    uint64_t pauses_first, pauses_end;
} load;

_Noreturn void load_die(const char *what);
int64_t load_now_us(void);
uint64_t load_random(load *l);

// Reads the lists that the mode needs.
void requests_init(load *l);
// Writes the next request into the connection; false when there are no more.
bool request_write(load *l, connection *c);
// The confirmation of the payment that the checkout's answer in `from` names; false without one.
bool request_confirm(load *l, const connection *from, connection *to);

typedef enum answer_next {
    ANSWER_DONE,
    ANSWER_LATER,  // told to come back
    ANSWER_CONFIRM // a checkout: its confirmation follows
} answer_next;
// Counts the complete answer in the connection.
answer_next answer_note(load *l, connection *c);
// Length of a complete answer at the start of the buffer, or 0.
size_t answer_complete(const connection *c);

// Opens the connections and runs to the end, and then waits for what was not answered.
void engine_run(load *l);

#endif
