// Records of reservations: finding them, adding them, what their seats and checkouts look like.
#include "actors/event/state.h"
#include "schemas/bug.h"

// Ids end in 42 random bits, key hashes are random.
bool event_hash_id(const void *state, uint32_t n, uint64_t *ret_hash)
{
    const event_record *r = event_record_at(state, n);
    *ret_hash = index_hash(r->id.u.bytes + 8);
    return r->state != 0;
}

bool event_hash_key(const void *state, uint32_t n, uint64_t *ret_hash)
{
    const event_record *r = event_record_at(state, n);
    *ret_hash = index_hash(&r->key);
    return r->state != 0;
}

bool event_hash_checkout(const void *state, uint32_t n, uint64_t *ret_hash)
{
    const event_record *r = event_record_at(state, n);
    const event_checkout *checkout = r->state == 0 ? NULL : event_checkout_of(state, r);
    if (checkout == NULL || checkout->key == 0)
        return false;
    *ret_hash = index_hash(&checkout->key);
    return true;
}

uint32_t event_lookup_id(const event_state *s, const reservation_id *id)
{
    uint64_t hash = index_hash(id->u.bytes + 8);
    uint32_t at = index_start(&s->by_id, hash), n;
    while ((n = index_next(&s->by_id, hash, &at)) != INDEX_NONE)
        if (uuid_equal(&event_record_at(s, n)->id.u, &id->u))
            return n;
    return EVENT_NOBODY;
}

uint32_t event_lookup_key(const event_state *s, const buyer_id *buyer, const digest16 *key_hash,
                          int64_t now_us)
{
    uint64_t key = event_hash_start(key_hash), hash = index_hash(&key);
    uint32_t at = index_start(&s->by_key, hash), n;
    while ((n = index_next(&s->by_key, hash, &at)) != INDEX_NONE) {
        const event_record *r = event_record_at(s, n);
        if (r->key == key && uuid_equal(&r->buyer.u, &buyer->u) &&
            event_record_keeps_keys(r, now_us))
            return n;
    }
    return EVENT_NOBODY;
}

uint32_t event_lookup_checkout(const event_state *s, const buyer_id *buyer,
                               const digest16 *key_hash, int64_t now_us)
{
    uint64_t key = event_hash_start(key_hash), hash = index_hash(&key);
    uint32_t at = index_start(&s->by_checkout, hash), n;
    while ((n = index_next(&s->by_checkout, hash, &at)) != INDEX_NONE) {
        const event_record *r = event_record_at(s, n);
        if (event_checkout_of(s, r)->key == key && uuid_equal(&r->buyer.u, &buyer->u) &&
            event_record_keeps_keys(r, now_us))
            return n;
    }
    return EVENT_NOBODY;
}

int64_t event_record_total(const event_state *s, const event_record *r)
{
    const event_place *places = event_places(s, r);
    int64_t total_minor = 0;
    for (uint32_t i = 0; i < r->seats_count; i++)
        total_minor += s->prices[places[i].price];
    return total_minor;
}

bool event_find(const event_state *s, const reservation_id *id, event_reservation *ret_reservation)
{
    uint32_t n = event_lookup_id(s, id);
    if (n == EVENT_NOBODY)
        return false;
    const event_record *record = event_record_at(s, n);
    const event_place *places = event_places(s, record);
    const event_checkout *checkout = event_checkout_of(s, record);
    event_reservation *r = ret_reservation;
    *r = (event_reservation){
        .id = record->id,
        .buyer = record->buyer,
        .expires_us = record->expires_us,
        .state = (reservation_state)record->state,
        .outcome = (payment_outcome)record->outcome,
        .other_seats = record->other_seats,
        .seats_count = record->seats_count,
    };
    if (checkout != NULL)
        r->payment = checkout->payment;
    for (uint32_t i = 0; i < r->seats_count; i++) {
        r->seats[i] = places[i].seat;
        r->price_minor[i] = s->prices[places[i].price];
        r->total_minor += r->price_minor[i];
    }
    if (checkout != NULL && record->state == RESERVATION_REFUNDED)
        r->refund_minor = refund_share_minor(r->total_minor, checkout->refund_percent);
    return true;
}

// Prices are few: one for each category, and one more for each time that it changed.
static uint16_t price_number(event_state *s, int64_t price_minor)
{
    uint32_t n = 0;
    while (n < s->prices_count && s->prices[n] != price_minor)
        n++;
    if (n == s->prices_count) {
        assert(n < s->prices_max && n <= UINT16_MAX);
        s->prices[s->prices_count++] = price_minor;
    }
    return (uint16_t)n;
}

