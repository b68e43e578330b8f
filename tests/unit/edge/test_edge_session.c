#include "edge/session.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { NOW_S = 1900000000 };

static session_keys key_of(uint8_t byte)
{
    uint8_t secret[SESSION_KEY_BYTES];
    session_keys k;
    memset(secret, byte, sizeof secret);
    session_keys_init(&k, secret);
    return k;
}

static session session_of(const char *email)
{
    session s = {.expires_s = NOW_S + 60};
    memset(s.buyer.u.bytes, 0x5a, sizeof s.buyer.u.bytes);
    memcpy(s.email, email, strlen(email) + 1);
    return s;
}

static void test_session_token__given_a_session_then_reads_back(void **state)
{
    static const char *const emails[] = {"", "a@b", "somebody@example.org"};
    session_keys k = key_of(1);
    (void)state;
    for (size_t i = 0; i < sizeof emails / sizeof *emails; i++) {
        char token[SESSION_TOKEN_BYTES_MAX];
        session s = session_of(emails[i]), back;
        size_t bytes = session_token_make(&k, SESSION_BEARER, &s, token);
        assert_int_equal(bytes, strlen(token));
        assert_int_equal(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789-_"),
                         bytes);
        assert_true(session_token_read(&k, SESSION_BEARER, token, bytes, NOW_S, &back));
        assert_true(uuid_equal(&back.buyer.u, &s.buyer.u));
        assert_int_equal(back.expires_s, s.expires_s);
        assert_string_equal(back.email, s.email);
    }
}

static void test_session_token__given_the_longest_address_then_fits(void **state)
{
    char email[EMAIL_BYTES_MAX + 1], token[SESSION_TOKEN_BYTES_MAX];
    session_keys k = key_of(1);
    session back;
    (void)state;
    memset(email, 'x', EMAIL_BYTES_MAX);
    email[1] = '@';
    email[EMAIL_BYTES_MAX] = 0;
    session s = session_of(email);
    size_t bytes = session_token_make(&k, SESSION_BEARER, &s, token);
    assert_true(session_token_read(&k, SESSION_BEARER, token, bytes, NOW_S, &back));
    assert_string_equal(back.email, email);
}

static void test_session_token_read__given_any_changed_character_then_refuses(void **state)
{
    char token[SESSION_TOKEN_BYTES_MAX];
    session_keys k = key_of(1);
    session s = session_of("a@b"), back;
    size_t bytes = session_token_make(&k, SESSION_BEARER, &s, token);
    (void)state;
    for (size_t i = 0; i < bytes; i++) {
        char before = token[i];
        token[i] = before == 'A' ? 'B' : 'A';
        assert_false(session_token_read(&k, SESSION_BEARER, token, bytes, NOW_S, &back));
        token[i] = before;
    }
    for (size_t shorter = 0; shorter < bytes; shorter++)
        assert_false(session_token_read(&k, SESSION_BEARER, token, shorter, NOW_S, &back));
    assert_true(session_token_read(&k, SESSION_BEARER, token, bytes, NOW_S, &back));
}

static void test_session_token_read__given_bytes_above_ascii_then_refuses(void **state)
{
    char token[SESSION_TOKEN_BYTES_MAX];
    session_keys k = key_of(1);
    session s = session_of(""), back;
    char *line = NULL;
    size_t bytes = 0;
    (void)state;
    while (!line) { // one with a "_", for which the decoder might take them
        s.expires_s++;
        bytes = session_token_make(&k, SESSION_BEARER, &s, token);
        line = memchr(token, '_', bytes);
    }
    for (int byte = 128; byte < 256; byte++) {
        *line = (char)byte;
        assert_false(session_token_read(&k, SESSION_BEARER, token, bytes, NOW_S, &back));
    }
    *line = '_';
    assert_true(session_token_read(&k, SESSION_BEARER, token, bytes, NOW_S, &back));
}

static void test_session_token_read__given_another_key_or_time_then_refuses(void **state)
{
    char token[SESSION_TOKEN_BYTES_MAX];
    session_keys k = key_of(1), other = key_of(2);
    session s = session_of(""), back;
    size_t bytes = session_token_make(&k, SESSION_BEARER, &s, token);
    (void)state;
    assert_false(session_token_read(&other, SESSION_BEARER, token, bytes, NOW_S, &back));
    assert_true(session_token_read(&k, SESSION_BEARER, token, bytes, NOW_S + 59, &back));
    assert_false(session_token_read(&k, SESSION_BEARER, token, bytes, NOW_S + 60, &back));
}

