// One run of the operator's command: which verb, what was given, where results and problems go.
// Every noun is a file with a table of verbs (nouns.h); a verb is a function that takes this struct
// and returns the exit status. Refuses to know SQL (store/ does) and subjects (schemas/ does).
// One thread. Results go to standard output, problems and progress to standard error; with --json
// both are JSON documents and the problem is printed to standard output, too.
#ifndef CAVEA_OPS_COMMAND_COMMAND_H
#define CAVEA_OPS_COMMAND_COMMAND_H

#include "store/connection.h"

#include <jansson.h>

typedef enum command_status {
    COMMAND_OK = 0,
    COMMAND_FAILED = 1,      // refused, not found, or a check that did not agree
    COMMAND_USAGE = 2,       // the command line is wrong
    COMMAND_UNREACHABLE = 3, // a service is away; trying again later may help
} command_status;

enum { COMMAND_ARGUMENTS_MAX = 4, COMMAND_OPTIONS_MAX = 32, COMMAND_VERB_OPTIONS_MAX = 16 };

typedef struct verb_option {
    const char *name;  // without the dashes
    const char *value; // what to give, for the help: "FILE"; NULL: the option is a flag
    const char *help;
} verb_option;

typedef struct command command;

typedef struct verb {
    const char *name;      // "": what the noun does by itself
    const char *arguments; // for the help: "FILE"; NULL: none
    const char *help;      // one sentence
    int arguments_min, arguments_max;
    verb_option options[COMMAND_VERB_OPTIONS_MAX]; // ended by a NULL name
    command_status (*run)(command *c);
} verb;

typedef struct noun {
    const char *name, *help;
    const verb *verbs; // ended by a NULL name
} noun;

struct command {
    const char *postgres_url, *nats_url, *nats_nkey_file; // "" when not set
    bool json;
    const noun *noun;
    const verb *verb;
    const char *arguments[COMMAND_ARGUMENTS_MAX];
    int arguments_count;
    struct command_option {
        const char *name, *value;
    } options[COMMAND_OPTIONS_MAX];
    int options_count;
    connection *database; // opened by command_database
};

// Reads the words behind the program's name; prints what is wrong. COMMAND_OK: verb is set.
command_status command_parse(command *c, int argc, char *const *argv, const noun *nouns);
// Help for everything, or for c->noun when it is set.
void command_help(const command *c, const noun *nouns, FILE *out);

bool command_flag(const command *c, const char *name);
// The last value given, or otherwise (which may be NULL).
const char *command_option(const command *c, const char *name, const char *otherwise);
// A whole number within bounds; false when it is none, and then the problem is printed.
MUST_CHECK bool command_number(const command *c, const char *name, int64_t min, int64_t max,
                               int64_t otherwise, int64_t *ret_number);
// The first argument as an id; false when it is none, and then the problem is printed.
MUST_CHECK bool command_id(const command *c, uuid *ret_id);

// Prints one sentence (made safe to show) and returns status.
__attribute__((format(printf, 3, 4))) command_status
command_fail(const command *c, command_status status, const char *format, ...);
// Prints a result, which it takes: as JSON, or as text for people. Returns COMMAND_OK.
command_status command_print(const command *c, json_t *result);
// A store's refusal or failure as an exit status, with its sentence printed.
command_status command_store_fail(const command *c, store_result result, const char *problem);

// The database, with the schema that this program needs; NULL when it cannot be had, with the
// problem printed and *ret_status set.
connection *command_database(command *c, command_status *ret_status);
void command_done(command *c);

#endif
