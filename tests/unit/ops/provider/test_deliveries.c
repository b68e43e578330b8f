#include "ops/provider/deliveries.h"

#include <sodium.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

// Computed with: printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test
static void test_deliveries_sign__given_a_payload_then_stripes_header(void **state)
{
    (void)state;
    static const char payload[] = "{\"id\":\"evt_1\"}";
    char header[SIGNATURE_BYTES];
    deliveries_sign("whsec_test", 1700000000, payload, sizeof payload - 1, header);
    assert_string_equal(header, "t=1700000000,v1="
                                "c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925");
}

static void test_deliveries_sign__given_a_changed_byte_then_another_signature(void **state)
{
    (void)state;
    char first[SIGNATURE_BYTES], other[SIGNATURE_BYTES];
    deliveries_sign("whsec_test", 1, "abc", 3, first);
    deliveries_sign("whsec_test", 1, "abd", 3, other);
    assert_string_not_equal(first, other);
    deliveries_sign("whsec_tesT", 1, "abc", 3, other);
    assert_string_not_equal(first, other);
    deliveries_sign("whsec_test", 2, "abc", 3, other);
    assert_string_not_equal(first + 3, other + 3);
}

static void test_deliveries_pause_ms__given_tries_then_doubles_up_to_a_minute(void **state)
{
    (void)state;
    assert_int_equal(deliveries_pause_ms(1000, 1), 1000);
    assert_int_equal(deliveries_pause_ms(1000, 2), 2000);
    assert_int_equal(deliveries_pause_ms(1000, 6), 32000);
    assert_int_equal(deliveries_pause_ms(1000, 7), 60000);
    assert_int_equal(deliveries_pause_ms(1000, 1000000), 60000);
}

static deliveries *made(const char *url, const char *events)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static faults none;
    faults_init(&none);
    deliveries_options options = {.url = url,
                                  .secret = "whsec_test",
                                  .events = events,
                                  .connections_max = 1,
                                  .retry_ms = 10,
                                  .faults = &none,
                                  .mutex = &mutex};
    deliveries *d = deliveries_new(&options);
    assert_non_null(d);
    return d;
}

static void test_deliveries_want__given_subscriptions_then_whole_names_only(void **state)
{
    (void)state;
    deliveries *d = made("http://127.0.0.1:1/", "charge.refunded,refund.updated,refund.failed");
    assert_true(deliveries_want(d, "charge.refunded"));
    assert_true(deliveries_want(d, "refund.updated"));
    assert_true(deliveries_want(d, "refund.failed"));
    assert_false(deliveries_want(d, "refund.fail"));
    assert_false(deliveries_want(d, "refunded"));
    assert_false(deliveries_want(d, "charge.failed"));
    deliveries_free(&d);
    d = made("http://127.0.0.1:1/", "*");
    assert_true(deliveries_want(d, "charge.failed"));
    deliveries_free(&d);
    d = made("", "*");
    assert_false(deliveries_want(d, "charge.failed"));
    deliveries_free(&d);
    assert_null(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deliveries_sign__given_a_payload_then_stripes_header),
        cmocka_unit_test(test_deliveries_sign__given_a_changed_byte_then_another_signature),
        cmocka_unit_test(test_deliveries_pause_ms__given_tries_then_doubles_up_to_a_minute),
        cmocka_unit_test(test_deliveries_want__given_subscriptions_then_whole_names_only),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
