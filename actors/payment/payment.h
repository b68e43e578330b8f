// The payments of one partition: what the provider says of each, what the event actor decided, and
// what is to be asked of the provider next. decide reads and lists facts; apply folds one fact and
// cannot fail. Reports may come in any order and any number of times: a payment only ever rises in
// (refund_number, state), so their sum is the same. Money that was captured is never dropped: it is
// offered to the event actor, or it goes back.
//
// What brings a payment from one state to the next (which may follow which: the table of apply.c):
//   start                    -> created; an amount of zero is captured at once
//   report of the intent     -> open, processing, declined, cancelled, captured
//   report of other money    -> refund_due: another amount or currency is never confirmed
//   decided by the event     captured -> confirmed, or refund_due with all of it
//   refund request           confirmed -> refund_due with a part or all of it, once; of nothing:
//                            confirmed again, all of it kept
//   report of a refund       -> refunding, refunded, refund_failed
//   time                     refund_failed: the next attempt, PAYMENT_REFUND_TRIES_MAX of them
//   retry by an operator     refund_failed -> refund_due under the next number
//   resolve by an operator   refund_failed -> refunded: the money went back by other means; only
//                            when time tries no more
// One refund for a payment: its amount (refund_minor) is set once, with refund_due, and stays the
// same in all its attempts. Captured money that buys nothing goes back whole. Money captured under
// a second intent of a payment becomes a payment of its own (payment_stray_id), which is only ever
// refunded.
// Knows no provider, clock, bus or database: times arrive in commands, provider calls are asked for
// by payment_act. Payments that were not used for long are forgotten and come back from their rows
// (payment_provide). What waits or is due for a payment is volatile: the reconciler finds it again.
// One thread at a time; memory is flat and allocated once by payments_new.
// Times: microseconds since 1970 on the database's clock. Money: minor units.
#ifndef CAVEA_ACTORS_PAYMENT_PAYMENT_H
#define CAVEA_ACTORS_PAYMENT_PAYMENT_H

#include "schemas/error.h"
#include "schemas/id.h"
#include "schemas/limits.h"

typedef enum payment_state {
    PAYMENT_NONE = 0,
    PAYMENT_CREATED = 1, // the row exists, the provider's intent not yet
    PAYMENT_OPEN = 2,    // the intent waits for the buyer
    PAYMENT_PROCESSING = 3,
    PAYMENT_DECLINED = 4,  // an attempt failed; stays until the intent is cancelled or captured
    PAYMENT_CANCELLED = 5, // a late success is possible all the same
    PAYMENT_CAPTURED = 6,  // the event actor is to decide
    PAYMENT_CONFIRMED = 7, // it took the money for the seats
    PAYMENT_REFUND_DUE = 8,
    PAYMENT_REFUNDING = 9,
    PAYMENT_REFUNDED = 10,
    PAYMENT_REFUND_FAILED = 11, // the next attempt has the next refund_number
    PAYMENT_STATES_END
} payment_state;

enum {
    PAYMENT_INTENT_BYTES = 72, // sizes of texts with their NUL, as in the table
    PAYMENT_SECRET_BYTES = 160,
    PAYMENT_URL_BYTES = 256,
    PAYMENT_NOTE_BYTES = 256,

    PAYMENTS_MAX = 32768,          // of one partition in memory
    PAYMENT_WAITERS_MAX = 4096,    // of one partition
    PAYMENT_ASKED_MAX = 8192,      // of one partition, found by the reconciler
    PAYMENT_REFUND_TRIES_MAX = 16, // after that a person has to look
    PAYMENT_HASTE_MAX = 100,
    PAYMENT_REFUND_NUMBER_MAX = 250, // with the tries that people asked for
    // A payment older than this has no living reservation: holds last 30 minutes and are extended
    // at most once by as much.
    PAYMENT_ABANDONED_SECONDS = 2 * HOLD_SECONDS_MAX,
    // Providers forget idempotency keys after 24 h.
    PAYMENT_KEY_SECONDS = 20 * 3600,
};
_Static_assert(PAYMENTS_MAX >= 4 * TICK_COMMANDS_MAX,
               "rows provided for a tick are still there when its commands are handled");

// Stands for the id of a refund that a person paid by other means.
#define PAYMENT_REFUND_BY_HAND "manual"

