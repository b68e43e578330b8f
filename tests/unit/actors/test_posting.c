// The double entry of payments: shares by largest remainder, and every path through the states.
#include "actors/payment/posting.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

static void test_split__odd_amounts__largest_remainder_gets_the_unit(void **state)
{
    static const struct {
        int64_t amount;
        uint32_t fee_bp, tax_bp;
        int64_t organizer, fees, tax;
    } cases[] = {
        {0, 500, 1900, 0, 0, 0},
        {1, 0, 0, 1, 0, 0},
        {1, 500, 1900, 1, 0, 0},              // EUR 0.01
        {1, 5000, 5000, 0, 1, 0},             // equal remainders: fees before tax
        {1, 3000, 3000, 1, 0, 0},             //   organizer 0.4
        {3, 3333, 3333, 1, 1, 1},             // 1.0002, 0.9999, 0.9999
        {99, 250, 700, 90, 2, 7},             // 89.595, 2.475, 6.93
        {4500, 0, 0, 4500, 0, 0},             // an event without shares
        {4501, 250, 1900, 3533, 113, 855},    // 3533.285, 112.525, 855.19
        {3333, 333, 777, 2963, 111, 259},     // 2963.037, 110.9889, 258.9741
        {9800, 1000, 0, 8820, 980, 0},        // JPY 9,800: the unit is the yen
        {9801, 800, 1000, 8037, 784, 980},    // JPY: 8036.82, 784.08, 980.1
        {12345, 150, 1000, 10925, 185, 1235}, // BHD 12.345: 10925.325, 185.175, 1234.5
        {7, 9999, 1, 0, 7, 0},                // 0, 6.9993, 0.0007
        {7, 0, 10000, 0, 0, 7},               // all of it is tax
        {1000000000000001, 250, 1900, 785000000000001, 25000000000000, 190000000000000},
        {INT64_MAX, 3333, 3333, 3075072237087382254, 3074149899883696777, 3074149899883696776},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        posting_split s = posting_split_of(cases[i].amount, cases[i].fee_bp, cases[i].tax_bp);
        assert_int_equal(s.organizer_minor, cases[i].organizer);
        assert_int_equal(s.fees_minor, cases[i].fees);
        assert_int_equal(s.tax_minor, cases[i].tax);
    }
}

static void share_check(int64_t part, int64_t amount, uint32_t bp)
{
    int64_t off = part * BASIS_POINTS - amount * bp;
    assert_true(off > -BASIS_POINTS && off < BASIS_POINTS);
}

static void test_split__any_amount__sums_and_is_off_by_less_than_a_unit(void **state)
{
    uint64_t random = 0x9e3779b97f4a7c15u;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        int64_t amount = (int64_t)(random >> 33) % 1000003;
        uint32_t fee_bp = (uint32_t)(random >> 20) % 10001;
        uint32_t tax_bp = (uint32_t)(random >> 7) % (10001 - fee_bp);
        posting_split s = posting_split_of(amount, fee_bp, tax_bp);
        assert_int_equal(s.organizer_minor + s.fees_minor + s.tax_minor, amount);
        share_check(s.organizer_minor, amount, 10000 - fee_bp - tax_bp);
        share_check(s.fees_minor, amount, fee_bp);
        share_check(s.tax_minor, amount, tax_bp);
    }
}

// The books of one payment, written fact by fact.
typedef struct books {
    posting_basis now;
    int64_t minor[ACCOUNTS_END];
    uint32_t facts, refunds;
    uint64_t *paths;
} books;

static books books_after(books b, posting_basis next)
{
    posting_line lines[POSTING_LINES_MAX];
    int64_t sum = 0, must_be[ACCOUNTS_END];
    uint32_t count = posting_lines(&b.now, &next, lines);
    assert_true(count != 1);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(lines[i].amount_minor != 0);
        assert_true(i == 0 || lines[i].account > lines[i - 1].account);
        sum += lines[i].amount_minor;
        b.minor[lines[i].account] += lines[i].amount_minor;
    }
    assert_int_equal(sum, 0);
    posting_balances(&next, must_be);
    assert_memory_equal(b.minor + 1, must_be + 1, sizeof must_be - sizeof *must_be);
    b.now = next;
    b.facts++;
    return b;
}

