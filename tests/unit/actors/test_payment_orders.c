// Whatever order the provider's reports come in, and however often, a payment ends the same.
#include "actors/payment/payment.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { REPORTS = 6 };
#define START_US (INT64_C(1800000000) * 1000000)

static payment_id payment_of(uint32_t n)
{
    uint8_t random[6] = {1, 2, 3, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    return (payment_id){uuid_tagged(START_US / 1000, 0x12345678, random)};
}

static payment_command start_of(uint32_t n)
{
    payment_command c = {
        .type = PAYMENT_COMMAND_START,
        .now_us = START_US,
        .payment = payment_of(n),
        .reservation = {payment_of(1000000).u},
        .event = {payment_of(1000001).u},
        .buyer = {payment_of(1000002).u},
        .amount_minor = 4500,
        .currency = "EUR",
    };
    return c;
}

static payment_report report_of(provider_status status)
{
    payment_report r = {.status = status, .amount_minor = 4500, .currency = "EUR"};
    memcpy(r.intent_id, "pi_1", 5);
    if (status >= PROVIDER_REFUND_PENDING)
        memcpy(r.refund_id, "re_1", 5);
    if (status == PROVIDER_INTENT_OPEN) {
        memcpy(r.client_secret, "pi_1_secret", 12);
        memcpy(r.pay_url, "http://pay/pi_1", 16);
    }
    return r;
}

// What a run asked of the world, and how many facts it wrote.
typedef struct asked {
    uint32_t told, refunds, facts;
} asked;

static bool event_confirms; // what the event actor says when it is told

static void run(payments *self, const payment_command *c, asked *a)
{
    payment_effects e;
    payment_decide(self, c, &e);
    for (uint32_t i = 0; i < e.facts_count; i++)
        payment_apply(self, &e.facts[i]);
    a->facts += e.facts_count;
    a->told += e.act == PAYMENT_ACT_TELL_EVENT;
    a->refunds += e.act == PAYMENT_ACT_REFUND_CREATE;
    if (e.act != PAYMENT_ACT_TELL_EVENT)
        return;
    payment_command decided = {.type = PAYMENT_COMMAND_DECIDED,
                               .now_us = c->now_us,
                               .payment = c->payment,
                               .confirmed = event_confirms};
    run(self, &decided, a);
}

static void report(payments *self, uint32_t n, const payment_report *r, asked *a)
{
    payment_command c = {.type = PAYMENT_COMMAND_REPORT,
                         .now_us = START_US + 1,
                         .payment = payment_of(n),
                         .report = *r};
    run(self, &c, a);
}

static void same_end(const payment *a, const payment *b)
{
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->refund_number, b->refund_number);
    assert_int_equal(a->captured_minor, b->captured_minor);
    assert_int_equal(a->refund_minor, b->refund_minor);
    assert_int_equal(a->kept_minor, b->kept_minor);
    assert_string_equal(a->currency, b->currency);
    assert_int_equal(a->refunded_minor, b->refunded_minor);
    assert_string_equal(a->intent_id, b->intent_id);
    assert_string_equal(a->client_secret, b->client_secret);
    assert_string_equal(a->pay_url, b->pay_url);
    assert_string_equal(a->refund_id, b->refund_id);
}

// Heap's algorithm: the next order of list, or false after the last.
typedef struct orders {
    uint32_t list[REPORTS], counts[REPORTS], at, n;
} orders;

static orders orders_of(uint32_t n)
{
    orders o = {.n = n};
    for (uint32_t i = 0; i < n; i++)
        o.list[i] = i;
    return o;
}

static bool orders_next(orders *o)
{
    while (o->at < o->n) {
        if (o->counts[o->at] >= o->at) {
            o->counts[o->at++] = 0;
            continue;
        }
        uint32_t other = o->at % 2 == 0 ? 0 : o->counts[o->at];
        uint32_t moved = o->list[other];
        o->list[other] = o->list[o->at];
        o->list[o->at] = moved;
        o->counts[o->at]++;
        o->at = 0;
        return true;
    }
    return false;
}

