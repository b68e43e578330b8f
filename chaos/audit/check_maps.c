// What edges show, against the facts up to the version that they say they show.
#include "actors/event/codec.h"
#include "chaos/audit/fold.h"

#include <inttypes.h>
#include <stdlib.h>

static seat_state shown_at(const map_row *m, uint32_t seat)
{
    return (seat_state)(m->states[seat / 4] >> 2 * (seat % 4) & 3);
}

// The event's facts up to a version; what is wrong with them is said elsewhere.
static fold *fold_until(const evidence *e, const event_row *event, int64_t version)
{
    static const audit_limits any = {INT64_MAX, INT64_MAX, true, 0};
    verdict *unheard = calloc(1, sizeof *unheard);
    fold *f = fold_new(event, e->facts_count);
    if (f == NULL || unheard == NULL)
        abort();
    for (size_t i = 0; i < e->facts_count; i++) {
        const fact_row *row = &e->facts[i];
        event_fact fact;
        if (uuid_equal(&row->actor, &event->id) && row->seq <= version &&
            event_fact_read(row->payload, row->payload_bytes, NULL, &fact))
            fold_fact(f, &fact, row->seq, row->at_us, &any, unheard);
    }
    free(unheard);
    return f;
}

static void map_check(const evidence *e, const map_row *m, const event_row *event, verdict *v)
{
    fold *f = fold_until(e, event, m->version);
    uint32_t wrong = 0, first = 0;
    for (uint32_t seat = 0; seat < m->seats_count; seat++) {
        v->looked[LOOK_MAP]++;
        if (shown_at(m, seat) != fold_seat(f, seat) && wrong++ == 0)
            first = seat;
    }
    if (wrong > 0)
        breach(v, 7,
               "%s shows %" PRIu32 " seats of event %s wrongly at version %" PRId64
               ", as seat %s: %d for %d",
               m->edge, wrong, text_of(&event->id).text, m->version,
               plan_seat_id(event->plan, first), (int)shown_at(m, first), (int)fold_seat(f, first));
    fold_free(f);
}

void check_maps(const evidence *e, verdict *v)
{
    for (size_t i = 0; i < e->maps_count; i++) {
        const map_row *m = &e->maps[i];
        const event_row *event = evidence_event(e, &m->event);
        if (event == NULL || m->seats_count != event->plan->seats_count) {
            breach(v, 7, "%s shows event %s with another plan", m->edge, text_of(&m->event).text);
            continue;
        }
        if (m->version < m->needed)
            breach(v, 7, "%s shows event %s at version %" PRId64 ", which had come to %" PRId64,
                   m->edge, text_of(&m->event).text, m->version, m->needed);
        map_check(e, m, event, v);
    }
}
