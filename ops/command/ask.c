#include "ops/command/ask.h"

#include "ops/command/bus.h"
#include "ops/host/clock.h"
#include "ops/host/random.h"
#include "store/migrate.h"
#include "store/seal.h"

enum { RESEND_FIRST_MS = 250, MESSAGE_BYTES_MAX = 1024 };

typedef struct request {
    ask *a;
    actor_ref to;
    uuid command_id;
    uint8_t envelope[MESSAGE_BYTES_MAX], wake[MESSAGE_BYTES_MAX];
    size_t envelope_bytes, wake_bytes;
} request;

void ask_done(ask *a)
{
    natsSubscription_Destroy(a->replies);
    natsConnection_Destroy(a->bus);
    arena_done(&a->memory);
    *a = (ask){0};
}

static command_status bus_failed(const command *c, natsStatus s)
{
    return command_fail(c, COMMAND_UNREACHABLE, "the message server failed: %s",
                        natsStatus_GetText(s));
}

command_status ask_init(ask *a, command *c)
{
    command_status status = COMMAND_OK;
    *a = (ask){0};
    if (!arena_init(&a->memory, ARENA_ENVELOPE_BYTES))
        return command_fail(c, COMMAND_FAILED, "out of memory");
    a->bus = command_bus(c, &status);
    if (!a->bus)
        return status;
    uuid sender = random_uuid();
    a->inbox = subject_reply(&sender); // actors answer nowhere else
    natsStatus s = natsConnection_SubscribeSync(&a->replies, a->bus, a->inbox.text);
    if (s != NATS_OK)
        return bus_failed(c, s);
    char problem[MIGRATE_PROBLEM_BYTES];
    connection *database = command_database(c, &status);
    if (database && !seal_keys_read(database, &a->seals, problem))
        return command_fail(c, COMMAND_FAILED, "%s", problem);
    return database ? COMMAND_OK : status;
}

static ProtobufCBinaryData binary(uuid *id)
{
    return (ProtobufCBinaryData){sizeof id->bytes, id->bytes};
}

// False: the command is too large to be one of ours.
static bool request_pack(request *r, Cavea__V1__Command *message)
{
    Cavea__V1__Command *commands[] = {message};
    Cavea__V1__Envelope envelope = CAVEA__V1__ENVELOPE__INIT;
    Cavea__V1__Wake wake = CAVEA__V1__WAKE__INIT;
    message->id = binary(&r->command_id);
    envelope.reply_to = r->a->inbox.text;
    envelope.n_commands = 1;
    envelope.commands = commands;
    wake.kind = (uint32_t)r->to.kind;
    wake.actor = binary(&r->to.id.u);
    wire w = {.bytes = r->envelope, .max = sizeof r->envelope};
    if (cavea__v1__envelope__get_packed_size(&envelope) > w.max - SEAL_WIRE_BYTES)
        return false;
    w.count = (uint32_t)cavea__v1__envelope__pack(&envelope, w.bytes);
    seal_write(&r->a->seals, &r->to, &w);
    r->envelope_bytes = w.count;
    r->wake_bytes = cavea__v1__wake__pack(&wake, r->wake);
    return true;
}

static natsStatus request_send(const request *r, bool wake)
{
    subject direct = subject_of(SUBJECT_DIRECT, &r->to), host = subject_wake(r->to.kind);
    natsStatus s = NATS_OK;
    if (wake)
        s = natsConnection_Publish(r->a->bus, host.text, r->wake, (int)r->wake_bytes);
    if (s == NATS_OK)
        s = natsConnection_PublishRequest(r->a->bus, direct.text, r->a->inbox.text, r->envelope,
                                          (int)r->envelope_bytes);
    return s;
}

// Whether the message answers our command; a late answer to an earlier one does not.
static bool reply_read(request *r, natsMsg *message, ask_answer *ret_answer)
{
    bool answered = false;
    size_t bytes = (size_t)natsMsg_GetDataLength(message);
    if (bytes > ENVELOPE_BYTES_MAX)
        return false;
    arena_reset(&r->a->memory);
    const Cavea__V1__ReplyBatch *batch = cavea__v1__reply_batch__unpack(
        &r->a->memory.allocator, bytes, (const uint8_t *)natsMsg_GetData(message));
    for (size_t i = 0; batch && i < batch->n_replies; i++) {
        const Cavea__V1__Reply *reply = batch->replies[i];
        if (reply->command_id.len == sizeof r->command_id.bytes &&
            memcmp(reply->command_id.data, r->command_id.bytes, reply->command_id.len) == 0) {
            *ret_answer = (ask_answer){(error_code)reply->error, reply->left};
            answered = true;
        }
    }
    return answered;
}

// Sends, waits, and sends again with doubling pauses. NATS_TIMEOUT: nobody answered.
static natsStatus request_run(request *r, ask_answer *ret_answer)
{
    int64_t deadline_us = clock_monotonic_us() + ASK_DEADLINE_MS * INT64_C(1000);
    int64_t pause_ms = RESEND_FIRST_MS;
    natsStatus s = request_send(r, false);
    bool woken = false;
    while (s == NATS_OK) {
        int64_t left_ms = (deadline_us - clock_monotonic_us()) / 1000;
        if (left_ms <= 0)
            return NATS_TIMEOUT;
        natsMsg *message = NULL;
        s = natsSubscription_NextMsg(&message, r->a->replies,
                                     pause_ms < left_ms ? pause_ms : left_ms);
        // The server says so at once; nats.c makes a status of it, or hands the message out.
        bool nobody = s == NATS_NO_RESPONDERS || (s == NATS_OK && natsMsg_IsNoResponders(message));
        bool answered = s == NATS_OK && !nobody && reply_read(r, message, ret_answer);
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

command_status ask_run(ask *a, command *c, const actor_ref *to, Cavea__V1__Command *message,
                       bool is_quiet, ask_answer *ret_answer)
{
    request r = {.a = a, .to = *to, .command_id = random_uuid()};
    if (!request_pack(&r, message))
        return command_fail(c, COMMAND_USAGE, "that is too long");
    natsStatus s = request_run(&r, ret_answer);
    if (s == NATS_OK)
        return COMMAND_OK;
    if (is_quiet)
        return COMMAND_UNREACHABLE;
    if (s == NATS_TIMEOUT)
        return command_fail(c, COMMAND_UNREACHABLE,
                            "no actor host answered within 5 s: is cavea-actors running?");
    return bus_failed(c, s);
}
