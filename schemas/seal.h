// Who may ask for what. A broker knows who may send to a kind of actor, not which commands: so
// whatever edges have no business with is taken only from somebody who has a key that edges cannot
// read, actors and the operator's command. A seal is an Envelope's last field: keyed BLAKE2b-128
// (RFC 7693, crypto_generichash of libsodium) over the receiver and all bytes before it, as they
// were sent.
// It says who wrote the message, not when: an old one that is sent again passes, and is recognised
// by its number, or by natural keys. Refuses to know where keys come from. Pure; any thread.
#ifndef CAVEA_SCHEMAS_SEAL_H
#define CAVEA_SCHEMAS_SEAL_H

#include "schemas/cavea.pb-c.h"
#include "schemas/id.h"
#include "schemas/wire.h"

enum {
    SEAL_BYTES = 16,
    SEAL_WIRE_BYTES = SEAL_BYTES + 2, // with the field's number and length
    SEAL_KEY_BYTES = 32,
    SEAL_KEYS_MAX = 8,
};

typedef struct seal_key {
    uint8_t bytes[SEAL_KEY_BYTES];
} seal_key;

// The first key seals, any of them opens. Without a key nothing is sealed, and nothing opens.
typedef struct seal_ring {
    seal_key keys[SEAL_KEYS_MAX];
    uint32_t keys_count;
    // Database time until which nobody is asked for a seal: hosts of a version without seals may be
    // at work beside those of this one.
    int64_t asked_from_us;
} seal_ring;

typedef enum seal_verdict {
    SEAL_GOOD,
    SEAL_ABSENT,
    SEAL_WRONG, // of another key, for another receiver, or of other bytes
} seal_verdict;

// Whether edges send such a command: the one list of what needs no seal.
bool seal_needless(Cavea__V1__Command__BodyCase body);
// Writes the last field of the envelope that is all of w; nothing when there is no key. Nothing may
// be written behind it.
void seal_write(const seal_ring *ring, const actor_ref *to, wire *w);
// Of an envelope as it was received. Compares in constant time.
seal_verdict seal_read(const seal_ring *ring, const actor_ref *to, const uint8_t *envelope,
                       uint32_t envelope_bytes);
// Whether all commands of a decoded envelope may be handled; the seal is looked at only when one of
// them needs it. now_us is database time.
MUST_CHECK bool seal_admits(const seal_ring *ring, const actor_ref *to, int64_t now_us,
                            const Cavea__V1__Envelope *decoded, const uint8_t *envelope,
                            uint32_t envelope_bytes);

#endif
