// The world's frame: what will happen and when, bytes under way, the trace, and the verdict.
#include "chaos/sim/world.h"

#include <stdarg.h>

static bool sooner(const happening *a, const happening *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->rank < b->rank;
}

static void sift_down(world *w, uint32_t at)
{
    happening moved = w->heap[at];
    for (uint32_t child; (child = 2 * at + 1) < w->heap_count; at = child) {
        if (child + 1 < w->heap_count && sooner(&w->heap[child + 1], &w->heap[child]))
            child++;
        if (!sooner(&w->heap[child], &moved))
            break;
        w->heap[at] = w->heap[child];
    }
    w->heap[at] = moved;
}

void happen(world *w, int64_t in_us, happening h)
{
    GROW(w->heap, w->heap_count, w->heap_max);
    h.at_us = w->now_us + (in_us > 0 ? in_us : 0);
    h.rank = w->ranks++;
    uint32_t at = w->heap_count++;
    for (; at > 0 && sooner(&h, &w->heap[(at - 1) / 2]); at = (at - 1) / 2)
        w->heap[at] = w->heap[(at - 1) / 2];
    w->heap[at] = h;
}

bool world_step(world *w)
{
    if (w->outcome.broken || w->heap_count == 0)
        return false;
    happening h = w->heap[0];
    w->heap[0] = w->heap[--w->heap_count];
    if (w->heap_count > 0)
        sift_down(w, 0);
    w->now_us = h.at_us;
    w->outcome.steps++;
    h.run(w, &h);
    parcel_drop(h.parcel);
    return !w->outcome.broken;
}

static void actor_clear(sim_actor *a)
{
    free(a->senders);
    *a = (sim_actor){.facts = a->facts,
                     .facts_max = a->facts_max,
                     .fact_bytes = a->fact_bytes,
                     .fact_bytes_max = a->fact_bytes_max};
}

// Forgets everything but the memory that the next world can use.
void world_clear(world *w)
{
    for (uint32_t i = 0; i < w->hosts_count; i++)
        host_release(w, &w->hosts[i]);
    for (uint32_t i = 0; i < w->heap_count; i++)
        parcel_drop(w->heap[i].parcel);
    for (uint32_t i = 0; i < w->broker.messages_count; i++)
        parcel_drop(w->broker.messages[i].parcel);
    for (uint32_t i = 0; i < w->asks_count; i++)
        parcel_drop(w->asks[i].bytes);
    for (uint32_t i = 0; i < w->batches_count; i++)
        parcel_drop(w->batches[i].bytes);
    for (uint32_t i = 0; i < ACTORS_MAX; i++)
        actor_clear(&w->actors[i]);
    w->heap_count = w->broker.messages_count = w->asks_count = w->batches_count = 0;
    w->attempts_count = w->intents_count = w->callbacks_count = 0;
    w->reservations_count = w->payments_count = w->tickets_count = w->refusals_count = 0;
    w->actors_count = w->events_count = w->hosts_count = w->edges_count = w->buyers_count = 0;
    key_map *maps[] = {&w->broker.fact_ids, &w->by_reservation, &w->by_key,   &w->by_payment,
                       &w->by_ticket,       &w->by_command,     &w->by_intent};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        key_map_clear(maps[i]);
    w->ranks = 0;
    w->store_since_us = 0;
    w->provider_away = false;
    w->store_away = w->calm = w->broker.leaderless = false;
}

static void line_print(const trace_line *l, FILE *to)
{
    char id[UUID_TEXT_BYTES] = "";
    if (!uuid_is_zero(&l->id))
        uuid_format(&l->id, id);
    fprintf(to, "%12.6f  %-26s %3d %10lld %10lld  %s\n", (double)l->at_us / 1e6, l->what,
            l->who == NOBODY ? -1 : (int)l->who, (long long)l->a, (long long)l->b, id);
}

// `what` must be a literal: the trace keeps the pointer. The fingerprint is FNV-1a over words.
void note(world *w, const char *what, uint32_t who, int64_t a, int64_t b, const uuid *id)
{
    trace_line *l = &w->trace[w->traced++ % TRACE_MAX];
    *l = (trace_line){.at_us = w->now_us, .a = a, .b = b, .what = what, .who = who};
    if (id != NULL)
        l->id = *id;
    uint64_t words[4] = {(uint64_t)l->at_us, who, (uint64_t)a, (uint64_t)b};
    for (size_t i = 0; i < 4; i++)
        w->outcome.fingerprint = (w->outcome.fingerprint ^ words[i]) * 0x100000001b3u;
    if (w->options.trace != NULL)
        line_print(l, w->options.trace);
}

void broken(world *w, const char *format, ...)
{
    if (w->outcome.broken)
        return; // what follows the first is noise
    w->outcome.broken = true;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(w->outcome.what, sizeof w->outcome.what, format, arguments);
    va_end(arguments);
}

void trouble(world *w, const char *what, uint32_t who)
{
    w->troubled_us = w->now_us;
    note(w, what, who, 0, 0, NULL);
}

