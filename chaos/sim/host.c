// A simulated host: one life of a cavea-actors process around the shipped runtime. Its tick thread
// steps when something arrived or a timer is due; its activator opens cells; upkeep comes along
// now and then. A crash forgets everything, a pause stops all of it.
#include "chaos/sim/world.h"

enum { UPKEEP_US = 200 * 1000, OPENS_EVERY = 5, RECONCILES_EVERY = 20, STUCK_MS = 3000 };

const seal_ring sim_seals = {.keys = {{{1, 2, 3}}}, .keys_count = 1};

int64_t host_monotonic_us(const sim_host *h, int64_t now_us)
{
    int64_t passed_us = now_us - h->started_us;
    return h->clock_base_us + passed_us + passed_us / 1000000 * h->clock_ppm;
}

void host_kick(world *w, sim_host *h, int64_t in_us);

static void leave(world *w, sim_host *h)
{
    h->inside = false;
    if (h->doomed) {
        host_release(w, h);
    } else if (h->wants_step && !h->paused) {
        h->wants_step = false;
        host_kick(w, h, 20);
    }
}

static void on_step(world *w, const happening *p)
{
    sim_host *h = &w->hosts[p->who];
    if (!h->up || h->life != p->life || h->step_at_us != p->at_us)
        return;
    h->step_at_us = INT64_MAX;
    if (h->paused || h->inside) {
        h->wants_step = true;
        return;
    }
    h->inside = true;
    runtime_step(h->runtime);
    if (!h->doomed)
        host_kick(w, h, 20 + MS_US * runtime_rest_ms(h->runtime, 500));
    leave(w, h);
}

void host_kick(world *w, sim_host *h, int64_t in_us)
{
    int64_t at_us = w->now_us + in_us;
    if (!h->up || at_us >= h->step_at_us)
        return;
    h->step_at_us = at_us;
    happen(w, in_us, (happening){.run = on_step, .who = h->index, .life = h->life});
}

static void delivery_release(void *owner)
{
    parcel_drop(owner);
}

void host_deliver(world *w, sim_host *h, uint32_t actor, int64_t incarnation, int64_t sequence,
                  bool local, const parcel *p)
{
    parcel *copy = parcel_new(w, p->bytes, p->bytes_count);
    inbound m = {.to = w->actors[actor].ref,
                 .incarnation = incarnation,
                 .sequence = sequence,
                 .local = local,
                 .data = copy->bytes,
                 .data_bytes = copy->bytes_count,
                 .owner = copy,
                 .release = delivery_release};
    if (runtime_deliver(h->runtime, &m))
        host_kick(w, h, prng_between(&w->random, 5, 100));
    else
        parcel_drop(copy);
}

static void on_install(world *w, const happening *p)
{
    sim_host *h = &w->hosts[p->who];
    if (h->life != p->life || h->opened[p->number] == NULL)
        return;
    runtime_install(h->runtime, h->opened[p->number]);
    h->opened[p->number] = NULL;
    host_kick(w, h, 10);
}

// A live host has the lease. It may have lost the cell: asked by name, it takes it again.
static void holder_wake(world *w, const uuid *holder, uint32_t actor)
{
    for (uint32_t i = 0; i < w->hosts_count; i++) {
        sim_host *h = &w->hosts[i];
        if (h->up && !h->paused && !h->deaf && uuid_equal(&h->id, holder))
            host_wake(w, h, actor, true);
    }
}

static void on_open(world *w, const happening *p)
{
    sim_host *h = &w->hosts[p->who];
    uint32_t slot = 0;
    if (!h->up || h->life != p->life || h->paused)
        return;
    while (slot < OPENED_MAX && h->opened[slot] != NULL)
        slot++;
    const actor_ref *ref = &w->actors[p->actor].ref;
    // The real activator looks first too, and can be wrong: the cell may be on its way.
    if (slot == OPENED_MAX ||
        (runtime_holds(h->runtime, &ref->id) && !prng_chance(&w->random, 30000)))
        return;
    kind_context context = {.store = session_port(&h->activator),
                            .now_us = w->now_us,
                            .plans = w->plans,
                            .payment_extension_us = PAYMENT_EXTENSION_US};
    cell *c = NULL;
    uuid holder = {0};
    store_result result = cell_open(&context, ref, &c, &holder);
    note(w, "actor.opened", h->index, p->actor, result == STORE_OK ? c != NULL : -(int)result,
         NULL);
    if (c == NULL && result == STORE_OK && p->value == 0)
        holder_wake(w, &holder, p->actor);
    if (c == NULL)
        return;
    h->opened[slot] = c;
    happen(w, prng_between(&w->random, 20, 3000),
           (happening){.run = on_install, .who = h->index, .life = h->life, .number = slot});
}

