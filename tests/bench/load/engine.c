#include "tests/bench/load/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    OPEN_US = 3000000,  // how long the start waits for connections
    PAUSE_US = 1000000, // of a client that was told to come back later
    LATE_US = 50000,    // arrivals that are later than the end by more are given up
    EVENTS_MAX = 512,
};

static void request_send(load *l, connection *c);

static uint32_t index_of(const load *l, const connection *c)
{
    return (uint32_t)(c - l->connections);
}

static void watch(load *l, connection *c, int how, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = c};
    epoll_ctl(l->epoll, how, c->fd, &e);
}

// Each source address has its own 28,000 ports, so the connections are spread over several.
static void connection_open(load *l, connection *c)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)c->port)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    int on = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + index_of(l, c) % l->o.sources);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        load_die("no more sockets");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(c->fd, (struct sockaddr *)&from, sizeof from) != 0 ||
        (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS))
        load_die("cannot connect");
    c->state = CONNECTION_OPENING;
    c->answer_bytes = 0;
    watch(l, c, EPOLL_CTL_ADD, EPOLLOUT);
}

static bool is_first(const load *l, const connection *c)
{
    return index_of(l, c) < l->o.connections;
}

static connection *partner(load *l, const connection *c)
{
    uint32_t n = l->o.connections;
    return &l->connections[is_first(l, c) ? index_of(l, c) + n : index_of(l, c) - n];
}

static void connection_ready(load *l, connection *c, bool later)
{
    int64_t now = load_now_us();
    if (l->start_us == 0 || !is_first(l, c) || c->idle || now < c->until_us)
        return;
    if (l->o.rate > 0) {
        if (l->idle_count == 0)
            l->idle_since_us = now;
        c->idle = true;
        l->idle[l->idle_count++] = index_of(l, c);
    } else if (later) {
        c->until_us = now + PAUSE_US;
        l->pauses[l->pauses_end++ % l->o.connections] = index_of(l, c);
    } else if (now < l->end_us) {
        c->intended_us = now;
        request_send(l, c);
    }
}

// False when there is nothing left to send.
static bool request_begin(load *l, connection *c)
{
    if (c->state != CONNECTION_FREE || !request_write(l, c))
        return false;
    l->sent++;
    c->resent = false;
    return true;
}

static void request_out(connection *c)
{
    c->state = CONNECTION_BUSY;
    c->answer_bytes = 0;
    ssize_t wrote = send(c->fd, c->request, c->request_bytes, MSG_NOSIGNAL);
    if (wrote != (ssize_t)c->request_bytes) // a request fits any socket buffer on loopback
        shutdown(c->fd, SHUT_RDWR);         // and the next read counts it as broken
}

static void request_send(load *l, connection *c)
{
    if (request_begin(l, c))
        request_out(c);
}

// A server ends connections that nobody used for a while, also in the moment in which one is used
// again. As any client does, the request then goes out once more, on a new one.
static bool is_resent(const connection *c)
{
    return c->state == CONNECTION_BUSY && c->answer_bytes == 0 && !c->resent;
}

static void connection_lost(load *l, connection *c)
{
    if (is_resent(c)) {
        c->waits = c->resent = true;
        close(c->fd);
        return connection_open(l, c);
    }
    bool busy = c->state == CONNECTION_BUSY || c->waits;
    c->waits = false;
    l->broken += busy;
    l->refused_connections += c->state == CONNECTION_OPENING;
    if (!is_first(l, c) && busy) // the checkout's connection waits for its confirmation
        connection_ready(l, partner(l, c), false);
    for (uint32_t i = 0; c->idle && i < l->idle_count; i++)
        if (l->idle[i] == index_of(l, c))
            l->idle[i--] = l->idle[--l->idle_count];
    c->idle = false;
    close(c->fd);
    c->state = CONNECTION_CLOSED;
    if (l->start_us == 0 || load_now_us() < l->end_us)
        connection_open(l, c);
}

static void connection_opened(load *l, connection *c)
{
    int error = 0;
    socklen_t error_bytes = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes);
    if (error != 0)
        return connection_lost(l, c);
    c->state = CONNECTION_FREE;
    watch(l, c, EPOLL_CTL_MOD, EPOLLIN);
    if (!c->waits)
        return connection_ready(l, c, false);
    c->waits = false;
    request_out(c);
}

static void confirm_send(load *l, connection *checkout)
{
    connection *c = partner(l, checkout);
    if (c->state == CONNECTION_BUSY || !request_confirm(l, checkout, c)) {
        l->broken++;
        return connection_ready(l, checkout, false);
    }
    c->resent = false;
    c->waits = c->state != CONNECTION_FREE; // it is being opened again
    if (c->state == CONNECTION_CLOSED)
        connection_open(l, c);
    else if (c->state == CONNECTION_FREE)
        request_out(c);
}

