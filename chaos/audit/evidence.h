// What a run leaves behind, read from one folder of text files (chaos/lib/evidence.sh): the rows
// of PostgreSQL as of one moment, the provider's books, the leases as they were seen during the
// run, and what the buyers' journals say. All of it is plain memory, sorted by id. Judges nothing.
// One thread. Times: microseconds since 1970 on the database's clock, those of the journals turned
// into it; money in minor units.
#ifndef CAVEA_CHAOS_AUDIT_EVIDENCE_H
#define CAVEA_CHAOS_AUDIT_EVIDENCE_H

#include "chaos/audit/table.h"
#include "schemas/limits.h"
#include "schemas/plan.h"

enum { EVIDENCE_INTENT_BYTES = 72 };

typedef struct seat_list {
    uint32_t count, seat[SEATS_PER_RESERVATION_MAX];
} seat_list;

typedef struct event_row {
    uuid id;
    uint32_t tag;
    char currency[4];
    plan *plan;
} event_row;

typedef struct reservation_row {
    uuid event, id, buyer, payment;
    int64_t state, total_minor, created_us, expires_us, outcome, refund_minor;
    digest16 key_hash;
    seat_list seats;
} reservation_row;

typedef struct claim_row {
    uuid event, reservation;
    int64_t seat;
} claim_row;

typedef struct payment_row {
    uuid event, id, reservation, buyer;
    int64_t state, amount_minor, captured_minor, refund_minor, refunded_minor, kept_minor;
    char currency[4], intent[EVIDENCE_INTENT_BYTES], refund[EVIDENCE_INTENT_BYTES];
} payment_row;

typedef struct ticket_row {
    uuid event, id, reservation;
    int64_t seat, state;
} ticket_row;

typedef struct posting_row {
    uuid event, payment;
    char currency[4];
    int64_t sum_minor, clearing_minor; // of all lines; of the provider's account
} posting_row;

typedef struct fact_row {
    uuid actor;
    int64_t seq, at_us, kind;
    uint8_t *payload;
    size_t payload_bytes;
    digest32 hash;
} fact_row;

typedef struct lease_row {
    uuid actor, holder;
    int64_t at_us; // of a sample
    int64_t kind, epoch, incarnation, cursor, last_seq;
    digest32 last_hash;
} lease_row;

typedef struct provider_row {
    char intent[EVIDENCE_INTENT_BYTES], currency[4];
    uuid payment;
    int64_t captured_minor, refunded_minor;
} provider_row;

typedef enum operation_kind {
    OPERATION_RESERVE,
    OPERATION_RELEASE,
    OPERATION_CHECKOUT,
    OPERATION_PAY,
    OPERATION_READ,
    OPERATION_TICKETS,
    OPERATION_CANCEL,
    OPERATION_KINDS_END // others are of no interest
} operation_kind;

// One thing that a buyer wanted, over all its attempts. Texts are borrowed from the journal.
typedef struct operation {
    operation_kind kind;
    uint32_t journal;
    uint64_t number, order; // order: in which it was read
    uuid buyer;
    const char *subject, *key, *seats;
    int64_t first_us;    // before its first attempt was sent
    int64_t answered_us; // when its first success was there; 0: it had none
    int64_t last_us;     // of its last success
    const char *result;  // id in that answer
    const char *detail;  // of its last success
    bool contradicted;   // two successes named different things
} operation;

typedef struct evidence {
    event_row *events;
    reservation_row *reservations; // by id
    claim_row *claims;             // by event and seat
    payment_row *payments;         // by id
    ticket_row *tickets;           // by id
    posting_row *postings;
    fact_row *facts;        // by actor and seq
    lease_row *leases;      // by actor
    lease_row *samples;     // by actor and time
    provider_row *provider; // by intent
    operation *operations;  // by journal and number
    size_t events_count, reservations_count, claims_count, payments_count, tickets_count;
    size_t postings_count, facts_count, leases_count, samples_count, provider_count;
    size_t operations_count, requests_count, answers_count;
    int64_t moment_us; // of the rows
    table tables[16];
    size_t tables_count;
    char problem[TABLE_PROBLEM_BYTES];
} evidence;

// False with a sentence in problem. evidence_done is due in both cases.
MUST_CHECK bool evidence_read(const char *folder, evidence *ret_evidence);
void evidence_done(evidence *e);

// NULL: there is none.
const event_row *evidence_event(const evidence *e, const uuid *id);
const reservation_row *evidence_reservation(const evidence *e, const uuid *id);
const payment_row *evidence_payment(const evidence *e, const uuid *id);
const ticket_row *evidence_ticket(const evidence *e, const uuid *id);
const provider_row *evidence_intent(const evidence *e, const char *intent);

// Part of evidence_read: a journal's lines become operations.
MUST_CHECK bool evidence_journal_read(evidence *e, const char *path);

// The value of `name=` in an answer's detail, without what follows; false when it has none.
MUST_CHECK bool detail_find(const char *detail, const char *name, char *ret_value, size_t room);
// The number behind `name=`, 0 when there is none.
int64_t detail_number(const char *detail, const char *name);
// A time as the API writes it; 0 when it is none.
int64_t time_read(const char *text);
// Seat ids with commas as indexes of the plan; false when the plan lacks one.
MUST_CHECK bool seats_read(const plan *p, const char *text, seat_list *ret_seats);

#endif
