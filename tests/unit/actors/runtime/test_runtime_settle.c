// What happens to messages when the store does not say yes.
#include "tests/unit/actors/runtime/fake_kind.h"

enum { STEPS_MAX = 50 };

static void steps(fake_host *h)
{
    for (uint32_t i = 0; i < STEPS_MAX && runtime_step(h->r); i++)
        ;
}

static void open_all(fake_host *h)
{
    for (uint32_t i = 0; i < FAKE_ACTORS; i++)
        fake_open(h, i);
    fake_forget(h);
}

static fake_envelope reserve(uint32_t actor, uint64_t number, uint32_t seat)
{
    return (fake_envelope){.actor = actor,
                           .number = number,
                           .sequence = (int64_t)number,
                           .seats = {seat},
                           .seats_count = 1};
}

static void test_settle__given_a_poisoned_message_then_neighbours_go_on(void **state)
{
    fake_host *h = *state;
    open_all(h);
    released_count = 0;
    for (uint64_t i = 1; i <= 3; i++)
        for (uint32_t k = 0; k < FAKE_ACTORS; k++)
            fake_deliver(h, reserve(k, i, k == 1 && i == 2 ? FAKE_POISON_SEAT : (uint32_t)i));
    steps(h);
    for (uint32_t k = 0; k < FAKE_ACTORS; k++) {
        assert_int_equal(h->actors[k].cursor, 3);
        assert_int_equal(h->actors[k].taken[1], 1);
        assert_int_equal(h->actors[k].taken[3], 1);
        assert_int_equal(h->actors[k].last_seq, 3); // of the poisoned one: two and the rejection
    }
    assert_int_equal(h->actors[1].taken[FAKE_POISON_SEAT], 0);
    assert_int_equal(h->reports[REPORT_REJECTED], 1);
    assert_int_equal(h->actors[1].facts[1].kind, 16);
    assert_int_equal(fake_left(h, FAKE_REPLY), 8); // nobody hears of the poisoned one
    assert_int_equal(released_count, 9);
}

static void test_settle__given_a_poisoned_message_then_tries_three_times_and_skips(void **state)
{
    fake_host *h = *state;
    open_all(h);
    fake_deliver(h, reserve(1, 5, FAKE_POISON_SEAT));
    steps(h);
    assert_int_equal(h->commits, POISON_TRIES_MAX + 1);
    assert_int_equal(h->handled, POISON_TRIES_MAX);
    assert_int_equal(h->actors[1].cursor, 5);
    fact_row *f = &h->actors[1].facts[0];
    Cavea__V1__MessageRejected *m = cavea__v1__message_rejected__unpack(
        NULL, f->payload_bytes, h->actors[1].bytes + f->payload_at);
    assert_non_null(m);
    assert_int_equal(m->number, 5);
    assert_int_equal(m->stream_sequence, 5);
    assert_int_equal(m->digest.len, 32);
    cavea__v1__message_rejected__free_unpacked(m, NULL);
    // Its copy is known and changes nothing any more.
    fake_envelope copy = reserve(1, 5, FAKE_POISON_SEAT);
    copy.sequence = 0;
    fake_deliver(h, copy);
    steps(h);
    assert_int_equal(h->seen, 1);
    assert_int_equal(h->reports[REPORT_REJECTED], 1);
}

static void test_settle__given_a_refusal_that_passes_then_nothing_is_skipped(void **state)
{
    fake_host *h = *state;
    open_all(h);
    h->script = "rr";
    fake_deliver(h, reserve(0, 1, 1));
    fake_deliver(h, reserve(1, 1, 1));
    steps(h);
    assert_int_equal(h->reports[REPORT_REJECTED], 0);
    assert_int_equal(h->actors[0].taken[1], 1);
    assert_int_equal(h->actors[1].taken[1], 1);
    assert_int_equal(fake_left(h, FAKE_REPLY), 2);
}

static void test_settle__given_a_lost_lease_then_only_that_cell_is_dropped(void **state)
{
    fake_host *h = *state;
    open_all(h);
    h->actors[1].ours = false; // somebody else has it
    h->actors[1].epoch++;
    for (uint32_t k = 0; k < FAKE_ACTORS; k++)
        fake_deliver(h, reserve(k, 1, 2));
    steps(h);
    assert_true(runtime_holds(h->r, &h->actors[0].ref.id));
    assert_false(runtime_holds(h->r, &h->actors[1].ref.id));
    assert_true(runtime_holds(h->r, &h->actors[2].ref.id));
    assert_int_equal(h->actors[0].taken[2], 1);
    assert_int_equal(h->actors[1].taken[2], 0);
    assert_int_equal(h->actors[2].taken[2], 1);
    assert_int_equal(h->detached, 1);
    assert_int_equal(h->reports[REPORT_FENCED], 1);
    assert_int_equal(fake_left(h, FAKE_REPLY), 2);
}

