#include "ops/command/event_make.h"
#include "ops/command/nouns.h"
#include "ops/command/progress.h"

#include <assert.h>

// The demo's ids are the same everywhere, so that loading it again finds what is there.
static const struct demo_event {
    const char *house, *plan_name;
    const char *venue_id, *venue, *city, *country, *time_zone;
    const char *event_id, *name, *category, *description, *starts, *sale_starts;
} demo_events[] = {
    {
        .house = "arena",
        .plan_name = "Demo arena",
        .venue_id = "01970000-0000-7000-8000-0000000000a1",
        .venue = "Demo Arena",
        .city = "Berlin",
        .country = "DE",
        .time_zone = "Europe/Berlin",
        .event_id = "01970000-0000-7000-8000-0000000000e1",
        .name = "Demo Cup Final",
        .category = "sport",
        .description = "An arena of 60,000 seats, on sale now. Every seat is made up.",
        .starts = "+60d",
        .sale_starts = "now",
    },
    {
        .house = "theatre",
        .plan_name = "Demo theatre",
        .venue_id = "01970000-0000-7000-8000-0000000000a2",
        .venue = "Demo Theatre",
        .city = "Lisbon",
        .country = "PT",
        .time_zone = "Europe/Lisbon",
        .event_id = "01970000-0000-7000-8000-0000000000e2",
        .name = "A Demo Night's Dream",
        .category = "theatre",
        .description = "A theatre of 1,000 seats whose sale opens in two days.",
        .starts = "+30d",
        .sale_starts = "+2d",
    },
};
enum { DEMO_EVENTS = sizeof demo_events / sizeof *demo_events };
static const char organizer_text[] = "01970000-0000-7000-8000-000000000001";

static uuid id_of(const char *text)
{
    uuid id = {0};
    bool valid = uuid_parse(text, strlen(text), &id);
    assert(valid);
    return id;
}

static command_status demo_plan(command *c, const struct demo_event *demo, digest32 *ret_hash)
{
    const plan_house *house = plan_house_find(demo->house);
    plan_side side;
    plan_stored stored;
    plan_draft d;
    if (!plan_draft_init(&d, PLAN_BYTES_MAX))
        return command_fail(c, COMMAND_FAILED, "out of memory");
    command_status status =
        plan_house_store(c, house, house->seats_standard, demo->plan_name, &d, &side, &stored);
    plan_draft_done(&d);
    if (status == COMMAND_OK)
        *ret_hash = stored.hash;
    return status;
}

static command_status demo_venue(command *c, const struct demo_event *demo)
{
    char problem[CATALOG_PROBLEM_BYTES];
    command_status status;
    bool made;
    const uuid organizer = id_of(organizer_text);
    catalog_venue row = {.id = id_of(demo->venue_id),
                         .name = demo->venue,
                         .city = demo->city,
                         .country = demo->country,
                         .time_zone = demo->time_zone};
    connection *database = command_database(c, &status);
    if (!database)
        return status;
    store_result result =
        catalog_organizer(database, "Demo organizer", &organizer, &row.organizer, problem);
    if (result == STORE_OK)
        result = catalog_venue_put(database, &row, &made, problem);
    return result == STORE_OK ? COMMAND_OK : command_store_fail(c, result, problem);
}

static command_status demo_event_put(command *c, const struct demo_event *demo,
                                     const digest32 *hash, bool *ret_made)
{
    char problem[CATALOG_PROBLEM_BYTES];
    command_status status;
    plan_loaded l;
    catalog_event row = {
        .id = {id_of(demo->event_id)},
        .venue = id_of(demo->venue_id),
        .name = demo->name,
        .category = demo->category,
        .description = demo->description,
        .hold_seconds = EVENT_HOLD_SECONDS,
        .plan_hash = *hash,
    };
    connection *database = command_database(c, &status);
    if (!database)
        return status;
    store_result result = catalog_time(database, demo->starts, &row.venue, &row.starts_us, problem);
    if (result == STORE_OK)
        result =
            catalog_time(database, demo->sale_starts, &row.venue, &row.sale_starts_us, problem);
    if (result != STORE_OK)
        return command_store_fail(c, result, problem);
    status = plan_load(c, hash, &l);
    if (status != COMMAND_OK)
        return status;
    if (!event_price(&row, &l, &l.side, problem))
        status = command_fail(c, COMMAND_FAILED, "%s", problem);
    plan_loaded_done(&l);
    return status == COMMAND_OK ? event_store(c, &row, ret_made) : status;
}

static command_status demo_load(command *c)
{
    progress p = progress_start("loading the demo");
    json_t *list = json_array();
    command_status status = COMMAND_OK;
    for (int i = 0; status == COMMAND_OK && i < DEMO_EVENTS; i++) {
        const struct demo_event *demo = &demo_events[i];
        digest32 hash;
        bool made = false;
        progress_show(&p, i, DEMO_EVENTS);
        status = demo_plan(c, demo, &hash);
        if (status == COMMAND_OK)
            status = demo_venue(c, demo);
        if (status == COMMAND_OK)
            status = demo_event_put(c, demo, &hash, &made);
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "id", demo->event_id, "name",
                                              demo->name, "new", made));
    }
    progress_end(&p);
    if (status == COMMAND_OK)
        return command_print(c, list);
    json_decref(list);
    return status;
}

const verb demo_verbs[] = {
    {"load",
     NULL,
     "Makes an arena on sale and a theatre that opens later; does nothing the second time.",
     0,
     0,
     {{0}},
     demo_load},
    {0},
};
