#include "ops/host/nkey.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

// The pair that the documentation of NATS uses.
static const char seed[] = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
static const char public[] = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

static void test_nkey__known_seed_gives_its_public_key(void **state)
{
    (void)state;
    char text[NKEY_PUBLIC_TEXT_BYTES];
    assert_true(nkey_public_text(seed, text));
    assert_string_equal(text, public);
}

static void test_nkey__made_seed_is_read_again(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 100; i++) {
        uint8_t entropy[NKEY_ENTROPY_BYTES];
        char made[NKEY_SEED_TEXT_BYTES], text[NKEY_PUBLIC_TEXT_BYTES];
        memset(entropy, i * 37, sizeof entropy);
        nkey_seed_text(entropy, made);
        assert_int_equal(strlen(made), NKEY_SEED_TEXT_BYTES - 1);
        assert_memory_equal(made, "SU", 2);
        assert_true(nkey_public_text(made, text));
        assert_int_equal(strlen(text), NKEY_PUBLIC_TEXT_BYTES - 1);
        assert_int_equal(text[0], 'U');
    }
}

static void test_nkey__each_wrong_letter_is_noticed(void **state)
{
    (void)state;
    char wrong[sizeof seed], text[NKEY_PUBLIC_TEXT_BYTES] = "untouched";
    for (size_t i = 0; i + 2 < sizeof seed;
         i++) { // the last letter has bits that count for nothing
        memcpy(wrong, seed, sizeof seed);
        wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
        assert_false(nkey_public_text(wrong, text));
    }
    assert_string_equal(text, "untouched");
}

static void test_nkey__other_text_is_no_seed(void **state)
{
    (void)state;
    char text[NKEY_PUBLIC_TEXT_BYTES];
    assert_false(nkey_public_text("", text));
    assert_false(nkey_public_text(public, text));
    assert_false(
        nkey_public_text("suacssl3uahudxkfsnvuzrf5uhpmwz6bfdtj7m6usdxiednppqyyycu3vy", text));
    assert_false(
        nkey_public_text("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VYA", text));
}

// The library that verifies is not ours; 2,000 signatures would begin with zero 8 times.
static void test_nkey__signatures_verify_and_never_begin_with_zero(void **state)
{
    (void)state;
    uint8_t entropy[NKEY_ENTROPY_BYTES] = {7}, key[32], secret[64], signature[NKEY_SIGNATURE_BYTES];
    char made[NKEY_SEED_TEXT_BYTES], message[32];
    for (int i = 0; i < 2000; i++) {
        randombytes_buf(entropy, sizeof entropy);
        nkey_seed_text(entropy, made);
        crypto_sign_seed_keypair(key, secret, entropy);
        size_t bytes = (size_t)snprintf(message, sizeof message, "nonce %d", i);
        assert_true(nkey_sign(made, message, bytes, signature));
        assert_int_not_equal(signature[0], 0);
        assert_int_equal(
            crypto_sign_verify_detached(signature, (const uint8_t *)message, bytes, key), 0);
        message[0] ^= 1;
        assert_int_not_equal(
            crypto_sign_verify_detached(signature, (const uint8_t *)message, bytes, key), 0);
    }
    assert_false(nkey_sign(public, "x", 1, signature));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nkey__known_seed_gives_its_public_key),
        cmocka_unit_test(test_nkey__made_seed_is_read_again),
        cmocka_unit_test(test_nkey__each_wrong_letter_is_noticed),
        cmocka_unit_test(test_nkey__other_text_is_no_seed),
        cmocka_unit_test(test_nkey__signatures_verify_and_never_begin_with_zero),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
