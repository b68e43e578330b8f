#include "actors/runtime/bus_nats.h"

#include "ops/host/clock.h"
#include "ops/host/nats_login.h"
#include "schemas/cavea.pb-c.h"
#include "schemas/wire.h"

#include <stdio.h>
#include <stdlib.h>

enum { CLOSE_WAIT_MS = 2000 };

static inlet **bucket_of(nats_bus *bus, const actor_id *id)
{
    uint64_t h;
    memcpy(&h, id->u.bytes + 8, sizeof h);
    return &bus->inlets[h * 0x9e3779b97f4a7c15u >> 40 & (INLET_BUCKETS - 1)];
}

inlet *inlet_find(nats_bus *bus, const actor_id *id)
{
    inlet *in = *bucket_of(bus, id);
    while (in != NULL && !uuid_equal(&in->actor.id.u, &id->u))
        in = in->next_inlet;
    return in;
}

inlet *inlet_numbered(nats_bus *bus, uint64_t number)
{
    inlet *in = bus->numbered[number & (INLET_BUCKETS - 1)];
    while (in != NULL && in->number != number)
        in = in->next_numbered;
    return in;
}

static void on_direct(natsConnection *connection, natsSubscription *subscription, natsMsg *message,
                      void *closure)
{
    (void)connection;
    (void)subscription;
    subject_room room;
    actor_ref to;
    const char *text = natsMsg_GetSubject(message);
    if (!subject_parse(text, strlen(text), &room, &to) || room != SUBJECT_DIRECT ||
        !bus_hand_over(closure, message, &to, 0, 0))
        nats_discard(message); // overload: the sender tries again, later and later
}

static void on_ack(natsConnection *connection, natsSubscription *subscription, natsMsg *message,
                   void *closure)
{
    (void)connection;
    (void)subscription;
    nats_bus *bus = closure;
    uint64_t number, seq;
    const char *text = natsMsg_GetSubject(message), *data = natsMsg_GetData(message);
    int bytes = natsMsg_GetDataLength(message);
    bool stored = data != NULL && memmem(data, (size_t)bytes, "\"seq\"", 5) != NULL &&
                  memmem(data, (size_t)bytes, "\"error\"", 7) == NULL;
    // For cell 0 another actor says that it has decided, and the stream says nothing.
    if (subject_ack_parse(text, strlen(text), &number, &seq) && (stored || number == 0))
        runtime_acknowledged(bus->runtime, number, (int64_t)seq);
    nats_discard(message);
}

// Two subscriptions hear each wake-up of a kind: that of the group, of which one host has it, and
// that of each host.
static void wake_take(nats_bus *bus, natsConnection *connection, natsMsg *message, bool to_each)
{
    const char *reply = natsMsg_GetReply(message);
    wake_order order;
    if (wake_read(&bus->config.host, natsMsg_GetSubject(message), reply, natsMsg_GetData(message),
                  (size_t)natsMsg_GetDataLength(message), &order) &&
        order.everybody == to_each) {
        bool taken = true;
        if (order.what == WAKE_MOVE)
            taken = runtime_move(bus->runtime, &order.actor, &order.move_to);
        else
            bus->config.woken(bus->config.woken_self, &order.actor, order.what);
        if (taken && order.answers)
            natsConnection_Publish(connection, reply, "ok", 2);
    }
    natsMsg_Destroy(message);
}

static void on_wake(natsConnection *connection, natsSubscription *subscription, natsMsg *message,
                    void *closure)
{
    (void)subscription;
    wake_take(closure, connection, message, false);
}

static void on_call(natsConnection *connection, natsSubscription *subscription, natsMsg *message,
                    void *closure)
{
    (void)subscription;
    wake_take(closure, connection, message, true);
}

static natsStatus wakes_subscribe(nats_bus *bus, actor_kind kind)
{
    subject wake = subject_wake(kind);
    natsStatus s = natsConnection_QueueSubscribe(&bus->wakes[kind], bus->connection, wake.text,
                                                 SUBJECT_QUEUE_HOSTS, on_wake, bus);
    if (s == NATS_OK)
        s = natsConnection_Subscribe(&bus->calls[kind], bus->connection, wake.text, on_call, bus);
    return s;
}