parcel *parcel_new(world *w, const void *data, uint32_t data_bytes)
{
    parcel *p = malloc(sizeof *p + data_bytes);
    assert(p != NULL);
    p->world = w;
    p->references = 1;
    p->bytes_count = data_bytes;
    memcpy(p->bytes, data, data_bytes);
    w->parcels++;
    return p;
}

parcel *parcel_of_command(world *w, const Cavea__V1__Command *command)
{
    uint8_t bytes[4096];
    wire out = {.bytes = bytes, .max = sizeof bytes};
    wire_message(&out, 5, &command->base);
    assert(!out.full);
    return parcel_new(w, bytes, out.count);
}

parcel *parcel_share(parcel *p)
{
    p->references++;
    return p;
}

void parcel_drop(parcel *p)
{
    if (p == NULL || --p->references > 0)
        return;
    p->world->parcels--;
    free(p);
}

int64_t latency(world *w)
{
    return prng_between(&w->random, w->weather.latency_us,
                        w->weather.latency_us + w->weather.jitter_us);
}

uuid fresh_id(world *w)
{
    uint8_t random[10];
    prng_fill(&w->random, random, sizeof random);
    return uuid_v7(w->now_us / 1000, random);
}

uint32_t actor_index(const world *w, const actor_id *id)
{
    for (uint32_t i = 0; i < w->actors_count; i++)
        if (uuid_equal(&w->actors[i].ref.id.u, &id->u))
            return i;
    return NOBODY;
}

uint32_t event_index(const world *w, const event_id *id)
{
    for (uint32_t i = 0; i < w->events_count; i++)
        if (uuid_equal(&w->events[i].id.u, &id->u))
            return i;
    return NOBODY;
}

static void world_done(world *w)
{
    world_clear(w);
    for (uint32_t i = 0; i < ACTORS_MAX; i++) {
        free(w->actors[i].facts);
        free(w->actors[i].fact_bytes);
    }
    for (uint32_t i = 0; w->plans != NULL && i < HOUSES; i++)
        if (w->houses[i] != NULL)
            plan_cache_return(w->plans, w->houses[i]);
    plan_cache_free(w->plans);
    fold_done(&w->fold);
    void *arrays[] = {w->heap,     w->broker.messages, w->asks,      w->batches,
                      w->attempts, w->intents,         w->callbacks, w->reservations,
                      w->payments, w->books,           w->tickets,   w->refusals};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    key_map *maps[] = {&w->broker.fact_ids, &w->by_reservation, &w->by_key,   &w->by_payment,
                       &w->by_ticket,       &w->by_command,     &w->by_intent};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        key_map_done(maps[i]);
}

struct sim {
    world world;
};

sim *sim_new(void)
{
    sim *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->world.plans = plan_cache_new();
    if (s->world.plans == NULL || !fold_init(&s->world.fold)) {
        sim_free(s);
        return NULL;
    }
    houses_build(&s->world);
    return s;
}

void sim_free(sim *s)
{
    if (s == NULL)
        return;
    world_done(&s->world);
    free(s);
}

// Runs until the troubles are over, and then until everything has drained.
void sim_run(sim *s, const sim_options *options, sim_outcome *ret_outcome)
{
    enum { DRAIN_US = 400 * 1000 * 1000 };
    world *w = &s->world;
    world_clear(w);
    w->options = *options;
    w->traced = 0;
    w->outcome = (sim_outcome){.fingerprint = 0xcbf29ce484222325u};
    prng_seed(&w->random, options->seed);
    scene_set(w);
    faults_begin(w);
    while (!w->calm && w->outcome.steps < options->steps_max && w->now_us < w->calm_from_us &&
           world_step(w))
        check_now(w);
    if (!w->outcome.broken)
        calm_begin(w);
    const char *waits_for = "";
    int64_t look_us = w->now_us, until_us = w->now_us + DRAIN_US;
    while (world_step(w)) {
        check_now(w);
        if (w->now_us < look_us)
            continue;
        look_us = w->now_us + SECOND_US;
        if (check_drained(w, &waits_for))
            break;
        if (w->now_us > until_us)
            broken(w, "it does not drain: %s", waits_for);
    }
    if (!w->outcome.broken)
        check_end(w);
    *ret_outcome = w->outcome;
    world_clear(w);
    if (w->parcels != 0 && !w->outcome.broken) {
        ret_outcome->broken = true;
        snprintf(ret_outcome->what, sizeof ret_outcome->what,
                 "%llu messages were released too often or never", (unsigned long long)w->parcels);
    }
    w->parcels = 0;
}

void sim_trace_print(const sim *s, FILE *to)
{
    const world *w = &s->world;
    uint64_t from = w->traced > TRACE_MAX ? w->traced - TRACE_MAX : 0;
    for (uint64_t i = from; i < w->traced; i++)
        line_print(&w->trace[i % TRACE_MAX], to);
}
