// The provider's export: what a file of strangers may look like, and what it may not.
#include "ops/command/finance_file.h"

#include <stdio.h>
#include <stdlib.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char problem[FINANCE_FILE_PROBLEM_BYTES];

static FILE *file_of(const char *text)
{
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    assert_non_null(file);
    return file;
}

static bool read_all(const char *text, reconcile_line *ret_lines, uint32_t *ret_count)
{
    finance_file f;
    FILE *file = file_of(text);
    problem[0] = 0;
    bool good = finance_file_init(&f, file, problem) &&
                finance_file_read(&f, ret_lines, 8, ret_count, problem);
    fclose(file);
    return good;
}

static void test_file__columns_in_any_order__lines(void **state)
{
    reconcile_line lines[8];
    uint32_t count;
    (void)state;
    assert_true(read_all("\xef\xbb\xbf"
                         "created,refunded_minor,id,currency,captured_minor,payment_id\r\n"
                         "17,0,pi_1,eur,4501,\"a \"\"b\"\", c\"\r\n"
                         "\r\n"
                         "18,9,\"pi_2\",JPY,9,\n",
                         lines, &count));
    assert_int_equal(count, 2);
    assert_string_equal(lines[0].intent_id, "pi_1");
    assert_string_equal(lines[0].payment_id, "a \"b\", c");
    assert_string_equal(lines[0].currency, "EUR");
    assert_int_equal(lines[0].captured_minor, 4501);
    assert_int_equal(lines[0].number, 2);
    assert_string_equal(lines[1].intent_id, "pi_2");
    assert_string_equal(lines[1].payment_id, "");
    assert_int_equal(lines[1].refunded_minor, 9);
    assert_int_equal(lines[1].number, 4);
}

#define HEAD "intent_id,currency,captured_minor,refunded_minor\n"

static void test_file__what_is_wrong__is_told_with_its_line(void **state)
{
    static const struct {
        const char *text, *problem;
    } cases[] = {
        {"", "no line with names of columns"},
        {"intent_id,currency,captured_minor\n", "must name the columns"},
        {HEAD "pi_1,EUR,1,0\n,EUR,1,0\n", "line 3: intent_id is missing or wrong"},
        {HEAD "pi_1,EURO,1,0\n", "line 2: currency"},
        {HEAD "pi_1,EUR,1.5,0\n", "line 2: captured_minor"},
        {HEAD "pi_1,EUR,-1,0\n", "line 2: captured_minor"},
        {HEAD "pi_1,EUR,99999999999999999999,0\n", "line 2: captured_minor"},
        {HEAD "pi_1,EUR,1\n", "line 2: refunded_minor"},
        {HEAD "pi_1,EUR,1, 0\n", "line 2: refunded_minor"},
        {HEAD "\"pi_1,EUR,1,0\n", "line 2 cannot be read"},
        {HEAD "\"pi\"_1,EUR,1,0\n", "line 2 cannot be read"},
        {HEAD "pi\"_1,EUR,1,0\n", "line 2 cannot be read"},
    };
    reconcile_line lines[8];
    uint32_t count;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false(read_all(cases[i].text, lines, &count));
        assert_non_null(strstr(problem, cases[i].problem));
    }
}

static void test_csv__too_long_or_too_many__is_broken(void **state)
{
    static char text[CSV_LINE_BYTES_MAX + 8];
    (void)state;
    for (int round = 0; round < 2; round++) {
        csv c;
        memset(text, round == 0 ? 'x' : ',', sizeof text - 1);
        FILE *file = file_of(text);
        csv_init(&c, file);
        assert_int_equal(csv_next(&c), CSV_BROKEN);
        fclose(file);
    }
}

static void test_csv__a_text_with_anything__comes_back(void **state)
{
    static const char *const texts[] = {"", "plain", "a,b", "say \"no\"", "\"", ","};
    char *written = NULL;
    size_t bytes;
    (void)state;
    FILE *out = open_memstream(&written, &bytes);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (i > 0)
            putc(',', out);
        csv_put(out, texts[i]);
    }
    putc('\n', out);
    fclose(out);
    csv c;
    FILE *file = file_of(written);
    csv_init(&c, file);
    assert_int_equal(csv_next(&c), CSV_LINE);
    assert_int_equal(c.count, sizeof texts / sizeof *texts);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(c.fields[i], texts[i]);
    fclose(file);
    free(written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file__columns_in_any_order__lines),
        cmocka_unit_test(test_file__what_is_wrong__is_told_with_its_line),
        cmocka_unit_test(test_csv__too_long_or_too_many__is_broken),
        cmocka_unit_test(test_csv__a_text_with_anything__comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
