// Messages to decisions to one transaction to answers: what a tick does when all goes well.
#include "tests/unit/actors/runtime/fake_kind.h"

static void test_runtime_step__given_a_message_then_commits_and_answers(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_deliver(h, (fake_envelope){.number = 1, .sequence = 4, .seats = {3}, .seats_count = 1});
    assert_true(runtime_step(h->r));
    assert_int_equal(h->commits, 1);
    assert_int_equal(h->actors[0].cursor, 4);
    assert_int_equal(h->actors[0].incarnation, 7);
    assert_int_equal(h->actors[0].taken[3], 1);
    assert_int_equal(h->actors[0].last_seq, 1);
    assert_int_equal(fake_left(h, FAKE_REPLY), 1);
    assert_int_equal(fake_reply_error(h, 0), ERROR_NONE);
    assert_int_equal(fake_left(h, "cavea.v1.fact.event."), 1);
    assert_int_equal(h->reports[REPORT_TICK], 1);
}

static void test_runtime_step__given_nothing_then_commits_nothing(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    assert_false(runtime_step(h->r));
    assert_int_equal(h->commits, 0);
}

static void test_runtime_step__given_many_actors_then_one_transaction(void **state)
{
    fake_host *h = *state;
    for (uint32_t i = 0; i < FAKE_ACTORS; i++)
        fake_open(h, i);
    for (uint32_t i = 0; i < FAKE_ACTORS; i++)
        for (uint32_t k = 0; k < 4; k++)
            fake_deliver(h, (fake_envelope){.actor = i,
                                            .number = k + 1,
                                            .sequence = k + 1,
                                            .seats = {k},
                                            .seats_count = 1});
    runtime_step(h->r);
    assert_int_equal(h->commits, 1);
    assert_int_equal(h->commit_actors, FAKE_ACTORS);
    assert_int_equal(fake_left(h, FAKE_REPLY), 12);
    assert_int_equal(fake_left(h, "cavea.v1.fact.event."), FAKE_ACTORS); // one of a tick each
}

static void test_runtime_step__given_a_message_behind_the_cursor_then_skips_it(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_deliver(h, (fake_envelope){.number = 1, .sequence = 4, .seats = {3}, .seats_count = 1});
    runtime_step(h->r);
    fake_deliver(h, (fake_envelope){.number = 2, .sequence = 4, .seats = {4}, .seats_count = 1});
    runtime_step(h->r);
    assert_int_equal(h->handled, 1);
    assert_int_equal(h->actors[0].cursor, 4);
}

static void test_runtime_step__given_a_new_incarnation_then_starts_at_its_first(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_deliver(h, (fake_envelope){.number = 1, .sequence = 40, .seats = {3}, .seats_count = 1});
    runtime_step(h->r);
    h->incarnation = 8;
    fake_deliver(h, (fake_envelope){.number = 2, .sequence = 1, .seats = {4}, .seats_count = 1});
    runtime_step(h->r);
    assert_int_equal(h->actors[0].incarnation, 8);
    assert_int_equal(h->actors[0].cursor, 1);
    assert_int_equal(h->actors[0].taken[4], 1);
}

static void
test_runtime_step__given_a_message_of_the_lost_stream_then_does_not_go_back(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_deliver(h, (fake_envelope){.number = 1, .sequence = 40, .seats = {3}, .seats_count = 1});
    runtime_step(h->r);
    // Another host went on to the next stream and gave the actor back; here, old messages queue.
    fake_deliver(h, (fake_envelope){.number = 2, .sequence = 41, .seats = {4}, .seats_count = 1});
    h->incarnation = 8;
    fake_deliver(h, (fake_envelope){.number = 3, .sequence = 8, .seats = {5}, .seats_count = 1});
    h->actors[0].incarnation = 8;
    h->actors[0].cursor = 55;
    h->script = "u"; // a first silence makes it load what the other host left
    runtime_step(h->r);
    assert_int_equal(h->actors[0].incarnation, 8);
    assert_int_equal(h->actors[0].cursor, 55); // and not 8, by way of the lost stream
    fake_deliver(h, (fake_envelope){.number = 4, .sequence = 56, .seats = {6}, .seats_count = 1});
    runtime_step(h->r);
    assert_int_equal(h->actors[0].incarnation, 8);
    assert_int_equal(h->actors[0].cursor, 56);
}

