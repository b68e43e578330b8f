// A journal as one SQL statement for each table can write it: a statement changes a row only once,
// but a tick may touch it several times (a reservation made and cancelled, a payment that went
// through two states). Folding keeps what is left at the end of the tick, and refuses a chain of
// changes that does not fit together. Pure memory, allocated once; one thread.
#ifndef CAVEA_STORE_FOLD_H
#define CAVEA_STORE_FOLD_H

#include "store/journal.h"

typedef struct fold_ticket {
    uint32_t row;  // the first of this ticket: its texts count
    int16_t state; // at the end: only a valid ticket changes its state
} fold_ticket;

typedef struct fold {
    // Rows of the journal's claims and releases, by index. A claim and a release of a seat by the
    // same reservation within the tick, in either order, are in neither.
    uint32_t *claims, *releases;
    uint32_t claims_count, releases_count;
    reservation_change *changes; // one for each reservation: from its first state to its last
    uint32_t changes_count;
    uint32_t *payments, *statuses; // the last row of each payment and event, by index
    uint32_t payments_count, statuses_count;
    uint32_t payments_new; // so many come first: their payments had no row before the tick
    fold_ticket *tickets;
    uint32_t tickets_count;
    struct fold_key *keys; // of the table being folded, in a hash table
    uint32_t keys_count;
    uint32_t *buckets;
    uint32_t buckets_mask;
} fold;

MUST_CHECK bool fold_init(fold *f); // false: memory is out
void fold_done(fold *f);
// False: two changes of one reservation contradict each other; nothing may be written.
MUST_CHECK bool fold_journal(fold *f, const journal *j);

#endif
