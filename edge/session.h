// Session tokens: who a buyer is for 24 hours, told by a keyed MAC instead of a table. Knows no
// HTTP and no clock. Layout before base64url (RFC 4648, no padding): version 1, buyer id 16 bytes,
// expiry 8 bytes big-endian (unix seconds), e-mail length 1 byte and the address, and the MAC
// (libsodium crypto_auth, HMAC-SHA-512-256) over everything before it. The address is contact data
// only; it identifies nobody. Any thread.
#ifndef CAVEA_EDGE_SESSION_H
#define CAVEA_EDGE_SESSION_H

#include "schemas/id.h"
#include "schemas/limits.h"

#include <sodium.h>

enum {
    SESSION_KEY_BYTES = crypto_auth_hmacsha512256_KEYBYTES,
    SESSION_TOKEN_BYTES_MAX = 420, // text with the final NUL
};

typedef struct session {
    buyer_id buyer;
    int64_t expires_s; // unix seconds
    char email[EMAIL_BYTES_MAX + 1];
} session;

// The key, made ready once; the MAC's first half is computed at that time.
typedef struct session_key {
    crypto_auth_hmacsha512256_state state;
} session_key;

void session_key_init(session_key *k, const uint8_t secret[static SESSION_KEY_BYTES]);

// Returns the text's length.
size_t session_token_make(const session_key *k, const session *s,
                          char ret_token[static SESSION_TOKEN_BYTES_MAX]);
// False for everything that this key did not make and for what has expired at now_s. The MAC is
// compared in constant time before anything is believed.
MUST_CHECK bool session_token_read(const session_key *k, const char *token, size_t token_bytes,
                                   int64_t now_s, session *ret_session);
// `Authorization: Bearer <token>` (RFC 6750); NULL is no session.
MUST_CHECK bool session_authorize(const session_key *k, const char *authorization, int64_t now_s,
                                  session *ret_session);

// One "@" with text on both sides, printable ASCII or UTF-8, no blanks, at most EMAIL_BYTES_MAX
// bytes: whether mail arrives is found out by sending some.
MUST_CHECK bool session_email_valid(const char *email, size_t email_bytes);

#endif
