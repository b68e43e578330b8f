// The small parts of the gateway: addresses, what waits for a listener, what comes from NATS.
#include "edge/gateway/address.h"
#include "edge/gateway/inbox.h"
#include "edge/gateway/outlet.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static address forwarded(const char *text)
{
    address a;
    assert_true(address_forwarded(text, strlen(text), &a));
    return a;
}

static void test_address__given_forms_of_one_customer_then_they_are_the_same(void **state)
{
    (void)state;
    address a = forwarded("10.0.0.1, 192.0.2.7"), b = forwarded("::ffff:192.0.2.7");
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    address c, bad;
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(inet_pton(AF_INET, "192.0.2.7", &v4.sin_addr), 1);
    assert_true(address_of((struct sockaddr *)&v4, &c));
    assert_memory_equal(&a, &c, sizeof a);
    a = forwarded("2001:db8:1:2::1");
    b = forwarded("2001:db8:1:2:ffff::9");
    c = forwarded("2001:db8:1:3::1");
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_not_equal(&a, &c, sizeof a);
    static const char *const none[] = {
        "",         ",",          "unknown",
        "1.2.3.4,", "1.2.3.4:80", "11111111111111111111111111111111111111111111111111"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(address_forwarded(none[i], strlen(none[i]), &bad));
}

// Against a plain count for each of a few hundred addresses that collide.
static void test_addresses__given_any_coming_and_going_then_counts_are_right(void **state)
{
    enum { MANY = 200, EACH = 3, STEPS = 200000 };
    addresses *all = addresses_new(MANY / 2, EACH);
    unsigned counts[MANY] = {0}, used = 0, seed = 1;
    (void)state;
    for (int step = 0; step < STEPS; step++) {
        seed = seed * 1103515245u + 12345u;
        unsigned who = seed / 65536 % MANY;
        address a = {{(uint8_t)who, (uint8_t)(who >> 8)}};
        if (seed & 1u << 31 && counts[who] > 0) {
            addresses_leave(all, &a);
            used -= --counts[who] == 0;
            continue;
        }
        bool room = counts[who] < EACH && (counts[who] > 0 || used < MANY / 2);
        assert_int_equal(addresses_enter(all, &a), room);
        used += room && counts[who] == 0;
        counts[who] += room;
    }
    addresses_free(all);
}

static void test_outlet__given_chunks_then_every_byte_leaves_once_and_in_order(void **state)
{
    outlet o = {0};
    struct iovec v[OUTLET_VECTORS];
    char wanted[256] = "", got[256] = "", text[16];
    (void)state;
    for (int i = 0; i < 12; i++) {
        snprintf(text, sizeof text, "<%d>", i * i * i);
        strncat(wanted, text, sizeof wanted - strlen(wanted) - 1);
        chunk *c = chunk_of(text);
        assert_true(outlet_push(&o, c));
        chunk_unref(c);
    }
    for (size_t step = 1; o.count > 0; step = step % 7 + 1) {
        unsigned count = outlet_vectors(&o, v);
        size_t left = step;
        for (unsigned i = 0; i < count && left > 0; i++) {
            size_t bytes = v[i].iov_len < left ? v[i].iov_len : left;
            strncat(got, v[i].iov_base, bytes);
            left -= bytes;
        }
        outlet_sent(&o, step - left);
    }
    assert_string_equal(got, wanted);
    assert_int_equal(o.bytes, 0);
}

static void test_outlet__given_a_listener_that_takes_nothing_then_it_is_bounded(void **state)
{
    outlet o = {0};
    static char text[CHUNK_BYTES_MAX + 1];
    (void)state;
    memset(text, 'x', CHUNK_BYTES_MAX);
    chunk *big = chunk_of(text), *small = chunk_of("x");
    for (unsigned i = 0; i < OUTLET_BYTES_MAX / CHUNK_BYTES_MAX; i++)
        assert_true(outlet_push(&o, big));
    assert_false(outlet_push(&o, small));
    outlet_clear(&o);
    for (unsigned i = 0; i < OUTLET_CHUNKS_MAX; i++)
        assert_true(outlet_push(&o, small));
    assert_false(outlet_push(&o, small));
    assert_int_equal(big->references, 1);
    assert_int_equal(small->references, 1 + OUTLET_CHUNKS_MAX);
    outlet_clear(&o);
    assert_int_equal(small->references, 1);
    chunk_unref(big);
    chunk_unref(small);
}

static void test_inbox__given_more_than_it_holds_then_tells_that_some_were_missed(void **state)
{
    inbox i;
    event_id e = {0};
    bool missed;
    (void)state;
    inbox_init(&i, 10);
    assert_true(inbox_put(&i, &e, "1234", 4));
    assert_false(inbox_put(&i, &e, "5678", 4));
    letter *l = inbox_take(&i, &missed);
    assert_false(missed);
    assert_memory_equal(l->data, "1234", 4);
    assert_memory_equal(l->next->data, "5678", 4);
    assert_null(l->next->next);
    letters_free(l);
    assert_true(inbox_put(&i, &e, "1234567", 7));
    assert_false(inbox_put(&i, &e, "1234567", 7));
    assert_false(inbox_put(&i, &e, "1", 1));
    l = inbox_take(&i, &missed);
    assert_true(missed);
    assert_memory_equal(l->data, "1", 1);
    assert_null(l->next);
    letters_free(l);
    assert_true(inbox_miss(&i));
    assert_null(inbox_take(&i, &missed));
    assert_true(missed);
    inbox_done(&i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address__given_forms_of_one_customer_then_they_are_the_same),
        cmocka_unit_test(test_addresses__given_any_coming_and_going_then_counts_are_right),
        cmocka_unit_test(test_outlet__given_chunks_then_every_byte_leaves_once_and_in_order),
        cmocka_unit_test(test_outlet__given_a_listener_that_takes_nothing_then_it_is_bounded),
        cmocka_unit_test(test_inbox__given_more_than_it_holds_then_tells_that_some_were_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
