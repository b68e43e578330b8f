// The search for an order of a seat's holds, against trying every order there is.
#include "chaos/audit/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

enum { HOLDS_MAX = 6, HISTORIES = 20000 };

static bool any_order(const seat_hold *h, size_t count, unsigned done, int64_t now)
{
    if (done == (1u << count) - 1)
        return true;
    for (size_t i = 0; i < count; i++) {
        int64_t at = h[i].from_us > now ? h[i].from_us : now;
        if ((done >> i & 1) == 0 && at <= h[i].until_us &&
            any_order(h, count, done | 1u << i, h[i].free_us > at ? h[i].free_us : at))
            return true;
    }
    return false;
}

static int by_from(const void *a, const void *b)
{
    const seat_hold *x = a, *y = b;
    return (x->from_us > y->from_us) - (x->from_us < y->from_us);
}

static uint64_t state = 1;
static int64_t below(int64_t bound)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)(state >> 33) % bound;
}

static void test_seat_holds__random_histories_then_as_every_order_says(void **unused)
{
    (void)unused;
    size_t linear = 0;
    for (int n = 0; n < HISTORIES; n++) {
        seat_hold h[HOLDS_MAX];
        size_t count = (size_t)below(HOLDS_MAX) + 1, at;
        for (size_t i = 0; i < count; i++) {
            h[i] = (seat_hold){.from_us = below(40)};
            h[i].until_us = h[i].from_us + below(25);
            h[i].free_us = below(10) == 0 ? INT64_MAX : h[i].from_us + below(12);
        }
        qsort(h, count, sizeof *h, by_from);
        seat_verdict expected = any_order(h, count, 0, INT64_MIN) ? SEAT_LINEAR : SEAT_BROKEN;
        assert_int_equal(seat_holds_check(h, count, &at), expected);
        linear += expected == SEAT_LINEAR;
    }
    assert_in_range(linear, HISTORIES / 20, HISTORIES - HISTORIES / 20); // both kinds came up
}

static void test_seat_holds__held_again_too_early_then_broken(void **unused)
{
    (void)unused;
    size_t at;
    seat_hold h[] = {{.from_us = 0, .until_us = 10, .free_us = 100},
                     {.from_us = 20, .until_us = 90, .free_us = 200}};
    assert_int_equal(seat_holds_check(h, 2, &at), SEAT_BROKEN);
    assert_int_equal(at, 1);
    h[1].until_us = 100; // answered when the first one's deadline had passed
    assert_int_equal(seat_holds_check(h, 2, &at), SEAT_LINEAR);
}

static void test_seat_holds__concurrent_then_the_later_asked_may_come_first(void **unused)
{
    (void)unused;
    size_t at;
    seat_hold h[] = {{.from_us = 0, .until_us = 300, .free_us = 400},
                     {.from_us = 20, .until_us = 90, .free_us = 200}};
    assert_int_equal(seat_holds_check(h, 2, &at), SEAT_LINEAR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seat_holds__random_histories_then_as_every_order_says),
        cmocka_unit_test(test_seat_holds__held_again_too_early_then_broken),
        cmocka_unit_test(test_seat_holds__concurrent_then_the_later_asked_may_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
