#include "ops/command/command.h"

#include "ops/command/view.h"
#include "schemas/text.h"
#include "store/migrate.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const struct global_option {
    const char *name;
    bool takes_value;
} globals[] = {{"json", false},
               {"help", false},
               {"postgres-url", true},
               {"nats-url", true},
               {"nats-nkey-file", true}};

command_status command_fail(const command *c, command_status status, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    text_tidy(text);
    fprintf(stderr, "cavea: %s\n", text);
    if (c->json) {
        json_t *problem = json_pack("{s:s}", "error", text);
        json_dumpf(problem, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(problem);
    }
    return status;
}

command_status command_print(const command *c, json_t *result)
{
    if (c->json) {
        json_dumpf(result, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        view_print(stdout, result);
    }
    json_decref(result);
    return COMMAND_OK;
}

command_status command_store_fail(const command *c, store_result result, const char *problem)
{
    if (result == STORE_REFUSED)
        return command_fail(c, COMMAND_FAILED, "%s", problem);
    return command_fail(c, COMMAND_UNREACHABLE, "the database did not answer: %s", problem);
}

bool command_flag(const command *c, const char *name)
{
    return command_option(c, name, NULL) != NULL;
}

const char *command_option(const command *c, const char *name, const char *otherwise)
{
    for (int i = c->options_count; i-- > 0;)
        if (strcmp(c->options[i].name, name) == 0)
            return c->options[i].value;
    return otherwise;
}

bool command_number(const command *c, const char *name, int64_t min, int64_t max, int64_t otherwise,
                    int64_t *ret_number)
{
    const char *text = command_option(c, name, NULL);
    char *end;
    if (!text) {
        *ret_number = otherwise;
        return true;
    }
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno == 0 && end != text && *end == 0 && number >= min && number <= max) {
        *ret_number = number;
        return true;
    }
    (void)command_fail(c, COMMAND_USAGE, "--%s takes a whole number from %lld to %lld, not '%s'",
                       name, (long long)min, (long long)max, text);
    return false;
}

bool command_id(const command *c, uuid *ret_id)
{
    const char *text = c->arguments[0];
    if (uuid_parse(text, strlen(text), ret_id))
        return true;
    (void)command_fail(c, COMMAND_USAGE, "%s is no id: it has 36 characters, lower case", text);
    return false;
}

static const verb *verb_find(const noun *n, const char *name)
{
    for (const verb *v = n->verbs; v->name; v++)
        if (strcmp(v->name, name) == 0)
            return v;
    return NULL;
}

// Whether the option exists, and whether it takes a value.
static bool option_known(const command *c, const char *name, bool *ret_takes_value)
{
    for (size_t i = 0; i < sizeof globals / sizeof *globals; i++)
        if (strcmp(globals[i].name, name) == 0) {
            *ret_takes_value = globals[i].takes_value;
            return true;
        }
    for (const verb_option *o = c->verb ? c->verb->options : NULL; o && o->name; o++)
        if (strcmp(o->name, name) == 0) {
            *ret_takes_value = o->value != NULL;
            return true;
        }
    return false;
}

static command_status option_take(command *c, const char *name, const char *value)
{
    if (strcmp(name, "json") == 0)
        c->json = true;
    else if (strcmp(name, "postgres-url") == 0)
        c->postgres_url = value;
    else if (strcmp(name, "nats-url") == 0)
        c->nats_url = value;
    else if (strcmp(name, "nats-nkey-file") == 0)
        c->nats_nkey_file = value;
    if (c->options_count == COMMAND_OPTIONS_MAX)
        return command_fail(c, COMMAND_USAGE, "too many options");
    c->options[c->options_count++] = (struct command_option){name, value};
    return COMMAND_OK;
}

// One option, at argv[*at]; *at moves behind its value. name must outlive the command.
static command_status option_parse(command *c, int argc, char *const *argv, int *at, char *name,
                                   size_t name_bytes)
{
    const char *word = argv[*at] + 2, *equals = strchr(word, '=');
    size_t bytes = equals ? (size_t)(equals - word) : strlen(word);
    bool takes_value;
    if (bytes >= name_bytes)
        return command_fail(c, COMMAND_USAGE, "there is no option --%.60s", word);
    memcpy(name, word, bytes);
    name[bytes] = 0;
    if (!option_known(c, name, &takes_value))
        return command_fail(c, COMMAND_USAGE,
                            "there is no option --%s here; `cavea help%s%s` "
                            "lists them",
                            name, c->noun ? " " : "", c->noun ? c->noun->name : "");
    if (!takes_value && equals)
        return command_fail(c, COMMAND_USAGE, "--%s takes no value", name);
    if (takes_value && !equals && *at + 1 >= argc)
        return command_fail(c, COMMAND_USAGE, "--%s needs a value", name);
    const char *value = equals ? equals + 1 : takes_value ? argv[++*at] : "";
    return option_take(c, name, value);
}

static void verbs_list(const noun *n, char *ret_text, size_t text_bytes)
{
    size_t at = 0;
    ret_text[0] = 0;
    for (const verb *v = n->verbs; v->name && at < text_bytes; v++)
        at += (size_t)snprintf(ret_text + at, text_bytes - at, "%s%s", at > 0 ? ", " : "", v->name);
}

// A word that is no option: the noun, the verb, or an argument.
static command_status word_take(command *c, const char *word, const noun *nouns)
{
    char verbs[200];
    if (!c->noun) {
        for (const noun *n = nouns; n->name; n++)
            if (strcmp(n->name, word) == 0)
                c->noun = n;
        if (!c->noun)
            return command_fail(c, COMMAND_USAGE, "there is no command %s; `cavea help` lists them",
                                word);
        return COMMAND_OK;
    }
    if (!c->verb) {
        c->verb = verb_find(c->noun, word);
        if (c->verb)
            return COMMAND_OK;
        c->verb = verb_find(c->noun, "");
        if (!c->verb) {
            verbs_list(c->noun, verbs, sizeof verbs);
            return command_fail(c, COMMAND_USAGE, "cavea %s: %s, not '%s'", c->noun->name, verbs,
                                word);
        }
    }
    if (c->arguments_count == c->verb->arguments_max)
        return command_fail(c, COMMAND_USAGE, "one argument too many: '%s'", word);
    c->arguments[c->arguments_count++] = word;
    return COMMAND_OK;
}

// After the last word: the verb that a noun has by itself, and whether all that is needed is there.
static command_status command_complete(command *c)
{
    char verbs[200];
    if (command_flag(c, "help") || !c->noun)
        return COMMAND_OK;
    if (!c->verb)
        c->verb = verb_find(c->noun, "");
    if (!c->verb) {
        verbs_list(c->noun, verbs, sizeof verbs);
        return command_fail(c, COMMAND_USAGE, "cavea %s needs one of: %s", c->noun->name, verbs);
    }
    if (c->arguments_count < c->verb->arguments_min)
        return command_fail(c, COMMAND_USAGE, "cavea %s %s needs %s", c->noun->name, c->verb->name,
                            c->verb->arguments);
    return COMMAND_OK;
}

command_status command_parse(command *c, int argc, char *const *argv, const noun *nouns)
{
    enum { NAME_BYTES = 32 };
    static char names[COMMAND_OPTIONS_MAX + 1][NAME_BYTES];
    bool words_only = false;
    // Known before anything can be wrong: a problem is JSON, too.
    for (int at = 0; at < argc && strcmp(argv[at], "--") != 0; at++)
        c->json = c->json || strcmp(argv[at], "--json") == 0;
    for (int at = 0; at < argc; at++) {
        command_status status;
        if (!words_only && strcmp(argv[at], "--") == 0) {
            words_only = true;
            continue;
        }
        if (!words_only && strncmp(argv[at], "--", 2) == 0) {
            // An option before any verb belongs to the verb that the noun has by itself.
            if (c->noun && !c->verb && strcmp(argv[at], "--help") != 0)
                c->verb = verb_find(c->noun, "");
            status = option_parse(c, argc, argv, &at, names[c->options_count], NAME_BYTES);
        } else {
            status = word_take(c, argv[at], nouns);
        }
        if (status != COMMAND_OK)
            return status;
    }
    return command_complete(c);
}

connection *command_database(command *c, command_status *ret_status)
{
    char problem[MIGRATE_PROBLEM_BYTES];
    if (c->database)
        return c->database;
    if (!c->postgres_url[0]) {
        *ret_status = command_fail(c, COMMAND_USAGE,
                                   "which database? Set CAVEA_POSTGRES_URL or --postgres-url");
        return NULL;
    }
    const connection_options options = {
        .url = c->postgres_url,
        .application_name = "cavea",
        .statement_timeout_ms = 60000,
        .reply_timeout_ms = 70000,
    };
    c->database = connection_open(&options, problem, sizeof problem);
    if (!c->database) {
        *ret_status =
            command_fail(c, COMMAND_UNREACHABLE, "the database cannot be reached: %s", problem);
        return NULL;
    }
    if (!schema_version_check(c->database, problem)) {
        *ret_status = command_fail(c, COMMAND_FAILED, "%s", problem);
        return NULL;
    }
    return c->database;
}

void command_done(command *c)
{
    connection_close(c->database);
    c->database = NULL;
}