static void test_session_token_read__given_the_other_kind_then_refuses(void **state)
{
    static const session_kind kinds[] = {SESSION_BEARER, SESSION_BROWSER};
    char token[SESSION_TOKEN_BYTES_MAX];
    session_keys k = key_of(1);
    session s = session_of("a@b"), back;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        size_t bytes = session_token_make(&k, kinds[i], &s, token);
        assert_true(session_token_read(&k, kinds[i], token, bytes, NOW_S, &back));
        assert_false(session_token_read(&k, kinds[1 - i], token, bytes, NOW_S, &back));
    }
}

// A change of keys, edge by edge: first all take the new one's tokens, then all make them.
static void test_session_token_read__given_two_keys_then_takes_both_and_makes_its_own(void **state)
{
    char old_token[SESSION_TOKEN_BYTES_MAX], new_token[SESSION_TOKEN_BYTES_MAX];
    session_keys before = key_of(1), after = key_of(2), third = key_of(3);
    uint8_t secret[SESSION_KEY_BYTES];
    session s = session_of("a@b"), back;
    (void)state;
    size_t old_bytes = session_token_make(&before, SESSION_BROWSER, &s, old_token);
    memset(secret, 2, sizeof secret);
    session_keys_accept(&before, secret);
    memset(secret, 1, sizeof secret);
    session_keys_accept(&after, secret);
    size_t new_bytes = session_token_make(&after, SESSION_BROWSER, &s, new_token);
    assert_true(session_token_read(&before, SESSION_BROWSER, new_token, new_bytes, NOW_S, &back));
    assert_true(session_token_read(&after, SESSION_BROWSER, old_token, old_bytes, NOW_S, &back));
    assert_true(uuid_equal(&back.buyer.u, &s.buyer.u));
    assert_false(session_token_read(&after, SESSION_BEARER, old_token, old_bytes, NOW_S, &back));
    assert_false(session_token_read(&third, SESSION_BROWSER, old_token, old_bytes, NOW_S, &back));
    after = key_of(2); // the change is over
    assert_true(session_token_read(&after, SESSION_BROWSER, new_token, new_bytes, NOW_S, &back));
    assert_false(session_token_read(&after, SESSION_BROWSER, old_token, old_bytes, NOW_S, &back));
}

static void test_session_authorize__given_headers_then_takes_bearer_only(void **state)
{
    char header[SESSION_TOKEN_BYTES_MAX + 16] = "Bearer ";
    session_keys k = key_of(1);
    session s = session_of(""), back;
    (void)state;
    session_token_make(&k, SESSION_BEARER, &s, header + 7);
    assert_true(session_authorize(&k, header, NOW_S, &back));
    header[0] = 'b';
    assert_true(session_authorize(&k, header, NOW_S, &back));
    memcpy(header, "Basic  ", 7);
    assert_false(session_authorize(&k, header, NOW_S, &back));
    assert_false(session_authorize(&k, "Bearer", NOW_S, &back));
    assert_false(session_authorize(&k, "Bearer ", NOW_S, &back));
    assert_false(session_authorize(&k, "", NOW_S, &back));
    assert_false(session_authorize(&k, NULL, NOW_S, &back));
}

static void test_session_email_valid__given_addresses_then_checks_their_form(void **state)
{
    static const char *const good[] = {"a@b", "first.last+tag@example.org", "j\xc3\xbcrgen@b.de"};
    static const char *const bad[] = {"",      "a",     "@b",          "a@",
                                      "a@b@c", "a b@c", "a@b\r\nX: y", "a@\xff"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(session_email_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(session_email_valid(bad[i], strlen(bad[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_token__given_a_session_then_reads_back),
        cmocka_unit_test(test_session_token__given_the_longest_address_then_fits),
        cmocka_unit_test(test_session_token_read__given_any_changed_character_then_refuses),
        cmocka_unit_test(test_session_token_read__given_bytes_above_ascii_then_refuses),
        cmocka_unit_test(test_session_token_read__given_another_key_or_time_then_refuses),
        cmocka_unit_test(test_session_token_read__given_the_other_kind_then_refuses),
        cmocka_unit_test(test_session_token_read__given_two_keys_then_takes_both_and_makes_its_own),
        cmocka_unit_test(test_session_authorize__given_headers_then_takes_bearer_only),
        cmocka_unit_test(test_session_email_valid__given_addresses_then_checks_their_form),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
