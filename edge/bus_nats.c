#include "edge/nats_link.h"
#include "ops/host/clock.h"
#include "schemas/subject.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RECEIVE_WAIT_MS = 1000 };

struct bus_nats {
    bus *bus;
    nats_told told, outer;  // ours, and the owner's
    nats_line *line;        // commands out
    natsConnection *inward; // replies in
    natsSubscription *replies;
    natsSubscription *nobody; // the server tells it to the connection that has published
    pthread_t receiver;
    atomic_bool closing;
    pthread_mutex_t mutex; // guards ends
    pthread_cond_t changed;
    pthread_t clock;
    bool ends, ticks, receives;
    _Atomic int64_t ticked_us;
};

static bool link_send(void *self, const char *to, const char *reply, const void *data,
                      uint32_t data_bytes)
{
    bus_nats *b = self;
    int bytes = (int)data_bytes;
    natsConnection *c = nats_line_connection(b->line);
    nats_line_begin(b->line);
    natsStatus s = reply ? natsConnection_PublishRequest(c, to, reply, data, bytes)
                         : natsConnection_Publish(c, to, data, bytes);
    nats_line_end(b->line);
    return s == NATS_OK;
}

static int64_t link_now(void *self)
{
    (void)self;
    return clock_monotonic_us();
}

static int64_t link_wall(void *self)
{
    (void)self;
    return clock_wall_us();
}

// The queue's number is the last token of the subject.
static bool queue_of(const char *text, uint32_t *ret_queue)
{
    const char *token = strrchr(text, '.');
    uint32_t queue = 0;
    if (!token || token[1] == 0 || strlen(token) > 8)
        return false;
    for (token++; *token; token++) {
        if (*token < '0' || *token > '9')
            return false;
        queue = queue * 10 + (uint32_t)(*token - '0');
    }
    *ret_queue = queue;
    return true;
}

static void reply_take(bus_nats *b, natsMsg *message)
{
    uint32_t queue;
    if (queue_of(natsMsg_GetSubject(message), &queue))
        bus_receive(b->bus, queue, (const uint8_t *)natsMsg_GetData(message),
                    (size_t)natsMsg_GetDataLength(message));
    nats_discard(message);
}

// All replies that have come together: what they let go leaves in one send.
static void *receive_run(void *self)
{
    bus_nats *b = self;
    natsStatus s = NATS_OK;
    while (!atomic_load(&b->closing)) {
        natsMsg *message = NULL;
        s = natsSubscription_NextMsg(&message, b->replies, RECEIVE_WAIT_MS);
        nats_line_begin(b->line);
        for (; s == NATS_OK; s = natsSubscription_NextMsg(&message, b->replies, 0))
            reply_take(b, message);
        nats_line_end(b->line);
        if (s == NATS_CONNECTION_CLOSED || s == NATS_INVALID_SUBSCRIPTION)
            break;
    }
    return NULL;
}

// The server's word that nobody listens. A subscription without a thread would swallow it: the
// library turns it into an error that does not tell the subject.
static void on_nobody(natsConnection *c, natsSubscription *s, natsMsg *message, void *self)
{
    bus_nats *b = self;
    uint32_t queue;
    (void)c;
    (void)s;
    if (natsMsg_IsNoResponders(message) && queue_of(natsMsg_GetSubject(message), &queue))
        bus_no_responders(b->bus, queue);
    natsMsg_Destroy(message);
}

static void on_found(void *self)
{
    bus_nats *b = self;
    bus_reconnected(b->bus);
    if (b->outer.found)
        b->outer.found(b->outer.self);
}

static void on_lost(void *self)
{
    bus_nats *b = self;
    if (b->outer.lost)
        b->outer.lost(b->outer.self);
}

static void on_failed(void *self, const char *what)
{
    bus_nats *b = self;
    if (b->outer.failed)
        b->outer.failed(b->outer.self, what);
}

static void *clock_run(void *self)
{
    bus_nats *b = self;
    pthread_mutex_lock(&b->mutex);
    while (!b->ends) {
        int64_t until_us = clock_monotonic_us() + BUS_TICK_MS * 1000;
        struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
        pthread_cond_timedwait(&b->changed, &b->mutex, &until);
        pthread_mutex_unlock(&b->mutex);
        bus_tick(b->bus);
        atomic_store(&b->ticked_us, clock_monotonic_us());
        pthread_mutex_lock(&b->mutex);
    }
    pthread_mutex_unlock(&b->mutex);
    return NULL;
}

