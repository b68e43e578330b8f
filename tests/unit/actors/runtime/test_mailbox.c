#include "actors/runtime/mailbox.h"

#include <stdlib.h>
#include <time.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static mail ack(uint64_t number)
{
    return (mail){.type = MAIL_ACK, .ack = {number, 0}};
}

static int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void test_mailbox_put__given_a_full_one_then_refuses(void **state)
{
    (void)state;
    mailbox m;
    assert_true(mailbox_init(&m, 4));
    for (uint64_t i = 0; i < 4; i++) {
        mail item = ack(i);
        assert_true(mailbox_put(&m, &item));
    }
    mail item = ack(4), taken[8];
    assert_false(mailbox_put(&m, &item));
    assert_int_equal(mailbox_take(&m, taken, 2), 2);
    assert_true(mailbox_put(&m, &item)); // round the end of the ring
    assert_int_equal(mailbox_depth(&m), 3);
    assert_int_equal(mailbox_take(&m, taken, 8), 3);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(taken[i].ack.number, i + 2);
    assert_int_equal(mailbox_take(&m, taken, 8), 0);
    mailbox_done(&m);
}

static mail message_to(actor_kind kind, int64_t sequence)
{
    return (mail){.type = MAIL_MESSAGE, .message = {.to.kind = kind, .sequence = sequence}};
}

static void put(mailbox *m, mail item)
{
    assert_true(mailbox_put(m, &item));
}

static void test_mailbox_take__given_both_lanes_then_money_first_and_each_in_order(void **state)
{
    (void)state;
    mailbox m;
    mail taken[8];
    cell event = {.ref.kind = ACTOR_EVENT};
    assert_true(mailbox_init(&m, 8));
    put(&m, message_to(ACTOR_EVENT, 1));
    put(&m, (mail){.type = MAIL_CELL, .installed = &event});
    put(&m, message_to(ACTOR_PAYMENT, 2));
    put(&m, message_to(ACTOR_EVENT, 3));
    put(&m, message_to(ACTOR_EXPIRY, 4));
    put(&m, ack(5));
    mail told = message_to(ACTOR_EVENT, 0);
    told.message.local = true;
    put(&m, told);
    assert_int_equal(mailbox_take(&m, taken, 8), 7);
    assert_int_equal(taken[0].message.sequence, 2);
    assert_int_equal(taken[1].message.sequence, 4);
    assert_int_equal(taken[2].ack.number, 5);
    assert_true(taken[3].message.local); // from an actor of this host
    assert_int_equal(taken[4].message.sequence, 1);
    assert_ptr_equal(taken[5].installed, &event); // never before what came for the cell before it
    assert_int_equal(taken[6].message.sequence, 3);
    mailbox_done(&m);
}

static void test_mailbox_take__given_more_money_than_fits_then_events_get_their_share(void **state)
{
    (void)state;
    mailbox m;
    mail taken[8];
    assert_true(mailbox_init(&m, 8));
    for (int64_t i = 0; i < 8; i++) {
        put(&m, message_to(ACTOR_PAYMENT, i));
        put(&m, message_to(ACTOR_EVENT, i));
    }
    assert_int_equal(mailbox_take(&m, taken, 8), 8);
    assert_true(m.first_left);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(taken[i].message.to.kind, i < 6 ? ACTOR_PAYMENT : ACTOR_EVENT);
    assert_int_equal(mailbox_depth(&m), 8);
    assert_int_equal(mailbox_take(&m, taken, 8), 8);
    assert_false(m.first_left);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(taken[i].message.sequence, i < 2 ? i + 6 : i);
    mailbox_done(&m);
}

static void test_mailbox_put__given_events_at_their_bound_then_money_still_has_room(void **state)
{
    (void)state;
    mailbox m;
    mail event = message_to(ACTOR_EVENT, 1);
    assert_true(mailbox_init(&m, 4));
    for (int i = 0; i < 4; i++)
        put(&m, event);
    assert_false(mailbox_put(&m, &event));
    assert_false(mailbox_put(&m, &event));
    put(&m, message_to(ACTOR_PAYMENT, 1));
    assert_int_equal(mailbox_refused_take(&m), 2);
    assert_int_equal(mailbox_refused_take(&m), 0);
    mailbox_done(&m);
}

