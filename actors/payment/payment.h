// The payments of one partition: what the provider says of each, what the event actor decided, and
// what is to be asked of the provider next. decide reads and lists facts; apply folds one fact and
// cannot fail. Reports may come in any order and any number of times: a payment only ever rises in
// (refund_number, state), so their sum is the same. Money that was captured is never dropped: it is
// offered to the event actor, or it goes back.
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
    PAYMENT_EMAIL_BYTES = EMAIL_BYTES_MAX + 2,

    PAYMENTS_MAX = 32768,          // of one partition in memory
    PAYMENT_WAITERS_MAX = 4096,    // of one partition
    PAYMENT_ASKED_MAX = 8192,      // of one partition, found by the reconciler
    PAYMENT_REFUND_TRIES_MAX = 16, // after that a person has to look
    // A payment older than this has no living reservation: holds last 30 minutes and are extended
    // at most once by as much.
    PAYMENT_ABANDONED_SECONDS = 2 * HOLD_SECONDS_MAX,
    // Providers forget idempotency keys after 24 h.
    PAYMENT_KEY_SECONDS = 20 * 3600,
};
_Static_assert(PAYMENTS_MAX >= 4 * TICK_COMMANDS_MAX,
               "rows provided for a tick are still there when its commands are handled");

typedef struct payment {
    payment_id id;
    event_id event;
    reservation_id reservation;
    buyer_id buyer;
    payment_state state;
    int64_t amount_minor; // asked for
    int64_t captured_minor, refunded_minor;
    char currency[4];
    char intent_id[PAYMENT_INTENT_BYTES];
    char client_secret[PAYMENT_SECRET_BYTES];
    char pay_url[PAYMENT_URL_BYTES];
    char refund_id[PAYMENT_INTENT_BYTES];
    uint32_t refund_number; // the attempt under way; 0: none yet
    int64_t created_us, changed_us;
    // Volatile: for the provider's receipt, forgotten as soon as the intent exists.
    char email[PAYMENT_EMAIL_BYTES];
    uint32_t tries;   // how often time ran out since the last change
    uint32_t waiters; // first of the list, in the pool of waiters
} payment;

typedef struct payments payments;

payments *payments_new(void); // NULL when memory is out
void payments_free(payments *self);
uint32_t payments_count(const payments *self);
// NULL when it is not in memory. Valid until the next apply or provide.
const payment *payment_find(const payments *self, const payment_id *id);
// A row from the store, its volatile fields zero. What is known already is kept as it is.
void payment_provide(payments *self, const payment *row);
// The intent exists and the buyer can be sent to it; or there is nothing to pay.
bool payment_answerable(const payment *p);

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
    bool confirmed;        // DECIDED
    payment_report report; // REPORT
} payment_command;

// Table fact's kind of a payment actor: the payment's new state (1 to 11; the same state again when
// only an id became known), or one of these.
typedef enum payment_fact_kind {
    PAYMENT_FACT_MESSAGE_REJECTED = 16, // the same number for every kind of actor
    PAYMENT_FACT_PARKED = 17, // captured money that belongs to no payment we know: for a person
} payment_fact_kind;

typedef struct payment_fact {
    payment_state state; // PAYMENT_NONE: parked
    int64_t at_us;
    payment_id payment;
    reservation_id reservation;
    event_id event;
    buyer_id buyer;
    int64_t amount_minor; // asked for; from captured on what was captured, in this currency
    char currency[4];
    error_code reason; // why the money goes back, or was parked
    uint32_t refund_number;
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
    PAYMENT_ACT_REFUND_CREATE,
    PAYMENT_ACT_REFUND_FETCH,
} payment_act;

enum { PAYMENT_FACTS_MAX = 2 };

typedef struct payment_effects {
    error_code refusal; // ERROR_NONE: accepted, also when nothing changed
    uint32_t facts_count;
    payment_fact facts[PAYMENT_FACTS_MAX];
    payment_act act;  // after the facts were applied
    bool wait;        // the asker of a START waits for the intent
    bool unreachable; // the provider's answer is unknown: payment_unreachable, then its time comes
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
                  const char *reply_to, const char *email);
// Takes one waiter of a payment out of the pool; false when there is none.
bool payment_waiter_take(payments *self, const payment_id *payment, payment_waiter *ret_waiter);

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
