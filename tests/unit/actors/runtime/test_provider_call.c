#include "actors/runtime/provider_list.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

#define PAYMENT "01a3185c-5000-7123-8567-8aabbccddeef"
#define RESERVATION "01a3185c-5000-7123-8567-8aabbccddee0"

static effect effect_of(enum effect_type type)
{
    effect e = {.type = type,
                .amount_minor = 4500,
                .currency = "EUR",
                .intent_id = "pi_1",
                .refund_id = "re_1",
                .refund_number = 2};
    assert_true(uuid_parse(PAYMENT, 36, &e.payment.u));
    assert_true(uuid_parse(RESERVATION, 36, &e.reservation.u));
    return e;
}

static void test_provider_request__given_a_creation_then_asks_under_the_payments_key(void **state)
{
    (void)state;
    effect e = effect_of(EFFECT_INTENT_CREATE);
    provider_request r;
    assert_int_equal(provider_step_first(&e), STEP_INTENT_CREATE);
    assert_true(provider_request_build(&e, STEP_INTENT_CREATE, "", &r));
    assert_true(r.is_post);
    assert_string_equal(r.path, "/v1/payment_intents");
    assert_string_equal(r.idempotency_key, PAYMENT);
    assert_string_equal(
        r.body, "amount=4500&currency=eur&automatic_payment_methods%5Benabled%5D=true"
                "&metadata%5Bpayment_id%5D=" PAYMENT "&metadata%5Breservation_id%5D=" RESERVATION);
}

static void test_provider_request__given_the_other_steps_then_asks_as_documented(void **state)
{
    (void)state;
    effect e = effect_of(EFFECT_REFUND_CREATE);
    provider_request r;
    assert_int_equal(provider_step_first(&e), STEP_REFUND_CREATE);
    assert_true(provider_request_build(&e, STEP_REFUND_CREATE, "", &r));
    assert_string_equal(r.path, "/v1/refunds");
    assert_string_equal(r.idempotency_key, "refund:" PAYMENT ":2");
    assert_string_equal(r.body, "payment_intent=pi_1&amount=4500&metadata%5Bpayment_id%5D=" PAYMENT
                                "&metadata%5Breservation_id%5D=" RESERVATION
                                "&metadata%5Brefund_number%5D=2");
    e.amount_minor = 0;
    assert_true(provider_request_build(&e, STEP_REFUND_CREATE, "", &r));
    assert_null(strstr(r.body, "amount"));
    e.ask_first = true;
    assert_int_equal(provider_step_first(&e), STEP_REFUND_LIST);
    assert_true(provider_request_build(&e, STEP_REFUND_LIST, "re_9", &r));
    assert_string_equal(r.path, "/v1/refunds?limit=100&payment_intent=pi_1&starting_after=re_9");
    assert_false(r.is_post);
    assert_true(provider_request_build(&e, STEP_REFUND_FETCH, "", &r));
    assert_string_equal(r.path, "/v1/refunds/re_1");
    assert_true(provider_request_build(&e, STEP_INTENT_CANCEL, "", &r));
    assert_string_equal(r.path, "/v1/payment_intents/pi_1/cancel");
    assert_string_equal(r.idempotency_key, "");
    assert_true(provider_request_build(&e, STEP_INTENT_FETCH, "", &r));
    assert_string_equal(r.path, "/v1/payment_intents/pi_1");
}

static void test_provider_request__given_odd_ids_then_escapes_or_refuses(void **state)
{
    (void)state;
    effect e = effect_of(EFFECT_INTENT_FETCH);
    provider_request r;
    memcpy(e.intent_id, "../x?y", 7);
    assert_true(provider_request_build(&e, STEP_INTENT_FETCH, "", &r));
    assert_string_equal(r.path, "/v1/payment_intents/..%2Fx%3Fy");
    e.intent_id[0] = e.refund_id[0] = 0; // no id would name the list of all
    assert_false(provider_request_build(&e, STEP_INTENT_FETCH, "", &r));
    assert_false(provider_request_build(&e, STEP_INTENT_CANCEL, "", &r));
    assert_false(provider_request_build(&e, STEP_REFUND_CREATE, "", &r));
    assert_false(provider_request_build(&e, STEP_REFUND_FETCH, "", &r));
    assert_false(provider_request_build(&e, STEP_REFUND_LIST, "", &r));
    e.type = EFFECT_INTENT_CANCEL; // its answer was lost: make it known under its key, then cancel
    assert_int_equal(provider_step_first(&e), STEP_INTENT_CREATE);
}

