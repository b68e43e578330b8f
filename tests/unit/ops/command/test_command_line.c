#include "ops/command/command.h"

#include <stdio.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static command_status nothing(command *c)
{
    (void)c;
    return COMMAND_OK;
}

static const verb box_verbs[] = {
    {"open",
     "ID [WORD]",
     "Opens.",
     1,
     2,
     {{"wide", NULL, "a flag"}, {"count", "N", "a value"}},
     nothing},
    {"shut", NULL, "Shuts.", 0, 0, {{0}}, nothing},
    {0},
};
static const verb lid_verbs[] = {
    {"", NULL, "By itself.", 0, 1, {{"to", "N", "a value"}}, nothing},
    {0},
};
static const noun nouns[] = {
    {"box", "A box.", box_verbs}, {"lid", "A lid.", lid_verbs}, {NULL, NULL, NULL}};

// Words are split at blanks; the command must live no longer than the next call.
static command_status parse(command *c, const char *line)
{
    static char words[256];
    char *argv[16];
    int argc = 0;
    *c = (command){.postgres_url = "", .nats_url = "", .nats_nkey_file = ""};
    snprintf(words, sizeof words, "%s", line);
    for (char *at = words; *at;) {
        argv[argc++] = at;
        at += strcspn(at, " ");
        if (*at)
            *at++ = 0;
    }
    return command_parse(c, argc, argv, nouns);
}

static void test_command_parse__given_words_and_options_then_sorts_them(void **state)
{
    (void)state;
    command c;
    int64_t number;
    assert_int_equal(parse(&c, "box open first --wide second --count=3 --count 7 --json"),
                     COMMAND_OK);
    assert_string_equal(c.noun->name, "box");
    assert_string_equal(c.verb->name, "open");
    assert_int_equal(c.arguments_count, 2);
    assert_string_equal(c.arguments[1], "second");
    assert_true(c.json && command_flag(&c, "wide") && !command_flag(&c, "narrow"));
    assert_string_equal(command_option(&c, "count", "0"), "7");
    assert_true(command_number(&c, "count", 1, 7, 0, &number));
    assert_int_equal(number, 7);
    assert_false(command_number(&c, "count", 1, 6, 0, &number));
}

static void test_command_parse__given_a_noun_alone_then_takes_its_own_verb(void **state)
{
    (void)state;
    command c;
    assert_int_equal(parse(&c, "lid"), COMMAND_OK);
    assert_string_equal(c.verb->name, "");
    assert_int_equal(parse(&c, "lid --to 3"), COMMAND_OK);
    assert_string_equal(command_option(&c, "to", NULL), "3");
    assert_int_equal(parse(&c, "lid word"), COMMAND_OK);
    assert_string_equal(c.arguments[0], "word");
    assert_int_equal(parse(&c, "--postgres-url x lid -- --to"), COMMAND_OK);
    assert_string_equal(c.postgres_url, "x");
    assert_string_equal(c.arguments[0], "--to");
    assert_int_equal(parse(&c, "box --help"), COMMAND_OK);
    assert_true(command_flag(&c, "help") && c.verb == NULL);
}

static void test_command_parse__given_mistakes_then_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "bag",
        "box",
        "box burn",
        "box open",
        "box open a b c",
        "box shut a",
        "box open a --narrow",
        "box open a --wide=yes",
        "box open a --count",
        "box shut --count 3",
        "lid --with-a-name-that-is-much-longer-than-any-option 3",
    };
    command c;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(parse(&c, bad[i]), COMMAND_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command_parse__given_words_and_options_then_sorts_them),
        cmocka_unit_test(test_command_parse__given_a_noun_alone_then_takes_its_own_verb),
        cmocka_unit_test(test_command_parse__given_mistakes_then_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