typedef struct payment {
    payment_id id;
    event_id event;
    reservation_id reservation;
    buyer_id buyer;
    payment_state state;
    int64_t amount_minor; // asked for
    int64_t captured_minor;
    int64_t refund_minor;    // to go back, from refund_due on; 0: none
    int64_t kept_minor;      // of a cancelled reservation, by policy: captured less refund
    int64_t refunded_minor;  // went back: refund_minor while refunded, else 0
    uint32_t fee_bp, tax_bp; // the event's shares when it was confirmed
    char currency[4];        // asked for in; once money was captured, that of the money
    char intent_id[PAYMENT_INTENT_BYTES];
    char client_secret[PAYMENT_SECRET_BYTES];
    char pay_url[PAYMENT_URL_BYTES];
    char refund_id[PAYMENT_INTENT_BYTES];
    uint32_t refund_number; // the attempt under way; 0: none yet
    int64_t created_us, changed_us;
    // Volatile.
    uint32_t tries;   // how often time ran out since the last change
    uint32_t waiters; // first of the list, in the pool of waiters
    bool abandoned;   // its seats were released: it is cancelled, not asked for
    bool is_absent;   // the provider does not know it, which was told
} payment;

typedef struct payments payments;

payments *payments_new(void); // NULL when memory is out
void payments_free(payments *self);
// For drills: silence about a payment is borne for a time this many times shorter than it is; from
// 1, the default, to PAYMENT_HASTE_MAX.
void payments_hurry(payments *self, uint32_t haste);
uint32_t payments_count(const payments *self);
// NULL when it is not in memory. Valid until the next apply or provide.
const payment *payment_find(const payments *self, const payment_id *id);
// A row from the store, its volatile fields zero. What is known already is kept as it is.
void payment_provide(payments *self, const payment *row);
// The intent exists and the buyer can be sent to it; or there is nothing to pay.
bool payment_answerable(const payment *p);
// The payment that money captured under another intent of a payment becomes: derived from both, at
// the time and with the tag of the payment.
payment_id payment_stray_id(const payment_id *id,
                            const char intent_id[static PAYMENT_INTENT_BYTES]);

typedef enum provider_status { // in the numbers of cavea.v1.ProviderStatus
    PROVIDER_INTENT_OPEN = 1,
    PROVIDER_PROCESSING = 2,
    PROVIDER_DECLINED = 3,
    PROVIDER_CANCELED = 4,
    PROVIDER_SUCCEEDED = 5,
    PROVIDER_REFUND_PENDING = 6,
    PROVIDER_REFUNDED = 7,
    PROVIDER_REFUND_FAILED = 8,
    PROVIDER_UNREACHABLE = 9,
    PROVIDER_ABSENT = 10, // asked for by its id, the intent is not known there
    PROVIDER_STATUSES_END
} provider_status;

typedef struct payment_report {
    provider_status status;
    int64_t amount_minor; // captured or refunded
    char currency[4];
    char intent_id[PAYMENT_INTENT_BYTES];
    char client_secret[PAYMENT_SECRET_BYTES];
    char pay_url[PAYMENT_URL_BYTES];
    char refund_id[PAYMENT_INTENT_BYTES];
    uint32_t refund_number; // 0: unknown
} payment_report;

typedef enum payment_command_type {
    PAYMENT_COMMAND_START = 1,
    PAYMENT_COMMAND_REPORT,
    PAYMENT_COMMAND_DECIDED,
    PAYMENT_COMMAND_REFUND,    // the event actor gave the seats of a confirmed payment back
    PAYMENT_COMMAND_RETRY,     // an operator's
    PAYMENT_COMMAND_RESOLVE,   // an operator's
    PAYMENT_COMMAND_ABANDONED, // the event actor released the seats before anything was paid
} payment_command_type;

typedef struct payment_command {
    payment_command_type type;
    int64_t now_us;
    payment_id payment;
    // START
    reservation_id reservation;
    event_id event;
    buyer_id buyer;
    int64_t amount_minor;
    char currency[4];
    bool confirmed;                // DECIDED
    uint32_t fee_bp, tax_bp;       // DECIDED
    int64_t refund_minor;          // REFUND; 0: nothing goes back
    error_code reason;             // REFUND
    char note[PAYMENT_NOTE_BYTES]; // RESOLVE
    payment_report report;         // REPORT
} payment_command;

// Table fact's kind of a payment actor: the payment's new state (1 to 11; the same state again when
// only an id became known, or a confirmed payment is kept), or one of these.
typedef enum payment_fact_kind {
    PAYMENT_FACT_MESSAGE_REJECTED = 16, // the same number for every kind of actor
    PAYMENT_FACT_PARKED = 17,     // money moved that no payment of ours accounts for: for a person
    PAYMENT_FACT_DIFFERENCE = 18, // money that we captured is not in the provider's books
} payment_fact_kind;

