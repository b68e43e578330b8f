#include "edge/cookie.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

enum { NOW_S = 1900000000 };

static session_keys key_of(uint8_t byte)
{
    uint8_t secret[SESSION_KEY_BYTES];
    session_keys k;
    memset(secret, byte, sizeof secret);
    session_keys_init(&k, secret);
    return k;
}

static session session_of(void)
{
    session s = {.expires_s = NOW_S + 60, .email = "somebody@example.org"};
    memset(s.buyer.u.bytes, 0x5a, sizeof s.buyer.u.bytes);
    return s;
}

// The pair that a browser sends back.
static void pair_of(const session_keys *k, const session *s, char *pair, size_t pair_bytes)
{
    char cookie[SESSION_COOKIE_BYTES_MAX];
    session_cookie_make(k, s, cookie);
    snprintf(pair, pair_bytes, "%.*s", (int)strcspn(cookie, ";"), cookie);
}

static void test_session_cookie__given_a_session_then_is_for_this_host_alone(void **state)
{
    char cookie[SESSION_COOKIE_BYTES_MAX];
    session_keys k = key_of(1);
    session s = session_of();
    (void)state;
    session_cookie_make(&k, &s, cookie);
    assert_memory_equal(cookie, "__Host-cavea=", 13);
    assert_non_null(strstr(cookie, "; Path=/;"));
    assert_non_null(strstr(cookie, "; Secure;"));
    assert_non_null(strstr(cookie, "; HttpOnly;"));
    assert_non_null(strstr(cookie, "; SameSite=Lax"));
    assert_null(strstr(cookie, "Domain"));
}

static void test_session_cookie__given_other_cookies_then_finds_its_own(void **state)
{
    char pair[SESSION_COOKIE_BYTES_MAX], cookies[3 * SESSION_COOKIE_BYTES_MAX];
    session_keys k = key_of(1);
    session s = session_of(), back;
    (void)state;
    pair_of(&k, &s, pair, sizeof pair);
    const char *const around[][2] = {
        {"", ""}, {"a=b; ", ""}, {"", "; a=b"}, {"x__Host-cavea=no; ", ";a=b"}, {"=;;  ", " ; "},
    };
    for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
        snprintf(cookies, sizeof cookies, "%s%s%s", around[i][0], pair, around[i][1]);
        assert_true(session_cookie_read(&k, cookies, NOW_S, &back));
        assert_true(uuid_equal(&back.buyer.u, &s.buyer.u));
        assert_string_equal(back.email, s.email);
    }
}

static void test_session_cookie__given_anything_else_then_is_none(void **state)
{
    char pair[SESSION_COOKIE_BYTES_MAX];
    session_keys k = key_of(1), other = key_of(2);
    session s = session_of(), back;
    (void)state;
    pair_of(&k, &s, pair, sizeof pair);
    assert_false(session_cookie_read(&other, pair, NOW_S, &back));
    assert_false(session_cookie_read(&k, pair, NOW_S + 60, &back)); // over
    assert_false(session_cookie_read(&k, NULL, NOW_S, &back));
    assert_false(session_cookie_read(&k, "", NOW_S, &back));
    assert_false(session_cookie_read(&k, "__Host-cavea", NOW_S, &back));
    assert_false(session_cookie_read(&k, "__Host-cavea=", NOW_S, &back));
    assert_false(session_cookie_read(&k, pair + 7, NOW_S, &back)); // without __Host-
    pair[strlen(pair) - 1] ^= 1;
    assert_false(session_cookie_read(&k, pair, NOW_S, &back));
}

static void test_session_cookie__given_its_token_then_is_no_bearer_token(void **state)
{
    char pair[SESSION_COOKIE_BYTES_MAX], token[SESSION_TOKEN_BYTES_MAX];
    char header[SESSION_COOKIE_BYTES_MAX + 16], cookie[SESSION_COOKIE_BYTES_MAX];
    session_keys k = key_of(1);
    session s = session_of(), back;
    (void)state;
    pair_of(&k, &s, pair, sizeof pair);
    snprintf(header, sizeof header, "Bearer %s", pair + sizeof SESSION_COOKIE);
    assert_false(session_authorize(&k, header, NOW_S, &back));
    session_token_make(&k, SESSION_BEARER, &s, token);
    snprintf(cookie, sizeof cookie, SESSION_COOKIE "=%s", token);
    assert_false(session_cookie_read(&k, cookie, NOW_S, &back));
    snprintf(header, sizeof header, "Bearer %s", token);
    assert_true(session_authorize(&k, header, NOW_S, &back));
}

// What cannot be read is there all the same: nobody becomes somebody else over it.
static void test_session_cookie_there__given_headers_then_tells_ours(void **state)
{
    (void)state;
    assert_true(session_cookie_there("__Host-cavea=x"));
    assert_true(session_cookie_there("a=b; __Host-cavea=nonsense; c=d"));
    assert_false(session_cookie_there(NULL));
    assert_false(session_cookie_there(""));
    assert_false(session_cookie_there("__Host-cavea="));
    assert_false(session_cookie_there("__Host-cavea=; a=b"));
    assert_false(session_cookie_there("x__Host-cavea=1; __Host-caveat=2"));
}

static void test_origin_own__given_our_host_then_is_ours(void **state)
{
    (void)state;
    assert_true(origin_own("http://127.0.0.1:8080", "127.0.0.1:8080", ""));
    assert_true(origin_own("http://localhost:8080", "localhost:8080", ""));
    assert_true(origin_own("https://Tickets.example", "tickets.example", ""));
    assert_true(origin_own("https://tickets.example", "inside:8080", "https://tickets.example"));
}

static void test_origin_own__given_another_then_is_foreign(void **state)
{
    static const char *const origins[] = {
        NULL,
        "",
        "null",
        "https://",
        "tickets.example",
        "https://tickets.example.evil.example",
        "https://evil.example",
        "https://tickets.example:444",
        "https://sub.tickets.example",
        "ftp://tickets.example",
        "https://tickets.example/",
        "https://tickets.example https://tickets.example",
    };
    (void)state;
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
        assert_false(origin_own(origins[i], "tickets.example", ""));
        assert_false(origin_own(origins[i], "tickets.example", "https://tickets.example"));
    }
    assert_false(
        origin_own("http://tickets.example", "tickets.example", "https://tickets.example"));
    assert_false(origin_own("https://tickets.example", NULL, ""));
    // Nobody on the way writes pages of an HTTPS site.
    assert_false(origin_own("http://tickets.example", "tickets.example", ""));
    assert_false(origin_own("http://192.0.2.1:8080", "192.0.2.1:8080", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_cookie__given_a_session_then_is_for_this_host_alone),
        cmocka_unit_test(test_session_cookie__given_other_cookies_then_finds_its_own),
        cmocka_unit_test(test_session_cookie__given_anything_else_then_is_none),
        cmocka_unit_test(test_session_cookie__given_its_token_then_is_no_bearer_token),
        cmocka_unit_test(test_session_cookie_there__given_headers_then_tells_ours),
        cmocka_unit_test(test_origin_own__given_our_host_then_is_ours),
        cmocka_unit_test(test_origin_own__given_another_then_is_foreign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
