// The event's adapter: which rows, messages and answers follow from money, and what is sent again.
#include "tests/unit/actors/runtime/kind_event_stage.h"

static void test_kind_event__given_a_checkout_then_the_payment_actor_answers(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1), p1 = id_of(f, 11), p2 = id_of(f, 12);
    given(f, &r1, 2, 2, NULL);
    checkout(f, &r1, &f->ann, &p1);
    flush(f);
    change_is(f, &r1, RESERVATION_HELD, RESERVATION_HELD);
    const reservation_change *c = &f->t.j->changes[0];
    assert_memory_equal(&c->payment, &p1, sizeof p1);
    uuid key = key_of(&p1);
    assert_memory_equal(&c->checkout_key, &key, sizeof key);
    assert_memory_equal(&c->checkout_body, &r1, sizeof r1);
    const Cavea__V1__PaymentStart *m = f->t.sent[0]->payment_start;
    assert_true(is(m->payment_id, &p1) && is(m->reservation_id, &r1));
    assert_true(is(m->event_id, &f->event.u) && is(m->buyer_id, &f->ann));
    assert_int_equal(m->amount_minor, 6500);
    assert_string_equal(m->currency, "EUR");
    assert_string_equal(m->reply_to, "edge");
    assert_true(is(m->reply_command, &f->ann)); // the checkout command's id
    assert_int_equal(f->t.live->n_seats, 0);
    said(f, "fact 12 EventFact\nsend payment 20\nclaimed 2\nsend expiry 40\nlive\n");
    checkout(f, &r1, &f->ann, &p2); // another key: the payment that is open
    assert_true(is(f->t.sent[0]->payment_start->payment_id, &p1));
    no_rows(f);
    said(f, "send payment 20\n");
    checkout(f, &r1, &f->bob, &p2);
    said(f, "reply error=4\n");
}

static void test_kind_event__given_a_captured_payment_then_sells_and_issues_tickets(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1), p1 = id_of(f, 11);
    given(f, &r1, 2, 2, NULL);
    checkout(f, &r1, &f->ann, &p1);
    said(f, "fact 12 EventFact\nsend payment 20\n");
    captured(f, &r1, &p1, 6500);
    flush(f);
    change_is(f, &r1, RESERVATION_HELD, RESERVATION_CONFIRMED);
    assert_memory_equal(&f->t.j->changes[0].payment, &p1, sizeof p1);
    assert_int_equal(f->t.j->releases_count, 0);
    assert_true(f->t.sent[0]->payment_decided->confirmed);
    assert_true(is(f->t.sent[0]->payment_decided->payment_id, &p1));
    assert_int_equal(f->t.sent[0]->payment_decided->fee_bp, 500);
    assert_int_equal(f->t.sent[0]->payment_decided->tax_bp, 2100);
    assert_int_equal(f->t.j->changes[0].outcome, PAYMENT_AS_HELD);
    assert_int_equal(f->t.j->claims_count, 0);
    const Cavea__V1__TicketsIssue *m = f->t.sent[1]->tickets_issue;
    assert_true(is(m->reservation_id, &r1) && is(m->event_id, &f->event.u));
    assert_true(is(m->buyer_id, &f->ann));
    seats_are(m->n_seats, m->seats, 2, 3);
    seats_are(f->t.live->n_seats, f->t.live->seats, 2 * 4 + SEAT_SOLD, 3 * 4 + SEAT_SOLD);
    deadline_is(f, 1, &r1, 0);
    said(f, "fact 13 EventFact\nsend payment 22\nsend ticket 30\nreply error=0\nclaimed 2\n"
            "send expiry 40\nlive\n");
    captured(f, &r1, &p1, 6500); // told again
    no_rows(f);
    said(f, "send payment 22\nsend ticket 30\nreply error=0\n");
}