static provider_verdict answer(const effect *e, provider_step step, int status, const char *body)
{
    return provider_answer_read(e, step, status, body, strlen(body));
}

#define INTENT(more)                                                                               \
    "{\"id\":\"pi_1\",\"amount\":4500,\"amount_received\":4400,\"currency\":\"eur\","              \
    "\"client_secret\":\"pi_1_secret\",\"metadata\":{\"payment_id\":\"" PAYMENT "\"}," more "}"

static void test_provider_answer__given_intents_then_reports_their_state(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        provider_status status;
    } cases[] = {
        {INTENT("\"status\":\"requires_payment_method\""), PROVIDER_INTENT_OPEN},
        {INTENT("\"status\":\"requires_payment_method\",\"last_payment_error\":null"),
         PROVIDER_INTENT_OPEN},
        {INTENT("\"status\":\"requires_payment_method\",\"last_payment_error\":{}"),
         PROVIDER_DECLINED},
        {INTENT("\"status\":\"requires_action\""), PROVIDER_INTENT_OPEN},
        {INTENT("\"status\":\"processing\""), PROVIDER_PROCESSING},
        {INTENT("\"status\":\"canceled\""), PROVIDER_CANCELED},
        {INTENT("\"status\":\"succeeded\""), PROVIDER_SUCCEEDED},
    };
    effect e = effect_of(EFFECT_INTENT_FETCH);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        provider_verdict v = answer(&e, STEP_INTENT_FETCH, 200, cases[i].body);
        assert_int_equal(v.type, VERDICT_REPORT);
        assert_int_equal(v.report.status, cases[i].status);
        assert_string_equal(v.report.intent_id, "pi_1");
        assert_string_equal(v.report.client_secret, "pi_1_secret");
        assert_string_equal(v.report.currency, "EUR");
        assert_int_equal(v.report.amount_minor,
                         cases[i].status == PROVIDER_SUCCEEDED ? 4400 : 4500);
    }
}

static void test_provider_answer__given_what_is_not_known_then_says_again_or_failed(void **state)
{
    (void)state;
    effect e = effect_of(EFFECT_INTENT_CREATE);
    static const int again[] = {0, 100, 302, 408, 409, 429, 500, 502, 503};
    for (size_t i = 0; i < sizeof again / sizeof *again; i++)
        assert_int_equal(answer(&e, STEP_INTENT_CREATE, again[i], "").type, VERDICT_AGAIN);
    assert_int_equal(answer(&e, STEP_INTENT_CREATE, 200, "<html>").type, VERDICT_AGAIN);
    assert_int_equal(answer(&e, STEP_INTENT_CREATE, 200, "{}").type, VERDICT_AGAIN);
    assert_int_equal(answer(&e, STEP_INTENT_CREATE, 200, "[]").type, VERDICT_AGAIN);
    assert_int_equal(answer(&e, STEP_INTENT_CREATE, 200, INTENT("\"status\":\"new\"")).type,
                     VERDICT_AGAIN);
    provider_verdict v =
        answer(&e, STEP_INTENT_CREATE, 400, "{\"error\":{\"type\":\"x\",\"code\":\"amount_low\"}}");
    assert_int_equal(v.type, VERDICT_FAILED);
    assert_string_equal(v.problem, "amount_low");
    assert_int_equal(answer(&e, STEP_INTENT_CREATE, 401, "no").type, VERDICT_FAILED);
    // Somebody else's intent.
    e.payment.u.bytes[15] ^= 1;
    e.intent_id[0] = 0;
    assert_int_equal(answer(&e, STEP_INTENT_CREATE, 200, INTENT("\"status\":\"succeeded\"")).type,
                     VERDICT_FAILED);
}

