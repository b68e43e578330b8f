#include "actors/runtime/pace.h"

void pace_init(pace *p, int64_t calls_per_second)
{
    *p = (pace){0};
    if (calls_per_second <= 0)
        return;
    p->interval_ns = 1000000000 / calls_per_second;
    p->burst_ns = 100000000;
}

int64_t pace_take(pace *p, int64_t now_us)
{
    int64_t now_ns = now_us * 1000;
    if (now_us < p->held_until_us)
        return p->held_until_us - now_us;
    if (p->interval_ns == 0)
        return 0;
    if (p->next_ns < now_ns)
        p->next_ns = now_ns;
    if (p->next_ns - now_ns > p->burst_ns)
        return (p->next_ns - now_ns - p->burst_ns) / 1000 + 1;
    p->next_ns += p->interval_ns;
    return 0;
}

void pace_hold(pace *p, int64_t until_us)
{
    if (until_us > p->held_until_us)
        p->held_until_us = until_us;
}

breaker_state breaker_state_of(const breaker *b, int64_t now_us)
{
    if (!b->is_open)
        return BREAKER_CLOSED;
    return b->is_probing || now_us >= b->open_until_us ? BREAKER_HALF_OPEN : BREAKER_OPEN;
}

bool breaker_passes(const breaker *b, int64_t now_us)
{
    return !b->is_open || (!b->is_probing && now_us >= b->open_until_us);
}

bool breaker_take(breaker *b, int64_t now_us)
{
    if (!breaker_passes(b, now_us))
        return false;
    b->is_probing = b->is_open;
    return true;
}

static void breaker_open(breaker *b, int64_t now_us)
{
    int64_t open_ms = BREAKER_OPEN_FIRST_MS;
    for (uint32_t i = 0; i < b->openings && open_ms < BREAKER_OPEN_LONGEST_MS; i++)
        open_ms *= 2;
    if (open_ms > BREAKER_OPEN_LONGEST_MS)
        open_ms = BREAKER_OPEN_LONGEST_MS;
    b->is_open = true;
    b->is_probing = false;
    b->openings++;
    b->open_until_us = now_us + open_ms * 1000;
}

bool breaker_note(breaker *b, bool good, int64_t now_us)
{
    bool was_open = b->is_open;
    if (good) {
        *b = (breaker){0};
        return was_open;
    }
    b->failures++;
    // Calls that were under way when it opened say nothing new.
    if (was_open ? b->is_probing : b->failures >= BREAKER_FAILURES)
        breaker_open(b, now_us);
    return !was_open && b->is_open;
}
