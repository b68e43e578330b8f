// Payments that were sent back once and can never buy anything again: a hash set.
#include "actors/event/state.h"

#include <stdlib.h>

enum {
    REFUSED_SLOTS_MIN = 64,
    // A payment that is older is neither captured nor asked about any more.
    REFUSED_KEEP_SECONDS = 2 * IDEMPOTENCY_KEEP_SECONDS,
};

static uint32_t refused_slot(const payment_id *slots, uint32_t slots_count,
                             const payment_id *payment)
{
    uint32_t at = (uint32_t)index_hash(payment->u.bytes + 8) & (slots_count - 1);
    while (!uuid_is_zero(&slots[at].u) && !uuid_equal(&slots[at].u, &payment->u))
        at = (at + 1) & (slots_count - 1);
    return at;
}

bool event_refused_has_room(const event_state *s)
{
    return 2 * (s->refused_count + 1) <= s->refused_slots;
}

static bool worth_keeping(const payment_id *payment, int64_t now_us)
{
    return !uuid_is_zero(&payment->u) &&
           uuid_unix_ms(&payment->u) / 1000 + REFUSED_KEEP_SECONDS >= now_us / 1000000;
}

bool event_refused_make_room(event_state *s, int64_t now_us)
{
    if (event_refused_has_room(s))
        return true;
    uint32_t kept = 0, slots_count = REFUSED_SLOTS_MIN;
    for (uint32_t at = 0; at < s->refused_slots; at++)
        kept += worth_keeping(&s->refused[at], now_us);
    while (slots_count < 4 * kept)
        slots_count *= 2;
    payment_id *slots = calloc(slots_count, sizeof *slots);
    if (slots == NULL)
        return false;
    for (uint32_t at = 0; at < s->refused_slots; at++)
        if (worth_keeping(&s->refused[at], now_us))
            slots[refused_slot(slots, slots_count, &s->refused[at])] = s->refused[at];
    free(s->refused);
    s->refused = slots;
    s->refused_slots = slots_count;
    s->refused_count = kept;
    return true;
}

bool event_payment_refused(const event_state *s, const payment_id *payment)
{
    return !uuid_is_zero(&s->refused[refused_slot(s->refused, s->refused_slots, payment)].u);
}

void event_refusal_add(event_state *s, const payment_id *payment)
{
    uint32_t at = refused_slot(s->refused, s->refused_slots, payment);
    if (uuid_equal(&s->refused[at].u, &payment->u))
        return;
    assert(event_refused_has_room(s));
    s->refused[at] = *payment;
    s->refused_count++;
}
