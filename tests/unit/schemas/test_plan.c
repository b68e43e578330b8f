#include "schemas/plan.h"

#include "schemas/cavea.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const categories[] = {"Front", "Back"};
static const char *const section_ids[] = {"floor", "balcony"};
static const char *const section_names[] = {"Ground floor", "Balcony"};
static const char *const row_names[] = {"1", "2", "1"};

// Row 0 runs from right to left with an aisle between c and b; row 1 stands upright; row 2 is a
// pair far apart, which no row of its own can tell from neighbours.
static const plan_seat seats[] = {
    {0, 0, 0, 0, 500, 10, "f-1-d", "4"},  {0, 0, 0, 0, 400, 12, "f-1-c", "3"},
    {0, 0, 0, 1, 200, 11, "f-1-b", "2"},  {0, 0, 0, 2, 100, 10, "f-1-a", "1"},
    {0, 0, 0, 0, 600, 10, "f-1-e", "5"},  {0, 1, 1, 4, 50, 300, "f-2-b", "2"},
    {0, 1, 1, 0, 50, 200, "f-2-a", "1"},  {1, 2, 1, 0, -900, 900, "b-1-a", "1"},
    {1, 2, 1, 0, 900, 900, "b-1-b", "2"},
};

static plan_parts small_parts(void)
{
    plan_parts parts = {
        .seats_count = sizeof seats / sizeof *seats,
        .sections_count = 2,
        .categories_count = 2,
        .rows_count = 3,
        .seats = seats,
        .section_ids = section_ids,
        .section_names = section_names,
        .categories = categories,
        .row_names = row_names,
    };
    return parts;
}

static bool decoded(const plan_parts *parts, plan **ret_plan, char *ret_problem)
{
    uint8_t *packed;
    size_t packed_bytes;
    assert_true(plan_encode(parts, &packed, &packed_bytes));
    bool read = plan_decode(packed, packed_bytes, ret_plan, ret_problem);
    free(packed);
    return read;
}

static uint32_t seat(const plan *p, const char *id)
{
    uint32_t found = PLAN_SEAT_NONE;
    assert_true(plan_seat_find(p, id, strlen(id), &found));
    return found;
}

static void test_plan_decode__given_a_small_plan_then_reads_all_of_it(void **state)
{
    (void)state;
    char problem[PLAN_PROBLEM_BYTES];
    plan_parts parts = small_parts();
    plan *p = NULL;
    assert_true(decoded(&parts, &p, problem));
    assert_int_equal(p->seats_count, parts.seats_count);
    for (uint32_t i = 0; i < p->seats_count; i++) {
        assert_int_equal(p->seat_section[i], seats[i].section);
        assert_int_equal(p->seat_row[i], seats[i].row);
        assert_int_equal(p->seat_category[i], seats[i].category);
        assert_int_equal(p->seat_flags[i], seats[i].flags);
        assert_int_equal(p->seat_x[i], seats[i].x);
        assert_int_equal(p->seat_y[i], seats[i].y);
        assert_string_equal(plan_seat_id(p, i), seats[i].id);
        assert_string_equal(plan_seat_number(p, i), seats[i].number);
        assert_int_equal(seat(p, seats[i].id), i);
    }
    assert_string_equal(plan_row_name(p, 1), "2");
    assert_string_equal(plan_section_id(p, 1), "balcony");
    assert_string_equal(plan_section_name(p, 0), "Ground floor");
    assert_string_equal(plan_category_name(p, 1), "Back");
    static const uint32_t row_first[] = {0, 5, 7, 9}, section_first[] = {0, 7, 9};
    assert_memory_equal(p->row_first, row_first, sizeof row_first);
    assert_memory_equal(p->section_first, section_first, sizeof section_first);
    plan_free(p);
}

static void test_plan_decode__given_rows_in_any_direction_then_finds_neighbours(void **state)
{
    (void)state;
    char problem[PLAN_PROBLEM_BYTES];
    plan_parts parts = small_parts();
    plan *p = NULL;
    assert_true(decoded(&parts, &p, problem));
    uint32_t a = seat(p, "f-1-a"), b = seat(p, "f-1-b"), c = seat(p, "f-1-c");
    uint32_t d = seat(p, "f-1-d"), e = seat(p, "f-1-e");
    assert_int_equal(p->seat_left[a], PLAN_SEAT_NONE);
    assert_int_equal(p->seat_right[a], b);
    assert_int_equal(p->seat_right[b], PLAN_SEAT_NONE); // the aisle
    assert_int_equal(p->seat_left[c], PLAN_SEAT_NONE);
    assert_int_equal(p->seat_right[c], d);
    assert_int_equal(p->seat_right[d], e);
    assert_int_equal(p->seat_left[e], d);
    assert_int_equal(p->seat_position[a], 0);
    assert_int_equal(p->seat_position[e], 4);
    // Upright: the upper seat comes first.
    assert_int_equal(p->seat_right[seat(p, "f-2-a")], seat(p, "f-2-b"));
    // Eighteen times the plan's usual gap is no neighbourhood.
    assert_int_equal(p->seat_right[seat(p, "b-1-a")], PLAN_SEAT_NONE);
    plan_free(p);
}

