// Facts and live changes of ticks that follow each other closely: one message, nothing lost.
#include "tests/unit/actors/runtime/fake_kind.h"

enum { GATHER_MS = 100, RESEND_MS = 500, LONG_MS = 1000 };

static const fake_sent *sent_last(const fake_host *h, const char *prefix)
{
    for (uint32_t i = h->sent_count; i-- > 0;)
        if (strncmp(h->sent[i].to, prefix, strlen(prefix)) == 0)
            return &h->sent[i];
    fail_msg("nothing left for %s", prefix);
    return NULL;
}

static void reserve(fake_host *h, uint32_t actor, uint64_t number, uint32_t seat)
{
    fake_deliver(
        h, (fake_envelope){.actor = actor, .number = number, .seats = {seat}, .seats_count = 1});
    runtime_step(h->r);
}

static void later(fake_host *h, int64_t ms)
{
    h->mono_us += ms * 1000;
    h->database_us += ms * 1000;
    runtime_step(h->r);
}

static void acknowledge(fake_host *h, const fake_sent *s)
{
    runtime_acknowledged(h->r, s->cell, s->token);
    runtime_step(h->r);
}

static void check_facts(const fake_sent *s, uint64_t first_seq, uint32_t facts)
{
    Cavea__V1__FactBatch *m = cavea__v1__fact_batch__unpack(NULL, s->bytes_count, s->bytes);
    assert_non_null(m);
    assert_int_equal(m->first_seq, first_seq);
    assert_int_equal(m->n_facts, facts);
    for (uint32_t i = 0; i < facts; i++) { // a fact of the fake kind has its seat as its number
        Cavea__V1__MessageRejected *fact = cavea__v1__message_rejected__unpack(
            NULL, m->facts[i]->payload.len, m->facts[i]->payload.data);
        assert_int_equal(fact->number, first_seq + i);
        cavea__v1__message_rejected__free_unpacked(fact, NULL);
    }
    cavea__v1__fact_batch__free_unpacked(m, NULL);
}

static void check_live(const fake_sent *s, uint64_t first, uint64_t last)
{
    Cavea__V1__LiveDelta *m = cavea__v1__live_delta__unpack(NULL, s->bytes_count, s->bytes);
    assert_non_null(m);
    assert_int_equal(m->first_version, first);
    assert_int_equal(m->last_version, last);
    assert_int_equal(m->n_seats, last - first + 1);
    for (uint64_t i = first; i <= last; i++)
        assert_int_equal(m->seats[i - first], i);
    assert_int_equal(m->status, first == 1 ? CAVEA__V1__EVENT_STATUS__EVENT_STATUS_UNSPECIFIED
                                           : CAVEA__V1__EVENT_STATUS__EVENT_STATUS_PAUSED);
    cavea__v1__live_delta__free_unpacked(m, NULL);
}

// Tells the seat that is as large as the last fact's number, and once, with the second, a status.
static void tell_live(void *state, turn *t)
{
    (void)state;
    if (!turn_has_facts(t))
        return;
    const journal *j = turn_journal(t);
    uint32_t seat = (uint32_t)j->facts[j->facts_count - 1].seq;
    Cavea__V1__LiveDelta delta = CAVEA__V1__LIVE_DELTA__INIT;
    delta.n_seats = 1;
    delta.seats = &seat;
    if (seat == 2)
        delta.status = CAVEA__V1__EVENT_STATUS__EVENT_STATUS_PAUSED;
    turn_live(t, &delta);
}

static void test_gather__given_a_tick_after_a_pause_then_it_leaves_at_once(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    reserve(h, 0, 1, 1);
    check_facts(sent_last(h, "cavea.v1.fact."), 1, 1);
    later(h, GATHER_MS);
    reserve(h, 0, 2, 2);
    assert_int_equal(fake_left(h, "cavea.v1.fact."), 2);
    check_facts(sent_last(h, "cavea.v1.fact."), 2, 1);
}

static void test_gather__given_ticks_close_together_then_one_message_when_it_is_due(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_open(h, 1);
    for (uint32_t i = 1; i <= 4; i++)
        reserve(h, 0, i, i);
    reserve(h, 1, 1, 1); // another actor's first one
    assert_int_equal(fake_left(h, "cavea.v1.fact."), 2);
    assert_int_equal(fake_left(h, FAKE_REPLY), 5); // nobody waits for his answer
    assert_in_range(runtime_rest_ms(h->r, 1000), GATHER_MS, GATHER_MS + 1);
    later(h, GATHER_MS - 1);
    assert_int_equal(fake_left(h, "cavea.v1.fact."), 2);
    later(h, 1);
    assert_int_equal(fake_left(h, "cavea.v1.fact."), 3);
    check_facts(sent_last(h, "cavea.v1.fact."), 2, 3);
    assert_int_equal(runtime_rest_ms(h->r, 1000), 1000);
    later(h, 2 * GATHER_MS);
    assert_int_equal(fake_left(h, "cavea.v1.fact."), 3); // once
}

