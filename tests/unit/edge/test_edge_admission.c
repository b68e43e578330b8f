#include "edge/admission.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MAX = 80, FLOOR = MAX / ADMISSION_FLOOR_SHARE, INTERVAL_US = ADMISSION_INTERVAL_MS * 1000 };
#define WAIT_US INT64_C(50000)

static uint32_t enter_all(admission *a, int64_t now_us)
{
    uint32_t entered = 0;
    while (admission_enter(a, now_us))
        entered++;
    return entered;
}

static void leave_many(admission *a, uint32_t count, int64_t took_us, int64_t now_us)
{
    for (uint32_t i = 0; i < count; i++)
        admission_leave(a, true, now_us - took_us, now_us);
}

// An interval in which so many were finished, each after so long; nobody is inside at its end.
static int64_t interval(admission *a, uint32_t count, int64_t took_us, int64_t now_us)
{
    for (uint32_t i = 0; i < count; i++) {
        while (!admission_enter(a, now_us))
            leave_many(a, 1, took_us, now_us);
    }
    leave_many(a, a->waiting, took_us, now_us + INTERVAL_US - 1);
    return now_us + INTERVAL_US;
}

static void test_admission__given_a_burst_then_lets_in_up_to_the_bound(void **state)
{
    (void)state;
    admission a;
    admission_init(&a, MAX, WAIT_US, 0);
    assert_int_equal(enter_all(&a, 10), MAX);
    assert_false(admission_enter(&a, 20));
    admission_leave(&a, true, 10, 30);
    assert_true(admission_enter(&a, 40));
}

static void test_admission__given_a_standing_queue_then_as_many_as_finish_in_time(void **state)
{
    (void)state;
    admission a;
    admission_init(&a, MAX, WAIT_US, 0);
    int64_t now_us = interval(&a, 60, 2 * WAIT_US, 0); // 60 in 100 ms: 30 in 50 ms
    now_us = interval(&a, 60, 2 * WAIT_US, now_us);
    assert_int_equal(enter_all(&a, now_us), 30);
}

static void test_admission__given_one_slow_interval_then_it_is_a_hiccup(void **state)
{
    (void)state;
    admission a;
    admission_init(&a, MAX, WAIT_US, 0);
    int64_t now_us = 0;
    for (int i = 0; i < 5; i++) {
        now_us = interval(&a, 10, 2 * WAIT_US, now_us);
        now_us = interval(&a, 10, WAIT_US, now_us);
    }
    assert_int_equal(enter_all(&a, now_us), MAX);
}

static void test_admission__given_one_that_was_quick_then_the_queue_does_not_stand(void **state)
{
    (void)state;
    admission a;
    admission_init(&a, MAX, WAIT_US, 0);
    assert_int_equal(enter_all(&a, 0), MAX);
    leave_many(&a, 1, 1000, 1000);
    leave_many(&a, MAX - 1, 2 * WAIT_US, INTERVAL_US - 1);
    assert_int_equal(enter_all(&a, INTERVAL_US), MAX);
}

static void test_admission__given_requests_that_did_not_wait_then_they_tell_nothing(void **state)
{
    (void)state;
    admission a;
    admission_init(&a, MAX, WAIT_US, 0);
    int64_t now_us = interval(&a, 60, 2 * WAIT_US, 0);
    assert_int_equal(enter_all(&a, now_us), MAX);
    for (int i = 0; i < 20; i++)
        admission_leave(&a, false, now_us, now_us); // malformed
    now_us += INTERVAL_US;
    leave_many(&a, MAX - 20, 2 * WAIT_US, now_us - 1);
    assert_int_equal(enter_all(&a, now_us), (MAX - 20) / 2);
}

static void test_admission__given_nothing_finishes_then_the_bounds_hold(void **state)
{
    (void)state;
    admission a;
    admission_init(&a, MAX, WAIT_US, 0);
    assert_int_equal(enter_all(&a, 0), MAX);
    assert_false(admission_enter(&a, 8 * INTERVAL_US));
    leave_many(&a, 1, 9 * INTERVAL_US, 9 * INTERVAL_US + 1);
    leave_many(&a, 9, 10 * INTERVAL_US, 10 * INTERVAL_US + 1); // these gave up
    leave_many(&a, 1, 11 * INTERVAL_US, 11 * INTERVAL_US + 1);
    assert_int_equal(enter_all(&a, 11 * INTERVAL_US + 2), 0);
    leave_many(&a, MAX - 11, 11 * INTERVAL_US, 11 * INTERVAL_US + 3);
    assert_int_equal(enter_all(&a, 11 * INTERVAL_US + 4), FLOOR); // never less
}

static void test_admission__given_quick_answers_again_then_the_bound_comes_back(void **state)
{
    (void)state;
    admission a;
    admission_init(&a, MAX, WAIT_US, 0);
    int64_t now_us = interval(&a, 10, 2 * WAIT_US, interval(&a, 10, 2 * WAIT_US, 0));
    for (int i = 0; i < 5; i++) {
        now_us = interval(&a, 10, 1000, now_us);
        assert_true(a.allowed < MAX);
    }
    for (int i = 0; i < 8; i++)
        now_us = interval(&a, 10, 1000, now_us);
    assert_int_equal(enter_all(&a, now_us), MAX);
}

static void test_admission__given_nobody_for_long_then_the_bound_is_back_at_once(void **state)
{
    (void)state;
    admission a;
    admission_init(&a, MAX, WAIT_US, 0);
    int64_t now_us = interval(&a, 10, 2 * WAIT_US, interval(&a, 10, 2 * WAIT_US, 0));
    assert_true(admission_enter(&a, now_us));
    admission_leave(&a, false, now_us, now_us);
    assert_int_equal(a.allowed, FLOOR);
    assert_int_equal(enter_all(&a, now_us + INTERVAL_US), MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_admission__given_a_burst_then_lets_in_up_to_the_bound),
        cmocka_unit_test(test_admission__given_a_standing_queue_then_as_many_as_finish_in_time),
        cmocka_unit_test(test_admission__given_one_slow_interval_then_it_is_a_hiccup),
        cmocka_unit_test(test_admission__given_one_that_was_quick_then_the_queue_does_not_stand),
        cmocka_unit_test(test_admission__given_requests_that_did_not_wait_then_they_tell_nothing),
        cmocka_unit_test(test_admission__given_nothing_finishes_then_the_bounds_hold),
        cmocka_unit_test(test_admission__given_quick_answers_again_then_the_bound_comes_back),
        cmocka_unit_test(test_admission__given_nobody_for_long_then_the_bound_is_back_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