static void test_kind_event__given_a_refused_payment_then_money_goes_back(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1), p1 = id_of(f, 11), p2 = id_of(f, 12), id_of_nobody = id_of(f, 99);
    given(f, &r1, 2, 2, NULL);
    captured(f, &r1, &p1, 6499);
    flush(f);
    change_is(f, &r1, RESERVATION_HELD, RESERVATION_HELD); // its buyer can read it
    assert_int_equal(f->t.j->changes[0].outcome, PAYMENT_SENT_BACK);
    assert_false(f->t.sent[0]->payment_decided->confirmed);
    assert_int_equal(f->t.live->n_seats, 0);
    said(f, "fact 14 EventFact\nsend payment 22\nreply error=0\nclaimed 2\nlive\n");
    captured(f, &r1, &p1, 6500);
    said(f, "send payment 22\nreply error=0\n");
    captured(f, &id_of_nobody, &p2, 6500);
    no_rows(f);
    said(f, "fact 14 EventFact\nsend payment 22\nreply error=0\n");
}

static void test_kind_event__given_a_checkout_then_its_deadline_moves_once(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1), p1 = id_of(f, 11);
    f->extension_us = 300 * INT64_C(1000000);
    reload(f);
    given(f, &r1, 2, 2, NULL);
    f->t.now_us = NOW_US + HOLD_US - 1;
    checkout(f, &r1, &f->ann, &p1);
    flush(f);
    int64_t until_us = f->t.now_us + f->extension_us;
    assert_int_equal(f->t.j->changes_count, 1);
    assert_int_equal(f->t.j->changes[0].expires_us, until_us);
    deadline_is(f, 0, &r1, until_us);
    fake_turn_again(&f->t);
    expire(f, &r1); // as the expiry actor was told first
    flush(f);
    deadline_is(f, 0, &r1, until_us);
    said(f, "reply error=0\nclaimed 2\nsend expiry 40\n");
}

static void test_kind_event__given_an_end_then_the_open_payment_is_given_up(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1), r2 = id_of(f, 2), p1 = id_of(f, 11), p2 = id_of(f, 12);
    given(f, &r1, 2, 2, NULL);
    given(f, &r2, 4, 1, NULL);
    checkout(f, &r1, &f->ann, &p1);
    checkout(f, &r2, &f->ann, &p2);
    fake_turn_again(&f->t);
    cancel(f, &r2, &f->ann);
    assert_true(is(f->t.sent[0]->payment_abandoned->payment_id, &p2));
    said(f, "fact 11 EventFact\nsend payment 26\nreply error=0\n");
    f->t.now_us = NOW_US + HOLD_US;
    expire(f, &r1);
    assert_true(is(f->t.sent[0]->payment_abandoned->payment_id, &p1));
    said(f, "fact 11 EventFact\nsend payment 26\nreply error=0\n");
}

static void claims_are(const fixture *f, const uuid *id, int32_t a, int32_t b)
{
    const journal *j = f->t.j;
    assert_int_equal(j->claims_count, 2);
    assert_int_equal(j->claims[0].seat, a);
    assert_int_equal(j->claims[1].seat, b);
    assert_memory_equal(&j->claims[0].reservation, id, sizeof *id);
    assert_memory_equal(&j->claims[1].event, &f->event, sizeof f->event);
}

static void test_kind_event__given_money_after_the_deadline_then_the_same_seats_again(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1), p1 = id_of(f, 11);
    given(f, &r1, 2, 2, NULL);
    checkout(f, &r1, &f->ann, &p1);
    fake_turn_again(&f->t);
    f->t.now_us = NOW_US + HOLD_US;
    captured(f, &r1, &p1, 6500); // one tick: it expires and is sold
    flush(f);
    assert_int_equal(f->t.j->changes_count, 2);
    assert_int_equal(f->t.j->changes[0].to_state, RESERVATION_EXPIRED);
    assert_int_equal(f->t.j->changes[1].from_state, RESERVATION_EXPIRED);
    assert_int_equal(f->t.j->changes[1].to_state, RESERVATION_CONFIRMED);
    assert_int_equal(f->t.j->changes[1].outcome, PAYMENT_SAME_SEATS);
    assert_int_equal(f->t.j->changes[1].seats_count, 0);
    releases_are(f, &r1, 2, 3);
    claims_are(f, &r1, 2, 3);
    assert_true(f->t.sent[0]->payment_decided->confirmed);
    const Cavea__V1__ReservationView *view = f->t.replies[0]->reservation;
    assert_int_equal(view->outcome, PAYMENT_SAME_SEATS);
    assert_int_equal(view->refund_now_minor, 6500);
    said(f, "fact 11 EventFact\nfact 13 EventFact\nsend payment 22\nsend ticket 30\n"
            "reply error=0\nclaimed 2\nsend expiry 40\nlive\n");
}

