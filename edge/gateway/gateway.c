#include "edge/gateway/gateway_private.h"

#include "ops/host/clock.h"
#include "ops/host/metric.h"
#include "schemas/cavea.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
    BACKLOG = 4096,
    SWEEP_MS = 1000,
    FILES_KEPT = 128, // open files that are no listener's
    DELTA_BYTES_MAX = 8 * ENVELOPE_BYTES_MAX,
    DELTA_ARENA_BYTES = 4 * DELTA_BYTES_MAX + 4096,
    TURNED_US_MAX = 5 * 1000 * 1000,
};

static void channel_send(channel *c, chunk *sent)
{
    listener *next;
    for (listener *l = c->listeners; l; l = next) {
        next = l->after; // sending may drop it
        listener_send(l, sent);
    }
}

static void everybody_send(gateway *g, chunk *sent)
{
    listener *next;
    for (listener *l = g->newest; l; l = next) {
        next = l->older;
        if (l->state == LISTENER_HEARS)
            listener_send(l, sent);
    }
}

static void on_flush(uv_timer_t *timer);

// One round: each changed event's listeners get one chunk. The next one begins after a rest of at
// least half the time that this one took, so that newcomers have a third of it.
static void round_run(gateway *g)
{
    int64_t began_us = clock_monotonic_us();
    channel *c;
    for (chunk *sealed; (sealed = channels_seal(g->channels, (int64_t)uv_now(&g->loop), &c));) {
        channel_send(c, sealed);
        chunk_unref(sealed);
    }
    int64_t took_us = clock_monotonic_us() - began_us;
    metric_observe(METRIC_LIVE_ROUND_SECONDS, took_us);
    uv_update_time(&g->loop);
    int64_t half_ms = took_us / 2000, left_ms = GATEWAY_GATHER_MS - took_us / 1000;
    int64_t rest_ms = half_ms > left_ms ? half_ms : left_ms;
    g->flush_ms = (int64_t)uv_now(&g->loop) + rest_ms;
    if (channels_dirty(g->channels))
        uv_timer_start(&g->flush, on_flush, (uint64_t)rest_ms, 0);
}

static void on_flush(uv_timer_t *timer)
{
    round_run(timer->data);
}

static void round_plan(gateway *g)
{
    int64_t now_ms = (int64_t)uv_now(&g->loop);
    if (!channels_dirty(g->channels) || uv_is_active((uv_handle_t *)&g->flush))
        return;
    if (now_ms >= g->flush_ms)
        round_run(g);
    else
        uv_timer_start(&g->flush, on_flush, (uint64_t)(g->flush_ms - now_ms), 0);
}

static void letter_take(gateway *g, const letter *l)
{
    if (l->bytes > DELTA_BYTES_MAX)
        return;
    Cavea__V1__LiveDelta *m = cavea__v1__live_delta__unpack(&g->arena.allocator, l->bytes, l->data);
    if (m) {
        metric_add(METRIC_LIVE_RELAYED, 1);
        channels_take(g->channels, &l->event, m->first_version, m->last_version, m->seats,
                      m->n_seats);
    }
    arena_reset(&g->arena);
}

static void on_handle(uv_handle_t *handle, void *self)
{
    gateway *g = self;
    if (handle->type == UV_TCP && handle != (uv_handle_t *)&g->door)
        listener_close(handle->data);
    else if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

// Tells what has changed about the hearing, and forgets what cannot be gone on from.
static void hearing_tell(gateway *g, bool missed)
{
    bool hears = atomic_load(&g->hears);
    if (missed || hears != g->heard)
        channels_forget(g->channels);
    if (hears && (missed || !g->heard))
        everybody_send(g, g->reset);
    if (!hears && g->heard)
        everybody_send(g, g->deaf);
    g->heard = hears;
}

static void on_wake(uv_async_t *wake)
{
    gateway *g = wake->data;
    bool missed;
    if (atomic_load(&g->ends))
        return uv_walk(&g->loop, on_handle, g);
    letter *letters = inbox_take(&g->inbox, &missed);
    hearing_tell(g, missed);
    for (const letter *l = letters; l; l = l->next)
        letter_take(g, l);
    letters_free(letters);
    round_plan(g);
}

static void on_sweep(uv_timer_t *timer)
{
    gateway *g = timer->data;
    listener *next;
    atomic_store(&g->turned_us, clock_monotonic_us());
    if (g->knocks)
        listener_accept(g);
    for (listener *l = g->newest; l; l = next) {
        next = l->older;
        listener_sweep(l, (int64_t)uv_now(&g->loop));
    }
}

static void on_knock(uv_stream_t *door, int status)
{
    if (status == 0)
        listener_accept(door->data);
}

static void on_thread(void *self)
{
    gateway *g = self;
    uv_run(&g->loop, UV_RUN_DEFAULT);
}

static bool memory_get(gateway *g)
{
    g->channels = channels_new(GATEWAY_CHANNELS_MAX, GATEWAY_RING_BYTES_MAX);
    g->addresses = addresses_new((uint32_t)g->options.listeners_max + GATEWAY_REFUSALS_MAX,
                                 (uint32_t)g->options.address_max);
    g->heartbeat = chunk_of("event: beat\ndata: {}\n\n");
    g->reset = chunk_of("event: reset\ndata: {}\n\n");
    g->deaf = chunk_of("event: deaf\ndata: {}\n\n");
    return arena_init(&g->arena, DELTA_ARENA_BYTES) && g->channels && g->addresses &&
           g->heartbeat && g->reset && g->deaf;
}

// As many as there may be open files.
static void listeners_limit(gateway_options *o)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY)
        return;
    int64_t most = (int64_t)files.rlim_cur - GATEWAY_REFUSALS_MAX - FILES_KEPT;
    if (o->listeners_max > most)
        o->listeners_max = most > 1 ? most : 1;
}

