#include "store/migrate.h"

#include "ops/command/nouns.h"
#include "ops/host/clock.h"

static void step_told(void *self, const migration_step *step)
{
    json_t *row =
        json_pack("{s:i, s:s, s:s, s:f}", "version", step->version, "name", step->name, "done",
                  step->applied ? "forward" : "back", "ms", (double)step->took_us / 1000);
    json_array_append_new(self, row);
}

static void line_told(void *self, const migration_step *step)
{
    char at[CLOCK_TEXT_BYTES] = "-";
    if (step->applied)
        clock_format(step->applied_at_us, at);
    json_array_append_new(self, json_pack("{s:i, s:s, s:b, s:s}", "version", step->version, "name",
                                          step->name, "applied", step->applied, "at", at));
}

static bool url_given(const command *c)
{
    if (c->postgres_url[0])
        return true;
    (void)command_fail(c, COMMAND_USAGE,
                       "which database? Set CAVEA_POSTGRES_URL or --postgres-url");
    return false;
}

static command_status migrate_to(command *c, int version)
{
    char problem[MIGRATE_PROBLEM_BYTES];
    json_t *steps = json_array();
    if (schema_migrate(c->postgres_url, version, step_told, steps, problem))
        return command_print(c, json_pack("{s:i, s:o}", "version", version, "steps", steps));
    json_decref(steps);
    return command_fail(c, COMMAND_FAILED, "%s", problem);
}

static void version_told(void *self, const migration_step *step)
{
    if (step->applied)
        *(int *)self = step->version;
}

static command_status migrate_up(command *c)
{
    int64_t version;
    int latest = schema_version_latest(), now = 0;
    char problem[MIGRATE_PROBLEM_BYTES];
    if (!url_given(c) || !command_number(c, "to", 0, latest, latest, &version))
        return COMMAND_USAGE;
    if (!schema_status(c->postgres_url, version_told, &now, problem))
        return command_fail(c, COMMAND_FAILED, "%s", problem);
    if (version < now)
        return command_fail(c, COMMAND_USAGE,
                            "the schema has version %d already: `cavea migrate down` goes back",
                            now);
    return migrate_to(c, (int)version);
}

static command_status migrate_down(command *c)
{
    int64_t version;
    int now = 0;
    char problem[MIGRATE_PROBLEM_BYTES];
    if (!url_given(c))
        return COMMAND_USAGE;
    if (!schema_status(c->postgres_url, version_told, &now, problem))
        return command_fail(c, COMMAND_FAILED, "%s", problem);
    if (!command_number(c, "to", 0, now, now > 0 ? now - 1 : 0, &version))
        return COMMAND_USAGE;
    if (version == 0 && now > 0 && !command_flag(c, "yes"))
        return command_fail(c, COMMAND_USAGE,
                            "this removes every table with everything in it: say --yes to do so");
    return migrate_to(c, (int)version);
}

static command_status migrate_status(command *c)
{
    char problem[MIGRATE_PROBLEM_BYTES];
    json_t *lines = json_array();
    if (url_given(c) && schema_status(c->postgres_url, line_told, lines, problem))
        return command_print(c, lines);
    json_decref(lines);
    return c->postgres_url[0] ? command_fail(c, COMMAND_FAILED, "%s", problem) : COMMAND_USAGE;
}

#define TO                                                                                         \
    {                                                                                              \
        "to", "N", "stop at this version"                                                          \
    }

const verb migrate_verbs[] = {
    {"", NULL, "The same as up.", 0, 0, {TO}, migrate_up},
    {"up", NULL, "Applies what is missing.", 0, 0, {TO}, migrate_up},
    {"down",
     NULL,
     "Goes one version back.",
     0,
     0,
     {TO, {"yes", NULL, "really remove every table"}},
     migrate_down},
    {"status", NULL, "Lists every migration and when it was applied.", 0, 0, {{0}}, migrate_status},
    {0},
};
