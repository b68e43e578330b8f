// The people of a storm: each reserves seats and pays, or does one of the things that people do
// instead, while everything behind the shop goes wrong. A small state machine for each, on a crowd
// (tests/support/crowd.h). What they were told is written down, so that it can be compared with the
// books afterwards. One thread.
#ifndef CAVEA_TESTS_SUPPORT_STORM_H
#define CAVEA_TESTS_SUPPORT_STORM_H

#include "tests/support/buyer.h"
#include "tests/support/crowd.h"

enum { STORM_EVENTS_MAX = 16, STORM_SEATS_MAX = 2, STORM_GONE_MAX = 4096 };

// What a buyer does. P(NAME, "name", how many of 100)
#define STORM_PLANS(P)                                                                             \
    P(PAYS, "pays", 42)                                                                            \
    P(DECLINED_FIRST, "declined, then pays", 10)                                                   \
    P(PAYS_TWICE, "pays twice", 6)                                                                 \
    P(CANCELS, "pays, then cancels", 10)                                                           \
    P(CANCELS_SLOWLY, "pays, cancels, the refund pends", 4)                                        \
    P(PAYS_LATE, "pays at the deadline", 8)                                                        \
    P(PAYS_LATE_FOR_OTHERS, "pays at the deadline, takes other seats", 6)                          \
    P(NEVER_PAYS, "never pays", 6)                                                                 \
    P(LEAVES, "gives the seats back while paying", 4)                                              \
    P(WATCHES, "pays and watches", 4)

typedef enum storm_plan {
#define P(name, text, percent) STORM_##name,
    STORM_PLANS(P)
#undef P
        STORM_PLANS_END
} storm_plan;

typedef enum storm_step {
    STORM_SESSION,
    STORM_RESERVE,
    STORM_CHECKOUT,
    STORM_OVERSLEEP,
    STORM_DECLINE,
    STORM_PAY,
    STORM_PAY_AGAIN,
    STORM_LEAVE,
    STORM_WATCH,
    STORM_CANCEL,
    STORM_STEPS_END
} storm_step;

typedef struct storm_buyer {
    storm_plan plan;
    storm_step step;
    uint32_t event, seats_count, tries;
    size_t seats[STORM_SEATS_MAX];
    int64_t until_us; // the step is given up then
    char token[CROWD_TOKEN_BYTES], key[CROWD_KEY_BYTES];
    char reservation[40], payment[40], intent[80], currency[4];
    int64_t total_minor, refund_minor;
    bool acknowledged, paid, told_confirmed, told_refunded;
} storm_buyer;

typedef struct storm_options {
    shop shop; // its event is not used
    const char *events[STORM_EVENTS_MAX];
    size_t events_count, buyers_count;
    double per_second; // buyers that come
    uint64_t seed;
    int64_t hold_ms; // how long seats are kept after a checkout
    size_t in_flight_max;
    const char *told_path;
} storm_options;

typedef struct storm {
    storm_options o;
    crowd *crowd;
    storm_buyer *buyers;
    uint64_t luck;
    shop_seats seats[STORM_EVENTS_MAX];
    size_t next_seat[STORM_EVENTS_MAX];
    // Seats of people who pay late, for others to take as soon as they are free.
    struct storm_seat {
        uint32_t event;
        size_t seat;
        int64_t free_us;
    } gone[STORM_GONE_MAX];
    size_t gone_first, gone_end;
    size_t by_plan[STORM_PLANS_END], given_up[STORM_STEPS_END];
    size_t reserved, refused, checkouts, charges, second_charges, declines, confirmed_seen;
    size_t cancelled, kept_minor_seen, retries, unanswered, surprises;
} storm;

void storm_run(storm *s); // until everybody is gone
const char *storm_plan_name(storm_plan plan);
const char *storm_step_name(storm_step step);

// One step of one buyer (storm_buyer.c); the crowd's turn.
void storm_turn(void *self, size_t person, const crowd_answer *answer);
uint64_t storm_luck(storm *s, uint64_t below);

#endif
