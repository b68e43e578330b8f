// Faults that come and go: crashes, orderly restarts, pauses, a stream without leader or lost, a
// store that is away, edges that die, an operator who stops the sale or moves actors. And their
// end.
#include "chaos/sim/world.h"

static void on_restart(world *w, const happening *p)
{
    sim_host *h = &w->hosts[p->who];
    if (h->up)
        return;
    if (h->runtime != NULL) { // the dead one is still on our stack
        happen(w, 10 * MS_US, *p);
        return;
    }
    trouble(w, "host.restarts", p->who);
    host_start(w, p->who);
}

static void on_resume(world *w, const happening *p)
{
    if (w->hosts[p->who].life == p->life)
        host_resume(w, p->who);
}

static void on_leader(world *w, const happening *p)
{
    (void)p;
    trouble(w, "stream.has_leader", NOBODY);
    w->broker.leaderless = false;
    for (uint32_t i = 0; i < w->hosts_count; i++)
        for (uint32_t k = 0; w->hosts[i].up && k < INLETS_MAX; k++)
            if (w->hosts[i].inlets[k].used)
                inlet_wants(w, &w->hosts[i], &w->hosts[i].inlets[k], latency(w));
}

static void on_connected(world *w, const happening *p)
{
    if (w->hosts[p->who].life == p->life)
        host_cut(w, p->who, false, false);
}

static void on_provider_back(world *w, const happening *p)
{
    (void)p;
    trouble(w, "provider.is_back", NOBODY);
    w->provider_away = false;
}

static void on_store_back(world *w, const happening *p)
{
    (void)p;
    trouble(w, "store.is_back", NOBODY);
    w->store_away = false;
    if (prng_chance(&w->random, 500000))
        w->store_since_us = w->now_us; // it was away because it restarted
}

static void host_fault(world *w, uint32_t kind)
{
    uint32_t n = prng_below(&w->random, w->hosts_count);
    sim_host *h = &w->hosts[n];
    happening then = {.who = n, .life = h->life};
    if (kind < 2 && w->weather.crashes) {
        if (kind == 0)
            host_crash(w, n);
        else
            host_restart_gently(w, n);
        then.run = on_restart;
        happen(w, prng_between(&w->random, 10, 4000) * MS_US, then);
    } else if (kind == 2 && w->weather.cuts && h->up) {
        uint32_t which = 1 + prng_below(&w->random, 3);
        host_cut(w, n, which & 1, which & 2);
        then.run = on_connected;
        happen(w, prng_between(&w->random, 10 * MS_US, 3 * HOST_TTL_US), then);
    } else if (w->weather.pauses) {
        host_pause(w, n);
        then.run = on_resume;
        happen(w, prng_between(&w->random, 10 * MS_US, 2 * HOST_TTL_US), then);
    }
}

// Somebody wants an actor on another host, which may be the same one, gone or cut off.
static void actor_moves(world *w)
{
    const actor_ref *ref = &w->actors[prng_below(&w->random, w->actors_count)].ref;
    const sim_host *to = &w->hosts[prng_below(&w->random, w->hosts_count)];
    for (uint32_t i = 0; i < w->hosts_count; i++) {
        sim_host *h = &w->hosts[i];
        if (h->up && !h->doomed && runtime_holds(h->runtime, &ref->id) &&
            runtime_move(h->runtime, ref, &to->id)) // with its next upkeep
            note(w, "operator.moves_actor", i, to->index, 0, &ref->id.u);
    }
}

static void event_status_set(world *w)
{
    static const Cavea__V1__EventStatus statuses[] = {
        CAVEA__V1__EVENT_STATUS__EVENT_STATUS_PAUSED, CAVEA__V1__EVENT_STATUS__EVENT_STATUS_ON_SALE,
        CAVEA__V1__EVENT_STATUS__EVENT_STATUS_ON_SALE};
    Cavea__V1__EventStatusSet set = CAVEA__V1__EVENT_STATUS_SET__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    uuid id = fresh_id(w);
    set.status = statuses[prng_below(&w->random, 3)];
    command.id = binary(&id);
    command.body_case = CAVEA__V1__COMMAND__BODY_EVENT_STATUS_SET;
    command.event_status_set = &set;
    edge_ask(w, 0, w->events[prng_below(&w->random, w->events_count)].actor, ASK_STATUS, NOBODY,
             &command, 2 * SECOND_US);
}

static void operator_acts(world *w)
{
    if (prng_chance(&w->random, 500000))
        actor_moves(w);
    else
        event_status_set(w);
}

static void world_fault(world *w, uint32_t kind)
{
    happening then = {0};
    if (kind == 5 && w->weather.outages && !w->broker.leaderless) {
        trouble(w, "stream.loses_leader", NOBODY);
        w->broker.leaderless = true;
        then.run = on_leader;
        happen(w, prng_between(&w->random, 200, 6000) * MS_US, then);
    } else if (kind == 6 && w->weather.outages && !w->store_away) {
        trouble(w, "store.is_away", NOBODY);
        w->store_away = true;
        then.run = on_store_back;
        happen(w, prng_between(&w->random, 50, 3000) * MS_US, then);
    } else if (kind == 7 && w->weather.wipes) {
        broker_wipe(w);
    } else if (kind == 8 && w->weather.edges_die) {
        uint32_t n = prng_below(&w->random, w->edges_count);
        trouble(w, "edge.dies", n);
        edge_start(w, n);
    } else if (kind == 9) {
        operator_acts(w);
    } else if (kind == 10 && w->weather.outages && !w->provider_away) {
        trouble(w, "provider.is_away", NOBODY);
        w->provider_away = true;
        then.run = on_provider_back;
        happen(w, prng_between(&w->random, 100, 5000) * MS_US, then);
    }
}

static void on_fault(world *w, const happening *p)
{
    if (w->calm)
        return;
    uint32_t kind = prng_below(&w->random, 11);
    if (kind < 5)
        host_fault(w, kind);
    else
        world_fault(w, kind);
    happen(w, prng_between(&w->random, 0, 2 * w->weather.trouble_us), *p);
}

void faults_begin(world *w)
{
    if (w->weather.trouble_us > 0)
        happen(w, prng_between(&w->random, 0, 2 * w->weather.trouble_us),
               (happening){.run = on_fault});
}

// An event whose host died sleeps until somebody wants something of it; only then are its last
// facts published. In the end somebody always does.
static void on_interest(world *w, const happening *p)
{
    for (uint32_t i = 0; i < w->events_count; i++)
        broker_wake(w, w->events[i].actor);
    happen(w, 10 * SECOND_US, *p);
}

void calm_begin(world *w)
{
    trouble(w, "world.is_calm", NOBODY);
    w->calm = true;
    w->weather = (weather){.latency_us = w->weather.latency_us, .jitter_us = w->weather.jitter_us};
    w->store_away = w->provider_away = false;
    if (w->broker.leaderless)
        on_leader(w, NULL);
    happen(w, 10 * SECOND_US, (happening){.run = on_interest});
    for (uint32_t i = 0; i < w->hosts_count; i++) {
        host_resume(w, i);
        host_cut(w, i, false, false);
        if (!w->hosts[i].up)
            on_restart(w, &(happening){.who = i});
    }
}
