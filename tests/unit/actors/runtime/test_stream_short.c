#include "actors/runtime/stream_short.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { SECOND_US = 1000000 };

static void
test_stream_short__given_looks_in_quick_succession_then_an_election_is_waited_out(void **state)
{
    (void)state;
    stream_short s = {.patience_ms = STREAM_SHORT_MS};
    // A hundred looks in ten seconds, as while consumers cannot be made.
    for (int64_t i = 0; i <= 100; i++)
        assert_false(stream_short_note(&s, true, "", SECOND_US + i * SECOND_US / 10));
}

static void test_stream_short__given_short_for_long_then_it_lost_its_end(void **state)
{
    (void)state;
    stream_short s = {.patience_ms = STREAM_SHORT_MS};
    int64_t at_us = SECOND_US;
    for (; at_us <= SECOND_US + STREAM_SHORT_MS * INT64_C(1000); at_us += SECOND_US)
        assert_false(stream_short_note(&s, true, "nats-a", at_us));
    assert_true(stream_short_note(&s, true, "nats-a", at_us));
    stream_short_forget(&s); // it was made anew
    assert_false(stream_short_note(&s, true, "nats-a", at_us + 1));
}

static void test_stream_short__given_one_copy_then_it_is_known_sooner(void **state)
{
    (void)state;
    stream_short s = {.patience_ms = STREAM_SHORT_ALONE_MS};
    assert_false(stream_short_note(&s, true, "nats-a", SECOND_US));
    assert_false(stream_short_note(&s, true, "nats-a", 3 * SECOND_US));
    assert_true(stream_short_note(&s, true, "nats-a", 3 * SECOND_US + 1));
}

// Each of these begins the time anew: half of it before, half of it behind.
static void interrupted(int how)
{
    stream_short s = {.patience_ms = STREAM_SHORT_MS};
    int64_t half_us = (STREAM_SHORT_MS / 2 + 1000) * INT64_C(1000), at_us = SECOND_US;
    for (; at_us <= half_us; at_us += SECOND_US)
        assert_false(stream_short_note(&s, true, "nats-a", at_us));
    if (how == 0)
        assert_false(stream_short_note(&s, false, "nats-a", at_us));
    else if (how == 1)
        stream_short_forget(&s);
    else if (how == 2)
        at_us += STREAM_LOOKS_APART_MS * INT64_C(1000);
    for (int64_t end_us = at_us + half_us; at_us <= end_us; at_us += SECOND_US)
        assert_false(stream_short_note(&s, true, how == 3 ? "nats-b" : "nats-a", at_us));
}

static void test_stream_short__given_an_interruption_then_it_counts_from_there(void **state)
{
    (void)state;
    interrupted(0); // it was long enough for a moment
    interrupted(1); // nobody answered
    interrupted(2); // nobody looked
    interrupted(3); // another leader, who may not know its end yet
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_stream_short__given_looks_in_quick_succession_then_an_election_is_waited_out),
        cmocka_unit_test(test_stream_short__given_short_for_long_then_it_lost_its_end),
        cmocka_unit_test(test_stream_short__given_one_copy_then_it_is_known_sooner),
        cmocka_unit_test(test_stream_short__given_an_interruption_then_it_counts_from_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
