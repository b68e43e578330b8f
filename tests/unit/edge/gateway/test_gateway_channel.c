#include "edge/gateway/channel.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

enum { RING_BYTES = 1 << 20 };

static event_id event_of(uint8_t number)
{
    event_id e = {0};
    e.u.bytes[15] = number;
    return e;
}

static void take(channels *all, uint8_t event, uint64_t first, uint64_t last, uint32_t packed)
{
    event_id e = event_of(event);
    channels_take(all, &e, first, last, &packed, 1);
}

// The next chunk's text has to be this; NULL: there is none.
static void assert_sealed(channels *all, int64_t now_ms, const char *wanted)
{
    channel *c;
    chunk *sealed = channels_seal(all, now_ms, &c);
    if (!wanted) {
        assert_null(sealed);
        return;
    }
    assert_non_null(sealed);
    assert_int_equal(sealed->bytes, strlen(wanted));
    assert_memory_equal(sealed->data, wanted, sealed->bytes);
    chunk_unref(sealed);
}

#define RESET "event: reset\ndata: {}\n\n"

static void test_channels__given_changes_that_follow_then_one_chunk_has_them_all(void **state)
{
    channels *all = channels_new(8, RING_BYTES);
    event_id e = event_of(1);
    uint32_t two[] = {262143, 0};
    (void)state;
    assert_false(channels_dirty(all));
    take(all, 1, 8, 9, 12);
    channels_take(all, &e, 10, 11, two, 2);
    take(all, 1, 9, 10, 77); // old
    take(all, 2, 1, 1, 5);
    assert_true(channels_dirty(all));
    assert_sealed(all, 0, "data: {\"after\":7,\"seats\":[12,262143,0]}\nid: 11\n\n");
    assert_sealed(all, 0, "data: {\"after\":0,\"seats\":[5]}\nid: 1\n\n");
    assert_sealed(all, 0, NULL);
    assert_false(channels_dirty(all));
    channels_take(all, &e, 12, 12, NULL, 0); // a fact that moved no seat
    assert_sealed(all, 0, "data: {\"after\":11,\"seats\":[]}\nid: 12\n\n");
    channels_free(all);
}

static void test_channels__given_a_gap_then_everybody_is_reset_once_a_second(void **state)
{
    channels *all = channels_new(8, RING_BYTES);
    (void)state;
    take(all, 1, 1, 1, 4);
    assert_sealed(all, 0, "data: {\"after\":0,\"seats\":[4]}\nid: 1\n\n");
    take(all, 1, 3, 3, 8);
    take(all, 1, 4, 4, 9);
    assert_sealed(all, 1000, RESET);
    take(all, 1, 6, 6, 8);
    assert_sealed(all, 1500, NULL);
    assert_true(channels_dirty(all));
    take(all, 1, 7, 7, 8);
    assert_sealed(all, 1000 + CHANNEL_RESET_PAUSE_MS, RESET);
    take(all, 1, 8, 8, 9);
    assert_sealed(all, 2100, "data: {\"after\":7,\"seats\":[9]}\nid: 8\n\n");
    channels_free(all);
}

static void test_channels__given_more_changes_than_a_chunk_holds_then_resets(void **state)
{
    channels *all = channels_new(8, RING_BYTES);
    static uint32_t many[CHUNK_BYTES_MAX / 2];
    event_id e = event_of(1);
    const chunk *first;
    (void)state;
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        many[i] = (uint32_t)(i * 4);
    channels_take(all, &e, 1, 2, many, 200);
    channels_take(all, &e, 3, 9, many, sizeof many / sizeof *many);
    assert_sealed(all, 0, RESET);
    channel *c = channels_enter(all, &e);
    assert_false(channel_missed(c, 1, &first));
    assert_true(channel_missed(c, 9, &first));
    channels_free(all);
}