static void test_kind_event__given_money_too_late_then_other_seats_are_claimed(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1), r2 = id_of(f, 2), p1 = id_of(f, 11);
    f->other_seats = true;
    given(f, &r1, 3, 2, NULL);
    checkout(f, &r1, &f->ann, &p1);
    assert_true(f->t.j->changes[0].other_seats);
    fake_turn_again(&f->t);
    f->t.now_us = NOW_US + HOLD_US;
    reserve(f, &r2, &f->bob, 4, 1);
    flush(f);
    fake_turn_again(&f->t);
    captured(f, &r1, &p1, 5000);
    flush(f);
    const reservation_change *c = &f->t.j->changes[0];
    assert_int_equal(f->t.j->changes_count, 1);
    assert_int_equal(c->outcome, PAYMENT_OTHER_SEATS);
    assert_int_equal(c->seats_count, 2);
    assert_int_equal(f->t.j->seats[c->seats_at], 9);
    assert_int_equal(f->t.j->seats[c->seats_at + 1], 10);
    assert_int_equal(f->t.j->seats_count, c->seats_at + 2);
    assert_int_equal(f->t.j->releases_count, 0);
    claims_are(f, &r1, 9, 10);
    const Cavea__V1__TicketsIssue *issue = f->t.sent[1]->tickets_issue;
    seats_are(issue->n_seats, issue->seats, 9, 10);
    seats_are(f->t.live->n_seats, f->t.live->seats, 9 * 4 + SEAT_SOLD, 10 * 4 + SEAT_SOLD);
    assert_int_equal(f->t.replies[0]->reservation->total_minor, 5000);
    said(f, "fact 13 EventFact\nsend payment 22\nsend ticket 30\nreply error=0\nclaimed 3\n"
            "send expiry 40\nlive\n");
}

static void test_kind_event__given_seats_back_then_tickets_and_money_follow(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1), p1 = id_of(f, 11);
    f->image.starts_us = NOW_US + 10000 * INT64_C(1000000);
    reload(f);
    given(f, &r1, 2, 2, &p1);
    give_back(f, &r1, &f->ann, 6500);
    assert_int_equal(f->t.replies[0]->reservation->refund_now_minor, 3250);
    no_rows(f);
    said(f, "reply error=24\n");
    give_back(f, &r1, &f->bob, 3250);
    said(f, "reply error=4\n");
    give_back(f, &r1, &f->ann, 3250);
    flush(f);
    change_is(f, &r1, RESERVATION_CONFIRMED, RESERVATION_REFUNDED);
    assert_int_equal(f->t.j->changes[0].refund_minor, 3250);
    releases_are(f, &r1, 2, 3);
    const Cavea__V1__RefundRequest *m = f->t.sent[1]->refund_request;
    assert_true(is(m->payment_id, &p1));
    assert_int_equal(m->amount_minor, 3250);
    assert_int_equal(m->reason, ERROR_RESERVATION_CONFIRMED);
    assert_int_equal(f->t.replies[0]->reservation->refund_minor, 3250);
    assert_int_equal(f->t.replies[0]->reservation->refund_now_minor, 0);
    seats_are(f->t.live->n_seats, f->t.live->seats, 2 * 4, 3 * 4);
    said(f, "fact 11 EventFact\nsend ticket 32\nsend payment 23\nreply error=0\nclaimed 0\n"
            "send expiry 40\nlive\n");
    give_back(f, &r1, &f->ann, 3250);
    assert_true(f->t.replies[0]->reservation->replayed);
    assert_int_equal(f->t.replies[0]->reservation->refund_minor, 3250);
    no_rows(f);
    said(f, "reply error=0\n");
    captured(f, &r1, &p1, 6500); // told again: who does not know that it was taken misses the rest
    assert_true(f->t.sent[0]->payment_decided->confirmed);
    assert_int_equal(f->t.sent[1]->refund_request->amount_minor, 3250);
    said(f, "send payment 22\nsend payment 23\nreply error=0\n");
}

