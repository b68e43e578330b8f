#include "edge/live_private.h"
#include "schemas/cavea.pb-c.h"
#include "tests/unit/edge/edge_plan.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

// A database and a broker in memory. Deltas reach the maps only while subscribed.
typedef struct world {
    live *live;
    shared_plan *plan;
    int64_t now_us;
    uint64_t version;
    uint8_t states[400];
    int subscriptions, flushes, snapshots, others, others_ended;
    int subscribed; // to the event of most tests
    bool database_down;
    load_gate gate;
    // Something that happens between the flush and the snapshot, or while it is read.
    void (*before_snapshot)(struct world *w);
} world;

static const event_id event = {{{1, 2, 3}}};

static void change(world *w, uint32_t seat, seat_state state, bool lost)
{
    uint32_t packed = seat * 4 + state;
    uint8_t bytes[64];
    Cavea__V1__LiveDelta m = CAVEA__V1__LIVE_DELTA__INIT;
    m.first_version = m.last_version = ++w->version;
    m.seats = &packed;
    m.n_seats = 1;
    w->states[seat] = (uint8_t)state;
    size_t count = cavea__v1__live_delta__pack(&m, bytes);
    if (w->subscribed && !lost)
        live_receive(w->live, &event, bytes, count);
}

static bool link_subscribe(void *self, const event_id *id, void **ret_subscription)
{
    world *w = self;
    w->subscriptions++;
    w->subscribed += uuid_equal(&id->u, &event.u);
    *ret_subscription = uuid_equal(&id->u, &event.u) ? w : (void *)&w->others;
    return true;
}

static void link_unsubscribe(void *self, void *subscription)
{
    world *w = self;
    if (subscription == w)
        w->subscribed--;
    else
        w->others_ended++;
}

static bool link_flush(void *self)
{
    world *w = self;
    w->flushes++;
    return true;
}

static bool link_snapshot(void *self, const event_id *id, uint32_t seats_count, uint8_t *ret_states,
                          uint64_t *ret_version)
{
    world *w = self;
    (void)id;
    if (w->before_snapshot)
        w->before_snapshot(w);
    if (w->database_down)
        return false;
    memcpy(ret_states, w->states, seats_count);
    *ret_version = w->version;
    w->snapshots++;
    return true;
}

static int64_t link_now(void *self)
{
    return ((world *)self)->now_us;
}

static live_link link_of(world *w)
{
    return (live_link){w,        link_subscribe, link_unsubscribe, link_flush, link_snapshot,
                       link_now, &w->gate};
}

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    digest32 hash = {{1}};
    live_link link = link_of(w);
    w->now_us = 1000000000;
    w->gate.inside_max = 2;
    w->version = 5;
    w->plan = shared_plan_take(&hash, edge_plan_make(2, 10, 20));
    w->live = live_new_bare(&link, (size_t)1 << 30);
    *state = w;
    return w->plan && w->live ? 0 : -1;
}

static int teardown(void **state)
{
    world *w = *state;
    live_free(w->live);
    assert_false(w->subscribed);
    shared_plan_unref(w->plan);
    free(w);
    return 0;
}

static live_event *enter(world *w)
{
    error_code error = ERROR_NONE;
    live_event *e = live_enter(w->live, &event, w->plan, w->now_us + 1000000, &error);
    assert_non_null(e);
    return e;
}

static void assert_current(world *w, live_event *e)
{
    uint8_t states[400];
    live_stamp stamp;
    live_states(e, 0, 400, states, &stamp);
    assert_int_equal(stamp.version, w->version);
    for (uint32_t i = 0; i < 400; i++)
        if (i % 100 != 99)
            assert_int_equal(states[i], w->states[i]);
}

static void test_live_enter__given_a_first_look_then_subscribes_before_the_snapshot(void **state)
{
    world *w = *state;
    w->states[3] = SEAT_SOLD;
    live_event *e = enter(w);
    assert_int_equal(w->subscriptions, 1);
    assert_int_equal(w->flushes, 1);
    assert_int_equal(w->snapshots, 1);
    assert_current(w, e);
    change(w, 7, SEAT_HELD, false);
    assert_current(w, e);
    live_event *again = enter(w);
    assert_ptr_equal(again, e);
    assert_int_equal(w->snapshots, 1);
    live_leave(w->live, again);
    live_leave(w->live, e);
}

static void change_seat_8(world *w)
{
    w->before_snapshot = NULL;
    change(w, 8, SEAT_HELD, false);
}

