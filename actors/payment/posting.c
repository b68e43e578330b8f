#include "actors/payment/posting.h"

#include <assert.h>

typedef struct share {
    int64_t minor;
    uint32_t remainder; // of BASIS_POINTS
} share;

// Whole units and what is left, without a product that could overflow.
static share share_of(int64_t amount_minor, uint32_t bp)
{
    int64_t rest = amount_minor % BASIS_POINTS * bp;
    return (share){amount_minor / BASIS_POINTS * bp + rest / BASIS_POINTS,
                   (uint32_t)(rest % BASIS_POINTS)};
}

posting_split posting_split_of(int64_t amount_minor, uint32_t fee_bp, uint32_t tax_bp)
{
    assert(amount_minor >= 0 && fee_bp <= BASIS_POINTS && tax_bp <= BASIS_POINTS - fee_bp);
    share shares[] = {
        share_of(amount_minor, BASIS_POINTS - fee_bp - tax_bp),
        share_of(amount_minor, fee_bp),
        share_of(amount_minor, tax_bp),
    };
    int64_t left = amount_minor - shares[0].minor - shares[1].minor - shares[2].minor;
    for (; left > 0; left--) {
        share *largest = &shares[0];
        for (uint32_t i = 1; i < 3; i++)
            if (shares[i].remainder > largest->remainder)
                largest = &shares[i];
        largest->minor++;
        largest->remainder = 0;
    }
    return (posting_split){shares[0].minor, shares[1].minor, shares[2].minor};
}

static void sold(const posting_basis *b, int64_t ret_minor[static ACCOUNTS_END])
{
    posting_split s = posting_split_of(b->captured_minor, b->fee_bp, b->tax_bp);
    ret_minor[ACCOUNT_ORGANIZER] = -s.organizer_minor;
    ret_minor[ACCOUNT_FEES] = -s.fees_minor;
    ret_minor[ACCOUNT_TAX] = -s.tax_minor;
}

void posting_balances(const posting_basis *b, int64_t ret_minor[static ACCOUNTS_END])
{
    int64_t back = b->captured_minor - b->kept_minor;
    assert(b->captured_minor >= 0 && b->kept_minor >= 0 && back >= 0);
    memset(ret_minor, 0, ACCOUNTS_END * sizeof *ret_minor);
    switch (b->state) {
    case PAYMENT_NONE:
    case PAYMENT_CREATED:
    case PAYMENT_OPEN:
    case PAYMENT_PROCESSING:
    case PAYMENT_DECLINED:
    case PAYMENT_CANCELLED:
    case PAYMENT_STATES_END:
        return;
    case PAYMENT_CAPTURED:
        ret_minor[ACCOUNT_UNDECIDED] = -b->captured_minor;
        break;
    case PAYMENT_CONFIRMED:
        // Given back too late for any refund: all of it is kept and none of it is a sale.
        if (b->kept_minor > 0)
            ret_minor[ACCOUNT_RETAINED] = -b->captured_minor;
        else
            sold(b, ret_minor);
        break;
    case PAYMENT_REFUND_DUE:
    case PAYMENT_REFUNDING:
    case PAYMENT_REFUND_FAILED:
        ret_minor[ACCOUNT_REFUND_DUE] = -back;
        ret_minor[ACCOUNT_RETAINED] = -b->kept_minor;
        break;
    case PAYMENT_REFUNDED:
        ret_minor[ACCOUNT_RETAINED] = -b->kept_minor;
        break;
    }
    for (posting_account a = ACCOUNT_UNDECIDED; a < ACCOUNTS_END; a++)
        ret_minor[ACCOUNT_CLEARING] -= ret_minor[a];
}

uint32_t posting_lines(const posting_basis *before, const posting_basis *after,
                       posting_line ret_lines[static POSTING_LINES_MAX])
{
    int64_t old[ACCOUNTS_END], new[ACCOUNTS_END];
    uint32_t count = 0;
    posting_balances(before, old);
    posting_balances(after, new);
    for (posting_account a = ACCOUNT_CLEARING; a < ACCOUNTS_END; a++)
        if (new[a] != old[a])
            ret_lines[count++] = (posting_line){a, new[a] - old[a]};
    return count;
}
