// Digests that more than one process computes: BLAKE2b (RFC 7693) through libsodium, SHA-256 only
// where a stranger checks it (plan addresses). Knows no key and no state. Pure; any thread.
#ifndef CAVEA_SCHEMAS_DIGEST_H
#define CAVEA_SCHEMAS_DIGEST_H

#include "schemas/id.h"

enum { DIGEST32_TEXT_BYTES = 65 }; // 64 lower-case hex digits and the final NUL

static inline bool digest16_equal(const digest16 *a, const digest16 *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
static inline bool digest16_is_zero(const digest16 *a)
{
    static const digest16 zero;
    return digest16_equal(a, &zero);
}
static inline bool digest32_equal(const digest32 *a, const digest32 *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
static inline bool digest32_is_zero(const digest32 *a)
{
    static const digest32 zero;
    return digest32_equal(a, &zero);
}

digest16 digest16_of(const void *data, size_t data_bytes); // BLAKE2b-128
digest32 digest32_of(const void *data, size_t data_bytes); // BLAKE2b-256
digest32 digest32_sha256(const void *data, size_t data_bytes);

// Reads 64 lower-case hex digits and nothing else.
MUST_CHECK bool digest32_parse(const char *text, size_t text_bytes, digest32 *ret_digest);
void digest32_format(const digest32 *d, char ret_text[static DIGEST32_TEXT_BYTES]);

// One Idempotency-Key of one buyer on one route: BLAKE2b-128(buyer id | route | 0 | key).
digest16 idempotency_key_hash(const buyer_id *buyer, const char *route, const char *key,
                              size_t key_bytes);
// The canonical body of a reservation: BLAKE2b-128(event id | each seat as big-endian 32 bits, in
// the order given), and of a checkout: BLAKE2b-128(reservation id).
digest16 reserve_body_hash(const event_id *event, const uint32_t *seats, size_t seats_count);
digest16 checkout_body_hash(const reservation_id *reservation, bool other_seats);

// The hash chain of an actor's facts: BLAKE2b-256(previous hash | seq big-endian 64 bits | kind
// big-endian 16 bits | payload). The first fact follows 32 zero bytes.
digest32 fact_hash(const digest32 *previous, int64_t seq, uint16_t kind, const void *payload,
                   size_t payload_bytes);

#endif
