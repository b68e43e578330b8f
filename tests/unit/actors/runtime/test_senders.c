#include "actors/runtime/senders.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND_US INT64_C(1000000)

static const uuid one = {{1}}, two = {{2}};

static void test_senders_note__given_a_number_twice_then_seen(void **state)
{
    (void)state;
    senders s = {0};
    assert_int_equal(senders_note(&s, &one, 1, 0), SENDER_NEW);
    assert_int_equal(senders_note(&s, &one, 1, 0), SENDER_SEEN);
    assert_int_equal(senders_note(&s, &two, 1, 0), SENDER_NEW); // numbers are each sender's own
    assert_int_equal(s.count, 2);
}

static void test_senders_note__given_any_arrival_sequence_then_each_is_new_once(void **state)
{
    (void)state;
    senders s = {0};
    uint32_t step = 37; // coprime to the window: a permutation of its numbers
    for (uint32_t i = 0; i < SENDER_WINDOW; i++)
        assert_int_equal(senders_note(&s, &one, i * step % SENDER_WINDOW + 1, 0), SENDER_NEW);
    for (uint64_t n = 1; n <= SENDER_WINDOW; n++)
        assert_int_equal(senders_note(&s, &one, n, 0), SENDER_SEEN);
    assert_int_equal(senders_note(&s, &one, SENDER_WINDOW + 1, 0), SENDER_NEW);
}

static void test_senders_note__given_gaps_then_numbers_within_the_window_are_new(void **state)
{
    (void)state;
    senders s = {0};
    assert_int_equal(senders_note(&s, &one, 1000, 0), SENDER_NEW);
    assert_int_equal(senders_note(&s, &one, 1000 - SENDER_WINDOW + 1, 0), SENDER_NEW);
    assert_int_equal(senders_note(&s, &one, 1000 - SENDER_WINDOW, 0), SENDER_SEEN); // cannot tell
    assert_int_equal(senders_note(&s, &one, 1064, 0), SENDER_NEW); // shifts by a whole word
    assert_int_equal(senders_note(&s, &one, 1000, 0), SENDER_SEEN);
    assert_int_equal(senders_note(&s, &one, 1001, 0), SENDER_NEW);
    assert_int_equal(senders_note(&s, &one, UINT64_MAX, 0), SENDER_NEW);
    assert_int_equal(senders_note(&s, &one, 1064, 0), SENDER_SEEN);
    assert_int_equal(senders_note(&s, &one, UINT64_MAX - 1, 0), SENDER_NEW);
    assert_int_equal(senders_note(&s, &one, UINT64_MAX, 0), SENDER_SEEN);
}

// A model that remembers everything agrees within the window.
static void test_senders_note__given_a_walk_then_agrees_with_a_plain_set(void **state)
{
    (void)state;
    enum { NUMBERS = 4000, STEPS = 20000 };
    static bool seen[NUMBERS];
    senders s = {0};
    uint64_t x = 88172645463325252u, highest = 0;
    for (uint32_t i = 0; i < STEPS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        uint64_t n = 1 + i * (NUMBERS - 200) / STEPS + x % 200;
        bool old = highest >= n && highest - n >= SENDER_WINDOW;
        sender_verdict wanted = old || seen[n] ? SENDER_SEEN : SENDER_NEW;
        assert_int_equal(senders_note(&s, &one, n, 0), wanted);
        seen[n] = true;
        highest = n > highest ? n : highest;
    }
}

static void test_senders_note__given_a_full_list_then_only_the_silent_make_room(void **state)
{
    (void)state;
    senders s = {0};
    for (uint32_t i = 0; i < SENDERS_PER_ACTOR_MAX; i++) {
        uuid id = {{3, (uint8_t)i}};
        int64_t heard_us = i == 5 ? 0 : SECOND_US;
        assert_int_equal(senders_note(&s, &id, 1, heard_us), SENDER_NEW);
    }
    int64_t kept_us = (int64_t)SENDER_KEEP_SECONDS * SECOND_US;
    assert_int_equal(senders_note(&s, &one, 1, kept_us), SENDER_FULL);
    assert_int_equal(senders_note(&s, &one, 1, kept_us), SENDER_FULL); // and noted nothing
    assert_int_equal(senders_note(&s, &one, 1, kept_us + 1), SENDER_NEW);
    assert_int_equal(s.count, SENDERS_PER_ACTOR_MAX);
    uuid forgotten = {{3, 5}};
    assert_int_equal(senders_note(&s, &forgotten, 2, kept_us + 1), SENDER_FULL);
    uuid kept = {{3, 6}};
    assert_int_equal(senders_note(&s, &kept, 1, kept_us + 1), SENDER_SEEN);
}

static void test_senders_encode__given_a_list_then_decodes_to_the_same(void **state)
{
    (void)state;
    senders s = {0}, back = {0};
    uint8_t bytes[SENDERS_ENCODED_BYTES_MAX];
    for (uint32_t i = 0; i < SENDERS_PER_ACTOR_MAX; i++) {
        uuid id = {{4, (uint8_t)i}};
        (void)senders_note(&s, &id, i + 7, i);
        (void)senders_note(&s, &id, i + 200, i);
    }
    uint32_t count = senders_encode(&s, bytes);
    assert_int_equal(count, SENDERS_ENCODED_BYTES_MAX);
    assert_true(senders_decode(&back, bytes, count));
    assert_memory_equal(&s, &back, sizeof s);
    assert_true(senders_decode(&back, bytes, 0));
    assert_int_equal(back.count, 0);
}

static void test_senders_decode__given_other_bytes_then_refuses_and_keeps(void **state)
{
    (void)state;
    senders s = {0};
    uint8_t bytes[SENDERS_ENCODED_BYTES_MAX + SENDER_ENCODED_BYTES] = {0};
    (void)senders_note(&s, &one, 3, 0);
    senders before = s;
    assert_false(senders_decode(&s, bytes, SENDER_ENCODED_BYTES - 1));
    assert_false(senders_decode(&s, bytes, sizeof bytes));
    assert_memory_equal(&s, &before, sizeof s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_senders_note__given_a_number_twice_then_seen),
        cmocka_unit_test(test_senders_note__given_any_arrival_sequence_then_each_is_new_once),
        cmocka_unit_test(test_senders_note__given_gaps_then_numbers_within_the_window_are_new),
        cmocka_unit_test(test_senders_note__given_a_walk_then_agrees_with_a_plain_set),
        cmocka_unit_test(test_senders_note__given_a_full_list_then_only_the_silent_make_room),
        cmocka_unit_test(test_senders_encode__given_a_list_then_decodes_to_the_same),
        cmocka_unit_test(test_senders_decode__given_other_bytes_then_refuses_and_keeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
