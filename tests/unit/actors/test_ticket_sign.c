#include "actors/ticket/base45.h"
#include "actors/ticket/sign.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>

typedef struct issued_texts {
    ticket_signer signer;
    ticket_key key;
    ticket_claims claims;
    ticket_texts texts;
} issued_texts;

static issued_texts issue(const char *kid, uint8_t seed_byte)
{
    issued_texts t = {0};
    uint8_t seed[TICKET_SEED_BYTES];
    static const uint8_t random[6] = {1, 2, 3, 4, 5, 6};
    event_id event = {uuid_v7_floor(1700000000000)};
    reservation_id reservation = {uuid_tagged(1800000000123, event_tag(&event), random)};
    memset(seed, seed_byte, sizeof seed);
    ticket_signer_of(kid, seed, &t.signer, &t.key);
    t.claims = ticket_claims_of(&reservation, &event, 4711);
    ticket_sign(&t.signer, &t.claims, &t.texts);
    return t;
}

// The examples of RFC 9285, sections 4.3 and 4.4.
static void test_base45__given_the_rfcs_examples_then_agrees(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"AB", "BB8"},
                                           {"Hello!!", "%69 VD92EX0"},
                                           {"base-45", "UJCLQE7W581"},
                                           {"ietf!", "QED8WEX0"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char text[64] = {0};
        uint8_t data[64];
        size_t bytes, n = strlen(pairs[i][0]);
        base45_encode((const uint8_t *)pairs[i][0], n, text);
        assert_string_equal(text, pairs[i][1]);
        assert_int_equal(strlen(text), BASE45_TEXT_BYTES(n));
        assert_true(base45_decode(text, strlen(text), sizeof data, data, &bytes));
        assert_int_equal(bytes, n);
        assert_memory_equal(data, pairs[i][0], n);
    }
}

static void test_base45__given_what_cannot_be_then_refuses(void **state)
{
    (void)state;
    uint8_t data[8];
    size_t bytes;
    assert_true(base45_decode("", 0, 0, data, &bytes));
    assert_int_equal(bytes, 0);
    assert_true(base45_decode("FGW", 3, 8, data, &bytes));  // 65535
    assert_false(base45_decode("GGW", 3, 8, data, &bytes)); // 65536
    assert_false(base45_decode(":::", 3, 8, data, &bytes));
    assert_true(base45_decode("U5", 2, 8, data, &bytes));  // 255
    assert_false(base45_decode("V5", 2, 8, data, &bytes)); // 256
    assert_false(base45_decode("A", 1, 8, data, &bytes));
    assert_false(base45_decode("BB8A", 4, 8, data, &bytes));
    assert_false(base45_decode("bb8", 3, 8, data, &bytes));
    assert_false(base45_decode("B\0"
                               "8",
                               3, 8, data, &bytes));
    assert_false(base45_decode("BB8", 3, 1, data, &bytes)); // no room
}

static void test_ticket_sign__given_the_same_ticket_then_the_same_bytes(void **state)
{
    (void)state;
    issued_texts a = issue("k1", 7), b = issue("k1", 7);
    assert_string_equal(a.texts.jws, b.texts.jws);
    assert_string_equal(a.texts.compact, b.texts.compact);
    assert_int_equal(a.texts.jws_bytes, strlen(a.texts.jws));
    assert_int_equal(a.texts.compact_bytes, strlen(a.texts.compact));
    issued_texts eight = issue("12345678", 7);
    assert_int_equal(eight.texts.compact_bytes, 174); // what sign.h says
    issued_texts longest = issue("1234567890abcdef", 7);
    assert_true(longest.texts.jws_bytes < TICKET_JWS_BYTES);
    assert_true(longest.texts.compact_bytes < TICKET_COMPACT_BYTES);
}

