// A ticket as signed text, in two forms with one Ed25519 signature (RFC 8032). Signing is
// deterministic: the same ticket under the same key gives the same bytes, always. Neither form says
// anything of the buyer, nor of the reservation, whose other tickets derive from its id. Keys are
// passed in. Pure (libsodium only); any thread.
//
// JWS: compact serialization (RFC 7515, EdDSA as in RFC 8037) of a JWT (RFC 7519), for any library:
//   header  {"alg":"EdDSA","kid":"<key>","typ":"JWT"}
//   claims  {"iss":"cavea","jti":"<ticket>","event":"<event>","seat":<index>,"iat":<seconds>}
// without blanks, in this order. seat is the index in the event's plan; iat is when the reservation
// was made, read from its id, because that is the one time every signer computes alike.
//
// Compact: "C1:" and Base45 (RFC 9285) of the following bytes, numbers big-endian. Its characters
// are those of a QR code's alphanumeric mode; with a key id of 8 characters it has 174 of them. It
// is the JWS in fewer characters: who verifies it writes header and claims of what it says, as
// above, and the signature is that of the JWS.
//   offset        bytes  what
//   0             1      version, 2
//   1             1      k, the length of the key id, 1 to 16
//   2             k      key id, [A-Za-z0-9_-]
//   2 + k         16     ticket id
//   18 + k        16     event id
//   34 + k        4      seat index
//   38 + k        4      iat, seconds since 1970
//   42 + k        64     signature
#ifndef CAVEA_ACTORS_TICKET_SIGN_H
#define CAVEA_ACTORS_TICKET_SIGN_H

#include "actors/ticket/ticket.h"

enum { TICKET_SEED_BYTES = 32, TICKET_PUBLIC_BYTES = 32, TICKET_SECRET_BYTES = 64 };

typedef struct ticket_signer { // wipe it with sodium_memzero when it is done
    char id[TICKET_KEY_ID_BYTES];
    uint8_t secret[TICKET_SECRET_BYTES];
} ticket_signer;

typedef struct ticket_key { // what a scanner has
    char id[TICKET_KEY_ID_BYTES];
    uint8_t public[TICKET_PUBLIC_BYTES];
} ticket_key;

typedef struct ticket_claims {
    ticket_id ticket;
    event_id event;
    uint32_t seat;
    int64_t issued_s;
} ticket_claims;

MUST_CHECK bool ticket_key_id_valid(const char *id, size_t id_bytes);
// A key pair from its seed. id is a valid key id.
void ticket_signer_of(const char *id, const uint8_t seed[static TICKET_SEED_BYTES],
                      ticket_signer *ret_signer, ticket_key *ret_key);
// What a ticket for this seat says.
ticket_claims ticket_claims_of(const reservation_id *reservation, const event_id *event,
                               uint32_t seat);

typedef struct ticket_texts { // NUL-ended
    char jws[TICKET_JWS_BYTES], compact[TICKET_COMPACT_BYTES];
    size_t jws_bytes, compact_bytes; // without the NUL
} ticket_texts;

void ticket_sign(const ticket_signer *signer, const ticket_claims *claims, ticket_texts *ret_texts);

typedef enum ticket_reading {
    TICKET_READ,          // genuine
    TICKET_MALFORMED,     // not a ticket of ours
    TICKET_KEY_UNKNOWN,   // signed under a key that is not among these
    TICKET_SIGNATURE_BAD, // altered, or signed by somebody else
} ticket_reading;

// Reads and verifies either form; strict: only the exact texts that signing writes are accepted.
// ret_claims is set when TICKET_READ only. Whether the ticket is revoked or used is not said here.
MUST_CHECK ticket_reading ticket_read(const char *text, size_t text_bytes, const ticket_key *keys,
                                      size_t keys_count, ticket_claims *ret_claims);

#endif