static void test_runtime_step__given_a_seen_number_then_is_not_decided_again(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_envelope e = {.number = 1, .sequence = 4, .seats = {3, 3}, .seats_count = 2};
    fake_deliver(h, e);
    runtime_step(h->r);
    assert_int_equal(fake_reply_error(h, 0), ERROR_NONE);
    assert_int_equal(fake_reply_error(h, 1), ERROR_SEATS_UNAVAILABLE);
    h->actors[0].taken[3] = 0; // it was freed meanwhile
    e.sequence = 0;
    fake_deliver(h, e);
    runtime_step(h->r);
    assert_int_equal(h->seen, 2);
    assert_int_equal(h->actors[0].taken[3], 0);
    assert_int_equal(fake_left(h, FAKE_REPLY), 2); // and is answered
    assert_int_equal(h->actors[0].cursor, 4);
}

static void test_runtime_step__given_numbers_after_a_reload_then_still_knows_them(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_envelope e = {.number = 9, .seats = {3}, .seats_count = 1};
    fake_deliver(h, e);
    runtime_step(h->r);
    fake_open(h, 0); // again, in a later epoch, from what the store has
    fake_deliver(h, e);
    runtime_step(h->r);
    assert_int_equal(h->seen, 1);
    assert_int_equal(h->actors[0].taken[3], 1);
}

static void test_runtime_step__given_a_passed_deadline_then_drops_and_still_answers(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_deliver(
        h, (fake_envelope){
               .number = 1, .seats = {3}, .seats_count = 1, .wait_until_us = FAKE_NOW_US - 1});
    runtime_step(h->r);
    assert_int_equal(h->handled, 0);
    assert_int_equal(h->reports[REPORT_DROPPED], 1);
    // The envelope is answered without it: its sender must not repeat it for ever.
    assert_int_equal(fake_left(h, FAKE_REPLY), 1);
    assert_int_equal(fake_reply_error(h, 0), -1);
    fake_deliver(h, (fake_envelope){.number = 2,
                                    .seats = {3},
                                    .seats_count = 1,
                                    .wait_until_us = FAKE_NOW_US + 1000000});
    runtime_step(h->r);
    assert_int_equal(h->handled, 1);
}

static void test_runtime_step__given_only_deferred_answers_then_answers_the_envelope(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_deliver(h, (fake_envelope){.number = 1, .other = CAVEA__V1__COMMAND__BODY_CHECKOUT});
    runtime_step(h->r);
    assert_int_equal(fake_left(h, FAKE_REPLY), 1);
    assert_int_equal(fake_reply_error(h, 0), -1);
}

static void test_runtime_step__given_garbage_then_moves_on(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    uint8_t *bytes = malloc(4);
    memcpy(bytes, "\xff\xff\xff\xff", 4);
    inbound m = {.to = h->actors[0].ref,
                 .incarnation = 7,
                 .sequence = 5,
                 .data = bytes,
                 .data_bytes = 4,
                 .owner = bytes,
                 .release = fake_release};
    assert_true(runtime_deliver(h->r, &m));
    runtime_step(h->r);
    assert_int_equal(h->reports[REPORT_MALFORMED], 1);
    assert_int_equal(h->actors[0].cursor, 5);
}

static void test_runtime_step__given_nobody_waits_then_answers_nobody(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_deliver(h, (fake_envelope){.silent = true, .seats = {3}, .seats_count = 1});
    runtime_step(h->r);
    assert_int_equal(h->actors[0].taken[3], 1);
    assert_int_equal(fake_left(h, "cavea.v1.reply."), 0);
}

static void test_runtime_step__given_more_than_a_tick_holds_then_takes_several(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    for (uint32_t i = 0; i < 3000; i++)
        fake_deliver(h, (fake_envelope){.number = i + 1,
                                        .sequence = i + 1,
                                        .silent = true,
                                        .seats = {i % FAKE_POISON_SEAT},
                                        .seats_count = 1});
    uint32_t steps = 0;
    while (runtime_step(h->r))
        steps++;
    assert_int_equal(h->handled, 3000);
    assert_int_equal(h->actors[0].cursor, 3000);
    assert_in_range(steps, 3, 10);
}