static natsStatus connect_both(bus_nats *b, const nats_login *login,
                               char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    natsOptions *options = NULL;
    natsStatus s = nats_link_options(login, "cavea-edge", &b->told, &options, ret_problem);
    if (s == NATS_OK)
        s = nats_line_open(options, &b->line);
    natsOptions_Destroy(options);
    options = NULL;
    if (s == NATS_OK || s == NATS_NOT_YET_CONNECTED)
        s = nats_link_options(login, "cavea-edge-replies", &b->told, &options, ret_problem);
    if (s == NATS_OK)
        s = natsConnection_Connect(&b->inward, options);
    natsOptions_Destroy(options);
    return s;
}

static natsStatus subscribe(bus_nats *b, const uuid *sender)
{
    char text[SUBJECT_BYTES_MAX + 16];
    subject own = subject_reply(sender);
    snprintf(text, sizeof text, "%s.*", own.text);
    natsStatus s = natsConnection_SubscribeSync(&b->replies, b->inward, text);
    if (s == NATS_OK)
        s = natsSubscription_SetPendingLimits(b->replies, -1, -1);
    snprintf(text, sizeof text, "%s.nobody.*", own.text);
    if (s == NATS_OK)
        s = natsConnection_Subscribe(&b->nobody, nats_line_connection(b->line), text, on_nobody, b);
    return s;
}

static bool bus_nats_begin(bus_nats *b, const nats_login *login, const uuid *sender,
                           char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    if (!nats_link_tries(connect_both(b, login, ret_problem), ret_problem))
        return false;
    natsStatus s = subscribe(b, sender);
    b->receives = s == NATS_OK && pthread_create(&b->receiver, NULL, receive_run, b) == 0;
    b->ticks = b->receives && pthread_create(&b->clock, NULL, clock_run, b) == 0;
    if (!b->ticks)
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "cannot listen for replies: %s",
                 natsStatus_GetText(s));
    return b->ticks;
}

bool bus_nats_open(const nats_login *login, const bus_options *options, const nats_told *told,
                   bus_nats **ret_bus, char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    bus_nats *b = calloc(1, sizeof *b);
    if (!b) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "memory is out");
        return false;
    }
    bus_options own = *options;
    own.link = (bus_link){b, link_send, link_now, link_wall};
    b->outer = *told;
    b->told = (nats_told){b, on_lost, on_found, on_failed};
    pthread_mutex_init(&b->mutex, NULL);
    clock_condition_init(&b->changed);
    atomic_store(&b->ticked_us, clock_monotonic_us());
    b->bus = bus_new(&own);
    if (!b->bus)
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "memory is out");
    if (!b->bus || !bus_nats_begin(b, login, &own.sender, ret_problem)) {
        bus_nats_end(b);
        bus_nats_free(&b);
        return false;
    }
    *ret_bus = b;
    return true;
}

bus *bus_nats_bus(bus_nats *b)
{
    return b->bus;
}

bool bus_nats_connected(bus_nats *b)
{
    return nats_link_connected(nats_line_connection(b->line)) && nats_link_connected(b->inward);
}

int64_t bus_nats_ticked_us(bus_nats *b)
{
    return atomic_load(&b->ticked_us);
}

void bus_nats_end(bus_nats *b)
{
    if (!b)
        return;
    pthread_mutex_lock(&b->mutex);
    b->ends = true;
    pthread_cond_signal(&b->changed);
    pthread_mutex_unlock(&b->mutex);
    if (b->ticks)
        pthread_join(b->clock, NULL);
    b->ticks = false;
    atomic_store(&b->closing, true);
    natsConnection_Close(b->inward); // the receiver's waiting ends
    if (b->receives)
        pthread_join(b->receiver, NULL);
    b->receives = false;
    if (b->line)
        nats_line_close(b->line);
    natsSubscription_Destroy(b->replies);
    natsSubscription_Destroy(b->nobody);
    natsConnection_Destroy(b->inward);
    nats_line_free(&b->line);
    b->replies = NULL;
    b->inward = NULL;
    b->nobody = NULL;
}

void bus_nats_free(bus_nats **freed)
{
    bus_nats *b = *freed;
    *freed = NULL;
    if (!b)
        return;
    bus_free(b->bus);
    pthread_mutex_destroy(&b->mutex);
    pthread_cond_destroy(&b->changed);
    free(b);
}
