#include "actors/event/state.h"

#include <sodium.h>
#include <stdlib.h>

enum {
    RECORDS_MIN = 64,
    RECORDS_MAX = 8 * 1024 * 1024,
    REFUSED_SPARE = 256, // refusals that fit between two calls of event_make_room
};

static uint64_t index_hash(const uint8_t *bytes)
{
    uint64_t h;
    memcpy(&h, bytes, sizeof h);
    return h * 0x9e3779b97f4a7c15u >> 20;
}

// Ids end in 42 random bits, key hashes are random: eight bytes of either are enough.
static uint64_t id_hash(const reservation_id *id)
{
    return index_hash(id->u.bytes + 8);
}

static uint64_t key_hash_of(const digest16 *key)
{
    return index_hash(key->bytes);
}

static void index_put(event_index *index, uint64_t hash, uint32_t record)
{
    uint32_t at = (uint32_t)hash & index->mask;
    while (index->slots[at] != EVENT_NOBODY)
        at = (at + 1) & index->mask;
    index->slots[at] = record;
}

uint32_t event_lookup_id(const event_state *s, const reservation_id *id)
{
    uint32_t at = (uint32_t)id_hash(id) & s->by_id.mask;
    for (uint32_t n; (n = s->by_id.slots[at]) != EVENT_NOBODY; at = (at + 1) & s->by_id.mask)
        if (uuid_equal(&s->records[n].id.u, &id->u))
            return n;
    return EVENT_NOBODY;
}

uint32_t event_lookup_key(const event_state *s, const digest16 *key_hash)
{
    // A key may be used again after a day: the newest record counts.
    uint32_t at = (uint32_t)key_hash_of(key_hash) & s->by_key.mask, found = EVENT_NOBODY;
    for (uint32_t n; (n = s->by_key.slots[at]) != EVENT_NOBODY; at = (at + 1) & s->by_key.mask)
        if (memcmp(&s->records[n].key_hash, key_hash, sizeof *key_hash) == 0 &&
            (found == EVENT_NOBODY || n > found))
            found = n;
    return found;
}

static int payment_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(payment_id));
}

bool event_payment_refused(const event_state *s, const payment_id *payment)
{
    return s->refused_count > 0 && bsearch(payment, s->refused, s->refused_count,
                                           sizeof *s->refused, payment_compare) != NULL;
}

void event_refusal_add(event_state *s, const payment_id *payment)
{
    if (event_payment_refused(s, payment))
        return;
    assert(s->refused_count < s->refused_max);
    uint32_t at = s->refused_count++;
    for (; at > 0 && payment_compare(payment, &s->refused[at - 1]) < 0; at--)
        s->refused[at] = s->refused[at - 1];
    s->refused[at] = *payment;
}

uint32_t event_record_add(event_state *s, const event_reservation *r, const uint32_t *seats,
                          const int64_t *price_minor)
{
    assert(s->records_count < s->records_max);
    assert(s->pool_count + r->seats_count <= s->pool_max);
    uint32_t n = s->records_count++;
    event_reservation *record = &s->records[n];
    *record = *r;
    record->seats_at = s->pool_count;
    for (uint32_t i = 0; i < r->seats_count; i++) {
        s->pool_seats[s->pool_count + i] = seats[i];
        s->pool_prices[s->pool_count + i] = price_minor[i];
    }
    s->pool_count += r->seats_count;
    index_put(&s->by_id, id_hash(&record->id), n);
    index_put(&s->by_key, key_hash_of(&record->key_hash), n);
    if (!event_reservation_live(record))
        return n;
    for (uint32_t i = 0; i < r->seats_count; i++) {
        assert(seats[i] < s->seats.count);
#ifdef CAVEA_BUGS
        if (!event_bug_taken_seat_is_free)
#endif
            assert(s->owner[seats[i]] == EVENT_NOBODY);
        s->owner[seats[i]] = n;
    }
    s->claimed += r->seats_count;
    return n;
}

event_state *event_state_new(const event_config *config, const event_seats *seats)
{
    event_state *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->config = *config;
    s->seats = *seats;
    s->owner = malloc(seats->count * sizeof *s->owner);
    if (s->owner == NULL || !event_make_room(s, RECORDS_MIN / 2, 0)) {
        event_state_free(s);
        return NULL;
    }
    for (uint32_t i = 0; i < seats->count; i++)
        s->owner[i] = EVENT_NOBODY;
    return s;
}

static void buffers_free(event_state *s)
{
    free(s->records);
    free(s->pool_seats);
    free(s->pool_prices);
    free(s->by_id.slots);
    free(s->by_key.slots);
}

void event_state_free(event_state *s)
{
    if (s == NULL)
        return;
    buffers_free(s);
    free(s->owner);
    free(s->refused);
    free(s);
}

static bool refused_make_room(event_state *s)
{
    if (s->refused_count + REFUSED_SPARE <= s->refused_max)
        return true;
    uint32_t max = s->refused_count * 2 + 2 * REFUSED_SPARE;
    payment_id *refused = realloc(s->refused, max * sizeof *refused);
    if (refused == NULL)
        return false;
    s->refused = refused;
    s->refused_max = max;
    return true;
}

static bool forgettable(const event_reservation *r, int64_t now_us)
{
    return !event_reservation_live(r) &&
           uuid_unix_ms(&r->id.u) + (int64_t)IDEMPOTENCY_KEEP_SECONDS * 1000 < now_us / 1000;
}

