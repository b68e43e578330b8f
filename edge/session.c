#include "edge/session.h"

#include "schemas/text.h"

#include <assert.h>
#include <strings.h>

enum {
    MAC_BYTES = crypto_auth_hmacsha512256_BYTES,
    FIXED_BYTES = 1 + 16 + 8 + 1,
    RAW_BYTES_MAX = FIXED_BYTES + EMAIL_BYTES_MAX + MAC_BYTES,
    BASE64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
};

_Static_assert(SESSION_TOKEN_BYTES_MAX >= sodium_base64_ENCODED_LEN(RAW_BYTES_MAX, BASE64),
               "the longest token fits");
_Static_assert(EMAIL_BYTES_MAX <= 255, "an address's length fits one byte");

void session_keys_init(session_keys *k, const uint8_t secret[static SESSION_KEY_BYTES])
{
    crypto_auth_hmacsha512256_init(&k->own, secret, SESSION_KEY_BYTES);
    k->has_other = false;
}

void session_keys_accept(session_keys *k, const uint8_t secret[static SESSION_KEY_BYTES])
{
    crypto_auth_hmacsha512256_init(&k->other, secret, SESSION_KEY_BYTES);
    k->has_other = true;
}

static void mac_make(const crypto_auth_hmacsha512256_state *key, const uint8_t *data,
                     size_t data_bytes, uint8_t ret_mac[static MAC_BYTES])
{
    crypto_auth_hmacsha512256_state state = *key;
    crypto_auth_hmacsha512256_update(&state, data, data_bytes);
    crypto_auth_hmacsha512256_final(&state, ret_mac);
}

// The MAC stands behind the data.
static bool mac_right(const crypto_auth_hmacsha512256_state *key, const uint8_t *data,
                      size_t data_bytes)
{
    uint8_t mac[MAC_BYTES];
    mac_make(key, data, data_bytes, mac);
    return sodium_memcmp(mac, data + data_bytes, MAC_BYTES) == 0;
}

size_t session_token_make(const session_keys *k, session_kind kind, const session *s,
                          char ret_token[static SESSION_TOKEN_BYTES_MAX])
{
    uint8_t raw[RAW_BYTES_MAX];
    size_t email_bytes = strlen(s->email);
    raw[0] = (uint8_t)kind;
    memcpy(raw + 1, s->buyer.u.bytes, 16);
    for (int i = 0; i < 8; i++)
        raw[17 + i] = (uint8_t)(s->expires_s >> (56 - 8 * i));
    raw[25] = (uint8_t)email_bytes;
    memcpy(raw + FIXED_BYTES, s->email, email_bytes);
    size_t bytes = FIXED_BYTES + email_bytes;
    mac_make(&k->own, raw, bytes, raw + bytes);
    sodium_bin2base64(ret_token, SESSION_TOKEN_BYTES_MAX, raw, bytes + MAC_BYTES, BASE64);
    return strlen(ret_token);
}

// Up to libsodium 1.0.18 its decoder takes bytes above 127 for "_": one token would have many
// texts.
static bool text_is_ascii(const char *text, size_t text_bytes)
{
    for (size_t i = 0; i < text_bytes; i++)
        if ((unsigned char)text[i] > 127)
            return false;
    return true;
}

bool session_token_read(const session_keys *k, session_kind kind, const char *token,
                        size_t token_bytes, int64_t now_s, session *ret_session)
{
    uint8_t raw[RAW_BYTES_MAX];
    size_t bytes;
    const char *end;
    if (token_bytes >= SESSION_TOKEN_BYTES_MAX || !text_is_ascii(token, token_bytes) ||
        sodium_base642bin(raw, sizeof raw, token, token_bytes, NULL, &bytes, &end, BASE64) != 0 ||
        end != token + token_bytes || bytes < FIXED_BYTES + MAC_BYTES)
        return false;
    size_t signed_bytes = bytes - MAC_BYTES;
    if (!mac_right(&k->own, raw, signed_bytes) &&
        !(k->has_other && mac_right(&k->other, raw, signed_bytes)))
        return false;
    size_t email_bytes = raw[25];
    if (raw[0] != kind || signed_bytes != FIXED_BYTES + email_bytes ||
        email_bytes > EMAIL_BYTES_MAX)
        return false;
    session s = {.expires_s = 0};
    memcpy(s.buyer.u.bytes, raw + 1, 16);
    for (int i = 0; i < 8; i++)
        s.expires_s = (int64_t)((uint64_t)s.expires_s << 8 | raw[17 + i]);
    if (s.expires_s <= now_s)
        return false;
    memcpy(s.email, raw + FIXED_BYTES, email_bytes);
    *ret_session = s;
    return true;
}

bool session_authorize(const session_keys *k, const char *authorization, int64_t now_s,
                       session *ret_session)
{
    static const char scheme[] = "Bearer ";
    if (!authorization || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return false;
    const char *token = authorization + sizeof scheme - 1;
    token += strspn(token, " ");
    return session_token_read(k, SESSION_BEARER, token, strlen(token), now_s, ret_session);
}

bool session_email_valid(const char *email, size_t email_bytes)
{
    if (!text_name_valid(email, email_bytes, EMAIL_BYTES_MAX) || memchr(email, ' ', email_bytes))
        return false;
    const char *at = memchr(email, '@', email_bytes);
    if (!at || at == email || at == email + email_bytes - 1)
        return false;
    return !memchr(at + 1, '@', (size_t)(email + email_bytes - at - 1));
}