void host_wake(world *w, sim_host *h, uint32_t actor, bool forwarded)
{
    happen(
        w, prng_between(&w->random, 20, 1000),
        (happening){
            .run = on_open, .who = h->index, .life = h->life, .actor = actor, .value = forwarded});
}

// Work that got stuck, for the actors of the partitions that this host holds.
static void reconcile(world *w, sim_host *h)
{
    stuck_row rows[16];
    static const actor_kind responsible[] = {
        [STUCK_PAYMENT_UNDECIDED] = ACTOR_PAYMENT,   [STUCK_CHECKOUT_UNSTARTED] = ACTOR_PAYMENT,
        [STUCK_CONFIRMED_UNTICKETED] = ACTOR_TICKET, [STUCK_HELD_OVERDUE] = ACTOR_EXPIRY,
        [STUCK_PAYMENT_OPEN] = ACTOR_PAYMENT,        [STUCK_REFUND_UNSENT] = ACTOR_PAYMENT,
        [STUCK_REFUND_UNASKED] = ACTOR_PAYMENT,      [STUCK_REFUND_UNREVOKED] = ACTOR_TICKET,
    };
    for (uint32_t i = 0; i < w->actors_count; i++) {
        uint32_t count = 0;
        const actor_ref *ref = &w->actors[i].ref;
        if (ref->kind == ACTOR_EVENT || !runtime_holds(h->runtime, &ref->id) ||
            session_load_stuck(&h->activator, actor_partition(&ref->id), STUCK_MS, rows,
                               sizeof rows / sizeof *rows, &count) != STORE_OK)
            continue;
        for (uint32_t k = 0; k < count; k++) {
            if (responsible[rows[k].kind] != ref->kind)
                continue; // the actor that can do something may live elsewhere
            note(w, "reconciler.found", h->index, rows[k].kind, 0, &rows[k].reservation.u);
            runtime_unstick(h->runtime, ref, &rows[k]);
        }
        host_kick(w, h, 10);
    }
}

static void on_upkeep(world *w, const happening *p)
{
    sim_host *h = &w->hosts[p->who];
    if (!h->up || h->life != p->life)
        return;
    happen(w, UPKEEP_US, *p);
    if (h->paused)
        return;
    if (!w->store_away && !h->storeless)
        h->heartbeat_us = w->now_us;
    if (h->inside)
        return;
    if (!h->deaf)
        h->incarnation = w->broker.incarnation;
    h->inside = true;
    runtime_upkeep(h->runtime);
    if (!h->doomed) // it may have handed messages over
        host_kick(w, h, 20 + MS_US * runtime_rest_ms(h->runtime, 500));
    leave(w, h);
    h->upkeeps++;
    if (h->upkeeps % RECONCILES_EVERY == 0)
        reconcile(w, h);
    for (uint32_t i = 0; h->upkeeps % OPENS_EVERY == 0 && i < w->actors_count; i++)
        if (w->actors[i].event == NOBODY)
            host_wake(w, h, i, false);
}

static void on_report(void *self, const runtime_report *report)
{
    session *s = self;
    world *w = s->world;
    static const char *const names[] = {
        [REPORT_TICK] = "tick.committed",         [REPORT_FENCED] = "tick.fenced",
        [REPORT_REFUSED] = "tick.refused",        [REPORT_UNKNOWN] = "tick.unknown",
        [REPORT_REJECTED] = "message.rejected",   [REPORT_DROPPED] = "command.dropped",
        [REPORT_MALFORMED] = "message.malformed", [REPORT_SLEPT] = "actor.slept",
        [REPORT_MOVED] = "actor.moved",           [REPORT_UNMOVED] = "actor.move_refused",
        [REPORT_DIRECT] = "message.direct",       [REPORT_UNSEALED] = "message.unsealed",
    };
    w->outcome.rejected += report->type == REPORT_REJECTED;
    w->outcome.moved += report->type == REPORT_MOVED;
    note(w, names[report->type], s->host, report->commands, report->seen, NULL);
    if (report->type == REPORT_MALFORMED)
        broken(w, "a message could not be read");
    if (report->type == REPORT_UNSEALED)
        broken(w, "a message is not sealed");
}

