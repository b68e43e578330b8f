#include "ops/provider/form.h"

#include <stdio.h>
#include <stdlib.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static form parsed(const char *text)
{
    form f;
    const char *problem = form_parse(text, strlen(text), &f);
    if (problem != NULL)
        fail_msg("%s: %s", text, problem);
    return f;
}

static void assert_value(const char *text, const char *name, const char *expected)
{
    form f = parsed(text);
    const char *value = form_find(&f, name);
    if (expected == NULL)
        assert_null(value);
    else
        assert_string_equal(value, expected);
    form_done(&f);
}

static void test_form_parse__given_stripes_encoding_then_values(void **state)
{
    (void)state;
    static const char text[] = "amount=1250&currency=eur&metadata%5Bpayment_id%5D=p-1&"
                               "metadata[a%20b]=x+y%2Bz&expand[]=latest_charge&empty=&bare&"
                               "receipt_email=a%40b.example&name=%C3%A9&=nobody";
    form f;
    assert_non_null(form_parse(text, strlen(text), &f)); // a value without a name
    assert_null(form_parse(text, strlen(text) - strlen("&=nobody"), &f));
    assert_int_equal(f.fields_count, 9);
    assert_string_equal(form_find(&f, "amount"), "1250");
    assert_string_equal(form_find(&f, "metadata[payment_id]"), "p-1");
    assert_string_equal(form_find(&f, "metadata[a b]"), "x y+z");
    assert_string_equal(form_find(&f, "expand[]"), "latest_charge");
    assert_string_equal(form_find(&f, "empty"), "");
    assert_string_equal(form_find(&f, "bare"), "");
    assert_string_equal(form_find(&f, "receipt_email"), "a@b.example");
    assert_string_equal(form_find(&f, "name"), "\xc3\xa9");
    form_done(&f);
}

static void test_form_parse__given_nothing_or_separators_then_no_fields(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "&", "&&&"};
    for (size_t i = 0; i < 3; i++) {
        form f = parsed(texts[i]);
        assert_int_equal(f.fields_count, 0);
        form_done(&f);
    }
}

static void test_form_parse__given_bad_text_then_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"a=%",         "a=%4",   "a=%zz",    "a=%00",
                                        "%00=a",       "a=%ff",  "a=%c0%80", "[a]=b",
                                        "a[b=c",       "a]b=c",  "a[b]c=d",  "a[b]]=c",
                                        "a[[b]]=c",    "=a",     "%5B=a",    "a[b][c][d][e][f]=g",
                                        "a=%ed%a0%80", "a=\xff", "a[b]%5B=1"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        form f;
        const char *problem = form_parse(texts[i], strlen(texts[i]), &f);
        if (problem == NULL)
            fail_msg("%s was accepted", texts[i]);
        assert_null(f.text);
        assert_int_equal(f.fields_count, 0);
    }
}

static void test_form_parse__given_the_bounds_then_one_more_is_refused(void **state)
{
    (void)state;
    static char text[FORM_BYTES_MAX + 2];
    size_t bytes = 0;
    for (int i = 0; i < FORM_FIELDS_MAX; i++)
        bytes += (size_t)snprintf(text + bytes, sizeof text - bytes, "a%d=%d&", i, i);
    form f;
    assert_null(form_parse(text, bytes, &f));
    assert_string_equal(form_find(&f, "a199"), "199");
    form_done(&f);
    memcpy(text + bytes, "z", 1);
    assert_non_null(form_parse(text, bytes + 1, &f));
    memset(text, 'a', sizeof text);
    assert_null(form_parse(text, FORM_BYTES_MAX, &f));
    form_done(&f);
    assert_non_null(form_parse(text, FORM_BYTES_MAX + 1, &f));
}

static void test_form_find__given_a_repeated_name_then_the_last(void **state)
{
    (void)state;
    assert_value("a=1&b=2&a=3", "a", "3");
    assert_value("a=1", "b", NULL);
    assert_value("a[b]=1", "a", NULL);
}

static void test_form_find_integer__given_texts_then_only_decimals(void **state)
{
    (void)state;
    form f =
        parsed("a=1250&b=-7&c=1.5&d=&e=0x10&f=1234567890123456789&g=+1&h=-&i=999999999999999999");
    int64_t value = 42;
    assert_int_equal(form_find_integer(&f, "z", &value), FORM_ABSENT);
    assert_int_equal(value, 42);
    assert_int_equal(form_find_integer(&f, "a", &value), FORM_PRESENT);
    assert_int_equal(value, 1250);
    assert_int_equal(form_find_integer(&f, "b", &value), FORM_PRESENT);
    assert_int_equal(value, -7);
    assert_int_equal(form_find_integer(&f, "i", &value), FORM_PRESENT);
    assert_int_equal(value, 999999999999999999);
    for (const char *name = "c\0d\0e\0f\0g\0h\0"; *name != '\0'; name += 2)
        assert_int_equal(form_find_integer(&f, name, &value), FORM_WRONG);
    form_done(&f);
}

static void test_form_next_member__given_an_object_then_its_members(void **state)
{
    (void)state;
    form f = parsed("metadata[a]=1&x=2&metadata[b]=3&metadata[c][d]=4&metadata=5&metadatab[e]=6");
    uint32_t at = 0;
    char key[3];
    const char *value;
    assert_true(form_next_member(&f, "metadata", &at, key, sizeof key, &value));
    assert_string_equal(key, "a");
    assert_string_equal(value, "1");
    assert_true(form_next_member(&f, "metadata", &at, key, sizeof key, &value));
    assert_string_equal(key, "b");
    assert_false(form_next_member(&f, "metadata", &at, key, sizeof key, &value));
    form_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form_parse__given_stripes_encoding_then_values),
        cmocka_unit_test(test_form_parse__given_nothing_or_separators_then_no_fields),
        cmocka_unit_test(test_form_parse__given_bad_text_then_refused),
        cmocka_unit_test(test_form_parse__given_the_bounds_then_one_more_is_refused),
        cmocka_unit_test(test_form_find__given_a_repeated_name_then_the_last),
        cmocka_unit_test(test_form_find_integer__given_texts_then_only_decimals),
        cmocka_unit_test(test_form_next_member__given_an_object_then_its_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
