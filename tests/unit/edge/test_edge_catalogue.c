#include "edge/answer_cache.h"
#include "edge/catalogue.h"
#include "tests/unit/edge/edge_plan.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

typedef struct world {
    catalogue *catalogue;
    plan_shelf *plans;
    int64_t now_us;
    int event_reads, tag_reads, plan_loads, layout_loads;
    bool database_down;
    load_gate gate;
    int32_t hold_seconds;
} world;

static const event_id known = {{{1, 2, 3, [15] = 7}}};
enum { KNOWN_TAG = 4711 };

static store_result source_event(void *self, const event_id *id, event_detail *ret_detail,
                                 bool *ret_found)
{
    world *w = self;
    w->event_reads++;
    if (w->database_down)
        return STORE_UNKNOWN;
    *ret_found = uuid_equal(&id->u, &known.u);
    if (*ret_found) {
        *ret_detail = (event_detail){.hold_seconds = w->hold_seconds};
        ret_detail->row.id = known;
        ret_detail->plan_hash.bytes[0] = 1;
    }
    return STORE_OK;
}

static store_result source_tag(void *self, uint32_t tag, event_id *ret_id, bool *ret_found)
{
    world *w = self;
    w->tag_reads++;
    if (w->database_down)
        return STORE_UNKNOWN;
    *ret_found = tag == KNOWN_TAG;
    if (*ret_found)
        *ret_id = known;
    return STORE_OK;
}

static int64_t source_now(void *self)
{
    return ((world *)self)->now_us;
}

static plan_load_result source_plan(void *self, const digest32 *hash, plan **ret_plan)
{
    world *w = self;
    w->plan_loads++;
    if (w->database_down)
        return PLAN_FAILED;
    if (hash->bytes[0] != 1)
        return PLAN_UNKNOWN;
    *ret_plan = edge_plan_make(1, 2, 5);
    return PLAN_LOADED;
}

static plan_load_result source_layout(void *self, const digest32 *hash, shared_bytes **ret_layout)
{
    world *w = self;
    char *text = malloc(2);
    w->layout_loads++;
    if (hash->bytes[0] != 1 || !text) {
        free(text);
        return PLAN_UNKNOWN;
    }
    memcpy(text, "{}", 2);
    *ret_layout = shared_bytes_take(text, 2);
    return PLAN_LOADED;
}

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    plan_source plans = {w, source_plan, source_layout, NULL};
    catalogue_source events = {w, source_event, source_tag, source_now, &w->gate};
    w->now_us = 1000000000;
    w->hold_seconds = 600;
    w->gate.inside_max = 1;
    w->plans = plan_shelf_new(&plans);
    w->catalogue = catalogue_new_bare(&events, w->plans);
    *state = w;
    return w->plans && w->catalogue ? 0 : -1;
}

static int teardown(void **state)
{
    world *w = *state;
    catalogue_free(w->catalogue);
    plan_shelf_free(w->plans);
    free(w);
    return 0;
}

static void test_catalogue_get__given_a_known_event_then_reads_it_once_while_fresh(void **state)
{
    world *w = *state;
    for (int i = 0; i < 3; i++) {
        CATALOGUE_EVENT_AUTO *e = NULL;
        assert_int_equal(catalogue_get(w->catalogue, &known, &e), ERROR_NONE);
        assert_int_equal(e->plan->plan->seats_count, 10);
        assert_int_equal(e->detail.hold_seconds, 600);
    }
    assert_int_equal(w->event_reads, 1);
    w->hold_seconds = 60;
    w->now_us += (CATALOGUE_FRESH_MS + 1) * 1000;
    CATALOGUE_EVENT_AUTO *e = NULL;
    assert_int_equal(catalogue_get(w->catalogue, &known, &e), ERROR_NONE);
    assert_int_equal(e->detail.hold_seconds, 60);
    assert_int_equal(w->event_reads, 2);
    assert_int_equal(w->plan_loads, 1);
}