// Runs the reports in every order, for a payment of its own, and for a second one with each report
// twice, and compares every end with the first one. Returns the number of orders.
static uint32_t every_order(const payment_report *reports, uint32_t count, payment *ret_end,
                            asked *ret_least_asked)
{
    payments *self = payments_new();
    orders o = orders_of(count);
    uint32_t n = 0;
    assert_non_null(self);
    do {
        for (uint32_t copies = 1; copies <= 2; copies++) {
            asked a = {0};
            payment_command start = start_of(2 * n + copies);
            run(self, &start, &a);
            for (uint32_t i = 0; i < count; i++)
                for (uint32_t k = 0; k < copies; k++)
                    report(self, 2 * n + copies, &reports[o.list[i]], &a);
            if (n == 0 && copies == 1) {
                *ret_end = *payment_find(self, &start.payment);
                *ret_least_asked = a;
            }
            same_end(payment_find(self, &start.payment), ret_end);
            if (a.refunds < ret_least_asked->refunds)
                *ret_least_asked = a;
        }
        n++;
    } while (orders_next(&o));
    payments_free(self);
    return n;
}

static const provider_status six[REPORTS] = {PROVIDER_INTENT_OPEN, PROVIDER_PROCESSING,
                                             PROVIDER_DECLINED,    PROVIDER_CANCELED,
                                             PROVIDER_SUCCEEDED,   PROVIDER_REFUNDED};

static void test_payment__given_six_reports_in_any_order_then_ends_refunded_once(void **state)
{
    (void)state;
    payment_report reports[REPORTS];
    payment end;
    asked a;
    for (uint32_t i = 0; i < REPORTS; i++) {
        reports[i] = report_of(six[i]);
        reports[i].refund_number = six[i] == PROVIDER_REFUNDED;
    }
    assert_int_equal(every_order(reports, REPORTS, &end, &a), 720);
    assert_int_equal(end.state, PAYMENT_REFUNDED);
    assert_int_equal(end.captured_minor, 4500);
    assert_int_equal(end.refunded_minor, 4500);
    assert_string_equal(end.client_secret, "pi_1_secret");
}

static void test_payment__given_any_subset_of_reports_then_the_order_does_not_matter(void **state)
{
    (void)state;
    for (uint32_t subset = 1; subset < 1u << REPORTS; subset++) {
        payment_report reports[REPORTS];
        uint32_t count = 0;
        payment end;
        asked a;
        for (uint32_t i = 0; i < REPORTS; i++)
            if (subset & 1u << i)
                reports[count++] = report_of(six[i]);
        every_order(reports, count, &end, &a);
        bool captured = subset & 1u << 4, refunded = subset & 1u << 5;
        if (captured || refunded)
            assert_int_equal(end.captured_minor, 4500); // money is never dropped
        if (captured && !refunded) {
            assert_int_equal(end.state, PAYMENT_REFUND_DUE);
            assert_int_equal(a.refunds, 1); // asked for once, also when told twice
        }
    }
}

static void
test_payment__given_reports_of_two_refund_attempts_then_the_order_does_not_matter(void **state)
{
    (void)state;
    payment_report reports[5] = {report_of(PROVIDER_SUCCEEDED), report_of(PROVIDER_REFUND_PENDING),
                                 report_of(PROVIDER_REFUND_FAILED),
                                 report_of(PROVIDER_REFUND_PENDING), report_of(PROVIDER_REFUNDED)};
    for (uint32_t i = 1; i < 5; i++)
        reports[i].refund_number = i < 3 ? 1 : 2;
    memcpy(reports[3].refund_id, "re_2", 5);
    memcpy(reports[4].refund_id, "re_2", 5);
    payment end;
    asked a;
    assert_int_equal(every_order(reports, 5, &end, &a), 120);
    assert_int_equal(end.state, PAYMENT_REFUNDED);
    assert_int_equal(end.refund_number, 2);
    assert_string_equal(end.refund_id, "re_2");
    assert_int_equal(end.refunded_minor, 4500);
}