static void connection_read(load *l, connection *c)
{
    ssize_t got = recv(c->fd, c->answer + c->answer_bytes, ANSWER_BYTES - 1 - c->answer_bytes, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0)
        return connection_lost(l, c);
    c->answer_bytes += (size_t)got;
    c->answer[c->answer_bytes] = 0;
    if (c->state != CONNECTION_BUSY || answer_complete(c) == 0)
        return;
    c->state = CONNECTION_FREE;
    answer_next next = answer_note(l, c);
    if (next == ANSWER_CONFIRM)
        return confirm_send(l, c);
    connection_ready(l, is_first(l, c) ? c : partner(l, c), next == ANSWER_LATER);
}

static double uniform(load *l)
{
    return ((double)(load_random(l) >> 11) + 0.5) / 9007199254740992.0;
}

// Open loop: every arrival that is due goes out on an idle connection, or waits for one. Only what
// the generator itself is late counts as its lag; the wait for a connection is in the latency.
static void arrivals_send(load *l)
{
    int64_t now = load_now_us();
    double end = (double)(now < l->end_us + LATE_US ? l->end_us : 0);
    while (l->due_us <= (double)now && l->due_us < end && l->idle_count > 0) {
        int64_t due = (int64_t)l->due_us;
        int64_t lag = now - (due > l->idle_since_us ? due : l->idle_since_us);
        l->lag_max_us = lag > l->lag_max_us ? lag : l->lag_max_us;
        connection *c = &l->connections[l->idle[--l->idle_count]];
        c->idle = false;
        c->intended_us = due;
        request_send(l, c);
        l->due_us -= log(uniform(l)) * 1e6 / l->o.rate;
    }
}

static void pauses_end(load *l)
{
    int64_t now = load_now_us();
    while (l->pauses_first < l->pauses_end) {
        connection *c = &l->connections[l->pauses[l->pauses_first % l->o.connections]];
        if (c->until_us > now)
            return;
        l->pauses_first++;
        connection_ready(l, c, false);
    }
}

static void events_take(load *l, int64_t wait_us)
{
    struct epoll_event events[EVENTS_MAX];
    struct timespec t = {wait_us / 1000000, wait_us % 1000000 * 1000};
    int n = epoll_pwait2(l->epoll, events, EVENTS_MAX, &t, NULL);
    for (int i = 0; i < n; i++) {
        connection *c = events[i].data.ptr;
        if (c->state == CONNECTION_OPENING)
            connection_opened(l, c);
        else
            connection_read(l, c);
    }
}

static int64_t wait_of(const load *l, int64_t now)
{
    int64_t wait = now < l->end_us ? l->end_us - now : 100000;
    int64_t due = wait;
    if (l->o.rate > 0 && l->idle_count > 0)
        due = (int64_t)l->due_us + 1 - now;
    else if (l->pauses_first < l->pauses_end)
        due = l->connections[l->pauses[l->pauses_first % l->o.connections]].until_us - now;
    wait = due < wait ? due : wait;
    return wait < 0 ? 0 : wait;
}

// Each connection is a file; shells begin with 1024.
static void files_allow(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files); // a socket too many is said when it is opened
    }
}

static void connections_start(load *l)
{
    files_allow();
    int64_t until = load_now_us() + OPEN_US;
    uint32_t open = 0;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (uint32_t i = 0; i < l->connections_count; i++) {
        l->connections[i].port = i < l->o.connections ? l->o.port : l->o.provider_port;
        connection_open(l, &l->connections[i]);
    }
    while (open < l->connections_count && load_now_us() < until) {
        events_take(l, 10000);
        open = 0;
        for (uint32_t i = 0; i < l->connections_count; i++)
            open += l->connections[i].state == CONNECTION_FREE;
    }
    l->start_us = load_now_us();
    l->due_us = (double)l->start_us;
    l->end_us = l->start_us + (int64_t)(l->o.seconds * 1e6);
    for (uint32_t i = 0; i < l->o.connections; i++)
        if (l->connections[i].state == CONNECTION_FREE)
            connection_ready(l, &l->connections[i], false);
}

static bool finished(const load *l, int64_t now)
{
    bool all_sent = l->o.requests_max != 0 && l->next >= l->o.requests_max;
    return (now >= l->end_us || all_sent) && l->answered + l->broken >= l->sent;
}

void engine_run(load *l)
{
    connections_start(l);
    int64_t give_up_us = l->end_us + (int64_t)l->o.grace_ms * 1000;
    for (int64_t now = l->start_us; !finished(l, now) && now < give_up_us; now = load_now_us()) {
        if (l->o.rate > 0)
            arrivals_send(l);
        pauses_end(l);
        events_take(l, wait_of(l, load_now_us()));
    }
    double late_us = (double)l->end_us - l->due_us;
    bool asked_for = !l->list_clips && l->o.requests_max != 0 && l->next >= l->o.requests_max;
    if (l->o.rate > 0 && !asked_for && late_us > (double)LATE_US)
        l->unsent = (uint64_t)(late_us * l->o.rate / 1e6);
}
