// NKeys of NATS users: an Ed25519 pair as text, made here because Debian has no tool for it. The
// seed proves who a program is and stays in a file of its own; the server's configuration has only
// the public key. Text form: base32 without padding of prefix, bytes and CRC-16/XMODEM in little
// endian (github.com/nats-io/nkeys). Refuses to know servers and files. Any thread.
#ifndef CAVEA_OPS_HOST_NKEY_H
#define CAVEA_OPS_HOST_NKEY_H

#include "schemas/id.h"

enum {
    NKEY_SEED_TEXT_BYTES = 58 + 1,
    NKEY_PUBLIC_TEXT_BYTES = 56 + 1,
    NKEY_ENTROPY_BYTES = 32,
    NKEY_SIGNATURE_BYTES = 64,
};

// The seed's text, "SU...", of 32 secret random bytes. The caller wipes both.
void nkey_seed_text(const uint8_t entropy[static NKEY_ENTROPY_BYTES],
                    char ret_text[static NKEY_SEED_TEXT_BYTES]);
// The public key, "U...", that belongs to a seed's text. False: that is no seed of a user, or a
// letter of it is wrong.
MUST_CHECK bool nkey_public_text(const char *seed_text,
                                 char ret_text[static NKEY_PUBLIC_TEXT_BYTES]);
// Signs with Ed25519. The first byte of the signature is never zero: nats.c 3.4.1 takes a signature
// for absent then, and one login in 256 would be refused (measured: 14 of 4,000). So its first half
// is drawn at random and not derived from the message as RFC 8032 proposes; whoever verifies cannot
// tell. False: that is no seed of a user.
MUST_CHECK bool nkey_sign(const char *seed_text, const void *message, size_t message_bytes,
                          uint8_t ret_signature[static NKEY_SIGNATURE_BYTES]);

#endif
