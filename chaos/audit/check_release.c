// Deadlines on the database's clock. The leases were looked at ten times a second, each look with
// the database's own time: a fact was committed after the last look that did not count it yet and
// before the first that did.
#include "chaos/audit/fold.h"

#include <inttypes.h>

typedef struct looks {
    const lease_row *first; // of one actor, by time
    size_t count;
} looks;

static looks looks_of(const evidence *e, const uuid *actor)
{
    looks found = {NULL, 0};
    for (size_t i = 0; i < e->samples_count; i++) {
        if (!uuid_equal(&e->samples[i].actor, actor))
            continue;
        if (found.count++ == 0)
            found.first = &e->samples[i];
    }
    return found;
}

// The first look that counts the fact; l->count when none does.
static size_t look_at_fact(const looks *l, int64_t seq)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (l->first[middle].last_seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void release_check(const looks *l, const told *r, const audit_limits *limits, verdict *v)
{
    size_t at = look_at_fact(l, r->expired_seq);
    if (at > 0) {
        int64_t late_us = l->first[at - 1].at_us - r->expires_us;
        if (late_us > v->latest_seen_us)
            v->latest_seen_us = late_us;
        if (late_us > limits->release_us)
            breach(v, 8, "reservation %s was not released %.3f s after its deadline, as was seen",
                   text_of(&r->id).text, (double)late_us / 1e6);
    }
    if (at < l->count && l->first[at].at_us < r->expires_us - limits->clock_us)
        breach(v, 2, "reservation %s was seen taken away %.3f s before its deadline",
               text_of(&r->id).text, (double)(r->expires_us - l->first[at].at_us) / 1e6);
    v->looked[LOOK_RELEASE_SEEN] += at > 0 && at < l->count;
}

void fold_release_check(const fold *f, const evidence *e, const event_row *event,
                        const audit_limits *limits, verdict *v)
{
    size_t count;
    const told *known = fold_told(f, &count);
    looks l = looks_of(e, &event->id);
    for (size_t i = 0; i < count; i++)
        if (known[i].expired_seq != 0)
            release_check(&l, &known[i], limits, v);
}
