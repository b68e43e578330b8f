// The expected values were computed with Python's hashlib, so that they do not come from this code.
#include "schemas/digest.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const event_id event = {{{0x01, 0x92, 0xf3, 0xa4, 0xb5, 0xc6, 0x7d, 0x8e, 0x9f, 0x00, 0x11,
                                 0x22, 0x33, 0x44, 0x55, 0x66}}};
static const buyer_id buyer = {{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}};

static void assert_hex(const uint8_t *bytes, size_t bytes_count, const char *hex)
{
    char text[DIGEST32_TEXT_BYTES];
    digest32 d = {{0}};
    memcpy(d.bytes, bytes, bytes_count);
    digest32_format(&d, text);
    text[2 * bytes_count] = 0;
    assert_string_equal(text, hex);
}

static void test_digest__given_abc_then_matches_the_standards(void **state)
{
    (void)state;
    digest32 blake = digest32_of("abc", 3);
    digest32 sha = digest32_sha256("abc", 3);
    assert_hex(blake.bytes, 32, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    assert_hex(sha.bytes, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest16 none = digest16_of(NULL, 0);
    assert_hex(none.bytes, 16, "cae66941d9efbd404e4d88758ea67670");
}

static void test_digest32_parse__given_other_forms_then_refuses(void **state)
{
    (void)state;
    const char *text = "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";
    digest32 d;
    assert_true(digest32_parse(text, 64, &d));
    assert_hex(d.bytes, 32, text);
    assert_false(digest32_parse(text, 63, &d));
    assert_false(
        digest32_parse("BDDD813C634239723171EF3FEE98579B94964E3BB1CB3E427262C8C068D52319", 64, &d));
    assert_false(
        digest32_parse("gddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319", 64, &d));
}

static void test_idempotency_key_hash__given_parts_then_separates_them(void **state)
{
    (void)state;
    digest16 d = idempotency_key_hash(&buyer, "reserve", "key-1", 5);
    assert_hex(d.bytes, 16, "c05742706d02e65f225886f2e827fab1");
    digest16 shifted = idempotency_key_hash(&buyer, "reservek", "ey-1", 4);
    assert_false(digest16_equal(&d, &shifted));
}

static void test_body_hash__given_seats_then_their_order_counts(void **state)
{
    (void)state;
    static const uint32_t seats[] = {5, 70000}, turned[] = {70000, 5};
    digest16 d = reserve_body_hash(&event, seats, 2);
    digest16 other = reserve_body_hash(&event, turned, 2);
    assert_hex(d.bytes, 16, "ce4ef41ba0e462da28340ddd5f485c9b");
    assert_false(digest16_equal(&d, &other));
    reservation_id reservation = {buyer.u};
    d = checkout_body_hash(&reservation, false);
    assert_hex(d.bytes, 16, "f9477b91722fe719f946834577e0e8a2");
    other = checkout_body_hash(&reservation, true);
    assert_false(digest16_equal(&d, &other));
}

static void test_fact_hash__given_any_change_then_differs(void **state)
{
    (void)state;
    digest32 zero = {{0}}, one = {{1}};
    digest32 hash = fact_hash(&zero, 7, 10, "payload", 7);
    assert_hex(hash.bytes, 32, "236a8fde0042cbddb72291ffde5e42ca1982d10d9c948f0ca16886668b5b29ca");
    digest32 others[] = {
        fact_hash(&one, 7, 10, "payload", 7),   fact_hash(&zero, 8, 10, "payload", 7),
        fact_hash(&zero, 7, 11, "payload", 7),  fact_hash(&zero, 7, 10, "payloae", 7),
        fact_hash(&zero, 7, 10, "payload", 6),  fact_hash(&zero, 7, 10, NULL, 0),
        fact_hash(&zero, -7, 10, "payload", 7),
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(digest32_equal(&hash, &others[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest__given_abc_then_matches_the_standards),
        cmocka_unit_test(test_digest32_parse__given_other_forms_then_refuses),
        cmocka_unit_test(test_idempotency_key_hash__given_parts_then_separates_them),
        cmocka_unit_test(test_body_hash__given_seats_then_their_order_counts),
        cmocka_unit_test(test_fact_hash__given_any_change_then_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
