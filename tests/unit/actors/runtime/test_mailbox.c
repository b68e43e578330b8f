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
    mail item = ack(1);
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
    mail item = ack(1);
    assert_true(mailbox_init(&m, 8));
    assert_true(mailbox_put(&m, &item));
    int64_t until_us = monotonic_us() + 30000;
    mailbox_wait(&m, until_us, true);
    assert_true(monotonic_us() >= until_us);
    mailbox_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mailbox_put__given_a_full_one_then_refuses),
        cmocka_unit_test(test_mailbox_done__given_what_was_never_taken_then_releases_it),
        cmocka_unit_test(test_mailbox_wait__given_an_arrival_then_returns_before_its_time),
        cmocka_unit_test(test_mailbox_wait__given_undisturbed_then_waits_all_the_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
