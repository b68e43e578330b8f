// A payment's fact as a row of the double-entry books, in the same journal and so in the same
// transaction. One thread: the tick's.
#ifndef CAVEA_ACTORS_RUNTIME_PAYMENT_POSTING_H
#define CAVEA_ACTORS_RUNTIME_PAYMENT_POSTING_H

#include "actors/payment/payment.h"
#include "actors/runtime/kind.h"

// Right behind the fact that turned before (all zero: there was none) into after. Writes nothing
// when no money moved.
void payment_post(const payment *before, const payment *after, turn *t);

#endif