static void test_gather__given_its_acknowledgement_then_published_through_it(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    reserve(h, 0, 1, 1);
    acknowledge(h, sent_last(h, "cavea.v1.fact."));
    reserve(h, 0, 2, 2);
    // A message to another actor leaves at once; its acknowledgement is not that of the facts.
    fake_deliver(h, (fake_envelope){.number = 3,
                                    .seats = {3},
                                    .seats_count = 1,
                                    .other = CAVEA__V1__COMMAND__BODY_EXPIRE});
    runtime_step(h->r);
    subject one = subject_of(SUBJECT_IN, &h->actors[1].ref);
    subject two = subject_of(SUBJECT_IN, &h->actors[2].ref);
    acknowledge(h, sent_last(h, one.text));
    acknowledge(h, sent_last(h, two.text));
    reserve(h, 0, 4, 4);
    assert_int_equal(h->actors[0].published_seq, 1);
    later(h, GATHER_MS);
    check_facts(sent_last(h, "cavea.v1.fact."), 2, 3);
    acknowledge(h, sent_last(h, "cavea.v1.fact."));
    reserve(h, 0, 5, 5);
    assert_int_equal(h->actors[0].published_seq, 4);
}

static void test_gather__given_a_cell_loaded_again_then_its_rows_tell(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    reserve(h, 0, 1, 1);
    acknowledge(h, sent_last(h, "cavea.v1.fact."));
    reserve(h, 0, 2, 2); // gathered
    fake_forget(h);
    h->script = "u";
    reserve(h, 0, 3, 3);
    later(h, GATHER_MS);
    assert_int_equal(fake_left(h, "cavea.v1.fact."), 1); // the third one's, decided again
    check_facts(sent_last(h, "cavea.v1.fact."), 3, 1);
    fake_forget(h);
    runtime_upkeep(h->r);
    check_facts(sent_last(h, "cavea.v1.fact."), 2, 2);
}

static void test_gather__given_a_lost_actor_then_its_successor_tells(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    reserve(h, 0, 1, 1);
    reserve(h, 0, 2, 2);
    h->actors[0].ours = false;
    reserve(h, 0, 3, 3);
    assert_false(runtime_holds(h->r, &h->actors[0].ref.id));
    later(h, GATHER_MS);
    assert_int_equal(fake_left(h, "cavea.v1.fact."), 1);
}

static void test_gather__given_a_stop_then_all_of_it_leaves(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    for (uint32_t i = 1; i <= 3; i++)
        reserve(h, 0, i, i);
    runtime_hand_over(h->r);
    check_facts(sent_last(h, "cavea.v1.fact."), 2, 2);
}

static void test_gather__given_live_changes_then_one_has_the_lists_of_all(void **state)
{
    fake_host *h = *state;
    fake_kind.flush = tell_live;
    fake_open(h, 0);
    for (uint32_t i = 1; i <= 4; i++)
        reserve(h, 0, i, i);
    assert_int_equal(fake_left(h, "cavea.v1.live."), 1);
    check_live(sent_last(h, "cavea.v1.live."), 1, 1);
    later(h, GATHER_MS);
    assert_int_equal(fake_left(h, "cavea.v1.live."), 2);
    check_live(sent_last(h, "cavea.v1.live."), 2, 4);
}

// A silence counts from the message's leaving, however long its facts were gathered.
static void test_gather__given_longer_than_a_silence_then_nothing_is_told_twice(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    reserve(h, 0, 1, 1);
    acknowledge(h, sent_last(h, "cavea.v1.fact."));
    reserve(h, 0, 2, 2);
    later(h, LONG_MS - 1);
    runtime_upkeep(h->r);
    reserve(h, 0, 3, 3);
    assert_int_equal(fake_left(h, "cavea.v1.fact."), 1);
    later(h, 1);
    assert_int_equal(fake_left(h, "cavea.v1.fact."), 2);
    check_facts(sent_last(h, "cavea.v1.fact."), 2, 2);
    later(h, RESEND_MS - 1);
    runtime_upkeep(h->r);
    assert_int_equal(fake_left(h, "cavea.v1.fact."), 2);
    later(h, 1);
    runtime_upkeep(h->r);
    assert_int_equal(fake_left(h, "cavea.v1.fact."), 3); // nobody answered
    check_facts(sent_last(h, "cavea.v1.fact."), 2, 2);
}

static int gather_setup(void **state)
{
    fake_gather_ms = GATHER_MS;
    fake_kind.flush = NULL;
    return fake_setup(state);
}

static int long_setup(void **state)
{
    fake_gather_ms = LONG_MS;
    fake_kind.flush = NULL;
    return fake_setup(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, gather_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_gather__given_a_tick_after_a_pause_then_it_leaves_at_once),
        TEST(test_gather__given_ticks_close_together_then_one_message_when_it_is_due),
        TEST(test_gather__given_its_acknowledgement_then_published_through_it),
        TEST(test_gather__given_a_cell_loaded_again_then_its_rows_tell),
        TEST(test_gather__given_a_lost_actor_then_its_successor_tells),
        TEST(test_gather__given_a_stop_then_all_of_it_leaves),
        TEST(test_gather__given_live_changes_then_one_has_the_lists_of_all),
        cmocka_unit_test_setup_teardown(
            test_gather__given_longer_than_a_silence_then_nothing_is_told_twice, long_setup,
            fake_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
