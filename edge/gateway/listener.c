#include "edge/gateway/gateway_private.h"

#include "ops/host/metric.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ANSWER_BYTES = 2048,
    UNACKNOWLEDGED_MS = 30000, // then the kernel takes a listener for gone
    RETRY_AFTER_S = 2,
    SPREAD = 3,
};

static int64_t now_ms(const gateway *g)
{
    return (int64_t)uv_now(&g->loop);
}

static void on_closed(uv_handle_t *handle)
{
    listener *l = handle->data;
    free(l->head);
    free(l);
}

static void channel_leave(listener *l)
{
    if (!l->channel)
        return;
    if (l->before)
        l->before->after = l->after;
    else
        l->channel->listeners = l->after;
    if (l->after)
        l->after->before = l->before;
    l->channel = NULL;
    metric_set(METRIC_LISTENERS, --l->gateway->listeners);
}

static void asks_join(listener *l)
{
    gateway *g = l->gateway;
    l->before = g->asks_last;
    *(l->before ? &l->before->after : &g->asks_first) = l;
    g->asks_last = l;
    g->asks++;
}

static void asks_leave(listener *l)
{
    gateway *g = l->gateway;
    *(l->before ? &l->before->after : &g->asks_first) = l->after;
    *(l->after ? &l->after->before : &g->asks_last) = l->before;
    l->after = l->before = NULL;
    g->asks--;
}

static void state_set(listener *l, listener_state next)
{
    if (l->state == LISTENER_ASKS)
        asks_leave(l);
    l->gateway->leaves -= l->state == LISTENER_LEAVES;
    l->gateway->leaves += next == LISTENER_LEAVES;
    l->state = next;
}

void listener_close(listener *l)
{
    gateway *g = l->gateway;
    if (l->state == LISTENER_CLOSES)
        return;
    channel_leave(l);
    state_set(l, LISTENER_CLOSES);
    if (l->counted)
        addresses_leave(g->addresses, &l->from);
    *(l->newer ? &l->newer->older : &g->newest) = l->older;
    if (l->older)
        l->older->newer = l->newer;
    g->connections--;
    if (!l->flies)
        outlet_clear(&l->out);
    uv_close((uv_handle_t *)&l->tcp, on_closed);
}

static void out_write(listener *l);

static void on_written(uv_write_t *request, int status)
{
    listener *l = request->data;
    l->flies = false;
    if (l->state == LISTENER_CLOSES)
        return outlet_clear(&l->out);
    if (status < 0)
        return listener_close(l);
    outlet_sent(&l->out, l->flying);
    out_write(l);
}

// Sends what waits: at once as far as the kernel takes it, which costs no memory, the rest when it
// does.
static void out_write(listener *l)
{
    struct iovec vectors[OUTLET_VECTORS];
    uv_buf_t buffers[OUTLET_VECTORS];
    unsigned count;
    while (!l->flies && (count = outlet_vectors(&l->out, vectors)) > 0) {
        size_t bytes = 0;
        for (unsigned i = 0; i < count; i++) {
            buffers[i] = uv_buf_init(vectors[i].iov_base, (unsigned)vectors[i].iov_len);
            bytes += vectors[i].iov_len;
        }
        int sent = uv_try_write((uv_stream_t *)&l->tcp, buffers, count);
        if (sent < 0 && sent != UV_EAGAIN)
            return listener_close(l);
        l->heard_ms = now_ms(l->gateway);
        if (sent > 0)
            outlet_sent(&l->out, (size_t)sent);
        if (sent > 0 && (size_t)sent == bytes)
            continue;
        count = outlet_vectors(&l->out, vectors);
        l->flying = 0;
        for (unsigned i = 0; i < count; i++) {
            buffers[i] = uv_buf_init(vectors[i].iov_base, (unsigned)vectors[i].iov_len);
            l->flying += vectors[i].iov_len;
        }
        l->write.data = l;
        l->since_ms = now_ms(l->gateway);
        if (uv_write(&l->write, (uv_stream_t *)&l->tcp, buffers, count, on_written) != 0)
            return listener_close(l);
        l->flies = true;
    }
}

void listener_send(listener *l, chunk *c)
{
    if (!outlet_push(&l->out, c)) {
        metric_add(METRIC_LISTENERS_DROPPED, 1);
        return listener_close(l);
    }
    out_write(l);
}

static void text_send(listener *l, const char *text)
{
    chunk *c = chunk_of(text);
    if (!c)
        return listener_close(l);
    listener_send(l, c);
    chunk_unref(c);
}

static void on_shut(uv_shutdown_t *request, int status)
{
    (void)request;
    (void)status; // it goes by itself, or the sweep closes it
}

static void refusal_count(const error_info *info)
{
    metric_refusal why = METRIC_REFUSAL_REQUEST;
    if (info->http_status == 503)
        why = METRIC_REFUSAL_FULL;
    else if (info->http_status == 429)
        why = METRIC_REFUSAL_ADDRESS;
    metric_add_for(METRIC_LISTENERS_REFUSED, why, 1);
}

