#include "actors/payment/payment.h"
#include "actors/runtime/provider_call.h"
#include "tests/unit/actors/runtime/fake_turn.h"

#define NOW_US (INT64_C(1800000000) * 1000000)

typedef struct fixture {
    void *state;
    turn t;
    event_id event;
    uuid payment, reservation, buyer, asked;
} fixture;

static int setup(void **state)
{
    static const uint8_t random[6] = {1, 2, 3, 4, 5, 6}, other[6] = {6, 5, 4, 3, 2, 1};
    fixture *f = calloc(1, sizeof *f);
    kind_context context = {0};
    store_result result;
    f->event.u = uuid_v7_floor(1700000000000);
    f->payment = uuid_tagged(NOW_US / 1000, event_tag(&f->event), random);
    f->reservation = uuid_tagged(NOW_US / 1000, event_tag(&f->event), other);
    f->buyer.bytes[0] = 1;
    f->asked.bytes[0] = 2;
    actor_ref actor = actor_of_tag(ACTOR_PAYMENT, event_tag(&f->event));
    f->state = kind_payment.load(&context, &actor, &result);
    assert_int_equal(result, STORE_OK);
    fake_turn_open(&f->t, NOW_US);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    kind_payment.free(f->state);
    fake_turn_close(&f->t);
    free(f);
    return 0;
}

#define EDGE "cavea.v1.reply.0192f3a4-b5c6-7d8e-9f00-112233445566"

static void start(fixture *f, const char *reply_to)
{
    Cavea__V1__PaymentStart m = CAVEA__V1__PAYMENT_START__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    m.payment_id = fake_binary(&f->payment);
    m.reservation_id = fake_binary(&f->reservation);
    m.event_id = fake_binary(&f->event.u);
    m.buyer_id = fake_binary(&f->buyer);
    m.amount_minor = 4500;
    m.currency = (char *)(uintptr_t) "EUR";
    m.reply_to = (char *)(uintptr_t)reply_to;
    m.reply_command = fake_binary(&f->asked);
    c.body_case = CAVEA__V1__COMMAND__BODY_PAYMENT_START;
    c.payment_start = &m;
    kind_payment.handle(f->state, &c, &f->t);
}

static void report_fill(fixture *f, int status, Cavea__V1__ProviderReport *m)
{
    m->payment_id = fake_binary(&f->payment);
    m->status = (Cavea__V1__ProviderStatus)status;
    m->intent_id = (char *)(uintptr_t) "pi_1";
    m->amount_minor = 4500;
    m->currency = (char *)(uintptr_t) "eur";
}

static void report_send(fixture *f, Cavea__V1__ProviderReport *m)
{
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    c.body_case = CAVEA__V1__COMMAND__BODY_PROVIDER_REPORT;
    c.provider_report = m;
    kind_payment.handle(f->state, &c, &f->t);
}

static void report(fixture *f, int status, const char *secret)
{
    Cavea__V1__ProviderReport m = CAVEA__V1__PROVIDER_REPORT__INIT;
    report_fill(f, status, &m);
    m.client_secret = (char *)(uintptr_t)secret;
    report_send(f, &m);
}

static void decided(fixture *f, bool confirmed)
{
    Cavea__V1__PaymentDecided m = CAVEA__V1__PAYMENT_DECIDED__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    m.payment_id = fake_binary(&f->payment);
    m.confirmed = confirmed;
    c.body_case = CAVEA__V1__COMMAND__BODY_PAYMENT_DECIDED;
    c.payment_decided = &m;
    kind_payment.handle(f->state, &c, &f->t);
}