static void test_channel_missed__given_a_version_then_says_what_came_after_it(void **state)
{
    channels *all = channels_new(8, RING_BYTES);
    event_id e = event_of(1);
    const chunk *first = NULL;
    (void)state;
    channel *c = channels_enter(all, &e);
    assert_false(channel_missed(c, 3, &first)); // nothing is known of this event
    for (uint64_t v = 5; v <= 9; v += 2) {
        take(all, 1, v, v + 1, (uint32_t)v);
        chunk_unref(channels_seal(all, 0, &c));
    }
    assert_false(channel_missed(c, 3, &first));
    assert_true(channel_missed(c, 4, &first));
    assert_int_equal(first->last, 6);
    assert_true(channel_missed(c, 7, &first)); // inside a chunk: all of it again
    assert_int_equal(first->after, 6);
    assert_int_equal(first->newer->last, 10);
    assert_true(channel_missed(c, 10, &first));
    assert_null(first);
    assert_true(channel_missed(c, 11, &first)); // it is ahead of us
    channels_forget(all);
    assert_false(channel_missed(c, 10, &first));
    take(all, 1, 20, 20, 1);
    assert_sealed(all, 0, "data: {\"after\":19,\"seats\":[1]}\nid: 20\n\n");
    channels_free(all);
}

static void test_channels__given_too_many_events_then_those_without_listeners_go(void **state)
{
    channels *all = channels_new(2, RING_BYTES);
    event_id heard = event_of(1), other = event_of(2), third = event_of(3);
    channel *c;
    (void)state;
    channel *kept = channels_enter(all, &heard);
    kept->listeners = all;
    take(all, 2, 1, 1, 1);
    assert_int_equal(channels_count(all), 2);
    assert_null(channels_enter(all, &third)); // the other one is still to be told
    chunk_unref(channels_seal(all, 0, &c));
    assert_non_null(channels_enter(all, &third));
    assert_ptr_equal(channels_enter(all, &heard), kept);
    assert_int_equal(channels_count(all), 2);
    channels_enter(all, &third)->listeners = all;
    assert_null(channels_enter(all, &other));
    take(all, 2, 2, 2, 2); // nobody's
    assert_false(channels_dirty(all));
    channels_free(all);
}

// Rings are bounded for each and for all together; the one that changed longest ago gives way.
static void test_channels__given_many_chunks_then_rings_stay_within_bounds(void **state)
{
    channels *all = channels_new(64, 3 * CHANNEL_RING_BYTES_MAX / 2);
    static uint32_t many[2000];
    const chunk *first;
    channel *c;
    (void)state;
    for (uint8_t number = 1; number <= 2; number++)
        for (uint64_t v = 1; v <= 40; v++) {
            event_id e = event_of(number);
            channels_take(all, &e, v, v, many, sizeof many / sizeof *many);
            chunk_unref(channels_seal(all, 0, &c));
        }
    event_id old = event_of(1), young = event_of(2);
    channel *o = channels_enter(all, &old), *y = channels_enter(all, &young);
    assert_int_equal(o->ring_bytes, 0);
    assert_false(channel_missed(o, 39, &first));
    assert_in_range(y->ring_bytes, CHANNEL_RING_BYTES_MAX / 2, CHANNEL_RING_BYTES_MAX);
    assert_true(channel_missed(y, 39, &first));
    assert_false(channel_missed(y, 1, &first));
    channels_free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channels__given_changes_that_follow_then_one_chunk_has_them_all),
        cmocka_unit_test(test_channels__given_a_gap_then_everybody_is_reset_once_a_second),
        cmocka_unit_test(test_channels__given_more_changes_than_a_chunk_holds_then_resets),
        cmocka_unit_test(test_channel_missed__given_a_version_then_says_what_came_after_it),
        cmocka_unit_test(test_channels__given_too_many_events_then_those_without_listeners_go),
        cmocka_unit_test(test_channels__given_many_chunks_then_rings_stay_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
