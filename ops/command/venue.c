#include "ops/command/nouns.h"
#include "ops/host/random.h"

static command_status venue_create(command *c)
{
    char problem[CATALOG_PROBLEM_BYTES], id[UUID_TEXT_BYTES];
    command_status status;
    const uuid organizer = random_uuid();
    catalog_venue row = {
        .id = random_uuid(),
        .name = command_option(c, "name", NULL),
        .city = command_option(c, "city", NULL),
        .country = command_option(c, "country", NULL),
        .time_zone = command_option(c, "time-zone", NULL),
    };
    bool made;
    if (!row.name || !row.city || !row.country || !row.time_zone)
        return command_fail(c, COMMAND_USAGE,
                            "a venue needs --name, --city, --country and --time-zone");
    connection *database = command_database(c, &status);
    if (!database)
        return status;
    store_result result = catalog_organizer(database, command_option(c, "organizer", "House"),
                                            &organizer, &row.organizer, problem);
    if (result == STORE_OK)
        result = catalog_venue_put(database, &row, &made, problem);
    if (result != STORE_OK)
        return command_store_fail(c, result, problem);
    uuid_format(&row.id, id);
    return command_print(c, json_pack("{s:s, s:s}", "id", id, "name", row.name));
}

static command_status venue_list(command *c)
{
    return command_report(c, REPORT_VENUES, NULL);
}

static command_status venue_show(command *c)
{
    uuid id;
    return command_id(c, &id) ? command_report(c, REPORT_VENUE, &id) : COMMAND_USAGE;
}

const verb venue_verbs[] = {
    {"create",
     NULL,
     "Makes a venue.",
     0,
     0,
     {{"name", "TEXT", "what it is called"},
      {"city", "TEXT", "where it stands"},
      {"country", "XX", "ISO 3166-1, two letters"},
      {"time-zone", "NAME", "IANA name, such as Europe/Berlin"},
      {"organizer", "TEXT", "who owns it, made when new (House)"}},
     venue_create},
    {"list", NULL, "Lists the venues.", 0, 0, {{0}}, venue_list},
    {"show", "ID", "Shows one venue.", 1, 1, {{0}}, venue_show},
    {0},
};
