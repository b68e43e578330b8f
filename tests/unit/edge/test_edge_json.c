#include "edge/doc.h"
#include "edge/json_reader.h"
#include "edge/time_text.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>

static bool accepts(const char *text, size_t bytes)
{
    json_reader r = json_reader_of(text, bytes);
    json_reader_skip(&r);
    return json_reader_end(&r);
}

static void test_json_reader_skip__given_documents_then_takes_json_and_nothing_else(void **state)
{
    static const char *const good[] = {
        "{}",
        "[]",
        "null",
        " true ",
        "false",
        "\"\"",
        "0",
        "-1",
        "1.5e+10",
        "[1,2,[3,{}]]",
        "{\"a\":{\"b\":[\"\\u00e9\\ud83d\\ude00\\n\"]},\"c\":\"\xc3\xa9\"}",
    };
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "[,1]",
        "{\"a\":1,}",
        "{\"a\"}",
        "{a:1}",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "+1",
        "nul",
        "true false",
        "[1] 2",
        "\"\t\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\u0000\"",
        "\"\xff\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        "\"abc",
        "'a'",
        "[1 2]",
        "{\"a\" 1}",
        "[}",
        "{]",
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(accepts(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(accepts(bad[i], strlen(bad[i])));
    assert_false(accepts("[1]\0", 4));
}

static void test_json_reader_skip__given_deep_nesting_then_stops_at_the_bound(void **state)
{
    char text[2 * JSON_DEPTH_MAX + 4];
    (void)state;
    for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(accepts(text, 2 * depth), depth <= JSON_DEPTH_MAX);
    }
}

static void test_json_reader__given_an_object_then_walks_its_members(void **state)
{
    static const char text[] =
        "{\"n\":-42,\"t\":\"a\\\"b\",\"list\":[\"x\",\"yy\"],\"o\":{\"n\":7}}";
    int64_t n = 0;
    char buffer[8];
    size_t bytes = 0, items = 0;
    (void)state;
    json_reader r = json_reader_of(text, sizeof text - 1);
    json_reader_object(&r);
    while (json_reader_key(&r)) {
        if (json_reader_key_is(&r, "n")) {
            json_reader_int(&r, &n);
        } else if (json_reader_key_is(&r, "t")) {
            json_reader_text(&r, buffer, sizeof buffer, &bytes);
            assert_memory_equal(buffer, "a\"b", 3);
            assert_int_equal(bytes, 3);
        } else if (json_reader_key_is(&r, "list")) {
            json_reader_array(&r);
            while (json_reader_item(&r)) {
                json_reader_text(&r, buffer, sizeof buffer, &bytes);
                items++;
            }
        } else {
            json_reader_skip(&r);
        }
    }
    assert_true(json_reader_end(&r));
    assert_int_equal(n, -42);
    assert_int_equal(items, 2);
}

static void
test_json_reader_text__given_longer_text_then_fails_and_writes_nothing_beyond(void **state)
{
    static const char text[] = "\"12345\"";
    char buffer[5] = "....";
    size_t bytes = 0;
    (void)state;
    json_reader r = json_reader_of(text, sizeof text - 1);
    json_reader_text(&r, buffer, 4, &bytes);
    assert_false(json_reader_end(&r));
    assert_int_equal(buffer[4], 0);
}

static void test_json_reader_int__given_numbers_then_takes_int64_only(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"1.0", false, 0},
        {"1e3", false, 0},
        {"\"1\"", false, 0},
        {"- 1", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = 0;
        json_reader r = json_reader_of(cases[i].text, strlen(cases[i].text));
        json_reader_int(&r, &value);
        assert_int_equal(json_reader_end(&r), cases[i].good);
        assert_int_equal(value, cases[i].value);
    }
}

// Random documents out of JSON's alphabet: what we take, another parser takes too.
static void test_json_reader_skip__given_random_bytes_then_agrees_with_jansson(void **state)
{
    static const char alphabet[] = "{}[]\",:0123456789-+.eEtrufalsn\\ \xc3\xa9\x01";
    uint64_t seed = 42;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        char text[12];
        size_t bytes = 1 + (size_t)i % sizeof text;
        for (size_t j = 0; j < bytes; j++) {
            seed = seed * 6364136223846793005U + 1442695040888963407U;
            text[j] = alphabet[(seed >> 33) % (sizeof alphabet - 1)];
        }
        if (!accepts(text, bytes))
            continue;
        json_error_t why;
        json_t *other = json_loadb(text, bytes, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &why);
        // Only the size of a number may be too much for the other.
        if (!other)
            assert_int_equal(json_error_code(&why), json_error_numeric_overflow);
        json_decref(other);
    }
}

