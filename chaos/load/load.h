// A population of buyers who do not wait for each other: they come as a Poisson process, reserve,
// leave, release, pay, ask for their tickets, give seats back, and try again under the same
// Idempotency-Key when no answer comes. Every request is in the journal before it is sent, every
// answer when it is there: the journal is what a witness outside of cavea saw. Knows only HTTP.
// One process, one thread. Times are microseconds of the monotonic clock; money is in minor units.
#ifndef CAVEA_CHAOS_LOAD_LOAD_H
#define CAVEA_CHAOS_LOAD_LOAD_H

#include "chaos/load/histogram.h"
#include "chaos/load/journal.h"
#include "chaos/load/line.h"
#include "schemas/limits.h"

#include <stdbool.h>

enum {
    EDGES_MAX = 16,
    EVENTS_MAX = 64,
    SEATS_EACH_MAX = 4,
    SHOPPERS_MAX = 16384,
    TOKEN_BYTES = 600,
    KEY_BYTES = 33,
    URL_BYTES = 128,
};

typedef enum load_kind {
    LOAD_SESSION,
    LOAD_RESERVE,
    LOAD_RELEASE,
    LOAD_CHECKOUT,
    LOAD_PAY,
    LOAD_READ,
    LOAD_TICKETS,
    LOAD_CANCEL,
    LOAD_KINDS_END
} load_kind;

// What a buyer is going to do with the seats.
typedef enum shopper_plan { PLAN_LEAVE, PLAN_RELEASE, PLAN_PAY, PLAN_PAY_AND_CANCEL } shopper_plan;

typedef struct shopper {
    bool alive;
    shopper_plan plan;
    load_kind kind;
    uint64_t operation, attempt; // the request's number in the journal; operation: of its first
    uint32_t edge, tries, refusals, event, seats_count;
    int64_t due_us, intended_us, give_up_us, backoff_us;
    uint32_t seats[SEATS_EACH_MAX]; // lines of the event's list
    int64_t refund_minor;
    char key[KEY_BYTES], buyer[37], reservation[37], intent[80], token[TOKEN_BYTES];
} shopper;

typedef struct show { // an event whose seats are wanted
    char id[37];
    char (*seat)[72];
    uint32_t seats_count;
    uint64_t bought; // where the crowd looks moves on with what is bought
} show;

typedef struct load_options {
    const char *seats_file, *journal_file, *provider_key_file;
    uint32_t lines, seats_each, window, seed;
    double seconds, rate, reset_share;
    int64_t answer_us, patience_us, grace_us;
} load_options;

typedef struct kind_count { // answers, by what they mean to a buyer
    uint64_t sent, done, refused, busy, failed, silent, given_up;
    histogram latency; // from the intended moment of sending to the answer that settled it
} kind_count;

typedef struct timer {
    int64_t due_us;
    uint32_t shopper;
} timer;

typedef struct load {
    load_options o;
    line_pool lines;
    uint32_t edges_count, provider; // targets: the edges first
    char provider_key[256];
    show shows[EVENTS_MAX];
    uint32_t shows_count;
    journal journal;
    shopper *shoppers;
    uint32_t *idle, idle_count;
    timer *timers; // a heap, the soonest first
    uint32_t timers_count;
    uint64_t random, attempts, arrivals, unsent, bought, resets;
    int64_t start_us, end_us, lag_max_us;
    double due_us;
    kind_count kinds[LOAD_KINDS_END];
} load;

const char *load_kind_name(load_kind kind);
int64_t load_now_us(void);
uint64_t load_random(load *l);
_Noreturn void load_die(const char *what);

// The list of seats: lines "event TAB seat".
void shows_read(load *l);

// A new buyer comes; its first request was due at due_us.
void shopper_begin(load *l, shopper *s, int64_t due_us);
// Its time has come: writes the next request into a line. False when its target has no free line.
bool shopper_send(load *l, shopper *s);
// The answer to its request; status 0: there is none and there will be none.
void shopper_answer(load *l, shopper *s, int status, const char *body, size_t body_bytes);

// Wakes the shopper at due_us.
void engine_wake(load *l, shopper *s, int64_t due_us);
void engine_retire(load *l, shopper *s);
// Runs until the last buyer is done, or until the grace after the end is over.
void engine_run(load *l);
void engine_stop(int signal); // no more buyers come

#endif
