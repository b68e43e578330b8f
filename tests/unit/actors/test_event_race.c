// Expiry and success in the same microsecond, in every sequence, with others about who want the
// seats: captured money buys seats or goes back. Never neither, never both.
#include "actors/event/event.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

enum { ROUNDS = 10000, SEATS = 12, ROW = 6, STEPS_MAX = 16, FACTS_MAX = 64 };
enum { BUYERS = 3, SECOND_PAYMENT = 3, PAYMENTS = 4 }; // the last one is for the first seats too

#define SECOND INT64_C(1000000)
#define START_US (INT64_C(1800000000) * SECOND)
#define DEADLINE_US (START_US + 600 * SECOND)

typedef struct race {
    uint64_t random;
    event_state *state;
    event_fact facts[FACTS_MAX];
    uint32_t facts_count;
    uint32_t taken[PAYMENTS], sent_back[PAYMENTS]; // facts of each payment
    bool told[PAYMENTS], told_taken[PAYMENTS];     // what was answered
} race;

static uint16_t section[SEATS];
static uint8_t category[SEATS], flags[SEATS];
static uint32_t right[SEATS];

static uint32_t below(race *x, uint32_t end)
{
    x->random ^= x->random >> 12;
    x->random ^= x->random << 25;
    x->random ^= x->random >> 27;
    return (uint32_t)((x->random * 0x2545f4914f6cdd1du >> 33) % end);
}

static uuid id_of(uint8_t kind, uint8_t n)
{
    return uuid_tagged(START_US / 1000, 0x12345678, (uint8_t[6]){kind, 1, 2, 3, 4, n});
}

static event_state *house_new(void)
{
    event_config config = {.status = EVENT_ON_SALE,
                           .starts_us = START_US + 9000 * SECOND,
                           .hold_us = DEADLINE_US - START_US,
                           .currency = "EUR",
                           .price_minor = {2500}};
    event_seats seats = {SEATS, section, category, flags, right};
    event_state *s = event_state_new(&config, &seats);
    assert_non_null(s);
    return s;
}

// n: ann 0, bob 1, eve 2; each has one reservation and one key.
static event_command command_of(event_command_type type, uint8_t n, int64_t now_us)
{
    return (event_command){.type = type,
                           .now_us = now_us,
                           .reservation = {id_of(1, n)},
                           .buyer = {id_of(2, n)},
                           .key_hash = {{(uint8_t)type, n}},
                           .body_hash = {{n}},
                           .payment = {id_of(3, n)},
                           .amount_minor = 5000,
                           .currency = "EUR"};
}

static event_command reserve_of(race *x, uint8_t n, int64_t now_us)
{
    event_command c = command_of(EVENT_COMMAND_RESERVE, n, now_us);
    c.seats_count = n == 0 ? 2 : 1 + below(x, 2);
    c.seats[0] = n == 0 ? 2 : 1 + below(x, 3);
    c.seats[1] = c.seats[0] + 1;
    return c;
}

static void payment_note(race *x, const event_command *c, const event_effects *e)
{
    uint8_t n = c->payment.u.bytes[15];
    if (!e->payment_decided)
        return;
    if (x->told[n])
        assert_int_equal(e->payment_confirmed, x->told_taken[n]); // its answer never changes
    x->told[n] = true;
    x->told_taken[n] = e->payment_confirmed;
}

static void run(race *x, const event_command *c)
{
    event_effects e;
    assert_true(event_make_room(x->state, 1, c->now_us));
    event_decide(x->state, c, &e);
    for (uint32_t i = 0; i < e.facts_count; i++) {
        const event_fact *f = &e.facts[i];
        event_apply(x->state, f);
        x->facts[x->facts_count++] = *f;
        x->taken[f->payment.u.bytes[15]] += f->type == EVENT_FACT_CONFIRMED;
        x->sent_back[f->payment.u.bytes[15]] += f->type == EVENT_FACT_PAYMENT_REFUSED;
        if (f->type == EVENT_FACT_CONFIRMED && f->reservation.u.bytes[15] == 0)
            assert_int_equal(f->outcome == PAYMENT_AS_HELD, c->now_us < DEADLINE_US);
    }
    payment_note(x, c, &e);
}

