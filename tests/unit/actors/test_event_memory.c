// What the event core remembers and what that costs: bytes for a reservation, what is forgotten,
// where memory is asked for, and what happens when there is none.
#include "actors/event/event.h"
#include "tests/unit/actors/allocations.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEATS = 60000, PAIRS = SEATS / 2, HOLD_S = 600, DAY_S = 24 * 3600 };

#define SECOND INT64_C(1000000)
#define START_US (INT64_C(1800000000) * SECOND)

typedef struct house {
    event_state *state;
    int64_t now_us;
    uint16_t section[SEATS];
    uint8_t category[SEATS], flags[SEATS];
    uint32_t right[SEATS]; // rows of ten
} house;

static house h;

static event_state *state_new(uint32_t seats_count)
{
    event_config config = {.status = EVENT_ON_SALE,
                           .starts_us = INT64_MAX,
                           .hold_us = HOLD_S * SECOND,
                           .currency = "EUR",
                           .price_minor = {2500, 4000, 9900}};
    for (uint32_t seat = 0; seat < SEATS; seat++)
        h.category[seat] = (uint8_t)(seat / 2 % 3);
    for (uint32_t seat = 0; seat < SEATS; seat++)
        h.right[seat] = seat % 10 == 9 || seat + 1 == seats_count ? UINT32_MAX : seat + 1;
    event_seats seats = {seats_count, h.section, h.category, h.flags, h.right};
    return event_state_new(&config, &seats);
}

static void house_open(void)
{
    h.now_us = START_US;
    h.state = state_new(SEATS);
    assert_non_null(h.state);
}

static void house_close(void)
{
    event_state_free(h.state);
    h.state = NULL;
}

static uuid id_of(uint32_t n)
{
    uint8_t random[6] = {9,         9, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
                         (uint8_t)n};
    return uuid_tagged(h.now_us / 1000, 0x12345678, random);
}

static digest16 key_of(uint32_t n)
{
    digest16 key = {{1}};
    memcpy(key.bytes + 2, &n, sizeof n);
    return key;
}

static event_command reserve_of(uint32_t n, uint32_t seats_count, uint32_t first_seat)
{
    event_command c = {.type = EVENT_COMMAND_RESERVE,
                       .now_us = h.now_us,
                       .reservation = {id_of(n)},
                       .buyer = {{{7}}},
                       .key_hash = key_of(n),
                       .seats_count = seats_count};
    for (uint32_t i = 0; i < seats_count; i++)
        c.seats[i] = first_seat + i;
    return c;
}

static event_command after(const event_command *reserve, event_command_type type)
{
    event_command c = *reserve;
    c.type = type;
    c.now_us = h.now_us;
    c.payment = (payment_id){reserve->reservation.u};
    c.payment.u.bytes[15] ^= 0x55;
    c.key_hash.bytes[0] = 2;
    c.amount_minor = 0;
    for (uint32_t i = 0; i < c.seats_count; i++)
        c.amount_minor += (int64_t[]){2500, 4000, 9900}[c.seats[i] / 2 % 3];
    memcpy(c.currency, "EUR", 4);
    return c;
}

static error_code run(const event_command *c)
{
    event_effects e;
    assert_true(event_make_room(h.state, 1, h.now_us));
    event_decide(h.state, c, &e);
    for (uint32_t i = 0; i < e.facts_count; i++)
        event_apply(h.state, &e.facts[i]);
    return e.refusal;
}

static void must(const event_command *c)
{
    assert_int_equal(run(c), ERROR_NONE);
}

static void sell(const event_command *reserve)
{
    event_command checkout = after(reserve, EVENT_COMMAND_CHECKOUT);
    event_command captured = after(reserve, EVENT_COMMAND_PAYMENT_CAPTURED);
    must(&checkout);
    must(&captured);
}

static double bytes_each(const event_state *s, uint64_t empty_bytes)
{
    return (double)(event_memory_bytes(s) - empty_bytes) / (double)PAIRS;
}

