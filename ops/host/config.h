// Settings of a program: one table, read from flags, then environment, then defaults. The setting
// "admin-port" is the flag --admin-port and the environment variable CAVEA_ADMIN_PORT. Secrets are
// never values of settings, because both command lines and environments can be read by others: a
// setting names a file (secret_file.h). Refuses to know what a setting means. One thread, at start.
#ifndef CAVEA_OPS_HOST_CONFIG_H
#define CAVEA_OPS_HOST_CONFIG_H

#include "schemas/id.h"

enum { CONFIG_PROBLEM_BYTES = 512 };

typedef enum setting_type {
    SETTING_INT,  // int64_t between min and max
    SETTING_MS,   // int64_t milliseconds between min and max, written 250, 250ms, 3s, 10m or 1h
    SETTING_TEXT, // const char *, min to max bytes, no control characters
    SETTING_PATH, // const char *, as SETTING_TEXT; whether it exists is the program's business
    SETTING_BOOL, // bool: --name, --name=yes|no|true|false|1|0
} setting_type;

typedef struct setting {
    const char *name; // lower case with dashes
    setting_type type;
    const char *standard; // the default as text; NULL: it must be given
    int64_t min, max;
    size_t offset; // of the field in the program's settings struct
    const char *help;
} setting;

// Rows of a table. They do not compile when the field has another type than the row says.
#define CONFIG_OFFSET(owner, field, field_type)                                                    \
    (offsetof(owner, field) +                                                                      \
     0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((owner *)0)->field), field_type)     \
                         ? 1                                                                       \
                         : -1]))
#define CONFIG_INT(owner, field, name, standard, min, max, help)                                   \
    {                                                                                              \
        name, SETTING_INT, standard, min, max, CONFIG_OFFSET(owner, field, int64_t), help          \
    }
#define CONFIG_MS(owner, field, name, standard, min, max, help)                                    \
    {                                                                                              \
        name, SETTING_MS, standard, min, max, CONFIG_OFFSET(owner, field, int64_t), help           \
    }
#define CONFIG_TEXT(owner, field, name, standard, min, max, help)                                  \
    {                                                                                              \
        name, SETTING_TEXT, standard, min, max, CONFIG_OFFSET(owner, field, const char *), help    \
    }
#define CONFIG_PATH(owner, field, name, standard, help)                                            \
    {                                                                                              \
        name, SETTING_PATH, standard, 0, 4095, CONFIG_OFFSET(owner, field, const char *), help     \
    }
#define CONFIG_BOOL(owner, field, name, standard, help)                                            \
    {                                                                                              \
        name, SETTING_BOOL, standard, 0, 0, CONFIG_OFFSET(owner, field, bool), help                \
    }

typedef struct config {
    const char *program;   // "cavea-edge"
    const char *summary;   // one sentence for --help
    const char *arguments; // "COMMAND ..." for --help; NULL: the program takes none
    const setting *settings;
    size_t settings_count;
} config;

typedef enum config_result {
    CONFIG_READ,    // the settings struct is complete
    CONFIG_HELP,    // --help was given
    CONFIG_VERSION, // --version was given
    CONFIG_BAD,     // ret_problem says in one sentence what is wrong
} config_result;

// Fills the settings struct at ret_settings. Strings in it are borrowed from argv, environment
// (NAME=value entries, NULL at the end) or the table, which all live as long as the process. When
// the program takes arguments, reading stops at the first word that is not a flag (or after "--")
// and *ret_rest is its index, argc when there is none; it may be NULL otherwise. After CONFIG_BAD
// the struct's content is unspecified.
MUST_CHECK config_result config_parse(const config *c, int argc, char *const *argv,
                                      char *const *environment, void *ret_settings, int *ret_rest,
                                      char ret_problem[static CONFIG_PROBLEM_BYTES]);

// config_parse with the process's environment, for a main: prints help or version to stdout, a
// problem to stderr. Returns -1 to go on, else the exit status (0, or 2 for a problem).
MUST_CHECK int config_read(const config *c, int argc, char *const *argv, void *ret_settings,
                           int *ret_rest);

// The text of --help, on the heap; NULL when memory is out.
char *config_help(const config *c);

#endif
