// A line against a server that this test plays itself, so that it sees when what leaves.
#include "ops/host/nats_line.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000, BIG_BYTES = 8 * 1024 * 1024, PIECE_BYTES = 64 * 1024 };

typedef struct fake_server {
    int listener;
    atomic_int client; // of the last handshake
    uint16_t port;
    pthread_t thread;
    sem_t shaken;
    nats_line *line;
} fake_server;

static void bytes_send(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

// Reads until the text has come; what came with it stands in into.
static void bytes_await(int fd, const char *wanted, char *into, size_t into_bytes)
{
    size_t count = 0;
    into[0] = 0;
    while (strstr(into, wanted) == NULL) {
        struct pollfd look = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&look, 1, PATIENCE_MS), 1);
        ssize_t n = recv(fd, into + count, into_bytes - count - 1, 0);
        assert_true(n > 0);
        count += (size_t)n;
        into[count] = 0;
    }
}

// Greets whoever connects, as often as that happens.
static void *server_run(void *closure)
{
    fake_server *s = closure;
    for (;;) {
        char said[4096];
        int fd = accept(s->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        bytes_send(fd, "INFO {\"server_id\":\"x\",\"version\":\"2.9.10\",\"max_payload\":1048576,"
                       "\"headers\":true,\"proto\":1}\r\n");
        bytes_await(fd, "PING\r\n", said, sizeof said);
        bytes_send(fd, "PONG\r\n");
        s->client = fd;
        sem_post(&s->shaken);
    }
}

static void sem_await(sem_t *s)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    assert_int_equal(sem_timedwait(s, &until), 0);
}

static int setup(void **state)
{
    fake_server *s = calloc(1, sizeof *s);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(s->listener, 4), 0);
    getsockname(s->listener, (struct sockaddr *)&address, &bytes);
    s->port = ntohs(address.sin_port);
    sem_init(&s->shaken, 0, 0);
    assert_int_equal(pthread_create(&s->thread, NULL, server_run, s), 0);
    char url[64];
    natsOptions *options = NULL;
    snprintf(url, sizeof url, "nats://127.0.0.1:%u", s->port);
    natsOptions_Create(&options);
    natsOptions_SetURL(options, url);
    natsOptions_SetReconnectWait(options, 10);
    natsOptions_SetReconnectBufSize(options, 1);
    assert_int_equal(nats_line_open(options, &s->line), NATS_OK);
    natsOptions_Destroy(options);
    sem_await(&s->shaken);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    fake_server *s = *state;
    nats_line_close(s->line);
    nats_line_free(&s->line);
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
    close(s->client);
    sem_destroy(&s->shaken);
    free(s);
    return 0;
}

static void say(const fake_server *s, const char *text)
{
    assert_int_equal(natsConnection_PublishString(nats_line_connection(s->line), "a", text),
                     NATS_OK);
}

static void test_nats_line__given_messages_inside_then_one_send_at_the_end(void **state)
{
    fake_server *s = *state;
    char got[4096] = "";
    nats_line_begin(s->line);
    say(s, "one");
    nats_line_begin(s->line);
    say(s, "two");
    nats_line_end(s->line); // not the outermost
    say(s, "three");
    assert_int_equal(recv(s->client, got, sizeof got, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
    nats_line_end(s->line);
    ssize_t n = recv(s->client, got, sizeof got - 1, 0);
    assert_true(n > 0);
    assert_string_equal(got, "PUB a 3\r\none\r\nPUB a 3\r\ntwo\r\nPUB a 5\r\nthree\r\n");
}

static void test_nats_line__given_an_author_who_knows_no_lines_then_it_leaves(void **state)
{
    fake_server *s = *state;
    char got[4096];
    say(s, "alone");
    bytes_await(s->client, "PUB a 5\r\nalone\r\n", got, sizeof got);
}

static void test_nats_line__given_a_ping_then_it_answers_by_itself(void **state)
{
    fake_server *s = *state;
    char got[4096];
    bytes_send(s->client, "PING\r\n");
    bytes_await(s->client, "PONG\r\n", got, sizeof got);
}

static void
test_nats_line__given_a_server_that_does_not_read_then_nobody_waits_for_long(void **state)
{
    fake_server *s = *state;
    static char piece[PIECE_BYTES];
    memset(piece, 'x', sizeof piece);
    time_t began = time(NULL);
    nats_line_begin(s->line);
    for (uint32_t i = 0; i < BIG_BYTES / PIECE_BYTES; i++)
        assert_int_equal(
            natsConnection_Publish(nats_line_connection(s->line), "b", piece, sizeof piece),
            NATS_OK);
    nats_line_end(s->line); // returns, though much of it does not fit into the socket
    nats_line_begin(s->line);
    say(s, "last");
    nats_line_end(s->line);
    assert_in_range(time(NULL) - began, 0, 8); // a second each, and a slow machine
    uint64_t expected = strlen("PUB a 4\r\nlast\r\n") +
                        (uint64_t)(BIG_BYTES / PIECE_BYTES) *
                            (strlen("PUB b 65536\r\n") + PIECE_BYTES + strlen("\r\n"));
    for (uint64_t got = 0; got < expected;) {
        static char bytes[256 * 1024];
        struct pollfd look = {.fd = s->client, .events = POLLIN};
        assert_int_equal(poll(&look, 1, PATIENCE_MS), 1);
        ssize_t n = recv(s->client, bytes, sizeof bytes, 0);
        assert_true(n > 0);
        got += (uint64_t)n;
    }
}

static uint32_t files_open(void)
{
    uint32_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static void test_nats_line__given_a_lost_connection_then_it_comes_back(void **state)
{
    fake_server *s = *state;
    char got[4096];
    uint32_t before = files_open();
    for (uint32_t i = 0; i < 3; i++) {
        close(s->client);
        sem_await(&s->shaken);
        while (natsConnection_Status(nats_line_connection(s->line)) != NATS_CONN_STATUS_CONNECTED)
            sched_yield();
        nats_line_begin(s->line);
        say(s, "again");
        nats_line_end(s->line);
        bytes_await(s->client, "PUB a 5\r\nagain\r\n", got, sizeof got);
    }
    assert_int_equal(files_open(), before); // the sockets before it are closed
}

static void test_nats_discard__given_many_then_few_are_kept(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 1000; i++) { // the address sanitizer counts them at the end
        natsMsg *message = NULL;
        assert_int_equal(natsMsg_Create(&message, "a", NULL, "x", 1), NATS_OK);
        nats_discard(message);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nats_line__given_messages_inside_then_one_send_at_the_end),
        TEST(test_nats_line__given_an_author_who_knows_no_lines_then_it_leaves),
        TEST(test_nats_line__given_a_ping_then_it_answers_by_itself),
        TEST(test_nats_line__given_a_server_that_does_not_read_then_nobody_waits_for_long),
        TEST(test_nats_line__given_a_lost_connection_then_it_comes_back),
        cmocka_unit_test(test_nats_discard__given_many_then_few_are_kept),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nats_discard_rest();
    nats_CloseAndWait(PATIENCE_MS);
    return failed;
}
