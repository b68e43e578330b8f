// What is a silence of the stream and what is not, and a silence of the database.
#include "tests/unit/actors/runtime/fake_kind.h"

static void later(fake_host *h, int64_t ms)
{
    h->mono_us += ms * 1000;
    h->database_us += ms * 1000;
    runtime_step(h->r);
    runtime_upkeep(h->r);
}

// A command that makes the actor send to both others.
static void tell_others(fake_host *h, uint64_t number)
{
    fake_deliver(h, (fake_envelope){.number = number, .other = CAVEA__V1__COMMAND__BODY_EXPIRE});
    runtime_step(h->r);
}

// A fact, and messages for both others, which are awaited with it.
static void reserve_and_tell(fake_host *h, uint64_t number, uint32_t seat)
{
    fake_deliver(h, (fake_envelope){.number = number,
                                    .seats = {seat},
                                    .seats_count = 1,
                                    .other = CAVEA__V1__COMMAND__BODY_EXPIRE});
    runtime_step(h->r);
}

static void acknowledge_all(fake_host *h)
{
    for (uint32_t i = 0; i < h->sent_count; i++)
        if (h->sent[i].stored)
            runtime_acknowledged(h->r, h->sent[i].cell, h->sent[i].token);
}

// They lie in the mailbox while the tick waits for its own commit: that is no silence of the
// stream.
static void test_silence__given_answers_during_a_slow_commit_then_nothing_goes_twice(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    reserve_and_tell(h, 1, 1);
    h->script = "s";
    h->meanwhile = acknowledge_all;
    reserve_and_tell(h, 2, 2);
    assert_int_equal(fake_left(h, fake_inbox(h, 1).text), 2);
    assert_int_equal(fake_left(h, "cavea.v1.direct."), 0);
    runtime_upkeep(h->r);
    assert_int_equal(fake_left(h, "cavea.v1.fact."), 2); // no page of the first one's
    runtime_step(h->r);
    tell_others(h, 3);
    assert_int_equal(fake_left(h, "cavea.v1.direct."), 0);
}

static void no_answer(fake_host *h)
{
    (void)h;
}

// As before, but the stream is silent indeed: the next tick knows.
static void test_silence__given_no_answers_during_a_slow_commit_then_news_go_directly(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    reserve_and_tell(h, 1, 1);
    h->script = "s";
    h->meanwhile = no_answer;
    reserve_and_tell(h, 2, 2);
    assert_int_equal(fake_left(h, "cavea.v1.direct."), 0);
    tell_others(h, 3);
    assert_int_equal(fake_left(h, "cavea.v1.direct."), 2);
}

// Each question can take as long as a reply is waited for: one is enough.
static void test_silence__given_a_silent_database_then_it_is_asked_once_an_upkeep(void **state)
{
    fake_host *h = *state;
    for (uint32_t i = 0; i < FAKE_ACTORS; i++) {
        fake_open(h, i);
        fake_deliver(h, (fake_envelope){.actor = i, .number = 1, .seats = {1}, .seats_count = 1});
    }
    runtime_step(h->r);
    h->facts_silent = true;
    later(h, 600);
    assert_int_equal(h->fact_loads, 1);
    h->facts_silent = false;
    later(h, 1100);
    assert_int_equal(h->fact_loads, 1 + FAKE_ACTORS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_silence__given_answers_during_a_slow_commit_then_nothing_goes_twice),
        TEST(test_silence__given_no_answers_during_a_slow_commit_then_news_go_directly),
        TEST(test_silence__given_a_silent_database_then_it_is_asked_once_an_upkeep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
