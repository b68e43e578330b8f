#include "edge/http_private.h"

#include "ops/host/clock.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

enum {
    SPARE_SHARE = 8, // of the threads are kept for connections too many
    SPARE_MAX = 32,
    REFUSAL_HOLD_MS = 50,
    SLOTS_SPARE = 2,   // for the thread that accepts
    LEFTOVER_MS = 500, // spent on the rest of a refused body
    LEFTOVER_BYTES_MAX = 256 * 1024,
    HEAD_BYTES_MAX = 16 * 1024, // of a request
    BACKLOG = 1024,
#ifdef SANITIZED
    STACK_BYTES = 2 * 1024 * 1024,
#else
    STACK_BYTES = 256 * 1024,
#endif
};

typedef struct exchange {
    http *h;
    struct mg_connection *connection;
    http_worker *worker;
    int64_t started_us;
    http_head head;
    http_request request;
    http_answer answer;
    bool queued, owned; // what it has entered
} exchange;

static int64_t body_read(exchange *x, size_t bytes_max, int64_t deadline_us)
{
    http_worker *w = x->worker;
    const struct mg_request_info *info = mg_get_request_info(x->connection);
    w->peer = info->remote_addr;
    w->peer_port = info->remote_port;
    atomic_store_explicit(&w->slot->body_deadline_us, deadline_us, memory_order_release);
    int got = mg_read(x->connection, w->body, bytes_max);
    atomic_store_explicit(&w->slot->body_deadline_us, 0, memory_order_release);
    return got;
}

// Reads the whole body. After a failure the connection must close.
static error_code body_take(exchange *x)
{
    http *h = x->h;
    size_t wanted = x->head.chunked ? sizeof x->worker->body : (size_t)x->head.content_length;
    if (wanted == 0)
        return ERROR_NONE;
    if (x->head.content_length > HTTP_BODY_BYTES_MAX)
        return ERROR_BODY_TOO_LARGE;
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (x->head.expects_continue)
        (void)mg_write(x->connection, go_on, sizeof go_on - 1);
    const http_options *o = &h->options;
    int64_t patience_ms =
        o->body_deadline_ms < o->read_timeout_ms ? o->body_deadline_ms : o->read_timeout_ms;
    int64_t got = body_read(x, wanted, x->started_us + o->body_deadline_ms * 1000);
    if (got < 0 || (!x->head.chunked && (size_t)got < wanted)) {
        bool overdue = clock_monotonic_us() >= x->started_us + patience_ms * 1000;
        // The watch may be about to interrupt this thread; wait until it has done so.
        pthread_mutex_lock(&h->mutex);
        pthread_mutex_unlock(&h->mutex);
        return overdue ? ERROR_TIMED_OUT : ERROR_MALFORMED;
    }
    if (got > HTTP_BODY_BYTES_MAX)
        return ERROR_BODY_TOO_LARGE;
    x->worker->body[got] = 0;
    x->request.body = x->worker->body;
    x->request.body_bytes = (size_t)got;
    x->request.started_us = clock_monotonic_us(); // a slow upload is no waiting of ours
    return ERROR_NONE;
}

// Reads on a little after an early answer: closing a socket with unread bytes resets it, and the
// client might never see what it was told.
static void body_discard(exchange *x)
{
    int64_t end_us = clock_monotonic_us() + LEFTOVER_MS * 1000;
    int64_t total = 0, got;
    do {
        if (clock_monotonic_us() >= end_us)
            break;
        got = body_read(x, sizeof x->worker->body, end_us);
        total += got;
    } while (got > 0 && total < LEFTOVER_BYTES_MAX);
    pthread_mutex_lock(&x->h->mutex);
    pthread_mutex_unlock(&x->h->mutex);
}

// Somebody who looks for a page gets one that says there is none.
static bool wants_page(const exchange *x)
{
    const struct mg_request_info *info = mg_get_request_info(x->connection);
    bool reads = strcmp(info->request_method, "GET") == 0 || x->head.only_head;
    return reads && x->h->options.lost && x->request.accept &&
           strstr(x->request.accept, "text/html") != NULL;
}