static bool fail(nats_bus *bus, const char *what, natsStatus status)
{
    snprintf(bus->problem, sizeof bus->problem, "%s: %s", what, natsStatus_GetText(status));
    return false;
}

// Consumers live in a server's memory, and what they sent meanwhile is lost: each starts again.
static void on_reconnected(natsConnection *connection, void *closure)
{
    nats_bus *bus = closure;
    pthread_mutex_lock(&bus->mutex);
    if (connection == bus->connection) { // not the line's
        bus->found_again = true;
        pthread_cond_signal(&bus->changed);
    }
    pthread_mutex_unlock(&bus->mutex);
}

static natsStatus options_set(nats_bus *bus, natsOptions *options)
{
    natsStatus s = natsOptions_SetSendAsap(options, true);
    if (s == NATS_OK)
        s = natsOptions_SetCustomInboxPrefix(options, "_INBOX.actors"); // see permissions.conf
    if (s == NATS_OK)
        s = natsOptions_SetPingInterval(options, 2000);
    if (s == NATS_OK)
        s = natsOptions_SetMaxPingsOut(options, 2);
    if (s == NATS_OK)
        s = natsOptions_SetMaxReconnect(options, -1);
    if (s == NATS_OK)
        s = natsOptions_SetReconnectWait(options, 100);
    if (s == NATS_OK)
        s = natsOptions_SetReconnectJitter(options, 50, 50);
    if (s == NATS_OK)
        s = natsOptions_SetReconnectBufSize(options, 64 * 1024);
    if (s == NATS_OK)
        s = natsOptions_SetWriteDeadline(options, 1000);
    if (s == NATS_OK)
        s = natsOptions_UseGlobalMessageDelivery(options, true);
    if (s == NATS_OK)
        s = natsOptions_SetReconnectedCB(options, on_reconnected, bus);
    if (s == NATS_OK)
        s = natsOptions_SetName(options, "cavea-actors");
    return s;
}

static bool login_set(nats_bus *bus, natsOptions *options)
{
    char problem[CONFIG_PROBLEM_BYTES] = "";
    bool done = nats_login_set(options, bus->config.login, problem);
    if (!done)
        snprintf(bus->problem, sizeof bus->problem, "%.250s", problem);
    return done;
}

static bool bus_connect(nats_bus *bus)
{
    natsOptions *options = NULL;
    natsStatus s = nats_Open(-1);
    if (s == NATS_OK)
        s = nats_SetMessageDeliveryPoolSize(2);
    if (s == NATS_OK)
        s = natsOptions_Create(&options);
    if (s == NATS_OK)
        s = options_set(bus, options);
    if (s == NATS_OK && !login_set(bus, options)) {
        natsOptions_Destroy(options);
        return false;
    }
    if (s == NATS_OK)
        s = natsConnection_Connect(&bus->connection, options);
    if (s == NATS_OK)
        s = natsOptions_SetName(options, "cavea-actors-line");
    if (s == NATS_OK)
        s = nats_line_open(options, &bus->line);
    natsOptions_Destroy(options);
    if (s != NATS_OK)
        return fail(bus, "cannot connect to NATS", s);
    return bus_streams_ready(bus);
}

bool nats_bus_open(nats_bus *bus, const nats_bus_config *settings)
{
    *bus = (nats_bus){.config = *settings};
    bus->inbox_short.patience_ms =
        settings->stream_replicas == 1 ? STREAM_SHORT_ALONE_MS : STREAM_SHORT_MS;
    pthread_mutex_init(&bus->mutex, NULL);
    clock_condition_init(&bus->changed);
    if (bus_connect(bus))
        return true;
    nats_bus_close(bus);
    return false;
}

