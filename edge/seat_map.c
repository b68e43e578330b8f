#include "edge/seat_map.h"

#include <assert.h>
#include <stdlib.h>

enum {
    KIND_MAP = 1,
    KIND_DELTA = 2,
    RECORD_BYTES = 4,
    RING_MIN = 64,
};

static uint32_t states_bytes(const seat_map *m)
{
    return (m->plan->seats_count + 3) / 4;
}

// A delta of more records than this is longer than the map, so the ring needs no more.
static uint32_t ring_max_of(const plan *p)
{
    uint32_t max = p->seats_count / 16;
    return max < RING_MIN ? RING_MIN : max;
}

seat_state seat_map_state(const seat_map *m, uint32_t seat)
{
    return (seat_state)(m->states[seat / 4] >> (seat % 4 * 2) & 3);
}

static void state_put(seat_map *m, uint32_t seat, seat_state state)
{
    unsigned shift = seat % 4 * 2;
    uint8_t *at = &m->states[seat / 4];
    *at = (uint8_t)((*at & ~(3u << shift)) | (unsigned)state << shift);
}

// Changes one seat together with the counts; false when it is so already.
static bool state_change(seat_map *m, uint32_t seat, seat_state state)
{
    seat_state before = seat_map_state(m, seat);
    uint32_t *available = &m->section_available[m->plan->seat_section[seat]];
    if (before == state)
        return false;
    *available -= before == SEAT_AVAILABLE;
    *available += state == SEAT_AVAILABLE;
    m->counts[before]--;
    m->counts[state]++;
    state_put(m, seat, state);
    return true;
}

static bool seat_blocked(const seat_map *m, uint32_t seat)
{
    return m->plan->seat_flags[seat] & SEAT_FLAG_BLOCKED;
}

seat_map *seat_map_new(const plan *p)
{
    seat_map *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->plan = p;
    m->ring_max = RING_MIN;
    m->section_available = calloc(p->sections_count, sizeof *m->section_available);
    m->states = calloc(states_bytes(m), 1);
    m->ring = calloc(m->ring_max, sizeof *m->ring);
    if (!m->section_available || !m->states || !m->ring) {
        seat_map_free(m);
        return NULL;
    }
    m->counts[SEAT_AVAILABLE] = p->seats_count;
    for (uint32_t seat = 0; seat < p->seats_count; seat++)
        m->section_available[p->seat_section[seat]]++;
    for (uint32_t seat = 0; seat < p->seats_count; seat++)
        if (seat_blocked(m, seat))
            state_change(m, seat, SEAT_BLOCKED);
    return m;
}

void seat_map_free(seat_map *m)
{
    if (!m)
        return;
    free(m->section_available);
    free(m->states);
    free(m->ring);
    free(m);
}

size_t seat_map_memory_bytes(const seat_map *m)
{
    return sizeof *m + m->plan->sections_count * sizeof *m->section_available + states_bytes(m) +
           m->ring_max * sizeof *m->ring;
}

static void ring_clear(seat_map *m, uint64_t version)
{
    m->ring_count = m->ring_first = 0;
    m->ring_base = m->ring_floor = version;
}

// Most maps that are looked at hardly change, so the ring begins small. One that has gone round,
// because memory was out when it was full, stays as it is until it begins anew.
static void ring_grow(seat_map *m)
{
    uint32_t max = ring_max_of(m->plan);
    if (m->ring_count < m->ring_max || m->ring_first > 0 || m->ring_max == max)
        return;
    uint32_t wanted = m->ring_max > max / 2 ? max : 2 * m->ring_max;
    seat_change *grown = realloc(m->ring, wanted * sizeof *grown);
    if (!grown)
        return;
    m->ring = grown;
    m->ring_max = wanted;
}

