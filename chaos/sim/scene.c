// What a seed makes: events in houses of a dozen to sixty seats, hosts, edges, buyers, and how bad
// the weather is.
#include "chaos/sim/world.h"

static const uint32_t house_seats[HOUSES] = {12, 24, 36, SEATS_MAX};

static void house_build(world *w, uint32_t house)
{
    enum { ROW = 6, SECTION = 12 };
    static const char *const sections[] = {"a", "b", "c", "d", "e"};
    static const char *const rows[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"};
    static const char *const categories[] = {"stalls", "circle", "gallery"};
    plan_seat seats[SEATS_MAX];
    char ids[SEATS_MAX][16], numbers[SEATS_MAX][8];
    uint32_t count = house_seats[house];
    for (uint32_t i = 0; i < count; i++) {
        snprintf(ids[i], sizeof ids[i], "s-%u", i);
        snprintf(numbers[i], sizeof numbers[i], "%u", i % ROW + 1);
        seats[i] = (plan_seat){.section = i / SECTION,
                               .row = i / ROW,
                               .category = i / SECTION % 3,
                               .flags = i % 17 == 16 ? SEAT_FLAG_BLOCKED : 0,
                               .x = (int32_t)(i % ROW) * 10,
                               .y = (int32_t)(i / ROW) * 10,
                               .id = ids[i],
                               .number = numbers[i]};
    }
    plan_parts parts = {.seats_count = count,
                        .sections_count = (count + SECTION - 1) / SECTION,
                        .categories_count = 3,
                        .rows_count = (count + ROW - 1) / ROW,
                        .seats = seats,
                        .section_ids = sections,
                        .section_names = sections,
                        .categories = categories,
                        .row_names = rows};
    uint8_t *packed = NULL;
    size_t packed_bytes = 0;
    bool made = plan_encode(&parts, &packed, &packed_bytes);
    assert(made);
    w->house_hashes[house] = digest32_of(packed, packed_bytes);
    // Borrowed for good, so that the hosts find it in the cache.
    w->houses[house] =
        plan_cache_borrow(w->plans, &w->house_hashes[house], packed, (uint32_t)packed_bytes);
    assert(w->houses[house] != NULL);
    free(packed);
}

void houses_build(world *w)
{
    for (uint32_t i = 0; i < HOUSES; i++)
        house_build(w, i);
}

static uint32_t actor_add(world *w, actor_ref ref, uint32_t event)
{
    uint32_t known = actor_index(w, &ref.id);
    if (known != NOBODY)
        return known;
    assert(w->actors_count < ACTORS_MAX);
    w->actors[w->actors_count].ref = ref;
    w->actors[w->actors_count].event = event;
    return w->actors_count++;
}

static void event_add(world *w)
{
    uint32_t n = w->events_count++;
    sim_event *e = &w->events[n];
    *e = (sim_event){.id = {fresh_id(w)},
                     .house = prng_below(&w->random, HOUSES),
                     .status = EVENT_ON_SALE,
                     .starts_us = w->now_us + prng_between(&w->random, 5, 60) * SECOND_US,
                     .hold_seconds = (int32_t)prng_between(&w->random, 2, 8)};
    if (prng_chance(&w->random, 200000)) {
        e->status = EVENT_SCHEDULED;
        e->sale_starts_us = w->now_us + prng_between(&w->random, 0, 3 * SECOND_US);
    }
    bool has_free = prng_chance(&w->random, 150000);
    for (uint32_t i = 0; i < 3; i++)
        e->price_minor[i] = has_free && i == 0 ? 0 : 1000 * (i + 1);
    for (uint32_t i = 0; i < SEATS_MAX; i++)
        e->claims[i] = NOBODY;
    if (prng_chance(&w->random, 100000))
        organizer_begin(w, n);
    e->tag = event_tag(&e->id);
    e->actor = actor_add(w, actor_of_event(&e->id), n);
    for (actor_kind kind = ACTOR_PAYMENT; kind < ACTOR_KINDS_END; kind++)
        (void)actor_add(w, actor_of_tag(kind, e->tag), NOBODY);
}

static uint32_t upto(world *w, uint32_t most)
{
    return prng_below(&w->random, most + 1);
}

// One world in eight has no faults at all: there, everything must also be quick.
static void weather_draw(world *w)
{
    prng *p = &w->random;
    w->weather =
        (weather){.latency_us = prng_between(p, 50, 1000), .jitter_us = prng_between(p, 0, 5000)};
    w->calm_from_us = w->now_us + prng_between(p, 8, 30) * SECOND_US;
    if (prng_chance(p, 125000))
        return;
    bool heavy = prng_chance(p, 300000);
    uint32_t most = heavy ? 150000 : 20000;
    w->weather.lose_core = upto(w, most);
    w->weather.lose_publish = upto(w, most / 2);
    w->weather.lose_ack = upto(w, most);
    w->weather.twice = upto(w, most);
    w->weather.unknown_before = upto(w, most / 4);
    w->weather.unknown_after = upto(w, most / 4);
    w->weather.refuse = prng_chance(p, 300000) ? upto(w, 5000) : 0;
    w->weather.block = upto(w, 100000);
    w->weather.block_long = upto(w, 5000);
    w->weather.load_fails = upto(w, most / 4);
    w->weather.perform_lost = upto(w, most);
    w->weather.perform_unreachable = upto(w, most);
    w->weather.refund_fails = upto(w, 300000);
    w->weather.notice_fails = upto(w, most);
    w->weather.trouble_us = prng_between(p, 500, heavy ? 2000 : 8000) * MS_US;
    w->weather.crashes = prng_chance(p, 700000);
    w->weather.pauses = prng_chance(p, 600000);
    w->weather.outages = prng_chance(p, 500000);
    w->weather.wipes = prng_chance(p, 300000);
    w->weather.cuts = prng_chance(p, 400000);
    w->weather.edges_die = prng_chance(p, 400000);
}

void scene_set(world *w)
{
    w->now_us = INT64_C(1700000000) * SECOND_US;
    w->troubled_us = 0; // never yet
    weather_draw(w);
    w->broker.incarnation = w->now_us * 1000;
    uint32_t events = 1 + prng_below(&w->random, EVENTS_MAX);
    for (uint32_t i = 0; i < events; i++)
        event_add(w);
    w->hosts_count = 2 + prng_below(&w->random, HOSTS_MAX - 1);
    for (uint32_t i = 0; i < w->hosts_count; i++) {
        w->hosts[i] = (sim_host){.index = i};
        host_start(w, i);
    }
    w->edges_count = 1 + prng_below(&w->random, EDGES_MAX);
    for (uint32_t i = 0; i < w->edges_count; i++) {
        w->edges[i] = (sim_edge){.index = i};
        edge_start(w, i);
    }
    w->buyers_count = 4 + prng_below(&w->random, BUYERS_MAX - 3);
    for (uint32_t i = 0; i < w->buyers_count; i++)
        buyer_begin(w, i);
}