static void refuse(listener *l, error_code code)
{
    const error_info *info = error_info_of(code);
    char body[512], text[ANSWER_BYTES], later[40] = "";
    if (info->retryable)
        snprintf(later, sizeof later, "Retry-After: %u\r\n",
                 RETRY_AFTER_S + l->gateway->numbers++ % SPREAD);
    int bytes = snprintf(body, sizeof body,
                         "{\"type\":\"%s\",\"title\":\"%s\",\"status\":%d,\"code\":\"%s\","
                         "\"retryable\":%s}",
                         info->type, info->title, info->http_status, info->name,
                         info->retryable ? "true" : "false");
    snprintf(text, sizeof text,
             "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n"
             "Cache-Control: no-store\r\n%s%sX-Content-Type-Options: nosniff\r\n"
             "Connection: close\r\n\r\n%s",
             info->http_status, info->title, bytes, later,
             code == ERROR_METHOD_NOT_ALLOWED ? "Allow: GET\r\n" : "", body);
    refusal_count(info);
    state_set(l, LISTENER_LEAVES);
    l->since_ms = now_ms(l->gateway);
    text_send(l, text);
    if (l->state == LISTENER_LEAVES)
        uv_shutdown(&l->shutdown, (uv_stream_t *)&l->tcp, on_shut);
}

// The first bytes of a stream: its head, when to come back, and what the listener has missed.
static chunk *welcome_make(const listener *l, const ask *a, const chunk *missed, bool reset)
{
    size_t bytes = ANSWER_BYTES;
    for (const chunk *c = missed; c; c = c->newer)
        bytes += c->bytes;
    chunk *w = malloc(sizeof *w + bytes);
    if (!w)
        return NULL;
    *w = (chunk){.references = 1};
    bool cross = a->origin.at != NULL;
    int head = snprintf(
        w->data, ANSWER_BYTES,
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
        "Vary: Origin\r\n%s%.*s%sX-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\n"
        "Connection: close\r\n\r\nretry: %u\n\n%s",
        cross ? "Access-Control-Allow-Origin: " : "", (int)a->origin.bytes,
        cross ? a->origin.at : "", cross ? "\r\n" : "",
        GATEWAY_RETRY_MS * (1 + l->gateway->numbers % SPREAD),
        reset ? "event: reset\ndata: {}\n\n" : "");
    if (head < 0 || head >= ANSWER_BYTES)
        return free(w), NULL;
    w->bytes = (uint32_t)head;
    for (const chunk *c = missed; c; c = c->newer) {
        memcpy(w->data + w->bytes, c->data, c->bytes);
        w->bytes += c->bytes;
    }
    return w;
}

static void channel_join(listener *l, channel *c)
{
    listener *first = c->listeners;
    l->channel = c;
    l->before = NULL;
    l->after = first;
    if (first)
        first->before = l;
    c->listeners = l;
    metric_set(METRIC_LISTENERS, ++l->gateway->listeners);
}

static void hear(listener *l, const ask *a)
{
    gateway *g = l->gateway;
    const chunk *missed = NULL;
    channel *c = channels_enter(g->channels, &a->event);
    if (!c)
        return refuse(l, ERROR_OVERLOADED);
    bool reset = !a->has_since || !channel_missed(c, a->since, &missed);
    chunk *welcome = welcome_make(l, a, missed, reset);
    if (!welcome)
        return refuse(l, ERROR_OVERLOADED);
    g->numbers++;
    metric_add_for(METRIC_LISTENERS_JOINED, reset ? METRIC_JOIN_RESET : METRIC_JOIN_RESUMED, 1);
    state_set(l, LISTENER_HEARS);
    channel_join(l, c);
    listener_send(l, welcome);
    chunk_unref(welcome);
}

// Counts the connection for its address: when it is let in, or, where a proxy says whose it is,
// when it has asked.
static bool address_enter(listener *l, ask_text forwarded_for)
{
    struct sockaddr_storage peer;
    int bytes = sizeof peer;
    if (l->counted)
        return true;
    bool known =
        forwarded_for.at && address_forwarded(forwarded_for.at, forwarded_for.bytes, &l->from);
    if (!known && uv_tcp_getpeername(&l->tcp, (struct sockaddr *)&peer, &bytes) == 0)
        known = address_of((const struct sockaddr *)&peer, &l->from);
    return known && (l->counted = addresses_enter(l->gateway->addresses, &l->from));
}

