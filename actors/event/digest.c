#include "actors/event/state.h"

#include <endian.h>
#include <sodium.h>

// Numbers are hashed as 64 bits, little-endian, so that every machine agrees.
typedef struct digest_writer {
    crypto_generichash_state hash;
    uint8_t bytes[4096];
    uint32_t count;
} digest_writer;

static void write_bytes(digest_writer *w, const void *bytes, uint32_t bytes_count)
{
    if (w->count + bytes_count > sizeof w->bytes) {
        crypto_generichash_update(&w->hash, w->bytes, w->count);
        w->count = 0;
    }
    memcpy(w->bytes + w->count, bytes, bytes_count);
    w->count += bytes_count;
}

static void write_number(digest_writer *w, uint64_t number)
{
    uint64_t little_endian = htole64(number);
    write_bytes(w, &little_endian, sizeof little_endian);
}

static void write_record(digest_writer *w, const event_state *s, const event_record *r)
{
    static const event_checkout none;
    const event_place *places = event_places(s, r);
    const event_checkout *checkout = event_checkout_of(s, r);
    if (checkout == NULL)
        checkout = &none;
    write_number(w, r->state);
    write_number(w, r->outcome);
    write_number(w, r->other_seats);
    write_number(w, (uint64_t)r->expires_us);
    write_bytes(w, r->buyer.u.bytes, sizeof r->buyer.u.bytes);
    write_bytes(w, &r->key, sizeof r->key);
    write_bytes(w, &r->body, sizeof r->body);
    write_bytes(w, checkout->payment.u.bytes, sizeof checkout->payment.u.bytes);
    write_bytes(w, &checkout->key, sizeof checkout->key);
    write_number(w, checkout->body);
    write_number(w, r->seats_count);
    for (uint32_t i = 0; i < r->seats_count; i++) {
        write_number(w, places[i].seat);
        write_number(w, (uint64_t)s->prices[places[i].price]);
    }
}

digest32 event_digest(const event_state *s)
{
    digest_writer w = {.count = 0};
    digest32 digest;
    crypto_generichash_init(&w.hash, NULL, 0, sizeof digest);
    write_number(&w, s->config.status);
    for (uint32_t seat = 0; seat < s->seats.count; seat++) {
        if (s->owner[seat] == EVENT_NOBODY)
            continue;
        const event_record *r = event_record_at(s, s->owner[seat]);
        write_number(&w, seat);
        write_bytes(&w, r->id.u.bytes, sizeof r->id.u.bytes);
        if (event_places(s, r)->seat == seat)
            write_record(&w, s, r);
    }
    crypto_generichash_update(&w.hash, w.bytes, w.count);
    crypto_generichash_final(&w.hash, digest.bytes, sizeof digest);
    return digest;
}
