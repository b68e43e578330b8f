// COUNT reservations of one seat each, every seat wanted by one buyer only, so each must succeed
// whatever happens to the hosts meanwhile: unanswered ones are sent again with the same key.
// Usage: buyers_flood THREADS COUNT FILE [PER_SECOND]. FILE gets a line "reservation seat" for each
// acknowledged one as soon as it is. Prints one JSON object with the longest time in which nobody
// got an answer; exit status 1 when one failed or was refused.
#include "tests/support/buyer.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { ANSWER_DEADLINE_MS = 30000, THREADS_MAX = 1024 };

static shop the_shop;
static shop_seats seats;
static size_t wanted, threads_count;
static int64_t pace_us, started_us;
static atomic_size_t next_seat, acknowledged, refused, failed, retries;
static atomic_llong slowest_us;
static FILE *out;

static pthread_mutex_t gap_mutex = PTHREAD_MUTEX_INITIALIZER;
static int64_t last_answer_us, longest_gap_us, gap_at_us;

static void answered(const char *reservation, const char *seat, int64_t took_us)
{
    pthread_mutex_lock(&gap_mutex);
    int64_t now_us = test_now_us();
    if (last_answer_us && now_us - last_answer_us > longest_gap_us) {
        longest_gap_us = now_us - last_answer_us;
        gap_at_us = now_us - started_us;
    }
    last_answer_us = now_us;
    if (took_us > slowest_us)
        slowest_us = took_us;
    fprintf(out, "%s %s\n", reservation, seat);
    fflush(out);
    pthread_mutex_unlock(&gap_mutex);
}

static void *buyer_live(void *unused)
{
    (void)unused;
    buyer b;
    buyer_init(&b, &the_shop);
    size_t seat;
    while ((seat = atomic_fetch_add(&next_seat, 1)) < wanted) {
        int64_t due_us = started_us + (int64_t)seat * pace_us, now_us;
        while ((now_us = test_now_us()) < due_us)
            test_pause_ms((due_us - now_us) / 1000 + 1);
        const char *id = seats.id[seat];
        buyer_reservation r;
        buyer_answer answer = buyer_reserve(&b, &id, 1, ANSWER_DEADLINE_MS, &r);
        if (answer == BUYER_HAS_SEATS) {
            answered(r.id, id, test_now_us() - now_us);
            acknowledged++;
        } else {
            fprintf(stderr, "seat %s: status %d: %s\n", id, b.http.status,
                    b.http.body_bytes ? b.http.body : "");
            refused += answer == BUYER_REFUSED;
            failed += answer == BUYER_FAILED;
        }
    }
    retries += b.retries;
    buyer_done(&b);
    return NULL;
}

static int report(void)
{
    printf("{\"wanted\": %zu, \"acknowledged\": %zu, \"refused\": %zu, \"failed\": %zu, "
           "\"retries\": %zu, \"longest_gap_ms\": %.1f, \"gap_at_ms\": %.1f, "
           "\"slowest_ms\": %.1f, \"seconds\": %.1f}\n",
           wanted, acknowledged, refused, failed, retries, (double)longest_gap_us / 1000,
           (double)gap_at_us / 1000, (double)slowest_us / 1000,
           (double)(test_now_us() - started_us) / 1e6);
    return acknowledged == wanted ? 0 : 1;
}

int main(int argc, char **argv)
{
    assert(argc == 4 || argc == 5);
    threads_count = strtoul(argv[1], NULL, 10);
    wanted = strtoul(argv[2], NULL, 10);
    out = fopen(argv[3], "w");
    assert(out && threads_count > 0 && threads_count <= THREADS_MAX);
    if (argc == 5)
        pace_us = 1000000 / strtol(argv[4], NULL, 10);
    shop_init(&the_shop);
    shop_seats_read(&the_shop, &seats);
    assert(seats.count >= wanted);
    pthread_t threads[THREADS_MAX];
    started_us = test_now_us();
    for (size_t i = 0; i < threads_count; i++)
        if (pthread_create(&threads[i], NULL, buyer_live, NULL) != 0)
            abort();
    for (size_t i = 0; i < threads_count; i++)
        pthread_join(threads[i], NULL);
    fclose(out);
    int status = report();
    shop_seats_done(&seats);
    return status;
}
