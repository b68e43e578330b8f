// Compares the provider's books with ours, line by line and both ways. The lines are brought into a
// temporary table of the session, so that the database does the comparing, whatever their number.
// Knows no file. Threads: those of the connection.
#ifndef CAVEA_STORE_RECONCILE_H
#define CAVEA_STORE_RECONCILE_H

#include "store/catalog_write.h"

enum {
    RECONCILE_TEXT_BYTES = 128, // of a line's texts, with their NUL
    RECONCILE_LINES_MAX = 1000, // of one call of reconcile_add
    RECONCILE_SHOWN_MAX = 1000, // differences that are listed; all are counted
};

typedef struct reconcile_line { // one payment intent of the provider
    char intent_id[RECONCILE_TEXT_BYTES];
    char payment_id[RECONCILE_TEXT_BYTES]; // as it stands there; "": none
    char currency[4];                      // upper case
    int64_t captured_minor, refunded_minor;
    int64_t number; // of the line in its file
} reconcile_line;

// Begins with no lines, in this session.
store_result reconcile_begin(connection *c, char ret_problem[static CATALOG_PROBLEM_BYTES]);
// STORE_REFUSED: an intent stands in two lines.
store_result reconcile_add(connection *c, const reconcile_line *lines, uint32_t count,
                           char ret_problem[static CATALOG_PROBLEM_BYTES]);
// The outcome as JSON text on the heap, the caller's: {lines, payments, differences, list:[{intent,
// payment, difference, ours, theirs, currency, event, changed_at}]}. Our payments that were made
// before since_us or at until_us or later are not missed there; 0: no bound.
store_result reconcile_end(connection *c, int64_t since_us, int64_t until_us, char **ret_json,
                           char ret_problem[static CATALOG_PROBLEM_BYTES]);

#endif