static void test_provider_answer__given_a_key_used_otherwise_then_looks_for_the_intent(void **state)
{
    (void)state;
    effect e = effect_of(EFFECT_INTENT_CREATE);
    e.intent_id[0] = 0;
    provider_verdict v = answer(&e, STEP_INTENT_CREATE, 400,
                                "{\"error\":{\"type\":\"idempotency_error\",\"message\":\"x\"}}");
    assert_int_equal(v.type, VERDICT_NEXT);
    assert_int_equal(v.next, STEP_INTENT_LIST);
    v = answer(&e, STEP_INTENT_LIST, 200,
               "{\"data\":[{\"id\":\"pi_8\",\"metadata\":{}}],\"has_more\":true}");
    assert_int_equal(v.type, VERDICT_NEXT);
    assert_int_equal(v.next, STEP_INTENT_LIST);
    assert_string_equal(v.after, "pi_8");
    v = answer(&e, STEP_INTENT_LIST, 200,
               "{\"data\":[{}," INTENT("\"status\":\"succeeded\"") "],\"has_more\":true}");
    assert_int_equal(v.type, VERDICT_REPORT);
    assert_int_equal(v.report.status, PROVIDER_SUCCEEDED);
    v = answer(&e, STEP_INTENT_LIST, 200, "{\"data\":[],\"has_more\":false}");
    assert_int_equal(v.type, VERDICT_FAILED);
}

static void test_provider_answer__given_a_cancellation_then_ends_with_the_true_state(void **state)
{
    (void)state;
    effect e = effect_of(EFFECT_INTENT_CANCEL);
    e.intent_id[0] = 0;
    provider_verdict v =
        answer(&e, STEP_INTENT_CREATE, 200, INTENT("\"status\":\"requires_payment_method\""));
    assert_int_equal(v.type, VERDICT_NEXT);
    assert_int_equal(v.next, STEP_INTENT_CANCEL);
    assert_string_equal(v.intent_id, "pi_1");
    memcpy(e.intent_id, v.intent_id, sizeof e.intent_id);
    v = answer(&e, STEP_INTENT_CANCEL, 200, INTENT("\"status\":\"canceled\""));
    assert_int_equal(v.report.status, PROVIDER_CANCELED);
    v = answer(
        &e, STEP_INTENT_CANCEL, 400,
        "{\"error\":{\"code\":\"payment_intent_unexpected_state\",\"payment_intent\":" INTENT(
            "\"status\":\"succeeded\"") "}}");
    assert_int_equal(v.type, VERDICT_REPORT);
    assert_int_equal(v.report.status, PROVIDER_SUCCEEDED);
}

static void
test_provider_answer__given_an_old_lost_intent_then_looks_before_it_creates(void **state)
{
    (void)state;
    effect e = effect_of(EFFECT_INTENT_CANCEL);
    e.intent_id[0] = 0;
    e.ask_first = true;
    assert_int_equal(provider_step_first(&e), STEP_INTENT_LIST);
    provider_verdict v = answer(&e, STEP_INTENT_LIST, 200,
                                "{\"data\":[" INTENT("\"status\":\"requires_action\"") "]}");
    assert_int_equal(v.type, VERDICT_NEXT);
    assert_int_equal(v.next, STEP_INTENT_CANCEL);
    assert_string_equal(v.intent_id, "pi_1");
    v = answer(&e, STEP_INTENT_LIST, 200, "{\"data\":[],\"has_more\":false}");
    assert_int_equal(v.type, VERDICT_NEXT);
    assert_int_equal(v.next, STEP_INTENT_CREATE);
}