static void test_runtime_deliver__given_a_full_mailbox_then_refuses(void **state)
{
    fake_host *h = *state;
    uint8_t data[1] = {0};
    inbound m = {.to = h->actors[0].ref, .data = data, .data_bytes = 0, .release = fake_release};
    for (uint32_t i = 0; i < MAILBOX_MESSAGES_MAX; i++)
        assert_true(runtime_deliver(h->r, &m));
    assert_false(runtime_deliver(h->r, &m));
    released_count = 0;
    while (runtime_mailbox_depth(h->r) > 0)
        runtime_step(h->r);
    assert_int_equal(released_count, MAILBOX_MESSAGES_MAX); // each once, though nobody held them
    assert_true(runtime_deliver(h->r, &m));
}

static void test_runtime_install__given_an_older_epoch_then_keeps_the_newer(void **state)
{
    fake_host *h = *state;
    cell *older = fake_cell(h, 0), *newer = fake_cell(h, 0);
    runtime_install(h->r, newer);
    runtime_install(h->r, older);
    runtime_step(h->r);
    assert_int_equal(h->attached, 1);
    assert_int_equal(runtime_cells_of(h->r, ACTOR_EVENT), 1);
}

static void test_runtime_now__given_a_clock_that_stood_still_then_starts_at_the_lease(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    assert_int_equal(runtime_now_us(h->r), FAKE_NOW_US);
    h->database_us += 4000000; // the monotonic clock did not move meanwhile
    fake_open(h, 1);
    assert_int_equal(runtime_now_us(h->r), FAKE_NOW_US + 4000000);
    h->mono_us += 1000;
    assert_int_equal(runtime_now_us(h->r), FAKE_NOW_US + 4001000);
}

static void test_runtime_rest__given_a_timer_then_no_longer_than_that(void **state)
{
    fake_host *h = *state;
    fake_kind.next_due_us = fake_next_due_us;
    fake_kind.on_time = fake_on_time;
    h->due_us = FAKE_NOW_US + 20000;
    fake_open(h, 0);
    assert_in_range(runtime_rest_ms(h->r, 1000), 20, 21);
    h->mono_us += 30000;
    assert_int_equal(runtime_rest_ms(h->r, 1000), 0);
    runtime_step(h->r);
    assert_int_equal(h->on_time, 1);
    assert_int_equal(runtime_rest_ms(h->r, 1000), 1000);
    fake_deliver(h, (fake_envelope){.number = 1});
    assert_int_equal(runtime_rest_ms(h->r, 1000), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_runtime_step__given_a_message_then_commits_and_answers),
        TEST(test_runtime_step__given_nothing_then_commits_nothing),
        TEST(test_runtime_step__given_many_actors_then_one_transaction),
        TEST(test_runtime_step__given_a_message_behind_the_cursor_then_skips_it),
        TEST(test_runtime_step__given_a_new_incarnation_then_starts_at_its_first),
        TEST(test_runtime_step__given_a_message_of_the_lost_stream_then_does_not_go_back),
        TEST(test_runtime_step__given_a_seen_number_then_is_not_decided_again),
        TEST(test_runtime_step__given_numbers_after_a_reload_then_still_knows_them),
        TEST(test_runtime_step__given_a_passed_deadline_then_drops_and_still_answers),
        TEST(test_runtime_step__given_only_deferred_answers_then_answers_the_envelope),
        TEST(test_runtime_step__given_garbage_then_moves_on),
        TEST(test_runtime_step__given_nobody_waits_then_answers_nobody),
        TEST(test_runtime_step__given_more_than_a_tick_holds_then_takes_several),
        TEST(test_runtime_deliver__given_a_full_mailbox_then_refuses),
        TEST(test_runtime_install__given_an_older_epoch_then_keeps_the_newer),
        TEST(test_runtime_now__given_a_clock_that_stood_still_then_starts_at_the_lease),
        TEST(test_runtime_rest__given_a_timer_then_no_longer_than_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
