#include "chaos/load/load.h"

#include <math.h>
#include <signal.h>

enum {
    WAIT_MAX_US = 20000,
    EXPIRE_EVERY_US = 20000,
    LINE_WAIT_US = 2000, // until a line is asked for again when all are busy
};

static volatile sig_atomic_t stopped;

void engine_stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static void timer_swap(load *l, uint32_t a, uint32_t b)
{
    timer t = l->timers[a];
    l->timers[a] = l->timers[b];
    l->timers[b] = t;
}

void engine_wake(load *l, shopper *s, int64_t due_us)
{
    uint32_t at = l->timers_count++;
    s->due_us = due_us;
    l->timers[at] = (timer){due_us, (uint32_t)(s - l->shoppers)};
    for (; at > 0 && l->timers[at].due_us < l->timers[(at - 1) / 2].due_us; at = (at - 1) / 2)
        timer_swap(l, at, (at - 1) / 2);
}

static uint32_t timer_take(load *l)
{
    uint32_t first = l->timers[0].shopper, at = 0, count = --l->timers_count;
    l->timers[0] = l->timers[count];
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && l->timers[child + 1].due_us < l->timers[child].due_us)
            child++;
        if (l->timers[at].due_us <= l->timers[child].due_us)
            break;
        timer_swap(l, at, child);
    }
    return first;
}

void engine_retire(load *l, shopper *s)
{
    s->alive = false;
    l->idle[l->idle_count++] = (uint32_t)(s - l->shoppers);
}

static double uniform(load *l)
{
    return ((double)(load_random(l) >> 11) + 0.5) / 9007199254740992.0;
}

// Buyers come when they come. How late this program notices is its lag; who finds no place in it
// is counted, not forgotten.
static void arrivals_take(load *l, int64_t now)
{
    while (l->due_us <= (double)now && l->due_us < (double)l->end_us) {
        int64_t due = (int64_t)l->due_us;
        l->lag_max_us = now - due > l->lag_max_us ? now - due : l->lag_max_us;
        l->due_us -= log(uniform(l)) * 1e6 / l->o.rate;
        l->arrivals++;
        if (l->idle_count == 0) {
            l->unsent++;
            continue;
        }
        shopper *s = &l->shoppers[l->idle[--l->idle_count]];
        shopper_begin(l, s, due);
    }
}

static void timers_take(load *l, int64_t now)
{
    while (l->timers_count > 0 && l->timers[0].due_us <= now) {
        shopper *s = &l->shoppers[timer_take(l)];
        if (!shopper_send(l, s)) // the wait for a line counts: intended_us stays
            engine_wake(l, s, now + LINE_WAIT_US);
    }
}

static void answered(void *self, uint32_t owner, int status, const char *body, size_t body_bytes)
{
    load *l = self;
    shopper_answer(l, &l->shoppers[owner], status, body, body_bytes);
}

static int64_t wait_of(const load *l, int64_t now)
{
    int64_t soonest = now + WAIT_MAX_US;
    if (l->timers_count > 0 && l->timers[0].due_us < soonest)
        soonest = l->timers[0].due_us;
    if (now < l->end_us && (int64_t)l->due_us + 1 < soonest)
        soonest = (int64_t)l->due_us + 1;
    return soonest > now ? soonest - now : 0;
}

void engine_run(load *l)
{
    int64_t expired_us = 0, now;
    l->start_us = load_now_us();
    l->end_us = l->start_us + (int64_t)(l->o.seconds * 1e6);
    l->due_us = (double)l->start_us;
    while ((now = load_now_us()) < l->end_us + l->o.grace_us) {
        if (stopped && l->end_us > now)
            l->end_us = now;
        arrivals_take(l, now);
        timers_take(l, now);
        journal_flush(&l->journal);
        lines_flush(&l->lines, now, answered, l);
        if (now - expired_us >= EXPIRE_EVERY_US) {
            lines_expire(&l->lines, now - l->o.answer_us, answered, l);
            expired_us = now;
        }
        lines_poll(&l->lines, wait_of(l, load_now_us()), answered, l);
        if (now >= l->end_us && l->idle_count == SHOPPERS_MAX)
            break;
    }
    journal_flush(&l->journal);
}