static void end_check(const books *b)
{
    int64_t captured = b->now.captured_minor;
    int64_t refunded = b->now.state == PAYMENT_REFUNDED ? captured - b->now.kept_minor : 0;
    assert_int_equal(b->minor[ACCOUNT_UNDECIDED], 0);
    assert_int_equal(b->minor[ACCOUNT_REFUND_DUE], 0);
    assert_int_equal(b->minor[ACCOUNT_CLEARING], captured - refunded);
    assert_int_equal(b->minor[ACCOUNT_RETAINED], -b->now.kept_minor);
    ++*b->paths;
}

enum { CAPTURED = 4501, FACTS_MAX = 11 };

static void walk(const books *b);

static void step(const books *b, payment_state to, int64_t kept)
{
    posting_basis next = b->now;
    next.state = to;
    next.kept_minor = kept;
    next.captured_minor = to >= PAYMENT_CAPTURED ? CAPTURED : 0;
    if (to == PAYMENT_CONFIRMED) {
        next.fee_bp = 250;
        next.tax_bp = 1900;
    }
    books after = books_after(*b, next);
    after.refunds += to == PAYMENT_REFUND_FAILED;
    walk(&after);
}

// Every way on that the payment's own table allows; a refund attempt may have a successor twice.
static void walk(const books *b)
{
    if (b->now.state == PAYMENT_CONFIRMED || b->now.state == PAYMENT_REFUNDED)
        end_check(b);
    if (b->facts == FACTS_MAX)
        return;
    bool whole = b->now.state == PAYMENT_CONFIRMED && b->now.kept_minor == 0;
    for (payment_state to = PAYMENT_CREATED; to < PAYMENT_STATES_END; to++) {
        bool rises = to >= PAYMENT_REFUNDING && b->refunds < 2;
        if (!payment_may_become(b->now.state, to, rises))
            continue;
        if (b->now.state == PAYMENT_CONFIRMED && !whole)
            continue; // kept whole: nothing goes back
        step(b, to, b->now.kept_minor);
        if (whole && to >= PAYMENT_REFUND_DUE)
            step(b, to, CAPTURED / 2); // half of it by policy
    }
    if (whole)
        step(b, PAYMENT_CONFIRMED, CAPTURED); // given back too late
}

static void test_lines__every_path__ends_with_nothing_open(void **state)
{
    uint64_t paths = 0;
    books b = {.paths = &paths};
    (void)state;
    walk(&b);
    print_message("%llu ends of paths\n", (unsigned long long)paths);
    assert_true(paths > 10000);
}

static void test_lines__nothing_to_pay__no_posting(void **state)
{
    posting_line lines[POSTING_LINES_MAX];
    posting_basis before = {.state = PAYMENT_CREATED}, after = {.state = PAYMENT_CAPTURED};
    (void)state;
    assert_int_equal(posting_lines(&before, &after, lines), 0);
    before = after;
    after.state = PAYMENT_CONFIRMED;
    assert_int_equal(posting_lines(&before, &after, lines), 0);
}

static void test_lines__a_confirmed_payment_half_refunded__as_the_contract_says(void **state)
{
    posting_line lines[POSTING_LINES_MAX];
    posting_basis before = {PAYMENT_CONFIRMED, 4501, 0, 250, 1900};
    posting_basis after = {PAYMENT_REFUND_DUE, 4501, 2250, 250, 1900};
    static const posting_line expected[] = {{ACCOUNT_ORGANIZER, 3533},
                                            {ACCOUNT_FEES, 113},
                                            {ACCOUNT_TAX, 855},
                                            {ACCOUNT_RETAINED, -2250},
                                            {ACCOUNT_REFUND_DUE, -2251}};
    (void)state;
    assert_int_equal(posting_lines(&before, &after, lines), 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(lines[i].account, expected[i].account);
        assert_int_equal(lines[i].amount_minor, expected[i].amount_minor);
    }
    before = after;
    after.state = PAYMENT_REFUNDED;
    assert_int_equal(posting_lines(&before, &after, lines), 2);
    assert_int_equal(lines[0].account, ACCOUNT_CLEARING);
    assert_int_equal(lines[0].amount_minor, -2251);
    assert_int_equal(lines[1].account, ACCOUNT_REFUND_DUE);
    assert_int_equal(lines[1].amount_minor, 2251);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split__odd_amounts__largest_remainder_gets_the_unit),
        cmocka_unit_test(test_split__any_amount__sums_and_is_off_by_less_than_a_unit),
        cmocka_unit_test(test_lines__every_path__ends_with_nothing_open),
        cmocka_unit_test(test_lines__nothing_to_pay__no_posting),
        cmocka_unit_test(test_lines__a_confirmed_payment_half_refunded__as_the_contract_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