static void test_catalogue_get__given_an_event_about_to_be_old_then_nobody_waits(void **state)
{
    world *w = *state;
    CATALOGUE_EVENT_AUTO *first = NULL, *second = NULL, *third = NULL, *fourth = NULL;
    assert_int_equal(catalogue_get(w->catalogue, &known, &first), ERROR_NONE);
    assert_false(catalogue_keep_one(w->catalogue));
    w->hold_seconds = 60;
    w->now_us += (CATALOGUE_FRESH_MS - CATALOGUE_AHEAD_MS) * 1000;
    assert_int_equal(catalogue_get(w->catalogue, &known, &second), ERROR_NONE);
    assert_int_equal(catalogue_get(w->catalogue, &known, &third), ERROR_NONE);
    assert_ptr_equal(first, second);
    assert_ptr_equal(first, third);
    assert_true(catalogue_keep_one(w->catalogue));
    assert_false(catalogue_keep_one(w->catalogue)); // it was asked for once
    assert_int_equal(w->event_reads, 2);
    w->now_us += CATALOGUE_AHEAD_MS * 1000;
    assert_int_equal(catalogue_get(w->catalogue, &known, &fourth), ERROR_NONE);
    assert_int_equal(fourth->detail.hold_seconds, 60);
    assert_int_equal(w->event_reads, 2);
}

static void test_catalogue_keep__given_no_database_then_it_is_not_asked_without_pause(void **state)
{
    world *w = *state;
    CATALOGUE_EVENT_AUTO *first = NULL, *second = NULL, *third = NULL;
    assert_int_equal(catalogue_get(w->catalogue, &known, &first), ERROR_NONE);
    w->database_down = true;
    w->now_us += (CATALOGUE_FRESH_MS - CATALOGUE_AHEAD_MS) * 1000;
    assert_int_equal(catalogue_get(w->catalogue, &known, &second), ERROR_NONE);
    assert_true(catalogue_keep_one(w->catalogue));
    assert_int_equal(w->event_reads, 2);
    assert_int_equal(catalogue_get(w->catalogue, &known, &third), ERROR_NONE);
    assert_ptr_equal(first, third);
    assert_false(catalogue_keep_one(w->catalogue));
}

static void test_catalogue_get__given_an_unknown_event_then_remembers_that(void **state)
{
    world *w = *state;
    event_id other = {{{8}}};
    CATALOGUE_EVENT_AUTO *e = NULL;
    for (int i = 0; i < 3; i++)
        assert_int_equal(catalogue_get(w->catalogue, &other, &e), ERROR_NOT_FOUND);
    assert_null(e);
    assert_int_equal(w->event_reads, 1);
}

static void test_catalogue_get__given_no_database_then_goes_on_with_the_old_one(void **state)
{
    world *w = *state;
    CATALOGUE_EVENT_AUTO *first = NULL, *second = NULL, *third = NULL;
    assert_int_equal(catalogue_get(w->catalogue, &known, &first), ERROR_NONE);
    w->database_down = true;
    w->now_us += 3600 * 1000000LL;
    assert_int_equal(catalogue_get(w->catalogue, &known, &second), ERROR_NONE);
    assert_int_equal(catalogue_get(w->catalogue, &known, &third), ERROR_NONE);
    assert_int_equal(w->event_reads, 2); // not again before the pause is over
    assert_ptr_equal(first, second);
}

static void
test_catalogue_get__given_no_database_at_first_then_is_unavailable_and_recovers(void **state)
{
    world *w = *state;
    CATALOGUE_EVENT_AUTO *e = NULL;
    w->database_down = true;
    assert_int_equal(catalogue_get(w->catalogue, &known, &e), ERROR_UNAVAILABLE);
    assert_int_equal(catalogue_get(w->catalogue, &known, &e), ERROR_UNAVAILABLE);
    assert_int_equal(w->event_reads, 1);
    w->database_down = false;
    w->now_us += (CATALOGUE_RETRY_MS + 1) * 1000;
    assert_int_equal(catalogue_get(w->catalogue, &known, &e), ERROR_NONE);
}