static uint32_t released;
static void release(void *owner)
{
    (void)owner;
    released++;
}

static void test_mailbox_done__given_what_was_never_taken_then_releases_it(void **state)
{
    (void)state;
    mailbox m;
    assert_true(mailbox_init(&m, 8));
    released = 0;
    mail message = {.type = MAIL_MESSAGE, .message = {.release = release}};
    mail stuck = {.type = MAIL_STUCK, .stuck = {.row = calloc(1, sizeof(stuck_row))}};
    mail installed = {.type = MAIL_CELL, .installed = calloc(1, sizeof(cell))};
    assert_true(mailbox_put(&m, &message));
    assert_true(mailbox_put(&m, &stuck));
    assert_true(mailbox_put(&m, &installed));
    mailbox_done(&m); // the leak checker looks at the others
    assert_int_equal(released, 1);
}

static void *put_later(void *closure)
{
    mail item = message_to(ACTOR_EVENT, 1);
    if (!mailbox_put(closure, &item))
        return closure;
    return NULL;
}

static void test_mailbox_wait__given_an_arrival_then_returns_before_its_time(void **state)
{
    (void)state;
    mailbox m;
    pthread_t thread;
    void *failed = NULL;
    assert_true(mailbox_init(&m, 8));
    int64_t started_us = monotonic_us();
    assert_int_equal(pthread_create(&thread, NULL, put_later, &m), 0);
    mailbox_wait(&m, started_us + 20 * INT64_C(1000000), false);
    assert_int_equal(mailbox_depth(&m), 1);
    pthread_join(thread, &failed);
    assert_null(failed);
    assert_true(monotonic_us() - started_us < 10 * INT64_C(1000000));
    mailbox_wait(&m, started_us + 20 * INT64_C(1000000), false); // it is still there
    mailbox_done(&m);
}

static void test_mailbox_wait__given_undisturbed_then_waits_all_the_time(void **state)
{
    (void)state;
    mailbox m;
    assert_true(mailbox_init(&m, 8));
    put(&m, message_to(ACTOR_EVENT, 1));
    int64_t until_us = monotonic_us() + 30000;
    mailbox_wait(&m, until_us, true);
    assert_true(monotonic_us() >= until_us);
    mailbox_done(&m);
}

static void test_mailbox_wait__given_an_acknowledgement_then_it_disturbs_nobody(void **state)
{
    (void)state;
    mailbox m;
    mail taken[8];
    assert_true(mailbox_init(&m, 8));
    put(&m, ack(1));
    assert_false(mailbox_is_urgent(&m));
    int64_t until_us = monotonic_us() + 30000;
    mailbox_wait(&m, until_us, false);
    assert_true(monotonic_us() >= until_us);
    put(&m, message_to(ACTOR_EVENT, 1));
    assert_true(mailbox_is_urgent(&m));
    assert_int_equal(mailbox_take(&m, taken, 8), 2);
    assert_false(mailbox_is_urgent(&m));
    mailbox_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mailbox_put__given_a_full_one_then_refuses),
        cmocka_unit_test(test_mailbox_take__given_both_lanes_then_money_first_and_each_in_order),
        cmocka_unit_test(test_mailbox_take__given_more_money_than_fits_then_events_get_their_share),
        cmocka_unit_test(test_mailbox_put__given_events_at_their_bound_then_money_still_has_room),
        cmocka_unit_test(test_mailbox_done__given_what_was_never_taken_then_releases_it),
        cmocka_unit_test(test_mailbox_wait__given_an_arrival_then_returns_before_its_time),
        cmocka_unit_test(test_mailbox_wait__given_an_acknowledgement_then_it_disturbs_nobody),
        cmocka_unit_test(test_mailbox_wait__given_undisturbed_then_waits_all_the_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
