#include "edge/seat_map.h"
#include "tests/unit/edge/edge_plan.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint64_t random_next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return *seed >> 33;
}

static int setup(void **state)
{
    *state = edge_plan_make(7, 10, 20);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    plan_free(*state);
    return 0;
}

static uint64_t little(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = bytes; i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

// What a client does with seats.bin: its own map, a byte a seat.
typedef struct client {
    uint64_t version;
    uint32_t count;
    uint8_t states[SEATS_PER_EVENT_MAX];
} client;

static void client_take(client *c, const uint8_t *b, size_t bytes)
{
    assert_true(bytes >= SEAT_MAP_HEAD_BYTES);
    assert_memory_equal(b, "CVS1", 4);
    uint32_t count = (uint32_t)little(b + 24, 4);
    const uint8_t *body = b + SEAT_MAP_HEAD_BYTES;
    if (b[4] == 1) {
        assert_int_equal(bytes, SEAT_MAP_HEAD_BYTES + (count + 3) / 4);
        for (uint32_t i = 0; i < count; i++)
            c->states[i] = body[i / 4] >> (i % 4 * 2) & 3;
        c->count = count;
    } else {
        assert_int_equal(b[4], 2);
        assert_int_equal(little(b + 16, 8), c->version);
        assert_int_equal(bytes, SEAT_MAP_HEAD_BYTES + count * 4);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t packed = (uint32_t)little(body + i * 4, 4);
            c->states[packed / 4] = packed % 4;
        }
    }
    c->version = little(b + 8, 8);
}

static void assert_same(const seat_map *m, const client *c)
{
    assert_int_equal(c->version, m->version);
    assert_int_equal(c->count, m->plan->seats_count);
    for (uint32_t i = 0; i < c->count; i++)
        assert_int_equal(c->states[i], seat_map_state(m, i));
}

static void assert_counts(const seat_map *m)
{
    uint32_t counts[SEAT_STATES] = {0}, available[64] = {0};
    for (uint32_t i = 0; i < m->plan->seats_count; i++) {
        seat_state state = seat_map_state(m, i);
        counts[state]++;
        available[m->plan->seat_section[i]] += state == SEAT_AVAILABLE;
    }
    assert_memory_equal(counts, m->counts, sizeof counts);
    assert_memory_equal(available, m->section_available,
                        m->plan->sections_count * sizeof *available);
}

static void test_seat_map_new__given_a_plan_then_all_but_blocked_seats_are_free(void **state)
{
    seat_map *m = seat_map_new(*state);
    assert_non_null(m);
    assert_int_equal(m->counts[SEAT_BLOCKED], 14);
    assert_int_equal(m->counts[SEAT_AVAILABLE], 1400 - 14);
    assert_counts(m);
    seat_map_free(m);
}

static void test_seat_map_apply__given_versions_then_tells_old_gap_and_overlap(void **state)
{
    seat_map *m = seat_map_new(*state);
    const uint32_t held[] = {5 * 4 + SEAT_HELD}, sold[] = {5 * 4 + SEAT_SOLD};
    const uint32_t beyond[] = {1400 * 4}, blocked[] = {99 * 4 + SEAT_HELD};
    assert_int_equal(seat_map_apply(m, 1, 3, held, 1), SEAT_MAP_APPLIED);
    assert_int_equal(m->version, 3);
    assert_int_equal(seat_map_apply(m, 1, 3, sold, 1), SEAT_MAP_OLD);
    assert_int_equal(seat_map_apply(m, 5, 6, sold, 1), SEAT_MAP_GAP);
    assert_int_equal(seat_map_state(m, 5), SEAT_HELD);
    assert_int_equal(seat_map_apply(m, 2, 6, sold, 1), SEAT_MAP_APPLIED);
    assert_int_equal(seat_map_state(m, 5), SEAT_SOLD);
    assert_int_equal(seat_map_apply(m, 7, 7, beyond, 1), SEAT_MAP_BAD);
    assert_int_equal(m->version, 6);
    assert_int_equal(seat_map_apply(m, 7, 7, blocked, 1), SEAT_MAP_APPLIED);
    assert_int_equal(seat_map_state(m, 99), SEAT_BLOCKED);
    assert_int_equal(seat_map_apply(m, 8, 9, NULL, 0), SEAT_MAP_APPLIED);
    assert_counts(m);
    seat_map_free(m);
}

static void test_seat_map_load__given_an_older_snapshot_then_keeps_what_it_has(void **state)
{
    seat_map *m = seat_map_new(*state);
    uint8_t states[1400] = {0};
    const uint32_t held[] = {7 * 4 + SEAT_HELD};
    assert_true(seat_map_load(m, 10, states));
    assert_int_equal(seat_map_apply(m, 11, 11, held, 1), SEAT_MAP_APPLIED);
    assert_false(seat_map_load(m, 10, states));
    assert_int_equal(seat_map_state(m, 7), SEAT_HELD);
    seat_map_free(m);
}

