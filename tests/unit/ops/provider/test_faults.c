#include "ops/provider/faults.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool set(faults *f, const char *json)
{
    char problem[256];
    return faults_set(f, json, strlen(json), problem, sizeof problem);
}

// Which of 1,000 chances strike, as a count.
static int strikes(faults *f, fault which)
{
    int count = 0;
    for (int i = 0; i < 1000; i++)
        count += faults_roll(f, which, NULL);
    return count;
}

static void test_faults_roll__given_nothing_set_then_never(void **state)
{
    (void)state;
    faults f;
    faults_init(&f);
    for (fault i = 0; i < FAULTS_END; i++)
        assert_int_equal(strikes(&f, i), 0);
    assert_int_equal(faults_clock_offset_us(&f), 0);
    faults_done(&f);
}

static void test_faults_roll__given_a_rate_then_about_that_many(void **state)
{
    (void)state;
    faults f;
    faults_init(&f);
    assert_true(set(&f, "{\"drop_webhooks\":0.1,\"rate_limit\":1}"));
    int dropped = strikes(&f, FAULT_DROP_WEBHOOK);
    assert_in_range(dropped, 60, 140);
    assert_int_equal(strikes(&f, FAULT_RATE_LIMIT), 1000);
    assert_int_equal(strikes(&f, FAULT_RESET_AFTER), 0);
    faults_done(&f);
}

static void test_faults_roll__given_the_same_seed_then_the_same_strikes(void **state)
{
    (void)state;
    faults a, b;
    faults_init(&a);
    faults_init(&b);
    assert_true(set(&a, "{\"seed\":7,\"drop_webhooks\":0.5}"));
    assert_true(set(&b, "{\"drop_webhooks\":0.5}"));
    (void)strikes(&b, FAULT_DROP_WEBHOOK);
    assert_true(set(&b, "{\"seed\":7}"));
    int same = 0;
    for (int i = 0; i < 1000; i++) {
        (void)faults_roll(&b, FAULT_RATE_LIMIT, NULL);
        same +=
            faults_roll(&a, FAULT_DROP_WEBHOOK, NULL) == faults_roll(&b, FAULT_DROP_WEBHOOK, NULL);
    }
    assert_int_equal(same, 1000);
    assert_true(set(&b, "{\"seed\":8}"));
    assert_true(set(&a, "{\"seed\":7}"));
    same = 0;
    for (int i = 0; i < 1000; i++)
        same +=
            faults_roll(&a, FAULT_DROP_WEBHOOK, NULL) == faults_roll(&b, FAULT_DROP_WEBHOOK, NULL);
    assert_in_range(same, 400, 600);
    faults_done(&a);
    faults_done(&b);
}

static void test_faults_roll__given_a_count_then_ends(void **state)
{
    (void)state;
    faults f;
    faults_init(&f);
    assert_true(set(&f, "{\"timeout_after\":{\"count\":3,\"value\":5}}"));
    int64_t value = 0;
    assert_true(faults_roll(&f, FAULT_TIMEOUT_AFTER, &value));
    assert_int_equal(value, 5);
    assert_int_equal(strikes(&f, FAULT_TIMEOUT_AFTER), 2);
    faults_done(&f);
}

static void test_faults_set__given_a_bare_number_then_rate_or_value(void **state)
{
    (void)state;
    faults f;
    int64_t value;
    faults_init(&f);
    assert_true(set(&f, "{\"latency_ms\":70,\"clock_offset_ms\":-1500}"));
    assert_true(faults_roll(&f, FAULT_LATENCY, &value));
    assert_int_equal(value, 70);
    assert_int_equal(faults_clock_offset_us(&f), -1500000);
    faults_clear(&f);
    assert_false(faults_roll(&f, FAULT_LATENCY, &value));
    faults_done(&f);
}

static void test_faults_set__given_nonsense_then_nothing_changes(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[]",
        "7",
        "{\"drop_webhooks\":1.1}",
        "{\"drop_webhooks\":-0.1}",
        "{\"drop_webhooks\":\"1\"}",
        "{\"drop_webhooks\":{\"rate\":1,\"often\":2}}",
        "{\"drop_webhooks\":{\"count\":1.5}}",
        "{\"latency_ms\":600001}",
        "{\"clock_offset_ms\":1e9}",
        "{\"nothing_such\":1}",
        "{\"rate_limit\":1,\"nothing_such\":1}",
        "{\"rate_limit\":1,\"rate_limit\":1}",
        "{\"seed\":\"x\"}",
    };
    faults f;
    faults_init(&f);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (set(&f, texts[i]))
            fail_msg("%s was accepted", texts[i]);
        for (fault which = 0; which < FAULTS_END; which++)
            assert_false(faults_roll(&f, which, NULL));
    }
    faults_done(&f);
}

static void test_faults_draw__given_a_bound_then_below_it(void **state)
{
    (void)state;
    faults f;
    faults_init(&f);
    assert_true(set(&f, "{\"shuffle_webhooks\":1}"));
    for (int i = 0; i < 1000; i++) {
        assert_true(faults_roll(&f, FAULT_SHUFFLE_WEBHOOK, NULL));
        assert_in_range(faults_draw(&f, FAULT_SHUFFLE_WEBHOOK, 10), 0, 9);
    }
    faults_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_roll__given_nothing_set_then_never),
        cmocka_unit_test(test_faults_roll__given_a_rate_then_about_that_many),
        cmocka_unit_test(test_faults_roll__given_the_same_seed_then_the_same_strikes),
        cmocka_unit_test(test_faults_roll__given_a_count_then_ends),
        cmocka_unit_test(test_faults_set__given_a_bare_number_then_rate_or_value),
        cmocka_unit_test(test_faults_set__given_nonsense_then_nothing_changes),
        cmocka_unit_test(test_faults_draw__given_a_bound_then_below_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
