// What a commit costs: store_bench OWNER_URL STORE_URL [SIZE...]. Ticks as a host's runtime makes
// them in a sale: two-seat reservations on twenty events, each with its fact, a lease move for each
// event; seats come in random order, as buyers choose them. Prints for several sizes of a tick the
// time for each reservation, how much of it the server's backend had the processor, and the bytes
// that it wrote to the log.
#include "tests/support/store_world.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    EVENTS = 20,
    ACTORS = 7, // of one tick
    SEATS = 60000,
    EACH = 2,
    FACT_BYTES = 122,
    SENDERS_BYTES = 48,
    RESERVATIONS = 60000,
};

typedef struct house {
    event_id event;
    test_actor actor;
    int32_t seats[SEATS]; // in the order in which they are reserved
    uint32_t left;
} house;

typedef struct bench {
    world *w;
    store_pg *s;
    journal *j;
    house houses[EVENTS];
    uint32_t next; // house
} bench;

static void house_open(bench *b, house *h)
{
    h->event = world_event(b->w, SEATS);
    h->left = SEATS;
    h->actor = actor_take(b->s, actor_of_event(&h->event));
    for (int32_t i = 0; i < SEATS; i++)
        h->seats[i] = i;
    for (uint32_t i = SEATS - 1; i > 0; i--) {
        uint32_t k = randombytes_uniform(i + 1);
        int32_t seat = h->seats[i];
        h->seats[i] = h->seats[k];
        h->seats[k] = seat;
    }
}

// The events take turns, a share of the tick each; false when one is sold out.
static bool tick_fill(bench *b, uint32_t size)
{
    uint8_t payload[FACT_BYTES];
    journal_clear(b->j);
    for (uint32_t left = size, share = (size + ACTORS - 1) / ACTORS; left > 0; left -= share) {
        house *h = &b->houses[b->next++ % EVENTS];
        share = share < left ? share : left;
        if (h->left < share * EACH)
            return false;
        for (uint32_t i = 0; i < share; i++) {
            h->left -= EACH;
            journal_reserve(b->j, &h->event, &h->seats[h->left], EACH);
            randombytes_buf(payload, sizeof payload);
            journal_fact(b->j, &h->actor, 10, payload, sizeof payload);
        }
        lease_move *m = actor_move(b->j, &h->actor);
        m->senders_at = journal_blob(b->j, payload, SENDERS_BYTES);
        m->senders_bytes = SENDERS_BYTES;
        actor_moved(&h->actor);
    }
    return true;
}

// Nanoseconds that the writer's backend has run, where the kernel tells; else 0.
static int64_t backend_ns(world *w)
{
    char path[64];
    int64_t ns = 0;
    int64_t pid = sql_number(w, "SELECT pid FROM pg_stat_activity WHERE application_name ="
                                " 'cavea writer' LIMIT 1");
    snprintf(path, sizeof path, "/proc/%lld/schedstat", (long long)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    char text[64] = "";
    if (fgets(text, sizeof text, file) != NULL)
        ns = strtoll(text, NULL, 10);
    fclose(file);
    return ns;
}

static int64_t log_bytes(world *w)
{
    return sql_number(w, "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn");
}

static void bench_size(bench *b, uint32_t size)
{
    uint32_t done = 0, count = size < ACTORS ? RESERVATIONS / EVENTS : RESERVATIONS;
    int64_t took_us = 0, backend = 0, bytes = 0, now_us;
    store_port port = store_pg_port(b->s);
    for (int i = 0; i < EVENTS; i++)
        house_open(b, &b->houses[i]);
    // Full-page images after a checkpoint are a matter of its interval, not of a commit.
    sql_run(b->w, "CHECKPOINT");
    for (int pass = 0; pass < 2; pass++) { // the first makes the tables' pages
        took_us = 0;
        backend = backend_ns(b->w);
        bytes = log_bytes(b->w);
        for (done = 0; done < count && tick_fill(b, size); done += size) {
            int64_t began_us = wall_us();
            store_result result = port.commit(port.self, b->j, &now_us);
            took_us += wall_us() - began_us;
            assert(result == STORE_OK);
        }
        backend = backend_ns(b->w) - backend;
        bytes = log_bytes(b->w) - bytes;
    }
    printf("figure: store commit, ticks of %u: %.1f us a reservation, %.1f us of processor and "
           "%.0f log bytes in the backend\n",
           size, (double)took_us / done, (double)backend / 1000 / done, (double)bytes / done);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static const uint32_t sizes[] = {1, 10, 50, 200, 1000, 4000};
    static bench b;
    world w;
    if (argc < 3) {
        fprintf(stderr, "store_bench OWNER_URL STORE_URL [SIZE...]\n");
        return 2;
    }
    world_init(&w, argv[1], argv[2]);
    host_identity host = host_new("bench", 3000);
    b = (bench){.w = &w, .s = store_new(&w, &host, true), .j = journal_new()};
    assert(b.j != NULL);
    for (size_t i = 0; argc == 3 && i < sizeof sizes / sizeof *sizes; i++)
        bench_size(&b, sizes[i]);
    for (int i = 3; i < argc; i++)
        bench_size(&b, (uint32_t)strtoul(argv[i], NULL, 10));
    journal_free(b.j);
    store_pg_close(b.s);
    return 0;
}
