// An edge's seat map: live deltas on top of a snapshot; a gap in the versions leads to another one.
#include "chaos/sim/world.h"

static uint8_t seat_of(const world *w, const sim_event *e, uint32_t seat)
{
    if (e->claims[seat] != NOBODY)
        return w->reservations[e->claims[seat]].row.state == 2 ? SEAT_SOLD : SEAT_HELD;
    return w->houses[e->house]->seat_flags[seat] & SEAT_FLAG_BLOCKED ? SEAT_BLOCKED
                                                                     : SEAT_AVAILABLE;
}

// A map that has heard of everything shows what the store has. One that has not may have lost the
// last delta, and learns of it from the next answer.
void check_view(world *w, const seat_view *v, uint32_t event)
{
    const sim_event *e = &w->events[event];
    if (v->version != (uint64_t)w->actors[e->actor].last_seq)
        return;
    for (uint32_t seat = 0; seat < w->houses[e->house]->seats_count; seat++)
        if (v->states[seat] != seat_of(w, e, seat))
            broken(w, "an edge shows seat %u as %u, it is %u", seat, v->states[seat],
                   seat_of(w, e, seat));
}

static void snapshot(world *w, seat_view *v, uint32_t event)
{
    const sim_event *e = &w->events[event];
    for (uint32_t i = 0; i < w->houses[e->house]->seats_count; i++)
        v->states[i] = seat_of(w, e, i);
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
        check_view(w, v, p->actor);
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
