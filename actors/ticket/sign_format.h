// What the writer (sign.c) and the reader (read.c) of tickets share.
#ifndef CAVEA_ACTORS_TICKET_SIGN_FORMAT_H
#define CAVEA_ACTORS_TICKET_SIGN_FORMAT_H

#include "actors/ticket/base45.h"
#include "actors/ticket/sign.h"

#include <sodium.h>

enum {
    COMPACT_VERSION = 2,
    COMPACT_BODY_MAX = 42 + TICKET_KEY_ID_BYTES - 1,
    COMPACT_BYTES_MAX = COMPACT_BODY_MAX + crypto_sign_BYTES,
    CLAIMS_BYTES_MAX = 256,
    HEADER_BYTES_MAX = 64,
};
#define COMPACT_PREFIX "C1:"
#define BASE64_VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

// What is signed: header and claims of a JWS. Returns the length; a NUL follows.
size_t ticket_signed_text(const char *key_id, const ticket_claims *claims,
                          char ret_text[static TICKET_JWS_BYTES]);

#endif
