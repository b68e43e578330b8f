#include "ops/command/json_file.h"
#include "ops/command/plan_layout.h"
#include "ops/command/plan_pretix.h"
#include "schemas/digest.h"

#include <stdio.h>
#include <stdlib.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CATEGORIES "\"categories\":[{\"name\":\"A\",\"color\":\"#ff0000\"},{\"name\":\"B\"}]"
#define SEAT(guid, number, x)                                                                      \
    "{\"seat_guid\":\"" guid "\",\"seat_number\":\"" number "\",\"position\":{\"x\":" #x           \
    ",\"y\":0.26},\"category\":\"A\"}"
#define ROW(name, seats)                                                                           \
    "{\"row_number\":\"" name "\",\"position\":{\"x\":10,\"y\":5},\"seats\":[" seats "]}"
#define ZONE(name, rows)                                                                           \
    "{\"name\":\"" name "\",\"position\":{\"x\":100,\"y\":50},\"rows\":[" rows "],\"areas\":[]}"
#define PLAN(zones) "{\"name\":\"House\"," CATEGORIES ",\"zones\":[" zones "]}"

typedef struct imported {
    plan_draft draft;
    plan_ids_report ids;
    plan_form form;
} imported;

static void imported_done(imported *i)
{
    plan_form_done(&i->form);
    plan_draft_done(&i->draft);
}

// What went wrong is in draft.problem.
static bool import_text(imported *i, const char *text, size_t bytes, bool strict)
{
    *i = (imported){.ids = {.renamed = NULL}};
    assert_true(plan_draft_init(&i->draft, bytes));
    return plan_pretix_read(&i->draft, text, bytes, strict, &i->ids) &&
           plan_draft_finish(&i->draft, &i->form);
}

static void assert_refused(const char *text, const char *problem_part)
{
    imported i;
    assert_false(import_text(&i, text, strlen(text), false));
    if (!strstr(i.draft.problem, problem_part))
        fail_msg("'%s' does not say '%s'", i.draft.problem, problem_part);
    imported_done(&i);
}

static void test_plan_import__given_positions_then_sums_them_in_tenths(void **state)
{
    (void)state;
    imported i;
    const char *text = PLAN(ZONE("Hall", ROW("1", SEAT("a", "1", 1.5) "," SEAT("b", "2", 31))));
    assert_true(import_text(&i, text, strlen(text), true));
    assert_int_equal(i.form.plan->seats_count, 2);
    assert_int_equal(i.form.plan->seat_x[0], 1115);
    assert_int_equal(i.form.plan->seat_y[0], 553);
    assert_int_equal(i.form.plan->seat_x[1], 1410);
    assert_string_equal(plan_seat_id(i.form.plan, 1), "b");
    assert_string_equal(plan_section_id(i.form.plan, 0), "Hall");
    assert_string_equal(plan_category_name(i.form.plan, 0), "A");
    imported_done(&i);
}

static void test_plan_import__given_repeated_ids_then_renames_all_of_them(void **state)
{
    (void)state;
    const char *text =
        PLAN(ZONE("Hall", ROW("1", SEAT("a", "1", 1) "," SEAT("a", "2", 2))) "," ZONE(
            "Rang / links", ROW("1", SEAT("a", "1", 3) "," SEAT("b", "2", 4))));
    imported i;
    assert_true(import_text(&i, text, strlen(text), false));
    assert_string_equal(plan_seat_id(i.form.plan, 0), "Hall:1:1");
    assert_string_equal(plan_seat_id(i.form.plan, 1), "Hall:1:2");
    assert_string_equal(plan_seat_id(i.form.plan, 2), "Rang-links:1:1");
    assert_string_equal(plan_seat_id(i.form.plan, 3), "b");
    assert_int_equal(i.ids.repeated_ids, 1);
    assert_int_equal(i.ids.repeated_seats, 3);
    assert_int_equal(i.ids.renamed_count, 3);
    imported_done(&i);
    assert_false(import_text(&i, text, strlen(text), true));
    assert_non_null(strstr(i.draft.problem, "1 seat ids are used by 3 seats"));
    imported_done(&i);
}

