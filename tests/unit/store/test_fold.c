#include "store/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

typedef struct fixture {
    journal *j;
    fold f;
} fixture;

static int setup(void **state)
{
    static fixture x;
    x = (fixture){.j = journal_new()};
    *state = &x;
    return x.j != NULL && fold_init(&x.f) ? 0 : -1;
}

static int teardown(void **state)
{
    fixture *x = *state;
    journal_free(x->j);
    fold_done(&x->f);
    return 0;
}

static uuid id_of(uint8_t n)
{
    return (uuid){{n, [15] = n}};
}

static claim_row claim_of(uint8_t event, int32_t seat, uint8_t reservation)
{
    return (claim_row){{id_of(event)}, seat, {id_of(reservation)}};
}

static void claim(fixture *x, uint8_t event, int32_t seat, uint8_t reservation)
{
    x->j->claims[x->j->claims_count++] = claim_of(event, seat, reservation);
}

static void release(fixture *x, uint8_t event, int32_t seat, uint8_t reservation)
{
    x->j->releases[x->j->releases_count++] = claim_of(event, seat, reservation);
}

static reservation_change *change(fixture *x, uint8_t id, int16_t from, int16_t to)
{
    reservation_change *c = &x->j->changes[x->j->changes_count++];
    *c = (reservation_change){
        .event = {id_of(1)}, .id = {id_of(id)}, .from_state = from, .to_state = to};
    return c;
}

static void test_fold__claims_alone_then_all_stay(void **state)
{
    fixture *x = *state;
    claim(x, 1, 5, 7);
    claim(x, 1, 5, 8); // two owners: the database refuses them, not the fold
    assert_true(fold_journal(&x->f, x->j));
    assert_int_equal(x->f.claims_count, 2);
    assert_int_equal(x->f.releases_count, 0);
}

static void test_fold__claimed_and_released_then_neither(void **state)
{
    fixture *x = *state;
    release(x, 1, 5, 6);
    claim(x, 1, 5, 7);
    release(x, 1, 5, 7);
    claim(x, 1, 5, 8);
    claim(x, 2, 5, 7); // the same seat of another event
    assert_true(fold_journal(&x->f, x->j));
    assert_int_equal(x->f.claims_count, 2);
    assert_int_equal(x->f.claims[0], 1);
    assert_int_equal(x->f.claims[1], 2);
    assert_int_equal(x->f.releases_count, 1);
    assert_int_equal(x->f.releases[0], 0);
}

static void test_fold__released_twice_then_one_is_left_to_be_refused(void **state)
{
    fixture *x = *state;
    claim(x, 1, 5, 7);
    release(x, 1, 5, 7);
    release(x, 1, 5, 7);
    assert_true(fold_journal(&x->f, x->j));
    assert_int_equal(x->f.claims_count, 0);
    assert_int_equal(x->f.releases_count, 1);
}

// Of a reservation that expired and was paid in one tick.
static void test_fold__released_and_claimed_again_then_neither(void **state)
{
    fixture *x = *state;
    release(x, 1, 5, 7);
    release(x, 1, 6, 7);
    claim(x, 1, 5, 7);
    claim(x, 1, 9, 7);
    assert_true(fold_journal(&x->f, x->j));
    assert_int_equal(x->f.releases_count, 1);
    assert_int_equal(x->f.releases[0], 1);
    assert_int_equal(x->f.claims_count, 1);
    assert_int_equal(x->f.claims[0], 1);
}

static void test_fold__claimed_again_and_given_back_then_released_once(void **state)
{
    fixture *x = *state;
    release(x, 1, 5, 7);
    claim(x, 1, 5, 7);
    release(x, 1, 5, 7);
    assert_true(fold_journal(&x->f, x->j));
    assert_int_equal(x->f.claims_count, 0);
    assert_int_equal(x->f.releases_count, 1);
}

static void test_fold__other_seats_and_refund_then_the_last_ones(void **state)
{
    fixture *x = *state;
    reservation_change *c = change(x, 3, 1, 3);
    c->checkout_key.bytes[0] = 1;
    c->other_seats = true;
    c = change(x, 3, 3, 2);
    c->outcome = 3;
    c->seats_at = 40;
    c->seats_count = 2;
    change(x, 3, 2, 5)->refund_minor = 1250;
    assert_true(fold_journal(&x->f, x->j));
    assert_int_equal(x->f.changes_count, 1);
    assert_int_equal(x->f.changes[0].from_state, 1);
    assert_int_equal(x->f.changes[0].to_state, 5);
    assert_true(x->f.changes[0].other_seats);
    assert_int_equal(x->f.changes[0].outcome, 3);
    assert_int_equal(x->f.changes[0].seats_at, 40);
    assert_int_equal(x->f.changes[0].seats_count, 2);
    assert_int_equal(x->f.changes[0].refund_minor, 1250);
}

