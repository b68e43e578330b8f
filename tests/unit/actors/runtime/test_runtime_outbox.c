// What leaves after the commit, how its acknowledgements are followed, and what is sent again.
#include "actors/runtime/senders.h"
#include "tests/unit/actors/runtime/fake_kind.h"

static const fake_sent *sent_first(const fake_host *h, const char *prefix)
{
    for (uint32_t i = 0; i < h->sent_count; i++)
        if (strncmp(h->sent[i].to, prefix, strlen(prefix)) == 0)
            return &h->sent[i];
    fail_msg("nothing left for %s", prefix);
    return NULL;
}

static uint32_t commands_in(const fake_sent *s)
{
    Cavea__V1__Envelope *e = cavea__v1__envelope__unpack(NULL, s->bytes_count, s->bytes);
    assert_non_null(e);
    uint32_t n = (uint32_t)e->n_commands;
    cavea__v1__envelope__free_unpacked(e, NULL);
    return n;
}

static void reserve(fake_host *h, uint64_t number, uint32_t seat)
{
    fake_deliver(h, (fake_envelope){.number = number, .seats = {seat}, .seats_count = 1});
    runtime_step(h->r);
}

// A command that makes the actor send to both others.
static void tell_others(fake_host *h, uint64_t number)
{
    fake_deliver(h, (fake_envelope){.number = number, .other = CAVEA__V1__COMMAND__BODY_EXPIRE});
    runtime_step(h->r);
}

static void test_outbox__given_commands_for_one_actor_then_one_envelope(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_deliver(h, (fake_envelope){.number = 1, .other = CAVEA__V1__COMMAND__BODY_EXPIRE});
    runtime_step(h->r);
    assert_int_equal(fake_left(h, fake_inbox(h, 1).text), 1);
    assert_int_equal(commands_in(sent_first(h, fake_inbox(h, 1).text)), 2);
    assert_int_equal(fake_left(h, fake_inbox(h, 2).text), 1);
    assert_int_equal(commands_in(sent_first(h, fake_inbox(h, 2).text)), 1);
    assert_int_equal(fake_left(h, "cavea.v1.direct."), 0);
}

static void test_outbox__given_a_receiver_elsewhere_then_wakes_it_once_a_second(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_open(h, 2); // this one is here and needs no wake-up
    for (uint64_t i = 1; i <= 3; i++) {
        fake_deliver(h, (fake_envelope){.number = i, .other = CAVEA__V1__COMMAND__BODY_EXPIRE});
        runtime_step(h->r);
    }
    assert_int_equal(fake_left(h, "cavea.v1.wake.event"), 1);
    fake_later(h, 1500);
    fake_deliver(h, (fake_envelope){.number = 4, .other = CAVEA__V1__COMMAND__BODY_EXPIRE});
    runtime_step(h->r);
    assert_int_equal(fake_left(h, "cavea.v1.wake.event"), 2);
}

static void test_outbox__given_a_failed_commit_then_nothing_leaves(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_forget(h);
    h->script = "u";
    h->lease_silent = true;
    fake_deliver(h, (fake_envelope){.number = 1,
                                    .seats = {1},
                                    .seats_count = 1,
                                    .other = CAVEA__V1__COMMAND__BODY_CANCEL});
    runtime_step(h->r);
    assert_int_equal(h->sent_count, 0);
    assert_int_equal(h->effects, 0);
    h->lease_silent = false;
    runtime_step(h->r);
    assert_int_equal(h->effects, 1); // decided again: once
    assert_int_equal(fake_left(h, FAKE_REPLY), 1);
}

static void test_outbox__given_answers_then_they_leave_before_facts(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_forget(h);
    reserve(h, 1, 1);
    assert_string_equal(h->sent[0].to, FAKE_REPLY);
    assert_int_equal(strncmp(h->sent[1].to, "cavea.v1.fact.", 14), 0);
    char id[UUID_TEXT_BYTES];
    uuid_format(&h->actors[0].ref.id.u, id);
    assert_memory_equal(h->sent[1].id, id, UUID_TEXT_BYTES - 1);
    assert_string_equal(h->sent[1].id + UUID_TEXT_BYTES - 1, ":1");
}

static void acknowledge(fake_host *h, const fake_sent *s)
{
    runtime_acknowledged(h->r, s->cell, s->token);
    runtime_step(h->r);
}

