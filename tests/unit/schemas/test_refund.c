// What goes back of a price, and when.
#include "schemas/refund.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)
#define STARTS_US (INT64_C(1800000000) * SECOND)

static const refund_policy usual = {2, {86400, 7200}, {100, 50}};

static uint32_t percent_before(const refund_policy *p, int64_t before_us)
{
    return refund_percent_at(p, STARTS_US, STARTS_US - before_us);
}

static void test_refund_percent__given_the_usual_policy_then_falls_on_the_microsecond(void **state)
{
    (void)state;
    assert_int_equal(percent_before(&usual, 40 * 86400 * SECOND), 100);
    assert_int_equal(percent_before(&usual, 86400 * SECOND), 100);
    assert_int_equal(percent_before(&usual, 86400 * SECOND - 1), 50);
    assert_int_equal(percent_before(&usual, 7200 * SECOND), 50);
    assert_int_equal(percent_before(&usual, 7200 * SECOND - 1), 0);
    assert_int_equal(percent_before(&usual, 0), 0);
    assert_int_equal(percent_before(&usual, -SECOND), 0);
}

static void test_refund_percent__given_other_policies_then_as_they_say(void **state)
{
    (void)state;
    static const refund_policy none = {0}, until_the_end = {1, {-3600}, {80}};
    static const refund_policy odd = {2, {60, 30}, {300, -5}};
    assert_int_equal(percent_before(&none, 40 * 86400 * SECOND), 0);
    assert_int_equal(percent_before(&until_the_end, -3600 * SECOND), 80);
    assert_int_equal(percent_before(&odd, 60 * SECOND), 100);
    assert_int_equal(percent_before(&odd, 30 * SECOND), 0);
}

static void test_refund_share__given_halves_then_rounds_in_the_buyers_favour(void **state)
{
    (void)state;
    assert_int_equal(refund_share_minor(2500, 50), 1250);
    assert_int_equal(refund_share_minor(2501, 50), 1251);
    assert_int_equal(refund_share_minor(1, 1), 1);
    assert_int_equal(refund_share_minor(1, 0), 0);
    assert_int_equal(refund_share_minor(0, 100), 0);
    assert_int_equal(refund_share_minor(999, 100), 999);
    assert_true(refund_share_minor(INT64_MAX, 100) == INT64_MAX);
    assert_true(refund_share_minor(INT64_MAX, 50) == INT64_MAX / 2 + 1);
}

static void test_refund_percent_of__given_a_share_then_gives_the_same_share(void **state)
{
    (void)state;
    static const int64_t totals[] = {0, 1, 7, 99, 100, 101, 2500, 12345, INT64_MAX};
    for (size_t i = 0; i < sizeof totals / sizeof *totals; i++)
        for (uint32_t percent = 0; percent <= 100; percent++) {
            int64_t share = refund_share_minor(totals[i], percent);
            uint32_t found = refund_percent_of(totals[i], share);
            assert_true(found <= percent);
            assert_true(refund_share_minor(totals[i], found) == share);
        }
    assert_int_equal(refund_percent_of(100, 500), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refund_percent__given_the_usual_policy_then_falls_on_the_microsecond),
        cmocka_unit_test(test_refund_percent__given_other_policies_then_as_they_say),
        cmocka_unit_test(test_refund_share__given_halves_then_rounds_in_the_buyers_favour),
        cmocka_unit_test(test_refund_percent_of__given_a_share_then_gives_the_same_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