static void test_fold__a_second_checkout_then_its_own_wish_counts(void **state)
{
    fixture *x = *state;
    reservation_change *c = change(x, 3, 1, 1);
    c->checkout_key.bytes[0] = 1;
    c->other_seats = true;
    change(x, 3, 1, 1)->checkout_key.bytes[0] = 2;
    assert_true(fold_journal(&x->f, x->j));
    assert_false(x->f.changes[0].other_seats);
}

static void test_fold__chain_of_changes_then_first_to_last(void **state)
{
    fixture *x = *state;
    reservation_change *c = change(x, 3, 1, 1);
    c->payment.u = id_of(9);
    c->checkout_key.bytes[0] = 4;
    c->checkout_body.bytes[0] = 5;
    change(x, 4, 1, 3);
    change(x, 3, 1, 2)->expires_us = 77;
    assert_true(fold_journal(&x->f, x->j));
    assert_int_equal(x->f.changes_count, 2);
    assert_int_equal(x->f.changes[0].from_state, 1);
    assert_int_equal(x->f.changes[0].to_state, 2);
    assert_int_equal(x->f.changes[0].expires_us, 77);
    assert_int_equal(x->f.changes[0].payment.u.bytes[0], 9);
    assert_int_equal(x->f.changes[0].checkout_key.bytes[0], 4);
    assert_int_equal(x->f.changes[0].checkout_body.bytes[0], 5);
}

static void test_fold__broken_chain_then_refused(void **state)
{
    fixture *x = *state;
    change(x, 3, 1, 2);
    change(x, 3, 1, 3);
    assert_false(fold_journal(&x->f, x->j));
}

static void test_fold__payments_and_statuses_then_the_last(void **state)
{
    fixture *x = *state;
    for (uint8_t i = 0; i < 3; i++) {
        x->j->payments[x->j->payments_count++] =
            (payment_row){.event = {id_of(1)}, .id = {id_of(i == 1 ? 8 : 7)}};
        x->j->statuses[x->j->statuses_count++] = (event_status_row){{id_of(1)}, i};
    }
    assert_true(fold_journal(&x->f, x->j));
    assert_int_equal(x->f.payments_count, 2);
    assert_int_equal(x->f.payments[0], 2);
    assert_int_equal(x->f.payments[1], 1);
    assert_int_equal(x->f.payments_new, 0);
    assert_int_equal(x->f.statuses_count, 1);
    assert_int_equal(x->f.statuses[0], 2);
}

static void test_fold__new_payments_then_they_come_first(void **state)
{
    fixture *x = *state;
    static const uint8_t ids[] = {1, 2, 3, 2, 4};
    static const bool is_new[] = {false, true, false, false, true};
    for (uint32_t i = 0; i < 5; i++)
        x->j->payments[x->j->payments_count++] =
            (payment_row){.event = {id_of(1)}, .id = {id_of(ids[i])}, .is_new = is_new[i]};
    assert_true(fold_journal(&x->f, x->j));
    assert_int_equal(x->f.payments_count, 4);
    assert_int_equal(x->f.payments_new, 2);
    assert_int_equal(x->f.payments[0], 3);
    assert_int_equal(x->f.payments[1], 4);
}

static void test_fold__ticket_revoked_then_never_valid_again(void **state)
{
    static const int16_t states[] = {1, 2, 1, 3};
    fixture *x = *state;
    for (size_t i = 0; i < 4; i++)
        x->j->tickets[x->j->tickets_count++] =
            (ticket_row){.event = {id_of(1)}, .id = {id_of(7)}, .state = states[i]};
    assert_true(fold_journal(&x->f, x->j));
    assert_int_equal(x->f.tickets_count, 1);
    assert_int_equal(x->f.tickets[0].row, 0);
    assert_int_equal(x->f.tickets[0].state, 2);
}

static void test_fold__full_journal_then_all_rows(void **state)
{
    fixture *x = *state;
    for (int32_t i = 0; i < JOURNAL_ROWS_MAX; i++) {
        claim(x, 1, i, (uint8_t)(i % 251));
        release(x, 2, i, (uint8_t)(i % 251));
    }
    assert_true(fold_journal(&x->f, x->j));
    assert_int_equal(x->f.claims_count, JOURNAL_ROWS_MAX);
    assert_int_equal(x->f.releases_count, JOURNAL_ROWS_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_fold__claims_alone_then_all_stay),
        TEST(test_fold__claimed_and_released_then_neither),
        TEST(test_fold__released_twice_then_one_is_left_to_be_refused),
        TEST(test_fold__released_and_claimed_again_then_neither),
        TEST(test_fold__claimed_again_and_given_back_then_released_once),
        TEST(test_fold__other_seats_and_refund_then_the_last_ones),
        TEST(test_fold__a_second_checkout_then_its_own_wish_counts),
        TEST(test_fold__chain_of_changes_then_first_to_last),
        TEST(test_fold__broken_chain_then_refused),
        TEST(test_fold__payments_and_statuses_then_the_last),
        TEST(test_fold__new_payments_then_they_come_first),
        TEST(test_fold__ticket_revoked_then_never_valid_again),
        TEST(test_fold__full_journal_then_all_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
