#include "ops/command/plan_side.h"

#include "ops/command/plan_ids.h"

#include <stdlib.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void house(plan_draft *d)
{
    static const char *const zones[] = {"Hall", "Balcony"};
    assert_true(plan_draft_init(d, 4096));
    assert_true(plan_draft_category(d, "Front", "#111111"));
    assert_true(plan_draft_category(d, "Back", "#222222"));
    for (int z = 0; z < 2; z++) {
        assert_true(plan_draft_section(d, zones[z], zones[z]));
        for (int r = 0; r < 2; r++) {
            assert_true(plan_draft_row(d, r ? "2" : "1"));
            for (uint32_t s = 0; s < 3; s++) {
                char id[16] = {zones[z][0], '-', (char)('1' + r), '-', (char)('1' + s), 0};
                char number[2] = {(char)('1' + s), 0};
                draft_seat seat = {.id = id, .number = number, .category = (uint32_t)r};
                assert_true(plan_draft_seat(d, &seat));
            }
        }
    }
}

static bool side_read(plan_draft *d, const char *text, plan_side *side)
{
    return plan_side_read(d, text, strlen(text), side);
}

static void test_plan_side__given_prices_and_flags_then_takes_them(void **state)
{
    (void)state;
    plan_draft d;
    plan_side side;
    house(&d);
    assert_true(side_read(&d,
                          "{\"currency\":\"EUR\",\"prices\":{\"Back\":0,\"Front\":4500},"
                          "\"accessible\":[\"H-1-1\",{\"zone\":\"Balcony\",\"row\":\"2\"}],"
                          "\"companion\":[{\"number\":\"2\",\"category\":\"Front\"}],"
                          "\"blocked\":[\"H-1-1\"]}",
                          &side));
    assert_string_equal(side.currency, "EUR");
    assert_true(side.priced[0] && side.priced[1] && !side.priced[2]);
    assert_int_equal(side.price_minor[0], 4500);
    assert_int_equal(side.price_minor[1], 0);
    static const uint32_t flags[12] = {5, 2, 0, 0, 0, 0, 0, 2, 0, 1, 1, 1};
    for (int i = 0; i < 12; i++)
        assert_int_equal(d.seats[i].flags, flags[i]);
    plan_draft_done(&d);
}

static void test_plan_side__given_its_own_writing_then_reads_the_same(void **state)
{
    (void)state;
    plan_draft d, e;
    plan_side side = {.currency = "JPY", .priced = {true}, .price_minor = {700}}, back;
    house(&d);
    house(&e);
    d.seats[3].flags = SEAT_FLAG_ACCESSIBLE | SEAT_FLAG_BLOCKED;
    d.seats[4].flags = SEAT_FLAG_COMPANION;
    char *text = plan_side_write(&d, &side);
    assert_true(side_read(&e, text, &back));
    assert_string_equal(back.currency, "JPY");
    assert_true(back.priced[0] && !back.priced[1]);
    for (uint32_t i = 0; i < d.seats_count; i++)
        assert_int_equal(e.seats[i].flags, d.seats[i].flags);
    free(text);
    plan_draft_done(&d);
    plan_draft_done(&e);
}

static void test_plan_side__given_mistakes_then_says_which(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"[]", "a side file is a JSON object"},
        {"{\"price\":{}}", "no key price"},
        {"{\"currency\":\"euro\"}", "three capital letters"},
        {"{\"currency\":7}", "three capital letters"},
        {"{\"prices\":[]}", "prices is an object"},
        {"{\"prices\":{\"Middle\":5}}", "no category Middle"},
        {"{\"prices\":{\"Front\":45.0}}", "no whole number"},
        {"{\"prices\":{\"Front\":-1}}", "no whole number"},
        {"{\"prices\":{\"Front\":100000000001}}", "no whole number"},
        {"{\"blocked\":\"H-1-1\"}", "blocked is a list"},
        {"{\"blocked\":[\"H-9-9\"]}", "no seat H-9-9"},
        {"{\"blocked\":[7]}", "blocked is a list of seat ids or objects"},
        {"{\"blocked\":[{\"seat\":\"1\"}]}", "not by seat"},
        {"{\"blocked\":[{\"row\":\"9\"}]}", "picks no seat"},
        {"{\"blocked\":[{\"row\":1}]}", "picks no seat"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        plan_draft d;
        plan_side side;
        house(&d);
        assert_false(side_read(&d, bad[i][0], &side));
        if (!strstr(d.problem, bad[i][1]))
            fail_msg("%s: '%s' does not say '%s'", bad[i][0], d.problem, bad[i][1]);
        plan_draft_done(&d);
    }
}

static void test_plan_token_of__given_any_text_then_is_a_token(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"Row 1", "Row-1"},
        {"  a--b  ", "a-b"},
        {"Balk\xc3\xb3n", "Balk-n"},
        {"", ""},
        {"///", ""},
        {"12345678901234", "123456789"},
        {"abcdefgh-ijk", "abcdefgh"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char token[10];
        plan_token_of(cases[i][0], sizeof token, token);
        assert_string_equal(token, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_side__given_prices_and_flags_then_takes_them),
        cmocka_unit_test(test_plan_side__given_its_own_writing_then_reads_the_same),
        cmocka_unit_test(test_plan_side__given_mistakes_then_says_which),
        cmocka_unit_test(test_plan_token_of__given_any_text_then_is_a_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
