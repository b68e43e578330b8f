#include "schemas/text.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool valid(const char *text)
{
    return text_name_valid(text, strlen(text), 200);
}

static void test_text_name_valid__given_names_of_people_then_takes_them(void **state)
{
    (void)state;
    static const char *const good[] = {"Ground floor",   "Балкон",     "一階席", "קומה א",
                                       "Loge d'honneur", "\U0001F3AD", "a"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(valid(good[i]));
}

static void test_text_name_valid__given_tricks_then_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "a\nb",
        "\x1b[2J",
        "\x7f",
        "\xc2\x85",     // next line, a C1 control
        "\xe2\x80\xa8", // line separator
        "\xe2\x80\xae"
        "x", // right-to-left override
        "\xef\xbb\xbf"
        "x",                // byte order mark
        "\xef\xbf\xbf",     // no character
        "\xc0\xaf",         // overlong
        "\xe0\x80\xaf",     // overlong
        "\xf0\x80\x80\xaf", // overlong
        "\xed\xa0\x80",     // surrogate
        "\xf4\x90\x80\x80", // beyond Unicode
        "\xff",
        "\x80",
        "ab\xe2\x82", // cut off
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(valid(bad[i]));
    assert_false(text_name_valid("a\0b", 3, 200));
    assert_true(text_name_valid("abc", 3, 3));
    assert_false(text_name_valid("abcd", 4, 3));
}

static void test_text_tidy__given_tricks_then_shows_question_marks(void **state)
{
    (void)state;
    char text[] = "a\x1b[2J\xff b\xc2\x85\xe2\x80\xae caf\xc3\xa9 \xe2\x82";
    text_tidy(text);
    assert_string_equal(text, "a?[2J? b????? caf\xc3\xa9 ??");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_name_valid__given_names_of_people_then_takes_them),
        cmocka_unit_test(test_text_name_valid__given_tricks_then_refuses),
        cmocka_unit_test(test_text_tidy__given_tricks_then_shows_question_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
