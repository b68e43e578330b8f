#include "ops/host/config.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NAME_BYTES_MAX = 64 };

// Where a value came from, as the problem's sentence names it.
typedef struct origin {
    char text[NAME_BYTES_MAX + 16];
} origin;

static origin origin_flag(const setting *s)
{
    origin o;
    snprintf(o.text, sizeof o.text, "--%s", s->name);
    return o;
}

static origin origin_environment(const setting *s)
{
    origin o;
    int bytes = snprintf(o.text, sizeof o.text, "CAVEA_%s", s->name);
    assert(bytes > 0 && (size_t)bytes < sizeof o.text);
    for (char *c = o.text; *c != '\0'; c++)
        *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
    return o;
}

// A decimal number that is followed by *ret_rest; false when there is none or it is too large.
static bool number_parse(const char *text, int64_t *ret_number, const char **ret_rest)
{
    if (!(isdigit((unsigned char)text[0]) || (text[0] == '-' && isdigit((unsigned char)text[1]))))
        return false;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0)
        return false;
    *ret_number = number;
    *ret_rest = end;
    return true;
}

static bool int_parse(const char *text, int64_t *ret_number)
{
    const char *rest;
    int64_t number;
    if (!number_parse(text, &number, &rest) || *rest != '\0')
        return false;
    *ret_number = number;
    return true;
}

static bool ms_parse(const char *text, int64_t *ret_ms)
{
    static const struct unit {
        const char *name;
        int64_t ms;
    } units[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    const char *rest;
    int64_t number, ms;
    if (!number_parse(text, &number, &rest))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(rest, units[i].name) == 0 && !__builtin_mul_overflow(number, units[i].ms, &ms)) {
            *ret_ms = ms;
            return true;
        }
    return false;
}

static bool bool_parse(const char *text, bool *ret_truth)
{
    static const char *const words[][2] = {{"false", "true"}, {"no", "yes"}, {"0", "1"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        for (int truth = 0; truth < 2; truth++)
            if (strcmp(text, words[i][truth]) == 0) {
                *ret_truth = truth == 1;
                return true;
            }
    return false;
}

static bool text_valid(const setting *s, const char *text)
{
    size_t bytes = strlen(text);
    for (size_t i = 0; i < bytes; i++)
        if (iscntrl((unsigned char)text[i]))
            return false;
    return (int64_t)bytes >= s->min && (int64_t)bytes <= s->max;
}

// Says what a setting takes: "a whole number from 0 to 65535".
static void expectation_format(const setting *s, char *ret_text, size_t text_bytes)
{
    switch (s->type) {
    case SETTING_INT:
        snprintf(ret_text, text_bytes, "a whole number from %" PRId64 " to %" PRId64, s->min,
                 s->max);
        break;
    case SETTING_MS:
        snprintf(ret_text, text_bytes,
                 "a duration such as 250ms, 3s, 10m or 1h, from %" PRId64 "ms to %" PRId64 "ms",
                 s->min, s->max);
        break;
    case SETTING_TEXT:
    case SETTING_PATH:
        snprintf(ret_text, text_bytes,
                 "text of %" PRId64 " to %" PRId64 " bytes without control characters", s->min,
                 s->max);
        break;
    case SETTING_BOOL:
        snprintf(ret_text, text_bytes, "yes or no");
        break;
    }
}

static bool setting_store(const setting *s, const char *text, void *settings)
{
    char *field = (char *)settings + s->offset;
    int64_t number;
    switch (s->type) {
    case SETTING_INT:
    case SETTING_MS:
        if (!(s->type == SETTING_INT ? int_parse(text, &number) : ms_parse(text, &number)) ||
            number < s->min || number > s->max)
            return false;
        *(int64_t *)(void *)field = number;
        return true;
    case SETTING_TEXT:
    case SETTING_PATH:
        if (!text_valid(s, text))
            return false;
        *(const char **)(void *)field = text;
        return true;
    case SETTING_BOOL:
        return bool_parse(text, (bool *)(void *)field);
    }
    return false;
}

static bool setting_take(const setting *s, origin from, const char *text, void *settings,
                         char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    if (setting_store(s, text, settings))
        return true;
    char expectation[160];
    expectation_format(s, expectation, sizeof expectation);
    snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "%s takes %s, not \"%.100s\".", from.text,
             expectation, text);
    return false;
}

static const char *environment_find(char *const *environment, const char *name)
{
    size_t bytes = strlen(name);
    for (char *const *entry = environment; *entry != NULL; entry++)
        if (strncmp(*entry, name, bytes) == 0 && (*entry)[bytes] == '=')
            return *entry + bytes + 1;
    return NULL;
}

static const setting *setting_find(const config *c, const char *name, size_t name_bytes)
{
    for (size_t i = 0; i < c->settings_count; i++)
        if (strlen(c->settings[i].name) == name_bytes &&
            memcmp(c->settings[i].name, name, name_bytes) == 0)
            return &c->settings[i];
    return NULL;
}

enum { SETTINGS_MAX = 128 };

typedef struct reader {
    const config *c;
    int argc;
    char *const *argv;
    int at;                           // the next word
    const char *values[SETTINGS_MAX]; // by setting: the flag's text, NULL when it was not given
} reader;

// Reads the flag at r->at: "--name value", "--name=value", or "--name" alone for a bool.
static config_result reader_flag(reader *r, char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    const char *word = r->argv[r->at++];
    const char *name = word + 2;
    const char *equals = strchr(name, '=');
    size_t name_bytes = equals != NULL ? (size_t)(equals - name) : strlen(name);
    if (strcmp(name, "help") == 0)
        return CONFIG_HELP;
    if (strcmp(name, "version") == 0)
        return CONFIG_VERSION;
    const setting *s = setting_find(r->c, name, name_bytes);
    if (s == NULL) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "%.100s is not a flag of %s; see --help.", word,
                 r->c->program);
        return CONFIG_BAD;
    }
    const char *value = equals != NULL ? equals + 1 : NULL;
    if (value == NULL && s->type == SETTING_BOOL)
        value = "true";
    if (value == NULL && r->at < r->argc)
        value = r->argv[r->at++];
    if (value == NULL) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "--%s needs a value.", s->name);
        return CONFIG_BAD;
    }
    r->values[s - r->c->settings] = value;
    return CONFIG_READ;
}