static void test_live_enter__given_a_delta_during_the_load_then_it_is_applied_once(void **state)
{
    world *w = *state;
    w->before_snapshot = change_seat_8;
    live_event *e = enter(w);
    assert_current(w, e);
    live_leave(w->live, e);
}

static void test_live__given_a_gap_then_serves_the_old_map_and_loads_a_new_one(void **state)
{
    world *w = *state;
    live_event *e = enter(w);
    change(w, 1, SEAT_HELD, true);
    change(w, 2, SEAT_HELD, false);
    change(w, 3, SEAT_HELD, false);
    assert_int_equal(live_stamp_of(e).version, 5);
    live_tick(w->live);
    assert_int_equal(w->snapshots, 1); // too soon after the last one
    w->now_us += LIVE_RELOAD_PAUSE_MS * 1000;
    live_tick(w->live);
    assert_int_equal(w->snapshots, 2);
    assert_current(w, e);
    change(w, 4, SEAT_HELD, false);
    assert_current(w, e);
    live_leave(w->live, e);
}

static void test_live__given_a_reply_of_a_later_version_then_loads_what_was_lost(void **state)
{
    world *w = *state;
    live_event *e = enter(w);
    change(w, 1, SEAT_HELD, true);
    live_heard(w->live, &event, w->version);
    live_tick(w->live); // sees it
    w->now_us += LIVE_BEHIND_MS * 1000 - 1;
    live_tick(w->live);
    assert_int_equal(w->snapshots, 1);
    w->now_us += 2;
    live_tick(w->live);
    assert_current(w, e);
    w->now_us += 10 * LIVE_BEHIND_MS * 1000;
    live_tick(w->live);
    assert_int_equal(w->snapshots, 2);
    live_leave(w->live, e);
}

static void test_live__given_long_silence_then_looks_again_while_somebody_looks(void **state)
{
    world *w = *state;
    live_event *e = enter(w);
    change(w, 1, SEAT_HELD, true);
    w->now_us += (int64_t)LIVE_VERIFY_MS * 1000 + 1;
    live_tick(w->live);
    assert_int_equal(w->snapshots, 1);
    live_leave(w->live, enter(w));
    live_tick(w->live);
    assert_current(w, e);
    live_leave(w->live, e);
}

static void test_live__given_a_lost_connection_then_loads_after_it(void **state)
{
    world *w = *state;
    live_event *e = enter(w);
    change(w, 1, SEAT_HELD, true);
    live_reconnected(w->live);
    w->now_us += LIVE_RELOAD_PAUSE_MS * 1000;
    live_tick(w->live);
    assert_current(w, e);
    live_leave(w->live, e);
}

static void test_live__given_no_database_then_keeps_the_old_map_and_tries_again(void **state)
{
    world *w = *state;
    live_event *e = enter(w);
    w->database_down = true;
    live_reconnected(w->live);
    w->now_us += LIVE_RELOAD_PAUSE_MS * 1000;
    live_tick(w->live);
    change(w, 9, SEAT_SOLD, false);
    assert_int_equal(live_stamp_of(e).version, 5);
    w->database_down = false;
    w->now_us += LIVE_RELOAD_PAUSE_MS * 1000;
    live_tick(w->live);
    assert_current(w, e);
    live_leave(w->live, e);
}

static void test_live_enter__given_no_database_at_first_then_refuses_and_recovers(void **state)
{
    world *w = *state;
    error_code error = ERROR_NONE;
    w->database_down = true;
    assert_null(live_enter(w->live, &event, w->plan, w->now_us + 1000000, &error));
    assert_int_equal(error, ERROR_UNAVAILABLE);
    w->database_down = false;
    live_event *e = enter(w);
    assert_int_equal(w->subscriptions, 1);
    assert_current(w, e);
    live_leave(w->live, e);
}

static void test_live_enter__given_a_full_gate_then_only_what_is_there_is_served(void **state)
{
    world *w = *state;
    error_code error = ERROR_NONE;
    event_id cold = {{{8}}};
    live_event *e = enter(w);
    assert_int_equal(w->gate.inside, 0);
    w->gate.inside = w->gate.inside_max;
    assert_null(live_enter(w->live, &cold, w->plan, w->now_us + 1000000, &error));
    assert_int_equal(error, ERROR_OVERLOADED);
    live_leave(w->live, enter(w));
    w->gate.inside = 0;
    live_event *c = live_enter(w->live, &cold, w->plan, w->now_us + 1000000, &error);
    assert_non_null(c);
    live_leave(w->live, c);
    live_leave(w->live, e);
}