static void test_doc__given_every_kind_of_value_then_another_parser_reads_it(void **state)
{
    static const char nasty[] = "\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9";
    char buffer[512];
    doc d;
    uuid id = {{1, 2, 3}};
    (void)state;
    doc_init(&d, buffer, sizeof buffer);
    doc_object(&d);
    doc_key(&d, "text");
    doc_text_of(&d, nasty, sizeof nasty - 1);
    doc_key(&d, "list");
    doc_array(&d);
    doc_int(&d, INT64_MIN);
    doc_int(&d, 0);
    doc_null(&d);
    doc_text(&d, NULL);
    doc_array(&d);
    doc_array_end(&d);
    doc_array_end(&d);
    doc_key(&d, "id");
    doc_uuid(&d, &id);
    doc_key(&d, "at");
    doc_time(&d, 0);
    doc_object_end(&d);
    assert_false(d.full);
    json_t *read = json_loadb(d.text, d.bytes, 0, NULL);
    assert_non_null(read);
    assert_string_equal(json_string_value(json_object_get(read, "text")), nasty);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(read, "list"), 0)),
                     INT64_MIN);
    assert_string_equal(json_string_value(json_object_get(read, "at")), "1970-01-01T00:00:00Z");
    assert_string_equal(json_string_value(json_object_get(read, "id")),
                        "01020300-0000-0000-0000-000000000000");
    json_decref(read);
}

static void test_doc__given_too_little_room_then_is_full_and_stays_inside(void **state)
{
    char buffer[16];
    (void)state;
    for (size_t room = 0; room < 12; room++) {
        doc d;
        memset(buffer, '#', sizeof buffer);
        doc_init(&d, buffer, room);
        doc_array(&d);
        doc_text(&d, "12345678");
        doc_array_end(&d);
        assert_true(d.full);
        assert_int_equal(buffer[room], '#');
    }
}

static void test_time_text__given_moments_then_reads_back_what_it_writes(void **state)
{
    static const struct {
        int64_t us;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {951782400000000, "2000-02-29T00:00:00Z"},
        {4107542399999000, "2100-02-28T23:59:59.999Z"},
        {4107542400000000, "2100-03-01T00:00:00Z"},
        {253402300799999000, "9999-12-31T23:59:59.999Z"},
    };
    char text[TIME_TEXT_BYTES];
    int64_t us;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(time_text_write(cases[i].us, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
        assert_true(time_text_read(text, strlen(text), &us));
        assert_int_equal(us, cases[i].us);
    }
    for (int64_t day = 0; day < 40000; day += 13) {
        (void)time_text_write(day * 86400000000, text);
        assert_true(time_text_read(text, strlen(text), &us));
        assert_int_equal(us, day * 86400000000);
    }
}

static void test_time_text_read__given_other_forms_then_takes_rfc_3339_only(void **state)
{
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {
        {"2031-05-17", 1936742400000000},
        {"2031-05-17T18:30:00+02:00", 1936801800000000},
        {"2031-05-17t16:30:00.25z", 1936801800250000},
    };
    static const char *const bad[] = {
        "",
        "2031",
        "2031-13-01",
        "2031-02-29",
        "2031-05-17T18:30:00",
        "2031-5-17",
        "2031-05-17T24:00:00Z",
        "2031-05-17T18:30:00.Z",
        "2031-05-17 ",
        "x031-05-17",
        "2031-05-17T18:30:00+0200",
    };
    int64_t us;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(time_text_read(good[i].text, strlen(good[i].text), &us));
        assert_int_equal(us, good[i].us);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(time_text_read(bad[i], strlen(bad[i]), &us));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_reader_skip__given_documents_then_takes_json_and_nothing_else),
        cmocka_unit_test(test_json_reader_skip__given_deep_nesting_then_stops_at_the_bound),
        cmocka_unit_test(test_json_reader__given_an_object_then_walks_its_members),
        cmocka_unit_test(
            test_json_reader_text__given_longer_text_then_fails_and_writes_nothing_beyond),
        cmocka_unit_test(test_json_reader_int__given_numbers_then_takes_int64_only),
        cmocka_unit_test(test_json_reader_skip__given_random_bytes_then_agrees_with_jansson),
        cmocka_unit_test(test_doc__given_every_kind_of_value_then_another_parser_reads_it),
        cmocka_unit_test(test_doc__given_too_little_room_then_is_full_and_stays_inside),
        cmocka_unit_test(test_time_text__given_moments_then_reads_back_what_it_writes),
        cmocka_unit_test(test_time_text_read__given_other_forms_then_takes_rfc_3339_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
