#include "actors/ticket/sign_format.h"

#include <assert.h>

_Static_assert(TICKET_SECRET_BYTES == crypto_sign_SECRETKEYBYTES, "libsodium's key");
_Static_assert(TICKET_SEED_BYTES == crypto_sign_SEEDBYTES, "libsodium's seed");
_Static_assert(TICKET_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "libsodium's public key");
_Static_assert(sizeof COMPACT_PREFIX + BASE45_TEXT_BYTES(COMPACT_BYTES_MAX) <= TICKET_COMPACT_BYTES,
               "the longest compact form fits");
_Static_assert((HEADER_BYTES_MAX + CLAIMS_BYTES_MAX + crypto_sign_BYTES) * 4 / 3 + 8 <=
                   TICKET_JWS_BYTES,
               "the longest JWS fits");

bool ticket_key_id_valid(const char *id, size_t id_bytes)
{
    if (id_bytes == 0 || id_bytes >= TICKET_KEY_ID_BYTES)
        return false;
    for (size_t i = 0; i < id_bytes; i++) {
        char c = id[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-'))
            return false;
    }
    return true;
}

void ticket_signer_of(const char *id, const uint8_t seed[static TICKET_SEED_BYTES],
                      ticket_signer *ret_signer, ticket_key *ret_key)
{
    size_t id_bytes = strlen(id);
    assert(ticket_key_id_valid(id, id_bytes));
    *ret_signer = (ticket_signer){0};
    *ret_key = (ticket_key){0};
    memcpy(ret_signer->id, id, id_bytes);
    memcpy(ret_key->id, id, id_bytes);
    int failed = crypto_sign_seed_keypair(ret_key->public, ret_signer->secret, seed);
    assert(failed == 0);
}

ticket_claims ticket_claims_of(const reservation_id *reservation, const event_id *event,
                               uint32_t seat)
{
    return (ticket_claims){
        .ticket = ticket_id_of(reservation, seat),
        .event = *event,
        .seat = seat,
        .issued_s = uuid_unix_ms(&reservation->u) / 1000,
    };
}

typedef struct writer {
    char *at;
    const char *end;
} writer;

static void write_text(writer *w, const char *text, size_t text_bytes)
{
    assert((size_t)(w->end - w->at) > text_bytes);
    memcpy(w->at, text, text_bytes);
    w->at += text_bytes;
    *w->at = 0;
}

static void write_literal(writer *w, const char *text)
{
    write_text(w, text, strlen(text));
}

static void write_id(writer *w, const uuid *id)
{
    char text[UUID_TEXT_BYTES];
    uuid_format(id, text);
    write_text(w, text, sizeof text - 1);
}

static void write_number(writer *w, uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    write_text(w, digits + at, sizeof digits - at);
}

static void write_base64(writer *w, const void *data, size_t data_bytes)
{
    size_t room = (size_t)(w->end - w->at);
    assert(room >= sodium_base64_ENCODED_LEN(data_bytes, BASE64_VARIANT));
    sodium_bin2base64(w->at, room, data, data_bytes, BASE64_VARIANT);
    w->at += strlen(w->at);
}

static size_t header_write(const char *key_id, char ret_text[static HEADER_BYTES_MAX])
{
    writer w = {ret_text, ret_text + HEADER_BYTES_MAX};
    write_literal(&w, "{\"alg\":\"EdDSA\",\"kid\":\"");
    write_literal(&w, key_id);
    write_literal(&w, "\",\"typ\":\"JWT\"}");
    return (size_t)(w.at - ret_text);
}

static size_t claims_write(const ticket_claims *c, char ret_text[static CLAIMS_BYTES_MAX])
{
    writer w = {ret_text, ret_text + CLAIMS_BYTES_MAX};
    write_literal(&w, "{\"iss\":\"cavea\",\"jti\":\"");
    write_id(&w, &c->ticket.u);
    write_literal(&w, "\",\"event\":\"");
    write_id(&w, &c->event.u);
    write_literal(&w, "\",\"seat\":");
    write_number(&w, c->seat);
    write_literal(&w, ",\"iat\":");
    write_number(&w, (uint64_t)c->issued_s);
    write_literal(&w, "}");
    return (size_t)(w.at - ret_text);
}

size_t ticket_signed_text(const char *key_id, const ticket_claims *claims,
                          char ret_text[static TICKET_JWS_BYTES])
{
    char header[HEADER_BYTES_MAX], body[CLAIMS_BYTES_MAX];
    writer w = {ret_text, ret_text + TICKET_JWS_BYTES};
    write_base64(&w, header, header_write(key_id, header));
    write_literal(&w, ".");
    write_base64(&w, body, claims_write(claims, body));
    return (size_t)(w.at - ret_text);
}

static uint8_t *put_32(uint8_t *at, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        *at++ = (uint8_t)(n >> (24 - 8 * i));
    return at;
}

static size_t compact_write(const char *key_id, const ticket_claims *claims,
                            const uint8_t signature[static crypto_sign_BYTES],
                            char ret_text[static TICKET_COMPACT_BYTES])
{
    uint8_t data[COMPACT_BYTES_MAX], *at = data;
    size_t id_bytes = strlen(key_id);
    *at++ = COMPACT_VERSION;
    *at++ = (uint8_t)id_bytes;
    memcpy(at, key_id, id_bytes);
    at += id_bytes;
    memcpy(at, claims->ticket.u.bytes, 16);
    memcpy(at + 16, claims->event.u.bytes, 16);
    at = put_32(at + 32, claims->seat);
    at = put_32(at, (uint32_t)claims->issued_s);
    memcpy(at, signature, crypto_sign_BYTES);
    size_t all_bytes = (size_t)(at - data) + crypto_sign_BYTES;
    memcpy(ret_text, COMPACT_PREFIX, sizeof COMPACT_PREFIX - 1);
    base45_encode(data, all_bytes, ret_text + sizeof COMPACT_PREFIX - 1);
    size_t text_bytes = sizeof COMPACT_PREFIX - 1 + BASE45_TEXT_BYTES(all_bytes);
    ret_text[text_bytes] = 0;
    return text_bytes;
}

void ticket_sign(const ticket_signer *signer, const ticket_claims *claims, ticket_texts *ret_texts)
{
    ticket_texts *t = ret_texts;
    uint8_t signature[crypto_sign_BYTES];
    assert(claims->issued_s >= 0 && claims->issued_s <= UINT32_MAX);
    size_t bytes = ticket_signed_text(signer->id, claims, t->jws);
    crypto_sign_detached(signature, NULL, (const uint8_t *)t->jws, bytes, signer->secret);
    writer w = {t->jws + bytes, t->jws + sizeof t->jws};
    write_literal(&w, ".");
    write_base64(&w, signature, sizeof signature);
    t->jws_bytes = (size_t)(w.at - t->jws);
    t->compact_bytes = compact_write(signer->id, claims, signature, t->compact);
}
