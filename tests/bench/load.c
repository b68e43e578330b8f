// A load generator: one thread, epoll, keep-alive HTTP/1.1 connections to loopback. Closed loop
// (each connection sends its next request when the last was answered) or open loop (--rate: Poisson
// arrivals; latency counts from the intended moment of sending, so that a stalled server cannot
// hide behind a waiting generator). Prints one JSON object.
//   reserve: POST /v1/reservations with two seats, from a list of events and a list of seat ids
//   get:     GET of --path, with --header "Name: value" when given
// Requests are numbered from --first to --requests, so that a later run goes on in the same house.
#include "tests/bench/histogram.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 4096, REQUEST_BYTES = 2048, ANSWER_BYTES = 65536, LINES_MAX = 70000 };

typedef struct connection {
    int fd;
    bool busy;
    uint32_t token;
    int64_t intended_us;
    size_t sent, request_bytes, answer_bytes;
    char request[REQUEST_BYTES];
    char answer[ANSWER_BYTES];
} connection;

typedef struct lines {
    char *text;
    const char *line[LINES_MAX];
    uint32_t count;
} lines;

typedef struct options {
    const char *mode, *address, *path, *header, *events_file, *seats_file, *tokens_file;
    int port;
    uint32_t connections, seats_each, seed;
    double seconds, rate;
    uint64_t first, requests_max;
} options;

typedef struct load {
    options o;
    lines events, seats, tokens;
    uint32_t *order; // of seat groups, shuffled
    uint32_t groups;
    uint64_t next, sent, answered, by_class[6], conflicts, broken;
    uint64_t random;
    int64_t start_us, end_us, due_us, lag_max_us;
    histogram latency;
    int epoll;
    connection *connections;
    uint32_t *idle;
    uint32_t idle_count;
} load;

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(2);
}

static uint64_t random_next(load *l) // splitmix64
{
    uint64_t z = l->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void lines_read(lines *ret_lines, const char *file)
{
    FILE *f = file == NULL ? NULL : fopen(file, "r");
    size_t capacity = 0;
    if (f == NULL || getdelim(&ret_lines->text, &capacity, 0, f) < 0)
        die(file == NULL ? "a list is missing" : file);
    fclose(f);
    char *save = NULL;
    for (char *line = strtok_r(ret_lines->text, "\n", &save);
         line != NULL && ret_lines->count < LINES_MAX; line = strtok_r(NULL, "\n", &save))
        ret_lines->line[ret_lines->count++] = line;
    if (ret_lines->count == 0)
        die(file);
}

static void order_shuffle(load *l)
{
    l->groups = l->seats.count / l->o.seats_each;
    l->order = calloc(l->groups, sizeof *l->order);
    for (uint32_t i = 0; i < l->groups; i++) {
        uint32_t j = (uint32_t)(random_next(l) % (i + 1));
        l->order[i] = l->order[j];
        l->order[j] = i;
    }
}

// Request n goes to event n modulo events and takes the next group of seats there.
static void reserve_write(load *l, connection *c, uint64_t n)
{
    char body[512];
    const char *event = l->events.line[n % l->events.count];
    uint32_t group = l->order[n / l->events.count % l->groups];
    int bytes = snprintf(body, sizeof body, "{\"event_id\":\"%s\",\"seats\":[", event);
    for (uint32_t i = 0; i < l->o.seats_each; i++)
        bytes += snprintf(body + bytes, sizeof body - (size_t)bytes, "%s\"%s\"", i ? "," : "",
                          l->seats.line[group * l->o.seats_each + i]);
    bytes += snprintf(body + bytes, sizeof body - (size_t)bytes, "]}");
    c->request_bytes = (size_t)snprintf(
        c->request, sizeof c->request,
        "POST /v1/reservations HTTP/1.1\r\nHost: %s:%d\r\nAuthorization: Bearer %s\r\n"
        "Idempotency-Key: %u-%llu\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        "%s",
        l->o.address, l->o.port, l->tokens.line[c->token % l->tokens.count], l->o.seed,
        (unsigned long long)n, bytes, body);
}

static void request_start(load *l, connection *c, int64_t intended_us)
{
    uint64_t n = l->next++;
    if (strcmp(l->o.mode, "reserve") == 0)
        reserve_write(l, c, n);
    else
        c->request_bytes = (size_t)snprintf(
            c->request, sizeof c->request, "GET %s HTTP/1.1\r\nHost: %s:%d\r\n%s%s\r\n", l->o.path,
            l->o.address, l->o.port, l->o.header, *l->o.header ? "\r\n" : "");
    c->busy = true;
    c->sent = c->answer_bytes = 0;
    c->intended_us = intended_us;
    l->sent++;
    ssize_t wrote = send(c->fd, c->request, c->request_bytes, MSG_NOSIGNAL);
    if (wrote != (ssize_t)c->request_bytes) { // a request fits any socket buffer on loopback
        l->broken++;
        c->busy = false;
    }
}

// Length of a complete answer at the start of the buffer, or 0.
static size_t answer_complete(const connection *c)
{
    const char *head_end = memmem(c->answer, c->answer_bytes, "\r\n\r\n", 4);
    if (head_end == NULL)
        return 0;
    size_t head = (size_t)(head_end - c->answer) + 4;
    for (const char *at = c->answer; at < head_end; at = strchr(at, '\n') + 1)
        if (strncasecmp(at, "content-length:", 15) == 0)
            head += strtoull(at + 15, NULL, 10);
    return head <= c->answer_bytes ? head : 0;
}

static void answer_note(load *l, connection *c)
{
    int status = (int)strtol(c->answer + 9, NULL, 10);
    l->by_class[status / 100 < 6 ? status / 100 : 0]++;
    l->conflicts += status == 409;
    l->answered++;
    histogram_add(&l->latency, now_us() - c->intended_us);
    c->busy = false;
}

static void connection_open(load *l, connection *c)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)l->o.port)};
    int on = 1;
    inet_pton(AF_INET, l->o.address, &to.sin_addr);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("cannot connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e);
}

