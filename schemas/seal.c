#include "schemas/seal.h"

#include <sodium.h>

enum { SEAL_FIELD = 6, SEAL_TAG = SEAL_FIELD << 3 | 2 };

_Static_assert(SEAL_BYTES >= crypto_generichash_BYTES_MIN, "libsodium makes no shorter ones");
_Static_assert(SEAL_KEY_BYTES == crypto_generichash_KEYBYTES, "libsodium's own choice");

bool seal_needless(Cavea__V1__Command__BodyCase body)
{
    switch (body) {
    case CAVEA__V1__COMMAND__BODY_RESERVE:
    case CAVEA__V1__COMMAND__BODY_CANCEL:
    case CAVEA__V1__COMMAND__BODY_CHECKOUT:
    case CAVEA__V1__COMMAND__BODY_CANCEL_CONFIRMED:
    case CAVEA__V1__COMMAND__BODY_PROVIDER_REPORT:
        return true;
    case CAVEA__V1__COMMAND__BODY_EXPIRE:
    case CAVEA__V1__COMMAND__BODY_PAYMENT_CAPTURED:
    case CAVEA__V1__COMMAND__BODY_RESERVATION_RELEASE:
    case CAVEA__V1__COMMAND__BODY_EVENT_STATUS_SET:
    case CAVEA__V1__COMMAND__BODY_REFUND_ALL:
    case CAVEA__V1__COMMAND__BODY_PAYMENT_START:
    case CAVEA__V1__COMMAND__BODY_PAYMENT_DECIDED:
    case CAVEA__V1__COMMAND__BODY_REFUND_REQUEST:
    case CAVEA__V1__COMMAND__BODY_REFUND_RETRY:
    case CAVEA__V1__COMMAND__BODY_REFUND_RESOLVE:
    case CAVEA__V1__COMMAND__BODY_PAYMENT_ABANDONED:
    case CAVEA__V1__COMMAND__BODY_TICKETS_ISSUE:
    case CAVEA__V1__COMMAND__BODY_TICKETS_SIGNED:
    case CAVEA__V1__COMMAND__BODY_TICKETS_REVOKE:
    case CAVEA__V1__COMMAND__BODY_DEADLINES_NOTE:
    case CAVEA__V1__COMMAND__BODY__NOT_SET: // or one that this version does not know
    case _CAVEA__V1__COMMAND__BODY__CASE_IS_INT_SIZE:
        return false;
    }
    return false;
}

static void seal_of(const seal_key *key, const actor_ref *to, const uint8_t *bytes, size_t count,
                    uint8_t ret_seal[static SEAL_BYTES])
{
    crypto_generichash_state state;
    const uint8_t kind = (uint8_t)to->kind;
    crypto_generichash_init(&state, key->bytes, sizeof key->bytes, SEAL_BYTES);
    crypto_generichash_update(&state, &kind, sizeof kind);
    crypto_generichash_update(&state, to->id.u.bytes, sizeof to->id.u.bytes);
    crypto_generichash_update(&state, bytes, count);
    crypto_generichash_final(&state, ret_seal, SEAL_BYTES);
}

void seal_write(const seal_ring *ring, const actor_ref *to, wire *w)
{
    uint8_t seal[SEAL_BYTES];
    if (ring->keys_count == 0 || w->full)
        return;
    seal_of(&ring->keys[0], to, w->bytes, w->count, seal);
    wire_bytes(w, SEAL_FIELD, seal, sizeof seal);
}

seal_verdict seal_read(const seal_ring *ring, const actor_ref *to, const uint8_t *envelope,
                       uint32_t envelope_bytes)
{
    uint8_t seal[SEAL_BYTES];
    if (envelope_bytes < SEAL_WIRE_BYTES)
        return SEAL_ABSENT;
    uint32_t sealed_bytes = envelope_bytes - SEAL_WIRE_BYTES;
    const uint8_t *field = envelope + sealed_bytes;
    if (field[0] != SEAL_TAG || field[1] != SEAL_BYTES)
        return SEAL_ABSENT;
    bool good = false;
    for (uint32_t i = 0; i < ring->keys_count; i++) {
        seal_of(&ring->keys[i], to, envelope, sealed_bytes, seal);
        good |= sodium_memcmp(seal, field + 2, sizeof seal) == 0;
    }
    return good ? SEAL_GOOD : SEAL_WRONG;
}

static bool seal_needed(const Cavea__V1__Envelope *decoded)
{
    for (size_t i = 0; i < decoded->n_commands; i++)
        if (!seal_needless(decoded->commands[i]->body_case))
            return true;
    return false;
}

bool seal_admits(const seal_ring *ring, const actor_ref *to, int64_t now_us,
                 const Cavea__V1__Envelope *decoded, const uint8_t *envelope,
                 uint32_t envelope_bytes)
{
    if (!seal_needed(decoded))
        return true;
    seal_verdict verdict = seal_read(ring, to, envelope, envelope_bytes);
    return verdict == SEAL_GOOD || (verdict == SEAL_ABSENT && now_us < ring->asked_from_us);
}
