// The event's adapter: which rows, messages and answers follow from holding seats and giving them
// back, and from loading.
#include "tests/unit/actors/runtime/kind_event_stage.h"

static void test_kind_event__given_a_reserve_then_rows_claims_and_answer(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1);
    reserve(f, &r1, &f->ann, 2, 2);
    flush(f);
    const journal *j = f->t.j;
    assert_int_equal(j->reservations_count, 1);
    const reservation_row *row = &j->reservations[0];
    assert_memory_equal(&row->event, &f->event, sizeof f->event);
    assert_memory_equal(&row->id, &r1, sizeof r1);
    assert_memory_equal(&row->buyer, &f->ann, sizeof f->ann);
    uuid key = key_of(&r1);
    assert_memory_equal(&row->key_hash, &key, sizeof key);
    assert_int_equal(row->state, RESERVATION_HELD);
    assert_int_equal(row->total_minor, 6500);
    assert_int_equal(row->created_us, NOW_US);
    assert_int_equal(row->expires_us, NOW_US + HOLD_US);
    assert_int_equal(row->seats_count, 2);
    assert_int_equal(j->seats[row->seats_at], 2);
    assert_int_equal(j->price_minor[row->seats_at + 1], 2500);
    assert_int_equal(j->claims_count, 2);
    assert_int_equal(j->claims[1].seat, 3);
    assert_memory_equal(&j->claims[1].reservation, &r1, sizeof r1);
    assert_int_equal(j->changes_count + j->releases_count, 0);
    const Cavea__V1__ReservationView *v = f->t.replies[0]->reservation;
    assert_true(is(f->t.replies[0]->command_id, &r1) && is(v->reservation_id, &r1));
    assert_int_equal(v->total_minor, 6500);
    seats_are(v->n_seats, v->seats, 2, 3);
    seats_are(f->t.live->n_seats, f->t.live->seats, 2 * 4 + SEAT_HELD, 3 * 4 + SEAT_HELD);
    deadline_is(f, 0, &r1, NOW_US + HOLD_US);
    said(f, "fact 10 EventFact\nreply error=0\nclaimed 2\nsend expiry 40\nlive\n");
    reserve(f, &r1, &f->ann, 2, 2); // again: the same answer, and nothing else
    assert_true(f->t.replies[0]->reservation->replayed);
    no_rows(f);
    flush(f);
    said(f, "reply error=0\nclaimed 2\n");
}

static void test_kind_event__given_a_conflict_then_names_seats_and_alternatives(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1), r2 = id_of(f, 2);
    given(f, &r1, 0, 1, NULL);
    reserve(f, &r2, &f->bob, 0, 2);
    const Cavea__V1__Conflict *c = f->t.replies[0]->conflict;
    assert_int_equal(c->n_seats, 1);
    assert_int_equal(c->seats[0], 0);
    assert_int_equal(c->n_alternatives, 1);
    assert_int_equal(c->alternatives[0], 2);
    assert_null(f->t.replies[0]->reservation);
    no_rows(f);
    flush(f);
    said(f, "reply error=5\nclaimed 1\n");
}

static void test_kind_event__given_a_seen_reserve_then_it_is_not_decided_again(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1);
    f->t.seen = true;
    reserve(f, &r1, &f->ann, 0, 1);
    no_rows(f);
    said(f, "reply error=5\n");
}

static void test_kind_event__given_a_cancel_then_seats_are_free_again(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1);
    given(f, &r1, 2, 2, NULL);
    cancel(f, &r1, &f->bob);
    said(f, "reply error=4\n");
    cancel(f, &r1, &f->ann);
    flush(f);
    change_is(f, &r1, RESERVATION_HELD, RESERVATION_CANCELLED);
    releases_are(f, &r1, 2, 3);
    seats_are(f->t.live->n_seats, f->t.live->seats, 2 * 4, 3 * 4);
    deadline_is(f, 0, &r1, 0);
    assert_int_equal(f->t.replies[0]->reservation->state, RESERVATION_CANCELLED);
    said(f, "fact 11 EventFact\nreply error=0\nclaimed 0\nsend expiry 40\nlive\n");
}

static void test_kind_event__given_a_hold_and_its_cancel_then_live_says_the_end(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1);
    reserve(f, &r1, &f->ann, 2, 2);
    cancel(f, &r1, &f->ann);
    flush(f);
    assert_int_equal(f->t.live->n_seats, 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(f->t.live->seats[i] % 4, SEAT_AVAILABLE);
    deadline_is(f, 0, &r1, NOW_US + HOLD_US);
    deadline_is(f, 1, &r1, 0);
    assert_int_equal(f->t.j->claims_count, 2);
    releases_are(f, &r1, 2, 3);
    said(f, "fact 10 EventFact\nreply error=0\nfact 11 EventFact\nreply error=0\n"
            "claimed 0\nsend expiry 40\nlive\n");
}