static void test_event_memory__given_a_full_house_then_128_bytes_a_reservation(void **state)
{
    (void)state;
    house_open();
    uint64_t empty_bytes = event_memory_bytes(h.state);
    assert_true(empty_bytes < 1000000);
    for (uint32_t i = 0; i < PAIRS; i++) {
        event_command c = reserve_of(i, 2, 2 * i);
        must(&c);
    }
    double held = bytes_each(h.state, empty_bytes);
    for (uint32_t i = 0; i < PAIRS; i++) {
        event_command c = reserve_of(i, 2, 2 * i);
        sell(&c);
    }
    double sold = bytes_each(h.state, empty_bytes);
    printf(
        "figure: 60,000 seats: %.0f KB empty; %.1f bytes a held, %.1f a sold reservation of two\n",
        (double)empty_bytes / 1000, held, sold);
    assert_true(held <= 128 && sold <= 128);
    house_close();
}

static void test_event_memory__given_any_number_of_seats_then_little_is_lost(void **state)
{
    (void)state;
    for (uint32_t seats = 1; seats <= SEATS_PER_RESERVATION_MAX; seats++) {
        house_open();
        uint64_t empty_bytes = event_memory_bytes(h.state);
        uint32_t count = SEATS / seats;
        for (uint32_t i = 0; i < count; i++) {
            event_command c = reserve_of(i, seats, seats * i);
            must(&c);
        }
        double each = (double)(event_memory_bytes(h.state) - empty_bytes) / count;
        assert_true(each < 90 + 4 * seats);
        house_close();
    }
}

static void
test_event_make_room__given_days_of_churn_then_memory_stays_and_keys_are_kept(void **state)
{
    (void)state;
    enum { PER_DAY = 20000, DAYS = 6, STEP_US = DAY_S * 1000000LL / PER_DAY };
    house_open();
    event_command sold = reserve_of(UINT32_MAX, 10, 0);
    must(&sold);
    sell(&sold);
    uint64_t bytes_after_two = 0;
    for (uint32_t i = 0; i < DAYS * PER_DAY; i++) {
        h.now_us += STEP_US;
        uint32_t seats = 1 + i * 7 % 10;
        event_command c = reserve_of(i, seats, 10 + i % 5000 * 10), again = c;
        must(&c);
        if (i % 3 == 0) {
            event_command checkout = after(&c, EVENT_COMMAND_CHECKOUT);
            must(&checkout);
        }
        event_command cancel = after(&c, EVENT_COMMAND_CANCEL);
        must(&cancel);
        if (i >= PER_DAY) { // a day ago, to the step
            again = reserve_of(i - PER_DAY + 1, 1, 0);
            event_effects e;
            event_decide(h.state, &again, &e);
            assert_int_equal(e.refusal, ERROR_NONE);
            assert_true(e.replayed);
        }
        if (i == 2 * PER_DAY)
            bytes_after_two = event_memory_bytes(h.state);
    }
    // A day, the hold, and the time until the walk over the records comes around.
    assert_true(event_memory_bytes(h.state) < bytes_after_two * 11 / 10);
    event_reservation r;
    assert_true(event_find(h.state, &sold.reservation, &r));
    assert_int_equal(r.state, RESERVATION_CONFIRMED);
    assert_int_equal(event_claimed(h.state), 10);
    house_close();
}

static void test_event_decide__given_room_then_nothing_is_allocated(void **state)
{
    (void)state;
    static const event_command_type types[] = {
        EVENT_COMMAND_RESERVE, EVENT_COMMAND_CHECKOUT,         EVENT_COMMAND_RESERVE,
        EVENT_COMMAND_CANCEL,  EVENT_COMMAND_PAYMENT_CAPTURED, EVENT_COMMAND_CANCEL_CONFIRMED,
        EVENT_COMMAND_EXPIRE,  EVENT_COMMAND_STATUS_SET};
    house_open();
    for (uint32_t i = 0; i < 40000; i++) {
        event_command c = reserve_of(i / 8, 2 + i % 3, i / 8 * 3 % 5000);
        if (types[i % 8] != EVENT_COMMAND_RESERVE)
            c = after(&c, types[i % 8]);
        c.status = EVENT_ON_SALE;
        event_effects e;
        assert_true(event_make_room(h.state, 1, h.now_us));
        uint64_t before = allocations;
        event_decide(h.state, &c, &e);
        for (uint32_t k = 0; k < e.facts_count; k++)
            event_apply(h.state, &e.facts[k]);
        assert_int_equal(allocations, before);
        h.now_us += 100000;
    }
    house_close();
}

