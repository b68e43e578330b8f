// The seat map of one event: who holds or owns which seat, and what a command may change.
// decide reads state and a command and fills effects (facts, a refusal, what to answer); apply
// folds one fact into the state and cannot fail. Replaying the facts of an event through apply
// gives the same state as loading its rows (event_digest compares them). Knows no clock, bus,
// database or text: time arrives in the command, seats are indexes in plan order, prices are
// numbers. One thread at a time. Times: microseconds since 1970 on the database's clock. Money:
// minor units of the event's currency.
#ifndef CAVEA_ACTORS_EVENT_EVENT_H
#define CAVEA_ACTORS_EVENT_EVENT_H

#include "schemas/error.h"
#include "schemas/id.h"
#include "schemas/limits.h"
#include "schemas/refund.h"
#include "schemas/seat.h"

// What may follow what, and by which command:
//   held -> confirmed        its payment was captured
//   held -> expired          its deadline has passed, whoever notices it first
//   held -> cancelled        by its buyer
//   expired -> confirmed     paid too late, and it has seats all the same (payment_outcome)
//   confirmed -> refunded    cancelled by its buyer under the policy, or with the whole event
// Anything else is a bug and aborts the process.
typedef enum reservation_state {
    RESERVATION_HELD = 1,
    RESERVATION_CONFIRMED = 2,
    RESERVATION_EXPIRED = 3,
    RESERVATION_CANCELLED = 4,
    RESERVATION_REFUNDED = 5,
    RESERVATION_STATES_END
} reservation_state;

// What the money of a reservation bought. A payment that comes after the deadline goes down this
// ladder, decided once.
typedef enum payment_outcome {
    PAYMENT_AS_HELD = 1,
    PAYMENT_SAME_SEATS = 2,  // too late, but nobody had taken them
    PAYMENT_OTHER_SEATS = 3, // equal or better ones side by side, as the buyer had ticked
    PAYMENT_SENT_BACK = 4,
    PAYMENT_OUTCOMES_END
} payment_outcome;

// The seats of an event, in plan order; borrowed from a plan that outlives the state.
typedef struct event_seats {
    uint32_t count;
    const uint16_t *section;
    const uint8_t *category;
    const uint8_t *flags;  // seat_flag
    const uint32_t *right; // the seat beside it in its row, UINT32_MAX: none. NULL: nobody knows
} event_seats;

typedef struct event_config {
    event_id id;
    event_status status;
    int64_t sale_starts_us; // a scheduled event is on sale from here on
    int64_t starts_us;      // nothing is reserved any more; what is held can be paid
    int64_t hold_us;
    int64_t payment_extension_us; // a checkout lengthens the hold to now and this, once
    refund_policy refunds;
    uint32_t fee_bp, tax_bp; // of the price, told with each confirmation
    char currency[4];
    int64_t price_minor[CATEGORIES_PER_PLAN_MAX]; // by category
} event_config;

// A reservation as anybody may see it.
typedef struct event_reservation {
    reservation_id id;
    buyer_id buyer;
    payment_id payment; // of the last checkout, or the one that paid; zero: none
    int64_t expires_us;
    int64_t total_minor;
    int64_t refund_minor; // of a refunded one: what went back
    reservation_state state;
    payment_outcome outcome; // 0: no payment was decided on yet
    bool other_seats;        // paid too late, other seats will do
    uint32_t seats_count;
    uint32_t seats[SEATS_PER_RESERVATION_MAX]; // in the order they were asked for
    int64_t price_minor[SEATS_PER_RESERVATION_MAX];
} event_reservation;

// What its Idempotency-Keys stood for. The state keeps eight bytes of each hash.
typedef struct event_keys {
    digest16 key_hash, body_hash;
    digest16 checkout_key, checkout_body; // zero: no checkout yet
} event_keys;

typedef struct event_state event_state;

// An event without reservations; NULL when memory is out. config is copied.
event_state *event_state_new(const event_config *config, const event_seats *seats);
void event_state_free(event_state *s);
// Makes room for one command, or one restored reservation, and forgets a little of what ended more
// than a day before now_us. reservations: how many are to come; 1 when nobody knows, all of them
// before the first is restored, which then grows the indexes once. The only call that allocates;
// decide refuses with OVERLOADED when nobody called it. False: memory is out.
MUST_CHECK bool event_make_room(event_state *s, uint32_t reservations, int64_t now_us);

const event_config *event_config_of(const event_state *s);
uint32_t event_seats_count(const event_state *s);
seat_state event_seat_state(const event_state *s, uint32_t seat);
int32_t event_claimed(const event_state *s); // seats held or sold
bool event_on_sale(const event_state *s, int64_t now_us);
// False when it is unknown or was forgotten.
MUST_CHECK bool event_find(const event_state *s, const reservation_id *id,
                           event_reservation *ret_reservation);
