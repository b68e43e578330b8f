// Session tokens: who a buyer is until a time, told by a keyed MAC instead of a table. One kind is
// a bearer token, the other a browser's cookie (edge/cookie.h), and neither passes for the other.
// Knows no HTTP and no clock, and refuses to know who should be forgotten: nothing takes a token
// back before its time, except a change of the key. Layout before base64url (RFC 4648, no padding):
// kind 1 byte, buyer id 16 bytes, expiry 8 bytes big-endian (unix seconds), e-mail length 1 byte
// and the address, and the MAC (libsodium crypto_auth, HMAC-SHA-512-256) over everything before it.
// The address can be read by whoever has the token; it is contact data and identifies nobody. Any
// thread.
#ifndef CAVEA_EDGE_SESSION_H
#define CAVEA_EDGE_SESSION_H

#include "schemas/id.h"
#include "schemas/limits.h"

#include <sodium.h>

enum {
    SESSION_KEY_BYTES = crypto_auth_hmacsha512256_KEYBYTES,
    SESSION_TOKEN_BYTES_MAX = 420, // text with the final NUL
};

typedef enum session_kind { // the first byte of a token, for ever
    SESSION_BEARER = 1,     // for SESSION_SECONDS
    SESSION_BROWSER = 2,    // for SESSION_BROWSER_SECONDS
} session_kind;

typedef struct session {
    buyer_id buyer;
    int64_t expires_s; // unix seconds
    char email[EMAIL_BYTES_MAX + 1];
} session;

// The key that tokens are made with and, while keys are being changed, another one whose tokens are
// taken too. Made ready once; the MAC's first half is computed at that time.
typedef struct session_keys {
    crypto_auth_hmacsha512256_state own, other;
    bool has_other;
} session_keys;

void session_keys_init(session_keys *k, const uint8_t secret[static SESSION_KEY_BYTES]);
void session_keys_accept(session_keys *k, const uint8_t secret[static SESSION_KEY_BYTES]);

// Returns the text's length.
size_t session_token_make(const session_keys *k, session_kind kind, const session *s,
                          char ret_token[static SESSION_TOKEN_BYTES_MAX]);
// False for everything that these keys did not make, for the other kind and for what has expired at
// now_s. The MAC is compared in constant time before anything is believed.
MUST_CHECK bool session_token_read(const session_keys *k, session_kind kind, const char *token,
                                   size_t token_bytes, int64_t now_s, session *ret_session);
// `Authorization: Bearer <token>` (RFC 6750); NULL is no session.
MUST_CHECK bool session_authorize(const session_keys *k, const char *authorization, int64_t now_s,
                                  session *ret_session);

// One "@" with text on both sides, printable ASCII or UTF-8, no blanks, at most EMAIL_BYTES_MAX
// bytes: whether mail arrives is found out by sending some.
MUST_CHECK bool session_email_valid(const char *email, size_t email_bytes);

#endif
