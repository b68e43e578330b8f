// A crowd buys while everything goes wrong: buyers_storm BUYERS PER_SECOND SEED HOLD_MS TOLD_FILE
// EVENT... with the shop in the environment (tests/support/buyer.h). What each does is drawn from
// the seed. Writes what they were told to TOLD_FILE, one line for each acknowledged reservation:
// reservation,payment,leaves|stays,paid,told confirmed,told refunded,refund. Prints one JSON
// object; exit status 1 when anybody got an answer that nobody should get, or when more buyers than
// a few gave up what the shop owes them an answer to.
#include "tests/support/storm.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { IN_FLIGHT_MAX = 96 };

static void report(const storm *s, int64_t started_us)
{
    printf("{\"buyers\": %zu, \"reserved\": %zu, \"refused\": %zu, \"checkouts\": %zu, "
           "\"charges\": %zu, \"second_charges\": %zu, \"declines\": %zu, "
           "\"confirmed_seen\": %zu, \"cancelled\": %zu, \"retries\": %zu, \"unanswered\": %zu, "
           "\"surprises\": %zu, \"plans\": {",
           s->o.buyers_count, s->reserved, s->refused, s->checkouts, s->charges, s->second_charges,
           s->declines, s->confirmed_seen, s->cancelled, s->retries, s->unanswered, s->surprises);
    for (storm_plan i = 0; i < STORM_PLANS_END; i++)
        printf("%s\"%s\": %zu", i > 0 ? ", " : "", storm_plan_name(i), s->by_plan[i]);
    printf("}, \"given_up\": {");
    for (storm_step i = 0; i < STORM_STEPS_END; i++)
        printf("%s\"%s\": %zu", i > 0 ? ", " : "", storm_step_name(i), s->given_up[i]);
    printf("}, \"seconds\": %.1f}\n", (double)(test_now_us() - started_us) / 1e6);
}

// Two of a thousand buyers, and three of a short storm, may be unlucky.
static bool is_answered(const storm *s)
{
    static const storm_step owed[] = {STORM_CHECKOUT, STORM_CANCEL, STORM_LEAVE, STORM_WATCH};
    size_t bound = s->o.buyers_count / 500 > 3 ? s->o.buyers_count / 500 : 3;
    bool answered = true;
    for (size_t i = 0; i < sizeof owed / sizeof *owed; i++) {
        if (s->given_up[owed[i]] <= bound)
            continue;
        fprintf(stderr, "%s: %zu gave up, at most %zu may\n", storm_step_name(owed[i]),
                s->given_up[owed[i]], bound);
        answered = false;
    }
    return answered;
}

int main(int argc, char **argv)
{
    static storm s;
    assert(argc > 6 && argc - 6 <= STORM_EVENTS_MAX);
    setenv("EVENT_ID", argv[6], 0);
    shop_init(&s.o.shop);
    s.o.buyers_count = strtoul(argv[1], NULL, 10);
    s.o.per_second = strtod(argv[2], NULL);
    s.o.seed = strtoull(argv[3], NULL, 10);
    s.o.hold_ms = strtol(argv[4], NULL, 10);
    s.o.told_path = argv[5];
    s.o.in_flight_max = IN_FLIGHT_MAX;
    assert(s.o.buyers_count > 0 && s.o.per_second > 0 && s.o.hold_ms > 0);
    for (int i = 6; i < argc; i++)
        s.o.events[s.o.events_count++] = argv[i];
    int64_t started_us = test_now_us();
    storm_run(&s);
    report(&s, started_us);
    return s.surprises == 0 && is_answered(&s) ? 0 : 1;
}