static void test_plan_import__given_repeated_places_then_counts_behind_them(void **state)
{
    (void)state;
    // The name that a renamed seat would get is taken by a seat that keeps its own.
    const char *text = PLAN(ZONE("H", ROW("1", SEAT("a", "1", 1) "," SEAT("a", "1", 2) "," SEAT(
                                                   "a", "1", 3) "," SEAT("H:1:1", "4", 4))));
    imported i;
    assert_true(import_text(&i, text, strlen(text), false));
    assert_string_equal(plan_seat_id(i.form.plan, 0), "H:1:1~2");
    assert_string_equal(plan_seat_id(i.form.plan, 1), "H:1:1~3");
    assert_string_equal(plan_seat_id(i.form.plan, 2), "H:1:1~4");
    assert_string_equal(plan_seat_id(i.form.plan, 3), "H:1:1");
    imported_done(&i);
}

static void test_plan_import__given_unfit_ids_then_names_them_by_place(void **state)
{
    (void)state;
    const char *text = PLAN(ZONE(
        "Балкон", ROW("", SEAT("a b", "", 1) "," SEAT("", "", 2) "," SEAT(
                              "c/d", "x", 3))) "," ZONE("Балкон", ROW("R", SEAT("e", "1", 4))));
    imported i;
    assert_true(import_text(&i, text, strlen(text), false));
    assert_string_equal(plan_seat_id(i.form.plan, 0), "z1:1:1");
    assert_string_equal(plan_seat_id(i.form.plan, 1), "z1:1:2");
    assert_string_equal(plan_seat_id(i.form.plan, 2), "z1:1:x");
    assert_string_equal(plan_section_id(i.form.plan, 0), "zone-1");
    assert_string_equal(plan_section_id(i.form.plan, 1), "zone-2");
    assert_string_equal(plan_section_name(i.form.plan, 1), "Балкон");
    assert_int_equal(i.ids.unfit_seats, 3);
    imported_done(&i);
}

static void test_plan_import__given_empty_zones_and_rows_then_leaves_them_out(void **state)
{
    (void)state;
    const char *text =
        PLAN(ZONE("Stage", "") "," ZONE("H", ROW("0", "") "," ROW("1", SEAT("a", "1", 1))));
    imported i;
    assert_true(import_text(&i, text, strlen(text), true));
    assert_int_equal(i.form.plan->sections_count, 1);
    assert_int_equal(i.form.plan->rows_count, 1);
    imported_done(&i);
}

static void test_plan_import__given_what_no_plan_is_then_says_why(void **state)
{
    (void)state;
    assert_refused("", "no valid JSON");
    assert_refused("[1,2]", "no zones");
    assert_refused("{\"zones\":7}", "no zones");
    assert_refused("{\"zones\":[],\"categories\":[]}", "no categories");
    assert_refused(PLAN(""), "no seats");
    assert_refused("{\"zones\":[],\"zones\":[]}", "no valid JSON");
    assert_refused("{\"name\":\"a\\u0000b\"}", "no valid JSON");
    assert_refused(PLAN(ZONE("H\\u0007", ROW("1", SEAT("a", "1", 1)))), "section 1");
    assert_refused(PLAN(ZONE("H", ROW("1\\n", SEAT("a", "1", 1)))), "row 1");
    assert_refused(PLAN(ZONE("H", ROW("1", SEAT("a", "\\u001b[2J", 1)))), "readable number");
    assert_refused(PLAN(ZONE("H", ROW("1", SEAT("a", "1", 1e300)))), "no usable position");
    assert_refused(PLAN(ZONE("H", ROW("1", SEAT("a", "1", -200000)))), "no usable position");
    assert_refused(PLAN(ZONE("H", ROW("1", SEAT("a", "1", "x")))), "no usable position");
    assert_refused(PLAN(ZONE("H", ROW("1", "{\"seat_guid\":\"q\",\"category\":\"C\"}"))),
                   "seat q is of an unknown category");
    assert_refused(PLAN(ZONE("H", ROW("1", "7"))), "unknown category");
    assert_refused("{\"name\":\"x\",\"zones\":[{\"position\":3,\"rows\":[]}]," CATEGORIES "}",
                   "zone 1 has no usable position");
}

