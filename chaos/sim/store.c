// The store port of a host's session: leases, and commits during which anything can happen.
#include "chaos/sim/world.h"

bool session_away(world *w, const session *s)
{
    sim_host *h = &w->hosts[s->host];
    if (h->life != s->life || !h->up || h->doomed || h->storeless || w->store_away)
        return true;
    if (s->is_writer && h->cut) { // it connects again with the next call
        h->cut = false;
        return true;
    }
    return false;
}

bool host_id_alive(const world *w, const uuid *id)
{
    for (uint32_t i = 0; i < w->hosts_count; i++) {
        const sim_host *h = &w->hosts[i];
        if (uuid_equal(&h->id, id))
            // After a restart of the server every heartbeat is old: it counts a while later.
            return h->up && (h->heartbeat_us + HOST_TTL_US >= w->now_us ||
                             w->store_since_us + HOST_TTL_US >= w->now_us);
    }
    return false;
}

// Somebody takes over from a host that is silent: its backend goes first.
static void holder_cut(world *w, const uuid *id)
{
    for (uint32_t i = 0; i < w->hosts_count; i++)
        if (uuid_equal(&w->hosts[i].id, id) && w->hosts[i].up) {
            w->hosts[i].cut = true;
            note(w, "store.backend_terminated", i, 0, 0, NULL);
        }
}

// The clock, but not before the actor's last fact.
static int64_t facts_now_us(const world *w, const sim_actor *a)
{
    int64_t last_us = a->facts_count == 0 ? 0 : a->facts[a->facts_count - 1].at_us;
    return last_us > w->now_us ? last_us : w->now_us;
}

static store_result session_lease_take(void *self, const actor_ref *actor, lease *ret_lease,
                                       bool *ret_taken, uuid *ret_holder)
{
    session *s = self;
    world *w = s->world;
    sim_host *h = &w->hosts[s->host];
    uint32_t n = actor_index(w, &actor->id);
    if (session_away(w, s) || prng_chance(&w->random, w->weather.load_fails))
        return STORE_UNKNOWN;
    assert(n != NOBODY);
    sim_actor *a = &w->actors[n];
    *ret_taken = false;
    *ret_holder = a->holder;
    if (!uuid_is_zero(&a->holder) && !uuid_equal(&a->holder, &h->id)) {
        if (host_id_alive(w, &a->holder))
            return STORE_OK;
        holder_cut(w, &a->holder);
    }
    a->holder = h->id;
    a->epoch++;
    note(w, "lease.taken", h->index, n, a->epoch, NULL);
    *ret_lease = (lease){.actor = *actor,
                         .epoch = a->epoch,
                         .incarnation = a->incarnation,
                         .cursor = a->cursor,
                         .last_seq = a->last_seq,
                         .last_hash = a->last_hash,
                         .published_incarnation = a->published_incarnation,
                         .published_seq = a->published_seq,
                         .now_us = facts_now_us(w, a),
                         .senders_bytes = a->senders_bytes};
    if (a->senders_bytes > 0) {
        ret_lease->senders = malloc(a->senders_bytes);
        assert(ret_lease->senders != NULL);
        memcpy(ret_lease->senders, a->senders, a->senders_bytes);
    }
    *ret_taken = true;
    if (!prng_chance(&w->random, w->weather.load_fails))
        return STORE_OK;
    lease_done(ret_lease); // taken, but nobody heard of it
    return STORE_UNKNOWN;
}

static bool held(const world *w, const sim_host *h, const actor_id *actor, int64_t epoch)
{
    const sim_actor *a = &w->actors[actor_index(w, actor)];
    return a->epoch == epoch && uuid_equal(&a->holder, &h->id);
}

static store_result session_lease_release(void *self, const actor_id *actor, int64_t epoch)
{
    session *s = self;
    world *w = s->world;
    if (session_away(w, s))
        return STORE_UNKNOWN;
    if (!held(w, &w->hosts[s->host], actor, epoch))
        return STORE_FENCED;
    w->actors[actor_index(w, actor)].holder = (uuid){0};
    note(w, "lease.released", s->host, actor_index(w, actor), epoch, NULL);
    return STORE_OK;
}