// Reads what is there; true when the connection became free.
static bool connection_read(load *l, connection *c)
{
    ssize_t got = recv(c->fd, c->answer + c->answer_bytes, ANSWER_BYTES - 1 - c->answer_bytes, 0);
    if (got <= 0) {
        l->broken += c->busy;
        close(c->fd);
        connection_open(l, c);
        bool was_busy = c->busy;
        c->busy = false;
        return was_busy;
    }
    c->answer_bytes += (size_t)got;
    c->answer[c->answer_bytes] = 0;
    if (!c->busy || answer_complete(c) == 0)
        return false;
    answer_note(l, c);
    return true;
}

static double uniform(load *l)
{
    return ((double)(random_next(l) >> 11) + 0.5) / 9007199254740992.0;
}

static bool more(const load *l)
{
    return l->o.requests_max == 0 || l->next < l->o.requests_max;
}

// Open loop: every arrival that is due goes out on an idle connection, or waits and counts as lag.
static void arrivals_send(load *l)
{
    int64_t now = now_us();
    while (l->due_us <= now && l->due_us < l->end_us && l->idle_count > 0 && more(l)) {
        int64_t lag = now - l->due_us;
        l->lag_max_us = lag > l->lag_max_us ? lag : l->lag_max_us;
        request_start(l, &l->connections[l->idle[--l->idle_count]], l->due_us);
        l->due_us += (int64_t)(-log(uniform(l)) * 1e6 / l->o.rate);
    }
}

static void connection_free(load *l, connection *c)
{
    if (l->o.rate > 0)
        l->idle[l->idle_count++] = (uint32_t)(c - l->connections);
    else if (now_us() < l->end_us && more(l))
        request_start(l, c, now_us());
}

static void run(load *l)
{
    struct epoll_event events[512];
    l->epoll = epoll_create1(0);
    for (uint32_t i = 0; i < l->o.connections; i++) {
        l->connections[i].token = i;
        connection_open(l, &l->connections[i]);
    }
    l->start_us = l->due_us = now_us();
    l->end_us = l->start_us + (int64_t)(l->o.seconds * 1e6);
    for (uint32_t i = 0; i < l->o.connections; i++)
        connection_free(l, &l->connections[i]);
    int64_t give_up_us = l->end_us + 10000000;
    while (now_us() < give_up_us) {
        if (l->o.rate > 0)
            arrivals_send(l);
        bool over = now_us() >= l->end_us || !more(l);
        if (over && l->answered + l->broken >= l->sent)
            return;
        int n = epoll_wait(l->epoll, events, 512, l->o.rate > 0 && !over ? 0 : 100);
        for (int i = 0; i < n; i++)
            if (connection_read(l, events[i].data.ptr))
                connection_free(l, events[i].data.ptr);
    }
}

static int64_t cpu_us(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * INT64_C(1000000) + r.ru_utime.tv_usec +
           r.ru_stime.tv_usec;
}