static void test_kind_event__given_a_cancelled_event_then_refunds_a_few_at_a_time(void **state)
{
    fixture *f = *state;
    for (uint8_t i = 0; i < 5; i++) {
        uuid id = id_of(f, i), payment = id_of(f, (uint8_t)(20 + i));
        given(f, &id, 2 * i, 2, &payment);
    }
    refund_all(f, 64);
    assert_int_equal(f->t.replies[0]->left, 5);
    said(f, "reply error=27\n");
    status_set(f, EVENT_CANCELLED);
    flush(f);
    fake_turn_again(&f->t);
    refund_all(f, 2);
    assert_int_equal(f->t.replies[0]->left, 3);
    assert_int_equal(f->t.sent[1]->refund_request->reason, ERROR_EVENT_CANCELLED);
    assert_int_equal(f->t.sent[1]->refund_request->amount_minor, 8000);
    said(f, "fact 11 EventFact\nsend ticket 32\nsend payment 23\n"
            "fact 11 EventFact\nsend ticket 32\nsend payment 23\nreply error=0\n");
    refund_all(f, 64);
    assert_int_equal(f->t.replies[0]->left, 0);
    assert_int_equal(f->t.j->changes_count, 3);
    fake_turn_again(&f->t);
    refund_all(f, 64);
    assert_int_equal(f->t.replies[0]->left, 0);
    said(f, "reply error=0\n");
}

// A house of one row, of which reservations of so many seats each have all.
static void house_sold(fixture *f, uint8_t reservations, uint32_t seats_each)
{
    enum { SEATS_IN = 120 };
    static plan_seat seats[SEATS_IN];
    static char ids[SEATS_IN][8];
    static const char *const one[] = {"one"};
    uint32_t count = reservations * seats_each;
    assert_true(count <= SEATS_IN);
    for (uint32_t i = 0; i < count; i++) {
        snprintf(ids[i], sizeof ids[i], "seat%u", i);
        seats[i] = (plan_seat){.x = (int32_t)i * 10, .id = ids[i], .number = ids[i]};
    }
    plan_parts parts = {count, 1, 1, 1, seats, one, one, one, one};
    free(f->packed);
    assert_true(plan_encode(&parts, &f->packed, &f->packed_bytes));
    f->image.plan_hash = digest32_of(f->packed, f->packed_bytes);
    reload(f);
    for (uint8_t i = 0; i < reservations; i++) {
        uuid id = id_of(f, i), payment = id_of(f, (uint8_t)(100 + i));
        given(f, &id, i * seats_each, seats_each, &payment);
    }
    status_set(f, EVENT_CANCELLED);
    fake_turn_again(&f->t);
}

// A command refunds 64, in several decisions of one turn.
static void test_kind_event__given_many_sold_seats_then_one_command_refunds_sixty_four(void **state)
{
    fixture *f = *state;
    enum { SOLD = 100 };
    house_sold(f, SOLD, 1);
    refund_all(f, 1000);
    flush(f);
    assert_int_equal(f->t.replies[0]->left, SOLD - REFUND_ALL_MAX);
    assert_int_equal(f->t.j->changes_count, REFUND_ALL_MAX);
    assert_int_equal(f->t.j->releases_count, REFUND_ALL_MAX);
    assert_int_equal(f->t.live->n_seats, REFUND_ALL_MAX);
    fake_turn_again(&f->t);
    refund_all(f, 1000);
    flush(f);
    assert_int_equal(f->t.replies[0]->left, 0);
    assert_int_equal(f->t.j->changes_count, SOLD - REFUND_ALL_MAX);
}

