#include "edge/http.h"
#include "ops/host/clock.h"
#include "tests/unit/edge/edge_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BODY_DEADLINE_MS = 400,
    READ_TIMEOUT_MS = 30000,
    INFLIGHT_MAX = 2,
    OWN_MAX = 1,
    THREADS = 8,
    CONNECTIONS_MAX = 7, // one thread is spare
};

typedef struct fixture {
    http *http;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int blocked; // requests inside the handler that waits
    bool open;   // it may go on
    shared_bytes *shared;
} fixture;

// Echoes what arrived; with ?wait it does not return before the test says so.
static void serve(void *self, const http_request *q, http_answer *a)
{
    fixture *f = self;
    if (strcmp(q->query, "wait") == 0) {
        pthread_mutex_lock(&f->mutex);
        f->blocked++;
        pthread_cond_broadcast(&f->changed);
        while (!f->open)
            pthread_cond_wait(&f->changed, &f->mutex);
        f->blocked--;
        pthread_mutex_unlock(&f->mutex);
    }
    if (strcmp(q->query, "etag") == 0 && http_answer_fresh(a, q, "\"v1\""))
        return;
    if (strcmp(q->query, "large") == 0) {
        size_t bytes = 300000;
        char *data = malloc(bytes);
        memset(data, 'x', bytes);
        a->shared = shared_bytes_take(data, bytes);
        return;
    }
    if (strcmp(q->query, "shared") == 0) {
        a->shared = shared_bytes_ref(f->shared);
        a->shared_head = true;
        return;
    }
    doc_object(&a->body);
    doc_key(&a->body, "id");
    doc_text_of(&a->body, q->id, q->id_bytes);
    doc_key(&a->body, "body");
    doc_text_of(&a->body, q->body, q->body_bytes);
    doc_object_end(&a->body);
}

static const route routes[] = {
    {"GET", "/v1/things/{id}", METRIC_ROUTE_OTHER, 0, NULL},
    {"POST", "/v1/things", METRIC_ROUTE_OTHER, 0, NULL},
    {"POST", "/v1/queued", METRIC_ROUTE_OTHER, ROUTE_QUEUED, NULL},
    {"POST", "/v1/own", METRIC_ROUTE_OTHER, ROUTE_OWN, NULL},
    {"POST", "/v1/first", METRIC_ROUTE_OTHER, ROUTE_FIRST, NULL},
};

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    char problem[CONFIG_PROBLEM_BYTES] = "";
    pthread_mutex_init(&f->mutex, NULL);
    pthread_cond_init(&f->changed, NULL);
    http_options options = {.address = "127.0.0.1",
                            .threads = THREADS,
                            .inflight_max = INFLIGHT_MAX,
                            .own_max = OWN_MAX,
                            .queue_ms = 30000,
                            .keep_alive_ms = 30000,
                            .idle_ms = 50,
                            .read_timeout_ms = READ_TIMEOUT_MS,
                            .body_deadline_ms = BODY_DEADLINE_MS,
                            .routes = routes,
                            .routes_count = sizeof routes / sizeof *routes,
                            .self = f,
                            .serve = serve};
    *state = f;
    f->shared = shared_bytes_take(strdup("shared by all"), 13);
    if (http_start(&options, &f->http, problem))
        return 0;
    fprintf(stderr, "%s\n", problem);
    return -1;
}

static int teardown(void **state)
{
    fixture *f = *state;
    if (f->http)
        http_stop(&f->http, 5000);
    shared_bytes_unref(f->shared);
    pthread_mutex_destroy(&f->mutex);
    pthread_cond_destroy(&f->changed);
    free(f);
    return 0;
}

static int dial(const fixture *f)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)http_port(f->http)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

// One request on a connection of its own; the answer's status.
static int ask(const fixture *f, const char *text, char *answer, size_t answer_bytes)
{
    int fd = dial(f), status = 0;
    say(fd, text);
    hear(fd, answer, answer_bytes);
    close(fd);
    assert_int_equal(sscanf(answer, "HTTP/1.1 %d ", &status), 1);
    return status;
}

