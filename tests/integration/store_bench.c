// How fast a commit is: store_bench OWNER_URL STORE_URL. Ticks of two-seat reservations on one
// event, each with its fact, for several sizes of a tick; seats come in random order, as buyers
// choose them. Prints the time for each reservation, and how much of it the server's backend had
// the processor.
#include "tests/support/store_world.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEATS = 60000, EACH = 2, FACT_BYTES = 140, RESERVATIONS = 60000 };

typedef struct bench {
    world *w;
    store_pg *s;
    journal *j;
    event_id event;
    test_actor actor;
    int32_t seats[SEATS]; // in the order in which they are reserved
    uint32_t left;
} bench;

static void bench_event(bench *b)
{
    b->event = world_event(b->w, SEATS);
    b->actor = actor_take(b->s, actor_of_event(&b->event));
    for (int32_t i = 0; i < SEATS; i++)
        b->seats[i] = i;
    for (uint32_t i = SEATS - 1; i > 0; i--) {
        uint32_t k = randombytes_uniform(i + 1);
        int32_t seat = b->seats[i];
        b->seats[i] = b->seats[k];
        b->seats[k] = seat;
    }
    b->left = SEATS;
}

static void tick_fill(bench *b, uint32_t size)
{
    uint8_t payload[FACT_BYTES];
    journal_clear(b->j);
    for (uint32_t i = 0; i < size; i++) {
        b->left -= EACH;
        journal_reserve(b->j, &b->event, &b->seats[b->left], EACH);
        randombytes_buf(payload, sizeof payload);
        journal_fact(b->j, &b->actor, 10, payload, sizeof payload);
    }
    lease_move *m = actor_move(b->j, &b->actor);
    m->senders_at = journal_blob(b->j, payload, sizeof payload);
    m->senders_bytes = sizeof payload;
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

static void bench_size(bench *b, uint32_t size)
{
    uint32_t count = size < 20 ? 2000 : RESERVATIONS, done = 0;
    int64_t took_us = 0, backend = 0;
    while (done < count) {
        if (b->left < size * EACH)
            bench_event(b);
        int64_t backend_began = backend_ns(b->w);
        uint32_t until = done + b->left / EACH / size * size;
        for (; done < until && done < count; done += size) {
            tick_fill(b, size);
            int64_t began_us = wall_us();
            store_result result = actor_commit(b->s, b->j, &b->actor);
            took_us += wall_us() - began_us;
            assert(result == STORE_OK);
        }
        backend += backend_ns(b->w) - backend_began;
    }
    double each_us = (double)took_us / done;
    printf("figure: store commit, ticks of %u: %.1f us a reservation (%.1f us in the backend), "
           "%.0f reservations/s, %.0f rows/s\n",
           size, each_us, (double)backend / 1000 / done, 1e6 / each_us, 4e6 / each_us);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static const uint32_t sizes[] = {1, 20, 200, 1000, 4000};
    static bench b;
    world w;
    if (argc != 3) {
        fprintf(stderr, "store_bench OWNER_URL STORE_URL\n");
        return 2;
    }
    world_init(&w, argv[1], argv[2]);
    host_identity host = host_new("bench", 3000);
    b = (bench){.w = &w, .s = store_new(&w, &host, true), .j = journal_new()};
    assert(b.j != NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        bench_size(&b, sizes[i]);
    journal_free(b.j);
    store_pg_close(b.s);
    return 0;
}
