// Messages to actors of other hosts: stored by the stream, and not yet decided on by anybody.
#include "tests/unit/actors/runtime/fake_kind.h"

static void acknowledge_all(fake_host *h)
{
    for (uint32_t i = 0; i < h->sent_count; i++)
        if (h->sent[i].stored)
            runtime_acknowledged(h->r, h->sent[i].cell, h->sent[i].token);
    runtime_step(h->r);
}

// An actor tells both others, of which neither is here; the stream stores it.
static void tell_others(fake_host *h)
{
    fake_open(h, 0);
    fake_deliver(h, (fake_envelope){.number = 1, .other = CAVEA__V1__COMMAND__BODY_EXPIRE});
    runtime_step(h->r);
    acknowledge_all(h);
}

static void later(fake_host *h, int64_t ms)
{
    h->mono_us += ms * 1000;
    h->database_us += ms * 1000;
    runtime_step(h->r);
    runtime_upkeep(h->r);
}

static Cavea__V1__Envelope *envelope_to(const fake_host *h, uint32_t actor)
{
    for (uint32_t i = 0; i < h->sent_count; i++)
        if (strcmp(h->sent[i].to, fake_inbox(h, actor).text) == 0)
            return cavea__v1__envelope__unpack(NULL, h->sent[i].bytes_count, h->sent[i].bytes);
    fail_msg("nothing was published for it");
    return NULL;
}

// What the receiver's host sends where the message says.
static void taken_by(fake_host *h, uint32_t actor)
{
    Cavea__V1__Envelope *e = envelope_to(h, actor);
    uint64_t number, token;
    assert_true(subject_ack_parse(e->reply_to, strlen(e->reply_to), &number, &token));
    assert_int_equal(number, 0);
    runtime_acknowledged(h->r, number, (int64_t)token);
    cavea__v1__envelope__free_unpacked(e, NULL);
}

static subject direct_to(const fake_host *h, uint32_t actor)
{
    return subject_of(SUBJECT_DIRECT, &h->actors[actor].ref);
}

static void test_untaken__given_a_direct_copy_then_it_is_sealed_too(void **state)
{
    fake_host *h = *state;
    tell_others(h);
    later(h, 260);
    uint32_t copies = 0;
    for (uint32_t i = 0; i < h->sent_count; i++) {
        if (strcmp(h->sent[i].to, direct_to(h, 1).text) != 0)
            continue;
        copies++;
        assert_int_equal(
            seal_read(&fake_seals, &h->actors[1].ref, h->sent[i].bytes, h->sent[i].bytes_count),
            SEAL_GOOD);
    }
    assert_int_equal(copies, 1);
}

// Its consumer may have died with its broker.
static void test_untaken__given_a_stored_message_then_goes_directly_too_and_later(void **state)
{
    fake_host *h = *state;
    tell_others(h);
    later(h, 240);
    assert_int_equal(fake_left(h, "cavea.v1.direct."), 0);
    later(h, 20);
    assert_int_equal(fake_left(h, direct_to(h, 1).text), 1);
    assert_int_equal(fake_left(h, direct_to(h, 2).text), 1);
    assert_int_equal(h->flushed_count, h->sent_count);
    later(h, 400);
    assert_int_equal(fake_left(h, "cavea.v1.direct."), 2);
    later(h, 110);
    assert_int_equal(fake_left(h, "cavea.v1.direct."), 4);
    for (uint32_t i = 0; i < 20; i++)
        later(h, 1000);
    assert_int_equal(fake_left(h, "cavea.v1.direct."), 8); // then it is the reconciler's
}

static void test_untaken__given_who_was_told_that_it_was_taken_then_sends_it_no_more(void **state)
{
    fake_host *h = *state;
    tell_others(h);
    taken_by(h, 2);
    taken_by(h, 2); // twice, and of an earlier life: harmless
    runtime_acknowledged(h->r, 0, 4711);
    for (uint32_t i = 0; i < 20; i++)
        later(h, 1000);
    assert_int_equal(fake_left(h, direct_to(h, 2).text), 0);
    assert_int_equal(fake_left(h, direct_to(h, 1).text), 4);
}

