// Sells an event out seat by seat: THREADS buyers who all want the same seats, each in plan order,
// buy one to four at a time until nothing is left. Usage: buyers_soldout THREADS TICKETS_FILE, the
// shop in the environment (tests/support/buyer.h). Prints one JSON object; exit status 1 when a
// seat was sold twice, a seat was left, or anybody got an answer that nobody should get.
#include "tests/support/buyer.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_DEADLINE_MS = 60000, SEATS_WANTED_MAX = 4, THREADS_MAX = 1024 };

static shop the_shop;
static shop_seats seats;
static _Atomic unsigned char *gone; // by seat: nobody needs to ask again
static atomic_uint *sold;           // by seat: how many buyers paid for it
static atomic_size_t reservations, refusals, failures, retries;
static atomic_llong amount_minor;

static size_t seats_choose(buyer *b, size_t *from, size_t *ret_chosen)
{
    size_t wanted = 1 + buyer_luck(b, SEATS_WANTED_MAX), count = 0;
    while (*from < seats.count && gone[*from])
        (*from)++;
    for (size_t i = *from; i < seats.count && count < wanted; i++)
        if (!gone[i])
            ret_chosen[count++] = i;
    return count;
}

static void seats_strike(const buyer *b)
{
    json_t *answer = http_client_json(&b->http), *name;
    size_t i;
    json_array_foreach(json_object_get(answer, "seats"), i,
                       name) for (size_t k = 0; k < seats.count;
                                  k++) if (strcmp(seats.id[k], json_string_value(name)) == 0)
        gone[k] = 1;
    json_decref(answer);
}

static void seats_buy(buyer *b, const buyer_reservation *r, const size_t *chosen, size_t count,
                      FILE *tickets)
{
    int64_t price = 0;
    for (size_t i = 0; i < count; i++)
        gone[chosen[i]] = 1;
    if (!buyer_pay(b, r, ANSWER_DEADLINE_MS) ||
        !buyer_tickets(b, r, count, ANSWER_DEADLINE_MS, tickets))
        return;
    for (size_t i = 0; i < count; i++) {
        sold[chosen[i]]++;
        price += seats.price_minor[chosen[i]];
    }
    b->failures += price != r->total_minor;
    amount_minor += r->total_minor;
    reservations++;
}

static void *buyer_live(void *file)
{
    buyer b;
    buyer_init(&b, &the_shop);
    size_t from = 0, chosen[SEATS_WANTED_MAX], count;
    while ((count = seats_choose(&b, &from, chosen)) > 0) {
        const char *ids[SEATS_WANTED_MAX];
        for (size_t i = 0; i < count; i++)
            ids[i] = seats.id[chosen[i]];
        buyer_reservation r;
        buyer_answer answer = buyer_reserve(&b, ids, count, ANSWER_DEADLINE_MS, &r);
        if (answer == BUYER_HAS_SEATS)
            seats_buy(&b, &r, chosen, count, file);
        else if (answer == BUYER_REFUSED)
            seats_strike(&b), refusals++;
        else
            break;
    }
    failures += b.failures;
    retries += b.retries;
    buyer_done(&b);
    return NULL;
}

static int report(int64_t started_us)
{
    size_t once = 0, twice = 0, left = 0;
    for (size_t i = 0; i < seats.count; i++) {
        once += sold[i] == 1;
        twice += sold[i] > 1;
        left += sold[i] == 0;
    }
    printf("{\"seats\": %zu, \"sold\": %zu, \"sold_twice\": %zu, \"left\": %zu, "
           "\"reservations\": %zu, \"refusals\": %zu, \"retries\": %zu, \"failures\": %zu, "
           "\"amount_minor\": %lld, \"seconds\": %.1f}\n",
           seats.count, once, twice, left, reservations, refusals, retries, failures, amount_minor,
           (double)(test_now_us() - started_us) / 1e6);
    return twice || left || failures ? 1 : 0;
}

int main(int argc, char **argv)
{
    assert(argc == 3);
    size_t threads_count = strtoul(argv[1], NULL, 10);
    assert(threads_count > 0 && threads_count <= THREADS_MAX);
    FILE *tickets = fopen(argv[2], "w");
    assert(tickets);
    shop_init(&the_shop);
    shop_seats_read(&the_shop, &seats);
    gone = calloc(seats.count, sizeof *gone);
    sold = calloc(seats.count, sizeof *sold);
    pthread_t *threads = calloc(threads_count, sizeof *threads);
    assert(gone && sold && threads);
    int64_t started_us = test_now_us();
    for (size_t i = 0; i < threads_count; i++)
        if (pthread_create(&threads[i], NULL, buyer_live, tickets) != 0)
            abort();
    for (size_t i = 0; i < threads_count; i++)
        pthread_join(threads[i], NULL);
    bool written = fclose(tickets) == 0;
    assert(written);
    int status = report(started_us);
    free(threads);
    free(sold);
    free((void *)gone);
    shop_seats_done(&seats);
    return status;
}
