#include "actors/ticket/ticket.h"
#include "tests/unit/actors/runtime/fake_turn.h"

#define NOW_US (INT64_C(1800000000) * 1000000)

typedef struct fixture {
    void *state;
    turn t;
    event_id event;
    reservation_id reservation;
    uuid buyer;
    uint32_t seats[2];
} fixture;

static int setup(void **state)
{
    static const uint8_t random[6] = {1, 2, 3, 4, 5, 6};
    fixture *f = calloc(1, sizeof *f);
    kind_context context = {0};
    store_result result;
    f->event.u = uuid_v7_floor(1700000000000);
    f->reservation.u = uuid_tagged(NOW_US / 1000, event_tag(&f->event), random);
    f->buyer.bytes[0] = 1;
    f->seats[0] = 7;
    f->seats[1] = 8;
    actor_ref actor = actor_of_tag(ACTOR_TICKET, event_tag(&f->event));
    f->state = kind_ticket.load(&context, &actor, &result);
    assert_int_equal(result, STORE_OK);
    fake_turn_open(&f->t, NOW_US);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    kind_ticket.free(f->state);
    fake_turn_close(&f->t);
    free(f);
    return 0;
}

static void issue(fixture *f)
{
    Cavea__V1__TicketsIssue m = CAVEA__V1__TICKETS_ISSUE__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    m.reservation_id = fake_binary(&f->reservation.u);
    m.event_id = fake_binary(&f->event.u);
    m.buyer_id = fake_binary(&f->buyer);
    m.n_seats = 2;
    m.seats = f->seats;
    c.body_case = CAVEA__V1__COMMAND__BODY_TICKETS_ISSUE;
    c.tickets_issue = &m;
    kind_ticket.handle(f->state, &c, &f->t);
}

static void signed_back(fixture *f)
{
    Cavea__V1__TicketsSigned m = CAVEA__V1__TICKETS_SIGNED__INIT;
    Cavea__V1__SignedTicket items[2], *list[2];
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    ticket_id ids[2];
    for (int i = 0; i < 2; i++) {
        ids[i] = ticket_id_of(&f->reservation, f->seats[i]);
        items[i] = (Cavea__V1__SignedTicket)CAVEA__V1__SIGNED_TICKET__INIT;
        items[i].ticket_id = fake_binary(&ids[i].u);
        items[i].event_id = fake_binary(&f->event.u);
        items[i].seat = f->seats[i];
        items[i].key_id = (char *)(uintptr_t) "k1";
        items[i].jws = (char *)(uintptr_t)(i == 0 ? "jws-seven" : "jws-eight");
        items[i].compact = (char *)(uintptr_t) "C1:AB";
        list[i] = &items[i];
    }
    m.reservation_id = fake_binary(&f->reservation.u);
    m.n_tickets = 2;
    m.tickets = list;
    c.body_case = CAVEA__V1__COMMAND__BODY_TICKETS_SIGNED;
    c.tickets_signed = &m;
    kind_ticket.handle(f->state, &c, &f->t);
}

static void revoke(fixture *f)
{
    Cavea__V1__TicketsRevoke m = CAVEA__V1__TICKETS_REVOKE__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    m.reservation_id = fake_binary(&f->reservation.u);
    m.event_id = fake_binary(&f->event.u);
    m.n_seats = 2;
    m.seats = f->seats;
    c.body_case = CAVEA__V1__COMMAND__BODY_TICKETS_REVOKE;
    c.tickets_revoke = &m;
    kind_ticket.handle(f->state, &c, &f->t);
}

static void
test_kind_ticket__given_an_issue_then_signs_and_writes_rows_with_both_forms(void **state)
{
    fixture *f = *state;
    issue(f);
    assert_int_equal(f->t.effects[0].seats_count, 2);
    assert_int_equal(f->t.effects[0].seats[1], 8);
    assert_int_equal(f->t.effects[0].actor.kind, ACTOR_TICKET);
    issue(f); // again while it is under way
    fake_turn_said(&f->t, "perform 5 refund=0\n");
    signed_back(f);
    const ticket_row *row = &f->t.j->tickets[1];
    assert_int_equal(f->t.j->tickets_count, 2);
    assert_int_equal(row->seat, 8);
    assert_int_equal(row->state, TICKET_VALID);
    assert_string_equal(row->key_id, "k1");
    assert_int_equal(row->jws_bytes, 9);
    assert_memory_equal(f->t.j->blob + row->jws_at, "jws-eight", 9);
    assert_memory_equal(f->t.j->blob + row->compact_at, "C1:AB", 5);
    fake_turn_said(&f->t, "fact 1 TicketFact\nfact 1 TicketFact\n");
    signed_back(f);
    issue(f);
    assert_int_equal(f->t.j->tickets_count, 0);
    fake_turn_said(&f->t, "");
}

