#include "ops/command/event_status.h"

#include "ops/command/bus.h"
#include "ops/host/clock.h"
#include "ops/host/random.h"
#include "schemas/arena.h"
#include "schemas/cavea.pb-c.h"
#include "schemas/error.h"
#include "schemas/subject.h"

enum { DEADLINE_US = 5000000, RESEND_FIRST_MS = 250, MESSAGE_BYTES_MAX = 512 };

typedef struct request {
    natsConnection *bus;
    natsSubscription *replies;
    natsInbox *inbox;
    actor_ref actor;
    uuid command_id;
    uint8_t envelope[MESSAGE_BYTES_MAX], wake[MESSAGE_BYTES_MAX];
    size_t envelope_bytes, wake_bytes;
    arena memory; // of the answer being read
} request;

static void request_done(request *r)
{
    natsSubscription_Destroy(r->replies);
    natsInbox_Destroy(r->inbox);
    natsConnection_Destroy(r->bus);
    arena_done(&r->memory);
}

static void request_pack(request *r, event_status wanted)
{
    Cavea__V1__EventStatusSet set = CAVEA__V1__EVENT_STATUS_SET__INIT;
    Cavea__V1__Command asked = CAVEA__V1__COMMAND__INIT, *commands[] = {&asked};
    Cavea__V1__Envelope envelope = CAVEA__V1__ENVELOPE__INIT;
    Cavea__V1__Wake wake = CAVEA__V1__WAKE__INIT;
    set.status = (Cavea__V1__EventStatus)wanted;
    asked.id = (ProtobufCBinaryData){sizeof r->command_id.bytes, r->command_id.bytes};
    asked.body_case = CAVEA__V1__COMMAND__BODY_EVENT_STATUS_SET;
    asked.event_status_set = &set;
    envelope.reply_to = r->inbox;
    envelope.n_commands = 1;
    envelope.commands = commands;
    wake.kind = ACTOR_EVENT;
    wake.actor = (ProtobufCBinaryData){sizeof r->actor.id.u.bytes, r->actor.id.u.bytes};
    r->envelope_bytes = cavea__v1__envelope__pack(&envelope, r->envelope);
    r->wake_bytes = cavea__v1__wake__pack(&wake, r->wake);
}

static natsStatus request_send(const request *r, bool wake)
{
    subject direct = subject_of(SUBJECT_DIRECT, &r->actor), host = subject_wake(ACTOR_EVENT);
    natsStatus s = NATS_OK;
    if (wake)
        s = natsConnection_Publish(r->bus, host.text, r->wake, (int)r->wake_bytes);
    if (s == NATS_OK)
        s = natsConnection_PublishRequest(r->bus, direct.text, r->inbox, r->envelope,
                                          (int)r->envelope_bytes);
    return s;
}

// Whether the message answers our command; then *ret_error is its error code, 0: done.
static bool reply_read(request *r, natsMsg *message, uint32_t *ret_error)
{
    bool answered = false;
    size_t bytes = (size_t)natsMsg_GetDataLength(message);
    if (bytes > ENVELOPE_BYTES_MAX)
        return false;
    arena_reset(&r->memory);
    const Cavea__V1__ReplyBatch *batch = cavea__v1__reply_batch__unpack(
        &r->memory.allocator, bytes, (const uint8_t *)natsMsg_GetData(message));
    for (size_t i = 0; batch && i < batch->n_replies; i++) {
        const Cavea__V1__Reply *reply = batch->replies[i];
        if (reply->command_id.len == sizeof r->command_id.bytes &&
            memcmp(reply->command_id.data, r->command_id.bytes, reply->command_id.len) == 0) {
            *ret_error = reply->error;
            answered = true;
        }
    }
    return answered;
}

// Sends, waits, and sends again with doubling pauses. NATS_TIMEOUT: nobody answered.
static natsStatus request_run(request *r, uint32_t *ret_error)
{
    int64_t deadline_us = clock_monotonic_us() + DEADLINE_US, pause_ms = RESEND_FIRST_MS;
    natsStatus s = request_send(r, false);
    bool woken = false;
    while (s == NATS_OK) {
        int64_t left_ms = (deadline_us - clock_monotonic_us()) / 1000;
        if (left_ms <= 0)
            return NATS_TIMEOUT;
        natsMsg *message = NULL;
        s = natsSubscription_NextMsg(&message, r->replies, pause_ms < left_ms ? pause_ms : left_ms);
        // The server says so at once; nats.c makes a status of it, or hands the message out.
        bool nobody = s == NATS_NO_RESPONDERS || (s == NATS_OK && natsMsg_IsNoResponders(message));
        bool answered = s == NATS_OK && !nobody && reply_read(r, message, ret_error);
        natsMsg_Destroy(message);
        if (answered)
            return NATS_OK;
        if (nobody)
            s = NATS_OK;
        if (s == NATS_TIMEOUT)
            pause_ms *= 2;
        // Nobody is there: have it woken at once, but only once for each pause.
        if (s == NATS_TIMEOUT || (nobody && !woken)) {
            woken = true;
            s = request_send(r, true);
        }
    }
    return s;
}

command_status event_status_set(command *c, const event_id *id, event_status wanted)
{
    command_status status;
    __attribute__((cleanup(request_done))) request r = {
        .actor = actor_of_event(id),
        .command_id = random_uuid(),
    };
    uint32_t error = ERROR_NONE;
    if (!arena_init(&r.memory, ARENA_ENVELOPE_BYTES))
        return command_fail(c, COMMAND_FAILED, "out of memory");
    r.bus = command_bus(c, &status);
    if (!r.bus)
        return status;
    natsStatus s = natsInbox_Create(&r.inbox);
    if (s == NATS_OK)
        s = natsConnection_SubscribeSync(&r.replies, r.bus, r.inbox);
    if (s == NATS_OK) {
        request_pack(&r, wanted);
        s = request_run(&r, &error);
    }
    if (s == NATS_TIMEOUT)
        return command_fail(c, COMMAND_UNREACHABLE,
                            "no actor host answered within 5 s: is cavea-actors running?");
    if (s != NATS_OK)
        return command_fail(c, COMMAND_UNREACHABLE, "the message server failed: %s",
                            natsStatus_GetText(s));
    if (error != ERROR_NONE)
        return command_fail(c, COMMAND_FAILED, "the event refuses: %s",
                            error_info_of(error)->title);
    return COMMAND_OK;
}