static void test_plan_seat_find__given_strange_ids_then_finds_nothing(void **state)
{
    (void)state;
    static const char *const unknown[] = {"", "f-1-", "f-1-dd", "f-1-x", "F-1-d", "f 1 d", "\n"};
    char problem[PLAN_PROBLEM_BYTES];
    plan_parts parts = small_parts();
    plan *p = NULL;
    uint32_t found = 77;
    assert_true(decoded(&parts, &p, problem));
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_false(plan_seat_find(p, unknown[i], strlen(unknown[i]), &found));
    assert_false(plan_seat_find(p, "f-1-d\0x", 7, &found));
    assert_false(plan_section_find(p, "floo", 4, &found));
    assert_int_equal(found, 77);
    assert_true(plan_section_find(p, "balcony", 7, &found));
    assert_int_equal(found, 1);
    plan_free(p);
}

static void assert_refused(const plan_parts *parts, const char *problem_part)
{
    char problem[PLAN_PROBLEM_BYTES] = "";
    plan *p = NULL;
    assert_false(decoded(parts, &p, problem));
    assert_null(p);
    if (!strstr(problem, problem_part))
        fail_msg("'%s' does not say '%s'", problem, problem_part);
}

static void refuse_seat(size_t index, plan_seat changed, const char *problem_part)
{
    plan_seat copy[sizeof seats / sizeof *seats];
    plan_parts parts = small_parts();
    memcpy(copy, seats, sizeof seats);
    copy[index] = changed;
    parts.seats = copy;
    assert_refused(&parts, problem_part);
}

static void test_plan_decode__given_a_wrong_seat_then_says_which(void **state)
{
    (void)state;
    refuse_seat(1, (plan_seat){0, 0, 0, 0, 0, 0, "f-1-d", "3"}, "two seats have the id f-1-d");
    refuse_seat(1, (plan_seat){0, 0, 0, 0, 0, 0, "f 1", "3"}, "seat 1 has no id");
    refuse_seat(1, (plan_seat){0, 0, 0, 0, 0, 0, "", "3"}, "seat 1 has no id");
    refuse_seat(1, (plan_seat){0, 0, 0, 0, 0, 0, "x", ""}, "seat x has no readable number");
    refuse_seat(1, (plan_seat){0, 0, 0, 0, 0, 0, "x", "\x1b"}, "seat x has no readable number");
    refuse_seat(1, (plan_seat){0, 0, 2, 0, 0, 0, "x", "3"}, "seat x is of an unknown category");
    refuse_seat(1, (plan_seat){0, 0, 0, 8, 0, 0, "x", "3"}, "seat x has unknown flags");
    refuse_seat(1, (plan_seat){0, 0, 0, 0, 1000001, 0, "x", "3"}, "seat x lies outside");
    refuse_seat(1, (plan_seat){0, 0, 0, 0, 0, INT32_MIN, "x", "3"}, "seat x lies outside");
    refuse_seat(0, (plan_seat){1, 0, 0, 0, 0, 0, "x", "3"}, "the first seat");
    refuse_seat(1, (plan_seat){0, 2, 0, 0, 0, 0, "x", "3"}, "seat x is out of the order");
    refuse_seat(6, (plan_seat){0, 0, 0, 0, 0, 0, "x", "3"}, "seat x is out of the order");
    refuse_seat(6, (plan_seat){1, 1, 0, 0, 0, 0, "x", "3"}, "seat x is out of the order");
    refuse_seat(8, (plan_seat){2, 3, 0, 0, 0, 0, "x", "3"}, "a section or a row has no seat");
}

static void test_plan_decode__given_wrong_parts_then_refuses(void **state)
{
    (void)state;
    static const char *const twice[] = {"floor", "floor"}, *const blank[] = {"", "x"};
    plan_parts parts = small_parts();
    parts.section_ids = twice;
    assert_refused(&parts, "two sections have the id floor");
    parts = small_parts();
    parts.section_ids = blank;
    assert_refused(&parts, "section 0 has no valid id");
    parts = small_parts();
    parts.categories = blank;
    assert_refused(&parts, "category 0 has no readable name");
    parts = small_parts();
    parts.seats_count = 0;
    assert_refused(&parts, "a plan has 1 to 65536 seats");
    parts = small_parts();
    parts.categories_count = 0;
    assert_refused(&parts, "a plan has 1 to 64 categories");
    parts = small_parts();
    parts.seats_count = 7;
    parts.rows_count = 2;
    assert_refused(&parts, "a section or a row has no seat");
}