static void test_payment__given_the_wrong_amount_in_any_order_then_is_never_confirmed(void **state)
{
    (void)state;
    payment_report reports[4] = {report_of(PROVIDER_INTENT_OPEN), report_of(PROVIDER_PROCESSING),
                                 report_of(PROVIDER_SUCCEEDED), report_of(PROVIDER_CANCELED)};
    reports[2].amount_minor = 45;
    payment end;
    asked a;
    assert_int_equal(every_order(reports, 4, &end, &a), 24);
    assert_int_equal(end.state, PAYMENT_REFUND_DUE);
    assert_int_equal(end.captured_minor, 45);
    assert_int_equal(a.told, 0);
    assert_int_equal(a.refunds, 1);
}

static void test_payment__given_another_currency_in_any_order_then_all_of_it_goes_back(void **state)
{
    (void)state;
    payment_report reports[5] = {report_of(PROVIDER_INTENT_OPEN), report_of(PROVIDER_PROCESSING),
                                 report_of(PROVIDER_SUCCEEDED), report_of(PROVIDER_REFUND_PENDING),
                                 report_of(PROVIDER_REFUNDED)};
    for (uint32_t i = 2; i < 5; i++)
        memcpy(reports[i].currency, "USD", 4);
    payment end;
    asked a;
    assert_int_equal(every_order(reports, 5, &end, &a), 120);
    assert_int_equal(end.state, PAYMENT_REFUNDED);
    assert_string_equal(end.currency, "USD");
    assert_int_equal(end.captured_minor, 4500);
    assert_int_equal(end.refunded_minor, 4500);
    assert_int_equal(a.told, 0);
}

// The reservation is confirmed and its seats given back for a half: the refund's six callbacks.
static void test_payment__given_six_reports_of_a_part_in_any_order_then_ends_the_same(void **state)
{
    (void)state;
    payment_report reports[6];
    for (uint32_t i = 0; i < 6; i++) {
        static const provider_status of[6] = {PROVIDER_REFUND_PENDING, PROVIDER_REFUND_FAILED,
                                              PROVIDER_REFUND_PENDING, PROVIDER_REFUND_PENDING,
                                              PROVIDER_REFUNDED,       PROVIDER_SUCCEEDED};
        reports[i] = report_of(of[i]);
        if (of[i] == PROVIDER_SUCCEEDED)
            continue;
        reports[i].amount_minor = 2250;
        reports[i].refund_number = i < 2 ? 1 : 2;
        memcpy(reports[i].refund_id, i < 2 ? "re_1" : "re_2", 5);
    }
    payments *self = payments_new();
    orders o = orders_of(6);
    uint32_t n = 0;
    event_confirms = true;
    do {
        asked a = {0};
        payment_command start = start_of(n);
        payment_report captured = report_of(PROVIDER_SUCCEEDED);
        payment_command back = {.type = PAYMENT_COMMAND_REFUND,
                                .now_us = START_US,
                                .payment = payment_of(n),
                                .refund_minor = 2250};
        run(self, &start, &a);
        report(self, n, &captured, &a);
        run(self, &back, &a);
        for (uint32_t i = 0; i < 6; i++)
            report(self, n, &reports[o.list[i]], &a);
        const payment *p = payment_find(self, &start.payment);
        assert_int_equal(p->state, PAYMENT_REFUNDED);
        assert_int_equal(p->refund_number, 2);
        assert_int_equal(p->refunded_minor, 2250);
        assert_int_equal(p->kept_minor, 2250);
        assert_string_equal(p->refund_id, "re_2");
        assert_int_equal(a.told, 1);
        n++;
    } while (orders_next(&o));
    event_confirms = false;
    assert_int_equal(n, 720);
    payments_free(self);
}