static void test_kind_event__given_no_room_for_all_seats_then_none_is_given_back(void **state)
{
    fixture *f = *state;
    enum { SOLD = EVENT_FACTS_MAX, ROWS = SOLD * SEATS_PER_RESERVATION_MAX };
    house_sold(f, SOLD, SEATS_PER_RESERVATION_MAX);
    f->t.j->releases_count = JOURNAL_ROWS_MAX - ROWS + 1;
    refund_all(f, SOLD);
    assert_int_equal(f->t.replies[0]->error, ERROR_OVERLOADED);
    assert_int_equal(f->t.j->releases_count, JOURNAL_ROWS_MAX - ROWS + 1);
    fake_turn_again(&f->t);
    f->t.j->releases_count = JOURNAL_ROWS_MAX - ROWS;
    refund_all(f, SOLD);
    assert_int_equal(f->t.replies[0]->error, ERROR_NONE);
    assert_int_equal(f->t.j->releases_count, JOURNAL_ROWS_MAX);
}

static void test_kind_event__given_no_room_to_send_then_refunds_wait(void **state)
{
    fixture *f = *state;
    enum { SOLD = 100 };
    house_sold(f, SOLD, 1);
    f->t.is_small = true;
    f->t.rooms_left = 2;
    refund_all(f, 1000);
    assert_int_equal(f->t.replies[0]->left, SOLD - 2 * EVENT_FACTS_MAX);
    assert_int_equal(f->t.j->changes_count, 2 * EVENT_FACTS_MAX);
    fake_turn_again(&f->t);
    f->t.rooms_left = 0;
    refund_all(f, 1000);
    assert_int_equal(f->t.replies[0]->error, ERROR_OVERLOADED);
    assert_int_equal(f->t.j->changes_count, 0);
}

static void test_kind_event__given_a_release_then_tickets_are_revoked(void **state)
{
    fixture *f = *state;
    uuid r1 = id_of(f, 1), p1 = id_of(f, 11);
    given(f, &r1, 2, 2, &p1);
    release(f, &r1, &p1);
    flush(f);
    change_is(f, &r1, RESERVATION_CONFIRMED, RESERVATION_REFUNDED);
    releases_are(f, &r1, 2, 3);
    const Cavea__V1__TicketsRevoke *m = f->t.sent[0]->tickets_revoke;
    assert_true(is(m->reservation_id, &r1) && is(m->event_id, &f->event.u));
    seats_are(m->n_seats, m->seats, 2, 3);
    seats_are(f->t.live->n_seats, f->t.live->seats, 2 * 4, 3 * 4);
    said(f, "fact 11 EventFact\nsend ticket 32\nsend payment 23\nreply error=0\nclaimed 0\n"
            "send expiry 40\nlive\n");
    release(f, &r1, &p1);
    said(f, "reply error=0\n");
    captured(f, &r1, &p1, 6500); // told again: no new tickets
    said(f, "send payment 22\nsend payment 23\nreply error=0\n");
}

static void resend(fixture *f, const event_fact *fact)
{
    uint8_t payload[1024];
    event_fact_message storage;
    const ProtobufCMessage *m = event_fact_write(fact, &storage);
    uint32_t bytes = (uint32_t)protobuf_c_message_pack(m, payload);
    f->t.reply_to = "";
    kind_event.resend(&f->actor, (uint16_t)fact->type, payload, bytes, &f->t);
}

static event_fact a_fact(const fixture *f)
{
    return (event_fact){.type = EVENT_FACT_HELD,
                        .reservation = {id_of(f, 1)},
                        .buyer = {f->ann},
                        .payment = {id_of(f, 11)},
                        .amount_minor = 6500,
                        .currency = "EUR",
                        .expires_us = NOW_US + HOLD_US,
                        .state = RESERVATION_EXPIRED,
                        .reason = ERROR_RESERVATION_EXPIRED,
                        .status = EVENT_PAUSED,
                        .seats_count = 2,
                        .seats = {2, 3}};
}

