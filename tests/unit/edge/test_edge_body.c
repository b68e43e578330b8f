#include "edge/body.h"
#include "edge/key_set.h"
#include "edge/qr.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENT "0192f3a4-b5c6-7d8e-9f00-112233445566"

static error_code session_read(const char *text, session_body *b)
{
    return session_body_read(text, strlen(text), b);
}

static void test_session_body__given_bodies_then_takes_a_form_of_address(void **state)
{
    static const char *const bad[] = {
        "x",
        "[]",
        "\"a@b\"",
        "{\"email\":1}",
        "{\"email\":\"nobody\"}",
        "{\"email\":[]}",
        "{\"email\":\"a@b\",\"email\":\"c@d\"}",
        "{\"email\":\"a@b\"}x",
        "{\"email\":\"a@b\\u0000\"}",
    };
    session_body b;
    (void)state;
    assert_int_equal(session_read("", &b), ERROR_NONE);
    assert_string_equal(b.email, "");
    assert_int_equal(session_read(" {} \r\n", &b), ERROR_NONE);
    assert_int_equal(session_read("{\"email\":null,\"other\":[1]}", &b), ERROR_NONE);
    assert_string_equal(b.email, "");
    assert_int_equal(session_read("{\"email\":\"a@b.c\"}", &b), ERROR_NONE);
    assert_string_equal(b.email, "a@b.c");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(session_read(bad[i], &b), ERROR_MALFORMED);
}

static void test_session_body__given_an_address_at_and_above_the_bound_then_cuts_there(void **state)
{
    char text[EMAIL_BYTES_MAX + 32];
    session_body b;
    (void)state;
    for (int bytes = EMAIL_BYTES_MAX; bytes <= EMAIL_BYTES_MAX + 1; bytes++) {
        snprintf(text, sizeof text, "{\"email\":\"a@%0*d\"}", bytes - 2, 1);
        assert_int_equal(session_read(text, &b),
                         bytes <= EMAIL_BYTES_MAX ? ERROR_NONE : ERROR_MALFORMED);
    }
}

static error_code reservation_read(const char *text, reservation_body *b)
{
    return reservation_body_read(text, strlen(text), b);
}

static void test_reservation_body__given_a_good_one_then_reads_event_and_seats(void **state)
{
    reservation_body b;
    char text[UUID_TEXT_BYTES];
    (void)state;
    assert_int_equal(
        reservation_read("{\"seats\":[\"A-1\",\"B:2\"],\"event_id\":\"" EVENT "\",\"x\":{}}", &b),
        ERROR_NONE);
    uuid_format(&b.event.u, text);
    assert_string_equal(text, EVENT);
    assert_int_equal(b.seats_count, 2);
    assert_int_equal(b.seats[1].id_bytes, 3);
    assert_memory_equal(b.seats[1].id, "B:2", 3);
}

