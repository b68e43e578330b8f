#include "ops/host/clock.h"
#include "ops/host/random.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_formatted(int64_t wall_us, const char *expected)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format(wall_us, text);
    assert_string_equal(text, expected);
}

static void test_clock_format__given_times_then_rfc_3339(void **state)
{
    (void)state;
    assert_formatted(0, "1970-01-01T00:00:00.000000Z");
    assert_formatted(-1, "1969-12-31T23:59:59.999999Z");
    assert_formatted(1709210096789012, "2024-02-29T12:34:56.789012Z");
    assert_formatted(INT64_MAX, "9999-12-31T23:59:59.999999Z");
    assert_formatted(INT64_MIN, "0000-01-01T00:00:00.000000Z");
}

static void test_clock_monotonic_us__given_two_readings_then_never_falls(void **state)
{
    (void)state;
    int64_t before_us = clock_monotonic_us();
    for (int i = 0; i < 1000; i++) {
        int64_t now_us = clock_monotonic_us();
        assert_true(now_us >= before_us);
        before_us = now_us;
    }
}

static void test_clock_condition_wait__given_nobody_signals_then_until_the_moment(void **state)
{
    (void)state;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition;
    clock_condition_init(&condition);
    int64_t until_us = clock_monotonic_us() + 20000;
    pthread_mutex_lock(&mutex);
    while (clock_condition_wait(&condition, &mutex, until_us))
        continue;
    pthread_mutex_unlock(&mutex);
    assert_true(clock_monotonic_us() >= until_us);
    pthread_cond_destroy(&condition);
}

static void test_random_uuid__given_many_then_version_7_of_now_and_different(void **state)
{
    (void)state;
    uuid before = random_uuid();
    for (int i = 0; i < 1000; i++) {
        uuid id = random_uuid();
        assert_int_equal(id.bytes[6] >> 4, 7);
        assert_int_equal(id.bytes[8] >> 6, 2);
        assert_true(clock_wall_us() / 1000 - uuid_unix_ms(&id) < 60000);
        assert_false(uuid_equal(&before, &id));
        before = id;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_format__given_times_then_rfc_3339),
        cmocka_unit_test(test_clock_monotonic_us__given_two_readings_then_never_falls),
        cmocka_unit_test(test_clock_condition_wait__given_nobody_signals_then_until_the_moment),
        cmocka_unit_test(test_random_uuid__given_many_then_version_7_of_now_and_different),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