static void test_kind_payment__given_a_sale_then_writes_asks_answers_and_tells(void **state)
{
    fixture *f = *state;
    start(f, EDGE ".1");
    assert_int_equal(f->t.effects[0].amount_minor, 4500);
    assert_int_equal(f->t.j->payments_count, 1);
    assert_int_equal(f->t.j->payments[0].state, PAYMENT_CREATED);
    fake_turn_said(&f->t, "fact 1 PaymentFact\nperform 1 refund=0\n");

    report(f, PROVIDER_INTENT_OPEN, "pi_1_secret");
    assert_string_equal(f->t.j->payments[0].client_secret, "pi_1_secret");
    fake_turn_said(&f->t, "fact 2 PaymentFact\nlater " EDGE ".1 error=0 secret=pi_1_secret\n");

    start(f, EDGE ".2");
    assert_int_equal(f->t.j->payments_count, 0);
    fake_turn_said(&f->t, "later " EDGE ".2 error=0 secret=pi_1_secret\n");

    f->t.reply_to = "edge.3"; // a callback: the edge waits for our COMMIT
    report(f, PROVIDER_SUCCEEDED, "");
    f->t.reply_to = "";
    assert_int_equal(f->t.j->payments[0].captured_minor, 4500);
    fake_turn_said(&f->t, "fact 6 PaymentFact\nsend event 14\nreply error=0\n");

    decided(f, true);
    fake_turn_said(&f->t, "fact 7 PaymentFact\n");
}

// What the sender wrote leaves this host as a subject: an answer goes to reply subjects only.
static void
test_kind_payment__given_an_asker_who_is_no_reply_subject_then_nobody_waits(void **state)
{
    static const char *const bad[] = {
        "",
        "edge.1",
        "cavea.v1.in.ticket.00020000-0000-8000-8000-000000000001",
        "$JS.API.STREAM.DELETE.CAVEA_IN",
        EDGE " 0\r\n\r\nPUB $JS.API.STREAM.DELETE.CAVEA_IN 0\r\n\r\nPUB y",
        EDGE ".1.2",
        EDGE ".>",
    };
    fixture *f = *state;
    start(f, bad[0]);
    fake_turn_said(&f->t, "fact 1 PaymentFact\nperform 1 refund=0\n");
    for (size_t i = 1; i < sizeof bad / sizeof *bad; i++)
        start(f, bad[i]);
    fake_turn_said(&f->t, "");
    report(f, PROVIDER_INTENT_OPEN, "pi_1_secret");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        start(f, bad[i]);
    fake_turn_said(&f->t, "fact 2 PaymentFact\n");
}

// The provider's word of the money came before the answer of the create call: nothing is left to
// pay at, and the buyer must not be told to wait for it.
static void test_kind_payment__given_paid_before_the_intent_was_known_then_says_so(void **state)
{
    fixture *f = *state;
    start(f, EDGE ".1");
    report(f, PROVIDER_SUCCEEDED, "");
    start(f, EDGE ".2");
    fake_turn_said(&f->t, "fact 1 PaymentFact\nperform 1 refund=0\nfact 6 PaymentFact\n"
                          "send event 14\nlater " EDGE ".1 error=22 secret=\n"
                          "later " EDGE ".2 error=22 secret=\n");
}

static void
test_kind_payment__given_several_changes_in_a_tick_then_the_last_row_is_the_end(void **state)
{
    fixture *f = *state;
    start(f, (char *)(uintptr_t) "");
    report(f, PROVIDER_SUCCEEDED, "");
    decided(f, false);
    assert_int_equal(f->t.j->payments_count, 3);
    assert_int_equal(f->t.j->payments[2].state, PAYMENT_REFUND_DUE);
    assert_int_equal(f->t.j->payments[2].refund_number, 1);
    assert_int_equal(f->t.effects[1].amount_minor, 0); // all of it
    assert_string_equal(f->t.effects[1].intent_id, "pi_1");
    fake_turn_said(&f->t, "fact 1 PaymentFact\nperform 1 refund=0\nfact 6 PaymentFact\n"
                          "send event 14\nfact 8 PaymentFact\nperform 4 refund=1\n");
}