static void test_reservation_body__given_wrong_ones_then_tells_what_is_wrong(void **state)
{
#define TEN "\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\""
    static const struct {
        const char *text;
        error_code error;
    } cases[] = {
        {"", ERROR_MALFORMED},
        {"{}", ERROR_MALFORMED},
        {"{\"event_id\":\"" EVENT "\"}", ERROR_MALFORMED},
        {"{\"seats\":[\"a\"]}", ERROR_MALFORMED},
        {"{\"event_id\":\"" EVENT "\",\"seats\":[]}", ERROR_MALFORMED},
        {"{\"event_id\":\"" EVENT "\",\"seats\":\"a\"}", ERROR_MALFORMED},
        {"{\"event_id\":\"" EVENT "\",\"seats\":[1]}", ERROR_MALFORMED},
        {"{\"event_id\":\"" EVENT "\",\"seats\":[\"a\"],\"seats\":[\"b\"]}", ERROR_MALFORMED},
        {"{\"event_id\":7,\"seats\":[\"a\"]}", ERROR_MALFORMED},
        {"{\"event_id\":\"no-id\",\"seats\":[\"a\"]}", ERROR_NOT_FOUND},
        {"{\"event_id\":\"" EVENT "\",\"seats\":[\"\"]}", ERROR_SEAT_UNKNOWN},
        {"{\"event_id\":\"" EVENT "\",\"seats\":[" TEN "]}", ERROR_NONE},
        {"{\"event_id\":\"" EVENT "\",\"seats\":[" TEN ",\"11\"]}", ERROR_SEATS_TOO_MANY},
        {"{\"event_id\":\"" EVENT "\",\"seats\":[" TEN ",\"11\"", ERROR_MALFORMED},
        {"{\"event_id\":\"" EVENT "\",\"seats\":[\"0123456789012345678901234567890123456789012345"
         "67890123456789012345\"]}",
         ERROR_SEAT_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reservation_body b;
        assert_int_equal(reservation_read(cases[i].text, &b), cases[i].error);
    }
}

static error_code checkout_read(const char *text, checkout_body *ret_body)
{
    return checkout_body_read(text, strlen(text), ret_body);
}

static void test_checkout_body__given_bodies_then_takes_an_object_or_nothing(void **state)
{
    static const char *const plain[] = {"", "  ", "{}", "{\"a\":1}", "{\"other_seats\":false}"};
    static const char *const wrong[] = {"[]",
                                        "{",
                                        "{\"other_seats\":1}",
                                        "{\"other_seats\":null}",
                                        "{\"other_seats\":\"true\"}",
                                        "{\"other_seats\":true,\"other_seats\":true}"};
    checkout_body b = {false};
    (void)state;
    assert_int_equal(checkout_read("{\"a\":[2],\"other_seats\":true}", &b), ERROR_NONE);
    assert_true(b.other_seats);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(checkout_read(wrong[i], &b), ERROR_MALFORMED);
    assert_true(b.other_seats); // untouched
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        b.other_seats = true;
        assert_int_equal(checkout_read(plain[i], &b), ERROR_NONE);
        assert_false(b.other_seats);
    }
}

static error_code cancellation_read(const char *text, cancellation_body *ret_body)
{
    return cancellation_body_read(text, strlen(text), ret_body);
}

static void test_cancellation_body__given_bodies_then_needs_an_amount(void **state)
{
    static const char *const wrong[] = {"",
                                        "{}",
                                        "[]",
                                        "5",
                                        "{\"refund_minor\":-1}",
                                        "{\"refund_minor\":1.5}",
                                        "{\"refund_minor\":\"5\"}",
                                        "{\"refund_minor\":null}",
                                        "{\"refund_minor\":5,\"refund_minor\":5}",
                                        "{\"refund_minor\":99999999999999999999}"};
    cancellation_body b = {-7};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(cancellation_read(wrong[i], &b), ERROR_MALFORMED);
    assert_true(b.refund_minor == -7);
    assert_int_equal(cancellation_read("{\"refund_minor\":0}", &b), ERROR_NONE);
    assert_true(b.refund_minor == 0);
    assert_int_equal(cancellation_read("{\"why\":\"ill\",\"refund_minor\":1250}", &b), ERROR_NONE);
    assert_true(b.refund_minor == 1250);
}

static void test_idempotency_key__given_keys_then_bounds_length_and_alphabet(void **state)
{
    char key[IDEMPOTENCY_KEY_BYTES_MAX + 2];
    (void)state;
    memset(key, 'k', sizeof key);
    key[IDEMPOTENCY_KEY_BYTES_MAX] = 0;
    assert_true(idempotency_key_valid(key));
    key[IDEMPOTENCY_KEY_BYTES_MAX] = 'k';
    key[IDEMPOTENCY_KEY_BYTES_MAX + 1] = 0;
    assert_false(idempotency_key_valid(key));
    assert_false(idempotency_key_valid(""));
    assert_false(idempotency_key_valid("a\tb"));
    assert_false(idempotency_key_valid("\xc3\xa9"));
    assert_true(idempotency_key_valid("a b~!"));
}