static void test_kind_event__given_an_overdue_hold_then_a_reserve_ends_it_first(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1), r2 = id_of(f, 2);
    given(f, &r1, 2, 2, NULL);
    f->t.now_us += HOLD_US;
    reserve(f, &r2, &f->bob, 3, 1);
    flush(f);
    change_is(f, &r1, RESERVATION_HELD, RESERVATION_EXPIRED);
    releases_are(f, &r1, 2, 3);
    assert_int_equal(f->t.j->claims_count, 1);
    assert_memory_equal(&f->t.j->claims[0].reservation, &r2, sizeof r2);
    assert_int_equal(f->t.j->reservations_count, 1);
    deadline_is(f, 0, &r1, 0);
    deadline_is(f, 1, &r2, NOW_US + 2 * HOLD_US);
    said(f,
         "fact 11 EventFact\nfact 10 EventFact\nreply error=0\nclaimed 1\nsend expiry 40\nlive\n");
}

static void test_kind_event__given_an_expiry_then_the_expiry_actor_learns_what_is_true(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1), r9 = id_of(f, 9);
    given(f, &r1, 2, 2, NULL);
    expire(f, &r1); // too early
    expire(f, &r9);
    flush(f);
    no_rows(f);
    deadline_is(f, 0, &r1, NOW_US + HOLD_US);
    deadline_is(f, 1, &r9, 0);
    said(f, "reply error=0\nreply error=0\nclaimed 2\nsend expiry 40\n");
    f->t.now_us += HOLD_US;
    expire(f, &r1);
    flush(f);
    change_is(f, &r1, RESERVATION_HELD, RESERVATION_EXPIRED);
    releases_are(f, &r1, 2, 3);
    deadline_is(f, 0, &r1, 0);
    said(f, "fact 11 EventFact\nreply error=0\nclaimed 0\nsend expiry 40\nlive\n");
}

static void test_kind_event__given_a_status_then_row_and_live_status(void **state)
{
    fixture *f = *state;
    status_set(f, EVENT_PAUSED);
    flush(f);
    assert_int_equal(f->t.j->statuses_count, 1);
    assert_int_equal(f->t.j->statuses[0].status, EVENT_PAUSED);
    assert_memory_equal(&f->t.j->statuses[0].event, &f->event, sizeof f->event);
    assert_int_equal(f->t.live->status, EVENT_PAUSED);
    assert_int_equal(f->t.live->n_seats, 0);
    said(f, "fact 15 EventFact\nreply error=0\nclaimed 0\nlive\n");
    status_set(f, EVENT_PAUSED);
    status_set(f, EVENT_SCHEDULED);
    flush(f);
    said(f, "reply error=0\nreply error=23\nclaimed 0\n");
}

static void test_kind_event__given_what_it_cannot_read_then_refuses(void **state)
{
    fixture *f = *state;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    uuid r1 = id_of(f, 1);
    c.id = fake_binary(&r1);
    handle(f, &c, CAVEA__V1__COMMAND__BODY__NOT_SET);
    assert_true(is(f->t.replies[0]->command_id, &r1));
    said(f, "reply error=1\n");
    reserve(f, &r1, &f->ann, 0, SEATS_PER_RESERVATION_MAX + 1);
    said(f, "reply error=9\n");
    f->t.reply_to = "";
    reserve(f, &r1, &f->ann, SEATS, 1);
    said(f, "");
}

static void test_kind_event__given_a_reservation_of_another_event_then_refuses(void **state)
{
    fixture *f = *state;
    uint8_t random[6] = {1, 2, 3, 4, 5, 6};
    uint32_t tag = event_tag(&f->event);
    for (uint32_t bit = 0; bit < 32; bit++) {
        uuid id = uuid_tagged(NOW_US / 1000, tag ^ UINT32_C(1) << bit, random);
        reserve(f, &id, &f->ann, 2, 2);
        no_rows(f);
        said(f, "reply error=1\n");
    }
}

static void test_kind_event__given_a_full_journal_then_refuses_before_deciding(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1);
    f->t.j->releases_count = JOURNAL_ROWS_MAX - 10 * SEATS_PER_RESERVATION_MAX;
    reserve(f, &r1, &f->ann, 0, 1);
    said(f, "reply error=13\n");
    reserve(f, &r1, &f->ann, 0, 1);
    said(f, "fact 10 EventFact\nreply error=0\n");
}

static void test_kind_event__given_many_deadlines_then_sends_them_in_pieces(void **state)
{
    fixture *f = *state;
    uuid r9 = id_of(f, 9);
    for (int i = 0; i < 300; i++)
        expire(f, &r9);
    flush(f);
    size_t deadlines = 0;
    for (uint32_t i = 0; i < f->t.sent_count; i++)
        deadlines += f->t.sent[i]->deadlines_note->n_deadlines;
    assert_int_equal(f->t.sent_count, 3);
    assert_int_equal(deadlines, 300);
}

