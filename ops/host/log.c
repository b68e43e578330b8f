#include "ops/host/log.h"

#include "ops/host/clock.h"
#include "ops/host/metric.h"
#include "schemas/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

static const char *log_program = "cavea";
static log_level log_least = LOG_INFO;

static const char *const level_names[LOG_LEVELS_END] = {"debug", "info", "warning", "error"};

_Static_assert((int)METRIC_LEVEL_VALUES == (int)LOG_LEVELS_END, "levels are counted by number");

// What a line ends with when fields were left out; its room is kept free from the start.
static const char line_truncated[] = ",\"truncated\":true";
enum { LINE_END_BYTES = sizeof line_truncated + sizeof "}\n" };

typedef struct line {
    char *at;
    size_t bytes, bytes_max;
    bool full;
} line;

static void line_put(line *l, const char *data, size_t data_bytes)
{
    if (l->full || data_bytes > l->bytes_max - l->bytes) {
        l->full = true;
        return;
    }
    memcpy(l->at + l->bytes, data, data_bytes);
    l->bytes += data_bytes;
}

static void line_puts(line *l, const char *text)
{
    line_put(l, text, strlen(text));
}

static void line_put_string(line *l, const char *text, size_t text_bytes)
{
    const uint8_t *data = (const uint8_t *)text;
    line_puts(l, "\"");
    for (size_t i = 0; i < text_bytes && !l->full;) {
        size_t length = utf8_sequence(data + i, text_bytes - i);
        char escape[8];
        if (length == 0) {
            line_puts(l, "\\ufffd"); // not UTF-8: the replacement character
            length = 1;
        } else if (data[i] == '"' || data[i] == '\\') {
            escape[0] = '\\';
            escape[1] = (char)data[i];
            line_put(l, escape, 2);
        } else if (data[i] < 0x20 || data[i] == 0x7f) {
            snprintf(escape, sizeof escape, "\\u%04x", data[i]);
            line_puts(l, escape);
        } else {
            line_put(l, text + i, length);
        }
        i += length;
    }
    line_puts(l, "\"");
}

static void line_put_text(line *l, const char *text)
{
    if (text == NULL)
        line_puts(l, "null");
    else
        line_put_string(l, text, strlen(text));
}

static void line_put_value(line *l, const log_field *f)
{
    char text[64];
    switch (f->type) {
    case LOG_FIELD_NONE:
        break;
    case LOG_FIELD_TEXT:
        line_put_text(l, f->value.text.at);
        break;
    case LOG_FIELD_BYTES:
        line_put_string(l, f->value.text.at, f->value.text.bytes);
        break;
    case LOG_FIELD_INT:
        snprintf(text, sizeof text, "%" PRId64, f->value.number);
        line_puts(l, text);
        break;
    case LOG_FIELD_REAL:
        if (isfinite(f->value.real))
            snprintf(text, sizeof text, "%.17g", f->value.real);
        line_puts(l, isfinite(f->value.real) ? text : "null");
        break;
    case LOG_FIELD_BOOL:
        line_puts(l, f->value.number != 0 ? "true" : "false");
        break;
    case LOG_FIELD_ID:
        uuid_format(f->value.id, text);
        line_put_text(l, text);
        break;
    case LOG_FIELD_ERRNO:
        line_put_text(l, strerrordesc_np((int)f->value.number));
        break;
    }
}

size_t log_format(int64_t wall_us, log_level level, const char *name, const log_field *fields,
                  size_t fields_count, char ret_line[static LOG_LINE_BYTES_MAX])
{
    assert(level < LOG_LEVELS_END);
    char ts[CLOCK_TEXT_BYTES];
    clock_format(wall_us, ts);
    line l = {ret_line, 0, LOG_LINE_BYTES_MAX - LINE_END_BYTES, false};
    line_puts(&l, "{\"ts\":\"");
    line_puts(&l, ts);
    line_puts(&l, "\",\"level\":\"");
    line_puts(&l, level_names[level]);
    line_puts(&l, "\",\"program\":");
    line_put_text(&l, log_program);
    line_puts(&l, ",\"event\":");
    line_put_text(&l, name);
    for (size_t i = 0; i < fields_count && !l.full; i++) {
        if (fields[i].type == LOG_FIELD_NONE)
            continue;
        size_t before = l.bytes;
        line_puts(&l, ",");
        line_put_text(&l, fields[i].key);
        line_puts(&l, ":");
        line_put_value(&l, &fields[i]);
        if (l.full)
            l.bytes = before; // half a field is no JSON
    }
    bool is_truncated = l.full;
    l.full = false;
    l.bytes_max = LOG_LINE_BYTES_MAX;
    if (is_truncated)
        line_puts(&l, line_truncated);
    line_puts(&l, "}\n");
    return l.bytes;
}

void log_write(log_level level, const char *name, const log_field *fields, size_t fields_count)
{
    if (level < log_least)
        return;
    char text[LOG_LINE_BYTES_MAX];
    size_t bytes = log_format(clock_wall_us(), level, name, fields, fields_count, text);
    metric_add_for(METRIC_LOG_LINES, (unsigned)level, 1);
    ssize_t written = write(STDERR_FILENO, text, bytes);
    if (written != (ssize_t)bytes)
        metric_add(METRIC_LOG_DROPPED, 1);
}

void log_init(const char *program, log_level least)
{
    log_program = program;
    log_least = least;
}

bool log_level_parse(const char *text, log_level *ret_level)
{
    for (unsigned i = 0; i < LOG_LEVELS_END; i++)
        if (strcmp(text, level_names[i]) == 0) {
            *ret_level = (log_level)i;
            return true;
        }
    return false;
}