bool nats_bus_start(nats_bus *bus, runtime *r)
{
    bus->runtime = r;
    char acks[SUBJECT_BYTES_MAX];
    subject ack = subject_ack(&bus->config.host, 0, 0);
    snprintf(acks, sizeof acks, "%.*s*.*", (int)strlen(ack.text) - 3, ack.text);
    subject host = subject_host(&bus->config.host);
    natsConnection *nc = bus->connection;
    natsStatus s = natsConnection_Subscribe(&bus->acks, nc, acks, on_ack, bus);
    if (s == NATS_OK)
        s = natsConnection_Subscribe(&bus->host, nc, host.text, on_wake, bus);
    for (actor_kind kind = ACTOR_EVENT; s == NATS_OK && kind < ACTOR_KINDS_END; kind++)
        if (bus->config.kinds >> kind & 1)
            s = wakes_subscribe(bus, kind);
    if (s == NATS_OK)
        s = natsConnection_FlushTimeout(nc, 2000);
    if (s != NATS_OK)
        return fail(bus, "cannot subscribe", s);
    bus->watching = pthread_create(&bus->watchdog, NULL, bus_watch, bus) == 0;
    return bus->watching || fail(bus, "cannot start the watchdog", NATS_SYS_ERROR);
}

void bus_subscription_end(natsSubscription **subscription)
{
    if (*subscription != NULL) {
        natsSubscription_Unsubscribe(*subscription);
        natsSubscription_Destroy(*subscription);
    }
    *subscription = NULL;
}

void nats_bus_retire(nats_bus *bus)
{
    for (actor_kind kind = ACTOR_EVENT; kind < ACTOR_KINDS_END; kind++) {
        bus_subscription_end(&bus->wakes[kind]);
        bus_subscription_end(&bus->calls[kind]);
    }
    bus_subscription_end(&bus->host);
    natsConnection_FlushTimeout(bus->connection, 1000);
}

void nats_bus_close(nats_bus *bus)
{
    atomic_store(&bus->stopping, true);
    pthread_mutex_lock(&bus->mutex);
    pthread_cond_broadcast(&bus->changed);
    pthread_mutex_unlock(&bus->mutex);
    if (bus->watching)
        pthread_join(bus->watchdog, NULL);
    nats_bus_retire(bus);
    bus_subscription_end(&bus->acks);
    natsConnection_Close(bus->connection);
    natsConnection_Destroy(bus->connection);
    if (bus->line != NULL)
        nats_line_close(bus->line);
    nats_line_free(&bus->line);
}

void nats_bus_done(void)
{
    nats_discard_rest();
    (void)nats_CloseAndWait(CLOSE_WAIT_MS);
}

// Whatever the tick thread has to say leaves in one send, at the flush.
static natsConnection *port_hold(nats_bus *bus)
{
    if (!bus->holds)
        nats_line_begin(bus->line);
    bus->holds = true;
    return nats_line_connection(bus->line);
}

static void port_flush(void *self)
{
    nats_bus *bus = self;
    if (bus->holds)
        nats_line_end(bus->line);
    bus->holds = false;
}

static void port_publish(void *self, const subject *to, const void *data, uint32_t data_bytes,
                         const char *msg_id, uint64_t cell_number, int64_t seq)
{
    nats_bus *bus = self;
    natsConnection *nc = port_hold(bus);
    natsMsg *message = NULL;
    subject ack = subject_ack(&bus->config.host, cell_number, (uint64_t)seq);
    const char *reply = seq == 0 ? NULL : ack.text;
    if (msg_id == NULL && reply == NULL)
        natsConnection_Publish(nc, to->text, data, (int)data_bytes);
    else if (msg_id == NULL)
        natsConnection_PublishRequest(nc, to->text, reply, data, (int)data_bytes);
    else if (natsMsg_Create(&message, to->text, reply, data, (int)data_bytes) == NATS_OK) {
        natsMsgHeader_Set(message, "Nats-Msg-Id", msg_id);
        natsMsgHeader_Set(message, "Content-Type", "application/x-protobuf");
        natsConnection_PublishMsg(nc, message);
        nats_discard(message);
    }
}

