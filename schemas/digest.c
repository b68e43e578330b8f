#include "schemas/digest.h"

#include <assert.h>
#include <sodium.h>

// libsodium's calls fail only for lengths that are constants here.
static void blake2b(void *out, size_t out_bytes, const void *data, size_t data_bytes)
{
    int failed = crypto_generichash(out, out_bytes, data, data_bytes, NULL, 0);
    assert(!failed);
}

digest16 digest16_of(const void *data, size_t data_bytes)
{
    digest16 d;
    blake2b(d.bytes, sizeof d.bytes, data, data_bytes);
    return d;
}

digest32 digest32_of(const void *data, size_t data_bytes)
{
    digest32 d;
    blake2b(d.bytes, sizeof d.bytes, data, data_bytes);
    return d;
}

digest32 digest32_sha256(const void *data, size_t data_bytes)
{
    digest32 d;
    crypto_hash_sha256(d.bytes, data, data_bytes);
    return d;
}

bool digest32_parse(const char *text, size_t text_bytes, digest32 *ret_digest)
{
    digest32 d = {{0}};
    if (text_bytes != DIGEST32_TEXT_BYTES - 1)
        return false;
    for (size_t i = 0; i < text_bytes; i++) {
        char c = text[i];
        int value;
        if (c >= '0' && c <= '9')
            value = c - '0';
        else if (c >= 'a' && c <= 'f')
            value = c - 'a' + 10;
        else
            return false;
        d.bytes[i / 2] = (uint8_t)(d.bytes[i / 2] << 4 | value);
    }
    *ret_digest = d;
    return true;
}

void digest32_format(const digest32 *d, char ret_text[static DIGEST32_TEXT_BYTES])
{
    sodium_bin2hex(ret_text, DIGEST32_TEXT_BYTES, d->bytes, sizeof d->bytes);
}

static void be32(uint32_t value, uint8_t out[static 4])
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

digest16 idempotency_key_hash(const buyer_id *buyer, const char *route, const char *key,
                              size_t key_bytes)
{
    crypto_generichash_state state;
    digest16 d;
    crypto_generichash_init(&state, NULL, 0, sizeof d.bytes);
    crypto_generichash_update(&state, buyer->u.bytes, sizeof buyer->u.bytes);
    crypto_generichash_update(&state, (const uint8_t *)route, strlen(route) + 1);
    crypto_generichash_update(&state, (const uint8_t *)key, key_bytes);
    crypto_generichash_final(&state, d.bytes, sizeof d.bytes);
    return d;
}

digest16 reserve_body_hash(const event_id *event, const uint32_t *seats, size_t seats_count)
{
    crypto_generichash_state state;
    digest16 d;
    crypto_generichash_init(&state, NULL, 0, sizeof d.bytes);
    crypto_generichash_update(&state, event->u.bytes, sizeof event->u.bytes);
    for (size_t i = 0; i < seats_count; i++) {
        uint8_t seat[4];
        be32(seats[i], seat);
        crypto_generichash_update(&state, seat, sizeof seat);
    }
    crypto_generichash_final(&state, d.bytes, sizeof d.bytes);
    return d;
}

// What is not ticked is not hashed: the hash of a plain checkout is that of its reservation.
digest16 checkout_body_hash(const reservation_id *reservation, bool other_seats)
{
    uint8_t body[sizeof reservation->u.bytes + 1];
    memcpy(body, reservation->u.bytes, sizeof reservation->u.bytes);
    body[sizeof reservation->u.bytes] = 1;
    return digest16_of(body, sizeof reservation->u.bytes + other_seats);
}

digest32 fact_hash(const digest32 *previous, int64_t seq, uint16_t kind, const void *payload,
                   size_t payload_bytes)
{
    crypto_generichash_state state;
    uint8_t head[42];
    digest32 d;
    memcpy(head, previous->bytes, 32);
    be32((uint32_t)((uint64_t)seq >> 32), head + 32);
    be32((uint32_t)seq, head + 36);
    head[40] = (uint8_t)(kind >> 8);
    head[41] = (uint8_t)kind;
    crypto_generichash_init(&state, NULL, 0, sizeof d.bytes);
    crypto_generichash_update(&state, head, sizeof head);
    crypto_generichash_update(&state, payload, payload_bytes);
    crypto_generichash_final(&state, d.bytes, sizeof d.bytes);
    return d;
}