static void answer_no_route(exchange *x, route_result result, const route_match *match)
{
    http_answer *a = &x->answer;
    if (result == ROUTE_UNKNOWN && wants_page(x)) {
        x->request.route = x->h->options.lost;
        atomic_fetch_add(&x->h->inflight, 1);
        x->h->options.serve(x->h->options.self, &x->request, a);
        return;
    }
    if (result == ROUTE_UNKNOWN)
        return http_answer_problem(a, ERROR_NOT_FOUND, NULL);
    if (result == ROUTE_OPTIONS)
        a->status = 204;
    else
        http_answer_problem(a, ERROR_METHOD_NOT_ALLOWED, NULL);
    http_answer_header(a, "Allow", match->allow);
}

// Money that has arrived is always let in, and nothing else on a connection too many: the spare
// threads are for that. Readers are bounded where they would wait for the database (load_gate.h).
static bool door_enter(exchange *x, unsigned flags)
{
    http *h = x->h;
    if (x->worker->excess && !(flags & ROUTE_FIRST))
        return false;
    if (flags & ROUTE_QUEUED)
        return x->queued = admission_enter(&h->gate, x->request.started_us);
    if (!(flags & ROUTE_OWN))
        return true;
    x->owned = atomic_fetch_add(&h->own, 1) < (int)h->options.own_max;
    if (!x->owned)
        atomic_fetch_sub(&h->own, 1);
    return x->owned;
}

static void door_leave(exchange *x, int64_t now_us)
{
    if (x->queued)
        admission_leave(&x->h->gate, x->answer.waited, x->request.started_us, now_us);
    if (x->owned)
        atomic_fetch_sub(&x->h->own, 1);
    x->queued = x->owned = false;
}

// Whoever does not heed Retry-After and asks again at once would take the processor from those who
// were let in. So the refusal comes a little late, as long as there are threads for that.
static void refusal_hold(exchange *x)
{
    http *h = x->h;
    int held = atomic_fetch_add(&h->held, 1);
    if (!x->worker->excess && (int)atomic_load(&h->gate.waiting) + held < h->options.inflight_max)
        (void)poll(NULL, 0, REFUSAL_HOLD_MS);
    atomic_fetch_sub(&h->held, 1);
}

// At the door or behind it: for want of a connection, a place at an actor, or memory.
static void refused(exchange *x, unsigned flags)
{
    door_leave(x, clock_monotonic_us());
    metric_add(METRIC_HTTP_SHED, 1);
    if (flags & ROUTE_QUEUED)
        refusal_hold(x);
}

static void route_serve(exchange *x)
{
    http *h = x->h;
    const http_options *o = &h->options;
    const struct mg_request_info *info = mg_get_request_info(x->connection);
    route_match match;
    route_result result =
        route_find(o->routes, o->routes_count, info->request_method, info->local_uri_raw, &match);
    if (result != ROUTE_FOUND)
        return answer_no_route(x, result, &match);
    x->request.route = match.route;
    x->request.id = match.id;
    x->request.id_bytes = match.id_bytes;
    atomic_fetch_add(&h->inflight, 1);
    if (door_enter(x, match.route->flags))
        o->serve(o->self, &x->request, &x->answer);
    else
        http_answer_problem(&x->answer, ERROR_OVERLOADED, NULL);
    if (x->answer.shed)
        refused(x, match.route->flags);
}

static void exchange_run(exchange *x)
{
    const struct mg_request_info *info = mg_get_request_info(x->connection);
    error_code refusal = http_head_read(info, &x->head, &x->request);
    x->request.started_us = x->started_us;
    if (refusal == ERROR_NONE)
        refusal = body_take(x);
    if (refusal == ERROR_NONE)
        route_serve(x);
    else
        http_answer_problem(&x->answer, refusal, NULL);
    if (atomic_load_explicit(&x->h->draining, memory_order_relaxed) || refusal != ERROR_NONE ||
        x->worker->excess)
        x->head.closes = true;
    if (x->head.closes)
        mg_disable_connection_keep_alive(x->connection);
    if (!http_answer_write(&x->answer, x->connection, x->worker, &x->head))
        mg_disable_connection_keep_alive(x->connection);
    if (refusal != ERROR_NONE && refusal != ERROR_TIMED_OUT)
        body_discard(x);
}

