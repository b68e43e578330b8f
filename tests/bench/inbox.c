// The path without HTTP: one sender that keeps two envelopes of reserve commands in flight for one
// event, as an edge does, and prints reservations a second. Shows what actors, broker and database
// do alone.
//   inbox NATS_URL EVENT_ID SEATS BATCH SECONDS
#include "schemas/cavea.pb-c.h"
#include "schemas/digest.h"
#include "schemas/subject.h"
#include "schemas/wire.h"

#include <nats/nats.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BYTES_MAX = 256 * 1024 };

static struct {
    natsConnection *nc;
    event_id event;
    uuid sender;
    subject in, direct, reply;
    uint32_t seats, batch, next_seat;
    uint64_t number, accepted, refused;
    pthread_mutex_t mutex;
    pthread_cond_t replied;
    uint32_t inflight;
    uint8_t bytes[BYTES_MAX];
} bench;

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static void command_write(wire *w)
{
    uint8_t random[6];
    buyer_id buyer = {{{1}}};
    randombytes_buf(random, sizeof random);
    uuid id = uuid_tagged(now_ms(), event_tag(&bench.event), random);
    uint32_t seats[2] = {bench.next_seat % bench.seats, (bench.next_seat + 1) % bench.seats};
    bench.next_seat += 2;
    digest16 key = digest16_of(&id, sizeof id), body = digest16_of(seats, sizeof seats);
    Cavea__V1__Reserve reserve = CAVEA__V1__RESERVE__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    reserve.buyer_id = (ProtobufCBinaryData){16, buyer.u.bytes};
    reserve.key_hash = (ProtobufCBinaryData){16, key.bytes};
    reserve.body_hash = (ProtobufCBinaryData){16, body.bytes};
    reserve.n_seats = 2;
    reserve.seats = seats;
    command.id = (ProtobufCBinaryData){16, id.bytes};
    command.body_case = CAVEA__V1__COMMAND__BODY_RESERVE;
    command.reserve = &reserve;
    wire_message(w, 5, &command.base);
}

// The mutex is held.
static void envelope_send(void)
{
    wire w = {.bytes = bench.bytes, .max = BYTES_MAX};
    wire_bytes(&w, 1, bench.sender.bytes, 16);
    wire_number(&w, 2, ++bench.number);
    wire_bytes(&w, 3, bench.reply.text, (uint32_t)strlen(bench.reply.text));
    for (uint32_t i = 0; i < bench.batch; i++)
        command_write(&w);
    bench.inflight++;
    natsConnection_Publish(bench.nc, bench.in.text, w.bytes, (int)w.count);
}

static void on_reply(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure)
{
    (void)nc, (void)sub, (void)closure;
    Cavea__V1__ReplyBatch *batch = cavea__v1__reply_batch__unpack(
        NULL, (size_t)natsMsg_GetDataLength(msg), (const uint8_t *)natsMsg_GetData(msg));
    pthread_mutex_lock(&bench.mutex);
    for (size_t i = 0; batch != NULL && i < batch->n_replies; i++)
        *(batch->replies[i]->error == 0 ? &bench.accepted : &bench.refused) += 1;
    bench.inflight--;
    pthread_cond_signal(&bench.replied);
    pthread_mutex_unlock(&bench.mutex);
    if (batch != NULL)
        cavea__v1__reply_batch__free_unpacked(batch, NULL);
    natsMsg_Destroy(msg);
}

static void wake(void)
{
    uint8_t text[32];
    wire w = {.bytes = text, .max = sizeof text};
    wire_number(&w, 1, ACTOR_EVENT);
    wire_bytes(&w, 2, bench.event.u.bytes, 16);
    natsConnection_Publish(bench.nc, subject_wake(ACTOR_EVENT).text, text, (int)w.count);
}

int main(int argc, char **argv)
{
    natsOptions *options = NULL;
    natsSubscription *sub = NULL;
    if (argc != 6 || sodium_init() < 0 || !uuid_parse(argv[2], strlen(argv[2]), &bench.event.u)) {
        fprintf(stderr, "usage: inbox NATS_URL EVENT_ID SEATS BATCH SECONDS\n");
        return 2;
    }
    bench.seats = (uint32_t)strtoul(argv[3], NULL, 10);
    bench.batch = (uint32_t)strtoul(argv[4], NULL, 10);
    randombytes_buf(&bench.sender, sizeof bench.sender);
    actor_ref ref = actor_of_event(&bench.event);
    bench.in = subject_of(SUBJECT_IN, &ref);
    bench.reply = subject_reply(&bench.sender);
    pthread_mutex_init(&bench.mutex, NULL);
    pthread_cond_init(&bench.replied, NULL);
    natsOptions_Create(&options);
    natsOptions_SetURL(options, argv[1]);
    natsOptions_SetSendAsap(options, true);
    if (natsConnection_Connect(&bench.nc, options) != NATS_OK ||
        natsConnection_Subscribe(&sub, bench.nc, bench.reply.text, on_reply, NULL) != NATS_OK)
        return 1;
    wake();
    int64_t start = now_ms(), until = start + (int64_t)(strtod(argv[5], NULL) * 1000);
    pthread_mutex_lock(&bench.mutex);
    while (now_ms() < until && bench.next_seat + 2 * bench.batch <= bench.seats) {
        while (bench.inflight < 2)
            envelope_send();
        pthread_cond_wait(&bench.replied, &bench.mutex);
    }
    while (bench.inflight > 0)
        pthread_cond_wait(&bench.replied, &bench.mutex);
    double seconds = (double)(now_ms() - start) / 1000;
    printf("{\"accepted\":%llu,\"refused\":%llu,\"seconds\":%.3f,\"per_second\":%.0f}\n",
           (unsigned long long)bench.accepted, (unsigned long long)bench.refused, seconds,
           (double)bench.accepted / seconds);
    return 0;
}
