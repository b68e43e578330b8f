// The payment core beyond its transcript: bounds, waiters, what is forgotten, messages.
#include "actors/payment/codec.h"
#include "actors/payment/payment.h"
#include "tests/unit/actors/allocations.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

#define START_US (INT64_C(1800000000) * 1000000)

static payment_id id_of(uint32_t n)
{
    uint8_t random[6] = {0,         0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
                         (uint8_t)n};
    return (payment_id){uuid_tagged(START_US / 1000, 0x12345678, random)};
}

static payment_command start_of(uint32_t n)
{
    return (payment_command){
        .type = PAYMENT_COMMAND_START,
        .now_us = START_US,
        .payment = id_of(n),
        .reservation = {id_of(n + 1000000).u},
        .event = {id_of(2000000).u},
        .buyer = {id_of(3000000).u},
        .amount_minor = 4500,
        .currency = "EUR",
    };
}

static payment_command report_of(uint32_t n, provider_status status)
{
    payment_command c = {
        .type = PAYMENT_COMMAND_REPORT, .now_us = START_US + 1, .payment = id_of(n)};
    c.report.status = status;
    c.report.amount_minor = 4500;
    memcpy(c.report.currency, "EUR", 4);
    snprintf(c.report.intent_id, sizeof c.report.intent_id, "pi_%u", n);
    if (status == PROVIDER_INTENT_OPEN)
        snprintf(c.report.client_secret, sizeof c.report.client_secret, "pi_%u_secret", n);
    return c;
}

static void run(payments *self, const payment_command *c)
{
    payment_effects e;
    payment_decide(self, c, &e);
    for (uint32_t i = 0; i < e.facts_count; i++)
        payment_apply(self, &e.facts[i]);
}

static void start(payments *self, uint32_t n)
{
    payment_command c = start_of(n);
    run(self, &c);
}

static void report(payments *self, uint32_t n, provider_status status)
{
    payment_command c = report_of(n, status);
    run(self, &c);
}

static payment_state state_of(const payments *self, uint32_t n)
{
    payment_id id = id_of(n);
    const payment *p = payment_find(self, &id);
    return p == NULL ? PAYMENT_NONE : p->state;
}

static void
test_payments__given_more_than_fit_then_forgets_the_stalest_that_is_not_due(void **state)
{
    (void)state;
    payments *self = payments_new();
    start(self, 0); // created: its time is to come
    for (uint32_t n = 1; n < PAYMENTS_MAX; n++) {
        start(self, n);
        report(self, n, PROVIDER_INTENT_OPEN); // the buyer's turn: no time
    }
    assert_int_equal(payments_count(self), PAYMENTS_MAX);
    start(self, PAYMENTS_MAX);
    assert_int_equal(payments_count(self), PAYMENTS_MAX);
    assert_int_equal(state_of(self, 0), PAYMENT_CREATED);
    assert_int_equal(state_of(self, 1), PAYMENT_NONE);
    assert_int_equal(state_of(self, 2), PAYMENT_OPEN);
    payments_free(self);
}

static void
test_payment_provide__given_a_row_then_goes_on_from_it_and_keeps_what_is_newer(void **state)
{
    (void)state;
    payments *self = payments_new();
    payment row = {.id = id_of(1),
                   .state = PAYMENT_CAPTURED,
                   .amount_minor = 4500,
                   .captured_minor = 4500,
                   .currency = "EUR",
                   .intent_id = "pi_1",
                   .changed_us = START_US};
    payment_provide(self, &row);
    // It waits for the event actor, so it is told again soon.
    assert_true(payments_due_us(self) < START_US + 3000000);
    payment_command yes = {.type = PAYMENT_COMMAND_DECIDED,
                           .now_us = START_US + 5,
                           .payment = row.id,
                           .confirmed = true};
    run(self, &yes);
    assert_int_equal(state_of(self, 1), PAYMENT_CONFIRMED);
    payment_provide(self, &row);
    assert_int_equal(state_of(self, 1), PAYMENT_CONFIRMED);
    assert_int_equal(payments_due_us(self), INT64_MAX);
    payments_free(self);
}