static void
test_catalogue_get__given_a_full_gate_then_goes_on_with_the_old_one_or_refuses(void **state)
{
    world *w = *state;
    event_id other = {{{8}}};
    CATALOGUE_EVENT_AUTO *e = NULL, *old = NULL, *none = NULL;
    assert_int_equal(catalogue_get(w->catalogue, &known, &e), ERROR_NONE);
    w->now_us += (CATALOGUE_FRESH_MS + 1) * 1000;
    w->gate.inside = w->gate.inside_max;
    assert_int_equal(catalogue_get(w->catalogue, &known, &old), ERROR_NONE);
    assert_ptr_equal(old, e);
    assert_int_equal(catalogue_get(w->catalogue, &other, &none), ERROR_OVERLOADED);
    assert_int_equal(w->event_reads, 1);
    w->gate.inside = 0;
    assert_int_equal(catalogue_get(w->catalogue, &other, &none), ERROR_NOT_FOUND);
    assert_int_equal(w->gate.inside, 0);
}

static void test_catalogue_get_by_tag__given_tags_then_finds_the_event_behind(void **state)
{
    world *w = *state;
    for (int i = 0; i < 2; i++) {
        CATALOGUE_EVENT_AUTO *e = NULL;
        assert_int_equal(catalogue_get_by_tag(w->catalogue, KNOWN_TAG, &e), ERROR_NONE);
        assert_true(uuid_equal(&e->detail.row.id.u, &known.u));
        catalogue_event *none = NULL;
        assert_int_equal(catalogue_get_by_tag(w->catalogue, 5, &none), ERROR_NOT_FOUND);
    }
    assert_int_equal(w->tag_reads, 2);
    assert_int_equal(w->event_reads, 1);
}

static void test_catalogue_get__given_more_events_than_fit_then_forgets_the_oldest(void **state)
{
    world *w = *state;
    CATALOGUE_EVENT_AUTO *e = NULL;
    assert_int_equal(catalogue_get(w->catalogue, &known, &e), ERROR_NONE);
    for (uint32_t i = 0; i < 4 * CATALOGUE_SETS * CATALOGUE_WAYS; i++) {
        event_id other = {{{0xaa}}};
        catalogue_event *none = NULL;
        memcpy(other.u.bytes + 4, &i, sizeof i);
        memcpy(other.u.bytes + 12, &i, sizeof i);
        assert_int_equal(catalogue_get(w->catalogue, &other, &none), ERROR_NOT_FOUND);
    }
    CATALOGUE_EVENT_AUTO *again = NULL;
    assert_int_equal(catalogue_get(w->catalogue, &known, &again), ERROR_NONE);
    assert_int_equal(e->detail.hold_seconds, 600); // still whole for whoever has it
}

static void test_plan_shelf__given_hashes_then_loads_each_form_once(void **state)
{
    world *w = *state;
    digest32 hash = {{1}}, unknown = {{2}};
    for (int i = 0; i < 2; i++) {
        shared_plan *p = NULL;
        shared_bytes *layout = NULL;
        assert_int_equal(plan_shelf_get(w->plans, &hash, &p), ERROR_NONE);
        assert_int_equal(plan_shelf_layout(w->plans, &hash, &layout), ERROR_NONE);
        assert_int_equal(layout->count, 2);
        shared_plan_unref(p);
        shared_bytes_unref(layout);
        assert_int_equal(plan_shelf_get(w->plans, &unknown, &p), ERROR_NOT_FOUND);
    }
    assert_int_equal(w->layout_loads, 1);
    assert_int_equal(w->plan_loads, 3);
}