static void test_qr__given_a_ticket_text_then_draws_svg_and_png(void **state)
{
    static const char text[] = "C1:6BFOXN*TS0BI$ZD4N9:9S6RCVN5+O30K3/XIV0W23NTDE$VK G2EP4J0B3KL";
    (void)state;
    shared_bytes *svg = qr_svg(text), *png = qr_png(text);
    assert_non_null(svg);
    assert_non_null(png);
    assert_memory_equal(svg->data, "<svg xmlns=", 11);
    assert_memory_equal(svg->data + svg->count - 7, "</svg>\n", 7);
    assert_memory_equal(png->data, "\x89PNG\r\n\x1a\n", 8);
    shared_bytes_unref(svg);
    shared_bytes_unref(png);
}

static void test_qr__given_more_than_a_code_holds_then_draws_nothing(void **state)
{
    char text[5000];
    (void)state;
    memset(text, 'A', sizeof text);
    text[sizeof text - 1] = 0;
    assert_null(qr_svg(text));
    assert_null(qr_png(text));
}

static void file_write(const char *folder, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void folder_remove(const char *folder, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

// The public key of RFC 8037, appendix A.2.
#define RFC_HEX "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define RFC_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

static void test_key_set__given_a_folder_then_lists_its_public_keys_only(void **state)
{
    static const char *const names[] = {
        "b.pub",   "a.pub",        "a.key",  "short.pub",
        "bad.pub", "bad name.pub", "active", "seventeen-letters.pub"};
    char folder[] = "/tmp/cavea-keys-XXXXXX";
    (void)state;
    assert_non_null(mkdtemp(folder));
    file_write(folder, "b.pub", RFC_HEX "\n");
    file_write(folder, "a.pub", RFC_HEX);
    file_write(folder, "a.key", RFC_HEX);
    file_write(folder, "short.pub", "d75a98\n");
    file_write(folder, "bad.pub",
               "x75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    file_write(folder, "bad name.pub", RFC_HEX);
    file_write(folder, "active", "a\n");
    file_write(folder, "seventeen-letters.pub", RFC_HEX);
    shared_bytes *b = key_set_read(folder);
    assert_non_null(b);
#define KEY(kid)                                                                                   \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"use\":\"sig\",\"alg\":\"EdDSA\",\"kid\":\"" kid        \
    "\",\"x\":\"" RFC_X "\"}"
    static const char expected[] = "{\"keys\":[" KEY("a") "," KEY("b") "]}";
    assert_int_equal(b->count, sizeof expected - 1);
    assert_memory_equal(b->data, expected, b->count);
    shared_bytes_unref(b);
    folder_remove(folder, names, sizeof names / sizeof *names);
    assert_null(key_set_read(folder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_body__given_bodies_then_takes_a_form_of_address),
        cmocka_unit_test(
            test_session_body__given_an_address_at_and_above_the_bound_then_cuts_there),
        cmocka_unit_test(test_reservation_body__given_a_good_one_then_reads_event_and_seats),
        cmocka_unit_test(test_reservation_body__given_wrong_ones_then_tells_what_is_wrong),
        cmocka_unit_test(test_checkout_body__given_bodies_then_takes_an_object_or_nothing),
        cmocka_unit_test(test_cancellation_body__given_bodies_then_needs_an_amount),
        cmocka_unit_test(test_idempotency_key__given_keys_then_bounds_length_and_alphabet),
        cmocka_unit_test(test_qr__given_a_ticket_text_then_draws_svg_and_png),
        cmocka_unit_test(test_qr__given_more_than_a_code_holds_then_draws_nothing),
        cmocka_unit_test(test_key_set__given_a_folder_then_lists_its_public_keys_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
