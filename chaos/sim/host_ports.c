// The bus and clock ports of a simulated host. What a dead or standing host sends is not sent.
#include "chaos/sim/world.h"

static world *world_of(const sim_host *h)
{
    return h->writer.world;
}

static bool mute(const sim_host *h)
{
    return !h->up || h->doomed || h->deaf || world_of(h)->outcome.broken;
}

static void bus_publish(void *self, const subject *to, const void *data, uint32_t data_bytes,
                        const char *msg_id, uint64_t cell_number, int64_t token)
{
    sim_host *h = self;
    world *w = world_of(h);
    subject_room room;
    actor_ref actor;
    bool parsed = subject_parse(to->text, strlen(to->text), &room, &actor);
    uint32_t n = parsed ? actor_index(w, &actor.id) : NOBODY;
    if (n == NOBODY)
        return broken(w, "a host publishes to %s", to->text);
    if (mute(h))
        return;
    if (room == SUBJECT_FACT)
        check_published(w, &w->actors[n], data, data_bytes);
    broker_publish(w, room, n, parcel_new(w, data, data_bytes), h, cell_number, token, msg_id);
}

// An actor was given to a host, which is told by name.
static void host_chosen(world *w, const char *host, uint32_t actor)
{
    uuid id;
    if (prng_chance(&w->random, w->weather.lose_core) || !uuid_parse(host, strlen(host), &id))
        return;
    for (uint32_t i = 0; i < w->hosts_count; i++)
        if (w->hosts[i].up && !w->hosts[i].deaf && uuid_equal(&w->hosts[i].id, &id))
            host_wake(w, &w->hosts[i], actor, true);
}

// Another host hears that its message was decided on.
static void receipt_bring(world *w, const char *to)
{
    uint64_t number, token;
    bool parsed = subject_ack_parse(to, strlen(to), &number, &token);
    if (!parsed || number != 0)
        return broken(w, "a host sends to %s", to);
    if (prng_chance(&w->random, w->weather.lose_core))
        return;
    for (uint32_t i = 0; i < w->hosts_count; i++) {
        sim_host *h = &w->hosts[i];
        subject theirs = subject_ack(&h->id, number, token);
        if (h->up && !h->deaf && strcmp(theirs.text, to) == 0)
            runtime_acknowledged(h->runtime, number, (int64_t)token);
    }
}

static void bus_send(void *self, const char *to, const void *data, uint32_t data_bytes)
{
    static const char reply[] = "cavea.v1.reply.", wake[] = "cavea.v1.wake.",
                      host[] = "cavea.v1.host.", ack[] = "cavea.v1.ack.";
    sim_host *h = self;
    world *w = world_of(h);
    subject_room room;
    actor_ref actor;
    if (mute(h))
        return;
    if (strncmp(to, reply, sizeof reply - 1) == 0) {
        check_reply(w, h, data, data_bytes);
        edge_reply(w, to, data, data_bytes);
        return;
    }
    if (strncmp(to, ack, sizeof ack - 1) == 0)
        return receipt_bring(w, to);
    bool chosen = strncmp(to, host, sizeof host - 1) == 0;
    if (chosen || strncmp(to, wake, sizeof wake - 1) == 0) {
        Cavea__V1__Wake *m = cavea__v1__wake__unpack(NULL, data_bytes, data);
        assert(m != NULL && uuid_from_bytes(m->actor.data, m->actor.len, &actor.id.u));
        cavea__v1__wake__free_unpacked(m, NULL);
        if (chosen)
            host_chosen(w, to + sizeof host - 1, actor_index(w, &actor.id));
        else
            broker_wake(w, actor_index(w, &actor.id));
        return;
    }
    bool parsed = subject_parse(to, strlen(to), &room, &actor);
    uint32_t n = parsed ? actor_index(w, &actor.id) : NOBODY;
    if (n == NOBODY)
        return broken(w, "a host sends to %s", to);
    parcel *p = parcel_new(w, data, data_bytes);
    if (room == SUBJECT_DIRECT)
        broker_direct(w, n, p, NOBODY);
    else if (room == SUBJECT_LIVE)
        edge_live(w, w->actors[n].event, data, data_bytes);
    parcel_drop(p);
}

static void bus_attach(void *self, uint64_t cell_number, const actor_ref *actor,
                       int64_t incarnation, int64_t cursor)
{
    sim_host *h = self;
    world *w = world_of(h);
    for (uint32_t i = 0; i < INLETS_MAX; i++) {
        inlet *in = &h->inlets[i];
        if (in->used)
            continue;
        *in = (inlet){.used = true,
                      .number = cell_number,
                      .actor = actor_index(w, &actor->id),
                      .incarnation = incarnation,
                      .cursor = cursor};
        inlet_wants(w, h, in, prng_between(&w->random, 500, 60 * MS_US));
        return;
    }
    broken(w, "a host attaches more actors than there are");
}

static void bus_detach(void *self, uint64_t cell_number)
{
    sim_host *h = self;
    for (uint32_t i = 0; i < INLETS_MAX; i++)
        if (h->inlets[i].used && h->inlets[i].number == cell_number)
            h->inlets[i].used = false;
}

static int64_t bus_incarnation(void *self)
{
    return ((sim_host *)self)->incarnation;
}

static void bus_flush(void *self)
{
    (void)self; // everything leaves at once
}

// The watchdog starts the consumer again.
static void bus_missed(void *self, uint64_t cell_number)
{
    sim_host *h = self;
    world *w = world_of(h);
    for (uint32_t i = 0; i < INLETS_MAX; i++)
        if (h->inlets[i].used && h->inlets[i].number == cell_number)
            inlet_wants(w, h, &h->inlets[i], prng_between(&w->random, 300, 400) * MS_US);
}

bus_port host_bus(sim_host *h)
{
    return (bus_port){h,          bus_publish,     bus_send,  bus_attach,
                      bus_detach, bus_incarnation, bus_flush, bus_missed};
}

static int64_t clock_monotonic_us(void *self)
{
    const sim_host *h = self;
    return host_monotonic_us(h, world_of(h)->now_us);
}

clock_port host_clock(sim_host *h)
{
    return (clock_port){h, clock_monotonic_us};
}
