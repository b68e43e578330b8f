#include "ops/host/nkey.h"

#include <sodium.h>

enum {
    PREFIX_SEED = 18 << 3,
    PREFIX_USER = 20 << 3,
    SEED_BYTES = 2 + NKEY_ENTROPY_BYTES + 2, // the prefix of a seed holds that of the public key
    PUBLIC_BYTES = 1 + crypto_sign_PUBLICKEYBYTES + 2,
};

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static uint16_t crc16(const uint8_t *bytes, size_t count)
{
    uint32_t crc = 0;
    for (size_t i = 0; i < count; i++) {
        crc ^= (uint32_t)bytes[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 0x8000) != 0 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1;
    }
    return (uint16_t)crc;
}

// Adds the checksum in the last two bytes and writes all as text with NUL.
static void text_write(uint8_t *bytes, size_t count, char *ret_text)
{
    uint16_t crc = crc16(bytes, count - 2);
    uint32_t held = 0, bits = 0;
    bytes[count - 2] = (uint8_t)(crc & 0xff);
    bytes[count - 1] = (uint8_t)(crc >> 8);
    for (size_t i = 0; i < count; i++) {
        held = (held << 8 | bytes[i]) & 0xffff;
        for (bits += 8; bits >= 5; bits -= 5)
            *ret_text++ = digits[held >> (bits - 5) & 31];
    }
    if (bits > 0)
        *ret_text++ = digits[held << (5 - bits) & 31];
    *ret_text = 0;
}

static bool seed_read(const char *text, uint8_t ret_bytes[static SEED_BYTES])
{
    uint32_t held = 0, bits = 0;
    size_t count = 0;
    if (strlen(text) != NKEY_SEED_TEXT_BYTES - 1)
        return false;
    for (; *text != 0; text++) {
        const char *digit = strchr(digits, *text);
        if (digit == NULL)
            return false;
        held = (held << 5 | (uint32_t)(digit - digits)) & 0xffff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            ret_bytes[count++] = (uint8_t)(held >> bits & 0xff);
        }
    }
    uint16_t crc = crc16(ret_bytes, SEED_BYTES - 2);
    return count == SEED_BYTES && ret_bytes[0] == (PREFIX_SEED | PREFIX_USER >> 5) &&
           ret_bytes[1] == (PREFIX_USER & 31) << 3 && ret_bytes[SEED_BYTES - 2] == (crc & 0xff) &&
           ret_bytes[SEED_BYTES - 1] == crc >> 8;
}

void nkey_seed_text(const uint8_t entropy[static NKEY_ENTROPY_BYTES],
                    char ret_text[static NKEY_SEED_TEXT_BYTES])
{
    uint8_t bytes[SEED_BYTES] = {PREFIX_SEED | PREFIX_USER >> 5, (PREFIX_USER & 31) << 3};
    memcpy(bytes + 2, entropy, NKEY_ENTROPY_BYTES);
    text_write(bytes, sizeof bytes, ret_text);
    sodium_memzero(bytes, sizeof bytes);
}

bool nkey_public_text(const char *seed_text, char ret_text[static NKEY_PUBLIC_TEXT_BYTES])
{
    uint8_t seed[SEED_BYTES], secret[crypto_sign_SECRETKEYBYTES],
        bytes[PUBLIC_BYTES] = {PREFIX_USER};
    bool read = seed_read(seed_text, seed);
    if (read) {
        crypto_sign_seed_keypair(bytes + 1, secret, seed + 2);
        text_write(bytes, sizeof bytes, ret_text);
        sodium_memzero(secret, sizeof secret);
    }
    sodium_memzero(seed, sizeof seed);
    return read;
}

// A secret number and the point that belongs to it, which begins with another byte than zero.
static void commitment_draw(uint8_t ret_number[static crypto_core_ed25519_SCALARBYTES],
                            uint8_t ret_point[static crypto_core_ed25519_BYTES])
{
    do
        crypto_core_ed25519_scalar_random(ret_number);
    while (crypto_scalarmult_ed25519_base_noclamp(ret_point, ret_number) != 0 || ret_point[0] == 0);
}

// S = r + k a, where R = r B is the signature's first half (RFC 8032, 5.1.6, from step 4 on).
static void sign(const uint8_t seed[static NKEY_ENTROPY_BYTES], const void *message,
                 size_t message_bytes, uint8_t ret_signature[static NKEY_SIGNATURE_BYTES])
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    uint8_t a[crypto_scalarmult_curve25519_BYTES], r[crypto_core_ed25519_SCALARBYTES];
    uint8_t k[crypto_core_ed25519_SCALARBYTES], digest[crypto_hash_sha512_BYTES];
    crypto_hash_sha512_state hash;
    crypto_sign_seed_keypair(public, secret, seed);
    crypto_sign_ed25519_sk_to_curve25519(a,
                                         secret); // the clamped scalar is the same on both curves
    commitment_draw(r, ret_signature);
    crypto_hash_sha512_init(&hash);
    crypto_hash_sha512_update(&hash, ret_signature, crypto_core_ed25519_BYTES);
    crypto_hash_sha512_update(&hash, public, sizeof public);
    crypto_hash_sha512_update(&hash, message, message_bytes);
    crypto_hash_sha512_final(&hash, digest);
    crypto_core_ed25519_scalar_reduce(k, digest);
    crypto_core_ed25519_scalar_mul(k, k, a);
    crypto_core_ed25519_scalar_add(ret_signature + crypto_core_ed25519_BYTES, k, r);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(a, sizeof a);
    sodium_memzero(r, sizeof r);
    sodium_memzero(k, sizeof k);
}

bool nkey_sign(const char *seed_text, const void *message, size_t message_bytes,
               uint8_t ret_signature[static NKEY_SIGNATURE_BYTES])
{
    uint8_t seed[SEED_BYTES];
    bool read = seed_read(seed_text, seed);
    if (read)
        sign(seed + 2, message, message_bytes, ret_signature);
    sodium_memzero(seed, sizeof seed);
    return read;
}