// Forgets the oldest change when the ring is full; all of its version is incomplete then. Versions
// are kept in 32 bits: should they run out, the ring begins anew.
static void ring_push(seat_map *m, uint64_t version, uint32_t packed)
{
    if (version - m->ring_base > UINT32_MAX)
        ring_clear(m, version);
    ring_grow(m);
    if (m->ring_count == m->ring_max) {
        m->ring_floor = m->ring_base + m->ring[m->ring_first].version;
        m->ring_first = (m->ring_first + 1) % m->ring_max;
        m->ring_count--;
    }
    uint32_t at = (m->ring_first + m->ring_count) % m->ring_max;
    m->ring[at] = (seat_change){(uint32_t)(version - m->ring_base), packed};
    m->ring_count++;
}

seat_map_result seat_map_apply(seat_map *m, uint64_t first, uint64_t last, const uint32_t *packed,
                               size_t packed_count)
{
    if (last <= m->version)
        return SEAT_MAP_OLD;
    if (first > m->version + 1)
        return SEAT_MAP_GAP;
    for (size_t i = 0; i < packed_count; i++)
        if (packed[i] / 4 >= m->plan->seats_count)
            return SEAT_MAP_BAD;
    for (size_t i = 0; i < packed_count; i++) {
        uint32_t seat = packed[i] / 4;
        if (!seat_blocked(m, seat) && state_change(m, seat, (seat_state)(packed[i] % 4)))
            ring_push(m, last, packed[i]);
    }
    m->version = last;
    return SEAT_MAP_APPLIED;
}

bool seat_map_load(seat_map *m, uint64_t version, const uint8_t *states)
{
    if (version < m->version)
        return false;
    bool first = m->version == 0, same = m->version == version;
    uint32_t changed = 0;
    for (uint32_t seat = 0; seat < m->plan->seats_count; seat++) {
        if (seat_blocked(m, seat) || !state_change(m, seat, (seat_state)(states[seat] & 3)))
            continue;
        changed++;
        if (!first && !same)
            ring_push(m, version, seat * 4 + (states[seat] & 3));
    }
    if (first)
        ring_clear(m, version);
    if (same && changed > 0) {
        m->repairs++;
        ring_clear(m, version + 1); // no changes since this version or an older one can be told
    }
    m->version = version;
    return true;
}

static void little_put(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++, value >>= 8)
        at[i] = (uint8_t)value;
}

static void head_put(const seat_map *m, uint8_t *buffer, uint8_t kind, uint64_t since,
                     uint32_t count)
{
    memset(buffer, 0, SEAT_MAP_HEAD_BYTES);
    memcpy(buffer, "CVS1", 4);
    buffer[4] = kind;
    little_put(buffer + 8, m->version, 8);
    little_put(buffer + 16, since, 8);
    little_put(buffer + 24, count, 4);
}

// How many of the newest changes came after a version; the ring is in ascending order.
static uint32_t changes_after(const seat_map *m, uint64_t since)
{
    uint32_t low = 0, high = m->ring_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (m->ring_base + m->ring[(m->ring_first + middle) % m->ring_max].version > since)
            high = middle;
        else
            low = middle + 1;
    }
    return m->ring_count - low;
}

bool seat_map_changes(const seat_map *m, uint64_t since)
{
    return since > 0 && since >= m->ring_floor && since <= m->version &&
           changes_after(m, since) * RECORD_BYTES <= states_bytes(m);
}

size_t seat_map_encode(const seat_map *m, uint64_t since, uint8_t *buffer)
{
    uint32_t count = changes_after(m, since);
    if (!seat_map_changes(m, since)) {
        head_put(m, buffer, KIND_MAP, 0, m->plan->seats_count);
        memcpy(buffer + SEAT_MAP_HEAD_BYTES, m->states, states_bytes(m));
        return SEAT_MAP_HEAD_BYTES + states_bytes(m);
    }
    head_put(m, buffer, KIND_DELTA, since, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (m->ring_first + m->ring_count - count + i) % m->ring_max;
        little_put(buffer + SEAT_MAP_HEAD_BYTES + i * RECORD_BYTES, m->ring[at].packed,
                   RECORD_BYTES);
    }
    return SEAT_MAP_HEAD_BYTES + count * RECORD_BYTES;
}