static void test_kind_payment__given_a_row_then_wants_it_once_and_goes_on(void **state)
{
    fixture *f = *state;
    Cavea__V1__PaymentDecided m = CAVEA__V1__PAYMENT_DECIDED__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    payment_id wanted[KIND_WANTS_MAX];
    payment_row row = {.event = f->event,
                       .id = {f->payment},
                       .reservation = {f->reservation},
                       .state = PAYMENT_CAPTURED,
                       .amount_minor = 4500,
                       .captured_minor = 4500,
                       .currency = "EUR",
                       .intent_id = "pi_1",
                       .changed_us = NOW_US};
    m.payment_id = fake_binary(&f->payment);
    c.body_case = CAVEA__V1__COMMAND__BODY_PAYMENT_DECIDED;
    c.payment_decided = &m;
    assert_int_equal(kind_payment.wants(f->state, &c, wanted), 1);
    assert_true(uuid_equal(&wanted[0].u, &f->payment));
    kind_payment.provide(f->state, &row);
    assert_int_equal(kind_payment.wants(f->state, &c, wanted), 0);
    decided(f, false);
    assert_int_equal(f->t.j->payments[0].state, PAYMENT_REFUND_DUE);
    fake_turn_said(&f->t, "fact 8 PaymentFact\nperform 4 refund=1\n");
    Cavea__V1__Command nonsense = CAVEA__V1__COMMAND__INIT;
    assert_int_equal(kind_payment.wants(f->state, &nonsense, wanted), 0);
}

static void test_kind_payment__given_time_then_asks_again(void **state)
{
    fixture *f = *state;
    start(f, EDGE ".1");
    fake_turn_said(&f->t, "fact 1 PaymentFact\nperform 1 refund=0\n");
    f->t.now_us = kind_payment.next_due_us(f->state);
    kind_payment.on_time(f->state, &f->t);
    fake_turn_said(&f->t, "perform 1 refund=0\n");
    assert_true(kind_payment.next_due_us(f->state) > f->t.now_us);
}

static stuck_row stuck_of(const fixture *f, enum stuck_kind kind, payment_state state)
{
    stuck_row row = {.kind = kind,
                     .event = f->event,
                     .reservation = {f->reservation},
                     .payment = {f->payment},
                     .buyer = {f->buyer},
                     .amount_minor = 4500,
                     .currency = "EUR",
                     .payment_state = (int16_t)state,
                     .changed_us = NOW_US};
    return row;
}

// The answer died with its host: the next one knows the row only, and must send the same request,
// because the provider has its key.
static void test_kind_payment__given_another_host_then_asks_the_same(void **state)
{
    fixture *f = *state;
    kind_context context = {0};
    store_result result;
    provider_request first, again;
    start(f, EDGE ".1");
    assert_true(provider_request_build(&f->t.effects[0], STEP_INTENT_CREATE, "", &first));
    fake_turn_said(&f->t, "fact 1 PaymentFact\nperform 1 refund=0\n");
    kind_payment.free(f->state);
    actor_ref actor = actor_of_tag(ACTOR_PAYMENT, event_tag(&f->event));
    f->state = kind_payment.load(&context, &actor, &result);
    stuck_row row = stuck_of(f, STUCK_PAYMENT_OPEN, PAYMENT_CREATED);
    f->t.now_us += 60000000;
    kind_payment.unstick(f->state, &row, &f->t);
    assert_true(provider_request_build(&f->t.effects[0], STEP_INTENT_CREATE, "", &again));
    fake_turn_said(&f->t, "perform 1 refund=0\n");
    assert_string_equal(first.idempotency_key, again.idempotency_key);
    assert_string_equal(first.body, again.body);
}

