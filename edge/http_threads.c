// The threads of civetweb, one for each connection, and the watch over them.
#include "edge/http_private.h"

#include "ops/host/clock.h"

#include <stdlib.h>
#include <time.h>

enum {
    WATCH_MS = 100,
    IDLE_ENDED_MAX = 64, // each time
};

static void on_interrupt(int number)
{
    (void)number;
}

// A reply wakes many workers at once. As batch threads they do not take the processor from the one
// who wakes them: measured with 512 connections on 2 busy cores, a quarter less time each request.
static void scheduling_set(void)
{
    struct sched_param none = {0};
    (void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
}

static http_slot *slot_take(http *h, http_worker *w)
{
    http_slot *slot = NULL;
    pthread_mutex_lock(&h->mutex);
    for (size_t i = 0; i < h->slots_count && !slot; i++)
        if (!h->slots[i].worker)
            slot = &h->slots[i];
    if (slot)
        slot->worker = w;
    pthread_mutex_unlock(&h->mutex);
    return slot;
}

void *http_thread_start(const struct mg_context *context, int type)
{
    http *h = mg_get_user_data(context);
    http_worker *w = malloc(sizeof *w);
    if (type == 1) // a worker, not the one who accepts
        scheduling_set();
    if (!w)
        return NULL; // its requests are answered 503
    w->thread = pthread_self();
    w->excess = false;
    w->date_s = -1;
    w->slot = slot_take(h, w);
    if (w->slot)
        return w;
    free(w);
    return NULL;
}

void http_thread_end(const struct mg_context *context, int type, void *worker)
{
    http *h = mg_get_user_data(context);
    http_worker *w = worker;
    (void)type;
    if (!w)
        return;
    pthread_mutex_lock(&h->mutex);
    w->slot->worker = NULL;
    pthread_mutex_unlock(&h->mutex);
    free(w);
}

int http_connection_open(const struct mg_connection *connection, void **ret_data)
{
    http *h = mg_get_user_data(mg_get_context(connection));
    http_worker *w = mg_get_thread_pointer(connection);
    int before = atomic_fetch_add(&h->connections, 1);
    if (w)
        w->excess = before >= h->connections_max;
    *ret_data = NULL;
    return 0;
}

void http_connection_close(const struct mg_connection *connection)
{
    http *h = mg_get_user_data(mg_get_context(connection));
    atomic_fetch_sub(&h->connections, 1);
}

// Ends overdue bodies; civetweb 1.16 goes on reading after a mere signal. While closing it
// interrupts every thread, because civetweb looks at its stop flag only every 2 s. A signal that
// comes too early is lost, so it is repeated.
static void watch_interrupt(http *h, int64_t now_us)
{
    bool all = atomic_load(&h->closing);
    for (size_t i = 0; i < h->slots_count; i++) {
        http_slot *slot = &h->slots[i];
        int64_t deadline_us = atomic_load_explicit(&slot->body_deadline_us, memory_order_acquire);
        bool overdue = deadline_us != 0 && deadline_us <= now_us;
        if (overdue)
            http_reading_end(h->port, slot->worker->peer, slot->worker->peer_port);
        if (overdue || (all && slot->worker))
            pthread_kill(slot->worker->thread, HTTP_SIGNAL_INTERRUPT);
    }
}

// Once the next connection would be one too many, idle ones make room. That does not wait for the
// next one: with every thread taken, nobody would see it come.
static void watch_room(http *h)
{
    if (atomic_load(&h->connections) < h->connections_max)
        return;
    http_ports served = {{0}};
    for (size_t i = 0; i < h->slots_count; i++) {
        uint16_t port = atomic_load_explicit(&h->slots[i].request_port, memory_order_acquire);
        if (port != 0)
            served.bits[port / 64] |= UINT64_C(1) << port % 64;
    }
    http_idle_end(h->port, &served, h->options.idle_ms, IDLE_ENDED_MAX);
}

static void *watch_run(void *self)
{
    http *h = self;
    pthread_mutex_lock(&h->mutex);
    while (!h->watch_ends) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += (atomic_load(&h->closing) ? 10 : WATCH_MS) * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
        pthread_cond_timedwait(&h->changed, &h->mutex, &until);
        watch_interrupt(h, clock_monotonic_us());
        metric_set(METRIC_HTTP_INFLIGHT, atomic_load(&h->inflight));
        watch_room(h);
    }
    pthread_mutex_unlock(&h->mutex);
    return NULL;
}

bool http_watch_start(http *h)
{
    struct sigaction interrupt = {.sa_handler = on_interrupt};
    return sigaction(HTTP_SIGNAL_INTERRUPT, &interrupt, NULL) == 0 &&
           pthread_create(&h->watch, NULL, watch_run, h) == 0;
}

void http_watch_stop(http *h)
{
    pthread_mutex_lock(&h->mutex);
    h->watch_ends = true;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->mutex);
    pthread_join(h->watch, NULL);
}