// Decides and applies without asking for memory.
static event_effects calm_run(const event_command *c)
{
    event_effects e;
    assert_true(event_make_room(h.state, 1, h.now_us));
    uint64_t before = allocations;
    event_decide(h.state, c, &e);
    for (uint32_t k = 0; k < e.facts_count; k++)
        event_apply(h.state, &e.facts[k]);
    assert_int_equal(allocations, before);
    return e;
}

static void
test_event_decide__given_late_payments_and_refunds_then_nothing_is_allocated(void **state)
{
    (void)state;
    enum { LATE = 3000 };
    uint32_t outcomes[PAYMENT_OUTCOMES_END] = {0}, commands = 0;
    house_open();
    for (uint32_t i = 0; i < LATE; i++) {
        event_command c = reserve_of(i, 2, 2 * i);
        event_command checkout = after(&c, EVENT_COMMAND_CHECKOUT);
        checkout.other_seats = i % 2;
        must(&c);
        must(&checkout);
    }
    int64_t made_us = h.now_us, now_us = h.now_us + HOLD_S * SECOND;
    for (uint32_t i = 0; i < LATE; i++) {
        event_command other = reserve_of(LATE + i, 1, 2 * i);
        other.now_us = now_us;
        if (i % 3 != 0)
            must(&other);
        event_command c = reserve_of(i, 2, 2 * i);
        event_command captured = after(&c, EVENT_COMMAND_PAYMENT_CAPTURED);
        captured.now_us = now_us;
        event_effects e = calm_run(&captured);
        const event_fact *last = &e.facts[e.facts_count - 1];
        outcomes[last->type == EVENT_FACT_CONFIRMED ? last->outcome : PAYMENT_SENT_BACK]++;
    }
    assert_int_equal(outcomes[PAYMENT_SAME_SEATS], LATE / 3);
    assert_int_equal(outcomes[PAYMENT_OTHER_SEATS], LATE / 3);
    assert_int_equal(outcomes[PAYMENT_SENT_BACK], LATE / 3);
    event_command cancelled = {
        .type = EVENT_COMMAND_STATUS_SET, .now_us = now_us, .status = EVENT_CANCELLED};
    event_command all = {
        .type = EVENT_COMMAND_REFUND_ALL, .now_us = now_us, .limit = REFUND_ALL_MAX};
    must(&cancelled);
    for (; event_confirmed(h.state) > 0; commands++)
        assert_true(calm_run(&all).facts_count > 0);
    assert_true(commands >= 2 * LATE / 3 / EVENT_FACTS_MAX);
    assert_int_equal(h.now_us, made_us);
    house_close();
}

// Makes room; when that fails, it does so for want of memory, changes nothing and can be repeated.
static void room_in_spite_of_failure(void)
{
    bool may_fail = allocations < allocations_fail_at && allocations + 16 > allocations_fail_at;
    digest32 before = may_fail ? event_digest(h.state) : (digest32){{0}};
    if (event_make_room(h.state, 1, h.now_us))
        return;
    assert_true(may_fail && allocations >= allocations_fail_at);
    digest32 behind = event_digest(h.state);
    assert_memory_equal(&before, &behind, sizeof before);
    assert_true(event_make_room(h.state, 1, h.now_us));
}

// Every allocation of opening a house and filling it fails once, one in each round.
static void test_event_make_room__given_no_memory_then_refuses_and_goes_on(void **state)
{
    (void)state;
    enum { FEW = 700 };
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        h.now_us = START_US;
        allocations_fail_at = allocations + n;
        h.state = state_new(4096);
        for (uint32_t i = 0; h.state != NULL && i < FEW; i++) {
            event_command c = reserve_of(i, 1 + i % 5, i * 5);
            event_command checkout = after(&c, EVENT_COMMAND_CHECKOUT);
            room_in_spite_of_failure();
            must(&c);
            room_in_spite_of_failure();
            must(&checkout);
        }
        failed = allocations >= allocations_fail_at;
        assert_true(h.state == NULL ? failed : event_claimed(h.state) == FEW * 3);
        house_close();
    }
    allocations_fail_at = 0;
}