static void test_settle__given_no_answer_before_it_was_written_then_decides_again(void **state)
{
    fake_host *h = *state;
    open_all(h);
    h->script = "u";
    fake_deliver(h, reserve(0, 1, 2));
    steps(h);
    assert_int_equal(h->reports[REPORT_UNKNOWN], 1);
    assert_int_equal(h->handled, 2);
    assert_int_equal(h->seen, 0);
    assert_int_equal(h->actors[0].taken[2], 1);
    assert_int_equal(h->actors[0].last_seq, 1);
    assert_int_equal(fake_left(h, FAKE_REPLY), 1);
    assert_int_equal(fake_reply_error(h, 0), ERROR_NONE);
}

static void test_settle__given_no_answer_after_it_was_written_then_does_not_repeat_it(void **state)
{
    fake_host *h = *state;
    open_all(h);
    h->script = "a";
    fake_envelope e = reserve(0, 1, 2);
    fake_deliver(h, e); // over the stream: behind the cursor now, so it is not answered
    steps(h);
    assert_int_equal(h->actors[0].taken[2], 1);
    assert_int_equal(h->actors[0].last_seq, 1);
    assert_int_equal(fake_left(h, FAKE_REPLY), 0);
    e.sequence = 0; // sent again: known by its number, answered from what there is
    fake_deliver(h, e);
    steps(h);
    assert_int_equal(h->seen, 1);
    assert_int_equal(h->actors[0].taken[2], 1);
    assert_int_equal(fake_left(h, FAKE_REPLY), 1);
}

static void test_settle__given_the_store_is_away_then_messages_wait_in_order(void **state)
{
    fake_host *h = *state;
    open_all(h);
    h->script = "u";
    h->lease_silent = true;
    released_count = 0;
    for (uint64_t i = 1; i <= 4; i++)
        fake_deliver(h, reserve(0, i, (uint32_t)i));
    runtime_step(h->r);
    assert_false(runtime_step(h->r));
    assert_int_equal(released_count, 0);
    fake_deliver(h, reserve(0, 5, 5));
    assert_false(runtime_step(h->r));
    assert_in_range(runtime_rest_ms(h->r, 1000), 1, 100); // although something is queued
    runtime_upkeep(h->r);
    h->lease_silent = false;
    steps(h);
    assert_int_equal(released_count, 5);
    assert_int_equal(h->actors[0].cursor, 5);
    assert_int_equal(h->actors[0].last_seq, 5);
    for (uint32_t i = 1; i <= 5; i++)
        assert_int_equal(h->actors[0].taken[i], 1);
}

static void test_settle__given_the_store_goes_away_among_the_poisoned_then_all_wait(void **state)
{
    fake_host *h = *state;
    open_all(h);
    fake_deliver(h, reserve(0, 1, 1));
    fake_deliver(h, reserve(1, 1, FAKE_POISON_SEAT));
    fake_deliver(h, reserve(2, 1, 1));
    h->script = "rou"; // refused together; alone: the first is written, then silence
    released_count = 0;
    runtime_step(h->r);
    h->lease_silent = true;
    steps(h);
    h->lease_silent = false;
    h->script = NULL;
    steps(h);
    assert_int_equal(released_count, 3);
    assert_int_equal(h->actors[0].taken[1], 1);
    assert_int_equal(h->actors[2].taken[1], 1);
    assert_int_equal(h->actors[1].cursor, 1);
    assert_int_equal(h->reports[REPORT_REJECTED], 1);
}

static void test_settle__given_silence_at_the_rejection_then_it_is_recorded_later(void **state)
{
    fake_host *h = *state;
    open_all(h);
    h->script = "rrru";
    fake_deliver(h, reserve(1, 1, FAKE_POISON_SEAT));
    steps(h);
    assert_int_equal(h->actors[1].cursor, 1);
    assert_int_equal(h->actors[1].last_seq, 1);
    assert_int_equal(h->actors[1].facts[0].kind, 16);
}

static void test_settle__given_a_cell_that_cannot_be_loaded_then_it_waits(void **state)
{
    fake_host *h = *state;
    open_all(h);
    h->script = "u";
    h->load_fails = true;
    fake_deliver(h, reserve(0, 1, 2));
    runtime_step(h->r);
    for (uint32_t i = 0; i < 3; i++)
        assert_false(runtime_step(h->r));
    h->load_fails = false;
    steps(h);
    assert_int_equal(h->actors[0].taken[2], 1);
    assert_int_equal(fake_reply_error(h, 0), ERROR_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_settle__given_a_poisoned_message_then_neighbours_go_on),
        TEST(test_settle__given_a_poisoned_message_then_tries_three_times_and_skips),
        TEST(test_settle__given_a_refusal_that_passes_then_nothing_is_skipped),
        TEST(test_settle__given_a_lost_lease_then_only_that_cell_is_dropped),
        TEST(test_settle__given_no_answer_before_it_was_written_then_decides_again),
        TEST(test_settle__given_no_answer_after_it_was_written_then_does_not_repeat_it),
        TEST(test_settle__given_the_store_is_away_then_messages_wait_in_order),
        TEST(test_settle__given_the_store_goes_away_among_the_poisoned_then_all_wait),
        TEST(test_settle__given_silence_at_the_rejection_then_it_is_recorded_later),
        TEST(test_settle__given_a_cell_that_cannot_be_loaded_then_it_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
