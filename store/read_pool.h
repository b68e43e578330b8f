// The pool behind store/read.h, for the files that hold its statements. Any thread.
#ifndef CAVEA_STORE_READ_POOL_H
#define CAVEA_STORE_READ_POOL_H

#include "store/connection.h"
#include "store/read.h"

enum {
    READ_EVENT_STATEMENTS = 6,
    READ_ROW_STATEMENTS = 6,
    // The largest: READ_TICKETS_MAX ids, or the filters of a listing.
    READ_PARAMS_BYTES = 8192,
};
extern const statement read_event_statements[READ_EVENT_STATEMENTS];
extern const statement read_row_statements[READ_ROW_STATEMENTS];

// One statement on a borrowed connection.
MUST_CHECK store_result read_ask(read_pool *pool, const statement *s, const params *p,
                                 pipeline *ret);

#endif
