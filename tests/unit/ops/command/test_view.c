#include "ops/command/view.h"

#include <stdlib.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_shows(const char *json, const char *expected)
{
    char *text;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    json_t *result = json_loads(json, JSON_DECODE_ANY, NULL);
    assert_non_null(out);
    assert_non_null(result);
    view_print(out, result);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, expected);
    json_decref(result);
    free(text);
}

static void test_view__given_an_object_then_lines_and_tables(void **state)
{
    (void)state;
    assert_shows("{\"id\":\"x\",\"seats\":2,\"new\":true,\"none\":null,\"list\":[1,\"b\"],"
                 "\"empty\":[],\"rows\":[{\"a\":\"Köln\",\"bb\":1},{\"a\":\"y\",\"bb\":22}],"
                 "\"in\":{\"k\":false}}",
                 "id     x\nseats  2\nnew    yes\nnone   -\nlist   1, b\nempty  -\n"
                 "\nrows:\na     bb\nKöln  1\ny     22\n\nin:\nk  no\n");
}

static void test_view__given_a_list_then_a_table(void **state)
{
    (void)state;
    assert_shows("[{\"name\":\"a\"},{\"name\":\"b\"}]", "name\na\nb\n");
    assert_shows("[]", "-\n");
    assert_shows("\"word\"", "word\n");
}

static void test_view__given_control_characters_then_shows_none(void **state)
{
    (void)state;
    assert_shows("{\"name\":\"\\u001b[2Jx\\ny\\u202e\"}", "name  ?[2Jx?y???\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_view__given_an_object_then_lines_and_tables),
        cmocka_unit_test(test_view__given_a_list_then_a_table),
        cmocka_unit_test(test_view__given_control_characters_then_shows_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
