#include "actors/event/state.h"

#include <stdlib.h>

enum {
    RECORDS_CHUNK_SHIFT = 7,   // chunks of 8 KB
    PLACES_CHUNK_SHIFT = 10,   // 4 KB
    CHECKOUTS_CHUNK_SHIFT = 7, // 4 KB
    PRICES_MAX = UINT16_MAX + 1,
    FORGET_LOOKS = 2, // each new reservation looks at more old ones than it adds
};

static uint32_t open_words(const event_state *s)
{
    return (s->seats.count + 63) / 64;
}

event_state *event_state_new(const event_config *config, const event_seats *seats)
{
    event_state *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->config = *config;
    s->seats = *seats;
    pool_init(&s->records, sizeof(event_record), RECORDS_CHUNK_SHIFT, 1);
    pool_init(&s->places, sizeof(event_place), PLACES_CHUNK_SHIFT, SEATS_PER_RESERVATION_MAX);
    pool_init(&s->checkouts, sizeof(event_checkout), CHECKOUTS_CHUNK_SHIFT, 1);
    index_init(&s->by_id, event_hash_id, s);
    index_init(&s->by_key, event_hash_key, s);
    index_init(&s->by_checkout, event_hash_checkout, s);
    s->owner = malloc(seats->count * sizeof *s->owner);
    s->open = calloc(open_words(s), sizeof *s->open);
    if (s->owner == NULL || s->open == NULL || !event_make_room(s, 1, 0)) {
        event_state_free(s);
        return NULL;
    }
    for (uint32_t seat = 0; seat < seats->count; seat++) {
        s->owner[seat] = EVENT_NOBODY;
        if (!(seats->flags[seat] & SEAT_FLAG_BLOCKED))
            s->open[seat / 64] |= UINT64_C(1) << seat % 64;
    }
    return s;
}

void event_state_free(event_state *s)
{
    if (s == NULL)
        return;
    pool_done(&s->records);
    pool_done(&s->places);
    pool_done(&s->checkouts);
    index_done(&s->by_id);
    index_done(&s->by_key);
    index_done(&s->by_checkout);
    free(s->owner);
    free(s->open);
    free(s->prices);
    free(s->refused);
    free(s);
}

static bool prices_have_room(const event_state *s)
{
    return s->prices_max - s->prices_count >= SEATS_PER_RESERVATION_MAX;
}

static bool prices_make_room(event_state *s)
{
    if (prices_have_room(s))
        return true;
    uint32_t max = 2 * s->prices_max + 2 * SEATS_PER_RESERVATION_MAX;
    if (max > PRICES_MAX)
        max = PRICES_MAX;
    int64_t *grown = realloc(s->prices, max * sizeof *grown);
    if (grown == NULL)
        return false;
    s->prices = grown;
    s->prices_max = max;
    return prices_have_room(s);
}

static void forget_some(event_state *s, int64_t now_us)
{
    for (int i = 0; i < FORGET_LOOKS; i++, s->forget_at++) {
        if (s->forget_at >= s->records.used) {
            s->forget_at = 0;
            return;
        }
        const event_record *r = event_record_at(s, s->forget_at);
        if (r->state != 0 && !event_record_live(r) && !event_record_keeps_keys(r, now_us))
            event_record_forget(s, s->forget_at);
    }
}

bool event_has_room(const event_state *s)
{
    return pool_has_room(&s->records) && pool_has_room(&s->places) &&
           pool_has_room(&s->checkouts) && index_has_room(&s->by_id) &&
           index_has_room(&s->by_key) && index_has_room(&s->by_checkout) && prices_have_room(s) &&
           event_refused_has_room(s);
}

bool event_make_room(event_state *s, uint32_t reservations, int64_t now_us)
{
    forget_some(s, now_us);
    if (reservations <= 1 && event_has_room(s))
        return true;
    uint32_t end = s->records.used;
    return index_make_room(&s->by_id, reservations, end) &&
           index_make_room(&s->by_key, reservations, end) &&
           index_make_room(&s->by_checkout, reservations, end) && pool_make_room(&s->records) &&
           pool_make_room(&s->places) && pool_make_room(&s->checkouts) && prices_make_room(s) &&
           event_refused_make_room(s, now_us);
}

static bool restorable(const event_state *s, const event_reservation *r)
{
    if (r->state < RESERVATION_HELD || r->state >= RESERVATION_STATES_END ||
        r->outcome >= PAYMENT_OUTCOMES_END || r->seats_count == 0 ||
        r->seats_count > SEATS_PER_RESERVATION_MAX || event_lookup_id(s, &r->id) != EVENT_NOBODY)
        return false;
    bool live = r->state == RESERVATION_HELD || r->state == RESERVATION_CONFIRMED;
    for (uint32_t i = 0; i < r->seats_count; i++) {
        if (r->seats[i] >= s->seats.count || (live && s->owner[r->seats[i]] != EVENT_NOBODY))
            return false;
        for (uint32_t k = 0; k < i; k++)
            if (r->seats[k] == r->seats[i])
                return false;
    }
    return true;
}

bool event_restore(event_state *s, const event_reservation *r, const event_keys *keys)
{
    if (!event_has_room(s) || !restorable(s, r))
        return false;
    event_record_add(s, r, keys);
    return true;
}

void event_restore_refusal(event_state *s, const payment_id *payment)
{
    event_refusal_add(s, payment);
}

const event_config *event_config_of(const event_state *s)
{
    return &s->config;
}

uint32_t event_seats_count(const event_state *s)
{
    return s->seats.count;
}

int32_t event_claimed(const event_state *s)
{
    return s->claimed;
}

uint32_t event_confirmed(const event_state *s)
{
    return s->confirmed;
}

int64_t event_refund_now(const event_state *s, const event_reservation *r, int64_t now_us)
{
    if (r->state != RESERVATION_CONFIRMED)
        return 0;
    if (s->config.status == EVENT_CANCELLED)
        return r->total_minor;
    return refund_share_minor(r->total_minor,
                              refund_percent_at(&s->config.refunds, s->config.starts_us, now_us));
}

seat_state event_seat_state(const event_state *s, uint32_t seat)
{
    assert(seat < s->seats.count);
    uint32_t n = s->owner[seat];
    if (n != EVENT_NOBODY)
        return event_record_at(s, n)->state == RESERVATION_CONFIRMED ? SEAT_SOLD : SEAT_HELD;
    return s->seats.flags[seat] & SEAT_FLAG_BLOCKED ? SEAT_BLOCKED : SEAT_AVAILABLE;
}

bool event_on_sale(const event_state *s, int64_t now_us)
{
    bool opened = s->config.status == EVENT_ON_SALE ||
                  (s->config.status == EVENT_SCHEDULED && s->config.sale_starts_us <= now_us);
    return opened && now_us < s->config.starts_us;
}

uint64_t event_memory_bytes(const event_state *s)
{
    return sizeof *s + s->seats.count * sizeof *s->owner + open_words(s) * sizeof *s->open +
           pool_bytes(&s->records) + pool_bytes(&s->places) + pool_bytes(&s->checkouts) +
           index_bytes(&s->by_id) + index_bytes(&s->by_key) + index_bytes(&s->by_checkout) +
           s->prices_max * sizeof *s->prices + s->refused_slots * sizeof *s->refused;
}
