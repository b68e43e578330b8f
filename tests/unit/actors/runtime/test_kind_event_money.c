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
    assert_memory_equal(&c->checkout_key, &p1, sizeof p1);
    assert_memory_equal(&c->checkout_body, &r1, sizeof r1);
    const Cavea__V1__PaymentStart *m = f->t.sent[0]->payment_start;
    assert_true(is(m->payment_id, &p1) && is(m->reservation_id, &r1));
    assert_true(is(m->event_id, &f->event.u) && is(m->buyer_id, &f->ann));
    assert_int_equal(m->amount_minor, 6500);
    assert_string_equal(m->currency, "EUR");
    assert_string_equal(m->email, "ann@example.com");
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
    uuid r1 = id_of(f, 1), p1 = id_of(f, 11);
    given(f, &r1, 2, 2, NULL);
    captured(f, &r1, &p1, 6499);
    flush(f);
    no_rows(f);
    assert_false(f->t.sent[0]->payment_decided->confirmed);
    assert_int_equal(f->t.live->n_seats, 0);
    said(f, "fact 14 EventFact\nsend payment 22\nreply error=0\nclaimed 2\nlive\n");
    captured(f, &r1, &p1, 6500);
    said(f, "send payment 22\nreply error=0\n");
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
    said(f, "fact 11 EventFact\nsend ticket 32\nreply error=0\nclaimed 0\nsend expiry 40\nlive\n");
    release(f, &r1, &p1);
    said(f, "reply error=0\n");
    captured(f, &r1, &p1, 6500); // told again: no new tickets
    said(f, "send payment 22\nreply error=0\n");
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

static void test_kind_event_resend__given_each_fact_then_sends_what_it_asks_for(void **state)
{
    fixture *f = *state;
    event_fact fact = {.type = EVENT_FACT_HELD,
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
    resend(f, &fact);
    deadline_is(f, 0, &fact.reservation.u, NOW_US + HOLD_US);
    said(f, "send expiry 40\n");
    fact.type = EVENT_FACT_ENDED;
    resend(f, &fact);
    deadline_is(f, 0, &fact.reservation.u, 0);
    said(f, "send expiry 40\n");
    fact.state = RESERVATION_REFUNDED;
    resend(f, &fact);
    seats_are(f->t.sent[1]->tickets_revoke->n_seats, f->t.sent[1]->tickets_revoke->seats, 2, 3);
    said(f, "send expiry 40\nsend ticket 32\n");
    fact.type = EVENT_FACT_CHECKOUT_STARTED;
    resend(f, &fact);
    const Cavea__V1__PaymentStart *start = f->t.sent[0]->payment_start;
    assert_true(is(start->payment_id, &fact.payment.u) && start->amount_minor == 6500);
    assert_string_equal(start->reply_to, "");
    assert_string_equal(start->email, "");
    said(f, "send payment 20\n");
    fact.type = EVENT_FACT_CONFIRMED;
    resend(f, &fact);
    assert_true(f->t.sent[1]->payment_decided->confirmed);
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
        TEST(test_kind_event__given_a_release_then_tickets_are_revoked),
        TEST(test_kind_event_resend__given_each_fact_then_sends_what_it_asks_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
