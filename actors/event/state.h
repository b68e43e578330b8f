// The inside of event_state, shared by the files of this folder only.
#ifndef CAVEA_ACTORS_EVENT_STATE_H
#define CAVEA_ACTORS_EVENT_STATE_H

#include "actors/event/event.h"
#include "actors/table/index.h"
#include "actors/table/pool.h"

#include <assert.h>

enum {
    EVENT_NOBODY = UINT32_MAX,
    EVENT_NO_CHECKOUT = (1 << 24) - 1,
};

// A reservation takes 64 bytes here, 4 more for each seat, 32 more once it has a checkout, and 5 to
// 6 in each index. Hashes are only ever compared with one another, for one buyer: eight bytes do.
typedef struct event_record {
    reservation_id id;
    buyer_id buyer;
    uint64_t key, body;
    int64_t expires_us;
    uint32_t places_at : 28;
    uint32_t outcome : 3; // payment_outcome
    uint32_t other_seats : 1;
    uint32_t checkout_at : 24; // EVENT_NO_CHECKOUT: none
    uint32_t state : 4;        // reservation_state; 0: the record is free
    uint32_t seats_count : 4;
} event_record;
_Static_assert(sizeof(event_record) == 64, "one cache line");
_Static_assert(INDEX_RECORDS_MAX < (1 << 28) / (2 * SEATS_PER_RESERVATION_MAX),
               "places for each record, and for the ends of chunks");
_Static_assert(PAYMENT_OUTCOMES_END <= 8, "outcome has three bits");
_Static_assert(SEATS_PER_RESERVATION_MAX < 16, "seats_count has four bits");
_Static_assert((int)INDEX_RECORDS_MAX < (int)EVENT_NO_CHECKOUT, "a checkout for each record");

typedef struct event_place {
    uint16_t seat;
    uint16_t price; // into prices
} event_place;
_Static_assert(SEATS_PER_EVENT_MAX <= UINT16_MAX + 1, "a seat's index has 16 bits");
_Static_assert((int)SEATS_PER_RESERVATION_MAX <= (int)POOL_BLOCK_UNITS_MAX,
               "its places are one block");

typedef struct event_checkout {
    payment_id payment;
    uint64_t key; // zero: paid without a checkout
    uint64_t body : 57;
    uint64_t refund_percent : 7; // of a refunded one
} event_checkout;
_Static_assert(sizeof(event_checkout) == 32, "as the top of this file says");

struct event_state {
    event_config config;
    event_seats seats;
    uint32_t *owner; // by seat: record number of the live reservation, or EVENT_NOBODY
    uint64_t *open;  // a bit for each seat that is neither owned nor blocked
    int32_t claimed;
    uint32_t confirmed; // reservations
    pool records, places, checkouts;
    hash_index by_id, by_key, by_checkout;
    uint32_t forget_at; // the record to be looked at next
    int64_t *prices;    // every price that a reservation has had
    uint32_t prices_count, prices_max;
    payment_id *refused; // payments that were sent back: a hash set, zero where it is empty
    uint32_t refused_count, refused_slots;
};

static inline event_record *event_record_at(const event_state *s, uint32_t n)
{
    return pool_at(&s->records, n);
}
static inline const event_place *event_places(const event_state *s, const event_record *r)
{
    return pool_at(&s->places, r->places_at);
}
// NULL: none yet.
static inline event_checkout *event_checkout_of(const event_state *s, const event_record *r)
{
    return r->checkout_at == EVENT_NO_CHECKOUT ? NULL : pool_at(&s->checkouts, r->checkout_at);
}

static inline bool event_record_live(const event_record *r)
{
    return r->state == RESERVATION_HELD || r->state == RESERVATION_CONFIRMED;
}
// Held past its deadline: whoever meets it treats it as expired.
static inline bool event_record_overdue(const event_record *r, int64_t now_us)
{
    return r->state == RESERVATION_HELD && r->expires_us <= now_us;
}
// Its keys are answered from it until a day after its hold could have ended.
static inline bool event_record_keeps_keys(const event_record *r, int64_t now_us)
{
    return r->expires_us + (int64_t)IDEMPOTENCY_KEEP_SECONDS * 1000000 > now_us;
}

static inline uint64_t event_hash_start(const digest16 *hash)
{
    uint64_t start;
    memcpy(&start, hash->bytes, sizeof start);
    return start;
}
// As much of it as a checkout keeps of its body's hash.
static inline uint64_t event_body_start(const digest16 *hash)
{
    return event_hash_start(hash) & UINT64_MAX >> 7;
}

// One command changes at most one reservation, besides ending others.
bool event_has_room(const event_state *s);

// record.c: finding, adding and changing records. Lookups return EVENT_NOBODY for none.
uint32_t event_lookup_id(const event_state *s, const reservation_id *id);
uint32_t event_lookup_key(const event_state *s, const buyer_id *buyer, const digest16 *key_hash,
                          int64_t now_us);
uint32_t event_lookup_checkout(const event_state *s, const buyer_id *buyer,
                               const digest16 *key_hash, int64_t now_us);
bool event_hash_id(const void *state, uint32_t n, uint64_t *ret_hash);
bool event_hash_key(const void *state, uint32_t n, uint64_t *ret_hash);
bool event_hash_checkout(const void *state, uint32_t n, uint64_t *ret_hash);
int64_t event_record_total(const event_state *s, const event_record *r);
void event_record_add(event_state *s, const event_reservation *r, const event_keys *keys);
void event_record_forget(event_state *s, uint32_t n);
void event_seats_claim(event_state *s, uint32_t n);
void event_seats_release(event_state *s, uint32_t n);
void event_checkout_set(event_state *s, uint32_t n, const payment_id *payment, uint64_t key,
                        uint64_t body);
void event_refund_note(event_state *s, uint32_t n, int64_t refund_minor);

// refused.c
bool event_refused_make_room(event_state *s, int64_t now_us);
bool event_refused_has_room(const event_state *s);
bool event_payment_refused(const event_state *s, const payment_id *payment);
void event_refusal_add(event_state *s, const payment_id *payment);

#endif
