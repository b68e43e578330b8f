// What actors of one host tell each other: decided on in the same transaction, or apart.
#include "tests/unit/actors/runtime/fake_kind.h"

static void reserve(fake_host *h, uint64_t number, uint32_t seat)
{
    fake_deliver(h, (fake_envelope){.number = number, .seats = {seat}, .seats_count = 1});
    runtime_step(h->r);
}

// Actor 0 decides something and tells actor 1, which is here, and actor 2, which is not.
static void tell(fake_host *h, const char *script)
{
    fake_open(h, 0);
    fake_open(h, 1);
    h->commits = 0;
    h->script = script;
    fake_deliver(h, (fake_envelope){.number = 1,
                                    .seats = {1},
                                    .seats_count = 1,
                                    .other = CAVEA__V1__COMMAND__BODY_EXPIRE});
    runtime_step(h->r);
    assert_int_equal(fake_left(h, fake_inbox(h, 1).text), 0);
    assert_int_equal(fake_left(h, fake_inbox(h, 2).text), 1);
}

static void acknowledge_all(fake_host *h)
{
    for (uint32_t i = 0; i < h->sent_count; i++)
        if (h->sent[i].token != 0)
            runtime_acknowledged(h->r, h->sent[i].cell, h->sent[i].token);
}

static void test_inside__given_a_receiver_here_then_one_transaction_for_both(void **state)
{
    fake_host *h = *state;
    tell(h, "o");
    assert_int_equal(h->handled, 4);
    assert_int_equal(h->commits, 1);
    assert_int_equal(h->commit_actors, 2);
    assert_int_equal(runtime_mailbox_depth(h->r), 0);
    acknowledge_all(h);
    reserve(h, 2, 2);
    assert_int_equal(h->actors[0].published_seq, 1);
}

static void test_inside__given_a_refused_transaction_then_actors_decide_apart(void **state)
{
    fake_host *h = *state;
    tell(h, "r");
    assert_int_equal(h->commits, 2);
    assert_int_equal(h->commit_actors, 1);
    assert_int_equal(runtime_mailbox_depth(h->r), 1);
    uint32_t handled = h->handled;
    runtime_step(h->r);
    assert_int_equal(h->handled, handled + 2);
    assert_int_equal(h->commits, 3);
}

static void test_inside__given_a_message_apart_then_counts_when_its_effects_are_stored(void **state)
{
    fake_host *h = *state;
    tell(h, "r");
    uint32_t handled = h->handled;
    acknowledge_all(h); // the facts, and the message to actor 2
    reserve(h, 2, 2);   // with the handed over message in one tick
    assert_int_equal(h->handled, handled + 3);
    assert_int_equal(h->actors[0].published_seq, 0);
    reserve(h, 3, 3);
    assert_int_equal(h->actors[0].published_seq, 1);
}

static void test_inside__given_a_receiver_that_was_lost_then_publishes_it(void **state)
{
    fake_host *h = *state;
    tell(h, "r");
    acknowledge_all(h);
    h->actors[1].ours = false;
    runtime_step(h->r);
    assert_int_equal(h->reports[REPORT_FENCED], 1);
    fake_forget(h);
    fake_later(h, 600);
    assert_int_equal(fake_left(h, fake_inbox(h, 1).text), 1);
    assert_int_equal(fake_left(h, subject_of(SUBJECT_DIRECT, &h->actors[1].ref).text), 1);
    assert_int_equal(fake_left(h, "cavea.v1.wake.event"), 1);
}

static void test_inside__given_a_message_that_is_refused_then_skips_it_and_goes_on(void **state)
{
    fake_host *h = *state;
    tell(h, "r");
    acknowledge_all(h);
    h->script = "rrr";
    runtime_step(h->r);
    assert_int_equal(h->reports[REPORT_REJECTED], 1);
    reserve(h, 2, 2);
    assert_int_equal(h->actors[0].published_seq, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_inside__given_a_receiver_here_then_one_transaction_for_both),
        TEST(test_inside__given_a_refused_transaction_then_actors_decide_apart),
        TEST(test_inside__given_a_message_apart_then_counts_when_its_effects_are_stored),
        TEST(test_inside__given_a_receiver_that_was_lost_then_publishes_it),
        TEST(test_inside__given_a_message_that_is_refused_then_skips_it_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