void event_seats_claim(event_state *s, uint32_t n)
{
    const event_record *r = event_record_at(s, n);
    const event_place *places = event_places(s, r);
    for (uint32_t i = 0; i < r->seats_count; i++) {
        uint32_t seat = places[i].seat;
        assert(s->owner[seat] == EVENT_NOBODY || bug_on(BUG_TAKEN_SEAT));
        s->owner[seat] = n;
        s->open[seat / 64] &= ~(UINT64_C(1) << seat % 64);
    }
    s->claimed += (int32_t)r->seats_count;
}

void event_seats_release(event_state *s, uint32_t n)
{
    const event_record *r = event_record_at(s, n);
    const event_place *places = event_places(s, r);
    for (uint32_t i = 0; i < r->seats_count; i++) {
        uint32_t seat = places[i].seat;
        if (s->owner[seat] != n) // only under BUG_TAKEN_SEAT
            continue;
        s->owner[seat] = EVENT_NOBODY;
        if (!(s->seats.flags[seat] & SEAT_FLAG_BLOCKED))
            s->open[seat / 64] |= UINT64_C(1) << seat % 64;
    }
    s->claimed -= (int32_t)r->seats_count;
}

void event_checkout_set(event_state *s, uint32_t n, const payment_id *payment, uint64_t key,
                        uint64_t body)
{
    event_record *r = event_record_at(s, n);
    event_checkout *checkout = event_checkout_of(s, r);
    if (checkout == NULL)
        r->checkout_at = pool_take(&s->checkouts, 1) & EVENT_NO_CHECKOUT;
    else if (checkout->key != 0)
        index_drop(&s->by_checkout, n);
    checkout = event_checkout_of(s, r);
    *checkout = (event_checkout){.payment = *payment, .key = key, .body = body & UINT64_MAX >> 7};
    if (key != 0)
        index_put(&s->by_checkout, n);
}

// Refunds are whole percents of the price, so that a percent tells the amount.
void event_refund_note(event_state *s, uint32_t n, int64_t refund_minor)
{
    const event_record *r = event_record_at(s, n);
    event_checkout_of(s, r)->refund_percent =
        refund_percent_of(event_record_total(s, r), refund_minor) & 127u;
}

void event_record_add(event_state *s, const event_reservation *r, const event_keys *keys)
{
    uint32_t n = pool_take(&s->records, 1);
    event_record *record = event_record_at(s, n);
    *record = (event_record){
        .id = r->id,
        .buyer = r->buyer,
        .key = event_hash_start(&keys->key_hash),
        .body = event_hash_start(&keys->body_hash),
        .expires_us = r->expires_us,
        .places_at = pool_take(&s->places, r->seats_count) & UINT32_MAX >> 4,
        .outcome = (uint32_t)r->outcome & 7u,
        .other_seats = r->other_seats,
        .checkout_at = EVENT_NO_CHECKOUT,
        .state = (uint32_t)r->state & 15u,
        .seats_count = r->seats_count & 15u,
    };
    event_place *places = pool_at(&s->places, record->places_at);
    for (uint32_t i = 0; i < r->seats_count; i++)
        places[i] = (event_place){(uint16_t)r->seats[i], price_number(s, r->price_minor[i])};
    index_put(&s->by_id, n);
    index_put(&s->by_key, n);
    if (!uuid_is_zero(&r->payment.u))
        event_checkout_set(s, n, &r->payment, event_hash_start(&keys->checkout_key),
                           event_body_start(&keys->checkout_body));
    if (event_record_live(record))
        event_seats_claim(s, n);
    if (record->state == RESERVATION_CONFIRMED)
        s->confirmed++;
    if (record->state == RESERVATION_REFUNDED && event_checkout_of(s, record) != NULL)
        event_refund_note(s, n, r->refund_minor);
}

void event_record_forget(event_state *s, uint32_t n)
{
    event_record *r = event_record_at(s, n);
    const event_checkout *checkout = event_checkout_of(s, r);
    assert(!event_record_live(r));
    index_drop(&s->by_id, n);
    index_drop(&s->by_key, n);
    if (checkout != NULL) {
        if (checkout->key != 0)
            index_drop(&s->by_checkout, n);
        pool_give(&s->checkouts, r->checkout_at, 1);
    }
    pool_give(&s->places, r->places_at, r->seats_count);
    r->state = 0;
    pool_give(&s->records, n, 1);
}
