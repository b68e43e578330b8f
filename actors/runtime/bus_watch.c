// The watchdog: keeps the streams in being and every inlet's consumer running.
#include "actors/runtime/bus_nats.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STREAM_LOOK_MS = 1000, HEARTBEATS_MISSED_MAX = 3 };

int64_t bus_monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

// The last message of this incarnation that any of our actors has read.
static int64_t cursor_highest(nats_bus *bus)
{
    int64_t highest = 0, incarnation = atomic_load(&bus->incarnation);
    pthread_mutex_lock(&bus->mutex);
    for (uint32_t i = 0; i < INLET_BUCKETS; i++)
        for (const inlet *in = bus->inlets[i]; in != NULL; in = in->next_inlet)
            if (in->incarnation == incarnation && in->cursor > highest)
                highest = in->cursor;
    pthread_mutex_unlock(&bus->mutex);
    return highest;
}

// read: messages up to this number were read from the stream. A stream that no longer goes so far
// lost its end (a damaged block, say) under its old name and creation time: what it stores from now
// on would count as read. It is made anew, which is an incarnation of its own.
static natsStatus stream_ready(nats_bus *bus, jsCtx *js, const char *name, const char *pattern,
                               int64_t read, int64_t *ret_created_ns)
{
    jsErrCode code = 0;
    jsStreamInfo *info = NULL;
    natsStatus s = js_GetStreamInfo(&info, js, name, NULL, &code);
    if (s == NATS_OK && info->Created == atomic_load(&bus->incarnation) &&
        (int64_t)info->State.LastSeq < read) {
        jsStreamInfo_Destroy(info);
        info = NULL;
        s = js_DeleteStream(js, name, NULL, &code);
        if (s == NATS_OK)
            s = NATS_NOT_FOUND;
    }
    if (s == NATS_NOT_FOUND || code == JSStreamNotFoundErr) {
        jsStreamConfig config;
        jsStreamConfig_Init(&config);
        const char *subjects[] = {pattern};
        config.Name = name;
        config.Subjects = subjects;
        config.SubjectsLen = 1;
        config.Retention = js_LimitsPolicy;
        config.Discard = js_DiscardOld;
        config.MaxAge = (int64_t)STREAM_MAX_AGE_SECONDS * 1000000000;
        config.MaxBytes = bus->config.stream_bytes_max;
        config.Storage = js_FileStorage;
        config.Replicas = bus->config.stream_replicas;
        s = js_AddStream(&info, js, &config, NULL, &code);
    }
    if (s == NATS_OK)
        *ret_created_ns = info->Created;
    jsStreamInfo_Destroy(info);
    return s;
}

bool bus_streams_ready(nats_bus *bus)
{
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = BUS_API_WAIT_MS * 8;
    jsCtx *js = NULL;
    int64_t inbox = 0, facts = 0, read = cursor_highest(bus); // before the stream is asked
    natsStatus s = natsConnection_JetStream(&js, bus->connection, &options);
    if (s == NATS_OK)
        s = stream_ready(bus, js, SUBJECT_STREAM_IN, "cavea.v1.in.>", read, &inbox);
    if (s == NATS_OK)
        s = stream_ready(bus, js, SUBJECT_STREAM_FACT, "cavea.v1.fact.>", 0, &facts);
    jsCtx_Destroy(js);
    if (s == NATS_OK)
        atomic_store(&bus->incarnation, inbox);
    else
        snprintf(bus->problem, sizeof bus->problem, "cannot make the streams ready: %s",
                 natsStatus_GetText(s));
    return s == NATS_OK;
}

void bus_consumer_delete(nats_bus *bus, const char *consumer)
{
    char api[192];
    snprintf(api, sizeof api, "$JS.API.CONSUMER.DELETE." SUBJECT_STREAM_IN ".%s", consumer);
    natsConnection_PublishString(bus->connection, api, "");
}

typedef struct consumer_plan { // what to ask the server for, outside the mutex
    actor_ref actor;
    uint64_t number;
    int64_t incarnation, start;
    char name[CONSUMER_NAME_BYTES], earlier[CONSUMER_NAME_BYTES]; // "": there was none
} consumer_plan;