static void test_provider_answer__given_an_intent_that_is_not_there_then_says_so(void **state)
{
    (void)state;
    static const char missing[] =
        "{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"resource_missing\"}}";
    effect e = effect_of(EFFECT_INTENT_FETCH);
    provider_verdict v = answer(&e, STEP_INTENT_FETCH, 404, missing);
    assert_int_equal(v.type, VERDICT_REPORT);
    assert_int_equal(v.report.status, PROVIDER_ABSENT);
    assert_string_equal(v.report.intent_id, "pi_1");
    // Not the provider's own words, or about something else: nothing is known.
    assert_int_equal(answer(&e, STEP_INTENT_FETCH, 404, "<html>").type, VERDICT_FAILED);
    assert_int_equal(answer(&e, STEP_INTENT_FETCH, 400, missing).type, VERDICT_FAILED);
    assert_int_equal(answer(&e, STEP_INTENT_CANCEL, 404, missing).type, VERDICT_FAILED);
}

static bool page_of(const char *body, provider_page *ret_page)
{
    return provider_page_read(body, strlen(body), ret_page);
}

static void test_provider_page__given_a_list_then_reads_what_is_ours(void **state)
{
    (void)state;
    static provider_page page;
    provider_request r;
    provider_window w = {.since_s = -5, .until_s = 1800000000};
    effect e = effect_of(EFFECT_INTENT_FETCH);
    assert_true(provider_page_build(&w, &r));
    assert_false(r.is_post);
    assert_string_equal(
        r.path, "/v1/payment_intents?limit=100&created%5Bgte%5D=0&created%5Blte%5D=1800000000");
    memcpy(w.after, "pi_9", 5);
    assert_true(provider_page_build(&w, &r));
    assert_non_null(strstr(r.path, "&starting_after=pi_9"));
    assert_true(page_of("{\"data\":[{\"id\":\"pi_7\"}," INTENT(
                            "\"status\":\"succeeded\"") ",{\"id\":\"pi_8\"}],\"has_more\":true}",
                        &page));
    assert_int_equal(page.entries_count, 1);
    assert_true(uuid_equal(&page.entries[0].payment.u, &e.payment.u));
    assert_int_equal(page.entries[0].report.status, PROVIDER_SUCCEEDED);
    assert_int_equal(page.entries[0].report.amount_minor, 4400);
    assert_string_equal(page.after, "pi_8"); // whoever it belongs to
    assert_true(page_of("{\"data\":[],\"has_more\":false}", &page));
    assert_int_equal(page.entries_count, 0);
    assert_string_equal(page.after, "");
    assert_false(page_of("{\"data\":[],\"has_more\":true}", &page)); // an endless list
    assert_false(page_of("{\"data\":{}}", &page));
    assert_false(page_of("<html>", &page));
}

static void test_provider_page__given_the_same_place_again_then_does_not_go_on(void **state)
{
    (void)state;
    static provider_page page = {.after = "pi_8"};
    provider_window w = {.until_s = 1800000000};
    assert_true(provider_window_next(&w, &page));
    assert_string_equal(w.after, "pi_8");
    assert_false(provider_window_next(&w, &page));
    page.after[3] = '7';
    assert_true(provider_window_next(&w, &page));
}

#define REFUND(number, status)                                                                     \
    "{\"id\":\"re_1\",\"amount\":4500,\"currency\":\"eur\",\"payment_intent\":\"pi_1\","           \
    "\"metadata\":{\"payment_id\":\"" PAYMENT "\",\"refund_number\":\"" number                     \
    "\"},\"status\":\"" status "\"}"

