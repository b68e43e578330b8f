// The seats of one event as its facts tell them, one after the other: an own, simple reading, not
// the actor's, so that a mistake there is not repeated here. One thread.
#ifndef CAVEA_CHAOS_AUDIT_FOLD_H
#define CAVEA_CHAOS_AUDIT_FOLD_H

#include "actors/event/event.h"
#include "chaos/audit/audit.h"

typedef struct fold fold;

fold *fold_new(const event_row *event, size_t facts_max); // NULL: out of memory
void fold_free(fold *f);
void fold_fact(fold *f, const event_fact *fact, int64_t seq, int64_t at_us,
               const audit_limits *limits, verdict *v);
// After the last fact: the reservations' rows and the claims say the same.
void fold_rows_check(fold *f, const evidence *e, verdict *v);
// What the buyers saw fits this sequence: who was answered before another asked comes before it,
// and no decision comes after its answer. With the facts as the witness of one sequence
// this decides linearizability of the whole event.
void fold_order_check(const fold *f, const evidence *e, const audit_limits *limits, verdict *v);

#endif
