// BUYERS buyers ask for one of the first SEATS seats of an event in the same moment, each with a
// connection and a session of its own. Usage: buyers_rush BUYERS SEATS. Prints one JSON object;
// exit status 1 unless exactly SEATS are reserved and everybody else is refused.
#include "tests/support/buyer.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { ANSWER_DEADLINE_MS = 30000, STACK_BYTES = 256 * 1024 };

static shop the_shop;
static shop_seats seats;
static size_t seats_wanted;
static pthread_barrier_t start;
static atomic_size_t reserved, refused, failed, retries;
static atomic_llong slowest_us;

static void *buyer_live(void *unused)
{
    (void)unused;
    buyer b;
    buyer_init(&b, &the_shop);
    const char *seat = seats.id[buyer_luck(&b, seats_wanted)];
    pthread_barrier_wait(&start);
    int64_t from_us = test_now_us();
    buyer_reservation r;
    buyer_answer answer = buyer_reserve(&b, &seat, 1, ANSWER_DEADLINE_MS, &r);
    long long took_us = test_now_us() - from_us, slowest = slowest_us;
    while (took_us > slowest && !atomic_compare_exchange_weak(&slowest_us, &slowest, took_us))
        ;
    reserved += answer == BUYER_HAS_SEATS;
    refused += answer == BUYER_REFUSED;
    failed += answer == BUYER_FAILED;
    retries += b.retries;
    buyer_done(&b);
    return NULL;
}

int main(int argc, char **argv)
{
    assert(argc == 3);
    size_t buyers = strtoul(argv[1], NULL, 10);
    seats_wanted = strtoul(argv[2], NULL, 10);
    shop_init(&the_shop);
    shop_seats_read(&the_shop, &seats);
    assert(buyers > 0 && seats_wanted > 0 && seats_wanted <= seats.count);
    pthread_t *threads = calloc(buyers, sizeof *threads);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_barrier_init(&start, NULL, (unsigned)buyers);
    assert(threads);
    for (size_t i = 0; i < buyers; i++)
        if (pthread_create(&threads[i], &attributes, buyer_live, NULL) != 0)
            abort();
    for (size_t i = 0; i < buyers; i++)
        pthread_join(threads[i], NULL);
    printf("{\"buyers\": %zu, \"seats\": %zu, \"reserved\": %zu, \"refused\": %zu, "
           "\"failed\": %zu, \"retries\": %zu, \"slowest_ms\": %.1f}\n",
           buyers, seats_wanted, reserved, refused, failed, retries, (double)slowest_us / 1000);
    free(threads);
    shop_seats_done(&seats);
    return reserved == seats_wanted && reserved + refused == buyers ? 0 : 1;
}