#define HOST "Host: x\r\n"
#define POST(name) "POST /v1/" name " HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"

static void test_http__given_requests_in_one_connection_then_answers_all_of_them(void **state)
{
    fixture *f = *state;
    char answer[4096];
    int fd = dial(f);
    for (int i = 0; i < 3; i++) {
        say(fd, "POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");
        hear(fd, answer, sizeof answer);
        assert_non_null(strstr(answer, "HTTP/1.1 200 OK\r\n"));
        assert_non_null(strstr(answer, "\"body\":\"hello\"}"));
        assert_null(strstr(answer, "Connection: close"));
        assert_non_null(strstr(answer, "X-Content-Type-Options: nosniff\r\n"));
    }
    say(fd, "GET /v1/things/a-1 HTTP/1.1\r\n" HOST "\r\nGET /v1/things/a-2 HTTP/1.1\r\n" HOST
            "Connection: close\r\n\r\n");
    size_t count = hear(fd, answer, sizeof answer);
    if (!strstr(answer, "a-2"))
        hear(fd, answer + count, sizeof answer - count);
    assert_non_null(strstr(answer, "\"id\":\"a-1\""));
    assert_non_null(strstr(answer, "\"id\":\"a-2\""));
    assert_true(closed(fd));
    close(fd);
}

static void test_http__given_bodies_in_pieces_then_reads_them_whole(void **state)
{
    fixture *f = *state;
    char answer[4096];
    int fd = dial(f);
    say(fd, "POST /v1/things HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
            "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    hear(fd, answer, sizeof answer);
    assert_non_null(strstr(answer, "\"body\":\"abcde\"}"));
    say(fd, "POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nab");
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 20), 0);
    say(fd, "cd");
    hear(fd, answer, sizeof answer);
    assert_non_null(strstr(answer, "\"body\":\"abcd\"}"));
    say(fd,
        "POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    hear(fd, answer, sizeof answer);
    assert_non_null(strstr(answer, "HTTP/1.1 100 Continue\r\n\r\n"));
    say(fd, "ok");
    hear(fd, answer, sizeof answer);
    assert_non_null(strstr(answer, "\"body\":\"ok\"}"));
    close(fd);
}

static void test_http__given_what_no_proxy_agrees_on_then_refuses_and_closes(void **state)
{
    static const char *const texts[] = {
        "POST /v1/things HTTP/1.1\r\n" HOST
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\n",
        "POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST /v1/things HTTP/1.1\r\n" HOST "X: a\r\n folded\r\nContent-Length: 3\r\n\r\nabc",
        "GET /v1/things/a\x01 HTTP/1.1\r\n" HOST "\r\n",
        "GET /v1/things/a HTTP/1.1\r\n\r\n",
        "GET /v1/things/a HTTP/1.1\r\n" HOST "X: a\x02\r\n\r\n",
        "nonsense\r\n\r\n",
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char answer[4096];
        int fd = dial(f);
        say(fd, texts[i]);
        hear(fd, answer, sizeof answer);
        assert_non_null(strstr(answer, "HTTP/1.1 400 "));
        assert_non_null(strstr(answer, "application/problem+json"));
        assert_non_null(strstr(answer, "Connection: close\r\n"));
        assert_true(closed(fd));
        close(fd);
    }
}

static void test_http__given_a_body_beyond_the_bound_then_answers_413(void **state)
{
    fixture *f = *state;
    char *text = calloc(1, 64 * 1024), answer[4096];
    snprintf(text, 256, "POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n", 60000);
    memset(text + strlen(text), 'x', 60000);
    assert_int_equal(ask(f, text, answer, sizeof answer), 413);
    snprintf(text, 256,
             "POST /v1/things HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n%x\r\n", 40000);
    memset(text + strlen(text), 'x', 40000);
    assert_int_equal(ask(f, text, answer, sizeof answer), 413);
    free(text);
}

