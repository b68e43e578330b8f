#include "store/params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_params__one_of_each_then_network_order(void **state)
{
    (void)state;
    uint8_t buffer[256];
    params p;
    params_over(&p, buffer, sizeof buffer);
    params_int2(&p, -2);
    params_int4(&p, 0x01020304);
    params_int8(&p, 0x0102030405060708);
    params_text(&p, "ab");
    params_null(&p);
    params_bytes(&p, "", 0);
    assert_int_equal(p.count, 6);
    assert_memory_equal(p.values[0], "\xff\xfe", 2);
    assert_memory_equal(p.values[1], "\1\2\3\4", 4);
    assert_memory_equal(p.values[2], "\1\2\3\4\5\6\7\10", 8);
    assert_memory_equal(p.values[3], "ab", 2);
    assert_null(p.values[4]);
    assert_non_null(p.values[5]); // empty is not NULL
    static const int lengths[] = {2, 4, 8, 2, 0, 0};
    assert_memory_equal(p.lengths, lengths, sizeof lengths);
    for (int i = 0; i < p.count; i++)
        assert_int_equal(p.formats[i], 1);
}

static void test_params__time_then_counted_from_2000(void **state)
{
    (void)state;
    uint8_t buffer[64];
    params p;
    params_over(&p, buffer, sizeof buffer);
    params_time(&p, INT64_C(946684800000001)); // 2000-01-01 and a microsecond
    assert_memory_equal(p.values[0], "\0\0\0\0\0\0\0\1", 8);
}

static void test_params__array_then_header_and_lengths(void **state)
{
    (void)state;
    uint8_t buffer[128];
    params p;
    params_over(&p, buffer, sizeof buffer);
    params_array(&p, PARAM_INT2);
    params_add_int2(&p, 7);
    params_add_null(&p);
    params_end(&p);
    static const uint8_t expected[] = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 21,   0,    0,    0,
                                       2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 7, 0xff, 0xff, 0xff, 0xff};
    assert_int_equal(p.lengths[0], sizeof expected);
    assert_memory_equal(p.values[0], expected, sizeof expected);
    params_array(&p, PARAM_UUID);
    params_end(&p);
    assert_int_equal(p.count, 2);
    assert_int_equal(p.lengths[1], 20); // an empty array is a header
    assert_memory_equal(p.values[1] + 4, "\0\0\0\0", 4);
}

static void test_params__reset_then_the_same_memory(void **state)
{
    (void)state;
    params p;
    assert_true(params_init(&p, 16));
    for (int i = 0; i < 1000; i++) {
        params_reset(&p);
        params_int8(&p, i);
        params_int8(&p, i);
        assert_ptr_equal(p.values[0], p.data);
    }
    params_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_params__one_of_each_then_network_order),
        cmocka_unit_test(test_params__time_then_counted_from_2000),
        cmocka_unit_test(test_params__array_then_header_and_lengths),
        cmocka_unit_test(test_params__reset_then_the_same_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
