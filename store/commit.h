// One journal as one transaction in one round trip: a pipeline of at most one statement for each
// table, up to the Sync. The first statement is the fence; the database decides in it whether this
// host still holds every actor of the tick. Row counts are checked inside the transaction: a wrong
// one divides by zero, which undoes all of it.
// Knows no lease and no actor beyond their columns. One thread; no allocation of its own.
#ifndef CAVEA_STORE_COMMIT_H
#define CAVEA_STORE_COMMIT_H

#include "store/connection.h"
#include "store/fold.h"

typedef enum commit_part { // in the order of the pipeline
    COMMIT_FENCE,
    COMMIT_RELEASES, // before claims: a seat goes from hand to hand in one tick
    COMMIT_RESERVATIONS,
    COMMIT_CLAIMS,
    COMMIT_CHANGES, // after reservations: one may be made and changed in one tick
    COMMIT_PAYMENTS,
    COMMIT_PAYMENT_CHANGES,
    COMMIT_TICKETS,
    COMMIT_STATUSES,
    COMMIT_POSTINGS,
    COMMIT_FACTS,
    COMMIT_PARTS_END
} commit_part;

enum {
    // The largest statement: a full table of payments, or of facts with the whole blob.
    COMMIT_PARAMS_BYTES_MAX = JOURNAL_BLOB_BYTES_MAX + JOURNAL_ROWS_MAX * 1024,
};

extern const statement commit_statements[COMMIT_PARTS_END];

// Writes the journal. STORE_OK: committed; *ret_now_us is the database's clock after the fence had
// its rows. STORE_FENCED: an epoch or a cursor is not the database's any more, nothing was written.
// STORE_REFUSED: a constraint or a row count said no, nothing was written. STORE_UNKNOWN: as in
// store.h; the connection may be lost. Every actor has at most one move, and who wrote anything has
// one.
MUST_CHECK store_result commit_run(connection *c, params *scratch, fold *f, const journal *j,
                                   int64_t *ret_now_us);

// Fills the parameters of one part; false when the journal has nothing for it.
MUST_CHECK bool commit_params(commit_part part, const journal *j, const fold *f, params *ret_p);

#endif