// The sender's text leaves as a subject, with the rights of this host.
static void test_outbox__given_a_foreign_reply_subject_then_decides_and_nobody_waits(void **state)
{
    static const char *const bad[] = {
        "y",
        "cavea.v1.fact.event.05000000-0000-0000-0000-000000000000",
        "$JS.API.STREAM.DELETE.CAVEA_IN",
        "_INBOX.edge",
        "x 0\r\n\r\nPUB $JS.API.STREAM.DELETE.CAVEA_IN 0\r\n\r\nPUB y",
        FAKE_REPLY "\r\n",
        FAKE_REPLY " x",
        "cavea.v1.reply.*",
    };
    fake_host *h = *state;
    fake_open(h, 0);
    for (uint32_t i = 0; i < sizeof bad / sizeof *bad; i++)
        fake_deliver(h, (fake_envelope){.number = i + 1,
                                        .sequence = i + 1,
                                        .reply_to = bad[i],
                                        .seats = {i},
                                        .seats_count = 1});
    runtime_step(h->r);
    for (uint32_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(h->actors[0].taken[i], 1);
    for (uint32_t i = 0; i < h->sent_count; i++)
        assert_true(strncmp(h->sent[i].to, "cavea.v1.fact.event.", 20) == 0 ||
                    strncmp(h->sent[i].to, "cavea.v1.live.event.", 20) == 0);
    assert_int_equal(fake_left(h, bad[1]), 0);
}

static void test_acks__given_all_of_a_tick_then_published_through_it(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_deliver(h, (fake_envelope){.number = 1,
                                    .seats = {1, 2},
                                    .seats_count = 2,
                                    .other = CAVEA__V1__COMMAND__BODY_EXPIRE});
    runtime_step(h->r);
    const fake_sent *facts = sent_first(h, "cavea.v1.fact.");
    const fake_sent *one = sent_first(h, fake_inbox(h, 1).text),
                    *two = sent_first(h, fake_inbox(h, 2).text);
    acknowledge(h, facts);
    acknowledge(h, one);
    acknowledge(h, one); // one of them came twice, and one never came
    reserve(h, 2, 3);
    assert_int_equal(h->actors[0].published_seq, 2);
    (void)two;
}

static void test_acks__given_one_missing_then_published_waits_for_it(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    reserve(h, 1, 1);
    fake_sent first = *sent_first(h, "cavea.v1.fact.");
    fake_forget(h);
    reserve(h, 2, 2);
    acknowledge(h, sent_first(h, "cavea.v1.fact."));
    reserve(h, 3, 3);
    assert_int_equal(h->actors[0].published_seq, 0); // the second, but not the first
    acknowledge(h, &first);
    reserve(h, 4, 4);
    assert_int_equal(h->actors[0].published_seq, 2);
}

static void test_resend__given_silence_then_publishes_again_over_both_paths(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    reserve(h, 1, 1);
    fake_sent first = *sent_first(h, "cavea.v1.fact.");
    fake_forget(h);
    fake_later(h, 200);
    assert_int_equal(h->sent_count, 0);
    fake_later(h, 400);
    assert_int_equal(fake_left(h, "cavea.v1.fact."), 1);
    assert_int_equal(fake_left(h, fake_inbox(h, 1).text), 1);
    assert_int_equal(fake_left(h, "cavea.v1.direct."), 1);
    assert_int_equal(h->reports[REPORT_DIRECT], 1);
    const fake_sent *facts = sent_first(h, "cavea.v1.fact.");
    const fake_sent *message = sent_first(h, fake_inbox(h, 1).text);
    assert_int_equal(message->token, facts->token);
    // The first publishing's acknowledgement comes late: it says nothing of the second's message.
    acknowledge(h, &first);
    acknowledge(h, facts);
    reserve(h, 2, 2);
    assert_int_equal(h->actors[0].published_seq, 0);
    acknowledge(h, message);
    reserve(h, 3, 3);
    assert_int_equal(h->actors[0].published_seq, 1);
}

// Pauses of 500 ms, 1 s, 2 s, 4 s, 8 s and 8 s; what is new meanwhile takes both paths at once.
static void test_resend__given_a_long_silence_then_pauses_double_and_news_go_directly(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    reserve(h, 1, 1);
    for (int64_t pause_ms = 500; pause_ms <= 8000; pause_ms *= 2) {
        fake_forget(h);
        fake_later(h, pause_ms - 50);
        assert_int_equal(fake_left(h, "cavea.v1.fact."), 0);
        fake_later(h, 100);
        assert_int_equal(fake_left(h, "cavea.v1.fact."), 1);
        fake_forget(h);
        tell_others(h, (uint64_t)pause_ms);
        assert_int_equal(fake_left(h, "cavea.v1.direct."), 2);
    }
    fake_forget(h);
    fake_later(h, 8100);
    assert_int_equal(fake_left(h, "cavea.v1.fact."), 1);
    for (uint32_t i = 0; i < h->sent_count; i++)
        if (h->sent[i].stored)
            runtime_acknowledged(h->r, h->sent[i].cell, h->sent[i].token);
    runtime_step(h->r);
    fake_forget(h);
    tell_others(h, 20000);
    assert_int_equal(fake_left(h, "cavea.v1.direct."), 0);
}

static void test_resend__given_a_new_holder_then_publishes_what_was_not(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    for (uint64_t i = 1; i <= 3; i++)
        reserve(h, i, (uint32_t)i);
    fake_forget(h);
    h->actors[0].published_seq = 1;
    h->actors[0].published_incarnation = 7;
    fake_open(h, 0);
    fake_later(h, 1);
    const fake_sent *s = sent_first(h, "cavea.v1.fact.");
    Cavea__V1__FactBatch *m = cavea__v1__fact_batch__unpack(NULL, s->bytes_count, s->bytes);
    assert_non_null(m);
    assert_int_equal(m->first_seq, 2);
    assert_int_equal(m->n_facts, 2);
    cavea__v1__fact_batch__free_unpacked(m, NULL);
    assert_int_equal(commands_in(sent_first(h, fake_inbox(h, 1).text)), 2);
}

static void test_resend__given_a_new_stream_then_publishes_the_past_again(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    reserve(h, 1, 1);
    acknowledge(h, sent_first(h, "cavea.v1.fact."));
    fake_forget(h);
    fake_later(h, 700);
    assert_int_equal(h->sent_count, 0);
    h->incarnation = 8;
    fake_later(h, 100);
    assert_int_equal(fake_left(h, "cavea.v1.fact."), 1);
    acknowledge(h, sent_first(h, "cavea.v1.fact."));
    acknowledge(h, sent_first(h, fake_inbox(h, 1).text));
    fake_forget(h);
    fake_later(h, 700);
    assert_int_equal(h->sent_count, 0);
    reserve(h, 2, 2);
    assert_int_equal(h->actors[0].published_incarnation, 8);
}

static void test_resend__given_a_silent_stream_then_the_ring_overflows_without_loss(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    for (uint64_t i = 1; i <= CELL_ACKS_MAX + 20; i++) {
        reserve(h, i, (uint32_t)i % FAKE_POISON_SEAT);
        h->actors[0].taken[i % FAKE_POISON_SEAT] = 0;
        fake_open(h, 1); // other work between
        fake_forget(h);
    }
    int64_t last = h->actors[0].last_seq;
    for (uint32_t i = 0; i < 10; i++) {
        fake_forget(h);
        fake_later(h, 600);
        for (uint32_t k = 0; k < h->sent_count; k++)
            if (h->sent[k].stored)
                runtime_acknowledged(h->r, h->sent[k].cell, h->sent[k].token);
        runtime_step(h->r);
    }
    h->incarnation = 7;
    fake_deliver(h, (fake_envelope){.number = 999});
    runtime_step(h->r);
    assert_int_equal(h->actors[0].published_seq, last);
}

static void test_volatile__given_a_tick_then_saves_the_cursor_once_a_second(void **state)
{
    fake_host *h = *state;
    fake_kind.is_volatile = true;
    fake_open(h, 0);
    fake_deliver(
        h, (fake_envelope){.number = 1, .sequence = 1, .other = CAVEA__V1__COMMAND__BODY_EXPIRE});
    runtime_step(h->r);
    assert_int_equal(h->actors[0].cursor, 1);
    fake_deliver(
        h, (fake_envelope){.number = 2, .sequence = 2, .other = CAVEA__V1__COMMAND__BODY_EXPIRE});
    runtime_step(h->r);
    assert_int_equal(h->actors[0].cursor, 1);
    assert_int_equal(fake_left(h, fake_inbox(h, 1).text), 2); // and sends at once, over both paths
    assert_int_equal(fake_left(h, "cavea.v1.direct."), 4);
    fake_later(h, 1100);
    fake_deliver(
        h, (fake_envelope){.number = 3, .sequence = 3, .other = CAVEA__V1__COMMAND__BODY_EXPIRE});
    runtime_step(h->r);
    assert_int_equal(h->actors[0].cursor, 3);
}

static void test_volatile__given_a_receiver_here_then_needs_no_broker(void **state)
{
    fake_host *h = *state;
    fake_kind.is_volatile = true;
    fake_open(h, 0);
    fake_open(h, 1);
    fake_deliver(h, (fake_envelope){.number = 1, .other = CAVEA__V1__COMMAND__BODY_EXPIRE});
    runtime_step(h->r);
    assert_int_equal(runtime_mailbox_depth(h->r), 1);
    assert_int_equal(fake_left(h, fake_inbox(h, 1).text), 0);
    assert_int_equal(fake_left(h, fake_inbox(h, 2).text), 1); // elsewhere
    uint32_t handled = h->handled;
    runtime_step(h->r);
    assert_int_equal(h->handled, handled + 2);
}

static void test_upkeep__given_an_idle_actor_then_gives_its_lease_back(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_open(h, 1);
    fake_later(h, 50000);
    fake_deliver(h, (fake_envelope){.actor = 1, .number = 1});
    runtime_step(h->r);
    fake_later(h, 20000);
    fake_later(h, 20000);
    assert_false(runtime_holds(h->r, &h->actors[0].ref.id));
    assert_true(runtime_holds(h->r, &h->actors[1].ref.id));
    assert_int_equal(h->released, 1);
    assert_int_equal(h->reports[REPORT_SLEPT], 1);
}

static void test_hand_over__given_queued_messages_then_answers_them_first(void **state)
{
    fake_host *h = *state;
    for (uint32_t i = 0; i < FAKE_ACTORS; i++)
        fake_open(h, i);
    for (uint32_t i = 0; i < FAKE_ACTORS; i++)
        fake_deliver(h, (fake_envelope){.actor = i, .number = 1, .seats = {4}, .seats_count = 1});
    runtime_hand_over(h->r);
    for (uint32_t i = 0; i < FAKE_ACTORS; i++)
        assert_int_equal(h->actors[i].taken[4], 1);
    assert_int_equal(fake_left(h, FAKE_REPLY), FAKE_ACTORS);
    assert_int_equal(h->released, FAKE_ACTORS);
    assert_int_equal(fake_left(h, "cavea.v1.wake.event"), FAKE_ACTORS);
    assert_int_equal(runtime_cells_of(h->r, ACTOR_EVENT), 0);
}

static void test_hand_over__given_no_database_then_it_is_tried_once(void **state)
{
    fake_host *h = *state;
    for (uint32_t i = 0; i < FAKE_ACTORS; i++)
        fake_open(h, i);
    h->lease_silent = true;
    runtime_hand_over(h->r);
    assert_int_equal(h->silent_releases, 1);
    assert_int_equal(fake_left(h, "cavea.v1.wake.event"), 0);
    assert_int_equal(runtime_cells_of(h->r, ACTOR_EVENT), 0);
}

static void test_senders__given_too_many_then_is_silent_and_decides_nothing(void **state)
{
    fake_host *h = *state;
    senders s = {0};
    for (uint32_t i = 0; i < SENDERS_PER_ACTOR_MAX; i++) {
        uuid id = {{1, (uint8_t)i}};
        assert_int_equal(senders_note(&s, &id, 1, FAKE_NOW_US), SENDER_NEW);
    }
    h->actors[0].senders_bytes = senders_encode(&s, h->actors[0].senders);
    fake_open(h, 0);
    reserve(h, 1, 1);
    assert_int_equal(h->handled, 0);
    assert_int_equal(fake_left(h, "cavea.v1.reply."), 0);
    h->mono_us += (SENDER_KEEP_SECONDS + 1) * INT64_C(1000000);
    h->database_us += (SENDER_KEEP_SECONDS + 1) * INT64_C(1000000);
    fake_open(h, 0);
    reserve(h, 1, 1);
    assert_int_equal(h->handled, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_outbox__given_commands_for_one_actor_then_one_envelope),
        TEST(test_outbox__given_a_receiver_elsewhere_then_wakes_it_once_a_second),
        TEST(test_outbox__given_a_failed_commit_then_nothing_leaves),
        TEST(test_outbox__given_answers_then_they_leave_before_facts),
        TEST(test_outbox__given_a_foreign_reply_subject_then_decides_and_nobody_waits),
        TEST(test_acks__given_all_of_a_tick_then_published_through_it),
        TEST(test_acks__given_one_missing_then_published_waits_for_it),
        TEST(test_resend__given_silence_then_publishes_again_over_both_paths),
        TEST(test_resend__given_a_long_silence_then_pauses_double_and_news_go_directly),
        TEST(test_resend__given_a_new_holder_then_publishes_what_was_not),
        TEST(test_resend__given_a_new_stream_then_publishes_the_past_again),
        TEST(test_resend__given_a_silent_stream_then_the_ring_overflows_without_loss),
        TEST(test_volatile__given_a_tick_then_saves_the_cursor_once_a_second),
        TEST(test_volatile__given_a_receiver_here_then_needs_no_broker),
        TEST(test_upkeep__given_an_idle_actor_then_gives_its_lease_back),
        TEST(test_hand_over__given_queued_messages_then_answers_them_first),
        TEST(test_hand_over__given_no_database_then_it_is_tried_once),
        TEST(test_senders__given_too_many_then_is_silent_and_decides_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