// Gives a lease to a host that lives, in an epoch of its own; that host takes it when it is told.
static store_result session_lease_give(void *self, const actor_id *actor, int64_t epoch,
                                       const uuid *to)
{
    session *s = self;
    world *w = s->world;
    if (session_away(w, s) || prng_chance(&w->random, w->weather.load_fails))
        return STORE_UNKNOWN;
    if (!held(w, &w->hosts[s->host], actor, epoch))
        return STORE_FENCED;
    if (!host_id_alive(w, to))
        return STORE_REFUSED;
    sim_actor *a = &w->actors[actor_index(w, actor)];
    a->holder = *to;
    a->epoch++;
    note(w, "lease.given", s->host, actor_index(w, actor), epoch, to);
    return prng_chance(&w->random, w->weather.load_fails) ? STORE_UNKNOWN : STORE_OK;
}

static store_result session_still_held(void *self, const lease_move *moves, uint32_t count,
                                       bool *ret_held)
{
    session *s = self;
    world *w = s->world;
    if (session_away(w, s) || prng_chance(&w->random, w->weather.load_fails))
        return STORE_UNKNOWN;
    for (uint32_t i = 0; i < count; i++)
        ret_held[i] = held(w, &w->hosts[s->host], &moves[i].actor, moves[i].epoch);
    return STORE_OK;
}

// The tick thread waits for the database, or the whole host stands still; the others go on.
static void others_go_on(world *w, sim_host *h)
{
    int64_t until_us = w->now_us + 100 + latency(w) / 2;
    if (prng_chance(&w->random, w->weather.block_long)) {
        host_pause(w, h->index);
        until_us += prng_between(&w->random, 0, 2 * HOST_TTL_US);
    } else if (!prng_chance(&w->random, w->weather.block)) {
        return;
    }
    while (!h->doomed && w->heap_count > 0 && (w->heap[0].at_us < until_us || h->paused) &&
           world_step(w))
        if (h->paused && w->now_us >= until_us)
            host_resume(w, h->index);
    if (h->paused)
        host_resume(w, h->index);
}

static store_result session_commit(void *self, const journal *j, int64_t *ret_now_us)
{
    session *s = self;
    world *w = s->world;
    sim_host *h = &w->hosts[s->host];
    others_go_on(w, h);
    bool away = session_away(w, s);
    if (away || w->outcome.broken || prng_chance(&w->random, w->weather.unknown_before)) {
        note(w, "store.silent", h->index, 0, 0, NULL);
        w->outcome.commits_lost++;
        return STORE_UNKNOWN;
    }
    if (prng_chance(&w->random, w->weather.refuse)) {
        note(w, "store.refused", h->index, 0, 0, NULL);
        return STORE_REFUSED;
    }
    store_result result = rows_commit(w, h, j);
    *ret_now_us = w->now_us;
    if (result == STORE_OK)
        others_go_on(w, h);
    if (session_away(w, s) || prng_chance(&w->random, w->weather.unknown_after)) {
        note(w, "store.answer_lost", h->index, result, 0, NULL);
        w->outcome.commits_lost++;
        return STORE_UNKNOWN;
    }
    return result;
}

static store_result session_now(void *self, int64_t *ret_now_us)
{
    session *s = self;
    if (session_away(s->world, s) || prng_chance(&s->world->random, s->world->weather.load_fails))
        return STORE_UNKNOWN;
    *ret_now_us = s->world->now_us;
    return STORE_OK;
}

store_port session_port(session *s)
{
    return (store_port){
        .self = s,
        .commit = session_commit,
        .still_held = session_still_held,
        .lease_take = session_lease_take,
        .lease_release = session_lease_release,
        .lease_give = session_lease_give,
        .load_event = session_load_event,
        .load_payments = session_load_payments,
        .load_held = session_load_held,
        .load_facts = session_load_facts,
        .load_stuck = session_load_stuck,
        .now = session_now,
    };
}