static void test_payments_hurry__given_haste_then_silence_is_borne_for_less(void **state)
{
    (void)state;
    payments *slow = payments_new(), *fast = payments_new();
    payment_todo todo;
    payment row = {.id = id_of(1), .state = PAYMENT_OPEN};
    row.created_us = row.changed_us = START_US;
    payments_hurry(fast, 60);
    start(slow, 2);
    start(fast, 2);
    // By the same spread: a sixtieth.
    assert_in_range(payments_due_us(slow) - START_US, 11250000, 18750000);
    assert_in_range(payments_due_us(fast) - START_US, 187500, 312500);
    todo = payment_unstick(slow, &row, START_US + 2000000);
    assert_int_equal(todo.act, PAYMENT_ACT_NONE);
    todo = payment_unstick(fast, &row, START_US + 2000000);
    assert_int_equal(todo.act, PAYMENT_ACT_INTENT_FETCH);
    payments_free(slow);
    payments_free(fast);
}

static void wait_for(payments *self, uint32_t n, uint8_t command, const char *reply_to)
{
    payment_id id = id_of(n);
    uuid asked = {{command}};
    payment_wait(self, &id, &asked, reply_to);
}

static void test_payment_wait__given_one_who_asks_again_then_is_answered_once(void **state)
{
    (void)state;
    payments *self = payments_new();
    payment_id id = id_of(1);
    payment_waiter w;
    start(self, 1);
    wait_for(self, 1, 7, "first");
    wait_for(self, 1, 8, "other");
    wait_for(self, 1, 7, "again");
    wait_for(self, 1, 9, ""); // nobody
    assert_true(payment_waiter_take(self, &id, &w));
    assert_string_equal(w.reply_to, "again");
    assert_true(payment_waiter_take(self, &id, &w));
    assert_string_equal(w.reply_to, "other");
    assert_false(payment_waiter_take(self, &id, &w));
    payments_free(self);
}

static void test_payment_wait__given_too_many_then_forgets_the_oldest(void **state)
{
    (void)state;
    payments *self = payments_new();
    payment_id id = id_of(1);
    payment_waiter w;
    char last[8] = "";
    uint32_t count = 0;
    start(self, 1);
    for (uint8_t i = 1; i <= 9; i++) {
        snprintf(last, sizeof last, "w%u", i);
        wait_for(self, 1, i, last);
    }
    while (payment_waiter_take(self, &id, &w)) {
        if (count++ == 0)
            assert_string_equal(w.reply_to, last);
        assert_string_not_equal(w.reply_to, "w1");
    }
    assert_int_equal(count, 4);
    payments_free(self);
}

static void test_payment_wait__given_a_full_pool_then_the_newest_are_kept(void **state)
{
    (void)state;
    payments *self = payments_new();
    payment_waiter w;
    for (uint32_t n = 0; n < PAYMENT_WAITERS_MAX + 10; n++) {
        start(self, n);
        wait_for(self, n, 1, "somebody");
    }
    for (uint32_t n = 0; n < PAYMENT_WAITERS_MAX + 10; n++) {
        payment_id id = id_of(n);
        assert_int_equal(payment_waiter_take(self, &id, &w), n >= 10);
        assert_false(payment_waiter_take(self, &id, &w));
    }
    payments_free(self);
}

static void test_payment_core__given_commands_then_allocates_nothing(void **state)
{
    (void)state;
    payments *self = payments_new();
    payment_todo todo;
    uint64_t before = allocations;
    for (uint32_t n = 0; n < 2 * PAYMENTS_MAX; n++) {
        start(self, n);
        wait_for(self, n, 1, "somebody");
        report(self, n, PROVIDER_INTENT_OPEN);
        report(self, n, PROVIDER_SUCCEEDED);
        (void)payment_due_take(self, START_US + n * 1000, &todo);
    }
    assert_int_equal(allocations, before);
    payments_free(self);
}

static void test_payment_may_become__given_any_pair_then_only_rises_but_for_refunds(void **state)
{
    (void)state;
    for (int from = PAYMENT_CREATED; from < PAYMENT_STATES_END; from++)
        for (int to = PAYMENT_CREATED; to < PAYMENT_STATES_END; to++) {
            bool rises = payment_may_become((payment_state)from, (payment_state)to, false);
            bool next = payment_may_become((payment_state)from, (payment_state)to, true);
            assert_true(!rises || to > from);
            assert_true(!next || to > from || from >= PAYMENT_REFUNDING);
            if (to == PAYMENT_REFUND_DUE && from > PAYMENT_REFUND_DUE)
                assert_int_equal(next, from == PAYMENT_REFUND_FAILED);
            if (to == PAYMENT_CONFIRMED)
                assert_int_equal(rises, from == PAYMENT_CAPTURED);
            if (from == PAYMENT_REFUND_DUE)
                assert_true(to >= PAYMENT_REFUNDING || !rises);
        }
}

