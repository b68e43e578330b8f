// The watchdog: keeps the streams in being and every inlet's consumer running.
#include "actors/runtime/bus_nats.h"

#include "ops/host/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    STREAM_LOOK_MS = 1000,
    HEARTBEATS_MISSED_MAX = 3,
    PAUSE_MS = 50,
    JUDGE_MS = 40,        // between two looks at all inlets
    MISSED_MS = 300,      // a stream that owes a message is waited for so long
    STOOD_STILL_MS = 200, // a pause that was so much longer: the host itself was away
    SUSPICION_DOUBLINGS_MAX = 5,
};

int64_t bus_monotonic_us(void)
{
    return clock_monotonic_us();
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

// *ret_short: it ends before what was read of it when it was asked.
static natsStatus stream_ask(nats_bus *bus, jsCtx *js, const char *name, jsStreamInfo **ret_info,
                             bool *ret_short)
{
    jsErrCode code = 0;
    int64_t read = cursor_highest(bus); // before the stream is asked
    jsStreamInfo_Destroy(*ret_info);
    *ret_info = NULL;
    natsStatus s = js_GetStreamInfo(ret_info, js, name, NULL, &code);
    *ret_short = s == NATS_OK && (*ret_info)->Created == atomic_load(&bus->incarnation) &&
                 (int64_t)(*ret_info)->State.LastSeq < read;
    return code == JSStreamNotFoundErr ? NATS_NOT_FOUND : s;
}

static bool inbox_lost(nats_bus *bus, natsStatus asked, const jsStreamInfo *info, bool is_short)
{
    if (asked != NATS_OK) {
        stream_short_forget(&bus->inbox_short);
        return false;
    }
    const char *leader =
        info->Cluster == NULL || info->Cluster->Leader == NULL ? "" : info->Cluster->Leader;
    return stream_short_note(&bus->inbox_short, is_short, leader, bus_monotonic_us());
}

// Asking must not take long: the streams may be silent, and consumers wait behind it. Making a
// stream of several copies may.
static void wait_long(jsOptions *options)
{
    jsOptions_Init(options);
    options->Wait = BUS_API_WAIT_MS * 8;
}

static natsStatus stream_add(nats_bus *bus, jsCtx *js, const char *name, const char *pattern,
                             jsStreamInfo **ret_info)
{
    jsErrCode code = 0;
    jsOptions options;
    jsStreamConfig config;
    wait_long(&options);
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
    jsStreamInfo_Destroy(*ret_info);
    *ret_info = NULL;
    return js_AddStream(ret_info, js, &config, &options, &code);
}

// A stream that no longer goes as far as was read lost its end (a damaged block, say) under its old
// name and creation time: what it stores from now on would count as read. It is made anew, which is
// an incarnation of its own.
static natsStatus stream_ready(nats_bus *bus, jsCtx *js, const char *name, const char *pattern,
                               int64_t *ret_created_ns)
{
    bool is_inbox = strcmp(name, SUBJECT_STREAM_IN) == 0, is_short;
    jsErrCode code = 0;
    jsOptions options;
    wait_long(&options);
    jsStreamInfo *info = NULL;
    natsStatus s = stream_ask(bus, js, name, &info, &is_short);
    if (is_inbox && inbox_lost(bus, s, info, is_short)) {
        // Asked once more: another host may have made it anew a moment ago.
        stream_short_forget(&bus->inbox_short);
        s = stream_ask(bus, js, name, &info, &is_short);
        if (s == NATS_OK && is_short)
            s = js_DeleteStream(js, name, &options, &code) == NATS_OK ? NATS_NOT_FOUND : NATS_ERR;
    }
    if (s == NATS_NOT_FOUND)
        s = stream_add(bus, js, name, pattern, &info);
    if (s == NATS_OK)
        *ret_created_ns = info->Created;
    jsStreamInfo_Destroy(info);
    return s;
}

bool bus_streams_ready(nats_bus *bus)
{
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = BUS_API_WAIT_MS * 2;
    jsCtx *js = NULL;
    int64_t inbox = 0, facts = 0;
    natsStatus s = natsConnection_JetStream(&js, bus->connection, &options);
    if (s == NATS_OK)
        s = stream_ready(bus, js, SUBJECT_STREAM_IN, "cavea.v1.in.>", &inbox);
    if (s == NATS_OK)
        s = stream_ready(bus, js, SUBJECT_STREAM_FACT, "cavea.v1.fact.>", &facts);
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
    uint64_t number, place;
    int64_t incarnation, start, heartbeat_us;
    char name[CONSUMER_NAME_BYTES], earlier[CONSUMER_NAME_BYTES]; // "": there was none
} consumer_plan;

// Asks for a consumer behind the plan's start; the server answers with JSON.
static bool consumer_create(nats_bus *bus, const consumer_plan *p)
{
    char api[320], body[1024];
    subject in = subject_of(SUBJECT_IN, &p->actor);
    subject deliver = subject_deliver(&bus->config.host, p->place);
    snprintf(api, sizeof api, "$JS.API.CONSUMER.CREATE." SUBJECT_STREAM_IN ".%s.%s", p->name,
             in.text);
    snprintf(body, sizeof body,
             "{\"stream_name\":\"" SUBJECT_STREAM_IN "\",\"config\":{\"name\":\"%s\","
             "\"deliver_subject\":\"%s\",\"filter_subject\":\"%s\",\"ack_policy\":\"none\","
             "\"max_deliver\":1,\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":%lld,"
             "\"replay_policy\":\"instant\",\"idle_heartbeat\":%lld,\"inactive_threshold\":"
             "10000000000,\"num_replicas\":1,\"mem_storage\":true}}",
             p->name, deliver.text, in.text, (long long)p->start,
             (long long)p->heartbeat_us * 1000);
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

// Few consumers can afford to say often that they live.
static int64_t heartbeat_ms(const nats_bus *bus, actor_kind kind)
{
    int64_t ms = (int64_t)bus->inlets_count * 1000 / HEARTBEATS_PER_SECOND;
    if (ms < HEARTBEAT_FASTEST_MS || kind != ACTOR_EVENT)
        ms = HEARTBEAT_FASTEST_MS;
    return ms < bus->config.heartbeat_ms ? ms : bus->config.heartbeat_ms;
}

static bool inlet_is_silent(const inlet *in, int64_t now_us)
{
    return in->heard_us + in->heartbeat_us * HEARTBEATS_MISSED_MAX < now_us ||
           (in->missed_us != 0 &&
            in->missed_us + (MISSED_MS * INT64_C(1000) << in->suspicions) < now_us);
}

static void inlet_judge(nats_bus *bus, inlet *in, int64_t now_us)
{
    if (bus->found_again || in->incarnation != atomic_load(&bus->incarnation))
        in->consuming = false;
    if (in->consuming && inlet_is_silent(in, now_us)) {
        in->consuming = false;
        in->suspicions += in->suspicions < SUSPICION_DOUBLINGS_MAX;
    }
    bool hastes = in->actor.kind != ACTOR_EVENT || in->missed_us != 0;
    if (!in->consuming && hastes && bus->haste_count < HASTE_MAX)
        bus->haste[bus->haste_count++] = in->number;
}

// Marks the consumers that are gone. Those of partitions, and of events that somebody waits for,
// are started again before all others.
static void inlets_judge(nats_bus *bus)
{
    int64_t now_us = bus_monotonic_us();
    if (!bus->found_again && bus->judged_us + JUDGE_MS * 1000 > now_us)
        return;
    bus->judged_us = now_us;
    bus->haste_count = 0;
    for (uint32_t i = 0; i < INLET_BUCKETS; i++)
        for (inlet *in = bus->inlets[i]; in != NULL; in = in->next_inlet)
            inlet_judge(bus, in, now_us);
    bus->found_again = false;
}

// Going round: whoever fails does not keep the others waiting.
static inlet *inlet_wanting(nats_bus *bus)
{
    while (bus->haste_count > 0 && !bus->haste_rests) {
        inlet *in = inlet_numbered(bus, bus->haste[--bus->haste_count]);
        if (in != NULL && !in->consuming)
            return in;
    }
    bus->haste_rests = false;
    for (uint32_t i = 0; i < INLET_BUCKETS; i++) {
        inlet *in = bus->inlets[bus->look_at];
        while (in != NULL && in->consuming)
            in = in->next_inlet;
        if (in != NULL)
            return in;
        bus->look_at = (bus->look_at + 1) % INLET_BUCKETS;
    }
    return NULL;
}

// Finds an inlet that needs a consumer.
static bool plan_next(nats_bus *bus, consumer_plan *ret_plan)
{
    inlets_judge(bus);
    inlet *in = inlet_wanting(bus);
    if (in == NULL)
        return false;
    int64_t incarnation = atomic_load(&bus->incarnation);
    if (in->incarnation != incarnation) { // another stream: from its first message on
        in->incarnation = incarnation;
        in->cursor = 0;
    }
    in->attempt++;
    in->next = 1;
    in->heard_us = bus_monotonic_us();
    in->heartbeat_us = heartbeat_ms(bus, in->actor.kind) * 1000;
    in->missed_us = 0;
    in->consuming = true; // messages may come before the answer does
    *ret_plan = (consumer_plan){.actor = in->actor,
                                .number = in->number,
                                .place = inlet_place(in),
                                .incarnation = incarnation,
                                .start = in->cursor + 1,
                                .heartbeat_us = in->heartbeat_us};
    memcpy(ret_plan->earlier, in->consumer, sizeof ret_plan->earlier);
    const uint8_t *host = bus->config.host.bytes;
    snprintf(in->consumer, sizeof in->consumer, "h%02x%02x%02x%02x%02x%02x-%llu-%u", host[10],
             host[11], host[12], host[13], host[14], host[15], (unsigned long long)in->number,
             in->attempt & ATTEMPT_MASK);
    memcpy(ret_plan->name, in->consumer, sizeof ret_plan->name);
    return true;
}

static void plan_failed(nats_bus *bus, const consumer_plan *p)
{
    pthread_mutex_lock(&bus->mutex);
    inlet *in = inlet_find(bus, &p->actor.id);
    if (in != NULL && in->number == p->number && strcmp(in->consumer, p->name) == 0)
        in->consuming = false;
    bus->look_at = (bus->look_at + 1) % INLET_BUCKETS; // now one of the others
    bus->haste_rests = true;
    pthread_mutex_unlock(&bus->mutex);
}

// The host stood still, and what was sent to it meanwhile is only now being read: nobody is silent.
static void inlets_forgive(nats_bus *bus)
{
    int64_t now_us = bus_monotonic_us();
    for (uint32_t i = 0; i < INLET_BUCKETS; i++)
        for (inlet *in = bus->inlets[i]; in != NULL; in = in->next_inlet) {
            in->heard_us = now_us;
            in->missed_us = 0;
        }
}

static void pause_ms(nats_bus *bus, int64_t ms)
{
    int64_t until_us = bus_monotonic_us() + ms * 1000;
    pthread_mutex_lock(&bus->mutex);
    if (!atomic_load(&bus->stopping) && !bus->found_again)
        clock_condition_wait(&bus->changed, &bus->mutex, until_us);
    if (until_us + STOOD_STILL_MS * 1000 < bus_monotonic_us())
        inlets_forgive(bus);
    pthread_mutex_unlock(&bus->mutex);
}

// Where the consumer that is about to be made delivers. Each has a place of its own: one whose
// deletion got lost, in an election, has nobody there who listens, tells us nothing any more, and
// is removed by its server. The server counts only a literal subscription as interest: one wildcard
// for all of them would never get a message.
static void consumer_await(nats_bus *bus, const consumer_plan *p)
{
    natsSubscription *deliver = NULL;
    subject to = subject_deliver(&bus->config.host, p->place);
    natsConnection_Subscribe(&deliver, bus->connection, to.text, bus_on_deliver, bus);
    pthread_mutex_lock(&bus->mutex);
    inlet *in = inlet_numbered(bus, p->number);
    if (in != NULL) {
        natsSubscription *earlier = in->deliver;
        in->deliver = deliver;
        deliver = earlier;
    }
    pthread_mutex_unlock(&bus->mutex);
    bus_subscription_end(&deliver);
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
        if (wanted)
            consumer_await(bus, &p);
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
            pause_ms(bus, failed ? 2 * PAUSE_MS : PAUSE_MS);
    }
    return NULL;
}