// Asks for a consumer behind the plan's start; the server answers with JSON.
static bool consumer_create(nats_bus *bus, const consumer_plan *p)
{
    char api[320], body[1024];
    subject in = subject_of(SUBJECT_IN, &p->actor);
    subject deliver = subject_deliver(&bus->config.host, p->number);
    snprintf(api, sizeof api, "$JS.API.CONSUMER.CREATE." SUBJECT_STREAM_IN ".%s.%s", p->name,
             in.text);
    snprintf(body, sizeof body,
             "{\"stream_name\":\"" SUBJECT_STREAM_IN "\",\"config\":{\"name\":\"%s\","
             "\"deliver_subject\":\"%s\",\"filter_subject\":\"%s\",\"ack_policy\":\"none\","
             "\"max_deliver\":1,\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":%lld,"
             "\"replay_policy\":\"instant\",\"idle_heartbeat\":%lld,\"inactive_threshold\":"
             "10000000000,\"num_replicas\":1,\"mem_storage\":true}}",
             p->name, deliver.text, in.text, (long long)p->start,
             (long long)bus->config.heartbeat_ms * 1000000);
    natsMsg *answer = NULL;
    natsStatus s =
        natsConnection_RequestString(&answer, bus->connection, api, body, BUS_API_WAIT_MS);
    bool made = false;
    if (s == NATS_OK && natsMsg_GetData(answer) != NULL)
        made = memmem(natsMsg_GetData(answer), (size_t)natsMsg_GetDataLength(answer), "\"error\"",
                      7) == NULL;
    natsMsg_Destroy(answer);
    return made;
}

// Marks silent consumers as gone and finds an inlet that needs one.
static bool plan_next(nats_bus *bus, consumer_plan *ret_plan)
{
    int64_t now_us = bus_monotonic_us();
    int64_t patience_us = bus->config.heartbeat_ms * 1000 * HEARTBEATS_MISSED_MAX;
    int64_t incarnation = atomic_load(&bus->incarnation);
    for (uint32_t i = 0; i < INLET_BUCKETS; i++)
        for (inlet *in = bus->inlets[i]; in != NULL; in = in->next_inlet) {
            if (in->consuming &&
                (in->heard_us + patience_us < now_us || in->incarnation != incarnation))
                in->consuming = false;
            if (in->consuming)
                continue;
            if (in->incarnation != incarnation) { // another stream: from its first message on
                in->incarnation = incarnation;
                in->cursor = 0;
            }
            in->attempt++;
            in->next = 1;
            in->heard_us = now_us;
            in->consuming = true; // messages may come before the answer does
            *ret_plan = (consumer_plan){.actor = in->actor,
                                        .number = in->number,
                                        .incarnation = incarnation,
                                        .start = in->cursor + 1};
            memcpy(ret_plan->earlier, in->consumer, sizeof ret_plan->earlier);
            snprintf(in->consumer, sizeof in->consumer, "h%02x%02x%02x%02x%02x%02x-%llu-%u",
                     bus->config.host.bytes[10], bus->config.host.bytes[11],
                     bus->config.host.bytes[12], bus->config.host.bytes[13],
                     bus->config.host.bytes[14], bus->config.host.bytes[15],
                     (unsigned long long)in->number, in->attempt);
            memcpy(ret_plan->name, in->consumer, sizeof ret_plan->name);
            return true;
        }
    return false;
}

static void plan_failed(nats_bus *bus, const consumer_plan *p)
{
    pthread_mutex_lock(&bus->mutex);
    inlet *in = inlet_find(bus, &p->actor.id);
    if (in != NULL && in->number == p->number && strcmp(in->consumer, p->name) == 0)
        in->consuming = false;
    pthread_mutex_unlock(&bus->mutex);
}

static void pause_ms(nats_bus *bus, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&bus->mutex);
    if (!atomic_load(&bus->stopping))
        pthread_cond_timedwait(&bus->changed, &bus->mutex, &until);
    pthread_mutex_unlock(&bus->mutex);
}

void *bus_watch(void *closure)
{
    nats_bus *bus = closure;
    int64_t looked_us = bus_monotonic_us();
    while (!atomic_load(&bus->stopping)) {
        consumer_plan p;
        pthread_mutex_lock(&bus->mutex);
        bool wanted = plan_next(bus, &p);
        pthread_mutex_unlock(&bus->mutex);
        // It would stay as long as its deliver subject has a listener, and send every message
        // again.
        if (wanted && p.earlier[0] != 0)
            bus_consumer_delete(bus, p.earlier);
        bool failed = wanted && !consumer_create(bus, &p);
        if (failed)
            plan_failed(bus, &p);
        if (looked_us + STREAM_LOOK_MS * 1000 < bus_monotonic_us() || failed) {
            if (!bus_streams_ready(bus))
                failed = true;
            looked_us = bus_monotonic_us();
        }
        if (!wanted || failed)
            pause_ms(bus, failed ? 100 : 50);
    }
    return NULL;
}