static config_result reader_words(reader *r, char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    while (r->at < r->argc) {
        const char *word = r->argv[r->at];
        if (strcmp(word, "-h") == 0)
            return CONFIG_HELP;
        if (strcmp(word, "--") == 0) {
            r->at++;
            break;
        }
        if (strncmp(word, "--", 2) != 0)
            break;
        config_result result = reader_flag(r, ret_problem);
        if (result != CONFIG_READ)
            return result;
    }
    if (r->at < r->argc && r->c->arguments == NULL) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "%s takes no argument \"%.100s\"; see --help.",
                 r->c->program, r->argv[r->at]);
        return CONFIG_BAD;
    }
    return CONFIG_READ;
}

config_result config_parse(const config *c, int argc, char *const *argv, char *const *environment,
                           void *ret_settings, int *ret_rest,
                           char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    assert(c->settings_count <= SETTINGS_MAX);
    reader r = {.c = c, .argc = argc, .argv = argv, .at = 1};
    config_result result = reader_words(&r, ret_problem);
    if (result != CONFIG_READ)
        return result;
    for (size_t i = 0; i < c->settings_count; i++) {
        const setting *s = &c->settings[i];
        origin from = origin_flag(s);
        const char *text = r.values[i];
        if (text == NULL) {
            from = origin_environment(s);
            text = environment_find(environment, from.text);
        }
        if (text == NULL)
            text = s->standard;
        if (text == NULL) {
            snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "--%s (or %s) must be given: %.300s.",
                     s->name, from.text, s->help);
            return CONFIG_BAD;
        }
        if (!setting_take(s, from, text, ret_settings, ret_problem))
            return CONFIG_BAD;
    }
    if (ret_rest != NULL)
        *ret_rest = r.at;
    return CONFIG_READ;
}

static void setting_help(FILE *out, const setting *s)
{
    static const char *const kinds[] = {"N", "DURATION", "TEXT", "FILE", ""};
    fprintf(out, "  --%s%s%s\n        %s\n        environment %s", s->name,
            s->type == SETTING_BOOL ? "" : " ", kinds[s->type], s->help,
            origin_environment(s).text);
    if (s->standard == NULL)
        fputs(", must be given", out);
    else if (s->standard[0] != '\0')
        fprintf(out, ", default %s", s->standard);
    if (s->type == SETTING_INT)
        fprintf(out, ", %" PRId64 " to %" PRId64, s->min, s->max);
    if (s->type == SETTING_MS)
        fprintf(out, ", %" PRId64 "ms to %" PRId64 "ms", s->min, s->max);
    fputs("\n", out);
}

char *config_help(const config *c)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (out == NULL)
        return NULL;
    fprintf(out, "%s: %s\n\nUsage: %s [flags]%s%s\n\nFlags win over the environment.\n", c->program,
            c->summary, c->program, c->arguments != NULL ? " " : "",
            c->arguments != NULL ? c->arguments : "");
    for (size_t i = 0; i < c->settings_count; i++)
        setting_help(out, &c->settings[i]);
    fputs("  --help, --version\n", out);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

int config_read(const config *c, int argc, char *const *argv, void *ret_settings, int *ret_rest)
{
    char problem[CONFIG_PROBLEM_BYTES];
    char *help;
    switch (config_parse(c, argc, argv, environ, ret_settings, ret_rest, problem)) {
    case CONFIG_READ:
        return -1;
    case CONFIG_HELP:
        help = config_help(c);
        fputs(help != NULL ? help : "", stdout);
        free(help);
        return 0;
    case CONFIG_VERSION:
        printf("%s %s\n", c->program, CAVEA_VERSION);
        return 0;
    case CONFIG_BAD:
        fprintf(stderr, "%s: %s\n", c->program, problem);
        return 2;
    }
    return 2;
}