static void test_kind_payment__given_stuck_work_then_sends_or_asks(void **state)
{
    fixture *f = *state;
    stuck_row row = stuck_of(f, STUCK_PAYMENT_UNDECIDED, PAYMENT_CAPTURED);
    f->t.now_us += 2000000;
    kind_payment.unstick(f->state, &row, &f->t);
    kind_payment.unstick(f->state, &row, &f->t); // found again at once
    fake_turn_said(&f->t, "send event 14\n");
    row = stuck_of(f, STUCK_CHECKOUT_UNSTARTED, PAYMENT_NONE);
    kind_payment.unstick(f->state, &row, &f->t);
    fake_turn_said(&f->t, "send payment 20\n");
    row = stuck_of(f, STUCK_PAYMENT_OPEN, PAYMENT_OPEN);
    memcpy(row.intent_id, "pi_1", 5);
    row.changed_us++;
    kind_payment.unstick(f->state, &row, &f->t); // it is the buyer's turn
    fake_turn_said(&f->t, "");
    f->t.now_us += 60000000;
    kind_payment.unstick(f->state, &row, &f->t);
    assert_string_equal(f->t.effects[0].intent_id, "pi_1");
    fake_turn_said(&f->t, "perform 3 refund=0\n");
    row.is_abandoned = true; // seats that were released: nobody may pay for them any more
    f->t.now_us += 60000000;
    kind_payment.unstick(f->state, &row, &f->t);
    fake_turn_said(&f->t, "perform 2 refund=0\n");
    row.is_abandoned = false;
    f->t.now_us += (int64_t)(PAYMENT_ABANDONED_SECONDS + 1) * 1000000;
    kind_payment.unstick(f->state, &row, &f->t);
    fake_turn_said(&f->t, "perform 2 refund=0\n");
    row = stuck_of(f, STUCK_REFUND_UNSENT, PAYMENT_REFUND_FAILED);
    row.refund_number = 1;
    row.changed_us += 2;
    kind_payment.unstick(f->state, &row, &f->t);
    fake_turn_said(&f->t, "perform 4 refund=2\n");
}

static void refund_ask(fixture *f, int64_t amount_minor)
{
    Cavea__V1__RefundRequest m = CAVEA__V1__REFUND_REQUEST__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    m.payment_id = fake_binary(&f->payment);
    m.amount_minor = amount_minor;
    c.body_case = CAVEA__V1__COMMAND__BODY_REFUND_REQUEST;
    c.refund_request = &m;
    kind_payment.handle(f->state, &c, &f->t);
}

static void test_kind_payment__given_a_refund_of_a_part_then_asks_for_it_and_posts(void **state)
{
    fixture *f = *state;
    start(f, (char *)(uintptr_t) "");
    report(f, PROVIDER_SUCCEEDED, "");
    decided(f, true);
    fake_turn_again(&f->t);
    refund_ask(f, 2250);
    refund_ask(f, 2250);
    assert_int_equal(f->t.effects[0].amount_minor, 2250);
    assert_int_equal(f->t.j->payments[0].refund_minor, 2250);
    assert_int_equal(f->t.j->payments[0].kept_minor, 2250);
    assert_int_equal(f->t.j->postings_count, 1);
    fake_turn_said(&f->t, "fact 8 PaymentFact\nperform 4 refund=1\n");
}

static void test_kind_payment__given_a_second_capture_then_that_one_goes_back(void **state)
{
    fixture *f = *state;
    Cavea__V1__ProviderReport m = CAVEA__V1__PROVIDER_REPORT__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    payment_id wanted[KIND_WANTS_MAX];
    char other[PAYMENT_INTENT_BYTES] = "pi_2";
    payment_id stray = payment_stray_id(&(payment_id){f->payment}, other);
    report_fill(f, PROVIDER_SUCCEEDED, &m);
    m.intent_id = other;
    c.body_case = CAVEA__V1__COMMAND__BODY_PROVIDER_REPORT;
    c.provider_report = &m;
    assert_int_equal(kind_payment.wants(f->state, &c, wanted), 2);
    start(f, (char *)(uintptr_t) "");
    report(f, PROVIDER_SUCCEEDED, "");
    decided(f, true);
    fake_turn_again(&f->t);
    assert_int_equal(kind_payment.wants(f->state, &c, wanted), 1);
    assert_true(uuid_equal(&wanted[0].u, &stray.u));
    report_send(f, &m);
    assert_int_equal(kind_payment.wants(f->state, &c, wanted), 0);
    assert_true(uuid_equal(&f->t.effects[0].payment.u, &stray.u));
    assert_string_equal(f->t.effects[0].intent_id, "pi_2");
    assert_true(uuid_equal(&f->t.j->payments[1].id.u, &stray.u));
    assert_int_equal(f->t.j->payments[1].captured_minor, 4500);
    report_send(f, &m);
    fake_turn_said(&f->t, "fact 1 PaymentFact\nfact 8 PaymentFact\nalarm 3\nperform 4 refund=1\n");
}