// Copies what is worth keeping into larger buffers; records are renumbered in their old order.
static bool rebuild(event_state *s, uint32_t records_max, int64_t now_us)
{
    uint32_t pool_max = s->pool_count + (records_max - s->records_count) * 4 + 64;
    uint32_t slots = RECORDS_MIN;
    while (slots < 2 * records_max)
        slots *= 2;
    event_state next = *s;
    next.records_count = next.pool_count = 0;
    next.claimed = 0;
    next.records_max = records_max;
    next.pool_max = pool_max;
    next.records = malloc(records_max * sizeof *next.records);
    next.pool_seats = malloc(pool_max * sizeof *next.pool_seats);
    next.pool_prices = malloc(pool_max * sizeof *next.pool_prices);
    next.by_id = (event_index){malloc(slots * sizeof(uint32_t)), slots - 1};
    next.by_key = (event_index){malloc(slots * sizeof(uint32_t)), slots - 1};
    if (!next.records || !next.pool_seats || !next.pool_prices || !next.by_id.slots ||
        !next.by_key.slots) {
        buffers_free(&next);
        return false;
    }
    memset(next.by_id.slots, 0xff, slots * sizeof(uint32_t));
    memset(next.by_key.slots, 0xff, slots * sizeof(uint32_t));
    for (uint32_t n = 0; n < s->records_count; n++)
        if (event_reservation_live(&s->records[n]))
            for (uint32_t i = 0; i < s->records[n].seats_count; i++)
                s->owner[s->pool_seats[s->records[n].seats_at + i]] = EVENT_NOBODY;
    for (uint32_t n = 0; n < s->records_count; n++) {
        const event_reservation *r = &s->records[n];
        if (!forgettable(r, now_us))
            event_record_add(&next, r, s->pool_seats + r->seats_at, s->pool_prices + r->seats_at);
    }
    buffers_free(s);
    *s = next;
    return true;
}

bool event_make_room(event_state *s, uint32_t reservations, int64_t now_us)
{
    if (!refused_make_room(s))
        return false;
    if (s->records_count + reservations <= s->records_max &&
        s->pool_count + reservations * SEATS_PER_RESERVATION_MAX <= s->pool_max)
        return true;
    uint32_t max = RECORDS_MIN;
    while (max < 2 * s->records_count + 4 * reservations)
        max *= 2;
    if (max > RECORDS_MAX)
        max = RECORDS_MAX;
    if (s->records_count + reservations > max)
        return false;
    return rebuild(s, max, now_us);
}

void event_restore(event_state *s, const event_reservation *r, const uint32_t *seats,
                   const int64_t *price_minor)
{
    event_record_add(s, r, seats, price_minor);
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

seat_state event_seat_state(const event_state *s, uint32_t seat)
{
    assert(seat < s->seats.count);
    if (s->owner[seat] != EVENT_NOBODY)
        return s->records[s->owner[seat]].state == RESERVATION_CONFIRMED ? SEAT_SOLD : SEAT_HELD;
    return s->seats.flags[seat] & SEAT_FLAG_BLOCKED ? SEAT_BLOCKED : SEAT_AVAILABLE;
}

bool event_on_sale(const event_state *s, int64_t now_us)
{
    return s->config.status == EVENT_ON_SALE ||
           (s->config.status == EVENT_SCHEDULED && s->config.sale_starts_us <= now_us);
}

const event_reservation *event_find(const event_state *s, const reservation_id *id)
{
    uint32_t n = event_lookup_id(s, id);
    return n == EVENT_NOBODY ? NULL : &s->records[n];
}

const uint32_t *event_reservation_seats(const event_state *s, const event_reservation *r)
{
    return s->pool_seats + r->seats_at;
}

const int64_t *event_reservation_prices(const event_state *s, const event_reservation *r)
{
    return s->pool_prices + r->seats_at;
}

uint64_t event_memory_bytes(const event_state *s)
{
    return sizeof *s + s->seats.count * sizeof *s->owner +
           (uint64_t)s->records_max * sizeof *s->records +
           (uint64_t)s->pool_max * (sizeof *s->pool_seats + sizeof *s->pool_prices) +
           2 * ((uint64_t)s->by_id.mask + 1) * sizeof(uint32_t) +
           s->refused_max * sizeof *s->refused;
}

digest32 event_digest(const event_state *s)
{
    crypto_generichash_state hash;
    digest32 digest;
    crypto_generichash_init(&hash, NULL, 0, sizeof digest);
    uint8_t status = (uint8_t)s->config.status;
    crypto_generichash_update(&hash, &status, 1);
    for (uint32_t seat = 0; seat < s->seats.count; seat++) {
        if (s->owner[seat] == EVENT_NOBODY)
            continue;
        const event_reservation *r = &s->records[s->owner[seat]];
        int64_t numbers[4] = {seat, r->state, r->expires_us, r->total_minor};
        crypto_generichash_update(&hash, (const uint8_t *)numbers, sizeof numbers);
        crypto_generichash_update(&hash, r->id.u.bytes, 16);
        crypto_generichash_update(&hash, r->buyer.u.bytes, 16);
        crypto_generichash_update(&hash, r->payment.u.bytes, 16);
        crypto_generichash_update(&hash, r->key_hash.bytes, 16);
        crypto_generichash_update(&hash, r->body_hash.bytes, 16);
    }
    crypto_generichash_final(&hash, digest.bytes, sizeof digest);
    return digest;
}
