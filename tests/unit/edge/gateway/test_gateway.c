// The gateway's loop with real sockets and without NATS.
#include "edge/gateway/ask.h"
#include "edge/gateway/gateway.h"
#include "edge/gateway/outlet.h"
#include "ops/host/clock.h"
#include "ops/host/metric.h"
#include "schemas/cavea.pb-c.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE_S = 10, SMALL_BYTES = 4096 };

#define EVENT_1 "01970000-0000-7000-8000-000000000001"
#define EVENT_2 "01970000-0000-7000-8000-000000000002"

static gateway *start_with(bool forwarded, int64_t listeners_max, int64_t address_max)
{
    gateway_options o = {.address = "127.0.0.1",
                         .listeners_max = listeners_max,
                         .address_max = address_max,
                         .forwarded = forwarded,
                         .public_url = "https://tickets.example"};
    char problem[CONFIG_PROBLEM_BYTES];
    gateway *g;
    assert_true(gateway_start(&o, &g, problem));
    return g;
}

static gateway *start(int64_t listeners_max, int64_t address_max)
{
    return start_with(true, listeners_max, address_max);
}

static void connect_to(const gateway *g, int fd)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)gateway_port(g))};
    struct timeval patience = {PATIENCE_S, 0};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
}

// Somebody who asks nothing.
static int silent_one(const gateway *g)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    connect_to(g, fd);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static int ask_with(const gateway *g, const char *event, const char *more)
{
    char head[512];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    connect_to(g, fd);
    snprintf(head, sizeof head, "GET /v1/events/%s/live%s\r\n\r\n", event, more);
    say(fd, head);
    return fd;
}

// Reads until the text that came ends so; "" until the other side ends.
static char *read_until(int fd, const char *end)
{
    static char text[1 << 16];
    size_t bytes = 0;
    for (;;) {
        text[bytes] = 0;
        if (*end && bytes >= strlen(end) && strcmp(text + bytes - strlen(end), end) == 0)
            return text;
        assert_true(bytes < sizeof text - 1);
        ssize_t got = recv(fd, text + bytes, *end ? 1 : sizeof text - 1 - bytes, 0);
        if (got <= 0) {
            if (*end || got < 0)
                fail_msg("'%s' and not '%s': %s", text, end, got < 0 ? strerror(errno) : "end");
            return text;
        }
        bytes += (size_t)got;
    }
}

static void deliver(gateway *g, const char *event, uint64_t first, uint64_t last, uint32_t packed,
                    size_t count)
{
    event_id e;
    Cavea__V1__LiveDelta m = CAVEA__V1__LIVE_DELTA__INIT;
    uint32_t *seats = malloc(count * sizeof *seats);
    for (size_t i = 0; i < count; i++)
        seats[i] = packed;
    m.first_version = first;
    m.last_version = last;
    m.seats = seats;
    m.n_seats = count;
    size_t bytes = cavea__v1__live_delta__get_packed_size(&m);
    uint8_t *data = malloc(bytes);
    cavea__v1__live_delta__pack(&m, data);
    assert_true(uuid_parse(event, strlen(event), &e.u));
    gateway_deliver(g, &e, data, bytes);
    free(data);
    free(seats);
}

// A listener that has its head.
static int listen_from(gateway *g, const char *event, const char *since)
{
    char more[128];
    snprintf(more, sizeof more, "%s HTTP/1.1\r\nHost: live.example", since);
    int fd = ask_with(g, event, more);
    char *head = read_until(fd, "\r\n\r\n");
    assert_non_null(strstr(head, "HTTP/1.1 200 "));
    assert_non_null(strstr(head, "\r\nContent-Type: text/event-stream\r\n"));
    assert_non_null(strstr(head, "\r\nCache-Control: no-store\r\n"));
    assert_non_null(strstr(read_until(fd, "\n\n"), "retry: "));
    return fd;
}

static void assert_reset(int fd)
{
    assert_string_equal(read_until(fd, "\n\n"), "event: reset\ndata: {}\n\n");
}

