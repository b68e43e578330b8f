#include "ops/host/log.h"

#include <jansson.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FORMAT(line, ...)                                                                          \
    log_format(1700000000123456, LOG_WARNING, "lease.taken", (const log_field[]){__VA_ARGS__},     \
               sizeof((const log_field[]){__VA_ARGS__}) / sizeof(log_field), line)

static void test_log_format__given_fields_then_one_json_line(void **state)
{
    (void)state;
    uuid id = {{0x01, 0x8f, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0xff}};
    char line[LOG_LINE_BYTES_MAX];
    size_t bytes = FORMAT(line, LOG_U("actor", &id), LOG_I("epoch", -5), LOG_S("none", NULL),
                          LOG_B("held", true), LOG_F("rate", 0.5), LOG_N("part", "abcdef", 3));
    static const char expected[] =
        "{\"ts\":\"2023-11-14T22:13:20.123456Z\",\"level\":\"warning\",\"program\":\"cavea\","
        "\"event\":\"lease.taken\",\"actor\":\"018f0000-0000-7000-8000-0000000000ff\","
        "\"epoch\":-5,\"none\":null,\"held\":true,\"rate\":0.5,\"part\":\"abc\"}\n";
    assert_int_equal(bytes, sizeof expected - 1);
    assert_memory_equal(line, expected, bytes);
}

static void test_log_format__given_hostile_text_then_still_one_json_line(void **state)
{
    (void)state;
    char line[LOG_LINE_BYTES_MAX];
    static const char text[] = "a\"b\\c\nd\x1b[0m\x7f \xff\xc0\x80\xed\xa0\x80 \xe2\x82\xac";
    size_t bytes = FORMAT(line, LOG_S("text", text));
    assert_ptr_equal(memchr(line, '\n', bytes), line + bytes - 1);
    assert_null(memchr(line, 0x1b, bytes));
    json_t *root = json_loadb(line, bytes, 0, NULL);
    assert_non_null(root);
    const char *read = json_string_value(json_object_get(root, "text"));
    assert_non_null(strstr(read, "a\"b\\c\nd"));
    assert_non_null(strstr(read, "\xe2\x82\xac"));
    assert_non_null(strstr(read, "\xef\xbf\xbd"));
    json_decref(root);
}

static void test_log_format__given_too_much_then_cut_at_a_field_and_said_so(void **state)
{
    (void)state;
    static char long_text[2 * LOG_LINE_BYTES_MAX];
    char line[LOG_LINE_BYTES_MAX];
    for (size_t length = LOG_LINE_BYTES_MAX - 300; length < LOG_LINE_BYTES_MAX + 300; length++) {
        memset(long_text, 'x', length);
        long_text[length] = '\0';
        size_t bytes = FORMAT(line, LOG_I("first", 1), LOG_S("long", long_text), LOG_I("last", 2));
        assert_true(bytes <= LOG_LINE_BYTES_MAX);
        json_t *root = json_loadb(line, bytes, 0, NULL);
        assert_non_null(root);
        assert_int_equal(json_integer_value(json_object_get(root, "first")), 1);
        bool is_whole = json_object_get(root, "last") != NULL;
        assert_int_equal(json_is_true(json_object_get(root, "truncated")), !is_whole);
        json_decref(root);
    }
}

static void test_log_level_parse__given_names_then_levels(void **state)
{
    (void)state;
    log_level level;
    assert_true(log_level_parse("error", &level));
    assert_int_equal(level, LOG_ERROR);
    assert_false(log_level_parse("loud", &level));
    assert_int_equal(level, LOG_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_format__given_fields_then_one_json_line),
        cmocka_unit_test(test_log_format__given_hostile_text_then_still_one_json_line),
        cmocka_unit_test(test_log_format__given_too_much_then_cut_at_a_field_and_said_so),
        cmocka_unit_test(test_log_level_parse__given_names_then_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