static void report(const load *l)
{
    double seconds = (double)(now_us() - l->start_us) / 1e6;
    printf(
        "{\"mode\":\"%s\",\"seconds\":%.3f,\"sent\":%llu,\"answered\":%llu,\"per_second\":%.0f,"
        "\"ok_per_second\":%.0f,\"2xx\":%llu,\"3xx\":%llu,\"4xx\":%llu,\"409\":%llu,\"5xx\":%llu,"
        "\"broken\":%llu,\"p50_us\":%lld,\"p90_us\":%lld,\"p99_us\":%lld,\"p999_us\":%lld,"
        "\"max_us\":%lld,\"lag_max_us\":%lld,\"cpu_us\":%lld,\"next\":%llu}\n",
        l->o.mode, seconds, (unsigned long long)l->sent, (unsigned long long)l->answered,
        (double)l->answered / seconds, (double)l->by_class[2] / seconds,
        (unsigned long long)l->by_class[2], (unsigned long long)l->by_class[3],
        (unsigned long long)l->by_class[4], (unsigned long long)l->conflicts,
        (unsigned long long)l->by_class[5], (unsigned long long)l->broken,
        (long long)histogram_quantile(&l->latency, 0.5),
        (long long)histogram_quantile(&l->latency, 0.9),
        (long long)histogram_quantile(&l->latency, 0.99),
        (long long)histogram_quantile(&l->latency, 0.999), (long long)l->latency.max_us,
        (long long)l->lag_max_us, (long long)cpu_us(), (unsigned long long)l->next);
}

static void options_read(options *o, int argc, char **argv)
{
    static const struct option names[] = {{"mode", 1, 0, 'm'},       {"address", 1, 0, 'a'},
                                          {"port", 1, 0, 'p'},       {"path", 1, 0, 'g'},
                                          {"events", 1, 0, 'e'},     {"seats", 1, 0, 's'},
                                          {"tokens", 1, 0, 't'},     {"connections", 1, 0, 'c'},
                                          {"seconds", 1, 0, 'd'},    {"rate", 1, 0, 'r'},
                                          {"requests", 1, 0, 'n'},   {"seed", 1, 0, 'x'},
                                          {"seats-each", 1, 0, 'k'}, {"header", 1, 0, 'h'},
                                          {"first", 1, 0, 'f'},      {0}};
    *o = (options){.mode = "reserve",
                   .address = "127.0.0.1",
                   .path = "/",
                   .header = "",
                   .connections = 128,
                   .seats_each = 2,
                   .seconds = 5,
                   .seed = 1};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        const char **text = c == 'm'   ? &o->mode
                            : c == 'a' ? &o->address
                            : c == 'g' ? &o->path
                            : c == 'h' ? &o->header
                            : c == 'e' ? &o->events_file
                            : c == 's' ? &o->seats_file
                            : c == 't' ? &o->tokens_file
                                       : NULL;
        if (text != NULL)
            *text = optarg;
        else if (c == 'p')
            o->port = (int)strtol(optarg, NULL, 10);
        else if (c == 'd')
            o->seconds = strtod(optarg, NULL);
        else if (c == 'r')
            o->rate = strtod(optarg, NULL);
        else if (c == 'f')
            o->first = strtoull(optarg, NULL, 10);
        else if (c == 'n')
            o->requests_max = strtoull(optarg, NULL, 10);
        else if (c == 'c' || c == 'k' || c == 'x')
            *(c == 'c'   ? &o->connections
              : c == 'k' ? &o->seats_each
                         : &o->seed) = (uint32_t)strtoul(optarg, NULL, 10);
        else
            exit(2);
    }
    if (o->port == 0 || o->connections == 0 || o->connections > CONNECTIONS_MAX ||
        o->seats_each == 0 || o->seats_each > 10 || strncmp(o->address, "127.", 4) != 0) {
        fprintf(stderr, "load: --port, and loopback only; see the head of load.c\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    static load l;
    options_read(&l.o, argc, argv);
    l.random = l.o.seed;
    l.next = l.o.first;
    l.connections = calloc(l.o.connections, sizeof *l.connections);
    l.idle = calloc(l.o.connections, sizeof *l.idle);
    if (l.connections == NULL || l.idle == NULL)
        die("memory");
    if (strcmp(l.o.mode, "reserve") == 0) {
        lines_read(&l.events, l.o.events_file);
        lines_read(&l.seats, l.o.seats_file);
        lines_read(&l.tokens, l.o.tokens_file);
        order_shuffle(&l);
    }
    run(&l);
    report(&l);
    return l.answered + l.broken < l.sent;
}