static void test_gateway__given_listeners_then_each_hears_its_event(void **state)
{
    gateway *g = start(10, 10);
    (void)state;
    gateway_hearing(g, true);
    int one = listen_from(g, EVENT_1, ""), two = listen_from(g, EVENT_2, "?since=4");
    int three = listen_from(g, EVENT_1, "?since=4");
    assert_reset(one); // nothing is known of either
    assert_reset(two);
    assert_reset(three);
    deliver(g, EVENT_1, 5, 5, 9, 1);
    deliver(g, EVENT_2, 8, 9, 3, 2);
    deliver(g, EVENT_1, 6, 6, 13, 1);
    const char *first = "data: {\"after\":4,\"seats\":[9";
    char *text = read_until(one, "\n\n");
    assert_memory_equal(text, first, strlen(first));
    if (!strstr(text, "id: 6\n")) // the loop was fast
        text = read_until(one, "id: 6\n\n");
    assert_non_null(strstr(text, "13]}"));
    assert_string_equal(read_until(two, "\n\n"), "data: {\"after\":7,\"seats\":[3,3]}\nid: 9\n\n");
    read_until(three, "id: 6\n\n");
    int back = listen_from(g, EVENT_1, "?since=5");
    read_until(back, "id: 6\n\n");
    gateway_stop(&g);
    assert_string_equal(read_until(one, ""), "");
    assert_string_equal(read_until(back, ""), "");
    close(one), close(two), close(three), close(back);
}

static void test_gateway__given_a_lost_source_then_listeners_know(void **state)
{
    gateway *g = start(10, 10);
    (void)state;
    gateway_hearing(g, true);
    int one = listen_from(g, EVENT_1, "");
    assert_reset(one);
    gateway_hearing(g, false);
    assert_string_equal(read_until(one, "\n\n"), "event: deaf\ndata: {}\n\n");
    assert_false(gateway_ready(g));
    int other = ask_with(g, EVENT_1, " HTTP/1.0");
    assert_non_null(strstr(read_until(other, ""), " 503 "));
    gateway_hearing(g, true);
    assert_reset(one);
    assert_true(gateway_ready(g));
    gateway_stop(&g);
    close(one), close(other);
}

static void assert_answer(const gateway *g, const char *event, const char *more, const char *wanted)
{
    int fd = ask_with(g, event, more);
    char *text = read_until(fd, "");
    if (!strstr(text, wanted))
        fail_msg("%s instead of %s", text, wanted);
    assert_non_null(strstr(text, "Content-Type: application/problem+json\r\n"));
    close(fd);
}

static void test_gateway__given_who_may_not_listen_then_says_why(void **state)
{
    gateway *g = start(2, 2);
    static char long_head[ASK_BYTES_MAX + 2];
    (void)state;
    assert_answer(g, EVENT_1, " HTTP/1.0", " 503 ");
    gateway_hearing(g, true);
    assert_answer(g, "nothing", " HTTP/1.0", " 404 ");
    assert_answer(g, EVENT_1, "?since=x HTTP/1.0", " 400 ");
    assert_answer(g, EVENT_1, " HTTP/1.1\r\nHost: a\r\nOrigin: https://evil.example", " 403 ");
    assert_answer(g, EVENT_1, " HTTP/1.0\r\n\r\nmore", " 400 ");
    memset(long_head, 'x', sizeof long_head - 1);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    connect_to(g, fd);
    say(fd, long_head);
    assert_non_null(strstr(read_until(fd, ""), " 413 "));
    close(fd);
    int one = listen_from(g, EVENT_1, ""), two = listen_from(g, EVENT_2, "");
    assert_answer(g, EVENT_1, " HTTP/1.0", " 503 ");
    assert_answer(g, EVENT_1, " HTTP/1.0", "Retry-After: ");
    close(one);
    int again = -1;
    for (int tries = 0; again < 0 && tries < 1000; tries++) { // until the loop has noticed
        again = ask_with(g, EVENT_1, " HTTP/1.0");
        if (strstr(read_until(again, "\r\n"), " 503 "))
            close(again), again = -1;
    }
    assert_true(again >= 0);
    gateway_stop(&g);
    close(two), close(again);
}

static void test_gateway__given_many_of_one_address_then_the_rest_is_refused(void **state)
{
    gateway *g = start(10, 1);
    (void)state;
    gateway_hearing(g, true);
    int one = listen_from(g, EVENT_1, "");
    assert_answer(g, EVENT_1, " HTTP/1.0", " 429 ");
    int two = ask_with(g, EVENT_1, " HTTP/1.0\r\nX-Forwarded-For: 1.1.1.1, 192.0.2.1");
    assert_non_null(strstr(read_until(two, "\r\n"), " 200 "));
    assert_answer(g, EVENT_1, " HTTP/1.0\r\nX-Forwarded-For: 2.2.2.2, 192.0.2.1", " 429 ");
    gateway_stop(&g);
    close(one), close(two);
}