static void test_live__given_nobody_who_looks_then_drops_the_map(void **state)
{
    world *w = *state;
    live_leave(w->live, enter(w));
    w->now_us += (int64_t)LIVE_IDLE_MS * 1000;
    live_tick(w->live);
    assert_true(w->subscribed);
    w->now_us += 1000;
    live_tick(w->live);
    assert_false(w->subscribed);
    live_leave(w->live, enter(w));
    assert_int_equal(w->subscriptions, 2);
}

static void test_live__given_versions_then_builds_each_answer_once(void **state)
{
    world *w = *state;
    live_event *e = enter(w);
    shared_bytes *a = live_availability(e), *b = live_availability(e);
    assert_ptr_equal(a, b);
    assert_string_equal(a->etag, "\"a5\"");
    static const char expected[] =
        "{\"version\":5,\"available\":396,\"held\":0,\"sold\":0,\"blocked\":4,\"sections\":"
        "[{\"id\":\"s0\",\"available\":198},{\"id\":\"s1\",\"available\":198}]}";
    assert_int_equal(a->count, sizeof expected - 1);
    assert_memory_equal(a->data, expected, a->count);
    shared_bytes *m = live_map(e);
    assert_string_equal(m->etag, "\"s5\"");
    assert_int_equal(m->count, SEAT_MAP_HEAD_BYTES + 100);
    change(w, 200, SEAT_SOLD, false);
    shared_bytes *c = live_availability(e);
    assert_string_equal(c->etag, "\"a6\"");
    assert_string_equal(a->etag, "\"a5\""); // whoever has it keeps it
    shared_bytes_unref(a);
    shared_bytes_unref(b);
    shared_bytes_unref(c);
    shared_bytes_unref(m);
    live_leave(w->live, e);
}

static void test_live__given_a_repair_of_a_version_then_answers_and_their_names_change(void **state)
{
    world *w = *state;
    live_event *e = enter(w);
    shared_bytes *before[] = {live_availability(e), live_map(e), live_changes(e, 5)};
    w->states[3] = SEAT_SOLD; // which the map has missed, without a version of its own
    w->now_us += (int64_t)LIVE_VERIFY_MS * 1000 + 1;
    live_leave(w->live, enter(w));
    live_tick(w->live);
    assert_int_equal(w->snapshots, 2);
    assert_current(w, e);
    shared_bytes *after[] = {live_availability(e), live_map(e), live_changes(e, 5)};
    assert_string_equal(after[0]->etag, "\"a5.1\"");
    assert_string_equal(after[1]->etag, "\"s5.1\"");
    assert_non_null(strstr(after[0]->data, "\"sold\":1,"));
    assert_ptr_equal(after[2], after[1]); // whoever has version 5 gets it whole
    change(w, 4, SEAT_HELD, false);
    shared_bytes *more = live_changes(e, 6);
    assert_string_equal(more->etag, "\"d6-6.1\"");
    shared_bytes_unref(more);
    for (size_t i = 0; i < 3; i++) {
        assert_string_not_equal(before[i]->etag, after[i]->etag);
        shared_bytes_unref(before[i]);
        shared_bytes_unref(after[i]);
    }
    live_leave(w->live, e);
}

static void test_live__given_deltas_without_end_then_their_sum_is_bounded(void **state)
{
    world *w = *state;
    live_link link = link_of(w);
    live_free(w->live);
    w->live = live_new_bare(&link, 2 * live_event_bytes(w->plan->plan));
    live_event *e = enter(w);
    change(w, 1, SEAT_HELD, true); // a gap: what follows waits
    size_t most = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        change(w, i % 99, SEAT_HELD, false);
        most = w->live->pending_bytes > most ? w->live->pending_bytes : most;
    }
    assert_true(most > 0 && most <= w->live->pending_max);
    w->now_us += LIVE_RELOAD_PAUSE_MS * 1000;
    live_tick(w->live);
    assert_current(w, e);
    assert_int_equal(w->live->pending_bytes, 0);
    live_leave(w->live, e);
}

