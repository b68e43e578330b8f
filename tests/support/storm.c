#include "tests/support/storm.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    uint32_t percent;
} plans[STORM_PLANS_END] = {
#define P(name, text, percent) {text, percent},
    STORM_PLANS(P)
#undef P
};

const char *storm_plan_name(storm_plan plan)
{
    return plans[plan].name;
}

const char *storm_step_name(storm_step step)
{
    static const char *const names[STORM_STEPS_END] = {
        [STORM_SESSION] = "session",     [STORM_RESERVE] = "reserve", [STORM_CHECKOUT] = "checkout",
        [STORM_OVERSLEEP] = "oversleep", [STORM_DECLINE] = "decline", [STORM_PAY] = "pay",
        [STORM_PAY_AGAIN] = "pay_again", [STORM_LEAVE] = "leave",     [STORM_WATCH] = "watch",
        [STORM_CANCEL] = "cancel",
    };
    return names[step];
}

// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the same crowd for the same seed.
uint64_t storm_luck(storm *s, uint64_t below)
{
    uint64_t z = s->luck += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % below;
}

static storm_plan plan_draw(storm *s)
{
    uint64_t drawn = storm_luck(s, 100), sum = 0;
    for (storm_plan i = 0; i < STORM_PLANS_END; i++) {
        sum += plans[i].percent;
        if (drawn < sum)
            return i;
    }
    assert(false && "the plans are 100 percent");
    return STORM_PAYS;
}

static void buyers_draw(storm *s)
{
    s->buyers = calloc(s->o.buyers_count, sizeof *s->buyers);
    assert(s->buyers);
    for (size_t i = 0; i < s->o.buyers_count; i++) {
        storm_buyer *b = &s->buyers[i];
        b->plan = plan_draw(s);
        b->event = (uint32_t)storm_luck(s, s->o.events_count);
        b->seats_count = 1 + (uint32_t)storm_luck(s, STORM_SEATS_MAX);
        s->by_plan[b->plan]++;
    }
}

static void seats_read(storm *s)
{
    for (size_t i = 0; i < s->o.events_count; i++) {
        shop of_event = s->o.shop;
        of_event.event_id = s->o.events[i];
        shop_seats_read(&of_event, &s->seats[i]);
    }
}

// Reservation, payment, what was done, and what the buyer saw of the end.
static void told_write(const storm *s)
{
    FILE *out = fopen(s->o.told_path, "w");
    assert(out);
    for (size_t i = 0; i < s->o.buyers_count; i++) {
        const storm_buyer *b = &s->buyers[i];
        if (b->acknowledged)
            fprintf(out, "%s,%s,%s,%d,%d,%d,%lld\n", b->reservation, b->payment,
                    b->plan == STORM_LEAVES ? "leaves" : "stays", b->paid, b->told_confirmed,
                    b->told_refunded, (long long)b->refund_minor);
    }
    bool written = fclose(out) == 0;
    assert(written);
}

void storm_run(storm *s)
{
    s->luck = s->o.seed;
    s->crowd = crowd_new(s->o.in_flight_max, 10000, storm_turn, s);
    seats_read(s);
    buyers_draw(s);
    int64_t start_us = test_now_us();
    size_t come = 0;
    do {
        double due = (double)(test_now_us() - start_us) / 1e6 * s->o.per_second;
        // Where nothing gets through, nobody comes in: or holds would only end unused.
        while (come < s->o.buyers_count && (double)come <= due && crowd_waiting(s->crowd) == 0)
            storm_turn(s, come++, NULL);
        crowd_step(s->crowd, 10);
    } while (come < s->o.buyers_count || crowd_present(s->crowd) > 0);
    told_write(s);
    crowd_free(s->crowd);
    for (size_t i = 0; i < s->o.events_count; i++)
        shop_seats_done(&s->seats[i]);
    free(s->buyers);
}