static void test_provider_answer__given_refunds_then_reports_the_attempt(void **state)
{
    (void)state;
    effect e = effect_of(EFFECT_REFUND_CREATE);
    e.refund_id[0] = 0;
    provider_verdict v = answer(&e, STEP_REFUND_CREATE, 200, REFUND("2", "pending"));
    assert_int_equal(v.report.status, PROVIDER_REFUND_PENDING);
    assert_int_equal(v.report.refund_number, 2);
    assert_string_equal(v.report.refund_id, "re_1");
    v = answer(&e, STEP_REFUND_CREATE, 200, REFUND("2", "succeeded"));
    assert_int_equal(v.report.status, PROVIDER_REFUNDED);
    v = answer(&e, STEP_REFUND_CREATE, 200, REFUND("2", "canceled"));
    assert_int_equal(v.report.status, PROVIDER_REFUND_FAILED);
    v = answer(&e, STEP_REFUND_CREATE, 400, "{\"error\":{\"code\":\"charge_already_refunded\"}}");
    assert_int_equal(v.report.status, PROVIDER_REFUNDED);
    v = answer(&e, STEP_REFUND_CREATE, 400, "{\"error\":{\"code\":\"balance_insufficient\"}}");
    assert_int_equal(v.report.status, PROVIDER_REFUND_FAILED);
    assert_int_equal(v.report.refund_number, 2);
    // Refused by something that is not the provider, or for reasons of ours: nothing is known.
    assert_int_equal(answer(&e, STEP_REFUND_CREATE, 404, "<html>").type, VERDICT_FAILED);
    assert_int_equal(answer(&e, STEP_REFUND_CREATE, 401, "{\"error\":{}}").type, VERDICT_FAILED);
}

static void
test_provider_answer__given_a_list_of_refunds_then_finds_the_attempt_or_goes_on(void **state)
{
    (void)state;
    effect e = effect_of(EFFECT_REFUND_CREATE);
    e.refund_id[0] = 0;
    provider_verdict v = answer(&e, STEP_REFUND_LIST, 200,
                                "{\"data\":[" REFUND("1", "failed") "],\"has_more\":false}");
    assert_int_equal(v.type, VERDICT_NEXT);
    assert_int_equal(v.next, STEP_REFUND_CREATE);
    v = answer(&e, STEP_REFUND_LIST, 200,
               "{\"data\":[" REFUND("1", "failed") "," REFUND("2", "succeeded") "]}");
    assert_int_equal(v.type, VERDICT_REPORT);
    assert_int_equal(v.report.status, PROVIDER_REFUNDED);
}

static void test_provider_pay_url__given_a_template_then_fills_it_in(void **state)
{
    (void)state;
    payment_report r = {.intent_id = "pi_1", .client_secret = "pi_1_secret_a/b"};
    char url[PAYMENT_URL_BYTES] = "";
    char long_template[PAYMENT_URL_BYTES + 8];
    assert_true(provider_pay_url("https://pay/{intent}?s={client_secret}&x={y}", &r, url));
    assert_string_equal(url, "https://pay/pi_1?s=pi_1_secret_a%2Fb&x={y}");
    memset(long_template, 'a', sizeof long_template);
    long_template[sizeof long_template - 1] = 0;
    assert_false(provider_pay_url(long_template, &r, url));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_provider_request__given_a_creation_then_asks_under_the_payments_key),
        cmocka_unit_test(test_provider_request__given_the_other_steps_then_asks_as_documented),
        cmocka_unit_test(test_provider_request__given_odd_ids_then_escapes_or_refuses),
        cmocka_unit_test(test_provider_answer__given_intents_then_reports_their_state),
        cmocka_unit_test(test_provider_answer__given_what_is_not_known_then_says_again_or_failed),
        cmocka_unit_test(
            test_provider_answer__given_a_key_used_otherwise_then_looks_for_the_intent),
        cmocka_unit_test(test_provider_answer__given_a_cancellation_then_ends_with_the_true_state),
        cmocka_unit_test(
            test_provider_answer__given_an_old_lost_intent_then_looks_before_it_creates),
        cmocka_unit_test(test_provider_answer__given_an_intent_that_is_not_there_then_says_so),
        cmocka_unit_test(test_provider_page__given_a_list_then_reads_what_is_ours),
        cmocka_unit_test(test_provider_page__given_the_same_place_again_then_does_not_go_on),
        cmocka_unit_test(test_provider_answer__given_refunds_then_reports_the_attempt),
        cmocka_unit_test(
            test_provider_answer__given_a_list_of_refunds_then_finds_the_attempt_or_goes_on),
        cmocka_unit_test(test_provider_pay_url__given_a_template_then_fills_it_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