static ProtobufCBinaryData binary(const uuid *id)
{
    return (ProtobufCBinaryData){16, (uint8_t *)(uintptr_t)id->bytes};
}

static error_code report_read(const char *intent_id, const char *currency, int64_t amount,
                              int status, payment_command *ret)
{
    payment_id id = id_of(1);
    Cavea__V1__ProviderReport r = CAVEA__V1__PROVIDER_REPORT__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    r.payment_id = binary(&id.u);
    r.intent_id = (char *)(uintptr_t)intent_id;
    r.currency = (char *)(uintptr_t)currency;
    r.amount_minor = amount;
    r.status = (Cavea__V1__ProviderStatus)status;
    command.body_case = CAVEA__V1__COMMAND__BODY_PROVIDER_REPORT;
    command.provider_report = &r;
    return payment_command_read(&command, ret);
}

static void test_payment_command_read__given_reports_then_refuses_what_cannot_be(void **state)
{
    (void)state;
    char long_id[PAYMENT_INTENT_BYTES + 1];
    payment_command c;
    memset(long_id, 'a', sizeof long_id);
    long_id[PAYMENT_INTENT_BYTES] = 0;
    assert_int_equal(report_read("pi_1", "eur", 1, PROVIDER_SUCCEEDED, &c), ERROR_NONE);
    assert_string_equal(c.report.currency, "EUR");
    assert_int_equal(report_read("", "eur", 1, PROVIDER_SUCCEEDED, &c), ERROR_MALFORMED);
    assert_int_equal(report_read("", "", 0, PROVIDER_UNREACHABLE, &c), ERROR_NONE);
    assert_int_equal(report_read(long_id, "eur", 1, PROVIDER_SUCCEEDED, &c), ERROR_MALFORMED);
    assert_int_equal(report_read("pi 1", "eur", 1, PROVIDER_SUCCEEDED, &c), ERROR_MALFORMED);
    assert_int_equal(report_read("pi_1", "euro", 1, PROVIDER_SUCCEEDED, &c), ERROR_MALFORMED);
    assert_int_equal(report_read("pi_1", "e1r", 1, PROVIDER_SUCCEEDED, &c), ERROR_MALFORMED);
    assert_int_equal(report_read("pi_1", "eur", -1, PROVIDER_SUCCEEDED, &c), ERROR_MALFORMED);
    assert_int_equal(report_read("pi_1", "eur", 1, 0, &c), ERROR_MALFORMED);
    assert_int_equal(report_read("pi_1", "eur", 1, PROVIDER_STATUSES_END, &c), ERROR_MALFORMED);
    Cavea__V1__Command other = CAVEA__V1__COMMAND__INIT;
    assert_int_equal(payment_command_read(&other, &c), ERROR_MALFORMED);
}

static error_code command_read(Cavea__V1__Command *command, Cavea__V1__Command__BodyCase body,
                               payment_command *ret)
{
    command->body_case = body;
    return payment_command_read(command, ret);
}