static void port_send(void *self, const char *to, const void *data, uint32_t data_bytes)
{
    natsConnection_Publish(port_hold(self), to, data, (int)data_bytes);
}

static void port_attach(void *self, uint64_t number, const actor_ref *actor, int64_t incarnation,
                        int64_t cursor)
{
    nats_bus *bus = self;
    inlet *in = calloc(1, sizeof *in);
    if (in == NULL)
        return; // unreachable until it is woken again
    *in = (inlet){.actor = *actor,
                  .number = number,
                  .bus = bus,
                  .cursor = cursor,
                  .incarnation = incarnation};
    subject direct = subject_of(SUBJECT_DIRECT, actor);
    natsConnection *nc = bus->connection;
    natsConnection_Subscribe(&in->direct, nc, direct.text, on_direct, bus);
    pthread_mutex_lock(&bus->mutex);
    inlet **bucket = bucket_of(bus, &actor->id);
    in->next_inlet = *bucket;
    *bucket = in;
    bucket = &bus->numbered[number & (INLET_BUCKETS - 1)];
    in->next_numbered = *bucket;
    *bucket = in;
    bus->inlets_count++;
    pthread_cond_signal(&bus->changed);
    pthread_mutex_unlock(&bus->mutex);
}

// Takes an inlet out of both tables; NULL when it is not there. The mutex is held.
static inlet *inlet_take(nats_bus *bus, uint64_t number)
{
    inlet **at = &bus->numbered[number & (INLET_BUCKETS - 1)];
    while (*at != NULL && (*at)->number != number)
        at = &(*at)->next_numbered;
    inlet *in = *at;
    if (in == NULL)
        return NULL;
    *at = in->next_numbered;
    at = bucket_of(bus, &in->actor.id);
    while (*at != in)
        at = &(*at)->next_inlet;
    *at = in->next_inlet;
    bus->inlets_count--;
    return in;
}

static void port_detach(void *self, uint64_t number)
{
    nats_bus *bus = self;
    pthread_mutex_lock(&bus->mutex);
    inlet *in = inlet_take(bus, number);
    pthread_mutex_unlock(&bus->mutex);
    if (in == NULL)
        return;
    bus_subscription_end(&in->direct);
    bus_subscription_end(&in->deliver);
    if (in->consuming)
        bus_consumer_delete(bus, in->consumer);
    free(in);
}

static void port_missed(void *self, uint64_t number)
{
    nats_bus *bus = self;
    pthread_mutex_lock(&bus->mutex);
    inlet *in = inlet_numbered(bus, number);
    if (in != NULL && in->consuming && in->missed_us == 0)
        in->missed_us = bus_monotonic_us();
    pthread_mutex_unlock(&bus->mutex);
}

static int64_t port_incarnation(void *self)
{
    return atomic_load(&((nats_bus *)self)->incarnation);
}

bus_port nats_bus_port(nats_bus *bus)
{
    return (bus_port){bus,         port_publish,     port_send,  port_attach,
                      port_detach, port_incarnation, port_flush, port_missed};
}

bool nats_bus_connected(const nats_bus *bus)
{
    return natsConnection_Status(bus->connection) == NATS_CONN_STATUS_CONNECTED &&
           natsConnection_Status(nats_line_connection(bus->line)) == NATS_CONN_STATUS_CONNECTED;
}

bool nats_bus_holds(nats_bus *bus, const actor_id *id)
{
    pthread_mutex_lock(&bus->mutex);
    bool holds = inlet_find(bus, id) != NULL;
    pthread_mutex_unlock(&bus->mutex);
    return holds;
}

bool nats_bus_forward(nats_bus *bus, const uuid *host, const actor_ref *actor)
{
    uint8_t wake[WAKE_BYTES_MAX];
    uint32_t wake_bytes = wake_write(actor, false, wake);
    natsMsg *answer = NULL;
    natsStatus s = natsConnection_Request(&answer, bus->connection, subject_host(host).text, wake,
                                          (int)wake_bytes, 100);
    natsMsg_Destroy(answer);
    return s == NATS_OK;
}
