// What one tick wants to make durable: plain rows in flat arrays, filled by the actor kinds while
// they decide, written by store_commit as ONE transaction (store/commit.c), or applied to memory by
// the simulator. Knows no SQL and no libpq. Fixed capacity, allocated once by journal_new; a full
// journal ends the tick early (journal_has_room). One thread: the tick's.
// Times are microseconds since 1970 on the database's clock; money is in minor units.
#ifndef CAVEA_STORE_JOURNAL_H
#define CAVEA_STORE_JOURNAL_H

#include "schemas/account.h"
#include "schemas/id.h"
#include "schemas/limits.h"

// Moves one actor's cursor: the fence. Commits only while the epoch and the old cursor are still
// what the database has.
typedef struct lease_move {
    actor_id actor;
    int64_t epoch;
    int64_t old_incarnation, old_cursor;
    int64_t new_incarnation, new_cursor;
    int64_t last_seq; // the actor's last fact after this tick
    digest32 last_hash;
    int32_t claimed;                    // seats held or sold, event actors only
    uint32_t senders_at, senders_bytes; // into blob: the window of seen numbers, encoded
    int64_t published_incarnation, published_seq;
} lease_move;

typedef struct fact_row {
    actor_id actor;
    int64_t seq;
    uint16_t kind;
    int64_t at_us;
    uint32_t payload_at, payload_bytes; // into blob
    digest32 hash;
} fact_row;

typedef struct claim_row {
    event_id event;
    int32_t seat;
    reservation_id reservation;
} claim_row;

typedef struct reservation_row {
    event_id event;
    reservation_id id;
    buyer_id buyer;
    int16_t state;
    digest16 key_hash, body_hash;
    uint32_t seats_at, seats_count; // into seats and price_minor
    int64_t total_minor;
    int64_t created_us, expires_us;
} reservation_row;

// Changes a reservation that is in from_state; a row that is not found aborts the transaction.
typedef struct reservation_change {
    event_id event;
    reservation_id id;
    int16_t from_state, to_state;
    int64_t expires_us;
    payment_id payment;                   // zero: stays as it is
    digest16 checkout_key, checkout_body; // zero: stays as it is
    bool other_seats;                     // comes with checkout_key
    int16_t outcome;                      // payment_outcome; 0: stays as it is
    int64_t refund_minor;                 // 0: stays as it is
    uint32_t seats_at, seats_count;       // into seats; 0: they stay. Prices always stay.
} reservation_change;

// The whole row; a new one is inserted, of others the mutable columns are replaced when
// (refund_number, state), compared in this order, does not fall. All else is refused.
typedef struct payment_row {
    event_id event;
    payment_id id;
    reservation_id reservation;
    buyer_id buyer;
    int16_t state;
    int64_t amount_minor, captured_minor;
    int64_t refund_minor;   // asked for; 0: none yet
    int64_t refunded_minor; // arrived
    int64_t kept_minor;     // by policy
    int16_t fee_bp, tax_bp; // of a confirmed one
    char currency[4];
    char intent_id[72];
    char client_secret[160];
    char pay_url[256];
    char refund_id[72];
    int16_t refund_number; // the refund attempt, 0: none yet
    int64_t created_us, changed_us;
    bool is_new; // the payment had no row before; no column
} payment_row;

typedef struct ticket_row {
    event_id event;
    ticket_id id;
    reservation_id reservation;
    int32_t seat;
    int16_t state;
    char key_id[48];
    uint32_t jws_at, jws_bytes;         // into blob; empty when only the state changes
    uint32_t compact_at, compact_bytes; // into blob
    int64_t issued_us;
} ticket_row;

// One double entry: its lines sum to zero, which the table checks.
typedef struct posting_row {
    actor_id actor; // with seq: the payment actor's fact that says why
    int64_t seq;
    event_id event;
    payment_id payment;
    char currency[4];
    int64_t at_us;
    uint32_t lines_count;
    posting_account accounts[POSTING_LINES_MAX];
    int64_t amounts_minor[POSTING_LINES_MAX]; // debit positive
} posting_row;

typedef struct event_status_row {
    event_id event;
    int16_t status;
} event_status_row;

enum {
    JOURNAL_ACTORS_MAX = TICK_MESSAGES_MAX,
    JOURNAL_ROWS_MAX = 3 * TICK_COMMANDS_MAX, // of each table
    JOURNAL_SEATS_MAX = TICK_COMMANDS_MAX * SEATS_PER_RESERVATION_MAX,
    JOURNAL_BLOB_BYTES_MAX = 16 * 1024 * 1024,
};

typedef struct journal {
    lease_move *moves;
    fact_row *facts;
    claim_row *claims;   // insert; the primary key refuses a second owner
    claim_row *releases; // delete, guarded by the reservation: a missing row aborts
    reservation_row *reservations;
    reservation_change *changes;
    payment_row *payments;
    ticket_row *tickets;
    event_status_row *statuses;
    posting_row *postings;
    int32_t *seats;
    int64_t *price_minor;
    uint8_t *blob;
    uint32_t moves_count, facts_count, claims_count, releases_count, reservations_count;
    uint32_t changes_count, payments_count, tickets_count, statuses_count, postings_count;
    uint32_t seats_count, blob_bytes;
} journal;

// Allocates every array at its full capacity; NULL when memory is out.
MUST_CHECK journal *journal_new(void);
void journal_free(journal *j);
void journal_clear(journal *j); // keeps the memory
// Whether rows_max more rows of every table and bytes_max more blob bytes fit.
MUST_CHECK bool journal_has_room(const journal *j, uint32_t rows_max, uint32_t bytes_max);
// Copies bytes into the blob and returns their offset. The caller asked journal_has_room before.
uint32_t journal_blob(journal *j, const void *data, uint32_t data_bytes);

#endif