static void test_seat_map_encode__given_versions_the_ring_lost_then_sends_the_map(void **state)
{
    static uint8_t buffer[SEAT_MAP_BYTES_MAX];
    seat_map *m = seat_map_new(*state);
    uint8_t states[1400] = {0};
    assert_true(seat_map_load(m, 100, states));
    for (uint32_t i = 0; i < 300; i++) {
        uint32_t change = i % 90 * 4 + (i / 90 % 2 == 0 ? SEAT_HELD : SEAT_AVAILABLE);
        assert_int_equal(seat_map_apply(m, 101 + i, 101 + i, &change, 1), SEAT_MAP_APPLIED);
    }
    assert_int_equal(seat_map_encode(m, 400, buffer), SEAT_MAP_HEAD_BYTES);
    assert_int_equal(buffer[4], 2);
    seat_map_encode(m, 390, buffer);
    assert_int_equal(buffer[4], 2);
    assert_int_equal(little(buffer + 24, 4), 10);
    seat_map_encode(m, 315, buffer); // more than the ring began with
    assert_int_equal(buffer[4], 2);
    assert_int_equal(little(buffer + 24, 4), 85);
    const uint64_t whole[] = {0, 50, 100, 150, 312, 401, UINT64_MAX};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        seat_map_encode(m, whole[i], buffer);
        assert_int_equal(buffer[4], 1);
    }
    seat_map_free(m);
}

// A thousand maps that are looked at and hardly change cost little more than their states.
static void test_seat_map__given_few_changes_then_its_ring_is_small(void **state)
{
    plan *p = edge_plan_make(6, 100, 100);
    seat_map *m = seat_map_new(p);
    (void)state;
    assert_in_range(seat_map_memory_bytes(m), 15000, 15000 + 1000);
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t change = i % 50 * 4 + (i / 50 % 2 == 0 ? SEAT_HELD : SEAT_AVAILABLE);
        assert_int_equal(seat_map_apply(m, 1 + i, 1 + i, &change, 1), SEAT_MAP_APPLIED);
    }
    assert_in_range(seat_map_memory_bytes(m), 15000 + 30000, 15000 + 30000 + 1000);
    seat_map_free(m);
    plan_free(p);
}

// Deltas, snapshots and clients that poll at random times all tell the same story.
static void test_seat_map__given_random_histories_then_deltas_equal_a_new_snapshot(void **state)
{
    static uint8_t buffer[SEAT_MAP_BYTES_MAX], truth[1400];
    static client c;
    const plan *p = *state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        uint64_t r = seed, version = random_next(&r) % 5;
        memset(truth, 0, sizeof truth);
        seat_map *m = seat_map_new(p);
        assert_true(seat_map_load(m, version, truth));
        client_take(&c, buffer, seat_map_encode(m, 0, buffer));
        for (int step = 0; step < 200; step++) {
            uint32_t changes[8];
            size_t count = random_next(&r) % 8;
            for (size_t i = 0; i < count; i++) {
                uint32_t seat = (uint32_t)(random_next(&r) % p->seats_count);
                uint8_t to = (uint8_t)(random_next(&r) % 3);
                truth[seat] = to;
                changes[i] = seat * 4 + to;
            }
            uint64_t first = version + 1;
            version += 1 + random_next(&r) % 3;
            if (random_next(&r) % 10 == 0) // lost: the next one shows a gap
                continue;
            if (seat_map_apply(m, first, version, changes, count) == SEAT_MAP_GAP)
                assert_true(seat_map_load(m, version, truth));
            if (random_next(&r) % 4 == 0) {
                client_take(&c, buffer, seat_map_encode(m, c.version, buffer));
                assert_same(m, &c);
            }
        }
        assert_true(seat_map_load(m, ++version, truth));
        assert_counts(m);
        client_take(&c, buffer, seat_map_encode(m, c.version, buffer));
        assert_same(m, &c);
        for (uint32_t i = 0; i < p->seats_count; i++)
            if (!(p->seat_flags[i] & SEAT_FLAG_BLOCKED))
                assert_int_equal(c.states[i], truth[i]);
        seat_map_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seat_map_new__given_a_plan_then_all_but_blocked_seats_are_free),
        cmocka_unit_test(test_seat_map_apply__given_versions_then_tells_old_gap_and_overlap),
        cmocka_unit_test(test_seat_map_load__given_an_older_snapshot_then_keeps_what_it_has),
        cmocka_unit_test(test_seat_map__given_few_changes_then_its_ring_is_small),
        cmocka_unit_test(test_seat_map_encode__given_versions_the_ring_lost_then_sends_the_map),
        cmocka_unit_test(test_seat_map__given_random_histories_then_deltas_equal_a_new_snapshot),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