// Receipts that came during a slow commit lie in the mailbox.
static void test_untaken__given_receipts_during_a_slow_commit_then_nothing_goes_twice(void **state)
{
    fake_host *h = *state;
    tell_others(h);
    h->mono_us += 700000;
    taken_by(h, 1);
    taken_by(h, 2);
    runtime_upkeep(h->r);
    assert_int_equal(fake_left(h, "cavea.v1.direct."), 0);
    later(h, 1000);
    assert_int_equal(fake_left(h, "cavea.v1.direct."), 0);
}

static const char receipt[] = "cavea.v1.ack.07000000-0000-0000-0000-000000000000.0.12";

static void
test_untaken__given_a_message_of_another_host_then_says_so_after_the_commit(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    h->script = "u";
    h->lease_silent = true;
    fake_deliver(h, (fake_envelope){.sequence = 1,
                                    .other = CAVEA__V1__COMMAND__BODY_EXPIRE,
                                    .reply_to = receipt});
    runtime_step(h->r);
    assert_int_equal(fake_left(h, receipt), 0);
    h->lease_silent = false;
    runtime_step(h->r);
    assert_int_equal(fake_left(h, receipt), 1);
}

// A sender could have an actor write anywhere, or acknowledge for the stream.
static void test_untaken__given_another_subject_than_a_receipt_s_then_says_nothing(void **state)
{
    static const char *const others[] = {
        "cavea.v1.ack.07000000-0000-0000-0000-000000000000.1.12",
        "cavea.v1.ack.07000000-0000-0000-0000-000000000000.0.*",
        "cavea.v1.ack.07000000-0000-0000-0000-000000000000.0.12.1",
        "cavea.v1.in.event.07000000-0000-0000-0000-000000000000",
    };
    fake_host *h = *state;
    fake_open(h, 0);
    for (uint32_t i = 0; i < sizeof others / sizeof *others; i++) {
        fake_deliver(h, (fake_envelope){.sequence = i + 1,
                                        .other = CAVEA__V1__COMMAND__BODY_EXPIRE,
                                        .reply_to = others[i]});
        runtime_step(h->r);
        assert_int_equal(fake_left(h, others[i]), 0);
    }
    assert_int_equal(h->handled, sizeof others / sizeof *others);
}

// What an edge may send: a host is not made to believe that its messages were taken.
static void test_untaken__given_a_receipt_for_what_needs_no_seal_then_says_nothing(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_deliver(
        h, (fake_envelope){.sequence = 1, .seats = {1}, .seats_count = 1, .reply_to = receipt});
    runtime_step(h->r);
    assert_int_equal(h->handled, 1);
    assert_int_equal(fake_left(h, receipt), 0);
}

// Of a sender who waits: the stream should have brought it first.
static void
test_missed__given_a_direct_message_that_is_new_then_its_consumer_is_suspected(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_deliver(h, (fake_envelope){.number = 1, .sequence = 1, .seats = {1}, .seats_count = 1});
    fake_deliver(h, (fake_envelope){.number = 1, .seats = {1}, .seats_count = 1});
    runtime_step(h->r);
    assert_int_equal(h->missed, 0);
    fake_deliver(h, (fake_envelope){.number = 2, .seats = {2}, .seats_count = 1});
    runtime_step(h->r);
    assert_int_equal(h->missed, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_untaken__given_a_stored_message_then_goes_directly_too_and_later),
        TEST(test_untaken__given_a_direct_copy_then_it_is_sealed_too),
        TEST(test_untaken__given_who_was_told_that_it_was_taken_then_sends_it_no_more),
        TEST(test_untaken__given_receipts_during_a_slow_commit_then_nothing_goes_twice),
        TEST(test_untaken__given_a_message_of_another_host_then_says_so_after_the_commit),
        TEST(test_untaken__given_another_subject_than_a_receipt_s_then_says_nothing),
        TEST(test_untaken__given_a_receipt_for_what_needs_no_seal_then_says_nothing),
        TEST(test_missed__given_a_direct_message_that_is_new_then_its_consumer_is_suspected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