static void
test_payment_command_read__given_money_commands_then_refuses_what_cannot_be(void **state)
{
    (void)state;
    payment_id id = id_of(1);
    payment_command c;
    char note[PAYMENT_NOTE_BYTES + 1];
    Cavea__V1__RefundRequest refund = CAVEA__V1__REFUND_REQUEST__INIT;
    Cavea__V1__RefundResolve resolve = CAVEA__V1__REFUND_RESOLVE__INIT;
    Cavea__V1__PaymentAbandoned abandoned = CAVEA__V1__PAYMENT_ABANDONED__INIT;
    Cavea__V1__PaymentDecided decided = CAVEA__V1__PAYMENT_DECIDED__INIT;
    Cavea__V1__Command m = CAVEA__V1__COMMAND__INIT;
    refund.payment_id = resolve.payment_id = decided.payment_id = binary(&id.u);
    refund.amount_minor = 2250;
    refund.reason = ERROR_RESERVATION_CONFIRMED;
    m.refund_request = &refund;
    assert_int_equal(command_read(&m, CAVEA__V1__COMMAND__BODY_REFUND_REQUEST, &c), ERROR_NONE);
    assert_int_equal(c.refund_minor, 2250);
    assert_int_equal(c.reason, ERROR_RESERVATION_CONFIRMED);
    refund.reason = 60000; // a newer peer's
    assert_int_equal(command_read(&m, CAVEA__V1__COMMAND__BODY_REFUND_REQUEST, &c), ERROR_NONE);
    assert_int_equal(c.reason, ERROR_INTERNAL);
    refund.amount_minor = -1;
    assert_int_equal(command_read(&m, CAVEA__V1__COMMAND__BODY_REFUND_REQUEST, &c),
                     ERROR_MALFORMED);
    m.refund_resolve = &resolve;
    resolve.note = (char *)(uintptr_t) "Überweisung vom 3. Mai";
    assert_int_equal(command_read(&m, CAVEA__V1__COMMAND__BODY_REFUND_RESOLVE, &c), ERROR_NONE);
    assert_string_equal(c.note, resolve.note);
    resolve.note = (char *)(uintptr_t) "two\nlines";
    assert_int_equal(command_read(&m, CAVEA__V1__COMMAND__BODY_REFUND_RESOLVE, &c),
                     ERROR_MALFORMED);
    memset(note, 'a', sizeof note);
    note[PAYMENT_NOTE_BYTES] = 0;
    resolve.note = note;
    assert_int_equal(command_read(&m, CAVEA__V1__COMMAND__BODY_REFUND_RESOLVE, &c),
                     ERROR_MALFORMED);
    m.payment_abandoned = &abandoned; // of nobody
    assert_int_equal(command_read(&m, CAVEA__V1__COMMAND__BODY_PAYMENT_ABANDONED, &c),
                     ERROR_MALFORMED);
    m.payment_decided = &decided;
    decided.fee_bp = 9000;
    decided.tax_bp = 1001;
    assert_int_equal(command_read(&m, CAVEA__V1__COMMAND__BODY_PAYMENT_DECIDED, &c),
                     ERROR_MALFORMED);
}

static void test_payment_fact__given_a_fact_then_reads_back_without_its_secrets(void **state)
{
    (void)state;
    payment_fact f = {.state = PAYMENT_REFUND_DUE,
                      .at_us = START_US,
                      .payment = id_of(1),
                      .reservation = {id_of(2).u},
                      .event = {id_of(3).u},
                      .amount_minor = 45,
                      .currency = "EUR",
                      .refund_minor = 40,
                      .kept_minor = 5,
                      .fee_bp = 200,
                      .tax_bp = 1900,
                      .reason = ERROR_AMOUNT_MISMATCH,
                      .refund_number = 1,
                      .note = "paid back in cash",
                      .intent_id = "pi_1",
                      .client_secret = "pi_1_secret",
                      .pay_url = "http://pay"};
    uint8_t bytes[1024];
    Cavea__V1__PaymentFact message;
    payment_fact_write(&f, &message);
    size_t size = cavea__v1__payment_fact__pack(&message, bytes);
    assert_null(memmem(bytes, size, "secret", 6));
    Cavea__V1__PaymentFact *read = cavea__v1__payment_fact__unpack(NULL, size, bytes);
    payment_fact g;
    assert_true(payment_fact_read(read, PAYMENT_REFUND_DUE, &g));
    cavea__v1__payment_fact__free_unpacked(read, NULL);
    assert_string_equal(g.client_secret, "");
    assert_string_equal(g.pay_url, "");
    uint8_t again[1024];
    payment_fact_write(&g, &message);
    assert_int_equal(cavea__v1__payment_fact__pack(&message, again), size);
    assert_memory_equal(again, bytes, size);
    assert_int_equal(payment_fact_kind_of(&g), PAYMENT_REFUND_DUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_payments__given_more_than_fit_then_forgets_the_stalest_that_is_not_due),
        cmocka_unit_test(test_payments_hurry__given_haste_then_silence_is_borne_for_less),
        cmocka_unit_test(
            test_payment_provide__given_a_row_then_goes_on_from_it_and_keeps_what_is_newer),
        cmocka_unit_test(test_payment_wait__given_one_who_asks_again_then_is_answered_once),
        cmocka_unit_test(test_payment_wait__given_too_many_then_forgets_the_oldest),
        cmocka_unit_test(test_payment_wait__given_a_full_pool_then_the_newest_are_kept),
        cmocka_unit_test(test_payment_core__given_commands_then_allocates_nothing),
        cmocka_unit_test(test_payment_may_become__given_any_pair_then_only_rises_but_for_refunds),
        cmocka_unit_test(test_payment_command_read__given_reports_then_refuses_what_cannot_be),
        cmocka_unit_test(
            test_payment_command_read__given_money_commands_then_refuses_what_cannot_be),
        cmocka_unit_test(test_payment_fact__given_a_fact_then_reads_back_without_its_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