static int door_open(gateway *g)
{
    struct sockaddr_storage room;
    struct sockaddr *at = (struct sockaddr *)&room;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&room;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&room;
    int bytes = sizeof room, port = (int)g->options.port;
    int wrong = uv_ip4_addr(g->options.address, port, v4);
    if (wrong != 0)
        wrong = uv_ip6_addr(g->options.address, port, v6);
    if (wrong == 0)
        wrong = uv_tcp_bind(&g->door, at, 0);
    if (wrong == 0)
        wrong = uv_listen((uv_stream_t *)&g->door, BACKLOG, on_knock);
    if (wrong == 0)
        wrong = uv_tcp_getsockname(&g->door, at, &bytes);
    if (wrong == 0)
        g->port = ntohs(room.ss_family == AF_INET ? v4->sin_port : v6->sin6_port);
    return wrong;
}

// Everything of the loop but its thread.
static int loop_make(gateway *g)
{
    int wrong = uv_loop_init(&g->loop);
    if (wrong != 0)
        return wrong;
    uv_tcp_init(&g->loop, &g->door);
    uv_async_init(&g->loop, &g->wake, on_wake);
    uv_timer_init(&g->loop, &g->flush);
    uv_timer_init(&g->loop, &g->sweep);
    g->door.data = g->wake.data = g->flush.data = g->sweep.data = g;
    return uv_timer_start(&g->sweep, on_sweep, 0, SWEEP_MS);
}

static void memory_free(gateway *g)
{
    channels_free(g->channels);
    addresses_free(g->addresses);
    chunk_unref(g->heartbeat);
    chunk_unref(g->reset);
    chunk_unref(g->deaf);
    arena_done(&g->arena);
    inbox_done(&g->inbox);
    free(g);
}

// Runs the loop until nothing is open any more.
static void loop_end(gateway *g)
{
    uv_walk(&g->loop, on_handle, g);
    uv_run(&g->loop, UV_RUN_DEFAULT);
    uv_loop_close(&g->loop);
}

bool gateway_start(const gateway_options *options, gateway **ret_gateway,
                   char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    gateway *g = calloc(1, sizeof *g);
    if (!g) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "memory is out");
        return false;
    }
    g->options = *options;
    listeners_limit(&g->options);
    inbox_init(&g->inbox, GATEWAY_INBOX_BYTES_MAX);
    g->turned_us = clock_monotonic_us();
    int wrong = memory_get(g) ? loop_make(g) : UV_ENOMEM;
    bool made = wrong == 0;
    if (made)
        wrong = door_open(g);
    if (wrong == 0)
        wrong = uv_thread_create(&g->thread, on_thread, g);
    if (wrong == 0) {
        *ret_gateway = g;
        return true;
    }
    snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "cannot listen on %s, port %lld: %s",
             options->address, (long long)options->port, uv_strerror(wrong));
    if (made)
        loop_end(g);
    memory_free(g);
    return false;
}

int gateway_port(const gateway *g)
{
    return g->port;
}

int64_t gateway_listeners_max(const gateway *g)
{
    return g->options.listeners_max;
}

void gateway_deliver(gateway *g, const event_id *event, const void *data, size_t data_bytes)
{
    if (inbox_put(&g->inbox, event, data, data_bytes))
        uv_async_send(&g->wake);
}

void gateway_hearing(gateway *g, bool hears)
{
    atomic_store(&g->hears, hears);
    (void)inbox_miss(&g->inbox);
    uv_async_send(&g->wake);
}

bool gateway_ready(const gateway *g)
{
    return atomic_load(&g->hears) && clock_monotonic_us() - g->turned_us < TURNED_US_MAX;
}

void gateway_stop(gateway **stopped)
{
    gateway *g = *stopped;
    *stopped = NULL;
    if (!g)
        return;
    atomic_store(&g->ends, true);
    uv_async_send(&g->wake);
    uv_thread_join(&g->thread);
    uv_loop_close(&g->loop);
    memory_free(g);
}
