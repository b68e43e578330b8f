// Intents and refunds as lines of the logbook, and back. A line has the whole record; the last one
// counts. Wants the books' mutex held.
#ifndef CAVEA_OPS_PROVIDER_RECORD_H
#define CAVEA_OPS_PROVIDER_RECORD_H

#include "ops/provider/books.h"

#include <jansson.h>

void record_intent(books *b, const intent *i);
void record_refund(books *b, const refund *r);
// kind "intent" or "refund"; false when the record makes no sense.
MUST_CHECK bool record_restore(books *b, const char *kind, const json_t *record);
// Once after all lines: what was still settling goes on.
void record_restored(books *b);
void record_all(books *b);

#endif
