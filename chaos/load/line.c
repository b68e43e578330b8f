#include "chaos/load/line.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_AT_ONCE = 256 };

bool lines_init(line_pool *p, uint32_t per_target)
{
    p->per_target = per_target;
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    size_t count = (size_t)per_target * p->targets_count;
    p->lines = calloc(count, sizeof *p->lines);
    p->queue = calloc(count, sizeof *p->queue);
    for (size_t i = 0; p->lines != NULL && i < count; i++)
        p->lines[i].fd = -1;
    return p->epoll >= 0 && p->lines != NULL && p->queue != NULL;
}

bool lines_target_add(line_pool *p, const char *url)
{
    char host[64];
    unsigned port;
    int end = 0;
    struct sockaddr_in to = {.sin_family = AF_INET};
    if (p->targets_count == TARGETS_MAX ||
        sscanf(url, "http://%63[0-9.]:%5u%n", host, &port, &end) != 2 || url[end] != 0 ||
        port == 0 || port > 65535 || inet_pton(AF_INET, host, &to.sin_addr) != 1)
        return false;
    to.sin_port = htons((uint16_t)port);
    p->targets[p->targets_count++] = to;
    return true;
}

static void line_close(line *l, bool cut)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    if (l->fd >= 0 && cut)
        setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    l->state = LINE_CLOSED;
}

static void line_ended(line *l, line_answered *answered, void *self)
{
    bool waited = l->state == LINE_BUSY || l->state == LINE_OPENING;
    line_close(l, false);
    if (waited)
        answered(self, l->owner, 0, "", 0);
}

static void line_open(line_pool *p, line *l)
{
    int on = 1;
    struct epoll_event e = {.events = EPOLLOUT, .data.ptr = l};
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    l->state = LINE_OPENING;
    if (l->fd < 0)
        return; // noticed when it is flushed
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const struct sockaddr_in *to = &p->targets[l->target];
    if ((connect(l->fd, (const struct sockaddr *)to, sizeof *to) != 0 && errno != EINPROGRESS) ||
        epoll_ctl(p->epoll, EPOLL_CTL_ADD, l->fd, &e) != 0) {
        close(l->fd);
        l->fd = -1;
    }
}

line *line_take(line_pool *p, uint32_t target, uint32_t owner)
{
    line *first = &p->lines[(size_t)target * p->per_target], *found = NULL;
    for (uint32_t i = 0; i < p->per_target && (found == NULL || found->state != LINE_FREE); i++)
        if (!first[i].queued &&
            (first[i].state == LINE_FREE || (first[i].state == LINE_CLOSED && found == NULL)))
            found = &first[i];
    if (found == NULL)
        return NULL;
    found->target = target;
    found->owner = owner;
    found->in_bytes = found->out_at = 0;
    if (found->state == LINE_CLOSED)
        line_open(p, found);
    else
        found->state = LINE_BUSY;
    return found;
}

void line_queue(line_pool *p, line *l, size_t out_bytes, bool reset)
{
    l->out_bytes = out_bytes;
    l->queued = true;
    l->reset = reset;
    p->queue[p->queue_count++] = (uint32_t)(l - p->lines);
}

static void line_send(line_pool *p, line *l, line_answered *answered, void *self)
{
    while (l->out_at < l->out_bytes) {
        ssize_t done = send(l->fd, l->out + l->out_at, l->out_bytes - l->out_at, MSG_NOSIGNAL);
        if (done < 0 && errno == EAGAIN)
            break;
        if (done <= 0)
            return line_ended(l, answered, self);
        l->out_at += (size_t)done;
    }
    if (l->out_at == l->out_bytes && l->reset) {
        line_close(l, true);
        return answered(self, l->owner, 0, "", 0);
    }
    struct epoll_event e = {.events = l->out_at < l->out_bytes ? EPOLLOUT : EPOLLIN, .data.ptr = l};
    epoll_ctl(p->epoll, EPOLL_CTL_MOD, l->fd, &e);
}

void lines_flush(line_pool *p, int64_t now_us, line_answered *answered, void *self)
{
    uint32_t count = p->queue_count;
    p->queue_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        line *l = &p->lines[p->queue[i]];
        l->queued = false;
        l->sent_us = now_us;
        if (l->fd < 0)
            line_ended(l, answered, self);
        else if (l->state == LINE_BUSY)
            line_send(p, l, answered, self);
    }
}

static const char *header_find(const line *l, const char *end, const char *name)
{
    size_t name_bytes = strlen(name);
    for (const char *at = l->in; at != NULL && at < end; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncasecmp(at, name, name_bytes) == 0)
            return at + name_bytes;
    }
    return NULL;
}

// Hands out a complete answer; false when there is more to come.
static bool answer_take(line *l, line_answered *answered, void *self)
{
    static char body[LINE_IN_BYTES]; // the line may be used again at once
    l->in[l->in_bytes] = 0;
    const char *end = memmem(l->in, l->in_bytes, "\r\n\r\n", 4);
    if (end == NULL)
        return false;
    const char *length = header_find(l, end, "content-length:");
    size_t head = (size_t)(end - l->in) + 4;
    size_t body_bytes = length == NULL ? 0 : strtoull(length, NULL, 10);
    if (l->in_bytes < head + body_bytes)
        return false;
    const char *connection = header_find(l, end, "connection:");
    int status = (int)strtol(l->in + 9, NULL, 10);
    memcpy(body, l->in + head, body_bytes);
    body[body_bytes] = 0;
    l->state = LINE_FREE;
    if (connection != NULL && strncasecmp(connection + strspn(connection, " "), "close", 5) == 0)
        line_close(l, false);
    answered(self, l->owner, status, body, body_bytes);
    return true;
}

static void line_read(line *l, line_answered *answered, void *self)
{
    ssize_t got = recv(l->fd, l->in + l->in_bytes, sizeof l->in - 1 - l->in_bytes, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0 || l->state != LINE_BUSY) // the end, or bytes that nobody asked for
        return line_ended(l, answered, self);
    l->in_bytes += (size_t)got;
    if (!answer_take(l, answered, self) && l->in_bytes == sizeof l->in - 1)
        line_ended(l, answered, self);
}

static void line_opened(line_pool *p, line *l, line_answered *answered, void *self)
{
    int error = 0;
    socklen_t error_bytes = sizeof error;
    getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes);
    if (error != 0)
        return line_ended(l, answered, self);
    l->state = LINE_BUSY;
    line_send(p, l, answered, self);
}

void lines_poll(line_pool *p, int64_t wait_us, line_answered *answered, void *self)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    struct timespec t = {wait_us / 1000000, wait_us % 1000000 * 1000};
    int n = epoll_pwait2(p->epoll, events, EVENTS_AT_ONCE, &t, NULL);
    for (int i = 0; i < n; i++) {
        line *l = events[i].data.ptr;
        if (l->fd < 0)
            continue; // ended by an earlier event of this round
        if (l->state == LINE_OPENING)
            line_opened(p, l, answered, self);
        else if (l->state == LINE_BUSY && l->out_at < l->out_bytes)
            line_send(p, l, answered, self);
        else
            line_read(l, answered, self);
    }
}

void lines_expire(line_pool *p, int64_t sent_us, line_answered *answered, void *self)
{
    for (size_t i = 0; i < (size_t)p->targets_count * p->per_target; i++) {
        line *l = &p->lines[i];
        if ((l->state == LINE_BUSY || l->state == LINE_OPENING) && !l->queued &&
            l->sent_us < sent_us)
            line_ended(l, answered, self);
    }
}
