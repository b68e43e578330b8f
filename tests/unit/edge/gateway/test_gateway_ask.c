#include "edge/gateway/ask.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

#define ID "01970000-0000-7000-8000-0000000000e1"
#define LIVE "/v1/events/" ID "/live"

static error_code read_text(const char *head, ask *ret_ask)
{
    return ask_read(head, strlen(head), ret_ask);
}

static void assert_refused(const char *head, error_code wanted)
{
    ask a;
    error_code got = read_text(head, &a);
    if (got != wanted)
        fail_msg("%d instead of %d for %s", got, wanted, head);
}

static void assert_text(ask_text t, const char *wanted)
{
    assert_int_equal(t.bytes, strlen(wanted));
    assert_memory_equal(t.at, wanted, t.bytes);
}

static void test_ask__given_a_browsers_request_then_everything_is_read(void **state)
{
    ask a;
    char id[UUID_TEXT_BYTES];
    (void)state;
    assert_int_equal(read_text("GET " LIVE "?since=41 HTTP/1.1\r\nHost: tickets.example\r\n"
                               "accept: text/event-stream\r\nORIGIN:  https://tickets.example \r\n"
                               "X-Forwarded-For: 10.1.1.1\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n",
                               &a),
                     ERROR_NONE);
    uuid_format(&a.event.u, id);
    assert_string_equal(id, ID);
    assert_true(a.has_since);
    assert_int_equal(a.since, 41);
    assert_text(a.host, "tickets.example");
    assert_text(a.origin, "https://tickets.example");
    assert_text(a.forwarded_for, "192.0.2.7");
}

static void test_ask__given_a_last_event_id_then_it_is_newer_than_since(void **state)
{
    ask a;
    (void)state;
    assert_int_equal(read_text("GET " LIVE "?x=1&since=5 HTTP/1.1\r\nHost: a\r\n"
                               "Last-Event-ID: 77\r\n\r\n",
                               &a),
                     ERROR_NONE);
    assert_int_equal(a.since, 77);
    assert_int_equal(read_text("GET " LIVE "?since=5 HTTP/1.1\r\nHost: a\r\n"
                               "Last-Event-ID: seven\r\n\r\n",
                               &a),
                     ERROR_NONE);
    assert_int_equal(a.since, 5);
    assert_int_equal(read_text("GET " LIVE " HTTP/1.0\r\n\r\n", &a), ERROR_NONE);
    assert_false(a.has_since);
    assert_null(a.origin.at);
}

static void test_ask__given_another_path_then_there_is_no_such_thing(void **state)
{
    static const char *const targets[] = {
        "/",
        "/v1/events/" ID,
        LIVE "/",
        "/v1/events/" ID "/lives",
        "/v1/events//live",
        "/v1/events/01970000-0000-7000-8000-0000000000E1/live",
        "/v1/events/" ID "/seats",
    };
    char head[256];
    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", targets[i]);
        assert_refused(head, ERROR_NOT_FOUND);
    }
    assert_refused("POST " LIVE " HTTP/1.1\r\nHost: a\r\n\r\n", ERROR_METHOD_NOT_ALLOWED);
}

static void test_ask__given_what_two_readers_may_understand_in_two_ways_then_refuses(void **state)
{
    static const char *const fields[] = {
        "Host: a\r\nHost: a\r\n",
        "Host: a\r\nContent-Length: 5\r\n",
        "Host: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n",
        "Host: a\r\nTransfer-Encoding: chunked\r\n",
        "Host: a\r\n folded\r\n",
        "Host : a\r\n",
        "Host: a\nX: b\r\n",
        "Host: a\rb\r\n",
        "Host: a\x01\r\n",
        "Host: a\r\n: empty\r\n",
        "Host: a\r\nno colon\r\n",
        "Host: a\r\nOrigin: b\r\nOrigin: c\r\n",
        "X: no host\r\n",
    };
    char head[512];
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        snprintf(head, sizeof head, "GET " LIVE " HTTP/1.1\r\n%s\r\n", fields[i]);
        assert_refused(head, ERROR_MALFORMED);
    }
    static const char *const lines[] = {
        "GET  " LIVE " HTTP/1.1",
        "GET " LIVE " HTTP/2",
        "GET " LIVE,
        "GET " LIVE "?since=5;6 HTTP/1.1",
        "get/x " LIVE " HTTP/1.1",
        "GET " LIVE "?since= HTTP/1.1",
        "GET " LIVE "?since=1&since=2 HTTP/1.1",
        "GET http://a/ HTTP/1.1",
        "GET \x7f HTTP/1.1",
        "GET " LIVE "?since=1234567890123456789 HTTP/1.1",
        "GET " LIVE " HTTP/1.1 ",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(head, sizeof head, "%s\r\nHost: a\r\n\r\n", lines[i]);
        assert_refused(head, ERROR_MALFORMED);
    }
}

