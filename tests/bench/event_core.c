// What the event actor's core costs: reserving, refusing, paying, hashing, waking up, remembering.
// One full house of 60,000 seats in 30,000 reservations of two neighbours, in random order; the
// best of several rounds, because the machine is shared.
#include "actors/event/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    SEATS = 60000,
    RESERVATIONS = SEATS / 2,
    SECTION_SEATS = 500,
    CATEGORIES = 5,
    FREE_SEATS = 40, // of the nearly sold-out house
    REFUSALS = 20000,
    ROUNDS = 5,
};

static const int64_t start_us = 1700000000000000, hold_us = 600000000;

typedef struct bench {
    uint16_t section[SEATS];
    uint8_t category[SEATS], flags[SEATS];
    event_command reserve[RESERVATIONS];
    uint64_t random;
} bench;

static bench b;

static uint64_t random_next(void) // xorshift64*
{
    b.random ^= b.random >> 12;
    b.random ^= b.random << 25;
    b.random ^= b.random >> 27;
    return b.random * 0x2545f4914f6cdd1du;
}

static void random_fill(void *bytes, size_t bytes_count)
{
    for (size_t i = 0; i < bytes_count; i += sizeof(uint64_t)) {
        uint64_t random = random_next();
        size_t n = bytes_count - i < sizeof random ? bytes_count - i : sizeof random;
        memcpy((uint8_t *)bytes + i, &random, n);
    }
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "event_core: %s\n", what);
    exit(1);
}

static void commands_make(void)
{
    b.random = 42;
    for (uint32_t seat = 0; seat < SEATS; seat++) {
        b.section[seat] = (uint16_t)(seat / SECTION_SEATS);
        b.category[seat] = (uint8_t)(seat / SECTION_SEATS % CATEGORIES);
    }
    for (uint32_t i = 0; i < RESERVATIONS; i++) {
        event_command *c = &b.reserve[i];
        *c = (event_command){.type = EVENT_COMMAND_RESERVE, .now_us = start_us + i};
        uint8_t random[6];
        random_fill(random, sizeof random);
        c->reservation.u = uuid_tagged(c->now_us / 1000, 77, random);
        random_fill(&c->buyer, sizeof c->buyer);
        random_fill(&c->key_hash, sizeof c->key_hash);
        random_fill(&c->body_hash, sizeof c->body_hash);
        c->seats_count = 2;
        c->seats[0] = 2 * i;
        c->seats[1] = 2 * i + 1;
    }
    for (uint32_t i = RESERVATIONS - 1; i > 0; i--) {
        uint32_t k = (uint32_t)(random_next() % (i + 1));
        event_command swap = b.reserve[i];
        memcpy(b.reserve[i].seats, b.reserve[k].seats, sizeof swap.seats);
        memcpy(b.reserve[k].seats, swap.seats, sizeof swap.seats);
    }
}

static event_state *house_new(void)
{
    event_config config = {
        .status = EVENT_ON_SALE, .starts_us = INT64_MAX, .hold_us = hold_us, .currency = "EUR"};
    for (uint32_t i = 0; i < CATEGORIES; i++)
        config.price_minor[i] = 2500 + 1000 * (int64_t)i;
    event_seats seats = {SEATS, b.section, b.category, b.flags, NULL};
    event_state *s = event_state_new(&config, &seats);
    must(s != NULL, "memory is out");
    return s;
}

static error_code run(event_state *s, const event_command *c)
{
    static event_effects e;
    must(event_make_room(s, 1, c->now_us), "memory is out");
    event_decide(s, c, &e);
    for (uint32_t i = 0; i < e.facts_count; i++)
        event_apply(s, &e.facts[i]);
    return e.refusal;
}

static void line(const char *what, double ns, uint32_t count)
{
    printf("figure: %-44s %10.0f ns\n", what, ns / count);
}

static double least(double a, double b_ns)
{
    return a == 0 || b_ns < a ? b_ns : a;
}

static void sell(event_state *s, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        must(run(s, &b.reserve[i]) == ERROR_NONE, "a free pair was refused");
}

static payment_id payment_of(uint32_t i)
{
    payment_id p = {b.reserve[i].reservation.u};
    p.u.bytes[8] ^= 0x3f;
    return p;
}

static void pay(event_state *s, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        event_command c = b.reserve[i];
        c.type = EVENT_COMMAND_CHECKOUT;
        c.payment = payment_of(i);
        c.key_hash.bytes[0] ^= 0xff;
        must(run(s, &c) == ERROR_NONE, "a checkout was refused");
        c.type = EVENT_COMMAND_PAYMENT_CAPTURED;
        c.amount_minor = 2 * (2500 + 1000 * (int64_t)b.category[c.seats[0]]);
        memcpy(c.currency, "EUR", 4);
        must(run(s, &c) == ERROR_NONE, "a payment was refused");
    }
}

