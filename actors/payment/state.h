// The inside of payments, shared by the files of this folder only.
#ifndef CAVEA_ACTORS_PAYMENT_STATE_H
#define CAVEA_ACTORS_PAYMENT_STATE_H

#include "actors/payment/payment.h"
#include "actors/table/table.h"

#include <assert.h>

enum {
    PARKED_REMEMBERED = 64, // the same parked money is told of once
    LOOKS_MAX = 64,         // for somebody to forget
    WAITERS_OF_ONE_MAX = 4,
};

typedef struct asked { // by payment: when the reconciler's find is worth asking for again
    int64_t changed_us, again_us;
    uint32_t tries;
} asked;

struct payments {
    table *table; // of payment
    table *asked; // of asked
    payment_waiter *waiters;
    uint32_t haste;        // 1, in drills more
    uint32_t waiters_next; // a ring: the oldest is overwritten
    struct parked {
        payment_id payment;
        char intent_id[PAYMENT_INTENT_BYTES], refund_id[PAYMENT_INTENT_BYTES];
    } parked[PARKED_REMEMBERED];
    uint32_t parked_next;
};

payment *payment_slot(payments *self, const payment_id *id); // in memory, or NULL
payment *payment_add(payments *self, const payment_id *id);  // new; forgets the stalest when full
// Sets the time at which silence about a payment counts as a lost call; tries is how often it did.
void payment_time_set(payments *self, const payment *p, int64_t since_us);

// A fact that says of a payment what is known already, to be changed by the caller.
payment_fact *payment_fact_add(payment_effects *e, const payment *p, int64_t now_us,
                               payment_state state);
void payment_decide_report(const payments *self, const payment_command *c, payment_effects *e);

// Texts of the same fixed size, zero-filled behind their end.
#define text_copy(to, from)                                                                        \
    do {                                                                                           \
        _Static_assert(sizeof(to) == sizeof(from), "texts of one size");                           \
        memcpy((to), (from), sizeof(to));                                                          \
    } while (0)

#endif