static void test_kind_ticket__given_revoked_in_the_same_tick_then_the_last_rows_say_so(void **state)
{
    fixture *f = *state;
    signed_back(f);
    revoke(f);
    assert_int_equal(f->t.j->tickets_count, 4);
    assert_int_equal(f->t.j->tickets[0].state, TICKET_VALID);
    assert_int_equal(f->t.j->tickets[2].state, TICKET_REVOKED);
    assert_int_equal(f->t.j->tickets[2].jws_bytes, 0);
    fake_turn_said(&f->t, "fact 1 TicketFact\nfact 1 TicketFact\nfact 2 TicketFact\n"
                          "fact 2 TicketFact\n");
}

static void test_kind_ticket__given_revoked_later_then_rows_with_the_state_only(void **state)
{
    fixture *f = *state;
    revoke(f);
    assert_int_equal(f->t.j->tickets_count, 2);
    assert_int_equal(f->t.j->tickets[0].state, TICKET_REVOKED);
    assert_int_equal(f->t.j->tickets[0].jws_bytes, 0);
    fake_turn_said(&f->t, "fact 2 TicketFact\nfact 2 TicketFact\n");
}

static void test_kind_ticket__given_time_or_stuck_work_then_signs_again(void **state)
{
    fixture *f = *state;
    stuck_row row = {.kind = STUCK_CONFIRMED_UNTICKETED,
                     .event = f->event,
                     .reservation = f->reservation,
                     .seats_count = 2,
                     .seats = {7, 8}};
    kind_ticket.unstick(f->state, &row, &f->t);
    kind_ticket.unstick(f->state, &row, &f->t); // under way
    fake_turn_said(&f->t, "perform 5 refund=0\n");
    f->t.now_us = kind_ticket.next_due_us(f->state);
    kind_ticket.on_time(f->state, &f->t);
    fake_turn_said(&f->t, "perform 5 refund=0\n");
    signed_back(f);
    assert_int_equal(kind_ticket.next_due_us(f->state), INT64_MAX);
}

static void test_kind_ticket__given_unrevoked_tickets_then_asks_itself_to_revoke(void **state)
{
    fixture *f = *state;
    stuck_row row = {.kind = STUCK_REFUND_UNREVOKED,
                     .event = f->event,
                     .reservation = f->reservation,
                     .seats_count = 2,
                     .seats = {7, 8}};
    kind_ticket.unstick(f->state, &row, &f->t);
    fake_turn_said(&f->t, "send ticket 32\n");
}

static void test_kind_ticket__given_nonsense_then_refuses_or_records_it(void **state)
{
    fixture *f = *state;
    Cavea__V1__Command nonsense = CAVEA__V1__COMMAND__INIT;
    Cavea__V1__MessageRejected rejected = CAVEA__V1__MESSAGE_REJECTED__INIT;
    f->t.reply_to = "edge.1";
    kind_ticket.handle(f->state, &nonsense, &f->t);
    kind_ticket.reject(f->state, &rejected, &f->t);
    fake_turn_said(&f->t, "reply error=1\nfact 16 TicketFact\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_kind_ticket__given_an_issue_then_signs_and_writes_rows_with_both_forms),
        TEST(test_kind_ticket__given_revoked_in_the_same_tick_then_the_last_rows_say_so),
        TEST(test_kind_ticket__given_revoked_later_then_rows_with_the_state_only),
        TEST(test_kind_ticket__given_time_or_stuck_work_then_signs_again),
        TEST(test_kind_ticket__given_unrevoked_tickets_then_asks_itself_to_revoke),
        TEST(test_kind_ticket__given_nonsense_then_refuses_or_records_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