static void refuse(event_state *s)
{
    for (uint32_t i = 0; i < REFUSALS; i++) {
        event_command c = b.reserve[i % (RESERVATIONS - FREE_SEATS)];
        c.now_us = start_us + RESERVATIONS;
        random_fill(&c.reservation, 16);
        random_fill(&c.key_hash, 16);
        must(run(s, &c) == ERROR_SEATS_UNAVAILABLE, "a taken pair was given");
    }
}

static void replay(event_state *s)
{
    for (uint32_t i = 0; i < REFUSALS; i++) {
        event_command c = b.reserve[i];
        random_fill(&c.reservation, 16);
        must(run(s, &c) == ERROR_NONE, "a replay was refused");
    }
}

static void expire(event_state *s)
{
    for (uint32_t i = 0; i < RESERVATIONS; i++) {
        event_command c = {.type = EVENT_COMMAND_EXPIRE,
                           .now_us = start_us + RESERVATIONS + hold_us,
                           .reservation = b.reserve[i].reservation};
        must(run(s, &c) == ERROR_NONE, "an expiry was refused");
    }
    must(event_claimed(s) == 0, "a hold stayed");
}

static void wake(event_state *s)
{
    must(event_make_room(s, RESERVATIONS, start_us), "memory is out");
    for (uint32_t i = 0; i < RESERVATIONS; i++) {
        const event_command *c = &b.reserve[i];
        int64_t price_minor = 2500 + 1000 * (int64_t)b.category[c->seats[0]];
        event_keys keys = {c->key_hash, c->body_hash, c->key_hash, c->body_hash};
        event_reservation r = {
            .id = c->reservation,
            .buyer = c->buyer,
            .payment = payment_of(i),
            .expires_us = c->now_us + hold_us,
            .state = RESERVATION_CONFIRMED,
            .outcome = PAYMENT_AS_HELD,
            .seats_count = 2,
            .seats = {c->seats[0], c->seats[1]},
            .price_minor = {price_minor, price_minor},
        };
        keys.checkout_key.bytes[0] ^= 0xff;
        must(event_make_room(s, 1, start_us) && event_restore(s, &r, &keys), "a row is wrong");
    }
}

typedef struct figures {
    double reserve, pay, replay, refuse, expire, digest, wake;
    uint64_t empty_bytes, held_bytes, sold_bytes, woken_bytes;
} figures;

#define MEASURE(what, call)                                                                        \
    do {                                                                                           \
        double measured_from = now_ns();                                                           \
        call;                                                                                      \
        f->what = least(f->what, now_ns() - measured_from);                                        \
    } while (0)

static void round_run(figures *f)
{
    event_state *s = house_new();
    f->empty_bytes = event_memory_bytes(s);
    MEASURE(reserve, sell(s, RESERVATIONS - FREE_SEATS / 2));
    MEASURE(refuse, refuse(s));
    sell(s, RESERVATIONS);
    f->held_bytes = event_memory_bytes(s);
    MEASURE(replay, replay(s));
    MEASURE(pay, pay(s, RESERVATIONS));
    f->sold_bytes = event_memory_bytes(s);
    digest32 live = {{0}};
    MEASURE(digest, live = event_digest(s));
    event_state_free(s);
    s = house_new();
    MEASURE(wake, wake(s));
    f->woken_bytes = event_memory_bytes(s);
    digest32 woken = event_digest(s);
    must(memcmp(&live, &woken, sizeof live) == 0, "the woken house differs");
    event_state_free(s);
    s = house_new();
    sell(s, RESERVATIONS);
    MEASURE(expire, expire(s));
    event_state_free(s);
}

static void bytes_line(const char *what, uint64_t bytes, uint64_t empty_bytes)
{
    double each = (double)(bytes - empty_bytes) / (double)RESERVATIONS;
    printf("figure: %-44s %10.1f bytes each\n", what, each);
}

int main(void)
{
    figures f = {0};
    commands_make();
    for (int i = 0; i < ROUNDS; i++)
        round_run(&f);
    line("reserve two seats, accepted", f.reserve, RESERVATIONS - FREE_SEATS / 2);
    line("reserve, refused with alternatives, 40 free", f.refuse, REFUSALS);
    line("reserve, replayed by key", f.replay, REFUSALS);
    line("checkout and captured payment", f.pay, RESERVATIONS);
    line("expire", f.expire, RESERVATIONS);
    printf("figure: %-44s %10.2f ms\n", "digest of a sold house", f.digest / 1e6);
    printf("figure: %-44s %10.2f ms\n", "wake up with 30,000 reservations", f.wake / 1e6);
    printf("figure: %-44s %10.0f KB\n", "memory, empty", (double)f.empty_bytes / 1000);
    bytes_line("memory, held reservation of two seats", f.held_bytes, f.empty_bytes);
    bytes_line("memory, sold reservation of two seats", f.sold_bytes, f.empty_bytes);
    bytes_line("memory, sold reservation after waking up", f.woken_bytes, f.empty_bytes);
    return 0;
}