static void answer(listener *l, const char *head, size_t head_bytes)
{
    gateway *g = l->gateway;
    ask a;
    error_code wrong = ask_read(head, head_bytes, &a);
    if (wrong == ERROR_NONE && !ask_origin_allowed(a.origin, a.host, g->options.public_url))
        wrong = ERROR_ORIGIN_FOREIGN;
    if (wrong == ERROR_NONE && !g->heard)
        wrong = ERROR_UNAVAILABLE;
    if (wrong == ERROR_NONE && g->listeners >= g->options.listeners_max)
        wrong = ERROR_OVERLOADED;
    if (wrong == ERROR_NONE && !address_enter(l, a.forwarded_for))
        wrong = ERROR_RATE_LIMITED;
    if (wrong == ERROR_NONE)
        hear(l, &a);
    else
        refuse(l, wrong);
}

// More of the request has come. What stands behind it is nobody's: a stream is never asked again.
static void ask_take(listener *l, const char *data, size_t bytes)
{
    if (!l->head)
        l->head = malloc(ASK_BYTES_MAX);
    if (!l->head)
        return listener_close(l);
    if (bytes > ASK_BYTES_MAX - l->head_bytes)
        return refuse(l, ERROR_BODY_TOO_LARGE);
    size_t looked = l->head_bytes;
    memcpy(l->head + looked, data, bytes);
    l->head_bytes += (uint32_t)bytes;
    size_t head_bytes = ask_head_bytes(l->head, l->head_bytes, looked);
    if (head_bytes == 0)
        return;
    char *head = l->head;
    l->head = NULL;
    if (head_bytes == l->head_bytes)
        answer(l, head, head_bytes);
    else
        refuse(l, ERROR_MALFORMED);
    free(head);
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_buffer)
{
    listener *l = handle->data;
    (void)wanted;
    *ret_buffer = uv_buf_init(l->gateway->read, sizeof l->gateway->read);
}

static void on_read(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buffer)
{
    listener *l = stream->data;
    if (bytes == 0)
        return;
    if (bytes < 0 || l->state == LISTENER_HEARS)
        return listener_close(l);
    if (l->state == LISTENER_ASKS)
        ask_take(l, buffer->base, (size_t)bytes);
}

// Keeps what the kernel holds for each within bounds, and notices who is gone.
static void socket_set(listener *l)
{
    int send_bytes = GATEWAY_SEND_BYTES, fd, gone_ms = UNACKNOWLEDGED_MS;
    uv_send_buffer_size((uv_handle_t *)&l->tcp, &send_bytes);
    uv_tcp_nodelay(&l->tcp, 1);
    if (uv_fileno((uv_handle_t *)&l->tcp, &fd) == 0)
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &gone_ms, sizeof gone_ms);
}

// When there are too many, who has asked nothing for longest makes room for who comes: it had its
// time, and nobody keeps others out by waiting. It is the newcomer itself when nobody else asks.
static void room_make(gateway *g)
{
    if (g->asks <= GATEWAY_ASKS_MAX &&
        g->connections <= (uint32_t)g->options.listeners_max + GATEWAY_REFUSALS_MAX)
        return;
    metric_add_for(METRIC_LISTENERS_REFUSED, METRIC_REFUSAL_FULL, 1);
    listener_close(g->asks_first);
}

void listener_accept(gateway *g)
{
    listener *l = calloc(1, sizeof *l);
    g->knocks = l == NULL; // libuv says nothing of others until this one is let in
    if (!l)
        return;
    l->gateway = g;
    l->tcp.data = l;
    uv_tcp_init(&g->loop, &l->tcp);
    l->since_ms = now_ms(g);
    l->older = g->newest;
    if (l->older)
        l->older->newer = l;
    g->newest = l;
    g->connections++;
    asks_join(l);
    if (uv_accept((uv_stream_t *)&g->door, (uv_stream_t *)&l->tcp) != 0)
        return listener_close(l);
    room_make(g);
    if (l->state == LISTENER_CLOSES)
        return;
    socket_set(l);
    if (uv_read_start((uv_stream_t *)&l->tcp, on_room, on_read) != 0)
        return listener_close(l);
    if (g->options.forwarded || address_enter(l, (ask_text){0}))
        return;
    if (g->leaves < GATEWAY_REFUSALS_MAX)
        return refuse(l, ERROR_RATE_LIMITED);
    metric_add_for(METRIC_LISTENERS_REFUSED, METRIC_REFUSAL_ADDRESS, 1);
    listener_close(l);
}

void listener_sweep(listener *l, int64_t now)
{
    gateway *g = l->gateway;
    int64_t age = now - l->since_ms;
    switch (l->state) {
    case LISTENER_ASKS:
        if (age > GATEWAY_ASK_MS)
            listener_close(l);
        break;
    case LISTENER_HEARS:
        if (l->flies && age > GATEWAY_STALL_MS) {
            metric_add(METRIC_LISTENERS_DROPPED, 1);
            listener_close(l);
        } else if (!l->flies && now - l->heard_ms > GATEWAY_HEARTBEAT_MS) {
            listener_send(l, g->heartbeat);
        }
        break;
    case LISTENER_LEAVES:
        if (age > GATEWAY_LEAVE_MS)
            listener_close(l);
        break;
    case LISTENER_CLOSES:
        break;
    }
}
