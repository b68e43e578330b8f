#include "edge/callback.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>

#define SECRET "whsec_test_secret"
#define PAYMENT "0192f3a4-b5c6-7d8e-9f00-112233445566"

enum { NOW_S = 1492774577 };

static void mac_hex(const char *secret, const char *text, char ret_hex[static 65])
{
    uint8_t mac[32];
    crypto_auth_hmacsha256_state s;
    crypto_auth_hmacsha256_init(&s, (const uint8_t *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&s, (const uint8_t *)text, strlen(text));
    crypto_auth_hmacsha256_final(&s, mac);
    sodium_bin2hex(ret_hex, 65, mac, sizeof mac);
}

static callback_signature check(const char *header, const char *body, int64_t now_s)
{
    return callback_signature_check(SECRET, header, body, strlen(body), now_s);
}

static void test_callback_signature_check__given_a_known_answer_then_agrees(void **state)
{
    // printf '1492774577.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test_secret
    static const char header[] =
        "t=1492774577,v1=799c4ba7bb339f3c8601adfd112f0e477c930a268be1243d341abb8286501c2f,"
        "v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39";
    (void)state;
    assert_int_equal(check(header, "{\"id\":\"evt_1\"}", NOW_S), CALLBACK_SIGNATURE_VALID);
}

static void test_callback_signature_check__given_several_signatures_then_one_is_enough(void **state)
{
    char hex[65], header[400];
    (void)state;
    mac_hex(SECRET, "1492774577.{}", hex);
    snprintf(header, sizeof header, "t=1492774577,v1=%064d,v1=%s,v1=zz", 0, hex);
    assert_int_equal(check(header, "{}", NOW_S), CALLBACK_SIGNATURE_VALID);
    snprintf(header, sizeof header, "v1=%s,t=1492774577", hex);
    assert_int_equal(check(header, "{}", NOW_S), CALLBACK_SIGNATURE_VALID);
}

static void test_callback_signature_check__given_anything_changed_then_refuses(void **state)
{
    char hex[65], header[200];
    (void)state;
    mac_hex(SECRET, "1492774577.{}", hex);
    snprintf(header, sizeof header, "t=1492774577,v1=%s", hex);
    assert_int_equal(check(header, "{} ", NOW_S), CALLBACK_SIGNATURE_INVALID);
    assert_int_equal(callback_signature_check("other", header, "{}", 2, NOW_S),
                     CALLBACK_SIGNATURE_INVALID);
    header[2] = '2';
    assert_int_equal(check(header, "{}", NOW_S), CALLBACK_SIGNATURE_INVALID);
    header[2] = '1';
    header[strlen(header) - 1] ^= 1;
    assert_int_equal(check(header, "{}", NOW_S), CALLBACK_SIGNATURE_INVALID);
    snprintf(header, sizeof header, "t=1492774577,v0=%s", hex);
    assert_int_equal(check(header, "{}", NOW_S), CALLBACK_SIGNATURE_INVALID);
    assert_int_equal(check("", "{}", NOW_S), CALLBACK_SIGNATURE_INVALID);
    assert_int_equal(check("t=,v1=", "{}", NOW_S), CALLBACK_SIGNATURE_INVALID);
    assert_int_equal(check(NULL, "{}", NOW_S), CALLBACK_SIGNATURE_INVALID);
}

static void test_callback_signature_check__given_old_or_early_times_then_is_stale(void **state)
{
    char hex[65], header[200];
    (void)state;
    mac_hex(SECRET, "1492774577.{}", hex);
    snprintf(header, sizeof header, "t=1492774577,v1=%s", hex);
    assert_int_equal(check(header, "{}", NOW_S + 300), CALLBACK_SIGNATURE_VALID);
    assert_int_equal(check(header, "{}", NOW_S + 301), CALLBACK_SIGNATURE_STALE);
    assert_int_equal(check(header, "{}", NOW_S - 300), CALLBACK_SIGNATURE_VALID);
    assert_int_equal(check(header, "{}", NOW_S - 301), CALLBACK_SIGNATURE_STALE);
}

static callback_result read_text(const char *body, callback_report *r)
{
    return callback_read(body, strlen(body), r);
}

static void test_callback_read__given_intent_events_then_reports_their_status(void **state)
{
    static const struct {
        const char *type;
        Cavea__V1__ProviderStatus status;
    } cases[] = {
        {"payment_intent.succeeded", CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_SUCCEEDED},
        {"payment_intent.payment_failed", CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_DECLINED},
        {"payment_intent.canceled", CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_CANCELED},
        {"payment_intent.processing", CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_PROCESSING},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[512];
        callback_report r;
        snprintf(body, sizeof body,
                 "{\"id\":\"evt_1\",\"object\":\"event\",\"data\":{\"object\":{\"id\":\"pi_1\","
                 "\"object\":\"payment_intent\",\"amount\":5000,\"amount_received\":4900,"
                 "\"currency\":\"eur\",\"metadata\":{\"x\":\"y\",\"payment_id\":\"" PAYMENT "\"},"
                 "\"last_payment_error\":null}},\"livemode\":false,\"type\":\"%s\"}",
                 cases[i].type);
        assert_int_equal(read_text(body, &r), CALLBACK_REPORT);
        assert_int_equal(r.status, cases[i].status);
        assert_int_equal(r.amount_minor, 4900);
        assert_string_equal(r.currency, "EUR");
        assert_string_equal(r.intent, "pi_1");
        assert_string_equal(r.refund, "");
        assert_string_equal(r.event, "evt_1");
        char text[UUID_TEXT_BYTES];
        uuid_format(&r.payment.u, text);
        assert_string_equal(text, PAYMENT);
    }
}

static void test_callback_read__given_refund_events_then_reports_their_status(void **state)
{
    static const struct {
        const char *type, *status;
        Cavea__V1__ProviderStatus expected;
    } cases[] = {
        {"refund.updated", "succeeded", CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_REFUNDED},
        {"refund.created", "pending", CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_REFUND_PENDING},
        {"refund.failed", "failed", CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_REFUND_FAILED},
        {"charge.refund.updated", "canceled",
         CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_REFUND_FAILED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[512];
        callback_report r;
        snprintf(body, sizeof body,
                 "{\"type\":\"%s\",\"id\":\"evt_2\",\"data\":{\"object\":{\"id\":\"re_1\","
                 "\"amount\":700,\"currency\":\"jpy\",\"payment_intent\":\"pi_1\","
                 "\"status\":\"%s\",\"metadata\":{\"payment_id\":\"" PAYMENT "\"}}}}",
                 cases[i].type, cases[i].status);
        assert_int_equal(read_text(body, &r), CALLBACK_REPORT);
        assert_int_equal(r.status, cases[i].expected);
        assert_string_equal(r.intent, "pi_1");
        assert_string_equal(r.refund, "re_1");
        assert_int_equal(r.amount_minor, 700);
    }
}

static void test_callback_read__given_refund_metadata_then_tells_the_attempt(void **state)
{
    static const struct {
        const char *text;
        uint32_t expected;
    } cases[] = {{"\"1\"", 1},  {"\"16\"", 16},   {"\"\"", 0}, {"\"-1\"", 0},
                 {"\"1x\"", 0}, {"\"99999\"", 0}, {"7", 0},    {"null", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[512];
        callback_report r;
        snprintf(body, sizeof body,
                 "{\"type\":\"refund.created\",\"id\":\"evt_3\",\"data\":{\"object\":{"
                 "\"id\":\"re_1\",\"amount\":700,\"currency\":\"eur\",\"status\":\"pending\","
                 "\"payment_intent\":\"pi_1\",\"metadata\":{\"refund_number\":%s,"
                 "\"payment_id\":\"" PAYMENT "\"}}}}",
                 cases[i].text);
        assert_int_equal(read_text(body, &r), CALLBACK_REPORT);
        assert_int_equal(r.refund_number, cases[i].expected);
    }
}

static void test_callback_read__given_a_strangers_long_metadata_then_is_foreign(void **state)
{
    char body[1024];
    callback_report r;
    (void)state;
    snprintf(body, sizeof body,
             "{\"id\":\"e\",\"type\":\"payment_intent.succeeded\",\"data\":{\"object\":{"
             "\"id\":\"pi\",\"amount\":1,\"currency\":\"eur\",\"metadata\":{\"payment_id\":"
             "\"%0500d\"}}}}",
             0);
    assert_int_equal(read_text(body, &r), CALLBACK_FOREIGN);
}

static void test_callback_read__given_a_refunded_charge_then_is_not_final(void **state)
{
    static const char whole[] =
        "{\"id\":\"e\",\"type\":\"charge.refunded\",\"data\":{\"object\":{\"id\":\"ch_1\","
        "\"amount\":700,\"amount_refunded\":700,\"refunded\":true,\"currency\":\"eur\","
        "\"payment_intent\":\"pi_1\",\"metadata\":{\"payment_id\":\"" PAYMENT "\"}}}}";
    static const char part[] =
        "{\"id\":\"e\",\"type\":\"charge.refunded\",\"data\":{\"object\":{\"id\":\"ch_1\","
        "\"amount\":700,\"amount_refunded\":300,\"refunded\":false,\"currency\":\"eur\","
        "\"payment_intent\":\"pi_1\",\"metadata\":{\"payment_id\":\"" PAYMENT "\"}}}}";
    callback_report r;
    (void)state;
    assert_int_equal(read_text(whole, &r), CALLBACK_REPORT);
    assert_int_equal(r.status, CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_REFUND_PENDING);
    assert_int_equal(r.amount_minor, 700);
    assert_string_equal(r.intent, "pi_1");
    assert_int_equal(read_text(part, &r), CALLBACK_REPORT);
    assert_int_equal(r.status, CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_REFUND_PENDING);
    assert_int_equal(r.amount_minor, 300); // whether that is what was asked for the payment knows
}

static void test_callback_read__given_what_is_not_ours_then_is_foreign(void **state)
{
    static const char *const bodies[] = {
        "{\"id\":\"e\",\"type\":\"customer.created\",\"data\":{\"object\":{\"id\":\"cus_1\"}}}",
        "{\"id\":\"e\",\"type\":\"payment_intent.succeeded\",\"data\":{\"object\":{\"id\":\"pi\","
        "\"amount\":1,\"currency\":\"eur\",\"metadata\":{}}}}",
        "{\"id\":\"e\",\"type\":\"payment_intent.succeeded\",\"data\":{\"object\":{\"id\":\"pi\","
        "\"amount\":1,\"currency\":\"eur\",\"metadata\":{\"payment_id\":\"nonsense\"}}}}",
        "{\"id\":\"e\",\"type\":\"payment_intent.succeeded\",\"data\":{\"object\":{\"id\":\"pi\","
        "\"amount\":-1,\"currency\":\"eur\",\"metadata\":{\"payment_id\":\"" PAYMENT "\"}}}}",
        "{\"id\":\"e\",\"type\":\"payment_intent.succeeded\"}",
        "{\"id\":\"e\",\"type\":\"payment_intent.succeeded\",\"data\":[]}",
    };
    callback_report r;
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        assert_int_equal(read_text(bodies[i], &r), CALLBACK_FOREIGN);
}

static void test_callback_read__given_no_event_then_is_malformed(void **state)
{
    static const char *const bodies[] = {"",
                                         "null",
                                         "[]",
                                         "{",
                                         "{}",
                                         "{\"id\":\"e\"}",
                                         "{\"type\":\"x\"}",
                                         "{\"id\":1,\"type\":\"x\"}"};
    callback_report r;
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        assert_int_equal(read_text(bodies[i], &r), CALLBACK_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_callback_signature_check__given_a_known_answer_then_agrees),
        cmocka_unit_test(
            test_callback_signature_check__given_several_signatures_then_one_is_enough),
        cmocka_unit_test(test_callback_signature_check__given_anything_changed_then_refuses),
        cmocka_unit_test(test_callback_signature_check__given_old_or_early_times_then_is_stale),
        cmocka_unit_test(test_callback_read__given_intent_events_then_reports_their_status),
        cmocka_unit_test(test_callback_read__given_refund_events_then_reports_their_status),
        cmocka_unit_test(test_callback_read__given_refund_metadata_then_tells_the_attempt),
        cmocka_unit_test(test_callback_read__given_a_strangers_long_metadata_then_is_foreign),
        cmocka_unit_test(test_callback_read__given_a_refunded_charge_then_is_not_final),
        cmocka_unit_test(test_callback_read__given_what_is_not_ours_then_is_foreign),
        cmocka_unit_test(test_callback_read__given_no_event_then_is_malformed),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
