#include "ops/command/plan_generate.h"

#include "ops/command/plan_pretix.h"
#include "schemas/digest.h"

#include <stdlib.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void generate(const plan_house *house, uint32_t seats, plan_draft *d, plan_form *form)
{
    assert_true(plan_draft_init(d, PLAN_BYTES_MAX));
    if (!house->generate(d, seats) || !plan_draft_finish(d, form))
        fail_msg("%s of %u: %s", house->kind, seats, d->problem);
    assert_int_equal(form->plan->seats_count, seats);
}

static int x_compare(const void *left, const void *right)
{
    const plan_seat *a = left, *b = right;
    return a->x < b->x ? -1 : a->x > b->x;
}

// The smallest squared distance between any two seats, by a sweep from left to right.
static int64_t closest(const plan *p, int32_t near)
{
    plan_seat *seats = calloc(p->seats_count, sizeof *seats);
    int64_t least = (int64_t)near * near;
    for (uint32_t i = 0; i < p->seats_count; i++)
        seats[i] = (plan_seat){.x = p->seat_x[i], .y = p->seat_y[i]};
    qsort(seats, p->seats_count, sizeof *seats, x_compare);
    for (uint32_t i = 0; i < p->seats_count; i++)
        for (uint32_t k = i + 1; k < p->seats_count && seats[k].x - seats[i].x < near; k++) {
            int64_t dx = seats[k].x - seats[i].x, dy = seats[k].y - seats[i].y;
            least = dx * dx + dy * dy < least ? dx * dx + dy * dy : least;
        }
    free(seats);
    return least;
}

static void test_plan_generate__given_the_arena_then_is_one(void **state)
{
    (void)state;
    plan_draft d;
    plan_form form;
    generate(plan_house_find("arena"), ARENA_SEATS, &d, &form);
    const plan *p = form.plan;
    assert_in_range(p->sections_count, 100, 150);
    assert_int_equal(p->categories_count, 5);
    uint32_t by_category[5] = {0}, accessible = 0, companion = 0, alone = 0;
    for (uint32_t i = 0; i < p->seats_count; i++) {
        by_category[p->seat_category[i]]++;
        accessible += (p->seat_flags[i] & SEAT_FLAG_ACCESSIBLE) != 0;
        companion += (p->seat_flags[i] & SEAT_FLAG_COMPANION) != 0;
        alone += p->seat_left[i] == PLAN_SEAT_NONE && p->seat_right[i] == PLAN_SEAT_NONE;
        assert_in_range(p->seat_x[i], 0, d.width);
        assert_in_range(p->seat_y[i], 0, d.height);
        // A companion sits beside a wheelchair place.
        if (p->seat_flags[i] & SEAT_FLAG_COMPANION) {
            uint32_t left = p->seat_left[i], right = p->seat_right[i];
            assert_true((left != PLAN_SEAT_NONE && p->seat_flags[left] == SEAT_FLAG_ACCESSIBLE) ||
                        (right != PLAN_SEAT_NONE && p->seat_flags[right] == SEAT_FLAG_ACCESSIBLE));
        }
    }
    for (int i = 0; i < 5; i++)
        assert_in_range(by_category[i], 1000, 30000);
    assert_in_range(accessible, 200, 1000);
    assert_int_equal(companion, accessible);
    assert_int_equal(alone, 0);
    for (uint32_t row = 0; row < p->rows_count; row++)
        assert_in_range(p->row_first[row + 1] - p->row_first[row], 4, 40);
    // Seats are half a metre wide: 250 units; arcs bring their middles a little closer.
    assert_true(closest(p, 250) > INT64_C(245) * 245);
    print_message("%u blocks, %u rows, %zu bytes of layout\n", p->sections_count, p->rows_count,
                  form.layout_bytes);
    plan_form_done(&form);
    plan_draft_done(&d);
}

static void test_plan_generate__given_any_number_then_has_exactly_so_many(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {300, 301, 999, 1000, 3000, 5000, 5001, 12345, 40000, 65536};
    for (size_t h = 0; h < 2; h++) {
        const plan_house *house = &plan_houses[h];
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            plan_draft d;
            plan_form form;
            if (numbers[i] < house->seats_min || numbers[i] > house->seats_max)
                continue;
            generate(house, numbers[i], &d, &form);
            assert_true(closest(form.plan, 250) > INT64_C(235) * 235);
            for (uint32_t k = 0; k < d.categories_count; k++)
                assert_true(house->price_minor[k] > 0);
            plan_form_done(&form);
            plan_draft_done(&d);
        }
    }
}

static void test_plan_generate__given_the_same_number_then_the_same_plan(void **state)
{
    (void)state;
    for (size_t h = 0; h < 2; h++) {
        plan_draft d, e;
        plan_form form, other, back;
        plan_ids_report ids;
        const plan_house *house = &plan_houses[h];
        generate(house, house->seats_standard, &d, &form);
        generate(house, house->seats_standard, &e, &other);
        assert_true(digest32_equal(&form.hash, &other.hash));
        plan_form_done(&other);
        plan_draft_done(&e);
        // And out and in again as a pretix file; flags are the side file's.
        for (uint32_t i = 0; i < d.seats_count; i++)
            d.seats[i].flags = 0;
        plan_form_done(&form);
        assert_true(plan_draft_finish(&d, &form));
        char *text = plan_pretix_write(&d);
        assert_true(plan_draft_init(&e, strlen(text)));
        assert_true(plan_pretix_read(&e, text, strlen(text), true, &ids));
        assert_true(plan_draft_finish(&e, &back));
        assert_true(digest32_equal(&form.hash, &back.hash));
        free(text);
        plan_form_done(&back);
        plan_form_done(&form);
        plan_draft_done(&e);
        plan_draft_done(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_generate__given_the_arena_then_is_one),
        cmocka_unit_test(test_plan_generate__given_any_number_then_has_exactly_so_many),
        cmocka_unit_test(test_plan_generate__given_the_same_number_then_the_same_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
