// What the stream's consumers bring: each message once and in order, or that consumer is over.
#include "actors/runtime/bus_nats.h"

#include <stdlib.h>

static void message_release(void *owner)
{
    nats_discard(owner);
}

bool bus_hand_over(nats_bus *bus, natsMsg *message, const actor_ref *to, int64_t incarnation,
                   int64_t sequence)
{
    inbound m = {
        .to = *to,
        .incarnation = incarnation,
        .sequence = sequence,
        .data = (const uint8_t *)natsMsg_GetData(message),
        .data_bytes = (uint32_t)natsMsg_GetDataLength(message),
        .owner = message,
        .release = message_release,
    };
    return runtime_deliver(bus->runtime, &m);
}

typedef struct delivery { // $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.…
    const char *consumer;
    size_t consumer_bytes;
    int64_t stream_seq;
    uint64_t consumer_seq;
} delivery;

static bool delivery_parse(const char *reply, delivery *ret_delivery)
{
    delivery d = {0};
    uint32_t token = 0;
    for (const char *at = reply; at != NULL && token < 7; token++) {
        const char *end = strchr(at, '.');
        if (token == 3) {
            d.consumer = at;
            d.consumer_bytes = end == NULL ? strlen(at) : (size_t)(end - at);
        } else if (token == 5) {
            d.stream_seq = strtoll(at, NULL, 10);
        } else if (token == 6) {
            d.consumer_seq = strtoull(at, NULL, 10);
        }
        at = end == NULL ? NULL : end + 1;
    }
    *ret_delivery = d;
    return token == 7 && d.stream_seq > 0;
}

// Whether the message is the next one of the inlet's present consumer; a gap ends that consumer.
static bool delivery_expected(inlet *in, const delivery *d)
{
    if (in == NULL || !in->consuming || strlen(in->consumer) != d->consumer_bytes ||
        memcmp(in->consumer, d->consumer, d->consumer_bytes) != 0)
        return false;
    in->heard_us = bus_monotonic_us();
    in->missed_us = 0;
    in->suspicions = 0;
    if (d->consumer_seq == in->next)
        return true;
    in->consuming = false;
    pthread_cond_signal(&in->bus->changed);
    return false;
}

// A heartbeat says which delivery was the last: when that is beyond what arrived here, the end of
// the row was lost and nothing else would tell.
static void heartbeat_note(nats_bus *bus, natsMsg *message)
{
    const char *number = strrchr(natsMsg_GetSubject(message), '.'), *last = NULL;
    bool told = natsMsgHeader_Get(message, "Nats-Last-Consumer", &last) == NATS_OK && last != NULL;
    uint64_t place = number == NULL ? 0 : strtoull(number + 1, NULL, 10);
    pthread_mutex_lock(&bus->mutex);
    inlet *in = inlet_numbered(bus, place >> ATTEMPT_BITS);
    if (in != NULL && inlet_place(in) != place)
        in = NULL; // of a consumer that was given up
    if (in != NULL) {
        in->heard_us = bus_monotonic_us();
        in->missed_us = 0; // it reads the stream: what is missing was never stored
    }
    if (in != NULL && in->consuming && told && strtoull(last, NULL, 10) >= in->next) {
        in->consuming = false;
        pthread_cond_signal(&bus->changed);
    }
    pthread_mutex_unlock(&bus->mutex);
}

void bus_on_deliver(natsConnection *connection, natsSubscription *subscription, natsMsg *message,
                    void *closure)
{
    (void)connection;
    (void)subscription;
    nats_bus *bus = closure;
    subject_room room;
    actor_ref to;
    delivery d;
    const char *text = natsMsg_GetSubject(message), *reply = natsMsg_GetReply(message);
    if (!subject_parse(text, strlen(text), &room, &to) || room != SUBJECT_IN || reply == NULL ||
        !delivery_parse(reply, &d)) {
        heartbeat_note(bus, message); // a status message stands on the deliver subject itself
        nats_discard(message);
        return;
    }
    pthread_mutex_lock(&bus->mutex);
    inlet *in = inlet_find(bus, &to.id);
    bool expected = delivery_expected(in, &d);
    bool taken = expected && bus_hand_over(bus, message, &to, in->incarnation, d.stream_seq);
    if (taken) {
        in->next++;
        in->cursor = d.stream_seq;
    } else if (expected) {
        in->consuming = false; // the mailbox is full: again from here when there is room
    }
    pthread_mutex_unlock(&bus->mutex);
    if (!taken)
        nats_discard(message);
}
