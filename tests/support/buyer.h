// One buyer as a test program plays it: a session, reservations, payments, tickets. Whatever is not
// the expected answer is counted, never hidden. One thread for each buyer.
#ifndef CAVEA_TESTS_SUPPORT_BUYER_H
#define CAVEA_TESTS_SUPPORT_BUYER_H

#include "tests/support/http_client.h"

enum { BUYER_URL_BYTES = 512, BUYER_SEATS_MAX = 10 };

typedef struct shop { // where the stack is; read from the environment once
    const char *edge_url;
    const char *provider_url;
    const char *provider_key;
    const char *event_id;
} shop;

// From EDGE_URL, PROVIDER_URL, PROVIDER_KEY and EVENT_ID; a missing one ends the program.
void shop_init(shop *s);

typedef struct shop_seats { // the event's seats in plan order
    char (*id)[72];
    int64_t *price_minor;
    size_t count;
} shop_seats;

// All seats that are on sale now, over every section; ends the program when they cannot be read.
void shop_seats_read(const shop *s, shop_seats *ret_seats);
void shop_seats_done(shop_seats *seats);

typedef struct buyer {
    const shop *shop;
    http_client http;
    char token[600];
    uint64_t luck;   // state of a small generator
    size_t retries;  // requests sent again with the same key
    size_t failures; // answers that nobody should get
} buyer;

void buyer_init(buyer *b, const shop *s); // opens a session; ends the program when it cannot
void buyer_done(buyer *b);
uint64_t buyer_luck(buyer *b, uint64_t below);

typedef enum buyer_answer {
    BUYER_HAS_SEATS, // 201, or 200 for a repeated key
    BUYER_REFUSED,   // 409
    BUYER_FAILED,    // anything else, after trying again until the deadline
} buyer_answer;

typedef struct buyer_reservation {
    char id[64];
    int64_t total_minor;
} buyer_reservation;

// Sends one reservation until it is answered or deadline_ms has passed, always with the same key.
// After BUYER_REFUSED the answer (http_client_json) names the seats that are gone.
MUST_CHECK buyer_answer buyer_reserve(buyer *b, const char *const *seats, size_t seats_count,
                                      int64_t deadline_ms, buyer_reservation *ret_reservation);
// Checkout and the provider's confirmation with a card that pays; false after deadline_ms.
MUST_CHECK bool buyer_pay(buyer *b, const buyer_reservation *r, int64_t deadline_ms);
// Waits for a ticket of each seat; appends `jws\n` lines to out. False after deadline_ms.
MUST_CHECK bool buyer_tickets(buyer *b, const buyer_reservation *r, size_t seats_count,
                              int64_t deadline_ms, FILE *out);

int64_t test_now_us(void);      // monotonic
void test_pause_ms(int64_t ms); // between two looks at a condition

#endif