static void test_ask__given_more_fields_than_it_reads_then_refuses(void **state)
{
    char head[4096] = "GET " LIVE " HTTP/1.1\r\nHost: a\r\n";
    (void)state;
    size_t at = strlen(head);
    for (int i = 0; i < ASK_FIELDS_MAX - 1; i++)
        at += (size_t)snprintf(head + at, sizeof head - at, "X-%d: y\r\n", i);
    snprintf(head + at, sizeof head - at, "\r\n");
    ask a;
    assert_int_equal(read_text(head, &a), ERROR_NONE);
    snprintf(head + at, sizeof head - at, "Y: z\r\n\r\n");
    assert_refused(head, ERROR_MALFORMED);
}

static void test_ask_head_bytes__given_pieces_then_finds_the_end_once_it_is_there(void **state)
{
    static const char head[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nmore";
    size_t whole = sizeof head - 1 - 4;
    (void)state;
    for (size_t bytes = 0; bytes < sizeof head; bytes++)
        for (size_t looked = 0; looked <= bytes && looked < whole; looked++)
            assert_int_equal(ask_head_bytes(head, bytes, looked), bytes >= whole ? whole : 0);
}

static bool allowed(const char *origin, const char *host, const char *public_url)
{
    ask_text o = {origin, origin ? strlen(origin) : 0}, h = {host, host ? strlen(host) : 0};
    return ask_origin_allowed(o, h, public_url);
}

static void test_ask_origin__given_a_public_url_then_only_its_pages_may_listen(void **state)
{
    (void)state;
    assert_true(allowed(NULL, "a", "https://tickets.example"));
    assert_true(allowed("https://tickets.example", "live.example", "https://tickets.example"));
    assert_false(allowed("https://tickets.example.evil", "a", "https://tickets.example"));
    assert_false(allowed("http://tickets.example", "a", "https://tickets.example"));
    assert_false(allowed("null", "a", "https://tickets.example"));
    assert_false(allowed("", "a", "https://tickets.example"));
    assert_false(allowed("http://localhost", "a", "https://tickets.example"));
}

static void test_ask_origin__given_none_then_pages_of_this_host_may_listen(void **state)
{
    (void)state;
    assert_true(allowed("http://shop:8080", "shop:8090", ""));
    assert_true(allowed("http://localhost:8080", "127.0.0.1:8090", ""));
    assert_true(allowed("http://[::1]:8080", "[::1]:8090", ""));
    assert_true(allowed("http://[2001:db8::1]", "[2001:db8::1]:8090", ""));
    assert_false(allowed("http://shop.evil:8080", "shop:8090", ""));
    assert_false(allowed("http://evil", "shop", ""));
    assert_false(allowed("null", "shop", ""));
    assert_false(allowed("http://", "", ""));
    assert_false(allowed("http://shop:\x01", "shop", ""));
    assert_false(allowed("http://evil", NULL, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ask__given_a_browsers_request_then_everything_is_read),
        cmocka_unit_test(test_ask__given_a_last_event_id_then_it_is_newer_than_since),
        cmocka_unit_test(test_ask__given_another_path_then_there_is_no_such_thing),
        cmocka_unit_test(test_ask__given_what_two_readers_may_understand_in_two_ways_then_refuses),
        cmocka_unit_test(test_ask__given_more_fields_than_it_reads_then_refuses),
        cmocka_unit_test(test_ask_head_bytes__given_pieces_then_finds_the_end_once_it_is_there),
        cmocka_unit_test(test_ask_origin__given_a_public_url_then_only_its_pages_may_listen),
        cmocka_unit_test(test_ask_origin__given_none_then_pages_of_this_host_may_listen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
