// The operator's command. `cavea help` lists what it does, cavea.1 is its manual.
#include "ops/command/nouns.h"
#include "ops/host/config.h"

#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

static const noun nouns[] = {
    {"migrate", "Brings the database's schema forward or back.", migrate_verbs},
    {"plan", "Seating plans: import, export, generate.", plan_verbs},
    {"venue", "Places where events happen.", venue_verbs},
    {"event", "Events and their sale.", event_verbs},
    {"actor", "Who decides for an event.", actor_verbs},
    {"reservation", "Looks into one reservation.", reservation_verbs},
    {"ledger", "Checks that the record of facts is whole.", ledger_verbs},
    {"finance", "The money of an event, and beside the provider's books.", finance_verbs},
    {"refund", "Refunds that wait for a person.", refund_verbs},
    {"ticket", "The keys that sign tickets.", ticket_verbs},
    {"nkey", "Keys that say who a program is to the message servers.", nkey_verbs},
    {"doctor", "Checks everything that cavea depends on.", doctor_verbs},
    {"demo", "Two events to play with.", demo_verbs},
    {NULL, NULL, NULL},
};

static const setting settings[] = {
    CONFIG_TEXT(command, postgres_url, "postgres-url", "", 0, 4095, "the database"),
    CONFIG_TEXT(command, nats_url, "nats-url", "", 0, 2000, "the message servers"),
    CONFIG_PATH(command, nats_nkey_file, "nats-nkey-file", "", "file with the seed of our NKey"),
};

static const config configuration = {
    .program = "cavea",
    .summary = "The operator's command.",
    .arguments = "COMMAND ...",
    .settings = settings,
    .settings_count = sizeof settings / sizeof *settings,
};

// `cavea help NOUN` is `cavea NOUN --help`.
static command_status help_run(command *c, int argc, char *const *argv)
{
    for (const noun *n = nouns; argc > 0 && n->name; n++)
        if (strcmp(n->name, argv[0]) == 0)
            c->noun = n;
    if (argc > 0 && !c->noun)
        return command_fail(c, COMMAND_USAGE, "there is no command %s", argv[0]);
    command_help(c, nouns, stdout);
    return COMMAND_OK;
}

int main(int argc, char **argv)
{
    command c = {.postgres_url = ""};
    char problem[CONFIG_PROBLEM_BYTES];
    int rest;
    // Only the environment: options may stand anywhere, so command_parse reads them.
    if (config_parse(&configuration, 1, argv, environ, &c, &rest, problem) != CONFIG_READ)
        return (int)command_fail(&c, COMMAND_USAGE, "%s", problem);
    if (sodium_init() < 0)
        return (int)command_fail(&c, COMMAND_FAILED, "libsodium cannot be used on this machine");
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        return puts("cavea " CAVEA_VERSION) < 0;
    if (argc > 1 && strcmp(argv[1], "help") == 0)
        return (int)help_run(&c, argc - 2, argv + 2);
    command_status status = command_parse(&c, argc - 1, argv + 1, nouns);
    if (status != COMMAND_OK)
        return (int)status;
    if (command_flag(&c, "help") || !c.noun) {
        command_help(&c, nouns, c.noun || argc > 1 ? stdout : stderr);
        return c.noun || argc > 1 ? COMMAND_OK : COMMAND_USAGE;
    }
    status = c.verb->run(&c);
    command_done(&c);
    return (int)status;
}