static void test_plan_decode__given_other_bytes_then_refuses(void **state)
{
    (void)state;
    char problem[PLAN_PROBLEM_BYTES];
    plan *p = NULL;
    assert_false(plan_decode((const uint8_t *)"", 0, &p, problem));
    assert_false(plan_decode((const uint8_t *)"\xff\xff", 2, &p, problem));
    uint8_t *packed;
    size_t packed_bytes;
    plan_parts parts = small_parts();
    assert_true(plan_encode(&parts, &packed, &packed_bytes));
    for (size_t cut = 0; cut < packed_bytes; cut++)
        assert_false(plan_decode(packed, cut, &p, problem));
    assert_null(p);
    free(packed);
}

static double elapsed_ms(const struct timespec *since)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - since->tv_sec) * 1e3 +
           (double)(now.tv_nsec - since->tv_nsec) / 1e6;
}

// Rows that curve, indexes that run backwards in every other row: nothing is sorted already.
static void large_seat(uint32_t i, plan_seat *s, char id[24], char number[8])
{
    enum { ROW_SEATS = 40, ROWS_PER_SECTION = 12 };
    uint32_t row = i / ROW_SEATS, place = i % ROW_SEATS;
    if (row % 2)
        place = ROW_SEATS - 1 - place;
    int32_t from_middle = (int32_t)place - ROW_SEATS / 2;
    snprintf(id, 24, "N%u-%u-%u", row / ROWS_PER_SECTION, row % ROWS_PER_SECTION, place);
    snprintf(number, 8, "%u", place + 1);
    *s = (plan_seat){
        .section = row / ROWS_PER_SECTION,
        .row = row,
        .category = row % 2,
        .x = from_middle * 50,
        .y = (int32_t)row * 80 + from_middle * from_middle / 4,
        .id = id,
        .number = number,
    };
}

static void test_plan_decode__given_60000_seats_then_takes_under_4_mb(void **state)
{
    (void)state;
    enum { SEATS = 60000, ROWS = 1500, SECTIONS = 125 };
    static plan_seat all[SEATS];
    static char ids[SEATS][24], numbers[SEATS][8];
    static const char *rows[ROWS], *sections[SECTIONS];
    static char section_text[SECTIONS][16];
    for (uint32_t i = 0; i < SEATS; i++)
        large_seat(i, &all[i], ids[i], numbers[i]);
    for (int i = 0; i < ROWS; i++)
        rows[i] = "12";
    for (int i = 0; i < SECTIONS; i++) {
        snprintf(section_text[i], sizeof section_text[i], "N%d", i);
        sections[i] = section_text[i];
    }
    plan_parts parts = {SEATS, SECTIONS, 2, ROWS, all, sections, sections, categories, rows};
    uint8_t *packed;
    size_t packed_bytes;
    char problem[PLAN_PROBLEM_BYTES];
    plan *p = NULL;
    struct timespec start;
    assert_true(plan_encode(&parts, &packed, &packed_bytes));
    clock_gettime(CLOCK_MONOTONIC, &start);
    assert_true(plan_decode(packed, packed_bytes, &p, problem));
    print_message("figure: 60,000 seats: %zu packed bytes decoded into %zu bytes in %.1f ms\n",
                  packed_bytes, p->memory_bytes, elapsed_ms(&start));
    assert_true(p->memory_bytes < 4000000);
    for (uint32_t i = 0; i < SEATS; i++) {
        assert_int_equal(seat(p, ids[i]), i);
        bool last = strcmp(numbers[i], "40") == 0, first = strcmp(numbers[i], "1") == 0;
        assert_int_equal(p->seat_right[i] == PLAN_SEAT_NONE, last);
        assert_int_equal(p->seat_left[i] == PLAN_SEAT_NONE, first);
    }
    plan_free(p);
    free(packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_decode__given_a_small_plan_then_reads_all_of_it),
        cmocka_unit_test(test_plan_decode__given_rows_in_any_direction_then_finds_neighbours),
        cmocka_unit_test(test_plan_seat_find__given_strange_ids_then_finds_nothing),
        cmocka_unit_test(test_plan_decode__given_a_wrong_seat_then_says_which),
        cmocka_unit_test(test_plan_decode__given_wrong_parts_then_refuses),
        cmocka_unit_test(test_plan_decode__given_other_bytes_then_refuses),
        cmocka_unit_test(test_plan_decode__given_60000_seats_then_takes_under_4_mb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
