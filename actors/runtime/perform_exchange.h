// The inside of the provider client: effects on their way through their steps and attempts. What is
// here belongs to the client's thread, except where the struct says so.
#ifndef CAVEA_ACTORS_RUNTIME_PERFORM_EXCHANGE_H
#define CAVEA_ACTORS_RUNTIME_PERFORM_EXCHANGE_H

#include "actors/runtime/pace.h"
#include "actors/runtime/perform_http.h"
#include "actors/runtime/perform_provider.h"
#include "actors/runtime/provider_queue.h"
#include "actors/table/table.h"
#include "ops/host/transfer_loop.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    RETRY_AFTER_MS = 1000,          // when a 429 does not say
    RETRY_AFTER_LONGEST_MS = 60000, // and when it says more
};

// One effect, or one page of the provider's list.
typedef struct exchange {
    bool is_page, is_flying;
    effect e;
    provider_step step;
    provider_window window; // of a page
    char after[PAYMENT_INTENT_BYTES];
    uint32_t attempts, pages;  // of the step
    int64_t taken_us, sent_us; // monotonic
    http_slot http;
} exchange;

struct provider_client {
    perform_settings settings;
    char pay_url_template[256];
    pthread_mutex_t mutex; // of queue and page
    pthread_cond_t page_done;
    provider_queue *queue;
    struct page_asked {
        enum page_state { PAGE_NONE, PAGE_ASKED, PAGE_UNDER_WAY, PAGE_GOOD, PAGE_FAILED } state;
        provider_window window;
        provider_page *page; // the asker's
    } page;
    transfer_loop loop;
    pthread_t thread;
    bool started;
    bool stopped; // under the mutex: nobody answers any more
    atomic_bool stopping;
    exchange *exchanges;
    uint32_t exchanges_max;
    uint32_t *vacant; // a stack of the exchanges without work
    uint32_t vacant_count;
    uint32_t flying_count;
    table *resting; // exchanges that wait for their next attempt, by number
    pace pace;
    breaker breaker;
};

// Vacant exchanges are there.
exchange *exchange_take(provider_client *c, int64_t now_us);
void exchange_rest(provider_client *c, exchange *x, int64_t until_us);
// The one that has rested longest and is due, or NULL.
exchange *exchange_rested(provider_client *c, int64_t now_us);
// Sends its next attempt; the caller asked the breaker and the pace.
void exchange_send(provider_client *c, exchange *x, int64_t now_us);
// Its outcome stays unknown for now.
void exchange_give_up(provider_client *c, exchange *x);
// An attempt ended; it is not in the loop any more.
void exchange_answered(provider_client *c, exchange *x, CURLcode code, int64_t now_us);

#endif