// A byte now and then keeps civetweb waiting for ever; the deadline is for the whole body.
static void test_http__given_a_dripping_body_then_answers_408_in_time(void **state)
{
    fixture *f = *state;
    char answer[4096];
    int fd = dial(f);
    int64_t started_us = clock_monotonic_us();
    say(fd, "POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n");
    struct pollfd p = {.fd = fd, .events = POLLIN};
    for (int i = 0; i < 500 && poll(&p, 1, 20) == 0; i++)
        say(fd, "x");
    hear(fd, answer, sizeof answer);
    assert_non_null(strstr(answer, "HTTP/1.1 408 "));
    int64_t took_ms = (clock_monotonic_us() - started_us) / 1000;
    assert_true(took_ms >= BODY_DEADLINE_MS);
    assert_true(took_ms < BODY_DEADLINE_MS + 5000);
    assert_true(closed(fd));
    close(fd);
}

static void wait_blocked(fixture *f, int count)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ANSWER_MS / 1000;
    int error = 0;
    pthread_mutex_lock(&f->mutex);
    while (f->blocked < count && error == 0)
        error = pthread_cond_timedwait(&f->changed, &f->mutex, &until);
    pthread_mutex_unlock(&f->mutex);
    assert_int_equal(error, 0);
}

static bool are_blocked(fixture *f, int count)
{
    pthread_mutex_lock(&f->mutex);
    bool enough = f->blocked >= count;
    pthread_mutex_unlock(&f->mutex);
    return enough;
}

// Asks again while refused: who was answered gives its place back a moment later.
static int dial_blocked(fixture *f, const char *text, int count)
{
    struct pollfd p = {.fd = dial(f), .events = POLLIN};
    say(p.fd, text);
    for (int tries = 0; tries < ANSWER_MS / 10 && !are_blocked(f, count); tries++) {
        if (poll(&p, 1, 10) == 0)
            continue;
        close(p.fd);
        p.fd = dial(f);
        say(p.fd, text);
    }
    wait_blocked(f, count);
    return p.fd;
}

static void let_go(fixture *f)
{
    pthread_mutex_lock(&f->mutex);
    f->open = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->mutex);
}

static void test_http__given_reservations_at_their_bound_then_sheds_these_alone(void **state)
{
    fixture *f = *state;
    char answer[4096];
    int fds[INFLIGHT_MAX];
    for (int i = 0; i < INFLIGHT_MAX; i++) {
        fds[i] = dial(f);
        say(fds[i], "POST /v1/queued?wait HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");
    }
    wait_blocked(f, INFLIGHT_MAX);
    assert_int_equal(ask(f, POST("queued"), answer, sizeof answer), 503);
    assert_non_null(strstr(answer, "Retry-After: "));
    assert_null(strstr(answer, "Connection: close"));
    assert_int_equal(ask(f, POST("own"), answer, sizeof answer), 200);
    int own = dial_blocked(f, "POST /v1/own?wait HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n",
                           INFLIGHT_MAX + OWN_MAX);
    assert_int_equal(ask(f, POST("own"), answer, sizeof answer), 503);
    assert_int_equal(ask(f, POST("first"), answer, sizeof answer), 200);
    assert_int_equal(ask(f, "GET /v1/things/b HTTP/1.1\r\n" HOST "\r\n", answer, sizeof answer),
                     200);
    let_go(f);
    for (int i = 0; i < INFLIGHT_MAX; i++) {
        hear(fds[i], answer, sizeof answer);
        assert_non_null(strstr(answer, "HTTP/1.1 200 OK"));
        close(fds[i]);
    }
    close(own);
    for (int tries = 1; ask(f, POST("queued"), answer, sizeof answer) != 200; tries++)
        assert_true(tries < 1000);
}

