#include "schemas/origin.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const good[] = {
    "https://tickets.example",
    "http://tickets.example",
    "http://127.0.0.1:8080",
    "https://a-b.tickets.example",
    "https://tickets.example:1",
    "http://localhost:65535",
    "https://[2001:db8::1]:8443",
    "http://[::1]",
    "https://x",
    "https://tickets.example:8443",
    "http://x:443",
    "https://x:80",
};
static const char *const bad[] = {
    "",
    "tickets.example",
    "https://",
    "https://tickets.example/",
    "https://tickets.example/shop",
    "https://tickets.example?",
    "https://tickets.example#",
    "https://tickets.example:",
    "https://tickets.example:0",
    "https://tickets.example:0443",
    "https://tickets.example:65536",
    "https://tickets.example:8o",
    "https://tickets.example:443",
    "http://tickets.example:80",
    "https://user@tickets.example",
    "https://Tickets.example",
    "HTTPS://tickets.example",
    "ftp://tickets.example",
    "https:// tickets.example",
    "https://tickets..example",
    "https://.example",
    "https://tickets.example.",
    "https://-x",
    "https://[]",
    "https://[::1",
    "https://[::g]",
    "https://[::1]8443",
    "https://a\\b",
    "https://t\xc3\xb6.example",
};

static void test_origin_valid__given_origins_then_takes_what_browsers_write(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(origin_valid(good[i]));
        assert_true(origins_valid(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(origin_valid(bad[i]));
}

static void test_origins_valid__given_lists_then_takes_commas_between(void **state)
{
    (void)state;
    assert_true(origins_valid(""));
    assert_true(origins_valid("http://127.0.0.1:8080,http://localhost:8080"));
    assert_false(origins_valid("http://x,"));
    assert_false(origins_valid(",http://x"));
    assert_false(origins_valid("http://x,,http://y"));
    assert_false(origins_valid("http://x, http://y"));
    assert_false(origins_valid("http://x,http://y/"));
}

static void test_origins_have__given_addresses_then_knows_whose_they_are(void **state)
{
    static const char list[] = "http://127.0.0.1:8080,https://tickets.example";
    static const char *const own[] = {
        "https://tickets.example",   "https://tickets.example/",  "https://tickets.example/pay?r=1",
        "https://tickets.example?a", "https://tickets.example#a", "http://127.0.0.1:8080/x"};
    static const char *const foreign[] = {
        "",
        "/",
        "javascript:alert(1)",
        "http://tickets.example/",
        "https://tickets.example.evil.example/",
        "https://tickets.example@evil.example/",
        "https://tickets.example:8443/",
        "https://tickets.example\\@evil.example/",
        "http://127.0.0.1:80800/",
        "http://127.0.0.1:8080@evil.example/",
        "https://evil.example/https://tickets.example/",
    };
    (void)state;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        assert_true(origins_have(list, own[i]));
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        assert_false(origins_have(list, foreign[i]));
        assert_false(origins_have("", foreign[i]));
    }
}

static void test_host_is_loopback__given_hosts_then_knows_this_machine(void **state)
{
    static const char *const own[] = {"localhost", "LocalHost:8080", "shop.localhost",
                                      "127.0.0.1", "127.8.9.1:80",   "[::1]",
                                      "[::1]:8080"};
    static const char *const other[] = {"",
                                        "example",
                                        "notlocalhost",
                                        "localhost.example",
                                        "127.0.0.1.example",
                                        "127.example:80",
                                        "10.0.0.1",
                                        "[::2]",
                                        "[::1",
                                        "[::1]x",
                                        "localhost:",
                                        "localhost:x",
                                        "localhost:80:80"};
    (void)state;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        assert_true(host_is_loopback(own[i]));
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        assert_false(host_is_loopback(other[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_origin_valid__given_origins_then_takes_what_browsers_write),
        cmocka_unit_test(test_origins_valid__given_lists_then_takes_commas_between),
        cmocka_unit_test(test_origins_have__given_addresses_then_knows_whose_they_are),
        cmocka_unit_test(test_host_is_loopback__given_hosts_then_knows_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
