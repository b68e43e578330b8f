// Linearizability of one seat's holds. Holds that overlap nothing else in time have one order only;
// between such moments the search takes any hold that may come first, because no other one has to
// have ended before it began, and remembers for each set of holds the soonest end it found.
#include "chaos/audit/audit.h"

#include <stdlib.h>

enum { CLUSTER_MAX = 64, MEMORY_SLOTS = 1 << 14, TRIES_MAX = 2000000 };

typedef struct memory {
    uint64_t set;
    int64_t end_us;
    bool is_used;
} memory;

typedef struct search {
    const seat_hold *holds;
    size_t count;
    memory *memory;
    uint64_t tries;
    int64_t best_us; // soonest end of all holds; INT64_MIN: none found
    bool is_found;
    size_t deepest; // how many holds fitted at most, and the one that did not
    size_t failed_at;
} search;

// True: this set was reached before and ended no later.
static bool remember(search *s, uint64_t set, int64_t end_us)
{
    size_t at = (size_t)(set * 0x9e3779b97f4a7c15u >> 40) % MEMORY_SLOTS;
    for (size_t i = 0; i < 8; i++, at = (at + 1) % MEMORY_SLOTS) {
        memory *m = &s->memory[at];
        if (!m->is_used || (m->set == set && m->end_us > end_us)) {
            *m = (memory){set, end_us, true};
            return false;
        }
        if (m->set == set)
            return true;
    }
    return false; // no room: searched again
}

static void search_from(search *s, uint64_t done, size_t done_count, int64_t now_us)
{
    int64_t must_us = INT64_MAX; // whoever is still to come was answered by then
    if (done_count == s->count) {
        if (!s->is_found || now_us < s->best_us)
            s->best_us = now_us;
        s->is_found = true;
        return;
    }
    for (size_t i = 0; i < s->count; i++)
        if ((done >> i & 1) == 0 && s->holds[i].until_us < must_us)
            must_us = s->holds[i].until_us;
    for (size_t i = 0; i < s->count && s->tries < TRIES_MAX; i++) {
        const seat_hold *h = &s->holds[i];
        if ((done >> i & 1) != 0 || h->from_us > must_us)
            continue;
        int64_t at_us = h->from_us > now_us ? h->from_us : now_us;
        if (at_us > h->until_us || at_us > must_us) {
            if (done_count >= s->deepest) {
                s->deepest = done_count;
                s->failed_at = i;
            }
            continue;
        }
        int64_t end_us = h->free_us > at_us ? h->free_us : at_us;
        s->tries++;
        if (!remember(s, done | UINT64_C(1) << i, end_us))
            search_from(s, done | UINT64_C(1) << i, done_count + 1, end_us);
    }
}

static seat_verdict cluster_check(const seat_hold *holds, size_t count, int64_t *now_us,
                                  size_t *ret_at)
{
    search s = {.holds = holds, .count = count};
    if (count == 1) { // nearly always
        int64_t at_us = holds->from_us > *now_us ? holds->from_us : *now_us;
        *ret_at = 0;
        *now_us = holds->free_us > at_us ? holds->free_us : at_us;
        return at_us > holds->until_us ? SEAT_BROKEN : SEAT_LINEAR;
    }
    if (count > CLUSTER_MAX)
        return SEAT_UNDECIDED;
    s.memory = calloc(MEMORY_SLOTS, sizeof *s.memory);
    if (s.memory == NULL)
        abort();
    search_from(&s, 0, 0, *now_us);
    free(s.memory);
    *ret_at = s.failed_at;
    *now_us = s.best_us;
    return s.is_found ? SEAT_LINEAR : s.tries >= TRIES_MAX ? SEAT_UNDECIDED : SEAT_BROKEN;
}

seat_verdict seat_holds_check(const seat_hold *holds, size_t count, size_t *ret_at)
{
    int64_t now_us = INT64_MIN;
    for (size_t first = 0, end; first < count; first = end) {
        int64_t last_us = holds[first].until_us;
        size_t at = 0;
        for (end = first + 1; end < count && holds[end].from_us <= last_us; end++)
            last_us = holds[end].until_us > last_us ? holds[end].until_us : last_us;
        seat_verdict v = cluster_check(holds + first, end - first, &now_us, &at);
        *ret_at = first + at;
        if (v != SEAT_LINEAR)
            return v;
    }
    return SEAT_LINEAR;
}