static void test_http__given_connections_too_many_then_refuses_and_makes_room(void **state)
{
    fixture *f = *state;
    char answer[4096];
    int fds[CONNECTIONS_MAX];
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        fds[i] = dial(f);
        say(fds[i], "GET /v1/things/a HTTP/1.1\r\n" HOST "\r\n");
        hear(fds[i], answer, sizeof answer);
    }
    assert_int_equal(ask(f, POST("own"), answer, sizeof answer), 503);
    assert_non_null(strstr(answer, "Retry-After: "));
    assert_non_null(strstr(answer, "Connection: close\r\n"));
    assert_int_equal(ask(f, POST("first"), answer, sizeof answer), 200);
    assert_true(closed(fds[0])); // nothing moved on it for idle_ms
    int64_t end_us = clock_monotonic_us() + ANSWER_MS * 1000;
    while (ask(f, POST("own"), answer, sizeof answer) != 200)
        assert_true(clock_monotonic_us() < end_us);
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        close(fds[i]);
}

// Nobody is left who could see another one come, and still room is made.
static void test_http__given_silence_on_every_thread_then_ends_it(void **state)
{
    fixture *f = *state;
    char answer[4096];
    int fds[2 * THREADS];
    int64_t started_us = clock_monotonic_us();
    for (int i = 0; i < 2 * THREADS; i++)
        fds[i] = dial(f);
    for (int i = 0; i < 2 * THREADS; i++) {
        assert_true(closed(fds[i]));
        close(fds[i]);
    }
    assert_int_equal(ask(f, POST("first"), answer, sizeof answer), 200);
    while (ask(f, POST("own"), answer, sizeof answer) != 200)
        assert_true(clock_monotonic_us() - started_us < ANSWER_MS * 1000);
    assert_true(clock_monotonic_us() - started_us < READ_TIMEOUT_MS * 1000);
}

static void test_http__given_no_room_then_one_that_waits_for_its_answer_stays(void **state)
{
    fixture *f = *state;
    char answer[4096];
    int fds[CONNECTIONS_MAX], waiting = dial(f);
    say(waiting, "GET /v1/things/a?wait HTTP/1.1\r\n" HOST "\r\n");
    wait_blocked(f, 1);
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        fds[i] = dial(f);
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        assert_true(closed(fds[i])); // one of them at least after the time was up for `waiting`
        close(fds[i]);
    }
    let_go(f);
    for (int i = 0; i < 2; i++) {
        hear(waiting, answer, sizeof answer);
        assert_non_null(strstr(answer, "HTTP/1.1 200 OK"));
        if (i == 0)
            say(waiting, "GET /v1/things/a HTTP/1.1\r\n" HOST "\r\n");
    }
    close(waiting);
}