// No proxy says who somebody is: whoever came counts, before a word was said.
static void test_gateway__given_silent_ones_of_one_address_then_it_has_no_more(void **state)
{
    gateway *g = start_with(false, 10, 2);
    const char *other = " HTTP/1.0\r\nX-Forwarded-For: 192.0.2.1"; // anybody may say so
    (void)state;
    gateway_hearing(g, true);
    int one = silent_one(g), two = silent_one(g);
    assert_answer(g, EVENT_1, " HTTP/1.0", " 429 ");
    assert_answer(g, EVENT_1, other, " 429 ");
    say(two, "GET /v1/events/" EVENT_1 "/live HTTP/1.0\r\n\r\n"); // counts once
    assert_non_null(strstr(read_until(two, "\r\n"), " 200 "));
    close(one);
    int again = -1;
    for (int tries = 0; again < 0 && tries < 1000; tries++) { // until the loop has noticed
        again = ask_with(g, EVENT_1, " HTTP/1.0");
        if (strstr(read_until(again, "\r\n"), " 429 "))
            close(again), again = -1;
    }
    assert_true(again >= 0);
    gateway_stop(&g);
    close(two), close(again);
}

// Behind a proxy too: who asks nothing keeps nobody out, and has to go when its time is up, slowly
// as it may speak.
static void test_gateway__given_silent_ones_everywhere_then_others_hear(void **state)
{
    enum { LISTENERS = 2, PLACES = LISTENERS + GATEWAY_REFUSALS_MAX };
    gateway *g = start(LISTENERS, LISTENERS);
    int silent[PLACES];
    char nothing;
    (void)state;
    gateway_hearing(g, true);
    int64_t began_us = clock_monotonic_us();
    for (size_t i = 0; i < PLACES; i++)
        silent[i] = silent_one(g);
    int one = listen_from(g, EVENT_1, ""), two = listen_from(g, EVENT_1, "");
    assert_true(recv(silent[0], &nothing, 1, 0) <= 0); // the oldest made room
    assert_true(recv(silent[1], &nothing, 1, 0) <= 0);
    say(silent[2], "GET /v1/");
    int64_t early_us = clock_monotonic_us() - began_us;
    for (size_t i = 2; i < PLACES; i++)
        assert_int_equal(recv(silent[i], &nothing, 1, 0), 0);
    assert_in_range((clock_monotonic_us() - began_us) / 1000, GATEWAY_ASK_MS,
                    GATEWAY_ASK_MS + 6000);
    assert_in_range(early_us / 1000, 0, GATEWAY_ASK_MS);
    assert_reset(one);
    assert_reset(two);
    gateway_stop(&g);
    for (size_t i = 0; i < PLACES; i++)
        close(silent[i]);
    close(one), close(two);
}

// Who reads nothing is dropped after some rounds; the others hear everything.
static void test_gateway__given_a_listener_that_reads_nothing_then_only_it_goes(void **state)
{
    gateway *g = start(10, 10);
    enum { SEATS = 2000, ROUNDS = 200 };
    char wanted[32], text[1 << 12];
    int small = SMALL_BYTES, slow = socket(AF_INET, SOCK_STREAM, 0), rounds = 0;
    (void)state;
    gateway_hearing(g, true);
    assert_int_equal(setsockopt(slow, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    connect_to(g, slow);
    say(slow, "GET /v1/events/" EVENT_1 "/live HTTP/1.0\r\n\r\n");
    int fast = listen_from(g, EVENT_1, "");
    assert_reset(fast);
    uint64_t before = metric_sum(METRIC_LISTENERS_DROPPED);
    while (metric_sum(METRIC_LISTENERS_DROPPED) == before && rounds < ROUNDS) {
        rounds++;
        deliver(g, EVENT_1, (uint64_t)rounds, (uint64_t)rounds, 100000, SEATS);
        snprintf(wanted, sizeof wanted, "]}\nid: %d\n\n", rounds);
        read_until(fast, wanted);
    }
    assert_in_range(rounds, OUTLET_BYTES_MAX / CHUNK_BYTES_MAX, ROUNDS - 1);
    while (recv(slow, text, sizeof text, 0) > 0) // what was on its way, and then the end
        ;
    deliver(g, EVENT_1, (uint64_t)rounds + 1, (uint64_t)rounds + 1, 4, 1);
    snprintf(wanted, sizeof wanted, "id: %d\n\n", rounds + 1);
    read_until(fast, wanted);
    gateway_stop(&g);
    close(slow), close(fast);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gateway__given_listeners_then_each_hears_its_event),
        cmocka_unit_test(test_gateway__given_a_lost_source_then_listeners_know),
        cmocka_unit_test(test_gateway__given_who_may_not_listen_then_says_why),
        cmocka_unit_test(test_gateway__given_many_of_one_address_then_the_rest_is_refused),
        cmocka_unit_test(test_gateway__given_silent_ones_of_one_address_then_it_has_no_more),
        cmocka_unit_test(test_gateway__given_silent_ones_everywhere_then_others_hear),
        cmocka_unit_test(test_gateway__given_a_listener_that_reads_nothing_then_only_it_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