static void
test_answer_cache__given_an_old_answer_then_one_builds_and_the_others_have_it(void **state)
{
    answer_cache *c = answer_cache_new();
    digest16 key = {{1}}, other = {{1, [15] = 1}}; // the same slot
    int64_t now_us = 1000000000;
    (void)state;
    assert_null(answer_cache_get(c, &key, now_us));
    shared_bytes *b = shared_bytes_take(calloc(1, 1), 1);
    answer_cache_put(c, &key, b, now_us);
    shared_bytes *got = answer_cache_get(c, &key, now_us + 999999);
    assert_ptr_equal(got, b);
    shared_bytes_unref(got);
    assert_null(answer_cache_get(c, &other, now_us));
    now_us += ANSWER_CACHE_FRESH_MS * 1000;
    assert_null(answer_cache_get(c, &key, now_us)); // this one builds
    got = answer_cache_get(c, &key, now_us);        // the others do not wait
    assert_ptr_equal(got, b);
    shared_bytes_unref(got);
    assert_null(answer_cache_get(c, &key, now_us + ANSWER_CACHE_BUILD_MS * 1000));
    got = answer_cache_old(c, &key, now_us);
    assert_ptr_equal(got, b);
    shared_bytes_unref(got);
    assert_null(answer_cache_old(c, &key, now_us + (int64_t)ANSWER_CACHE_STALE_MS * 1000));
    shared_bytes_unref(b);
    answer_cache_free(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

// Any plan: each of the same size.
static plan_load_result shelf_plan(void *self, const digest32 *hash, plan **ret_plan)
{
    (void)hash;
    ++*(int *)self;
    *ret_plan = edge_plan_make(1, 2, 5);
    return PLAN_LOADED;
}

static shared_plan *shelf_take(plan_shelf *shelf, int number)
{
    digest32 hash = {{(uint8_t)number, (uint8_t)(number >> 8)}};
    shared_plan *p = NULL;
    assert_int_equal(plan_shelf_get(shelf, &hash, &p), ERROR_NONE);
    return p;
}

static void test_plan_shelf__given_more_than_fits_then_forgets_what_nobody_has(void **state)
{
    int loads = 0;
    plan_source source = {&loads, shelf_plan, NULL, NULL};
    shared_plan *more[4];
    plan *one = edge_plan_make(1, 2, 5);
    size_t each_bytes = one->memory_bytes;
    (void)state;
    plan_free(one);
    plan_shelf *shelf = plan_shelf_new_sized(&source, 3 * each_bytes);
    shared_plan *kept = shelf_take(shelf, 0);
    for (int i = 1; i < 9; i++)
        shared_plan_unref(shelf_take(shelf, i));
    assert_int_equal(loads, 9);
    assert_int_equal(plan_shelf_bytes(shelf), 3 * each_bytes);
    shared_plan *again = shelf_take(shelf, 0);
    assert_ptr_equal(again, kept);
    assert_int_equal(loads, 9); // and not once more
    shared_plan_unref(again);
    for (int i = 0; i < 4; i++)
        more[i] = shelf_take(shelf, 20 + i);
    assert_int_equal(plan_shelf_bytes(shelf), 5 * each_bytes); // somebody has each of them
    for (int i = 0; i < 4; i++)
        shared_plan_unref(more[i]);
    shared_plan_unref(kept);
    shared_plan_unref(shelf_take(shelf, 30));
    assert_int_equal(plan_shelf_bytes(shelf), 3 * each_bytes);
    plan_shelf_free(shelf);
}

static void test_plan_shelf__given_more_plans_than_slots_then_goes_on(void **state)
{
    enum { PLANS = PLAN_SHELF_PLANS_MAX + 8 };
    static shared_plan *plans[PLANS];
    int loads = 0;
    plan_source source = {&loads, shelf_plan, NULL, NULL};
    plan_shelf *shelf = plan_shelf_new(&source);
    (void)state;
    for (int i = 0; i < PLANS; i++)
        plans[i] = shelf_take(shelf, i);
    for (int i = 0; i < PLANS; i++)
        shared_plan_unref(plans[i]);
    plan_shelf_free(shelf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_catalogue_get__given_a_known_event_then_reads_it_once_while_fresh),
        TEST(test_catalogue_get__given_an_event_about_to_be_old_then_nobody_waits),
        TEST(test_catalogue_keep__given_no_database_then_it_is_not_asked_without_pause),
        TEST(test_catalogue_get__given_an_unknown_event_then_remembers_that),
        TEST(test_catalogue_get__given_no_database_then_goes_on_with_the_old_one),
        TEST(test_catalogue_get__given_no_database_at_first_then_is_unavailable_and_recovers),
        TEST(test_catalogue_get__given_a_full_gate_then_goes_on_with_the_old_one_or_refuses),
        TEST(test_catalogue_get_by_tag__given_tags_then_finds_the_event_behind),
        TEST(test_catalogue_get__given_more_events_than_fit_then_forgets_the_oldest),
        TEST(test_plan_shelf__given_hashes_then_loads_each_form_once),
        TEST(test_plan_shelf__given_more_than_fits_then_forgets_what_nobody_has),
        TEST(test_plan_shelf__given_more_plans_than_slots_then_goes_on),
        TEST(test_answer_cache__given_an_old_answer_then_one_builds_and_the_others_have_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