static void test_live_changes__given_pollers_then_builds_each_answer_once(void **state)
{
    world *w = *state;
    live_event *e = enter(w);
    change(w, 200, SEAT_SOLD, false);
    change(w, 201, SEAT_HELD, false);
    shared_bytes *a = live_changes(e, 6), *b = live_changes(e, 6), *none = live_changes(e, 7);
    assert_ptr_equal(a, b);
    assert_int_equal(a->version, 7);
    assert_int_equal(a->count, SEAT_MAP_HEAD_BYTES + 4);
    assert_string_equal(a->etag, "\"d6-7\"");
    assert_int_equal(none->count, 0);
    assert_string_equal(none->etag, "\"d7-7\"");
    shared_bytes *unknown = live_changes(e, 3), *whole = live_map(e);
    assert_ptr_equal(unknown, whole); // not a copy for each version that was asked for
    change(w, 202, SEAT_HELD, false);
    shared_bytes *c = live_changes(e, 6);
    assert_int_equal(c->version, 8);
    assert_int_equal(c->count, SEAT_MAP_HEAD_BYTES + 8);
    shared_bytes *all[] = {a, b, none, unknown, whole, c};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        shared_bytes_unref(all[i]);
    live_leave(w->live, e);
}

static void test_live__given_more_maps_than_memory_then_the_oldest_makes_room(void **state)
{
    world *w = *state;
    error_code error;
    live_link link = link_of(w);
    live_free(w->live);
    w->live = live_new_bare(&link, 4 * live_event_bytes(w->plan->plan)); // a bit less for maps
    live_leave(w->live, enter(w));
    for (uint8_t i = 0; i < 5; i++) {
        event_id other = {{{7, i}}};
        w->now_us++;
        live_leave(w->live, enter(w)); // somebody looks at it all the time
        w->now_us++;
        live_event *e = live_enter(w->live, &other, w->plan, w->now_us + 1000000, &error);
        assert_non_null(e);
        live_leave(w->live, e);
    }
    assert_true(w->subscribed);
    assert_int_equal(w->others_ended, 3);
}

static void test_live__given_more_events_than_fit_then_the_oldest_makes_room(void **state)
{
    world *w = *state;
    error_code error;
    live_leave(w->live, enter(w));
    for (uint32_t i = 0; i < LIVE_EVENTS_MAX; i++) {
        event_id other = {{{7}}};
        memcpy(other.u.bytes + 12, &i, sizeof i);
        w->now_us++;
        live_event *e = live_enter(w->live, &other, w->plan, w->now_us + 1000000, &error);
        assert_non_null(e);
        live_leave(w->live, e);
    }
    assert_false(w->subscribed);
    assert_int_equal(w->others_ended, 0);
    live_leave(w->live, enter(w));
    assert_int_equal(w->others_ended, 1);
}

static void test_live_receive__given_rubbish_then_ignores_it(void **state)
{
    world *w = *state;
    static const uint8_t rubbish[] = {0xff, 0xff, 0xff};
    live_event *e = enter(w);
    event_id other = {{{9}}};
    live_receive(w->live, &event, rubbish, sizeof rubbish);
    live_receive(w->live, &other, rubbish, sizeof rubbish);
    change(w, 1, SEAT_HELD, false);
    assert_current(w, e);
    live_leave(w->live, e);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_live_enter__given_a_first_look_then_subscribes_before_the_snapshot),
        TEST(test_live_enter__given_a_delta_during_the_load_then_it_is_applied_once),
        TEST(test_live__given_a_gap_then_serves_the_old_map_and_loads_a_new_one),
        TEST(test_live__given_a_reply_of_a_later_version_then_loads_what_was_lost),
        TEST(test_live__given_long_silence_then_looks_again_while_somebody_looks),
        TEST(test_live__given_a_lost_connection_then_loads_after_it),
        TEST(test_live__given_no_database_then_keeps_the_old_map_and_tries_again),
        TEST(test_live_enter__given_no_database_at_first_then_refuses_and_recovers),
        TEST(test_live_enter__given_a_full_gate_then_only_what_is_there_is_served),
        TEST(test_live__given_nobody_who_looks_then_drops_the_map),
        TEST(test_live__given_versions_then_builds_each_answer_once),
        TEST(test_live__given_a_repair_of_a_version_then_answers_and_their_names_change),
        TEST(test_live__given_deltas_without_end_then_their_sum_is_bounded),
        TEST(test_live_changes__given_pollers_then_builds_each_answer_once),
        TEST(test_live__given_more_maps_than_memory_then_the_oldest_makes_room),
        TEST(test_live__given_more_events_than_fit_then_the_oldest_makes_room),
        TEST(test_live_receive__given_rubbish_then_ignores_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
