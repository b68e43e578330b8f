// The seats of one event as its facts tell them, one after the other: an own, simple reading, not
// the actor's, so that a mistake there is not repeated here. One thread.
#ifndef CAVEA_CHAOS_AUDIT_FOLD_H
#define CAVEA_CHAOS_AUDIT_FOLD_H

#include "actors/event/event.h"
#include "chaos/audit/audit.h"

typedef struct fold fold;

// A reservation by the facts.
typedef struct told {
    uuid id;
    reservation_state state;
    bool other_seats; // its buyer ticked that others will do
    int64_t held_seq, held_us, ended_seq, ended_us, expires_us;
    int64_t expired_seq; // of the fact that ended it at its deadline; 0: none did
    seat_list seats;
} told;

// For how long a reservation had a seat; until_us is INT64_MAX while it has it.
typedef struct tenure {
    uuid reservation;
    uint32_t seat;
    reservation_state ended; // as what it gave the seat back
    int64_t from_us, until_us;
} tenure;

fold *fold_new(const event_row *event, size_t facts_max); // NULL: out of memory
void fold_free(fold *f);
void fold_fact(fold *f, const event_fact *fact, int64_t seq, int64_t at_us,
               const audit_limits *limits, verdict *v);
// What is told so far; borrowed until the next fact.
const told *fold_told(const fold *f, size_t *ret_count); // in the order of their holds
const told *fold_find(const fold *f, const uuid *reservation);
const tenure *fold_tenures(const fold *f, size_t *ret_count); // in the order of their beginning
seat_state fold_seat(const fold *f, uint32_t seat);
// After the last fact: the reservations' rows and the claims say the same.
void fold_rows_check(fold *f, const evidence *e, verdict *v);

// What the buyers saw fits this sequence (check_order.c): who was answered before another asked
// comes before it, and no decision comes after its answer. With the facts as the witness of one
// sequence this decides linearizability of the whole event.
void fold_order_check(const fold *f, const evidence *e, const audit_limits *limits, verdict *v);
// Holds end at their deadline, neither before nor long after, by the clock of the database on which
// the leases were looked at during the run, not by that of who decided (check_release.c).
void fold_release_check(const fold *f, const evidence *e, const event_row *event,
                        const audit_limits *limits, verdict *v);
// Whoever was refused seats was refused them while somebody had them (check_refused.c).
void fold_refusals_check(const fold *f, const evidence *e, const event_row *event,
                         const audit_limits *limits, verdict *v);

#endif