static void test_payment__given_six_reports_and_a_seat_in_any_order_then_is_confirmed(void **state)
{
    (void)state;
    payment_report reports[REPORTS];
    payment end;
    asked a;
    for (uint32_t i = 0; i < REPORTS; i++)
        reports[i] = report_of(six[i]);
    reports[5] = report_of(PROVIDER_SUCCEEDED); // told twice
    event_confirms = true;
    assert_int_equal(every_order(reports, REPORTS, &end, &a), 720);
    event_confirms = false;
    assert_int_equal(end.state, PAYMENT_CONFIRMED);
    assert_int_equal(end.captured_minor, 4500);
    assert_int_equal(end.refund_minor, 0);
    assert_int_equal(a.refunds, 0);
}

static void test_payment__given_the_same_report_a_hundred_times_then_has_one_effect(void **state)
{
    (void)state;
    payments *self = payments_new();
    for (uint32_t i = 0; i < REPORTS; i++) {
        asked a = {0}, first;
        payment_command start = start_of(i);
        payment_report r = report_of(six[i]);
        run(self, &start, &a);
        for (uint32_t k = 0; k < 100; k++) {
            report(self, i, &r, &a);
            if (k == 0)
                first = a;
        }
        assert_int_equal(a.facts, first.facts);
        assert_int_equal(a.told, first.told);
        assert_int_equal(a.refunds, first.refunds);
    }
    payments_free(self);
}

// The two intents' reports come in any order: the first one heard of is the payment's, the other's
// money goes back.
static void test_payment__given_two_intents_captured_then_one_refund_of_one_of_them(void **state)
{
    (void)state;
    payments *self = payments_new();
    payment_report both[2] = {report_of(PROVIDER_SUCCEEDED), report_of(PROVIDER_SUCCEEDED)};
    memcpy(both[1].intent_id, "pi_2", 5);
    event_confirms = true;
    for (uint32_t n = 0; n < 2; n++) {
        asked a = {0};
        payment_command start = start_of(n);
        run(self, &start, &a);
        for (uint32_t k = 0; k < 6; k++)
            report(self, n, &both[(n + k) % 2], &a);
        const payment *p = payment_find(self, &start.payment);
        payment_id id = payment_stray_id(&p->id, both[(n + 1) % 2].intent_id);
        const payment *stray = payment_find(self, &id);
        assert_int_equal(p->state, PAYMENT_CONFIRMED);
        assert_string_equal(p->intent_id, both[n].intent_id);
        assert_int_equal(stray->state, PAYMENT_REFUND_DUE);
        assert_string_equal(stray->intent_id, both[(n + 1) % 2].intent_id);
        assert_int_equal(uuid_tag(&stray->id.u), uuid_tag(&p->id.u));
        assert_true(uuid_equal(&stray->reservation.u, &p->reservation.u));
        assert_int_equal(a.refunds, 1);
    }
    event_confirms = false;
    payments_free(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_payment__given_six_reports_in_any_order_then_ends_refunded_once),
        cmocka_unit_test(test_payment__given_any_subset_of_reports_then_the_order_does_not_matter),
        cmocka_unit_test(
            test_payment__given_reports_of_two_refund_attempts_then_the_order_does_not_matter),
        cmocka_unit_test(
            test_payment__given_another_currency_in_any_order_then_all_of_it_goes_back),
        cmocka_unit_test(test_payment__given_six_reports_of_a_part_in_any_order_then_ends_the_same),
        cmocka_unit_test(test_payment__given_six_reports_and_a_seat_in_any_order_then_is_confirmed),
        cmocka_unit_test(test_payment__given_the_same_report_a_hundred_times_then_has_one_effect),
        cmocka_unit_test(test_payment__given_two_intents_captured_then_one_refund_of_one_of_them),
        cmocka_unit_test(test_payment__given_the_wrong_amount_in_any_order_then_is_never_confirmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
