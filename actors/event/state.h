// The inside of event_state, shared by the files of this folder only.
#ifndef CAVEA_ACTORS_EVENT_STATE_H
#define CAVEA_ACTORS_EVENT_STATE_H

#include "actors/event/event.h"

#include <assert.h>

enum { EVENT_NOBODY = UINT32_MAX };

typedef struct event_index { // open addressing over record numbers, power of two, half full at most
    uint32_t *slots;         // record number, EVENT_NOBODY: empty
    uint32_t mask;
} event_index;

struct event_state {
    event_config config;
    event_seats seats;
    uint32_t *owner; // by seat: record number of the live reservation, or EVENT_NOBODY
    int32_t claimed;
    event_reservation *records;
    uint32_t records_count, records_max;
    uint32_t *pool_seats;
    int64_t *pool_prices;
    uint32_t pool_count, pool_max;
    event_index by_id, by_key;
    payment_id *refused; // sorted set of payments that were sent back
    uint32_t refused_count, refused_max;
};

uint32_t event_lookup_id(const event_state *s, const reservation_id *id);
uint32_t event_lookup_key(const event_state *s, const digest16 *key_hash);
bool event_payment_refused(const event_state *s, const payment_id *payment);
uint32_t event_record_add(event_state *s, const event_reservation *r, const uint32_t *seats,
                          const int64_t *price_minor);
void event_refusal_add(event_state *s, const payment_id *payment);

static inline bool event_reservation_live(const event_reservation *r)
{
    return r->state == RESERVATION_HELD || r->state == RESERVATION_CONFIRMED;
}
// Held past its deadline: whoever meets it treats it as expired.
static inline bool event_reservation_overdue(const event_reservation *r, int64_t now_us)
{
    return r->state == RESERVATION_HELD && r->expires_us <= now_us;
}

#endif
