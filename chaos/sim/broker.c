// The simulated broker: one stream of inboxes with a sequence and an incarnation, consumers behind
// cursors, the direct path to everybody who is attached, acknowledgements and wake-ups. It loses,
// repeats, delays and reorders whatever it is given, and now and then the whole stream is gone.
#include "chaos/sim/world.h"

static void on_ack(world *w, const happening *p)
{
    sim_host *h = &w->hosts[p->who];
    if (!h->up || h->deaf || h->life != p->life)
        return;
    runtime_acknowledged(h->runtime, p->number, p->value);
    host_kick(w, h, 20);
}

static void stream_append(world *w, uint32_t actor, parcel *p)
{
    broker *b = &w->broker;
    GROW(b->messages, b->messages_count, b->messages_max);
    b->messages[b->messages_count++] = (stored_message){actor, parcel_share(p), w->now_us};
    for (uint32_t i = 0; i < w->hosts_count; i++)
        for (uint32_t k = 0; w->hosts[i].up && k < INLETS_MAX; k++) {
            inlet *in = &w->hosts[i].inlets[k];
            if (in->used && in->consuming && in->actor == actor)
                inlet_wants(w, &w->hosts[i], in, latency(w));
        }
}

// The stream of facts is only asked whether it ever had each of them.
static void facts_append(world *w, uint32_t actor, const parcel *p)
{
    sim_actor *a = &w->actors[actor];
    Cavea__V1__FactBatch *m = cavea__v1__fact_batch__unpack(NULL, p->bytes_count, p->bytes);
    assert(m != NULL);
    for (size_t i = 0; i < m->n_facts; i++)
        a->facts[m->first_seq + i - 1].published = true;
    cavea__v1__fact_batch__free_unpacked(m, NULL);
}

static bool stored(world *w, const happening *p)
{
    bool lost = w->broker.leaderless || prng_chance(&w->random, w->weather.lose_publish);
    if (lost)
        note(w, "stream.lost", p->actor, p->value, 0, NULL);
    return !lost;
}

static void acknowledge(world *w, const happening *p)
{
    happening ack = *p;
    if (p->who == NOBODY || p->value == 0 || prng_chance(&w->random, w->weather.lose_ack))
        return;
    ack.parcel = NULL;
    ack.run = on_ack;
    happen(w, latency(w), ack);
}

static void on_publish(world *w, const happening *p)
{
    if (!stored(w, p))
        return;
    stream_append(w, p->actor, p->parcel);
    if (prng_chance(&w->random, w->weather.twice))
        stream_append(w, p->actor, p->parcel);
    acknowledge(w, p);
}

static void on_publish_facts(world *w, const happening *p)
{
    if (!stored(w, p))
        return;
    // A second message with the same id counts as stored, whatever it says.
    if (digest16_is_zero(&p->id) || key_map_get(&w->broker.fact_ids, &p->id) == KEY_MAP_NONE)
        facts_append(w, p->actor, p->parcel);
    key_map_put(&w->broker.fact_ids, &p->id, 1);
    acknowledge(w, p);
}

void broker_publish(world *w, subject_room room, uint32_t actor, parcel *p, const sim_host *from,
                    uint64_t number, int64_t token, const char *id)
{
    happen(w, latency(w),
           (happening){.id = id == NULL ? (digest16){{0}} : digest16_of(id, strlen(id)),
                       .run = room == SUBJECT_FACT ? on_publish_facts : on_publish,
                       .parcel = p,
                       .who = from == NULL ? NOBODY : from->index,
                       .life = from == NULL ? 0 : from->life,
                       .actor = actor,
                       .number = number,
                       .value = token});
}

static inlet *inlet_numbered(sim_host *h, uint64_t number)
{
    for (uint32_t i = 0; i < INLETS_MAX; i++)
        if (h->inlets[i].used && h->inlets[i].number == number)
            return &h->inlets[i];
    return NULL;
}

// The watchdog's view of the stream: another incarnation is read from its start. Until the host has
// noticed that the stream is a new one, it may read the new one's messages under the old name.
static bool inlet_ready(world *w, const sim_host *h, inlet *in)
{
    if (in->incarnation != h->incarnation) {
        in->incarnation = h->incarnation;
        in->cursor = 0;
    }
    return !w->broker.leaderless && !h->deaf &&
           (h->incarnation == w->broker.incarnation || prng_chance(&w->random, 300000));
}

