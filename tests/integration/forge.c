// Asks actors for what only actors and the operator may ask for, with nothing but a connection to
// NATS, as somebody would who has an edge's key.
//   forge NATS_URL EVENT RESERVATION PAYMENT AMOUNT_MINOR
// Sends every command that needs a seal to the event or the payment it is for, over the stream and
// directly, without a seal and with one of a key made up, and prints "BODY stream|direct
// unsealed|forged ERROR" for each; ERROR is the reply's code, or "silence" after 3 s.
//   forge NATS_URL EVENT RESERVATION PAYMENT AMOUNT_MINOR BODY KEY
// Sends one, sealed with this key (64 hexadecimal digits), and prints "BODY direct sealed ERROR".
// Fields are filled in by their names, so commands to come are tried, too.
#include "schemas/digest.h"
#include "schemas/seal.h"
#include "schemas/subject.h"

#include <nats/nats.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { ANSWER_MS = 3000, BODY_BYTES_MAX = 512, ENVELOPE_BYTES = 1024 };

typedef struct forger {
    natsConnection *nc;
    natsSubscription *replies;
    subject inbox;
    event_id event;
    reservation_id reservation;
    payment_id payment;
    int64_t amount_minor;
} forger;

static ProtobufCBinaryData binary(const uuid *id)
{
    return (ProtobufCBinaryData){sizeof id->bytes, (uint8_t *)(uintptr_t)id->bytes};
}

static void field_fill(const forger *f, const ProtobufCFieldDescriptor *field, uint8_t *body)
{
    static const uuid somebody = {{7}};
    void *at = body + field->offset;
    if (field->type == PROTOBUF_C_TYPE_BYTES && field->label != PROTOBUF_C_LABEL_REPEATED) {
        const uuid *id = strcmp(field->name, "event_id") == 0         ? &f->event.u
                         : strcmp(field->name, "reservation_id") == 0 ? &f->reservation.u
                         : strcmp(field->name, "payment_id") == 0     ? &f->payment.u
                                                                      : &somebody;
        *(ProtobufCBinaryData *)at = binary(id);
    } else if (strcmp(field->name, "amount_minor") == 0) {
        *(int64_t *)at = f->amount_minor;
    } else if (strcmp(field->name, "currency") == 0) {
        *(const char **)at = "EUR";
    } else if (strcmp(field->name, "note") == 0) {
        *(const char **)at = "by hand";
    } else if (strcmp(field->name, "status") == 0) {
        *(Cavea__V1__EventStatus *)at = CAVEA__V1__EVENT_STATUS__EVENT_STATUS_PAUSED;
    } else if (strcmp(field->name, "confirmed") == 0) {
        *(protobuf_c_boolean *)at = true;
    } else if (strcmp(field->name, "limit") == 0) {
        *(uint32_t *)at = 10;
    }
}

// Numbers of bodies say whose they are: below 20 an event's, below 30 a payment's.
static actor_ref receiver_of(const forger *f, uint32_t body)
{
    return body < 20 ? actor_of_event(&f->event)
                     : actor_of_tag(ACTOR_PAYMENT, uuid_tag(&f->payment.u));
}

static wire envelope_of(const forger *f, const ProtobufCFieldDescriptor *field,
                        uint8_t bytes[static ENVELOPE_BYTES])
{
    const ProtobufCMessageDescriptor *d = field->descriptor;
    _Alignas(16) uint8_t body[BODY_BYTES_MAX];
    uint8_t packed[BODY_BYTES_MAX];
    wire command = {.bytes = packed, .max = sizeof packed};
    wire w = {.bytes = bytes, .max = ENVELOPE_BYTES};
    if (d->sizeof_message > sizeof body)
        abort();
    protobuf_c_message_init(d, body);
    for (unsigned i = 0; i < d->n_fields; i++)
        field_fill(f, &d->fields[i], body);
    wire_bytes(&command, 1, f->reservation.u.bytes, sizeof f->reservation.u.bytes);
    wire_message(&command, field->id, (const ProtobufCMessage *)body);
    wire_bytes(&w, 3, f->inbox.text, (uint32_t)strlen(f->inbox.text));
    wire_bytes(&w, 5, command.bytes, command.count);
    if (command.full || w.full)
        abort();
    return w;
}

