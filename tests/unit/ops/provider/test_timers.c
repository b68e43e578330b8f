#include "ops/provider/jsonout.h"
#include "ops/provider/pay_page.h"
#include "ops/provider/timers.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_timers_take__given_any_sequence_then_by_time(void **state)
{
    (void)state;
    enum { ITEMS = 500 };
    static int items[ITEMS];
    timers t = {0};
    assert_null(timers_take(&t, INT64_MAX));
    for (int i = 0; i < ITEMS; i++) {
        items[i] = i * 7919 % ITEMS;
        timers_add(&t, 1000 + items[i] / 2, &items[i]); // pairs share a time
    }
    assert_int_equal(timers_next_us(&t), 1000);
    assert_null(timers_take(&t, 999));
    int64_t before = 0;
    for (int i = 0; i < ITEMS; i++) {
        int *item = timers_take(&t, INT64_MAX);
        assert_non_null(item);
        assert_true(*item / 2 >= before);
        before = *item / 2;
    }
    assert_null(timers_take(&t, INT64_MAX));
    assert_int_equal(timers_next_us(&t), INT64_MAX);
    timers_done(&t);
}

static void test_timers_take__given_equal_times_then_first_come_first(void **state)
{
    (void)state;
    static int items[100];
    timers t = {0};
    for (int i = 0; i < 100; i++)
        timers_add(&t, 5, &items[i]);
    for (int i = 0; i < 100; i++)
        assert_ptr_equal(timers_take(&t, 5), &items[i]);
    timers_done(&t);
}

static void test_jsonout__given_members_then_json(void **state)
{
    (void)state;
    jsonout out = {0};
    jsonout_open(&out, NULL, '{');
    jsonout_string(&out, "a", "x\"\\\n\x7f\xc3\xa9");
    jsonout_string(&out, "none", NULL);
    jsonout_open(&out, "list", '[');
    jsonout_integer(&out, NULL, INT64_MIN);
    jsonout_boolean(&out, NULL, true);
    jsonout_open(&out, NULL, '{');
    jsonout_close(&out, '}');
    jsonout_close(&out, ']');
    jsonout_real(&out, "rate", 0.25);
    jsonout_close(&out, '}');
    assert_string_equal(out.at, "{\"a\":\"x\\\"\\\\\\u000a\\u007f\xc3\xa9\",\"none\":null,"
                                "\"list\":[-9223372036854775808,true,{}],\"rate\":0.25}");
    assert_int_equal(out.bytes, strlen(out.at));
    jsonout_done(&out);
}

static void test_jsonout__given_much_then_grows(void **state)
{
    (void)state;
    jsonout out = {0};
    jsonout_open(&out, NULL, '[');
    for (int i = 0; i < 100000; i++)
        jsonout_integer(&out, NULL, 7);
    jsonout_close(&out, ']');
    assert_int_equal(out.bytes, 200001);
    assert_int_equal(strlen(out.at), out.bytes);
    jsonout_done(&out);
}

static void test_pay_page_money__given_currencies_then_their_exponents(void **state)
{
    (void)state;
    char text[32];
    pay_page_money(1205, "eur", text, sizeof text);
    assert_string_equal(text, "12.05 EUR");
    pay_page_money(1205, "jpy", text, sizeof text);
    assert_string_equal(text, "1205 JPY");
    pay_page_money(1205, "bhd", text, sizeof text);
    assert_string_equal(text, "1.205 BHD");
    pay_page_money(5, "usd", text, sizeof text);
    assert_string_equal(text, "0.05 USD");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_take__given_any_sequence_then_by_time),
        cmocka_unit_test(test_timers_take__given_equal_times_then_first_come_first),
        cmocka_unit_test(test_jsonout__given_members_then_json),
        cmocka_unit_test(test_jsonout__given_much_then_grows),
        cmocka_unit_test(test_pay_page_money__given_currencies_then_their_exponents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
