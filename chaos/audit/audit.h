// The judge: every invariant of cavea, checked on the evidence of a run. A breach is a sentence
// with the ids that a person needs; beside it stands how many things were looked at, so that a
// check that had nothing to check is seen. Reads evidence and nothing else. One thread.
#ifndef CAVEA_CHAOS_AUDIT_AUDIT_H
#define CAVEA_CHAOS_AUDIT_AUDIT_H

#include "chaos/audit/evidence.h"

#include <stdio.h>

enum { INVARIANTS = 10, BREACHES_SHOWN = 8, BREACH_BYTES = 320 };

typedef struct verdict {
    uint64_t looked[INVARIANTS + 1]; // by the invariant's number, from 1
    uint64_t breaches[INVARIANTS + 1];
    char shown[INVARIANTS + 1][BREACHES_SHOWN][BREACH_BYTES];
    int64_t latest_release_us; // the longest that a hold outlived its deadline
    uint64_t undecided;        // histories of a seat with too many concurrent holds
    uint64_t tickets_repeated; // facts of tickets that were issued before
    uint64_t acknowledged;     // reservations that a buyer was told of
} verdict;

typedef struct audit_limits {
    int64_t release_us;    // a hold may outlive its deadline by so much: 1 s, more over a fault
    int64_t clock_us;      // by so much clocks of one machine, read one after the other, differ
    bool may_be_undecided; // the run was not waited for: money may be on its way
} audit_limits;

void audit_run(const evidence *e, const audit_limits *limits, verdict *ret_verdict);
uint64_t verdict_breaches(const verdict *v);
void verdict_print(const verdict *v, const evidence *e, FILE *out);
void verdict_json(const verdict *v, const evidence *e, FILE *out);

// The parts of audit_run.
void check_owners(const evidence *e, verdict *v);                            // 1, by rows
void check_held(const evidence *e, const audit_limits *limits, verdict *v);  // 8, by rows
void check_sold(const evidence *e, verdict *v);                              // 9 and 10
void check_money(const evidence *e, const audit_limits *limits, verdict *v); // 4
void check_leases(const evidence *e, verdict *v);                            // 5 and 6
void check_facts(const evidence *e, const audit_limits *limits,
                 verdict *v); // 1, 5, 6, 7, 8, and the order
void check_told(const evidence *e, const audit_limits *limits, verdict *v);  // 2 and 3
void check_seats(const evidence *e, const audit_limits *limits, verdict *v); // 1, by journals

__attribute__((format(printf, 3, 4))) void breach(verdict *v, int invariant, const char *format,
                                                  ...);

typedef struct id_text {
    char text[UUID_TEXT_BYTES];
} id_text;
id_text text_of(const uuid *id);

// One seat's acknowledged holds, as a scheduling problem: each takes effect at some moment from
// `from` to `until`, keeps the seat at least until `free`, and no two may have it at once. This is
// linearizability of a register that is taken and given back (Wing and Gong, 1993; the search
// remembers what it tried, as in Lowe's and Porcupine's checkers).
typedef struct seat_hold {
    int64_t from_us, until_us, free_us;
    uuid reservation;
} seat_hold;
typedef enum seat_verdict { SEAT_LINEAR, SEAT_BROKEN, SEAT_UNDECIDED } seat_verdict;
// Holds are sorted by from_us. ret_at is the hold at which no order was left.
seat_verdict seat_holds_check(const seat_hold *holds, size_t count, size_t *ret_at);

#endif