static void test_kind_event_resend__given_each_end_then_sends_what_it_asks_for(void **state)
{
    fixture *f = *state;
    event_fact fact = a_fact(f);
    resend(f, &fact);
    deadline_is(f, 0, &fact.reservation.u, NOW_US + HOLD_US);
    said(f, "send expiry 40\n");
    fact.type = EVENT_FACT_ENDED;
    resend(f, &fact);
    deadline_is(f, 0, &fact.reservation.u, 0);
    assert_true(is(f->t.sent[1]->payment_abandoned->payment_id, &fact.payment.u));
    said(f, "send expiry 40\nsend payment 26\n");
    fact.payment = (payment_id){0};
    resend(f, &fact);
    said(f, "send expiry 40\n");
    fact.payment.u = id_of(f, 11);
    fact.state = RESERVATION_REFUNDED;
    fact.refund_minor = 1250;
    fact.reason = ERROR_EVENT_CANCELLED;
    resend(f, &fact);
    seats_are(f->t.sent[1]->tickets_revoke->n_seats, f->t.sent[1]->tickets_revoke->seats, 2, 3);
    assert_true(is(f->t.sent[2]->refund_request->payment_id, &fact.payment.u));
    assert_int_equal(f->t.sent[2]->refund_request->amount_minor, 1250);
    assert_int_equal(f->t.sent[2]->refund_request->reason, ERROR_EVENT_CANCELLED);
    said(f, "send expiry 40\nsend ticket 32\nsend payment 23\n");
}

static void test_kind_event_resend__given_facts_of_money_then_sends_what_they_ask_for(void **state)
{
    fixture *f = *state;
    event_fact fact = a_fact(f);
    fact.type = EVENT_FACT_CHECKOUT_STARTED;
    resend(f, &fact);
    deadline_is(f, 0, &fact.reservation.u, NOW_US + HOLD_US);
    const Cavea__V1__PaymentStart *start = f->t.sent[1]->payment_start;
    assert_true(is(start->payment_id, &fact.payment.u) && start->amount_minor == 6500);
    assert_string_equal(start->reply_to, "");
    said(f, "send expiry 40\nsend payment 20\n");
    fact.type = EVENT_FACT_CONFIRMED;
    fact.outcome = PAYMENT_OTHER_SEATS;
    fact.fee_bp = 500;
    resend(f, &fact);
    assert_true(f->t.sent[1]->payment_decided->confirmed);
    assert_int_equal(f->t.sent[1]->payment_decided->fee_bp, 500);
    assert_true(is(f->t.sent[2]->tickets_issue->buyer_id, &f->ann));
    said(f, "send expiry 40\nsend payment 22\nsend ticket 30\n");
    fact.type = EVENT_FACT_PAYMENT_REFUSED;
    resend(f, &fact);
    assert_false(f->t.sent[0]->payment_decided->confirmed);
    said(f, "send payment 22\n");
    fact.type = EVENT_FACT_STATUS_CHANGED;
    resend(f, &fact);
    kind_event.resend(&f->actor, EVENT_FACT_HELD, (const uint8_t *)"\xff", 1, &f->t);
    said(f, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_kind_event__given_a_checkout_then_the_payment_actor_answers),
        TEST(test_kind_event__given_a_captured_payment_then_sells_and_issues_tickets),
        TEST(test_kind_event__given_a_refused_payment_then_money_goes_back),
        TEST(test_kind_event__given_a_checkout_then_its_deadline_moves_once),
        TEST(test_kind_event__given_an_end_then_the_open_payment_is_given_up),
        TEST(test_kind_event__given_money_after_the_deadline_then_the_same_seats_again),
        TEST(test_kind_event__given_money_too_late_then_other_seats_are_claimed),
        TEST(test_kind_event__given_seats_back_then_tickets_and_money_follow),
        TEST(test_kind_event__given_a_cancelled_event_then_refunds_a_few_at_a_time),
        TEST(test_kind_event__given_many_sold_seats_then_one_command_refunds_sixty_four),
        TEST(test_kind_event__given_no_room_for_all_seats_then_none_is_given_back),
        TEST(test_kind_event__given_no_room_to_send_then_refunds_wait),
        TEST(test_kind_event__given_a_release_then_tickets_are_revoked),
        TEST(test_kind_event_resend__given_each_end_then_sends_what_it_asks_for),
        TEST(test_kind_event_resend__given_facts_of_money_then_sends_what_they_ask_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