static void exchange_count(exchange *x)
{
    http *h = x->h;
    unsigned label = x->request.route ? (unsigned)x->request.route->metric : METRIC_ROUTE_OTHER;
    metric_add_for2(METRIC_HTTP_REQUESTS, label, (unsigned)x->answer.status / 100, 1);
    int64_t now_us = clock_monotonic_us();
    metric_observe_for(METRIC_HTTP_SECONDS, label, now_us - x->started_us);
    door_leave(x, now_us);
    if (!x->request.route)
        return;
    if (atomic_fetch_sub(&h->inflight, 1) == 1 && atomic_load(&h->draining)) {
        pthread_mutex_lock(&h->mutex);
        pthread_cond_broadcast(&h->changed);
        pthread_mutex_unlock(&h->mutex);
    }
}

static int on_request(struct mg_connection *connection)
{
    http_worker *w = mg_get_thread_pointer(connection);
    if (!w) {
        static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
                                   "Connection: close\r\nContent-Length: 0\r\n\r\n";
        mg_disable_connection_keep_alive(connection);
        (void)mg_write(connection, busy, sizeof busy - 1);
        return 503;
    }
    exchange x;
    x.h = mg_get_user_data(mg_get_context(connection));
    x.connection = connection;
    x.worker = w;
    x.request = (http_request){.id = "", .query = "", .body = ""};
    x.queued = x.owned = false;
    x.started_us = clock_monotonic_us();
    http_answer_init(&x.answer, w);
    int port = mg_get_request_info(connection)->remote_port;
    atomic_store_explicit(&w->slot->request_port, (uint16_t)port, memory_order_release);
    exchange_run(&x);
    exchange_count(&x);
    atomic_store_explicit(&w->slot->request_port, 0, memory_order_release);
    return x.answer.status;
}

// What civetweb refuses by itself: a head that is no HTTP, or too long.
static int on_error(struct mg_connection *connection, int status, const char *message)
{
    http_worker *w = mg_get_thread_pointer(connection);
    error_code code = status == 413                    ? ERROR_BODY_TOO_LARGE
                      : status == 408                  ? ERROR_TIMED_OUT
                      : status >= 500 && status != 505 ? ERROR_INTERNAL
                                                       : ERROR_MALFORMED;
    (void)message;
    mg_disable_connection_keep_alive(connection);
    if (!w)
        return 0;
    http_head head = {.closes = true};
    http_answer answer;
    http_answer_init(&answer, w);
    http_answer_problem(&answer, code, NULL);
    (void)!http_answer_write(&answer, connection, w, &head);
    metric_add_for2(METRIC_HTTP_REQUESTS, METRIC_ROUTE_OTHER, (unsigned)answer.status / 100, 1);
    return 0;
}

static int on_message(const struct mg_connection *connection, const char *message)
{
    http *h = mg_get_user_data(mg_get_context(connection));
    if (h && !atomic_load(&h->started))
        snprintf(h->complaint, sizeof h->complaint, "%s", message);
    else if (h && h->options.complain)
        h->options.complain(h->options.self, message);
    return 1;
}

