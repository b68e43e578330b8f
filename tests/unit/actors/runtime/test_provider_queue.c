// What waits for the provider: bounded, in the order of age, each once, in two lanes.
#include "actors/runtime/provider_queue.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NOW_MS INT64_C(1800000000000)

static effect call_of(uint32_t n, int64_t made_ms, enum effect_type type)
{
    uint8_t random[6] = {0,         0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
                         (uint8_t)n};
    effect e = {.type = type, .amount_minor = (int64_t)n};
    e.payment.u = uuid_tagged(made_ms, 0x12345678, random);
    return e;
}

static bool put(provider_queue *q, uint32_t n, int64_t made_ms, enum effect_type type)
{
    effect e = call_of(n, made_ms, type);
    return provider_queue_put(q, &e);
}

static void takes(provider_queue *q, int64_t n)
{
    effect e;
    assert_true(provider_queue_take(q, &e));
    assert_int_equal(e.amount_minor, n);
}

static void test_provider_queue__given_any_order_then_the_oldest_payment_goes_first(void **state)
{
    (void)state;
    provider_queue *q = provider_queue_new(64, 64);
    effect e;
    for (uint32_t i = 0; i < 32; i++) {
        uint32_t n = i * 13 % 32;
        assert_true(put(q, n, NOW_MS + n, EFFECT_INTENT_CREATE));
    }
    assert_int_equal(provider_queue_waiting(q), 32);
    for (uint32_t n = 0; n < 32; n++)
        takes(q, n);
    assert_false(provider_queue_take(q, &e));
    provider_queue_free(q);
}

static void test_provider_queue__given_the_same_call_then_it_waits_once_until_it_ended(void **state)
{
    (void)state;
    provider_queue *q = provider_queue_new(8, 8);
    effect e = call_of(1, NOW_MS, EFFECT_INTENT_CREATE), taken;
    assert_true(provider_queue_put(q, &e));
    assert_true(provider_queue_put(q, &e));
    assert_int_equal(provider_queue_waiting(q), 1);
    takes(q, 1);
    assert_true(provider_queue_put(q, &e)); // under way
    assert_false(provider_queue_take(q, &taken));
    assert_true(put(q, 1, NOW_MS, EFFECT_INTENT_CANCEL)); // another call of the same payment
    takes(q, 1);
    provider_queue_ended(q, &e);
    assert_true(provider_queue_put(q, &e));
    takes(q, 1);
    provider_queue_free(q);
}

static void test_provider_queue__given_refunds_and_checkouts_then_they_take_turns(void **state)
{
    (void)state;
    provider_queue *q = provider_queue_new(64, 64);
    for (uint32_t n = 0; n < 8; n++) // older than what a buyer waits for
        assert_true(put(q, 100 + n, NOW_MS - 86400000 + n, EFFECT_REFUND_CREATE));
    assert_true(put(q, 1, NOW_MS, EFFECT_INTENT_CREATE));
    assert_true(put(q, 2, NOW_MS + 1, EFFECT_INTENT_CREATE));
    takes(q, 1);
    takes(q, 100);
    takes(q, 2);
    takes(q, 101);
    takes(q, 102);
    assert_true(put(q, 3, NOW_MS + 2, EFFECT_INTENT_CREATE));
    takes(q, 3);
    takes(q, 103);
    provider_queue_free(q);
}

static void test_provider_queue__given_a_rush_then_the_newest_give_way_to_older_ones(void **state)
{
    (void)state;
    provider_queue *q = provider_queue_new(64, 128);
    for (uint32_t n = 0; n < 64; n++)
        assert_true(put(q, n, NOW_MS + n, EFFECT_INTENT_CREATE));
    assert_false(put(q, 64, NOW_MS + 64, EFFECT_INTENT_CREATE));
    assert_true(put(q, 65, NOW_MS + 65, EFFECT_REFUND_CREATE)); // the other lane has room
    takes(q, 0);
    takes(q, 65);
    assert_true(put(q, 64, NOW_MS + 64, EFFECT_INTENT_CREATE));
    for (uint32_t i = 0; i < 16; i++)
        assert_true(put(q, 1000 + i, NOW_MS - 1000 + i, EFFECT_INTENT_CREATE));
    assert_int_equal(provider_queue_waiting(q), 64);
    for (uint32_t i = 0; i < 16; i++)
        takes(q, 1000 + i);
    for (uint32_t n = 1; n < 49; n++) // who gave way were the sixteen newest
        takes(q, n);
    assert_int_equal(provider_queue_waiting(q), 0);
    provider_queue_free(q);
}

static void test_provider_queue__given_as_many_under_way_as_may_be_then_takes_none(void **state)
{
    (void)state;
    provider_queue *q = provider_queue_new(8, 2);
    effect e, first = call_of(0, NOW_MS, EFFECT_INTENT_CREATE);
    for (uint32_t n = 0; n < 3; n++)
        assert_true(put(q, n, NOW_MS + n, EFFECT_INTENT_CREATE));
    takes(q, 0);
    takes(q, 1);
    assert_false(provider_queue_take(q, &e));
    provider_queue_ended(q, &first);
    takes(q, 2);
    provider_queue_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_provider_queue__given_any_order_then_the_oldest_payment_goes_first),
        cmocka_unit_test(
            test_provider_queue__given_the_same_call_then_it_waits_once_until_it_ended),
        cmocka_unit_test(test_provider_queue__given_refunds_and_checkouts_then_they_take_turns),
        cmocka_unit_test(test_provider_queue__given_a_rush_then_the_newest_give_way_to_older_ones),
        cmocka_unit_test(test_provider_queue__given_as_many_under_way_as_may_be_then_takes_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
