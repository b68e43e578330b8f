#include "ops/host/config.h"

#include <stdlib.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

typedef struct example {
    int64_t port, wait_ms;
    const char *name, *key_file;
    bool is_fast;
} example;

static const setting rows[] = {
    CONFIG_INT(example, port, "admin-port", "8080", 0, 65535, "port of the thing"),
    CONFIG_MS(example, wait_ms, "wait", "250ms", 1, 3600000, "how long"),
    CONFIG_TEXT(example, name, "name", "", 0, 8, "its name"),
    CONFIG_PATH(example, key_file, "key-file", NULL, "file of the key"),
    CONFIG_BOOL(example, is_fast, "fast", "no", "hurry"),
};
static const config table = {"cavea-example", "an example", NULL, rows,
                             sizeof rows / sizeof rows[0]};
static const config table_with_arguments = {"cavea-example", "an example", "COMMAND", rows,
                                            sizeof rows / sizeof rows[0]};
static char *no_environment[] = {NULL};

static config_result parse(int argc, const char **argv, char **environment, example *ret,
                           char *ret_problem)
{
    return config_parse(&table, argc, (char *const *)(uintptr_t)argv, environment, ret, NULL,
                        ret_problem);
}

#define PARSE(environment, ret, problem, ...)                                                      \
    parse((int)(sizeof((const char *[]){"x", ##__VA_ARGS__}) / sizeof(char *)),                    \
          (const char *[]){"x", ##__VA_ARGS__}, environment, ret, problem)

static void test_config_parse__given_only_what_must_be_then_defaults(void **state)
{
    (void)state;
    example e;
    char problem[CONFIG_PROBLEM_BYTES];
    assert_int_equal(PARSE(no_environment, &e, problem, "--key-file", "k"), CONFIG_READ);
    assert_int_equal(e.port, 8080);
    assert_int_equal(e.wait_ms, 250);
    assert_string_equal(e.name, "");
    assert_string_equal(e.key_file, "k");
    assert_false(e.is_fast);
}

static void test_config_parse__given_flag_and_environment_then_the_flag_wins(void **state)
{
    (void)state;
    example e;
    char problem[CONFIG_PROBLEM_BYTES];
    char *environment[] = {"CAVEA_ADMIN_PORT=1", "CAVEA_KEY_FILE=e", "CAVEA_NAMES=no", NULL};
    assert_int_equal(PARSE(environment, &e, problem, "--admin-port=2", "--fast", "--wait", "3s"),
                     CONFIG_READ);
    assert_int_equal(e.port, 2);
    assert_int_equal(e.wait_ms, 3000);
    assert_string_equal(e.key_file, "e");
    assert_string_equal(e.name, "");
    assert_true(e.is_fast);
    assert_int_equal(PARSE(environment, &e, problem), CONFIG_READ);
    assert_int_equal(e.port, 1);
}

static void assert_bad(const char *expected, config_result result, const char *problem)
{
    assert_int_equal(result, CONFIG_BAD);
    assert_string_equal(problem, expected);
}

static void test_config_parse__given_bad_input_then_one_sentence(void **state)
{
    (void)state;
    example e;
    char p[CONFIG_PROBLEM_BYTES];
    assert_bad("--key-file (or CAVEA_KEY_FILE) must be given: file of the key.",
               PARSE(no_environment, &e, p), p);
    assert_bad("--admin-port takes a whole number from 0 to 65535, not \"65536\".",
               PARSE(no_environment, &e, p, "--admin-port", "65536", "--key-file=k"), p);
    assert_bad("--admin-port takes a whole number from 0 to 65535, not \"8 \".",
               PARSE(no_environment, &e, p, "--admin-port", "8 ", "--key-file=k"), p);
    assert_bad("--wait takes a duration such as 250ms, 3s, 10m or 1h, from 1ms to 3600000ms, "
               "not \"2h\".",
               PARSE(no_environment, &e, p, "--wait=2h", "--key-file=k"), p);
    assert_bad("--name takes text of 0 to 8 bytes without control characters, not \"a\nb\".",
               PARSE(no_environment, &e, p, "--name=a\nb", "--key-file=k"), p);
    assert_bad("--nme is not a flag of cavea-example; see --help.",
               PARSE(no_environment, &e, p, "--nme", "x"), p);
    assert_bad("--name needs a value.", PARSE(no_environment, &e, p, "--name"), p);
    assert_bad("--fast takes yes or no, not \"maybe\".",
               PARSE(no_environment, &e, p, "--fast=maybe", "--key-file=k"), p);
    assert_bad("cavea-example takes no argument \"word\"; see --help.",
               PARSE(no_environment, &e, p, "word"), p);
    char *environment[] = {"CAVEA_FAST=2", "CAVEA_KEY_FILE=k", NULL};
    assert_bad("CAVEA_FAST takes yes or no, not \"2\".", PARSE(environment, &e, p), p);
}

static void test_config_parse__given_a_huge_number_then_refused(void **state)
{
    (void)state;
    example e;
    char p[CONFIG_PROBLEM_BYTES];
    assert_int_equal(PARSE(no_environment, &e, p, "--admin-port=99999999999999999999"), CONFIG_BAD);
    assert_int_equal(PARSE(no_environment, &e, p, "--wait=9223372036854775807h"), CONFIG_BAD);
}

static void test_config_parse__given_arguments_then_says_where_they_start(void **state)
{
    (void)state;
    example e;
    char p[CONFIG_PROBLEM_BYTES];
    char *argv[] = {"x", "--key-file", "k", "event", "--list"};
    int rest;
    assert_int_equal(config_parse(&table_with_arguments, 5, argv, no_environment, &e, &rest, p),
                     CONFIG_READ);
    assert_int_equal(rest, 3);
    char *marked[] = {"x", "--key-file", "k", "--", "--list"};
    assert_int_equal(config_parse(&table_with_arguments, 5, marked, no_environment, &e, &rest, p),
                     CONFIG_READ);
    assert_int_equal(rest, 4);
}

static void test_config_help__given_the_table_then_names_everything(void **state)
{
    (void)state;
    example e;
    char p[CONFIG_PROBLEM_BYTES];
    assert_int_equal(PARSE(no_environment, &e, p, "--help"), CONFIG_HELP);
    assert_int_equal(PARSE(no_environment, &e, p, "-h"), CONFIG_HELP);
    assert_int_equal(PARSE(no_environment, &e, p, "--version"), CONFIG_VERSION);
    char *help = config_help(&table);
    assert_non_null(strstr(help, "--admin-port N"));
    assert_non_null(strstr(help, "CAVEA_ADMIN_PORT, default 8080, 0 to 65535"));
    assert_non_null(strstr(help, "CAVEA_KEY_FILE, must be given"));
    free(help);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_parse__given_only_what_must_be_then_defaults),
        cmocka_unit_test(test_config_parse__given_flag_and_environment_then_the_flag_wins),
        cmocka_unit_test(test_config_parse__given_bad_input_then_one_sentence),
        cmocka_unit_test(test_config_parse__given_a_huge_number_then_refused),
        cmocka_unit_test(test_config_parse__given_arguments_then_says_where_they_start),
        cmocka_unit_test(test_config_help__given_the_table_then_names_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