// civetweb takes texts, and its threads take the process's default stack.
static struct mg_context *context_start(http *h)
{
    const http_options *o = &h->options;
    char ports[80], threads[24], keep_alive[24], timeout[24], head[24], backlog[24];
    snprintf(ports, sizeof ports, "%s:%d", o->address, (int)o->port);
    snprintf(threads, sizeof threads, "%lld", (long long)o->threads);
    snprintf(keep_alive, sizeof keep_alive, "%lld", (long long)o->keep_alive_ms);
    snprintf(timeout, sizeof timeout, "%lld", (long long)o->read_timeout_ms);
    snprintf(head, sizeof head, "%d", HEAD_BYTES_MAX);
    snprintf(backlog, sizeof backlog, "%d", BACKLOG);
    const char *options[] = {"listening_ports",
                             ports,
                             "num_threads",
                             threads,
                             "enable_keep_alive",
                             "yes",
                             "keep_alive_timeout_ms",
                             keep_alive,
                             "request_timeout_ms",
                             timeout,
                             "tcp_nodelay",
                             "1",
                             "max_request_size",
                             head,
                             "listen_backlog",
                             backlog,
                             "connection_queue",
                             "128",
                             "decode_url",
                             "no",
                             "enable_auth_domain_check",
                             "no",
                             "enable_directory_listing",
                             "no",
                             NULL};
    struct mg_callbacks callbacks = {
        .begin_request = on_request,
        .http_error = on_error,
        .log_message = on_message,
        .init_thread = http_thread_start,
        .exit_thread = http_thread_end,
        .init_connection = http_connection_open,
        .connection_close = http_connection_close,
    };
    pthread_attr_t before, small;
    pthread_getattr_default_np(&before);
    pthread_getattr_default_np(&small);
    pthread_attr_setstacksize(&small, STACK_BYTES);
    pthread_setattr_default_np(&small);
    struct mg_context *context = mg_start(&callbacks, h, options);
    pthread_setattr_default_np(&before);
    pthread_attr_destroy(&small);
    pthread_attr_destroy(&before);
    return context;
}

// The threads that are left serve the connections too many.
static int connections_max_of(int64_t threads)
{
    int64_t spare = threads / SPARE_SHARE;
    return (int)(threads - (spare < 1 ? 1 : spare > SPARE_MAX ? SPARE_MAX : spare));
}

static void http_free(http *h)
{
    free(h->slots);
    pthread_cond_destroy(&h->changed);
    pthread_mutex_destroy(&h->mutex);
    free(h);
}

bool http_start(const http_options *options, http **ret_http,
                char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    http *h = calloc(1, sizeof *h);
    size_t slots_count = (size_t)options->threads + SLOTS_SPARE;
    http_slot *slots = aligned_alloc(sizeof *slots, slots_count * sizeof *slots);
    if (!h || !slots || pthread_mutex_init(&h->mutex, NULL) != 0) {
        free(slots);
        free(h);
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "memory is out");
        return false;
    }
    clock_condition_init(&h->changed);
    memset(slots, 0, slots_count * sizeof *slots);
    h->slots = slots;
    h->slots_count = slots_count;
    h->options = *options;
    admission_init(&h->gate, (uint32_t)options->inflight_max, options->queue_ms * 1000,
                   clock_monotonic_us());
    h->connections_max = connections_max_of(options->threads);
    h->context = context_start(h);
    struct mg_server_port port;
    if (h->context)
        h->port = mg_get_server_ports(h->context, 1, &port) == 1 ? port.port : (int)options->port;
    if (!h->context || !http_watch_start(h)) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "cannot serve HTTP on %s:%d: %s",
                 options->address, (int)options->port,
                 h->complaint[0] ? h->complaint : "the threads could not be started");
        mg_stop(h->context);
        http_free(h);
        return false;
    }
    atomic_store(&h->started, true);
    *ret_http = h;
    return true;
}

int http_port(const http *h)
{
    return h->port;
}

void http_drain(http *h)
{
    atomic_store(&h->draining, true);
}

void http_stop(http **stopped, int64_t patience_ms)
{
    http *h = *stopped;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += patience_ms / 1000;
    http_drain(h);
    pthread_mutex_lock(&h->mutex);
    while (atomic_load(&h->inflight) > 0 &&
           pthread_cond_timedwait(&h->changed, &h->mutex, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&h->mutex);
    atomic_store(&h->closing, true);
    mg_stop(h->context);
    http_watch_stop(h);
    http_free(h);
    *stopped = NULL;
}
