// Commands whose answer comes from another actor, and what happens when it does not.
#include "tests/unit/edge/edge_bus_rig.h"

static void test_bus__given_a_deferred_command_then_number_zero_answers_it(void **state)
{
    fixture *f = *state;
    asked a, b, c;
    ask_as(f, &a, 1, true);
    ask_as(f, &b, 2, true);
    reply(f, 1, NULL, 0); // accepted; the answer comes from elsewhere
    assert_int_equal(a.waiter.state, WAITER_WAITS);
    reply(f, 0, (uint32_t[]){2}, 1); // overtakes the envelope's own answer
    assert_true(done(&b, BUS_ANSWERED));
    reply(f, 2, NULL, 0);
    reply(f, 0, (uint32_t[]){1}, 1);
    assert_true(done(&a, BUS_ANSWERED));
    ask_as(f, &c, 3, true);
    reply(f, 3, NULL, 0);
    assert_true(bus_give_up(f->bus, &c.waiter));
    assert_null(c.waiter.batch); // which makes it pending
    reply(f, 0, (uint32_t[]){3}, 1);
    bus_end(f->bus, &a.waiter);
    bus_end(f->bus, &b.waiter);
    bus_end(f->bus, &c.waiter);
}

static void test_bus__given_a_lost_answer_of_another_actor_then_asks_again(void **state)
{
    fixture *f = *state;
    asked a;
    ask_as(f, &a, 1, true);
    reply(f, 1, NULL, 0);
    network_clear(&f->net);
    f->net.now_us += (BUS_ASK_AGAIN_MS - 1) * 1000;
    bus_tick(f->bus);
    assert_int_equal(f->net.count, 0);
    f->net.now_us += 1000;
    bus_tick(f->bus);
    assert_int_equal(envelopes(&f->net), 1);
    const Cavea__V1__Envelope *e = f->net.messages[0].envelope;
    assert_int_equal(e->number, 2);
    assert_int_equal(e->n_commands, 1);
    assert_memory_equal(e->commands[0]->id.data, a.waiter.command.bytes, 16);
    reply(f, 2, NULL, 0);
    network_clear(&f->net);
    f->net.now_us += BUS_ASK_AGAIN_MS * 1000; // twice as long now
    bus_tick(f->bus);
    assert_int_equal(f->net.count, 0);
    bus_reconnected(f->bus); // what was on its way is lost
    assert_int_equal(envelopes(&f->net), 1);
    reply(f, 0, (uint32_t[]){1}, 1);
    assert_true(done(&a, BUS_ANSWERED));
    reply(f, 3, NULL, 0);
    bus_end(f->bus, &a.waiter);
}

static void test_bus__given_an_answer_before_it_could_ask_again_then_takes_it(void **state)
{
    fixture *f = *state;
    asked a, others[2];
    ask_as(f, &a, 1, true);
    reply(f, 1, NULL, 0);
    ask(f, &others[0], 2);
    ask(f, &others[1], 3); // no room for a third
    f->net.now_us += BUS_ASK_AGAIN_MS * 1000;
    bus_tick(f->bus);
    assert_non_null(a.waiter.batch);
    network_clear(&f->net);
    reply(f, 0, (uint32_t[]){1}, 1);
    assert_true(done(&a, BUS_ANSWERED));
    reply(f, 2, (uint32_t[]){2}, 1);
    reply(f, 3, (uint32_t[]){3}, 1);
    assert_int_equal(envelopes(&f->net), 0);
    bus_end(f->bus, &a.waiter);
    bus_end(f->bus, &others[0].waiter);
    bus_end(f->bus, &others[1].waiter);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bus__given_a_deferred_command_then_number_zero_answers_it),
        TEST(test_bus__given_a_lost_answer_of_another_actor_then_asks_again),
        TEST(test_bus__given_an_answer_before_it_could_ask_again_then_takes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