static void test_kind_payment__given_what_only_the_list_knew_then_says_so(void **state)
{
    fixture *f = *state;
    Cavea__V1__ProviderReport m = CAVEA__V1__PROVIDER_REPORT__INIT;
    start(f, (char *)(uintptr_t) "");
    fake_turn_again(&f->t);
    report_fill(f, PROVIDER_SUCCEEDED, &m);
    m.provider_event = (char *)(uintptr_t)PROVIDER_EVENT_LIST;
    report_send(f, &m);
    fake_turn_said(&f->t, "fact 6 PaymentFact\nalarm 6\nsend event 14\n");
    decided(f, true);
    fake_turn_again(&f->t);
    report_send(f, &m);
    fake_turn_said(&f->t, "");
    report(f, PROVIDER_ABSENT, "");
    report(f, PROVIDER_ABSENT, "");
    fake_turn_said(&f->t, "fact 18 PaymentFact\nalarm 5\n");
}

static void test_kind_payment__given_released_seats_then_cancels_the_intent(void **state)
{
    fixture *f = *state;
    Cavea__V1__PaymentAbandoned m = CAVEA__V1__PAYMENT_ABANDONED__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    m.payment_id = fake_binary(&f->payment);
    c.body_case = CAVEA__V1__COMMAND__BODY_PAYMENT_ABANDONED;
    c.payment_abandoned = &m;
    start(f, (char *)(uintptr_t) "");
    report(f, PROVIDER_INTENT_OPEN, "pi_1_secret");
    fake_turn_again(&f->t);
    kind_payment.handle(f->state, &c, &f->t);
    assert_string_equal(f->t.effects[0].intent_id, "pi_1");
    fake_turn_said(&f->t, "perform 2 refund=0\n");
    report(f, PROVIDER_CANCELED, "");
    report(f, PROVIDER_SUCCEEDED, "");
    kind_payment.handle(f->state, &c, &f->t); // too late
    fake_turn_said(&f->t, "fact 5 PaymentFact\nfact 6 PaymentFact\nsend event 14\n");
}

static void test_kind_payment__given_a_refund_that_was_not_asked_for_then_asks_itself(void **state)
{
    fixture *f = *state;
    stuck_row row = stuck_of(f, STUCK_REFUND_UNASKED, PAYMENT_CONFIRMED);
    row.amount_minor = 2250;
    kind_payment.unstick(f->state, &row, &f->t);
    assert_int_equal(f->t.sent[0]->refund_request->amount_minor, 2250);
    fake_turn_said(&f->t, "send payment 23\n");
    row = stuck_of(f, STUCK_REFUND_UNSENT, PAYMENT_REFUND_DUE);
    row.refund_number = 1;
    row.refund_minor = 2250;
    f->t.now_us += 60000000;
    kind_payment.unstick(f->state, &row, &f->t);
    assert_int_equal(f->t.effects[0].amount_minor, 2250);
    fake_turn_said(&f->t, "perform 4 refund=1\n");
}

static void test_kind_payment__given_stuck_work_with_a_time_then_leaves_it(void **state)
{
    fixture *f = *state;
    stuck_row row = stuck_of(f, STUCK_PAYMENT_OPEN, PAYMENT_CREATED);
    start(f, (char *)(uintptr_t) "");
    fake_turn_said(&f->t, "fact 1 PaymentFact\nperform 1 refund=0\n");
    f->t.now_us += 60000000;
    kind_payment.unstick(f->state, &row, &f->t); // its own time has come, or will
    fake_turn_said(&f->t, "");
}