static void test_kind_event__given_a_rejected_message_then_a_fact(void **state)
{
    fixture *f = *state;
    Cavea__V1__MessageRejected m = CAVEA__V1__MESSAGE_REJECTED__INIT;
    kind_event.reject(f->state, &m, &f->t);
    said(f, "fact 16 EventFact\n");
}

static event_image_reservation row_of(const fixture *f, uint8_t n, reservation_state state)
{
    event_image_reservation row = {.id = {id_of(f, n)},
                                   .buyer = {f->ann},
                                   .state = (int16_t)state,
                                   .seats_count = 2,
                                   .created_us = NOW_US - HOLD_US,
                                   .expires_us = NOW_US + HOLD_US,
                                   .total_minor = 6500,
                                   .seats = {2, 3},
                                   .price_minor = {4000, 2500}};
    memcpy(&row.key_hash, &row.id, sizeof row.key_hash);
    memcpy(&row.body_hash, &row.id, sizeof row.body_hash);
    return row;
}

static void test_kind_event_load__given_rows_then_goes_on_from_them(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1), p1 = id_of(f, 11), p2 = id_of(f, 12);
    event_image_reservation row = row_of(f, 1, RESERVATION_HELD);
    struct payment_refusal refusal = {.reservation = {r1}, .payment = {p2}};
    store_result result;
    f->image.reservations = &row;
    f->image.reservations_count = 1;
    f->image.refusals = &refusal;
    f->image.refusals_count = 1;
    kind_event.free(f->state);
    f->state = load(f, &result);
    assert_int_equal(result, STORE_OK);
    assert_non_null(f->state);
    flush(f);
    said(f, "claimed 2\n");
    reserve(f, &r1, &f->ann, 2, 2);
    assert_int_equal(f->t.replies[0]->reservation->total_minor, 6500);
    said(f, "reply error=0\n");
    captured(f, &r1, &p2, 6500); // was refused before
    assert_false(f->t.sent[0]->payment_decided->confirmed);
    said(f, "send payment 22\nreply error=0\n");
    captured(f, &r1, &p1, 6500);
    said(f, "fact 13 EventFact\nsend payment 22\nsend ticket 30\nreply error=0\n");
}

static void load_gives(fixture *f, store_result wanted)
{
    store_result result;
    assert_null(load(f, &result));
    assert_int_equal(result, wanted);
}

static void test_kind_event_load__given_no_event_or_wrong_rows_then_there_is_no_actor(void **state)
{
    fixture *f = *state;
    event_image good = f->image;
    event_image_reservation rows[2] = {row_of(f, 1, RESERVATION_HELD),
                                       row_of(f, 2, RESERVATION_CONFIRMED)};
    f->image.status = 0;
    load_gives(f, STORE_OK);
    f->image = good;
    f->load_result = STORE_UNKNOWN;
    load_gives(f, STORE_UNKNOWN);
    f->load_result = STORE_OK;
    f->image.reservations = rows;
    f->image.reservations_count = 2; // two owners of the same seats
    load_gives(f, STORE_REFUSED);
    f->image.reservations_count = 1;
    rows[0].seats[1] = SEATS;
    load_gives(f, STORE_REFUSED);
    rows[0].seats[1] = -1;
    load_gives(f, STORE_REFUSED);
    f->image = good;
    f->image.plan_hash.bytes[0] ^= 1; // another plan, which cannot be read
    f->packed_bytes = 3;
    load_gives(f, STORE_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_kind_event__given_a_reserve_then_rows_claims_and_answer),
        TEST(test_kind_event__given_a_conflict_then_names_seats_and_alternatives),
        TEST(test_kind_event__given_a_seen_reserve_then_it_is_not_decided_again),
        TEST(test_kind_event__given_a_cancel_then_seats_are_free_again),
        TEST(test_kind_event__given_a_hold_and_its_cancel_then_live_says_the_end),
        TEST(test_kind_event__given_an_overdue_hold_then_a_reserve_ends_it_first),
        TEST(test_kind_event__given_an_expiry_then_the_expiry_actor_learns_what_is_true),
        TEST(test_kind_event__given_a_status_then_row_and_live_status),
        TEST(test_kind_event__given_what_it_cannot_read_then_refuses),
        TEST(test_kind_event__given_a_reservation_of_another_event_then_refuses),
        TEST(test_kind_event__given_a_full_journal_then_refuses_before_deciding),
        TEST(test_kind_event__given_many_deadlines_then_sends_them_in_pieces),
        TEST(test_kind_event__given_a_rejected_message_then_a_fact),
        TEST(test_kind_event_load__given_rows_then_goes_on_from_them),
        TEST(test_kind_event_load__given_no_event_or_wrong_rows_then_there_is_no_actor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
