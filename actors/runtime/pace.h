// What stands between our eagerness and a provider's patience: an even rate of calls, and a breaker
// that stops calling a provider that only fails. Times are passed in, monotonic microseconds. Pure;
// one thread at a time.
#ifndef CAVEA_ACTORS_RUNTIME_PACE_H
#define CAVEA_ACTORS_RUNTIME_PACE_H

#include "schemas/id.h"

// The generic cell rate algorithm (ITU-T I.371): so many calls a second, with bursts of a tenth of
// a second's worth.
typedef struct pace {
    int64_t interval_ns; // 0: no limit
    int64_t burst_ns;
    int64_t next_ns; // the theoretical arrival time of the next call
    int64_t held_until_us;
} pace;

void pace_init(pace *p, int64_t calls_per_second); // 0: no limit
// 0 and the call is counted; else how many microseconds to wait before asking again.
int64_t pace_take(pace *p, int64_t now_us);
// The provider asked for a rest (429, Retry-After): no call passes before until_us. A shorter rest
// than the one that was asked for before changes nothing.
void pace_hold(pace *p, int64_t until_us);

enum {
    BREAKER_FAILURES = 8, // in a row
    BREAKER_OPEN_FIRST_MS = 1000,
    BREAKER_OPEN_LONGEST_MS = 30000,
};

// Closed: calls pass. After BREAKER_FAILURES failures in a row open: no call passes for a time that
// doubles with each failed probe. Then half open: one call at a time passes as a probe, its success
// closes the breaker.
typedef struct breaker {
    uint32_t failures; // in a row
    uint32_t openings; // in a row
    int64_t open_until_us;
    bool is_open, is_probing;
} breaker;

typedef enum breaker_state { // in the numbers of its metric
    BREAKER_CLOSED = 0,
    BREAKER_HALF_OPEN = 1, // a probe may be made, or is under way
    BREAKER_OPEN = 2,
} breaker_state;
breaker_state breaker_state_of(const breaker *b, int64_t now_us);

// Whether a call may be made now.
bool breaker_passes(const breaker *b, int64_t now_us);
// The same, for a call that is made: in the half-open state it becomes the probe.
MUST_CHECK bool breaker_take(breaker *b, int64_t now_us);
// The outcome of a call. Returns true when this opened or closed the breaker (worth a log line).
bool breaker_note(breaker *b, bool good, int64_t now_us);

#endif