static void test_event_restore__given_rows_that_cannot_be_then_refuses_them(void **state)
{
    (void)state;
    house_open();
    const event_keys keys = {.key_hash = key_of(1), .body_hash = key_of(2)};
    const event_reservation good = {.id = {id_of(1)},
                                    .expires_us = START_US,
                                    .state = RESERVATION_HELD,
                                    .seats_count = 2,
                                    .seats = {4, 5},
                                    .price_minor = {1, 2}};
    event_reservation row = good;
    digest32 empty = event_digest(h.state);
    row.seats[1] = SEATS;
    assert_false(event_restore(h.state, &row, &keys));
    row.seats[1] = row.seats[0];
    assert_false(event_restore(h.state, &row, &keys));
    row = good;
    row.seats_count = 0;
    assert_false(event_restore(h.state, &row, &keys));
    row.seats_count = SEATS_PER_RESERVATION_MAX + 1;
    assert_false(event_restore(h.state, &row, &keys));
    row = good;
    row.state = (reservation_state)0;
    assert_false(event_restore(h.state, &row, &keys));
    row.state = RESERVATION_STATES_END;
    assert_false(event_restore(h.state, &row, &keys));
    digest32 still_empty = event_digest(h.state);
    assert_memory_equal(&empty, &still_empty, sizeof empty);
    assert_true(event_restore(h.state, &good, &keys));
    row = good;
    row.id = (reservation_id){id_of(2)};
    assert_false(event_restore(h.state, &row, &keys)); // its seats are taken
    row.state = RESERVATION_EXPIRED;
    assert_true(event_make_room(h.state, 1, h.now_us));
    assert_true(event_restore(h.state, &row, &keys));
    assert_int_equal(event_claimed(h.state), 2);
    house_close();
}

static void test_event_restore_refusal__given_many_then_each_is_known(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    house_open();
    for (uint32_t i = 0; i < MANY; i++) {
        payment_id payment = {id_of(i)};
        assert_true(event_make_room(h.state, 1, h.now_us));
        event_restore_refusal(h.state, &payment);
        event_restore_refusal(h.state, &payment);
    }
    uint64_t bytes = event_memory_bytes(h.state);
    for (uint32_t i = 0; i < MANY; i++) {
        event_command c = {
            .type = EVENT_COMMAND_PAYMENT_CAPTURED, .now_us = h.now_us, .payment = {id_of(i)}};
        event_effects e;
        event_decide(h.state, &c, &e);
        assert_int_equal(e.facts_count, 0);
        assert_true(e.payment_decided && !e.payment_confirmed);
    }
    for (uint32_t i = 0; i < 4 * MANY; i++) { // two days later the old ones make place
        h.now_us += 10 * SECOND;
        payment_id payment = {id_of(i)};
        assert_true(event_make_room(h.state, 1, h.now_us));
        event_restore_refusal(h.state, &payment);
    }
    assert_true(event_memory_bytes(h.state) <= 2 * bytes);
    house_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_memory__given_a_full_house_then_128_bytes_a_reservation),
        cmocka_unit_test(test_event_memory__given_any_number_of_seats_then_little_is_lost),
        cmocka_unit_test(
            test_event_make_room__given_days_of_churn_then_memory_stays_and_keys_are_kept),
        cmocka_unit_test(test_event_decide__given_room_then_nothing_is_allocated),
        cmocka_unit_test(
            test_event_decide__given_late_payments_and_refunds_then_nothing_is_allocated),
        cmocka_unit_test(test_event_make_room__given_no_memory_then_refuses_and_goes_on),
        cmocka_unit_test(test_event_restore__given_rows_that_cannot_be_then_refuses_them),
        cmocka_unit_test(test_event_restore_refusal__given_many_then_each_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