// text must be freed.
static char *nested(int depth)
{
    char *text = malloc((size_t)depth * 2 + 1);
    memset(text, '[', (size_t)depth);
    memset(text + depth, ']', (size_t)depth);
    text[2 * depth] = 0;
    return text;
}

static void test_json_file_parse__given_depth_or_size_then_refuses_before_parsing(void **state)
{
    (void)state;
    char problem[JSON_FILE_PROBLEM_BYTES], *text = nested(JSON_FILE_DEPTH_MAX);
    json_t *root = json_file_parse(text, strlen(text), problem);
    assert_non_null(root);
    json_decref(root);
    free(text);
    text = nested(JSON_FILE_DEPTH_MAX + 1);
    assert_null(json_file_parse(text, strlen(text), problem));
    assert_non_null(strstr(problem, "nested deeper"));
    free(text);
    size_t bytes = 2 * JSON_FILE_VALUES_MAX + 3;
    text = malloc(bytes);
    text[0] = '[';
    for (size_t i = 1; i + 1 < bytes; i++)
        text[i] = i % 2 ? '1' : ',';
    text[bytes - 1] = ']';
    assert_null(json_file_parse(text, bytes, problem));
    free(text);
    // Brackets in strings are no depth.
    static const char strings[] = "[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"]";
    root = json_file_parse(strings, sizeof strings - 1, problem);
    assert_non_null(root);
    json_decref(root);
}

static void test_plan_import__given_areas_then_draws_them(void **state)
{
    (void)state;
    const char *text =
        "{\"name\":\"x\"," CATEGORIES ",\"zones\":[{\"position\":{\"x\":1,\"y\":2},\"rows\":[" ROW(
            "1",
            SEAT("a", "1",
                 1)) "],\"areas\":["
                     "{\"shape\":\"rectangle\",\"color\":\"#eee\",\"position\":{\"x\":10,\"y\":0},"
                     "\"rectangle\":{\"width\":30,\"height\":5},\"text\":{\"position\":{\"x\":15,"
                     "\"y\":2},"
                     "\"text\":\"STAGE\",\"size\":12}},"
                     "{\"shape\":\"circle\",\"color\":\"javascript:alert(1)\",\"circle\":{"
                     "\"radius\":4}},"
                     "{\"shape\":\"ellipse\",\"rotation\":30,\"ellipse\":{\"radius\":{\"x\":4,"
                     "\"y\":2}}},"
                     "{\"shape\":\"polygon\",\"polygon\":{\"points\":[{\"x\":0,\"y\":0},{\"x\":1,"
                     "\"y\":0},"
                     "{\"x\":0,\"y\":1}]}},"
                     "{\"shape\":\"rectangle\",\"rotation\":90,\"position\":{\"x\":0,\"y\":0},"
                     "\"rectangle\":{\"width\":3,\"height\":1}},"
                     "{\"shape\":\"rectangle\",\"rectangle\":{\"width\":-3,\"height\":1}}]}]}";
    imported i;
    assert_true(import_text(&i, text, strlen(text), true));
    char *shapes = json_dumps(i.draft.shapes, JSON_COMPACT);
    assert_int_equal(json_array_size(i.draft.shapes), 6);
    assert_non_null(strstr(shapes, "{\"type\":\"rectangle\",\"x\":110,\"y\":20,\"width\":300,"
                                   "\"height\":50,\"color\":\"#eee\"}"));
    assert_non_null(strstr(shapes, "\"type\":\"text\",\"x\":260,\"y\":40,\"size\":120"));
    assert_non_null(strstr(shapes, "\"type\":\"ellipse\",\"x\":10,\"y\":20,\"radius_x\":40,"
                                   "\"radius_y\":40,\"color\":\"#eeeeee\""));
    assert_non_null(strstr(shapes, "[[10,20],[10,50],[0,50],[0,20]]"));
    assert_null(strstr(shapes, "javascript"));
    free(shapes);
    imported_done(&i);
}

