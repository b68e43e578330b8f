#include "actors/runtime/pace.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_pace__given_a_rate_then_lets_no_more_through(void **state)
{
    (void)state;
    pace p;
    uint32_t passed = 0;
    pace_init(&p, 100);
    for (int64_t now_us = 0; now_us < 10000000; now_us += 500)
        passed += pace_take(&p, now_us) == 0;
    assert_in_range(passed, 1000, 1011); // ten seconds and one burst
}

static void test_pace__given_a_wait_then_it_is_just_long_enough(void **state)
{
    (void)state;
    pace p;
    int64_t now_us = 1000000, wait_us;
    pace_init(&p, 10);
    while ((wait_us = pace_take(&p, now_us)) == 0)
        ;
    assert_int_not_equal(pace_take(&p, now_us + wait_us - 2), 0);
    assert_int_equal(pace_take(&p, now_us + wait_us), 0);
}

static void test_pace__given_no_rate_then_everything_passes(void **state)
{
    (void)state;
    pace p;
    pace_init(&p, 0);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(pace_take(&p, 5), 0);
}

static void test_pace__given_a_hold_then_nothing_passes_until_its_end(void **state)
{
    (void)state;
    pace p;
    for (int64_t rate = 0; rate <= 100; rate += 100) {
        pace_init(&p, rate);
        assert_int_equal(pace_take(&p, 1000000), 0);
        pace_hold(&p, 3000000);
        pace_hold(&p, 2000000); // another answer that left earlier
        assert_int_equal(pace_take(&p, 1000000), 2000000);
        assert_int_equal(pace_take(&p, 2999999), 1);
        assert_int_equal(pace_take(&p, 3000000), 0);
    }
}

static void test_breaker_state__given_its_life_then_says_where_it_is(void **state)
{
    (void)state;
    breaker b = {0};
    assert_int_equal(breaker_state_of(&b, 0), BREAKER_CLOSED);
    for (uint32_t i = 0; i < BREAKER_FAILURES; i++)
        (void)breaker_note(&b, false, 0);
    assert_int_equal(breaker_state_of(&b, 999999), BREAKER_OPEN);
    assert_int_equal(breaker_state_of(&b, 1000000), BREAKER_HALF_OPEN);
    assert_true(breaker_take(&b, 1000000));
    assert_int_equal(breaker_state_of(&b, 1000001), BREAKER_HALF_OPEN);
    assert_true(breaker_note(&b, true, 1000002));
    assert_int_equal(breaker_state_of(&b, 1000002), BREAKER_CLOSED);
}

static void fail_until_open(breaker *b, int64_t now_us)
{
    for (uint32_t i = 0; i < BREAKER_FAILURES; i++) {
        assert_true(breaker_take(b, now_us));
        assert_int_equal(breaker_note(b, false, now_us), i == BREAKER_FAILURES - 1);
    }
}

static void test_breaker__given_failures_in_a_row_then_opens_and_probes(void **state)
{
    (void)state;
    breaker b = {0};
    fail_until_open(&b, 0);
    assert_false(breaker_take(&b, 999999));
    assert_true(breaker_take(&b, 1000000));  // the probe
    assert_false(breaker_take(&b, 1000000)); // one at a time
    assert_false(breaker_note(&b, false, 1000000));
    assert_false(breaker_passes(&b, 2999999)); // twice as long
    assert_true(breaker_take(&b, 3000000));
    assert_true(breaker_note(&b, true, 3000000)); // closed
    assert_true(breaker_take(&b, 3000000));
    assert_true(breaker_take(&b, 3000000));
    fail_until_open(&b, 4000000);
    assert_true(breaker_passes(&b, 5000000)); // from the start again
}

static void test_breaker__given_late_failures_then_stays_open_no_longer(void **state)
{
    (void)state;
    breaker b = {0};
    fail_until_open(&b, 0);
    for (uint32_t i = 0; i < 50; i++) // calls that were under way
        assert_false(breaker_note(&b, false, 500000));
    assert_true(breaker_take(&b, 1000000));
}

static void test_breaker__given_long_trouble_then_probes_every_half_minute(void **state)
{
    (void)state;
    breaker b = {0};
    int64_t now_us = 0;
    fail_until_open(&b, now_us);
    for (uint32_t i = 0; i < 20; i++) {
        now_us += INT64_C(1000) * BREAKER_OPEN_LONGEST_MS;
        assert_true(breaker_take(&b, now_us));
        breaker_note(&b, false, now_us);
    }
    assert_false(breaker_passes(&b, now_us + INT64_C(1000) * (BREAKER_OPEN_LONGEST_MS - 1)));
}

static void test_breaker__given_a_success_between_then_stays_closed(void **state)
{
    (void)state;
    breaker b = {0};
    for (uint32_t i = 0; i < 10 * BREAKER_FAILURES; i++) {
        assert_true(breaker_take(&b, 0));
        assert_false(breaker_note(&b, i % BREAKER_FAILURES == 0, 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pace__given_a_rate_then_lets_no_more_through),
        cmocka_unit_test(test_pace__given_a_wait_then_it_is_just_long_enough),
        cmocka_unit_test(test_pace__given_a_hold_then_nothing_passes_until_its_end),
        cmocka_unit_test(test_breaker_state__given_its_life_then_says_where_it_is),
        cmocka_unit_test(test_pace__given_no_rate_then_everything_passes),
        cmocka_unit_test(test_breaker__given_failures_in_a_row_then_opens_and_probes),
        cmocka_unit_test(test_breaker__given_late_failures_then_stays_open_no_longer),
        cmocka_unit_test(test_breaker__given_long_trouble_then_probes_every_half_minute),
        cmocka_unit_test(test_breaker__given_a_success_between_then_stays_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