static void answer_print(natsMsg *message)
{
    Cavea__V1__ReplyBatch *batch = cavea__v1__reply_batch__unpack(
        NULL, (size_t)natsMsg_GetDataLength(message), (const uint8_t *)natsMsg_GetData(message));
    if (batch != NULL && batch->n_replies == 1)
        printf("%u\n", batch->replies[0]->error);
    else
        printf("unreadable\n");
    if (batch != NULL)
        cavea__v1__reply_batch__free_unpacked(batch, NULL);
}

static void body_send(const forger *f, const ProtobufCFieldDescriptor *field, bool direct,
                      const seal_ring *ring, const char *how)
{
    uint8_t bytes[ENVELOPE_BYTES];
    natsMsg *message = NULL;
    actor_ref receiver = receiver_of(f, field->id);
    subject to = subject_of(direct ? SUBJECT_DIRECT : SUBJECT_IN, &receiver);
    wire w = envelope_of(f, field, bytes);
    seal_write(ring, &receiver, &w);
    printf("%s %s %s ", field->name, direct ? "direct" : "stream", how);
    natsStatus s = natsConnection_Publish(f->nc, to.text, w.bytes, (int)w.count);
    if (s == NATS_OK)
        s = natsSubscription_NextMsg(&message, f->replies, ANSWER_MS);
    if (s == NATS_OK)
        answer_print(message);
    else
        printf("%s\n", s == NATS_TIMEOUT ? "silence" : natsStatus_GetText(s));
    natsMsg_Destroy(message);
}

static void all_send(const forger *f)
{
    static const seal_ring none = {.keys_count = 0};
    seal_ring made_up = {.keys_count = 1};
    const ProtobufCMessageDescriptor *d = &cavea__v1__command__descriptor;
    randombytes_buf(made_up.keys, sizeof made_up.keys[0]);
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &d->fields[i];
        if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 || field->id >= 30 ||
            seal_needless((Cavea__V1__Command__BodyCase)field->id))
            continue;
        for (int direct = 0; direct < 2; direct++) {
            body_send(f, field, direct, &none, "unsealed");
            body_send(f, field, direct, &made_up, "forged");
        }
    }
}

static int one_send(const forger *f, const char *body, const char *key)
{
    digest32 bytes;
    seal_ring ring = {.keys_count = 1};
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(&cavea__v1__command__descriptor, body);
    if (field == NULL || !digest32_parse(key, strlen(key), &bytes))
        return 2;
    memcpy(ring.keys[0].bytes, bytes.bytes, sizeof bytes.bytes);
    body_send(f, field, true, &ring, "sealed");
    return 0;
}

int main(int argc, char **argv)
{
    forger f = {0};
    uuid self;
    int status = 0;
    if ((argc != 6 && argc != 8) || sodium_init() < 0 ||
        !uuid_parse(argv[2], strlen(argv[2]), &f.event.u) ||
        !uuid_parse(argv[3], strlen(argv[3]), &f.reservation.u) ||
        !uuid_parse(argv[4], strlen(argv[4]), &f.payment.u)) {
        fprintf(stderr, "usage: see the head of forge.c\n");
        return 2;
    }
    f.amount_minor = strtoll(argv[5], NULL, 10);
    randombytes_buf(&self, sizeof self);
    f.inbox = subject_reply(&self); // below which an edge listens
    memcpy(f.inbox.text + strlen(f.inbox.text), ".0", sizeof ".0");
    if (natsConnection_ConnectTo(&f.nc, argv[1]) != NATS_OK ||
        natsConnection_SubscribeSync(&f.replies, f.nc, f.inbox.text) != NATS_OK)
        return 1;
    if (argc == 6)
        all_send(&f);
    else
        status = one_send(&f, argv[6], argv[7]);
    natsSubscription_Destroy(f.replies);
    natsConnection_Destroy(f.nc);
    nats_Close();
    return status;
}