// A plan that goes out as pretix's JSON comes back as itself, down to its address.
static void assert_round_trip(const imported *i)
{
    imported back;
    plan_draft read;
    assert_true(plan_draft_init(&read, i->form.layout_bytes));
    assert_true(plan_layout_read(&read, i->form.layout, i->form.layout_bytes));
    char *text = plan_pretix_write(&read);
    assert_non_null(text);
    assert_true(import_text(&back, text, strlen(text), true));
    assert_int_equal(back.form.layout_bytes, i->form.layout_bytes);
    assert_memory_equal(back.form.layout, i->form.layout, i->form.layout_bytes);
    assert_true(digest32_equal(&back.form.hash, &i->form.hash));
    free(text);
    imported_done(&back);
    plan_draft_done(&read);
}

static void test_plan_export__given_a_small_plan_then_gives_it_back(void **state)
{
    (void)state;
    const char *text = "{\"name\":\"Ein \\\"Haus\\\" \\\\ mehr\"," CATEGORIES ",\"zones\":[" ZONE(
        "Rang: a/b",
        ROW("Ä \\\"1\\\"", SEAT("a", "1", 1.1) "," SEAT(
                               "b", "2", 2.26))) "," ZONE("Rang: a/b",
                                                          ROW("2", SEAT("c", "1", -3))) "]}";
    imported i;
    assert_true(import_text(&i, text, strlen(text), true));
    assert_round_trip(&i);
    imported_done(&i);
}

// The plan that this project's issues name; it lies beside the project, not in it.
#define REAL_PLAN SOURCE_DIR "/../shared/data/pretix-plan-en.json"

static void test_plan_import__given_the_real_plan_then_keeps_every_seat(void **state)
{
    (void)state;
    imported i;
    char problem[JSON_FILE_PROBLEM_BYTES], *text;
    size_t bytes;
    if (!json_file_read(REAL_PLAN, PLAN_BYTES_MAX, &text, &bytes, problem)) {
        print_message("left out, because %s\n", problem);
        return;
    }
    assert_true(import_text(&i, text, bytes, false));
    assert_int_equal(i.form.plan->seats_count, 1057);
    assert_int_equal(i.form.plan->sections_count, 2);
    assert_int_equal(i.ids.repeated_ids, 84);
    assert_int_equal(i.ids.repeated_seats, 168);
    assert_int_equal(i.ids.unfit_seats, 0);
    uint32_t seat;
    assert_true(plan_seat_find(i.form.plan, "Balcony:17:17-1", 15, &seat));
    assert_true(plan_seat_find(i.form.plan, "Ground-floor:17:17-1", 20, &seat));
    assert_false(plan_seat_find(i.form.plan, "17-1", 4, &seat));
    assert_round_trip(&i);
    imported_done(&i);
    assert_false(import_text(&i, text, bytes, true));
    imported_done(&i);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_import__given_positions_then_sums_them_in_tenths),
        cmocka_unit_test(test_plan_import__given_repeated_ids_then_renames_all_of_them),
        cmocka_unit_test(test_plan_import__given_repeated_places_then_counts_behind_them),
        cmocka_unit_test(test_plan_import__given_unfit_ids_then_names_them_by_place),
        cmocka_unit_test(test_plan_import__given_empty_zones_and_rows_then_leaves_them_out),
        cmocka_unit_test(test_plan_import__given_what_no_plan_is_then_says_why),
        cmocka_unit_test(test_json_file_parse__given_depth_or_size_then_refuses_before_parsing),
        cmocka_unit_test(test_plan_import__given_areas_then_draws_them),
        cmocka_unit_test(test_plan_export__given_a_small_plan_then_gives_it_back),
        cmocka_unit_test(test_plan_import__given_the_real_plan_then_keeps_every_seat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
