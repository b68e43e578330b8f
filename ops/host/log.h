// Log lines: one JSON object a line on stderr, `{"ts":...,"level":...,"program":...,"event":
// "lease.taken","actor":...}`. An event's name is noun.verb_past; keys are literals in snake_case.
// Values come from anywhere and are escaped. Refuses to know files, rotation and the network: who
// starts the program does that. Only mains and runtimes log; secrets, tokens and e-mail addresses
// never get here. Any thread; a line is one write(2) of at most LOG_LINE_BYTES_MAX bytes.
#ifndef CAVEA_OPS_HOST_LOG_H
#define CAVEA_OPS_HOST_LOG_H

#include "schemas/id.h"

enum { LOG_LINE_BYTES_MAX = 4096 }; // PIPE_BUF: lines of several processes do not mix in a pipe

typedef enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_LEVELS_END } log_level;

// Made by the LOG_ macros below and by nothing else.
typedef struct log_field {
    const char *key;
    enum log_field_type {
        LOG_FIELD_NONE,
        LOG_FIELD_TEXT,
        LOG_FIELD_BYTES,
        LOG_FIELD_INT,
        LOG_FIELD_REAL,
        LOG_FIELD_BOOL,
        LOG_FIELD_ID,
        LOG_FIELD_ERRNO,
    } type;
    union log_value {
        struct log_span {
            const char *at;
            size_t bytes;
        } text;
        int64_t number;
        double real;
        const uuid *id;
    } value;
} log_field;

#define LOG_S(name, string)                                                                        \
    ((log_field){(name), LOG_FIELD_TEXT, {.text = {(string), 0}}}) // NULL becomes null
#define LOG_N(name, data, data_bytes)                                                              \
    ((log_field){(name), LOG_FIELD_BYTES, {.text = {(data), (data_bytes)}}})
#define LOG_I(name, integer) ((log_field){(name), LOG_FIELD_INT, {.number = (int64_t)(integer)}})
#define LOG_F(name, floating) ((log_field){(name), LOG_FIELD_REAL, {.real = (floating)}})
#define LOG_B(name, truth) ((log_field){(name), LOG_FIELD_BOOL, {.number = (truth)}})
#define LOG_U(name, uuid_pointer) ((log_field){(name), LOG_FIELD_ID, {.id = (uuid_pointer)}})
#define LOG_E(name, error_number) ((log_field){(name), LOG_FIELD_ERRNO, {.number = (error_number)}})

// log_event(LOG_INFO, "lease.taken", LOG_U("actor", &id.u), LOG_I("epoch", epoch));
// Fields that do not fit are left out and the line says "truncated":true.
#define log_event(level, name, ...)                                                                \
    log_write((level), (name), (const log_field[]){{0}, ##__VA_ARGS__},                            \
              sizeof((const log_field[]){{0}, ##__VA_ARGS__}) / sizeof(log_field))

// Once, before threads start. program is borrowed for ever; lines below `least` are dropped.
void log_init(const char *program, log_level least);
MUST_CHECK bool log_level_parse(const char *text, log_level *ret_level); // "debug" .. "error"

void log_write(log_level level, const char *name, const log_field *fields, size_t fields_count);
// The line that log_write would write at that time, with its line end and no NUL. For tests.
size_t log_format(int64_t wall_us, log_level level, const char *name, const log_field *fields,
                  size_t fields_count, char ret_line[static LOG_LINE_BYTES_MAX]);

#endif
