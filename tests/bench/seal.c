// What seals (schemas/seal.h) cost: decoding an envelope as a host does, without and with the look
// at what needs one, and writing one. The best of several rounds, in turns, because the machine is
// shared. Allocates nothing.
#include "schemas/seal.h"
#include "schemas/arena.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 15, TIMES = 20000, RESERVES = 7, BYTES = 4096 };

static const seal_ring ring = {.keys = {{{1}}}, .keys_count = 1};
static const uuid some_id = {{1, 2, 3, 4, 5, 6, 0x70, 8, 0x80, 10, 11, 12, 13, 14, 15, 16}};
static arena memory;
static uint64_t admitted;

static ProtobufCBinaryData binary(void)
{
    return (ProtobufCBinaryData){sizeof some_id.bytes, (uint8_t *)(uintptr_t)some_id.bytes};
}

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static wire reserves_of(uint8_t bytes[static BYTES])
{
    wire w = {.bytes = bytes, .max = BYTES};
    uint32_t seats[] = {1000, 1001};
    for (uint32_t i = 0; i < RESERVES; i++) {
        Cavea__V1__Reserve m = CAVEA__V1__RESERVE__INIT;
        Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
        m.buyer_id = m.key_hash = m.body_hash = c.id = binary();
        m.n_seats = 2;
        m.seats = seats;
        m.wait_until_us = 1800000000000000;
        c.body_case = CAVEA__V1__COMMAND__BODY_RESERVE;
        c.reserve = &m;
        wire_message(&w, 5, &c.base);
    }
    wire_bytes(&w, 1, some_id.bytes, sizeof some_id.bytes);
    wire_number(&w, 2, 77);
    wire_bytes(&w, 3, "cavea.v1.reply.01a00000-0000-7000-8000-0000000000aa.1", 53);
    return w;
}

static wire captured_of(uint8_t bytes[static BYTES])
{
    wire w = {.bytes = bytes, .max = BYTES};
    Cavea__V1__PaymentCaptured m = CAVEA__V1__PAYMENT_CAPTURED__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    m.reservation_id = m.payment_id = c.id = binary();
    m.amount_minor = 9000;
    m.currency = (char *)(uintptr_t) "EUR";
    c.body_case = CAVEA__V1__COMMAND__BODY_PAYMENT_CAPTURED;
    c.payment_captured = &m;
    wire_message(&w, 5, &c.base);
    return w;
}

// ns for one envelope.
static double decode(const actor_ref *to, const wire *w, bool looks)
{
    double began = cpu_ns();
    for (uint32_t i = 0; i < TIMES; i++) {
        arena_reset(&memory);
        const Cavea__V1__Envelope *e =
            cavea__v1__envelope__unpack(&memory.allocator, w->count, w->bytes);
        if (e == NULL)
            abort();
        admitted += !looks || seal_admits(&ring, to, 1, e, w->bytes, w->count);
    }
    return (cpu_ns() - began) / TIMES;
}

static double write_one(const actor_ref *to, wire *w)
{
    uint32_t count = w->count;
    double began = cpu_ns();
    for (uint32_t i = 0; i < TIMES; i++) {
        w->count = count;
        seal_write(&ring, to, w);
    }
    double took = (cpu_ns() - began) / TIMES;
    w->count = count;
    return took;
}

static void keep(double *best, double ns)
{
    if (*best == 0 || ns < *best)
        *best = ns;
}

int main(void)
{
    static uint8_t reserve_bytes[BYTES], captured_bytes[BYTES], sealed_bytes[BYTES];
    double reserve[2] = {0}, captured[2] = {0}, written = 0;
    actor_ref to = actor_of_event(&(event_id){some_id});
    if (sodium_init() < 0 || !arena_init(&memory, ARENA_ENVELOPE_BYTES))
        return 1;
    wire reserves = reserves_of(reserve_bytes), plain = captured_of(captured_bytes);
    wire sealed = captured_of(sealed_bytes);
    seal_write(&ring, &to, &sealed);
    for (int round = 0; round < ROUNDS; round++) {
        keep(&reserve[0], decode(&to, &reserves, false));
        keep(&reserve[1], decode(&to, &reserves, true));
        keep(&captured[0], decode(&to, &plain, false));
        keep(&captured[1], decode(&to, &sealed, true));
        keep(&written, write_one(&to, &plain));
    }
    if (admitted != UINT64_C(4) * ROUNDS * TIMES)
        abort();
    printf("%d reserve commands, %u bytes: decoded in %.0f ns, with the look for a seal %.0f\n",
           RESERVES, reserves.count, reserve[0], reserve[1]);
    printf("1 payment captured, %u bytes: decoded in %.0f ns, sealed %.0f\n", plain.count,
           captured[0], captured[1]);
    printf("a seal is written in %.0f ns\n", written);
    arena_done(&memory);
    return 0;
}