static void test_kind_payment__given_a_stored_fact_then_a_captured_one_is_told_again(void **state)
{
    fixture *f = *state;
    actor_ref actor = actor_of_tag(ACTOR_PAYMENT, event_tag(&f->event));
    Cavea__V1__PaymentFact m = CAVEA__V1__PAYMENT_FACT__INIT;
    uint8_t bytes[512];
    m.payment_id = fake_binary(&f->payment);
    m.reservation_id = fake_binary(&f->reservation);
    m.event_id = fake_binary(&f->event.u);
    m.state = PAYMENT_CAPTURED;
    m.amount_minor = 4500;
    m.currency = (char *)(uintptr_t) "EUR";
    uint32_t size = (uint32_t)cavea__v1__payment_fact__pack(&m, bytes);
    kind_payment.resend(&actor, PAYMENT_CAPTURED, bytes, size, &f->t);
    fake_turn_said(&f->t, "send event 14\n");
    kind_payment.resend(&actor, PAYMENT_CONFIRMED, bytes, size, &f->t);
    kind_payment.resend(&actor, PAYMENT_CAPTURED, bytes, 3, &f->t);
    fake_turn_said(&f->t, "");
    m.state = PAYMENT_REFUNDED; // perhaps by somebody else
    size = (uint32_t)cavea__v1__payment_fact__pack(&m, bytes);
    kind_payment.resend(&actor, PAYMENT_REFUNDED, bytes, size, &f->t);
    fake_turn_said(&f->t, "send event 15\n");
    m.kept_minor = 1; // of seats that were given back
    size = (uint32_t)cavea__v1__payment_fact__pack(&m, bytes);
    kind_payment.resend(&actor, PAYMENT_REFUNDED, bytes, size, &f->t);
    fake_turn_said(&f->t, "");
}

static void test_kind_payment__given_all_paid_back_by_others_then_tells_the_event(void **state)
{
    fixture *f = *state;
    start(f, (char *)(uintptr_t) "");
    report(f, PROVIDER_SUCCEEDED, "");
    decided(f, true);
    fake_turn_again(&f->t);
    report(f, PROVIDER_REFUNDED, "");
    const Cavea__V1__ReservationRelease *m = f->t.sent[0]->reservation_release;
    assert_memory_equal(m->payment_id.data, f->payment.bytes, 16);
    assert_memory_equal(m->reservation_id.data, f->reservation.bytes, 16);
    fake_turn_said(&f->t, "fact 10 PaymentFact\nsend event 15\n");
    refund_ask(f, 4500); // as the event actor does then
    report(f, PROVIDER_REFUNDED, "");
    fake_turn_said(&f->t, "");
}

static void test_kind_payment__given_nonsense_then_refuses_or_records_it(void **state)
{
    fixture *f = *state;
    Cavea__V1__Command nonsense = CAVEA__V1__COMMAND__INIT;
    Cavea__V1__MessageRejected rejected = CAVEA__V1__MESSAGE_REJECTED__INIT;
    f->t.reply_to = "edge.1";
    kind_payment.handle(f->state, &nonsense, &f->t);
    report(f, PROVIDER_INTENT_OPEN, "");
    kind_payment.reject(f->state, &rejected, &f->t);
    fake_turn_said(&f->t, "reply error=1\nreply error=4\nfact 16 PaymentFact\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_kind_payment__given_a_sale_then_writes_asks_answers_and_tells),
        TEST(test_kind_payment__given_an_asker_who_is_no_reply_subject_then_nobody_waits),
        TEST(test_kind_payment__given_paid_before_the_intent_was_known_then_says_so),
        TEST(test_kind_payment__given_several_changes_in_a_tick_then_the_last_row_is_the_end),
        TEST(test_kind_payment__given_a_row_then_wants_it_once_and_goes_on),
        TEST(test_kind_payment__given_time_then_asks_again),
        TEST(test_kind_payment__given_another_host_then_asks_the_same),
        TEST(test_kind_payment__given_stuck_work_then_sends_or_asks),
        TEST(test_kind_payment__given_a_refund_of_a_part_then_asks_for_it_and_posts),
        TEST(test_kind_payment__given_all_paid_back_by_others_then_tells_the_event),
        TEST(test_kind_payment__given_a_second_capture_then_that_one_goes_back),
        TEST(test_kind_payment__given_what_only_the_list_knew_then_says_so),
        TEST(test_kind_payment__given_released_seats_then_cancels_the_intent),
        TEST(test_kind_payment__given_a_refund_that_was_not_asked_for_then_asks_itself),
        TEST(test_kind_payment__given_stuck_work_with_a_time_then_leaves_it),
        TEST(test_kind_payment__given_a_stored_fact_then_a_captured_one_is_told_again),
        TEST(test_kind_payment__given_nonsense_then_refuses_or_records_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
