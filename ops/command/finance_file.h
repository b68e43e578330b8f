// The provider's export as a file: one line for each payment intent, columns by the names in its
// first line (intent_id or id, payment_id, currency, captured_minor, refunded_minor; others are
// ignored). One thread.
#ifndef CAVEA_OPS_COMMAND_FINANCE_FILE_H
#define CAVEA_OPS_COMMAND_FINANCE_FILE_H

#include "ops/command/csv.h"
#include "store/reconcile.h"

enum { FINANCE_FILE_PROBLEM_BYTES = 256 };

typedef struct finance_file {
    csv csv;
    int intent, payment, currency, captured, refunded; // columns; payment may be -1
} finance_file;

// Reads the first line. False with one sentence. The file stays the caller's.
MUST_CHECK bool finance_file_init(finance_file *f, FILE *file,
                                  char ret_problem[static FINANCE_FILE_PROBLEM_BYTES]);
// Up to lines_max further lines, *ret_count 0 at the end. False with one sentence.
MUST_CHECK bool finance_file_read(finance_file *f, reconcile_line *ret_lines, uint32_t lines_max,
                                  uint32_t *ret_count,
                                  char ret_problem[static FINANCE_FILE_PROBLEM_BYTES]);

#endif
