// Sends one reserve command for one seat as a numbered envelope, as an edge does, and prints the
// error code of the reply ("0" for accepted, "silence" for none within 3 s). The same arguments
// make the same bytes, so that a test can deliver a copy whenever it likes.
// The command's id is COMMAND with the event's tag in it, as a reservation's has to be.
//   envelope NATS_URL EVENT SEAT SENDER NUMBER COMMAND stream|direct
#include "schemas/cavea.pb-c.h"
#include "schemas/digest.h"
#include "schemas/subject.h"

#include <nats/nats.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static ProtobufCBinaryData binary(const void *data, size_t data_bytes)
{
    return (ProtobufCBinaryData){data_bytes, (uint8_t *)(uintptr_t)data};
}

static int envelope_write(char **argv, const event_id *event, const subject *reply,
                          uint8_t ret_bytes[static 1024])
{
    static const buyer_id buyer = {{{7}}};
    uuid sender, id;
    uint32_t seat = (uint32_t)strtoul(argv[3], NULL, 10);
    if (!uuid_parse(argv[4], strlen(argv[4]), &sender) ||
        !uuid_parse(argv[6], strlen(argv[6]), &id))
        return -1;
    id = uuid_tagged(uuid_unix_ms(&id), event_tag(event), id.bytes + 10);
    digest16 key = digest16_of(&id, sizeof id), body = reserve_body_hash(event, &seat, 1);
    Cavea__V1__Reserve reserve = CAVEA__V1__RESERVE__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT, *commands[] = {&command};
    Cavea__V1__Envelope envelope = CAVEA__V1__ENVELOPE__INIT;
    reserve.buyer_id = binary(&buyer, sizeof buyer);
    reserve.key_hash = binary(&key, sizeof key);
    reserve.body_hash = binary(&body, sizeof body);
    reserve.n_seats = 1;
    reserve.seats = &seat;
    command.id = binary(&id, sizeof id);
    command.body_case = CAVEA__V1__COMMAND__BODY_RESERVE;
    command.reserve = &reserve;
    envelope.sender = binary(&sender, sizeof sender);
    envelope.number = strtoull(argv[5], NULL, 10);
    envelope.reply_to = (char *)(uintptr_t)reply->text;
    envelope.n_commands = 1;
    envelope.commands = commands;
    return (int)cavea__v1__envelope__pack(&envelope, ret_bytes);
}

static void reply_print(natsMsg *message)
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

int main(int argc, char **argv)
{
    natsConnection *nc = NULL;
    natsSubscription *replies = NULL;
    natsMsg *message = NULL;
    event_id event;
    uuid random;
    uint8_t bytes[1024];
    if (argc != 8 || sodium_init() < 0 || !uuid_parse(argv[2], strlen(argv[2]), &event.u)) {
        fprintf(stderr, "usage: see the head of envelope.c\n");
        return 2;
    }
    randombytes_buf(&random, sizeof random);
    subject reply = subject_reply(&random); // below which an edge listens
    memcpy(reply.text + strlen(reply.text), ".0", sizeof ".0");
    actor_ref actor = actor_of_event(&event);
    subject to = subject_of(strcmp(argv[7], "direct") == 0 ? SUBJECT_DIRECT : SUBJECT_IN, &actor);
    int count = envelope_write(argv, &event, &reply, bytes);
    if (count < 0 || natsConnection_ConnectTo(&nc, argv[1]) != NATS_OK ||
        natsConnection_SubscribeSync(&replies, nc, reply.text) != NATS_OK ||
        natsConnection_Publish(nc, to.text, bytes, count) != NATS_OK)
        return 1;
    if (natsSubscription_NextMsg(&message, replies, 3000) == NATS_OK)
        reply_print(message);
    else
        printf("silence\n");
    natsMsg_Destroy(message);
    natsSubscription_Destroy(replies);
    natsConnection_Destroy(nc);
    nats_Close();
    return 0;
}
