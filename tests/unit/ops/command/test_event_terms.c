#include "ops/command/event_terms.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_refund_steps__good_lists__policies(void **state)
{
    refund_policy p;
    (void)state;
    assert_true(refund_steps_parse("24h=100,2h=50", &p));
    assert_int_equal(p.steps, 2);
    assert_int_equal(p.before_seconds[0], 86400);
    assert_int_equal(p.percent[0], 100);
    assert_int_equal(p.before_seconds[1], 7200);
    assert_int_equal(p.percent[1], 50);
    assert_true(refund_steps_parse("none", &p));
    assert_int_equal(p.steps, 0);
    assert_true(refund_steps_parse("30d=90,90m=10,0s=1", &p));
    assert_int_equal(p.steps, 3);
    assert_int_equal(p.before_seconds[0], 2592000);
    assert_int_equal(p.before_seconds[2], 0);
}

static void test_refund_steps__bad_lists__refused_and_untouched(void **state)
{
    static const char *const texts[] = {
        "",
        "24h",
        "24h=",
        "24=100",
        "24h=101",
        "h=100",
        "24h=100,",
        "24h=100,2h",
        "2h=50,24h=100",
        "2h=50,2h=40",
        "24h=100;2h=50",
        "24h=1000000",
        "-24h=100",
        "24h=100 ",
        "999999d=1",
        "9h=1,8h=1,7h=1,6h=1,5h=1,4h=1,3h=1,2h=1,1h=1",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        refund_policy p = {.steps = 7};
        assert_false(refund_steps_parse(texts[i], &p));
        assert_int_equal(p.steps, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refund_steps__good_lists__policies),
        cmocka_unit_test(test_refund_steps__bad_lists__refused_and_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