typedef struct payment_fact {
    payment_state state; // PAYMENT_NONE: parked, or a difference
    bool is_difference;  // not in the message: the fact's kind says it
    int64_t at_us;
    payment_id payment;
    reservation_id reservation;
    event_id event;
    buyer_id buyer;
    int64_t amount_minor; // asked for; from captured on what was captured, in this currency
    char currency[4];
    int64_t refund_minor; // 0: none; in facts from before it, from refund_due on: all
    int64_t kept_minor;
    uint32_t fee_bp, tax_bp;
    error_code reason; // why the money goes back, or was parked
    uint32_t refund_number;
    char note[PAYMENT_NOTE_BYTES]; // of a refund that a person resolved
    char intent_id[PAYMENT_INTENT_BYTES];
    char refund_id[PAYMENT_INTENT_BYTES];
    // In rows only, never in a stored or published fact.
    char client_secret[PAYMENT_SECRET_BYTES];
    char pay_url[PAYMENT_URL_BYTES];
} payment_fact;

typedef enum payment_act {
    PAYMENT_ACT_NONE,
    PAYMENT_ACT_INTENT_CREATE,
    PAYMENT_ACT_INTENT_FETCH,
    PAYMENT_ACT_INTENT_CANCEL, // without an intent id: create it under its key, then cancel it
    PAYMENT_ACT_TELL_EVENT,    // PaymentCaptured: the event actor decides
    PAYMENT_ACT_TELL_RELEASE,  // ReservationRelease: all of it goes back, the seats are not sold
    PAYMENT_ACT_REFUND_CREATE,
    PAYMENT_ACT_REFUND_FETCH,
} payment_act;

enum { PAYMENT_FACTS_MAX = 2 };

typedef enum payment_alarm { // what an operator should hear of
    PAYMENT_ALARM_NONE,
    PAYMENT_ALARM_PARKED,
    PAYMENT_ALARM_AMOUNT_MISMATCH,
    PAYMENT_ALARM_SECOND_CAPTURE,
    PAYMENT_ALARM_REFUND_GIVEN_UP,
    PAYMENT_ALARM_DIFFERENCE,
} payment_alarm;

typedef struct payment_effects {
    error_code refusal; // ERROR_NONE: accepted, also when nothing changed
    payment_id payment; // whom the facts and the act are about: the command's, or a stray
    uint32_t facts_count;
    payment_fact facts[PAYMENT_FACTS_MAX];
    payment_act act; // after the facts were applied
    payment_alarm alarm;
    bool wait;        // the asker of a START waits for the intent
    bool unreachable; // the provider's answer is unknown: payment_unreachable, then its time comes
    bool abandoned;   // payment_abandon
} payment_effects;

void payment_decide(const payments *self, const payment_command *c, payment_effects *ret_effects);
// Folds one fact. A transition that is not in the table of apply.c is a bug and aborts the process.
void payment_apply(payments *self, const payment_fact *f);
// Whether the table allows it; refund_rises: with a higher refund_number than before.
bool payment_may_become(payment_state from, payment_state to, bool refund_rises);

// Waiters are volatile.
typedef struct payment_waiter {
    payment_id payment;
    uuid command;
    char reply_to[SUBJECT_BYTES_MAX];
    uint32_t next;
} payment_waiter;

// Remembers who wants to hear of the intent; the same command again replaces its earlier asking.
// When the pool is full, or the payment has several, the oldest is forgotten: nobody waits so long.
void payment_wait(payments *self, const payment_id *payment, const uuid *command,
                  const char *reply_to);
// Takes one waiter of a payment out of the pool; false when there is none.
bool payment_waiter_take(payments *self, const payment_id *payment, payment_waiter *ret_waiter);

// Its seats were released: from now on it is cancelled rather than asked for.
void payment_abandon(payments *self, const payment_id *id);

// Times are volatile too.
typedef struct payment_todo {
    payment_act act;
    uint32_t refund_number;
    bool ask_first; // the provider may have forgotten the key by now
} payment_todo;

// What brings a payment on when nothing was heard of it until now_us.
payment_todo payment_nudge(const payment *p, int64_t now_us);
// A provider call's outcome is unknown: it is tried again after a doubling delay, spread by the id.
void payment_unreachable(payments *self, const payment_id *id, int64_t now_us);
int64_t payments_due_us(const payments *self); // INT64_MAX: never
// The next payment whose time has come, and what to do; its next time is set. NULL: none is due.
const payment *payment_due_take(payments *self, int64_t now_us, payment_todo *ret_todo);
bool payment_is_timed(const payments *self, const payment_id *id); // its time will come by itself
// The reconciler found this payment where it is, in memory or not. What brings it on, if it has
// been there for long enough and was not asked for just now: an open payment is asked for after a
// minute, then at least every four, because its callback may be lost; others as their patience
// says.
payment_todo payment_unstick(payments *self, const payment *row, int64_t now_us);

#endif
