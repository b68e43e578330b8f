// An edge's seat map: live deltas on top of a snapshot; a gap in the versions leads to another one.
#include "chaos/sim/world.h"

static void snapshot(world *w, seat_view *v, uint32_t event)
{
    const sim_event *e = &w->events[event];
    for (uint32_t i = 0; i < w->houses[e->house]->seats_count; i++) {
        v->states[i] =
            w->houses[e->house]->seat_flags[i] & SEAT_FLAG_BLOCKED ? SEAT_BLOCKED : SEAT_AVAILABLE;
        if (e->claims[i] != NOBODY)
            v->states[i] = w->reservations[e->claims[i]].row.state == 2 ? SEAT_SOLD : SEAT_HELD;
    }
    v->version = (uint64_t)w->actors[e->actor].last_seq;
}

static void on_live(world *w, const happening *p)
{
    sim_edge *e = &w->edges[p->who];
    if (e->life != p->life)
        return;
    seat_view *v = &e->views[p->actor];
    Cavea__V1__LiveDelta *m =
        cavea__v1__live_delta__unpack(NULL, p->parcel->bytes_count, p->parcel->bytes);
    assert(m != NULL);
    if (v->version == UINT64_MAX || m->first_version > v->version + 1) {
        snapshot(w, v, p->actor);
    } else if (m->last_version > v->version) {
        for (size_t i = 0; i < m->n_seats; i++)
            v->states[m->seats[i] / 4] = m->seats[i] % 4;
        v->version = m->last_version;
    }
    cavea__v1__live_delta__free_unpacked(m, NULL);
}

void edge_live(world *w, uint32_t event, const void *data, uint32_t data_bytes)
{
    for (uint32_t i = 0; i < w->edges_count; i++) {
        if (prng_chance(&w->random, w->weather.lose_core))
            continue;
        happen(w, latency(w),
               (happening){.run = on_live,
                           .parcel = parcel_new(w, data, data_bytes),
                           .who = i,
                           .life = w->edges[i].life,
                           .actor = event});
    }
}
