// The double entry of one fact of a payment. What each account holds for a payment follows from the
// payment alone (posting_balances); the lines of a fact are the difference between after and before
// it. So a path of any length and sequence through the states ends with the same balances, every
// transaction sums to zero, and nothing has to be remembered beside the payment.
// A price is split into the organizer's share, fees and tax by largest remainder: the parts are
// whole minor units, sum to the price exactly, and none is off by one unit or more.
// Knows no rows, actors or times. Pure; any thread. Amounts: minor units, debit positive.
#ifndef CAVEA_ACTORS_PAYMENT_POSTING_H
#define CAVEA_ACTORS_PAYMENT_POSTING_H

#include "actors/payment/payment.h"
#include "schemas/account.h"

// What the books need to know of a payment.
typedef struct posting_basis {
    payment_state state;
    int64_t captured_minor; // 0: no money moved yet
    int64_t kept_minor;     // by policy, of a cancelled reservation; the rest of it goes back
    uint32_t fee_bp, tax_bp;
} posting_basis;

typedef struct posting_line {
    posting_account account;
    int64_t amount_minor;
} posting_line;

typedef struct posting_split {
    int64_t organizer_minor, fees_minor, tax_minor;
} posting_split;

// fee_bp + tax_bp <= BASIS_POINTS, amount_minor >= 0. Of equal remainders the organizer's counts
// first, then the fees'.
posting_split posting_split_of(int64_t amount_minor, uint32_t fee_bp, uint32_t tax_bp);

// What each account holds for a payment, by posting_account; element 0 is unused.
void posting_balances(const posting_basis *b, int64_t ret_minor[static ACCOUNTS_END]);

// The lines that take the books from before to after, in the order of the accounts, none of zero;
// returns how many: 0 when no money moved, else at least 2.
uint32_t posting_lines(const posting_basis *before, const posting_basis *after,
                       posting_line ret_lines[static POSTING_LINES_MAX]);

#endif
