// The accounts of the double-entry books and the shape of one transaction. Numbers are for ever:
// they are stored (table posting). Amounts are minor units of the transaction's currency, debit
// positive, so that the lines of every transaction sum to zero. Pure; any thread.
#ifndef CAVEA_SCHEMAS_ACCOUNT_H
#define CAVEA_SCHEMAS_ACCOUNT_H

#include <stdint.h>

typedef enum posting_account {
    ACCOUNT_CLEARING = 1,  // money at the provider
    ACCOUNT_UNDECIDED = 2, // captured, not decided on
    ACCOUNT_ORGANIZER = 3,
    ACCOUNT_FEES = 4,
    ACCOUNT_TAX = 5,
    ACCOUNT_RETAINED = 6,   // of cancelled reservations, kept by policy
    ACCOUNT_REFUND_DUE = 7, // decided, not arrived
    ACCOUNTS_END
} posting_account;

enum {
    POSTING_LINES_MAX = ACCOUNTS_END - 1,
    BASIS_POINTS = 10000, // of the whole
};

#endif