static void test_http__given_methods_then_answers_as_rfc_9110_asks(void **state)
{
    fixture *f = *state;
    char answer[4096];
    assert_int_equal(ask(f, "HEAD /v1/things/abc HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
                         answer, sizeof answer),
                     200);
    assert_non_null(strstr(answer, "Content-Length: 22\r\n"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    assert_int_equal(
        ask(f, "OPTIONS /v1/things/abc HTTP/1.1\r\n" HOST "\r\n", answer, sizeof answer), 204);
    assert_non_null(strstr(answer, "Allow: GET, HEAD, OPTIONS\r\n"));
    assert_int_equal(
        ask(f, "DELETE /v1/things/abc HTTP/1.1\r\n" HOST "\r\n", answer, sizeof answer), 405);
    assert_non_null(strstr(answer, "Allow: GET, HEAD, OPTIONS\r\n"));
    assert_int_equal(ask(f, "GET /nowhere HTTP/1.1\r\n" HOST "\r\n", answer, sizeof answer), 404);
    assert_int_equal(
        ask(f, "GET /v1/things/abc?etag HTTP/1.1\r\n" HOST "If-None-Match: \"v0\", \"v1\"\r\n\r\n",
            answer, sizeof answer),
        304);
    assert_non_null(strstr(answer, "ETag: \"v1\"\r\n"));
    assert_int_equal(ask(f, "GET /v1/things/abc HTTP/1.0\r\n\r\n", answer, sizeof answer), 200);
    assert_non_null(strstr(answer, "Connection: close\r\n"));
}

static void test_http__given_a_large_answer_then_sends_all_of_it(void **state)
{
    fixture *f = *state;
    static char answer[310000];
    int fd = dial(f);
    say(fd, "GET /v1/things/a?large HTTP/1.1\r\n" HOST "\r\n");
    size_t count = hear(fd, answer, sizeof answer);
    char *body = strstr(answer, "\r\n\r\n");
    assert_int_equal(count - (size_t)(body + 4 - answer), 300000);
    say(fd, "GET /v1/things/b HTTP/1.1\r\n" HOST "\r\n");
    hear(fd, answer, sizeof answer);
    assert_non_null(strstr(answer, "\"id\":\"b\""));
    close(fd);
}

static void test_http__given_shared_bytes_then_sends_them_with_a_head(void **state)
{
    fixture *f = *state;
    char answer[4096];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            ask(f, "GET /v1/things/a?shared HTTP/1.1\r\n" HOST "\r\n", answer, sizeof answer), 200);
        assert_non_null(strstr(answer, "Content-Length: 13\r\n"));
        assert_null(strstr(answer, "Connection: close\r\n"));
        assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\nshared by all");
    }
    assert_int_equal(ask(f, "GET /v1/things/a?shared HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
                         answer, sizeof answer),
                     200);
    assert_non_null(strstr(answer, "Connection: close\r\n"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\nshared by all");
}

static void *stop_run(void *self)
{
    http_stop(&((fixture *)self)->http, 10000);
    return NULL;
}

static void test_http_stop__given_a_request_in_flight_then_it_is_answered_first(void **state)
{
    fixture *f = *state;
    char answer[4096];
    pthread_t stopper;
    int idle = dial(f), fd = dial(f);
    say(idle, "GET /v1/things/a HTTP/1.1\r\n" HOST "\r\n");
    hear(idle, answer, sizeof answer);
    say(fd, "GET /v1/things/a?wait HTTP/1.1\r\n" HOST "\r\n");
    wait_blocked(f, 1);
    int64_t started_us = clock_monotonic_us();
    assert_int_equal(pthread_create(&stopper, NULL, stop_run, f), 0);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 50), 0);
    let_go(f);
    hear(fd, answer, sizeof answer);
    assert_non_null(strstr(answer, "HTTP/1.1 200 OK"));
    assert_non_null(strstr(answer, "Connection: close\r\n"));
    assert_true(closed(idle)); // an idle connection does not delay the stop
    pthread_join(stopper, NULL);
    assert_true(clock_monotonic_us() - started_us < 10000000);
    close(idle);
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_http__given_requests_in_one_connection_then_answers_all_of_them),
        TEST(test_http__given_bodies_in_pieces_then_reads_them_whole),
        TEST(test_http__given_what_no_proxy_agrees_on_then_refuses_and_closes),
        TEST(test_http__given_a_body_beyond_the_bound_then_answers_413),
        TEST(test_http__given_a_dripping_body_then_answers_408_in_time),
        TEST(test_http__given_reservations_at_their_bound_then_sheds_these_alone),
        TEST(test_http__given_connections_too_many_then_refuses_and_makes_room),
        TEST(test_http__given_silence_on_every_thread_then_ends_it),
        TEST(test_http__given_no_room_then_one_that_waits_for_its_answer_stays),
        TEST(test_http__given_methods_then_answers_as_rfc_9110_asks),
        TEST(test_http__given_a_large_answer_then_sends_all_of_it),
        TEST(test_http__given_shared_bytes_then_sends_them_with_a_head),
        TEST(test_http_stop__given_a_request_in_flight_then_it_is_answered_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
