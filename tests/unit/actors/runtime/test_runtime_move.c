// Giving actors to other hosts: in the order asked for, one at a time, and what happens when the
// store says no or nothing.
#include "actors/runtime/wake.h"
#include "tests/unit/actors/runtime/fake_kind.h"

enum { GATHER_MS = 100 };

static const uuid host_b = {{2}}, host_c = {{3}};

static void reserve(fake_host *h, uint32_t actor, uint64_t number, uint32_t seat)
{
    fake_deliver(
        h, (fake_envelope){.actor = actor, .number = number, .seats = {seat}, .seats_count = 1});
    runtime_step(h->r);
}

static void move(fake_host *h, uint32_t actor, const uuid *to)
{
    assert_true(runtime_move(h->r, &h->actors[actor].ref, to));
}

static bool holds(const fake_host *h, uint32_t actor)
{
    return runtime_holds(h->r, &h->actors[actor].ref.id);
}

// One message left for the host: it was chosen for the actor.
static void check_chosen(const fake_host *h, uint32_t actor, const uuid *host)
{
    wake_order order;
    subject to = subject_host(host);
    uint32_t at = 0;
    assert_int_equal(fake_left(h, to.text), 1);
    while (strcmp(h->sent[at].to, to.text) != 0)
        at++;
    assert_true(wake_read(host, to.text, NULL, h->sent[at].bytes, h->sent[at].bytes_count, &order));
    assert_int_equal(order.what, WAKE_CHOSEN);
    assert_true(uuid_equal(&order.actor.id.u, &h->actors[actor].ref.id.u));
    assert_int_equal(h->flushed_count, h->sent_count);
}

static void test_move__given_a_live_host_then_it_gets_lease_and_wake_up(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    reserve(h, 0, 1, 1);
    fake_forget(h);
    move(h, 0, &host_b);
    runtime_upkeep(h->r);
    assert_false(holds(h, 0));
    assert_true(uuid_equal(&h->given_to, &host_b));
    assert_int_equal(h->reports[REPORT_MOVED], 1);
    assert_true(uuid_equal(&h->reported.id.u, &h->actors[0].ref.id.u));
    assert_int_equal(h->sent_count, 1);
    check_chosen(h, 0, &host_b);
}

static void test_move__given_facts_that_wait_then_they_leave_first(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    for (uint32_t i = 1; i <= 3; i++)
        reserve(h, 0, i, i);
    assert_int_equal(fake_left(h, "cavea.v1.fact."), 1);
    move(h, 0, &host_b);
    runtime_upkeep(h->r); // fake_lease_give looks whether they left
    assert_int_equal(h->gives_count, 1);
    assert_int_equal(fake_left(h, "cavea.v1.fact."), 2);
}

static void test_move__given_a_host_that_will_not_do_then_the_actor_stays_and_works(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_forget(h);
    h->gives = "r";
    move(h, 0, &host_b);
    runtime_upkeep(h->r);
    assert_true(holds(h, 0));
    assert_int_equal(h->sent_count, 0);
    assert_int_equal(h->reports[REPORT_UNMOVED], 1);
    reserve(h, 0, 2, 2);
    assert_int_equal(h->actors[0].taken[2], 1);
}

static void test_move__given_several_then_the_first_wins_and_one_goes_at_a_time(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_open(h, 1);
    move(h, 0, &host_b);
    move(h, 0, &host_c);
    move(h, 1, &host_c);
    runtime_upkeep(h->r);
    assert_int_equal(h->gives_count, 1);
    assert_true(uuid_equal(&h->given_to, &host_b));
    assert_false(holds(h, 0));
    assert_true(holds(h, 1));
    runtime_upkeep(h->r); // the second asked for what is not here any more
    assert_int_equal(h->gives_count, 2);
    assert_int_equal(h->reports[REPORT_UNMOVED], 1);
    assert_int_equal(h->reports[REPORT_MOVED], 2);
    assert_false(holds(h, 1));
}

static void test_move__given_ourselves_or_a_stranger_then_nothing_moves(void **state)
{
    fake_host *h = *state;
    uuid own = {{1}};
    fake_open(h, 0);
    move(h, 0, &own);
    move(h, 1, &host_b);
    runtime_upkeep(h->r);
    assert_true(holds(h, 0));
    assert_int_equal(h->gives_count, 0);
    assert_int_equal(h->reports[REPORT_UNMOVED], 2);
}

