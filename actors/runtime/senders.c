#include "actors/runtime/senders.h"

_Static_assert(SENDER_WINDOW % 64 == 0, "the window is whole words");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "senders are stored as they lie in memory");

static sender *sender_find(senders *s, const uuid *id)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (uuid_equal(&s->list[i].id, id))
            return &s->list[i];
    return NULL;
}

static sender *sender_add(senders *s, const uuid *id, int64_t now_us)
{
    sender *place = NULL;
    if (s->count < SENDERS_PER_ACTOR_MAX)
        place = &s->list[s->count++];
    for (uint32_t i = 0; place == NULL && i < s->count; i++)
        if (s->list[i].heard_us + (int64_t)SENDER_KEEP_SECONDS * 1000000 < now_us)
            place = &s->list[i];
    if (place != NULL)
        *place = (sender){.id = *id};
    return place;
}

static void window_shift(sender *from, uint64_t by)
{
    enum { WORDS = SENDER_WINDOW / 64 };
    uint64_t next[WORDS] = {0};
    for (uint64_t n = by; n < SENDER_WINDOW; n++)
        if (from->seen[(n - by) / 64] >> ((n - by) % 64) & 1)
            next[n / 64] |= UINT64_C(1) << (n % 64);
    memcpy(from->seen, next, sizeof next);
}

sender_verdict senders_note(senders *s, const uuid *id, uint64_t number, int64_t now_us)
{
    sender *from = sender_find(s, id);
    if (from == NULL)
        from = sender_add(s, id, now_us);
    if (from == NULL)
        return SENDER_FULL;
    from->heard_us = now_us;
    if (number > from->highest) {
        window_shift(from, number - from->highest);
        from->highest = number;
        from->seen[0] |= 1;
        return SENDER_NEW;
    }
    uint64_t behind = from->highest - number;
    if (behind >= SENDER_WINDOW || (from->seen[behind / 64] >> (behind % 64) & 1))
        return SENDER_SEEN;
    from->seen[behind / 64] |= UINT64_C(1) << (behind % 64);
    return SENDER_NEW;
}

uint32_t senders_encode(const senders *s, uint8_t ret_bytes[static SENDERS_ENCODED_BYTES_MAX])
{
    uint8_t *at = ret_bytes;
    for (uint32_t i = 0; i < s->count; i++) {
        const sender *from = &s->list[i];
        memcpy(at, from->id.bytes, 16);
        memcpy(at + 16, &from->highest, 8);
        memcpy(at + 24, from->seen, sizeof from->seen);
        memcpy(at + 24 + sizeof from->seen, &from->heard_us, 8);
        at += SENDER_ENCODED_BYTES;
    }
    return (uint32_t)(at - ret_bytes);
}

bool senders_decode(senders *s, const uint8_t *bytes, uint32_t bytes_count)
{
    if (bytes_count % SENDER_ENCODED_BYTES != 0 || bytes_count > SENDERS_ENCODED_BYTES_MAX)
        return false;
    s->count = bytes_count / SENDER_ENCODED_BYTES;
    for (uint32_t i = 0; i < s->count; i++) {
        const uint8_t *at = bytes + i * SENDER_ENCODED_BYTES;
        sender *from = &s->list[i];
        memcpy(from->id.bytes, at, 16);
        memcpy(&from->highest, at + 16, 8);
        memcpy(from->seen, at + 24, sizeof from->seen);
        memcpy(&from->heard_us, at + 24 + sizeof from->seen, 8);
    }
    return true;
}
