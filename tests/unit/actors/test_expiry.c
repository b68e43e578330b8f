// What the expiry core remembers: against a plain list of deadlines, in bytes for a reservation
// (together with what the event core has of it), and when there is no memory.
#include "actors/event/event.h"
#include "actors/expiry/expiry.h"
#include "tests/unit/actors/allocations.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

enum { IDS = 500, EVENTS = 7, STEPS = 60000, SEATS = 60000, RESERVATION_BYTES_MAX = 128 };

static uint64_t random_next(uint64_t *r) // xorshift64*
{
    *r ^= *r >> 12;
    *r ^= *r << 25;
    *r ^= *r >> 27;
    return *r * 0x2545f4914f6cdd1du;
}

static reservation_id reservation_of(uint32_t n)
{
    uint8_t random[6] = {0,         0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
                         (uint8_t)n};
    return (reservation_id){uuid_tagged(1700000000000, 77, random)};
}

static event_id event_of(uint32_t n)
{
    return (event_id){{{9, [14] = (uint8_t)(n >> 8), [15] = (uint8_t)n}}};
}

// The same, without any cleverness.
typedef struct plain {
    int64_t expires_us, due_us; // expires_us 0: not noted
    uint32_t tells;
} plain;

static void plain_apply(plain *p, int64_t expires_us)
{
    if (expires_us != 0 && expires_us == p->expires_us)
        return;
    *p = (plain){expires_us, expires_us, 0};
}

static void plain_tell(plain *p, int64_t now_us)
{
    int64_t delay_ms = EXPIRY_AGAIN_FIRST_MS;
    for (uint32_t i = 0; i < p->tells && delay_ms < EXPIRY_AGAIN_LONGEST_MS; i++)
        delay_ms *= 2;
    if (delay_ms > EXPIRY_AGAIN_LONGEST_MS)
        delay_ms = EXPIRY_AGAIN_LONGEST_MS;
    p->due_us = now_us + delay_ms * 1000;
    if (++p->tells == EXPIRY_TELLS_MAX)
        *p = (plain){0};
}

static uint32_t number_of(const reservation_id *id)
{
    for (uint32_t n = 0; n < IDS; n++) {
        reservation_id one = reservation_of(n);
        if (uuid_equal(&one.u, &id->u))
            return n;
    }
    fail();
    return 0;
}

static void assert_alike(const expiry *e, const plain *list)
{
    uint32_t count = 0;
    int64_t due_us = INT64_MAX;
    for (uint32_t n = 0; n < IDS; n++) {
        count += list[n].expires_us != 0;
        if (list[n].expires_us != 0 && list[n].due_us < due_us)
            due_us = list[n].due_us;
    }
    assert_int_equal(expiry_count(e), count);
    assert_int_equal(expiry_due_us(e), due_us);
}

static void tell_all(expiry *e, plain *list, int64_t now_us)
{
    expiry_expire told[EXPIRY_TAKEN_MAX];
    bool named[IDS] = {false};
    uint32_t count = expiry_due_take(e, now_us, told);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t n = number_of(&told[i].reservation);
        assert_false(named[n]);
        named[n] = true;
        assert_true(list[n].expires_us != 0 && list[n].due_us <= now_us);
        event_id event = event_of(n % EVENTS);
        assert_memory_equal(&told[i].event, &event, sizeof event);
        plain_tell(&list[n], now_us);
    }
}

static void test_expiry__given_random_histories_then_agrees_with_a_plain_list(void **state)
{
    static plain list[IDS];
    uint64_t r = 7;
    int64_t now_us = 1000000000;
    expiry *e = expiry_new();
    (void)state;
    assert_non_null(e);
    for (uint32_t step = 0; step < STEPS; step++) {
        uint32_t n = (uint32_t)(random_next(&r) % IDS);
        deadline d = {reservation_of(n), event_of(n % EVENTS), 0};
        uint64_t what = random_next(&r) % 8;
        if (what < 3) // later than anything that was told
            d.expires_us = now_us + 1 + (int64_t)(random_next(&r) % 5000000);
        else if (what == 3)
            d.expires_us = list[n].expires_us; // once more
        if (what < 6) {
            expiry_apply(e, &d);
            plain_apply(&list[n], d.expires_us);
        } else {
            now_us += (int64_t)(random_next(&r) % 300000);
            tell_all(e, list, now_us);
        }
        assert_alike(e, list);
    }
    expiry_free(e);
}

static event_state *house_new(void)
{
    static uint16_t section[SEATS];
    static uint8_t category[SEATS], flags[SEATS];
    static uint32_t right[SEATS];
    memset(right, 0xff, sizeof right);
    event_config config = {.status = EVENT_ON_SALE,
                           .starts_us = INT64_MAX,
                           .hold_us = 600000000,
                           .currency = "EUR",
                           .price_minor = {2500}};
    event_seats seats = {SEATS, section, category, flags, right};
    return event_state_new(&config, &seats);
}

// An actor host has both of a held reservation.
static void test_reservation__given_any_number_then_takes_no_more_than_promised(void **state)
{
    static event_effects effects;
    event_state *house = house_new();
    expiry *e = expiry_new();
    double most = 0;
    (void)state;
    assert_true(house != NULL && e != NULL);
    uint64_t empty_bytes = event_memory_bytes(house) + expiry_memory_bytes(e);
    for (uint32_t i = 0; i < SEATS / 2; i++) {
        event_command c = {.type = EVENT_COMMAND_RESERVE,
                           .now_us = 1700000000000000,
                           .reservation = reservation_of(i),
                           .buyer = {{{7}}},
                           .seats_count = 2,
                           .seats = {2 * i, 2 * i + 1}};
        memcpy(c.key_hash.bytes, &i, sizeof i);
        assert_true(event_make_room(house, 1, c.now_us));
        event_decide(house, &c, &effects);
        assert_int_equal(effects.refusal, ERROR_NONE);
        event_apply(house, &effects.facts[0]);
        deadline d = {c.reservation, event_of(1), effects.facts[0].expires_us};
        expiry_apply(e, &d);
        uint64_t bytes = event_memory_bytes(house) + expiry_memory_bytes(e) - empty_bytes;
        if (i >= 2000 && (double)bytes / (i + 1) > most)
            most = (double)bytes / (i + 1);
    }
    print_message("figure: a held reservation of two seats takes at most %.1f bytes\n", most);
    assert_true(most <= (double)RESERVATION_BYTES_MAX);
    event_state_free(house);
    expiry_free(e);
}

static void test_expiry_apply__given_no_memory_then_counts_what_it_dropped_and_goes_on(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 40; n++) {
        expiry *e = expiry_new();
        assert_non_null(e);
        allocations_fail_at = allocations + n;
        for (uint32_t i = 0; i < 3000; i++) {
            deadline d = {reservation_of(i), event_of(i % 100), 1000000 + i};
            expiry_apply(e, &d);
        }
        assert_int_equal(expiry_count(e) + expiry_dropped(e), 3000);
        assert_true(expiry_dropped(e) <= 1);
        allocations_fail_at = 0;
        for (uint32_t i = 0; i < 3000; i++) {
            deadline d = {reservation_of(i), event_of(i % 100), 0};
            expiry_apply(e, &d);
        }
        assert_int_equal(expiry_count(e), 0);
        assert_int_equal(expiry_due_us(e), INT64_MAX);
        expiry_free(e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expiry__given_random_histories_then_agrees_with_a_plain_list),
        cmocka_unit_test(test_reservation__given_any_number_then_takes_no_more_than_promised),
        cmocka_unit_test(
            test_expiry_apply__given_no_memory_then_counts_what_it_dropped_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