static void on_push(world *w, const happening *p)
{
    sim_host *h = &w->hosts[p->who];
    inlet *in = h->up && h->life == p->life ? inlet_numbered(h, p->number) : NULL;
    if (in == NULL)
        return;
    in->pushing = false;
    in->consuming = true;
    if (!inlet_ready(w, h, in))
        return inlet_wants(w, h, in, prng_between(&w->random, 50, 300) * MS_US);
    const broker *b = &w->broker;
    for (uint32_t i = (uint32_t)in->cursor; i < b->messages_count; i++) {
        const stored_message *m = &b->messages[i];
        if (m->actor != in->actor || m->at_us + STREAM_MAX_AGE_SECONDS * SECOND_US < w->now_us)
            continue;
        in->cursor = i + 1;
        host_deliver(w, h, m->actor, in->incarnation, in->cursor, false, m->parcel);
    }
}

void inlet_wants(world *w, sim_host *h, inlet *in, int64_t in_us)
{
    if (in->pushing)
        return;
    in->pushing = true;
    happen(w, in_us,
           (happening){.run = on_push, .who = h->index, .life = h->life, .number = in->number});
}

static void on_direct(world *w, const happening *p)
{
    bool anybody = false;
    for (uint32_t i = 0; i < w->hosts_count; i++) {
        sim_host *h = &w->hosts[i];
        for (uint32_t k = 0; h->up && !h->deaf && k < INLETS_MAX; k++) {
            if (!h->inlets[k].used || h->inlets[k].actor != p->actor)
                continue;
            anybody = true;
            host_deliver(w, h, p->actor, 0, 0, false, p->parcel);
        }
    }
    if (!anybody && p->who != NOBODY)
        edge_silent(w, p->who, p->actor);
}

void broker_direct(world *w, uint32_t actor, parcel *p, uint32_t edge)
{
    happening h = {.run = on_direct, .who = edge, .actor = actor};
    uint32_t copies = prng_chance(&w->random, w->weather.lose_core) ? 0
                      : prng_chance(&w->random, w->weather.twice)   ? 2
                                                                    : 1;
    for (uint32_t i = 0; i < copies; i++) {
        h.parcel = parcel_share(p);
        // A copy can be late enough for its seat to have been freed meanwhile.
        happen(w, i == 0 ? latency(w) : prng_between(&w->random, 1, 6000) * MS_US, h);
    }
}

static void on_wake(world *w, const happening *p)
{
    uint32_t first = prng_below(&w->random, w->hosts_count);
    for (uint32_t i = 0; i < w->hosts_count; i++) {
        sim_host *h = &w->hosts[(first + i) % w->hosts_count];
        if (!h->up || h->deaf)
            continue;
        if (!h->paused) // a host that stands still swallows it
            host_wake(w, h, p->actor, false);
        return;
    }
}

void broker_wake(world *w, uint32_t actor)
{
    if (!prng_chance(&w->random, w->weather.lose_core))
        happen(w, latency(w), (happening){.run = on_wake, .actor = actor});
}

void broker_wipe(world *w)
{
    broker *b = &w->broker;
    trouble(w, "stream.wiped", b->messages_count);
    for (uint32_t i = 0; i < b->messages_count; i++)
        parcel_drop(b->messages[i].parcel);
    b->messages_count = 0;
    b->incarnation = w->now_us * 1000;
    key_map_clear(&b->fact_ids);
    for (uint32_t i = 0; i < w->actors_count; i++) // the stream of facts is lost with it
        for (uint32_t k = 0; k < w->actors[i].facts_count; k++)
            w->actors[i].facts[k].published = false;
    for (uint32_t i = 0; i < w->hosts_count; i++)
        for (uint32_t k = 0; w->hosts[i].up && k < INLETS_MAX; k++)
            if (w->hosts[i].inlets[k].used)
                inlet_wants(w, &w->hosts[i], &w->hosts[i].inlets[k],
                            prng_between(&w->random, 50, 400) * MS_US);
}
