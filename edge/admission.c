#include "edge/admission.h"

void admission_init(admission *a, uint32_t waiting_max, int64_t wait_us, int64_t now_us)
{
    a->waiting_max = waiting_max;
    a->wait_us = wait_us;
    a->waiting = 0;
    a->allowed = waiting_max;
    a->begun_us = now_us;
    a->finished = a->standing = 0;
    a->shortest_us = INT64_MAX;
}

static uint32_t allowed_next(const admission *a, uint32_t finished, int64_t shortest_us,
                             int64_t elapsed_us)
{
    uint32_t allowed = a->allowed, floor = a->waiting_max / ADMISSION_FLOOR_SHARE;
    uint64_t next = allowed;
    if (finished == 0) // nobody was there, or all still wait: nothing to learn from that
        next = a->waiting == 0 ? a->waiting_max : allowed;
    else if (a->standing >= ADMISSION_STANDING)
        next = finished * (uint64_t)a->wait_us / (uint64_t)elapsed_us;
    else if (shortest_us < a->wait_us / 2)
        next = (uint64_t)allowed + allowed / 4 + 1;
    if (next < floor)
        next = floor;
    if (next < 1)
        next = 1;
    return next > a->waiting_max ? a->waiting_max : (uint32_t)next;
}

// Whoever first sees that the interval is over draws its conclusion.
static void interval_turn(admission *a, int64_t now_us)
{
    int64_t begun_us = atomic_load_explicit(&a->begun_us, memory_order_relaxed);
    int64_t elapsed_us = now_us - begun_us;
    if (elapsed_us < ADMISSION_INTERVAL_MS * 1000 ||
        !atomic_compare_exchange_strong(&a->begun_us, &begun_us, now_us))
        return;
    uint32_t finished = atomic_exchange(&a->finished, 0);
    int64_t shortest_us = atomic_exchange(&a->shortest_us, INT64_MAX);
    if (finished > 0)
        a->standing = shortest_us > a->wait_us ? a->standing + 1 : 0;
    atomic_store(&a->allowed, allowed_next(a, finished, shortest_us, elapsed_us));
}

bool admission_enter(admission *a, int64_t now_us)
{
    interval_turn(a, now_us);
    uint32_t allowed = atomic_load_explicit(&a->allowed, memory_order_relaxed);
    if (atomic_fetch_add(&a->waiting, 1) < allowed)
        return true;
    atomic_fetch_sub(&a->waiting, 1);
    return false;
}

void admission_leave(admission *a, bool waited, int64_t entered_us, int64_t now_us)
{
    atomic_fetch_sub(&a->waiting, 1);
    if (!waited)
        return;
    int64_t took_us = now_us - entered_us;
    int64_t shortest_us = atomic_load_explicit(&a->shortest_us, memory_order_relaxed);
    while (took_us < shortest_us &&
           !atomic_compare_exchange_weak(&a->shortest_us, &shortest_us, took_us))
        ;
    atomic_fetch_add_explicit(&a->finished, 1, memory_order_relaxed);
    interval_turn(a, now_us);
}