static void test_move__given_a_lease_that_was_lost_then_drops_it_and_chooses_nobody(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_forget(h);
    h->gives = "f";
    move(h, 0, &host_b);
    runtime_upkeep(h->r);
    assert_false(holds(h, 0));
    assert_int_equal(h->reports[REPORT_FENCED], 1);
    assert_int_equal(h->reports[REPORT_MOVED], 0);
    assert_int_equal(h->sent_count, 0);
}

// The statement had no effect: the actor is loaded again, and works.
static void test_move__given_silence_then_stops_and_loads_again(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_open(h, 1);
    fake_forget(h);
    int64_t epoch = h->actors[0].epoch;
    h->gives = "u";
    h->lease_silent = true; // the database stays away for a while
    move(h, 0, &host_b);
    move(h, 1, &host_b);
    runtime_upkeep(h->r);
    runtime_upkeep(h->r);
    assert_int_equal(h->gives_count, 1); // the second one waits
    assert_int_equal(h->reports[REPORT_UNKNOWN], 1);
    reserve(h, 0, 1, 1);
    assert_int_equal(h->actors[0].taken[1], 0); // nothing is decided meanwhile
    assert_int_equal(h->sent_count, 0);
    h->lease_silent = false;
    runtime_step(h->r);
    assert_int_equal(h->actors[0].taken[1], 1);
    assert_true(holds(h, 0));
    assert_int_equal(h->actors[0].epoch, epoch + 1);
    fake_forget(h);
    runtime_upkeep(h->r);
    assert_int_equal(h->reports[REPORT_UNMOVED], 1);
    assert_false(holds(h, 1)); // and the second one goes
    check_chosen(h, 1, &host_b);
}

// The statement had its effect: whoever has the lease now is told after all.
static void test_move__given_silence_after_the_effect_then_the_new_holder_is_told(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_forget(h);
    h->gives = "a";
    move(h, 0, &host_b);
    runtime_upkeep(h->r);
    assert_int_equal(h->sent_count, 0);
    runtime_step(h->r);
    assert_false(holds(h, 0));
    runtime_upkeep(h->r);
    assert_int_equal(h->reports[REPORT_MOVED], 1);
    assert_int_equal(h->sent_count, 1);
    check_chosen(h, 0, &host_b);
    runtime_upkeep(h->r);
    assert_int_equal(h->sent_count, 1); // once
}

static void test_move__given_more_than_are_remembered_then_says_no(void **state)
{
    enum { MOVES_MAX = 64 }; // of inside.h
    fake_host *h = *state;
    fake_open(h, 0);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < MOVES_MAX; i++)
            move(h, 2, &host_b);
        assert_false(runtime_move(h->r, &h->actors[0].ref, &host_b));
        runtime_upkeep(h->r); // none of them is of an actor that is here
        assert_int_equal(h->reports[REPORT_UNMOVED], (round + 1) * MOVES_MAX);
    }
    move(h, 0, &host_b);
    runtime_upkeep(h->r);
    assert_false(holds(h, 0));
}

static int gather_setup(void **state)
{
    fake_gather_ms = GATHER_MS;
    return fake_setup(state);
}

static int gather_teardown(void **state)
{
    fake_gather_ms = 0;
    return fake_teardown(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_move__given_a_live_host_then_it_gets_lease_and_wake_up),
        cmocka_unit_test_setup_teardown(test_move__given_facts_that_wait_then_they_leave_first,
                                        gather_setup, gather_teardown),
        TEST(test_move__given_a_host_that_will_not_do_then_the_actor_stays_and_works),
        TEST(test_move__given_several_then_the_first_wins_and_one_goes_at_a_time),
        TEST(test_move__given_ourselves_or_a_stranger_then_nothing_moves),
        TEST(test_move__given_a_lease_that_was_lost_then_drops_it_and_chooses_nobody),
        TEST(test_move__given_silence_then_stops_and_loads_again),
        TEST(test_move__given_silence_after_the_effect_then_the_new_holder_is_told),
        TEST(test_move__given_more_than_are_remembered_then_says_no),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