void host_start(world *w, uint32_t host)
{
    sim_host *h = &w->hosts[host];
    assert(h->runtime == NULL);
    *h = (sim_host){.index = host,
                    .life = h->life + 1,
                    .id = fresh_id(w),
                    .up = true,
                    .heartbeat_us = w->now_us,
                    .started_us = w->now_us,
                    .clock_base_us = prng_between(&w->random, 1, 1000) * SECOND_US,
                    .clock_ppm = (int32_t)prng_between(&w->random, -200, 200),
                    .step_at_us = INT64_MAX,
                    .incarnation = w->broker.incarnation};
    h->writer = (session){w, host, h->life, true};
    h->activator = (session){w, host, h->life, false};
    runtime_config config = {.host = h->id,
                             .idle_ms = 5000,
                             .resend_ms = 500,
                             .facts_gather_ms = (int64_t)prng_between(&w->random, 0, 200),
                             .live_gather_ms = (int64_t)prng_between(&w->random, 0, 50),
                             .store = session_port(&h->writer),
                             .bus = host_bus(h),
                             .clock = host_clock(h),
                             .perform = host_performer(h),
                             .plans = w->plans,
                             .seals = &sim_seals,
                             .payment_extension_us = PAYMENT_EXTENSION_US,
                             .report = on_report,
                             .report_self = &h->writer};
    h->runtime = runtime_new(&config);
    assert(h->runtime != NULL);
    note(w, "host.started", host, h->life, 0, &h->id);
    happening upkeep = {.run = on_upkeep, .who = host, .life = h->life};
    happen(w, prng_between(&w->random, 100, UPKEEP_US), upkeep);
    for (uint32_t i = 0; i < w->actors_count; i++)
        if (w->actors[i].event == NOBODY)
            host_wake(w, h, i, false);
}

void host_release(world *w, sim_host *h)
{
    (void)w;
    for (uint32_t i = 0; i < OPENED_MAX; i++) {
        cell_free(h->opened[i]);
        h->opened[i] = NULL;
    }
    runtime_free(h->runtime);
    h->runtime = NULL;
    h->up = h->doomed = false;
}

void host_crash(world *w, uint32_t host)
{
    sim_host *h = &w->hosts[host];
    if (!h->up)
        return;
    trouble(w, "host.crashed", host);
    w->outcome.crashes++;
    h->up = false;
    if (h->inside)
        h->doomed = true; // its thread is somewhere below on our stack
    else
        host_release(w, h);
}

void host_restart_gently(world *w, uint32_t host)
{
    sim_host *h = &w->hosts[host];
    if (!h->up || h->inside || h->paused)
        return;
    trouble(w, "host.hands_over", host);
    h->inside = true;
    runtime_hand_over(h->runtime);
    h->inside = false;
    h->up = false;
    host_release(w, h);
}

void host_cut(world *w, uint32_t host, bool deaf, bool storeless)
{
    sim_host *h = &w->hosts[host];
    trouble(w, deaf || storeless ? "host.cut_off" : "host.connected", host);
    h->deaf = deaf;
    h->storeless = storeless;
    for (uint32_t i = 0; h->up && !deaf && i < INLETS_MAX; i++)
        if (h->inlets[i].used)
            inlet_wants(w, h, &h->inlets[i], latency(w)); // its consumers start again
}

void host_pause(world *w, uint32_t host)
{
    sim_host *h = &w->hosts[host];
    if (!h->up || h->paused)
        return;
    trouble(w, "host.paused", host);
    h->paused = true;
    h->paused_us = w->now_us;
}

void host_resume(world *w, uint32_t host)
{
    sim_host *h = &w->hosts[host];
    if (!h->paused)
        return;
    trouble(w, "host.resumed", host);
    h->paused = false;
    // Some machines' monotonic clocks stand still while the machine does.
    if (prng_chance(&w->random, 300000))
        h->clock_base_us -= prng_between(&w->random, 0, w->now_us - h->paused_us);
    if (h->wants_step && !h->inside && h->up) {
        h->wants_step = false;
        host_kick(w, h, 20);
    }
}