static void
test_ticket_sign_jws__given_a_ticket_then_has_the_header_and_claims_described(void **state)
{
    (void)state;
    issued_texts t = issue("k1", 7);
    char text[512], ticket[UUID_TEXT_BYTES], event[UUID_TEXT_BYTES];
    char wanted[512];
    size_t bytes;
    const char *dot = strchr(t.texts.jws, '.'), *end;
    uuid_format(&t.claims.ticket.u, ticket);
    uuid_format(&t.claims.event.u, event);
    assert_int_equal(sodium_base642bin((uint8_t *)text, sizeof text, t.texts.jws,
                                       (size_t)(dot - t.texts.jws), NULL, &bytes, &end,
                                       sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                     0);
    text[bytes] = 0;
    assert_string_equal(text, "{\"alg\":\"EdDSA\",\"kid\":\"k1\",\"typ\":\"JWT\"}");
    const char *second = strchr(dot + 1, '.');
    assert_int_equal(sodium_base642bin((uint8_t *)text, sizeof text, dot + 1,
                                       (size_t)(second - dot - 1), NULL, &bytes, &end,
                                       sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                     0);
    text[bytes] = 0;
    snprintf(wanted, sizeof wanted,
             "{\"iss\":\"cavea\",\"jti\":\"%s\",\"event\":\"%s\",\"seat\":4711,"
             "\"iat\":1800000000}",
             ticket, event);
    assert_string_equal(text, wanted);
}

static ticket_reading read_with(const char *text, size_t bytes, const ticket_key *key,
                                ticket_claims *ret)
{
    return ticket_read(text, bytes, key, key != NULL, ret);
}

static void test_ticket_read__given_either_form_then_says_what_was_signed(void **state)
{
    (void)state;
    issued_texts t = issue("key-1_A", 7);
    ticket_claims c = {0};
    assert_int_equal(read_with(t.texts.jws, t.texts.jws_bytes, &t.key, &c), TICKET_READ);
    assert_true(uuid_equal(&c.ticket.u, &t.claims.ticket.u));
    assert_true(uuid_equal(&c.event.u, &t.claims.event.u));
    assert_int_equal(c.seat, 4711);
    assert_int_equal(c.issued_s, 1800000000);
    assert_int_equal(read_with(t.texts.compact, t.texts.compact_bytes, &t.key, &c), TICKET_READ);
    assert_true(uuid_equal(&c.ticket.u, &t.claims.ticket.u));
    assert_true(uuid_equal(&c.event.u, &t.claims.event.u));
    assert_int_equal(c.seat, 4711);
    assert_int_equal(c.issued_s, 1800000000);
}

static void test_ticket_read__given_another_key_then_says_so(void **state)
{
    (void)state;
    issued_texts t = issue("k1", 7), named_alike = issue("k1", 8), other = issue("k2", 8);
    ticket_claims c;
    assert_int_equal(read_with(t.texts.jws, t.texts.jws_bytes, NULL, &c), TICKET_KEY_UNKNOWN);
    assert_int_equal(read_with(t.texts.jws, t.texts.jws_bytes, &other.key, &c), TICKET_KEY_UNKNOWN);
    assert_int_equal(read_with(t.texts.compact, t.texts.compact_bytes, &other.key, &c),
                     TICKET_KEY_UNKNOWN);
    assert_int_equal(read_with(t.texts.jws, t.texts.jws_bytes, &named_alike.key, &c),
                     TICKET_SIGNATURE_BAD);
    assert_int_equal(read_with(t.texts.compact, t.texts.compact_bytes, &named_alike.key, &c),
                     TICKET_SIGNATURE_BAD);
    ticket_key both[] = {other.key, t.key};
    assert_int_equal(ticket_read(t.texts.jws, t.texts.jws_bytes, both, 2, &c), TICKET_READ);
}

// Every single change of a character, every cut and every added character.
static void altered_is_refused(const char *text, size_t bytes, const ticket_key *key)
{
    char changed[TICKET_JWS_BYTES + 1];
    ticket_claims c;
    for (size_t i = 0; i < bytes; i++) {
        assert_int_not_equal(read_with(text, i, key, &c), TICKET_READ);
        memcpy(changed, text, bytes);
        for (int other = 0; other < 256; other++) {
            changed[i] = (char)other;
            if (changed[i] != text[i])
                assert_int_not_equal(read_with(changed, bytes, key, &c), TICKET_READ);
        }
    }
    memcpy(changed, text, bytes);
    for (int other = 0; other < 256; other++) {
        changed[bytes] = (char)other;
        assert_int_not_equal(read_with(changed, bytes + 1, key, &c), TICKET_READ);
    }
}

static void test_ticket_read__given_any_altered_character_then_refuses(void **state)
{
    (void)state;
    issued_texts t = issue("k1", 7);
    altered_is_refused(t.texts.jws, t.texts.jws_bytes, &t.key);
    altered_is_refused(t.texts.compact, t.texts.compact_bytes, &t.key);
}

static void test_ticket_key_id_valid__given_names_then_takes_short_plain_ones(void **state)
{
    (void)state;
    assert_true(ticket_key_id_valid("a", 1));
    assert_true(ticket_key_id_valid("1234567890abcdef", 16));
    assert_false(ticket_key_id_valid("1234567890abcdefg", 17));
    assert_false(ticket_key_id_valid("", 0));
    assert_false(ticket_key_id_valid("a/b", 3));
    assert_false(ticket_key_id_valid("a.b", 3));
    assert_false(ticket_key_id_valid("a\0", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base45__given_the_rfcs_examples_then_agrees),
        cmocka_unit_test(test_base45__given_what_cannot_be_then_refuses),
        cmocka_unit_test(test_ticket_sign__given_the_same_ticket_then_the_same_bytes),
        cmocka_unit_test(
            test_ticket_sign_jws__given_a_ticket_then_has_the_header_and_claims_described),
        cmocka_unit_test(test_ticket_read__given_either_form_then_says_what_was_signed),
        cmocka_unit_test(test_ticket_read__given_another_key_then_says_so),
        cmocka_unit_test(test_ticket_read__given_any_altered_character_then_refuses),
        cmocka_unit_test(test_ticket_key_id_valid__given_names_then_takes_short_plain_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