// Some of what may happen around the deadline, in any sequence.
static uint32_t steps_make(race *x, event_command steps[static STEPS_MAX])
{
    static const event_command_type types[] = {
        EVENT_COMMAND_EXPIRE,           EVENT_COMMAND_EXPIRE, EVENT_COMMAND_PAYMENT_CAPTURED,
        EVENT_COMMAND_PAYMENT_CAPTURED, EVENT_COMMAND_CANCEL, EVENT_COMMAND_CHECKOUT,
        EVENT_COMMAND_CANCEL_CONFIRMED};
    uint32_t count = 3 + below(x, STEPS_MAX - 3);
    int64_t at_us = DEADLINE_US - (int64_t)below(x, 2);
    steps[0] = command_of(EVENT_COMMAND_PAYMENT_CAPTURED, 0, at_us);
    steps[1] = command_of(EVENT_COMMAND_EXPIRE, 0, at_us);
    for (uint32_t i = 2; i < count; i++) {
        uint8_t n = (uint8_t)below(x, BUYERS);
        steps[i] =
            below(x, 3) == 0 ? reserve_of(x, n, at_us) : command_of(types[below(x, 7)], n, at_us);
        if (steps[i].type == EVENT_COMMAND_PAYMENT_CAPTURED && n == 0 && below(x, 2) == 0)
            steps[i].payment.u = id_of(3, SECOND_PAYMENT);
        if (steps[i].type == EVENT_COMMAND_CANCEL && n == 0 && below(x, 3) != 0)
            steps[i].type = EVENT_COMMAND_EXPIRE;
    }
    for (uint32_t i = count - 1; i > 0; i--) {
        uint32_t k = below(x, i + 1);
        event_command swap = steps[i];
        steps[i] = steps[k];
        steps[k] = swap;
    }
    for (uint32_t i = 0; i < count; i++) { // the deadline may pass between any two
        if (at_us < DEADLINE_US + 1 && below(x, 4) == 0)
            at_us++;
        steps[i].now_us = at_us;
    }
    return count;
}

static uint32_t seats_of(const race *x, seat_state state)
{
    uint32_t n = 0;
    for (uint32_t seat = 0; seat < SEATS; seat++)
        n += event_seat_state(x->state, seat) == state;
    return n;
}

static void outcome_check(race *x)
{
    uint32_t sold = 0;
    for (uint8_t n = 0; n < PAYMENTS; n++) {
        event_reservation r;
        if (x->told[n])
            assert_int_equal(x->taken[n] + x->sent_back[n], 1);
        if (event_find(x->state, &(reservation_id){id_of(1, n)}, &r) &&
            r.state == RESERVATION_CONFIRMED) {
            assert_int_equal(x->taken[r.payment.u.bytes[15]], 1);
            sold += r.seats_count;
        }
    }
    assert_true(x->told[0]);
    assert_int_equal(seats_of(x, SEAT_SOLD), sold);
    assert_int_equal(event_claimed(x->state), sold + seats_of(x, SEAT_HELD));
}

static void replay_check(const race *x)
{
    event_state *s = house_new();
    for (uint32_t i = 0; i < x->facts_count; i++) {
        assert_true(event_make_room(s, 1, x->facts[i].at_us));
        event_apply(s, &x->facts[i]);
    }
    digest32 live = event_digest(x->state), replayed = event_digest(s);
    assert_memory_equal(&live, &replayed, sizeof live);
    event_state_free(s);
}

static void race_run(race *x, uint32_t ret_outcomes[static PAYMENT_OUTCOMES_END])
{
    event_command steps[STEPS_MAX], reserve = reserve_of(x, 0, START_US);
    event_command checkout = command_of(EVENT_COMMAND_CHECKOUT, 0, START_US + 5);
    checkout.other_seats = below(x, 2);
    run(x, &reserve);
    run(x, &checkout);
    uint32_t count = steps_make(x, steps);
    for (uint32_t i = 0; i < count; i++)
        run(x, &steps[i]);
    outcome_check(x);
    for (uint8_t n = 0; n < PAYMENTS; n++) { // everything is told again, later
        event_command c = command_of(EVENT_COMMAND_PAYMENT_CAPTURED, n, DEADLINE_US + SECOND);
        c.reservation.u = id_of(1, n == SECOND_PAYMENT ? 0 : n);
        if (x->told[n])
            run(x, &c);
    }
    outcome_check(x);
    replay_check(x);
    event_reservation r;
    assert_true(event_find(x->state, &(reservation_id){id_of(1, 0)}, &r));
    ret_outcomes[r.outcome]++;
}

static void test_event__given_expiry_and_success_at_once_then_never_neither_never_both(void **state)
{
    uint32_t outcomes[PAYMENT_OUTCOMES_END] = {0};
    (void)state;
    for (uint32_t seat = 0; seat < SEATS; seat++)
        right[seat] = (seat + 1) % ROW == 0 ? UINT32_MAX : seat + 1;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        race x = {.random = (i + 1) * 0x9e3779b97f4a7c15u, .state = house_new()};
        race_run(&x, outcomes);
        event_state_free(x.state);
    }
    printf("figure: %d races of expiry and success: %u as held, %u the same seats again, %u other "
           "seats, %u sent back\n",
           ROUNDS, outcomes[PAYMENT_AS_HELD], outcomes[PAYMENT_SAME_SEATS],
           outcomes[PAYMENT_OTHER_SEATS], outcomes[PAYMENT_SENT_BACK]);
    for (int i = PAYMENT_AS_HELD; i < PAYMENT_OUTCOMES_END; i++)
        assert_true(outcomes[i] > ROUNDS / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_event__given_expiry_and_success_at_once_then_never_neither_never_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
