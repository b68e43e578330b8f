// What the event actor says to other actors. Every message is idempotent by its ids, so that it may
// be sent again at any time. The tick's thread.
#ifndef CAVEA_ACTORS_RUNTIME_EVENT_MESSAGES_H
#define CAVEA_ACTORS_RUNTIME_EVENT_MESSAGES_H

#include "actors/runtime/kind.h"

typedef struct event_deadline {
    reservation_id reservation;
    int64_t expires_us; // 0: over
} event_deadline;
void event_deadlines_send(const event_id *event, const event_deadline *list, uint32_t count,
                          turn *t);

typedef struct event_decision {
    payment_id payment;
    bool confirmed;          // false: the money goes back
    uint32_t fee_bp, tax_bp; // of a confirmed one
} event_decision;
void event_payment_decided_send(const event_id *event, const event_decision *decision, turn *t);

typedef struct event_refund {
    payment_id payment;
    int64_t amount_minor; // 0: all of it is kept
    error_code reason;
} event_refund;
void event_refund_request_send(const event_id *event, const event_refund *refund, turn *t);
// The seats are given up: nobody should pay for them any more.
void event_payment_abandoned_send(const event_id *event, const payment_id *payment, turn *t);

typedef struct event_tickets {
    reservation_id reservation;
    buyer_id buyer;
    const uint32_t *seats;
    uint32_t seats_count;
} event_tickets;
void event_tickets_issue_send(const event_id *event, const event_tickets *tickets, turn *t);
void event_tickets_revoke_send(const event_id *event, const event_tickets *tickets, turn *t);

typedef struct event_payment_terms {
    reservation_id reservation;
    buyer_id buyer;
    payment_id payment;
    int64_t amount_minor;
    const char *currency;
    bool is_new; // the payment begins in this tick
} event_payment_terms;
// asked: the checkout command, whose sender waits for the payment; NULL: nobody does.
void event_payment_start_send(const event_id *event, const event_payment_terms *terms,
                              const Cavea__V1__Command *asked, turn *t);

#endif
