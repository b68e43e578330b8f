#include "edge/sources.h"

#include "edge/gzip.h"
#include "edge/plan_map.h"
#include "ops/host/clock.h"

#include <stdlib.h>

static int64_t source_now(void *self)
{
    (void)self;
    return clock_monotonic_us();
}

static store_result event_source(void *self, const event_id *id, event_detail *ret_detail,
                                 bool *ret_found)
{
    return read_event(((sources *)self)->pool, id, ret_detail, ret_found);
}

static store_result tag_source(void *self, uint32_t tag, event_id *ret_id, bool *ret_found)
{
    return read_event_by_tag(((sources *)self)->pool, tag, ret_id, ret_found);
}

catalogue_source sources_catalogue(sources *s)
{
    return (catalogue_source){s, event_source, tag_source, source_now, s->gate};
}

static plan_load_result plan_result(store_result result, bool found)
{
    return result != STORE_OK ? PLAN_FAILED : found ? PLAN_LOADED : PLAN_UNKNOWN;
}

static plan_load_result packed_source(void *self, const digest32 *hash, plan **ret_plan)
{
    plan_bytes bytes = {.data = NULL};
    bool found = false;
    char problem[PLAN_PROBLEM_BYTES];
    store_result read = read_plan_packed(((sources *)self)->pool, hash, &bytes, &found);
    plan_load_result result = plan_result(read, found);
    if (result == PLAN_LOADED && !plan_decode(bytes.data, bytes.bytes, ret_plan, problem))
        result = PLAN_FAILED;
    if (read == STORE_OK && found)
        plan_bytes_done(&bytes);
    return result;
}

static plan_load_result layout_source(void *self, const digest32 *hash, shared_bytes **ret_layout)
{
    plan_bytes bytes = {.data = NULL};
    bool found = false;
    store_result read = read_plan_layout(((sources *)self)->pool, hash, &bytes, &found);
    plan_load_result result = plan_result(read, found);
    if (result != PLAN_LOADED)
        return result;
    char *copy = malloc(bytes.bytes + 1);
    if (copy) {
        memcpy(copy, bytes.data, bytes.bytes);
        *ret_layout = shared_bytes_take(copy, bytes.bytes);
    }
    plan_bytes_done(&bytes);
    return *ret_layout ? PLAN_LOADED : PLAN_FAILED;
}

static shared_bytes *map_make(const plan *p, const shared_bytes *layout)
{
    char *plain, *packed;
    size_t plain_bytes, packed_bytes;
    if (!plan_map_encode(p, layout->data, layout->count, &plain, &plain_bytes))
        return NULL;
    bool made = gzip_pack(plain, plain_bytes, &packed, &packed_bytes);
    free(plain);
    return made ? shared_bytes_take(packed, packed_bytes) : NULL;
}

static plan_load_result map_source(void *self, const digest32 *hash, shared_bytes **ret_map)
{
    plan *p = NULL;
    shared_bytes *layout = NULL;
    plan_load_result result = packed_source(self, hash, &p);
    if (result == PLAN_LOADED)
        result = layout_source(self, hash, &layout);
    if (result == PLAN_LOADED)
        *ret_map = map_make(p, layout);
    plan_free(p);
    shared_bytes_unref(layout);
    return result == PLAN_LOADED && !*ret_map ? PLAN_FAILED : result;
}

plan_source sources_plans(sources *s)
{
    return (plan_source){s, packed_source, layout_source, map_source};
}

static bool live_subscribe(void *self, const event_id *event, void **ret_subscription)
{
    return live_nats_subscribe(((sources *)self)->deltas, event, ret_subscription);
}

static void live_unsubscribe(void *self, void *subscription)
{
    live_nats_unsubscribe(((sources *)self)->deltas, subscription);
}

static bool live_flush(void *self)
{
    return live_nats_flush(((sources *)self)->deltas);
}

static bool live_snapshot(void *self, const event_id *event, uint32_t seats_count,
                          uint8_t *ret_states, uint64_t *ret_version)
{
    seat_snapshot snapshot;
    bool found = false;
    if (read_seats(((sources *)self)->pool, event, &snapshot, &found) != STORE_OK || !found)
        return false;
    memset(ret_states, SEAT_AVAILABLE, seats_count);
    for (uint32_t i = 0; i < snapshot.claimed_count; i++)
        if (snapshot.claimed[i] / 4 < seats_count)
            ret_states[snapshot.claimed[i] / 4] = snapshot.claimed[i] % 4;
    *ret_version = snapshot.version;
    seat_snapshot_done(&snapshot);
    return true;
}

live_link sources_live(sources *s)
{
    return (live_link){s,          live_subscribe, live_unsubscribe, live_flush, live_snapshot,
                       source_now, s->gate};
}
