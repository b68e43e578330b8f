#include "ops/host/transfer_loop.h"

#include "ops/host/clock.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { EVENTS_MAX = 256 };

// curl's wish for a socket becomes epoll's.
static int on_socket(CURL *easy, curl_socket_t socket, int what, void *self, void *known)
{
    (void)easy;
    transfer_loop *l = self;
    struct epoll_event e = {.data.fd = socket};
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(l->epoll, EPOLL_CTL_DEL, socket, &e);
        return 0;
    }
    e.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
               (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
    if (epoll_ctl(l->epoll, known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &e) != 0)
        return -1;
    curl_multi_assign(l->multi, socket, l);
    return 0;
}

static int on_timeout(CURLM *multi, long timeout_ms, void *self)
{
    (void)multi;
    transfer_loop *l = self;
    l->timeout_us = timeout_ms < 0 ? -1 : clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    return 0;
}

bool transfer_loop_init(transfer_loop *l, int64_t connections_max)
{
    *l = (transfer_loop){.multi = curl_multi_init(),
                         .epoll = epoll_create1(EPOLL_CLOEXEC),
                         .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                         .timeout_us = -1};
    struct epoll_event e = {.events = EPOLLIN, .data.fd = l->wake};
    if (l->multi == NULL || l->epoll < 0 || l->wake < 0 ||
        epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->wake, &e) != 0)
        return false;
    curl_multi_setopt(l->multi, CURLMOPT_MAXCONNECTS, (long)connections_max);
    curl_multi_setopt(l->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)connections_max);
    curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(l->multi, CURLMOPT_SOCKETDATA, l);
    curl_multi_setopt(l->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    curl_multi_setopt(l->multi, CURLMOPT_TIMERDATA, l);
    return true;
}

static void closed(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void transfer_loop_done(transfer_loop *l)
{
    curl_multi_cleanup(l->multi);
    l->multi = NULL;
    closed(&l->epoll);
    closed(&l->wake);
}

static void wake_drain(const transfer_loop *l)
{
    uint64_t count;
    ssize_t got = read(l->wake, &count, sizeof count);
    (void)got; // nobody woke it: that is as well
}

static int wait_ms_of(const transfer_loop *l, int64_t wait_ms)
{
    if (l->timeout_us < 0)
        return (int)wait_ms;
    int64_t left_us = l->timeout_us - clock_monotonic_us();
    int64_t left_ms = left_us <= 0 ? 0 : (left_us + 999) / 1000;
    return (int)(left_ms < wait_ms ? left_ms : wait_ms);
}

void transfer_loop_turn(transfer_loop *l, int64_t wait_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int running, count = epoll_wait(l->epoll, events, EVENTS_MAX, wait_ms_of(l, wait_ms));
    for (int i = 0; i < count; i++) {
        if (events[i].data.fd == l->wake) {
            wake_drain(l);
            continue;
        }
        int what = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                   (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(l->multi, events[i].data.fd, what, &running);
    }
    if (l->timeout_us >= 0 && clock_monotonic_us() >= l->timeout_us) {
        l->timeout_us = -1; // curl says so when it wants to be called again
        curl_multi_socket_action(l->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

void transfer_loop_wake(transfer_loop *l)
{
    static const uint64_t one = 1;
    ssize_t put = write(l->wake, &one, sizeof one);
    (void)put; // full: it is awake
}