// What a cancellation now would give back of it: 0 unless it is confirmed.
int64_t event_refund_now(const event_state *s, const event_reservation *r, int64_t now_us);
uint32_t event_confirmed(const event_state *s); // confirmed reservations that were not refunded
uint64_t event_memory_bytes(const event_state *s);

typedef enum event_command_type {
    EVENT_COMMAND_RESERVE = 1,
    EVENT_COMMAND_CANCEL,
    EVENT_COMMAND_EXPIRE,
    EVENT_COMMAND_CHECKOUT,
    EVENT_COMMAND_PAYMENT_CAPTURED,
    EVENT_COMMAND_RELEASE,
    EVENT_COMMAND_STATUS_SET,
    EVENT_COMMAND_CANCEL_CONFIRMED,
    EVENT_COMMAND_REFUND_ALL,
} event_command_type;

typedef struct event_command {
    event_command_type type;
    int64_t now_us;
    bool seen; // its number was seen before: a reserve is answered from state, never decided again
    reservation_id reservation;
    buyer_id buyer;
    digest16 key_hash, body_hash;
    payment_id payment;
    int64_t amount_minor; // captured, or what a canceller was shown
    char currency[4];
    bool other_seats;
    event_status status;
    uint32_t limit; // of REFUND_ALL
    uint32_t seats_count;
    uint32_t seats[SEATS_PER_RESERVATION_MAX];
} event_command;

typedef enum event_fact_type { // the field numbers of cavea.v1.EventFact.body
    EVENT_FACT_HELD = 10,
    EVENT_FACT_ENDED = 11,
    EVENT_FACT_CHECKOUT_STARTED = 12,
    EVENT_FACT_CONFIRMED = 13,
    EVENT_FACT_PAYMENT_REFUSED = 14,
    EVENT_FACT_STATUS_CHANGED = 15,
    EVENT_FACT_MESSAGE_REJECTED = 16,
} event_fact_type;

typedef struct event_fact {
    event_fact_type type;
    int64_t at_us;
    reservation_id reservation;
    buyer_id buyer;
    digest16 key_hash, body_hash;
    payment_id payment;
    int64_t amount_minor;
    char currency[4];
    int64_t expires_us;
    reservation_state state; // of ENDED
    error_code reason;       // of PAYMENT_REFUSED, and of a refund
    payment_outcome outcome; // of CONFIRMED
    int64_t refund_minor;    // of ENDED, when it is refunded
    uint32_t fee_bp, tax_bp; // of CONFIRMED
    bool other_seats;        // of CHECKOUT_STARTED, which comes again when the buyer changes it
    event_status status;
    uint32_t seats_count;
    uint32_t seats[SEATS_PER_RESERVATION_MAX];
    int64_t price_minor[SEATS_PER_RESERVATION_MAX];
} event_fact;

enum { EVENT_FACTS_MAX = SEATS_PER_RESERVATION_MAX + 2 }; // overdue holds met, and the decision

typedef struct event_effects {
    error_code refusal;         // ERROR_NONE: accepted
    bool replayed;              // accepted before; the answer is what the state says
    bool payment_asked;         // a checkout (first or repeated) wants its payment started
    bool payment_decided;       // a captured payment was decided on, now or before
    bool payment_confirmed;     // which way
    bool more;                  // REFUND_ALL found more than fits here: apply, and decide again
    reservation_id reservation; // whose view answers; zero: none
    uint32_t facts_count;
    event_fact facts[EVENT_FACTS_MAX];
    uint32_t conflicts_count;
    uint32_t conflicts[SEATS_PER_RESERVATION_MAX]; // seats that are gone
    uint32_t alternatives_count;
    uint32_t alternatives[ALTERNATIVES_MAX]; // open, same category and section, nearest first
} event_effects;

void event_decide(const event_state *s, const event_command *c, event_effects *ret_effects);
// The caller made room. An impossible fact is a bug and aborts the process.
void event_apply(event_state *s, const event_fact *f);

// A reservation as the rows have it, for loading; the caller made room. Seats of a live one become
// claimed. False: such a row cannot be (a seat that is unknown or taken); the state stays as it
// was.
MUST_CHECK bool event_restore(event_state *s, const event_reservation *r, const event_keys *keys);
void event_restore_refusal(event_state *s, const payment_id *payment);

// BLAKE2b-256 over the status, the seats with their owners, and all of every held or sold
// reservation, in seat order; equal for equal houses, however they came to be.
digest32 event_digest(const event_state *s);

#endif
