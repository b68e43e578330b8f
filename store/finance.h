// What finance asks of the books: the money of one event by currency, checked against reservations
// and payments as of one moment (function event_money of the schema), and which events to look at.
// Knows no metric and no file. Threads: those of the connection. Money: minor units; times:
// microseconds since 1970 on the database's clock.
#ifndef CAVEA_STORE_FINANCE_H
#define CAVEA_STORE_FINANCE_H

#include "store/connection.h"

enum {
    FINANCE_CURRENCIES_MAX = 16, // of one event; payments in others than its own are mistakes
    FINANCE_ROUND_EVENTS = 1000, // that one call of finance_round goes through at most
};

typedef struct money_row {
    char currency[4];
    int64_t undecided_minor; // without what the provider is sending back
    int64_t unbalanced_minor;
    int64_t undecided_since_us; // 0: nothing is open, or its answer is on its way
} money_row;

typedef struct money_place { // how far the events were gone through; zero: begin
    event_id after;
} money_place;

// Prepares this file's statements; once for each connection.
MUST_CHECK store_result finance_prepare(connection *c);
// The event's money; at most FINANCE_CURRENCIES_MAX rows.
MUST_CHECK store_result finance_event(connection *c, const event_id *event,
                                      money_row ret_rows[static FINANCE_CURRENCIES_MAX],
                                      uint32_t *ret_count);
// Events in which money moved at *since_us or later (0: in the last hour), at most ids_max, those
// first that moved first.
// *since_us becomes where to go on: a little before now, so that a commit that took its time is
// seen by the next call, or the last event's time when there were more.
MUST_CHECK store_result finance_moved(connection *c, int64_t *since_us, event_id *ret_ids,
                                      uint32_t ids_max, uint32_t *ret_count);
// The next events that ever had a payment, at most ids_max: a slow round over all of them. After
// the last one the round begins again.
MUST_CHECK store_result finance_round(connection *c, money_place *place, event_id *ret_ids,
                                      uint32_t ids_max, uint32_t *ret_count);

#endif
