#include "actors/ticket/sign_format.h"

static uint32_t get_32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static const ticket_key *key_find(const ticket_key *keys, size_t keys_count, const char *id,
                                  size_t id_bytes)
{
    for (size_t i = 0; i < keys_count; i++)
        if (strlen(keys[i].id) == id_bytes && memcmp(keys[i].id, id, id_bytes) == 0)
            return &keys[i];
    return NULL;
}

static ticket_reading compact_read(const char *text, size_t text_bytes, const ticket_key *keys,
                                   size_t keys_count, ticket_claims *ret_claims)
{
    uint8_t data[COMPACT_BYTES_MAX];
    size_t bytes;
    if (!base45_decode(text, text_bytes, sizeof data, data, &bytes) || bytes < 2 ||
        data[0] != COMPACT_VERSION)
        return TICKET_MALFORMED;
    size_t id_bytes = data[1], body_bytes = 42 + id_bytes;
    if (bytes != body_bytes + crypto_sign_BYTES ||
        !ticket_key_id_valid((const char *)data + 2, id_bytes))
        return TICKET_MALFORMED;
    const ticket_key *key = key_find(keys, keys_count, (const char *)data + 2, id_bytes);
    if (key == NULL)
        return TICKET_KEY_UNKNOWN;
    const uint8_t *at = data + 2 + id_bytes;
    ticket_claims c = {.seat = get_32(at + 32), .issued_s = get_32(at + 36)};
    memcpy(c.ticket.u.bytes, at, 16);
    memcpy(c.event.u.bytes, at + 16, 16);
    char wanted[TICKET_JWS_BYTES];
    size_t wanted_bytes = ticket_signed_text(key->id, &c, wanted);
    if (crypto_sign_verify_detached(data + body_bytes, (const uint8_t *)wanted, wanted_bytes,
                                    key->public) != 0)
        return TICKET_SIGNATURE_BAD;
    *ret_claims = c;
    return TICKET_READ;
}

typedef struct reader {
    const char *at, *end;
} reader;

static bool read_literal(reader *r, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, text, n) != 0)
        return false;
    r->at += n;
    return true;
}

static bool read_id(reader *r, uuid *ret_id)
{
    if (r->end - r->at < UUID_TEXT_BYTES - 1 || !uuid_parse(r->at, UUID_TEXT_BYTES - 1, ret_id))
        return false;
    r->at += UUID_TEXT_BYTES - 1;
    return true;
}

// Decimal without leading zeros, at most 32 bits.
static bool read_number(reader *r, uint32_t *ret_number)
{
    uint64_t n = 0;
    const char *start = r->at;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9' && n <= UINT32_MAX; r->at++)
        n = 10 * n + (uint64_t)(*r->at - '0');
    if (r->at == start || n > UINT32_MAX || (*start == '0' && r->at > start + 1))
        return false;
    *ret_number = (uint32_t)n;
    return true;
}

static bool claims_read(const char *text, size_t text_bytes, ticket_claims *ret_claims)
{
    reader r = {text, text + text_bytes};
    ticket_claims c = {0};
    uint32_t issued_s;
    if (!read_literal(&r, "{\"iss\":\"cavea\",\"jti\":\"") || !read_id(&r, &c.ticket.u) ||
        !read_literal(&r, "\",\"event\":\"") || !read_id(&r, &c.event.u) ||
        !read_literal(&r, "\",\"seat\":") || !read_number(&r, &c.seat) ||
        !read_literal(&r, ",\"iat\":") || !read_number(&r, &issued_s) || !read_literal(&r, "}") ||
        r.at != r.end)
        return false;
    c.issued_s = issued_s;
    *ret_claims = c;
    return true;
}

// The key id of a header of ours; borrowed from the text.
static bool header_read(const char *text, size_t text_bytes, const char **ret_id, size_t *ret_bytes)
{
    reader r = {text, text + text_bytes};
    if (!read_literal(&r, "{\"alg\":\"EdDSA\",\"kid\":\""))
        return false;
    const char *id = r.at;
    while (r.at < r.end && *r.at != '"')
        r.at++;
    size_t id_bytes = (size_t)(r.at - id);
    if (!ticket_key_id_valid(id, id_bytes) || !read_literal(&r, "\",\"typ\":\"JWT\"}") ||
        r.at != r.end)
        return false;
    *ret_id = id;
    *ret_bytes = id_bytes;
    return true;
}

// Base64url without padding. libsodium refuses stray bits, but 1.0.18 takes bytes above 127 for
// '_'.
static bool base64_read(const char *text, size_t text_bytes, void *ret_data, size_t data_max,
                        size_t *ret_bytes)
{
    const char *end;
    for (size_t i = 0; i < text_bytes; i++)
        if ((unsigned char)text[i] > '~')
            return false;
    return sodium_base642bin(ret_data, data_max, text, text_bytes, NULL, ret_bytes, &end,
                             BASE64_VARIANT) == 0 &&
           end == text + text_bytes;
}

static ticket_reading jws_read(const char *text, size_t text_bytes, const ticket_key *keys,
                               size_t keys_count, ticket_claims *ret_claims)
{
    char header[HEADER_BYTES_MAX], body[CLAIMS_BYTES_MAX];
    uint8_t signature[crypto_sign_BYTES];
    size_t header_bytes, body_bytes, signature_bytes, id_bytes;
    const char *id, *first = memchr(text, '.', text_bytes);
    if (first == NULL)
        return TICKET_MALFORMED;
    const char *end = text + text_bytes,
               *second = memchr(first + 1, '.', (size_t)(end - first - 1));
    ticket_claims c;
    if (second == NULL ||
        !base64_read(text, (size_t)(first - text), header, sizeof header, &header_bytes) ||
        !base64_read(first + 1, (size_t)(second - first - 1), body, sizeof body, &body_bytes) ||
        !base64_read(second + 1, (size_t)(end - second - 1), signature, sizeof signature,
                     &signature_bytes) ||
        signature_bytes != sizeof signature || !header_read(header, header_bytes, &id, &id_bytes) ||
        !claims_read(body, body_bytes, &c))
        return TICKET_MALFORMED;
    const ticket_key *key = key_find(keys, keys_count, id, id_bytes);
    if (key == NULL)
        return TICKET_KEY_UNKNOWN;
    if (crypto_sign_verify_detached(signature, (const uint8_t *)text, (size_t)(second - text),
                                    key->public) != 0)
        return TICKET_SIGNATURE_BAD;
    *ret_claims = c;
    return TICKET_READ;
}

ticket_reading ticket_read(const char *text, size_t text_bytes, const ticket_key *keys,
                           size_t keys_count, ticket_claims *ret_claims)
{
    size_t prefix = sizeof COMPACT_PREFIX - 1;
    if (text_bytes >= prefix && memcmp(text, COMPACT_PREFIX, prefix) == 0)
        return text_bytes < TICKET_COMPACT_BYTES
                   ? compact_read(text + prefix, text_bytes - prefix, keys, keys_count, ret_claims)
                   : TICKET_MALFORMED;
    return text_bytes < TICKET_JWS_BYTES ? jws_read(text, text_bytes, keys, keys_count, ret_claims)
                                         : TICKET_MALFORMED;
}
