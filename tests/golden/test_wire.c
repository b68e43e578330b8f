// What processes and stored facts of different versions must agree on: every field of every message
// and every error code, one a line in wire.txt:
//   <message>.<field number> <name> <type> [repeated | oneof]
//   <enum>=<value> <name>
//   error <number> <name> <HTTP status> <problem type> [retryable]
// A line that is gone or says something else fails: old peers and old facts would be misread. A new
// field fails, too, until GOLDEN_WRITE=1 has recorded it, because what is not recorded is not
// protected; that switch only ever adds lines and refuses while another one has changed. A field
// that is given up becomes `reserved` in the .proto file, and here, by hand, its line
//   <message>.<field number> reserved
// after which nobody may use its number again.
#include "schemas/cavea.pb-c.h"
#include "schemas/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define WIRE SOURCE_DIR "/tests/golden/wire.txt"
#define PROTO SOURCE_DIR "/schemas/cavea.proto"

enum { LINES_MAX = 2048, LINE_BYTES = 160, TYPES_MAX = 128 };

typedef struct wire_line {
    char key[LINE_BYTES], value[LINE_BYTES];
} wire_line;

typedef struct wire_lines {
    wire_line list[LINES_MAX];
    size_t count;
} wire_lines;

static wire_lines now, golden;
static const void *seen[TYPES_MAX]; // descriptors that were written already
static size_t seen_count;

static bool first_time(const void *descriptor)
{
    for (size_t i = 0; i < seen_count; i++)
        if (seen[i] == descriptor)
            return false;
    assert_true(seen_count < TYPES_MAX);
    seen[seen_count++] = descriptor;
    return true;
}

__attribute__((format(printf, 3, 4))) static void line_add(wire_lines *l, const char *key,
                                                           const char *format, ...)
{
    assert_true(l->count < LINES_MAX);
    wire_line *line = &l->list[l->count++];
    va_list arguments;
    snprintf(line->key, sizeof line->key, "%s", key);
    va_start(arguments, format);
    vsnprintf(line->value, sizeof line->value, format, arguments);
    va_end(arguments);
}

static const wire_line *line_find(const wire_lines *l, const char *key)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->list[i].key, key) == 0)
            return &l->list[i];
    return NULL;
}

static void enum_collect(const ProtobufCEnumDescriptor *e)
{
    char key[LINE_BYTES];
    if (!first_time(e))
        return;
    for (unsigned i = 0; i < e->n_values; i++) {
        snprintf(key, sizeof key, "%s=%d", e->short_name, e->values[i].value);
        line_add(&now, key, "%s", e->values[i].name);
    }
}

static const char *type_name(const ProtobufCFieldDescriptor *f)
{
    static const char *const names[] = {
        [PROTOBUF_C_TYPE_INT32] = "int32",       [PROTOBUF_C_TYPE_SINT32] = "sint32",
        [PROTOBUF_C_TYPE_SFIXED32] = "sfixed32", [PROTOBUF_C_TYPE_INT64] = "int64",
        [PROTOBUF_C_TYPE_SINT64] = "sint64",     [PROTOBUF_C_TYPE_SFIXED64] = "sfixed64",
        [PROTOBUF_C_TYPE_UINT32] = "uint32",     [PROTOBUF_C_TYPE_FIXED32] = "fixed32",
        [PROTOBUF_C_TYPE_UINT64] = "uint64",     [PROTOBUF_C_TYPE_FIXED64] = "fixed64",
        [PROTOBUF_C_TYPE_FLOAT] = "float",       [PROTOBUF_C_TYPE_DOUBLE] = "double",
        [PROTOBUF_C_TYPE_BOOL] = "bool",         [PROTOBUF_C_TYPE_STRING] = "string",
        [PROTOBUF_C_TYPE_BYTES] = "bytes",
    };
    if (f->type == PROTOBUF_C_TYPE_MESSAGE)
        return ((const ProtobufCMessageDescriptor *)f->descriptor)->short_name;
    if (f->type == PROTOBUF_C_TYPE_ENUM)
        return ((const ProtobufCEnumDescriptor *)f->descriptor)->short_name;
    return names[f->type];
}

static void message_collect(const ProtobufCMessageDescriptor *m)
{
    char key[LINE_BYTES];
    if (!first_time(m))
        return;
    for (unsigned i = 0; i < m->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->fields[i];
        snprintf(key, sizeof key, "%s.%u", m->short_name, f->id);
        line_add(&now, key, "%s %s%s%s", f->name, type_name(f),
                 f->label == PROTOBUF_C_LABEL_REPEATED ? " repeated" : "",
                 (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 ? " oneof" : "");
    }
    for (unsigned i = 0; i < m->n_fields; i++) {
        if (m->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            message_collect(m->fields[i].descriptor);
        else if (m->fields[i].type == PROTOBUF_C_TYPE_ENUM)
            enum_collect(m->fields[i].descriptor);
    }
}

static void errors_collect(void)
{
    char key[LINE_BYTES];
    for (uint32_t code = 1; code < ERROR_CODES_END; code++) {
        const error_info *info = error_info_of(code);
        // A number that is not in use reads as INTERNAL.
        if (info == error_info_of(ERROR_INTERNAL) && code != ERROR_INTERNAL)
            continue;
        snprintf(key, sizeof key, "error %u", code);
        line_add(&now, key, "%s %d %s%s", info->name, info->http_status, info->type,
                 info->retryable ? " retryable" : "");
    }
}

static int collect(void **state)
{
    (void)state;
    static const ProtobufCMessageDescriptor *const roots[] = {
        &cavea__v1__envelope__descriptor,    &cavea__v1__reply_batch__descriptor,
        &cavea__v1__event_fact__descriptor,  &cavea__v1__payment_fact__descriptor,
        &cavea__v1__ticket_fact__descriptor, &cavea__v1__fact_batch__descriptor,
        &cavea__v1__live_delta__descriptor,  &cavea__v1__wake__descriptor,
        &cavea__v1__packed_plan__descriptor,
    };
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
        message_collect(roots[i]);
    errors_collect();
    return 0;
}

// Keys may hold one blank ("error 5"); the value is what follows.
static void line_read(char *text)
{
    text[strcspn(text, "\n")] = 0;
    if (text[0] == 0 || text[0] == '#')
        return;
    char *blank = strchr(text, ' ');
    if (strncmp(text, "error ", 6) == 0 && blank)
        blank = strchr(blank + 1, ' ');
    assert_non_null(blank);
    *blank = 0;
    assert_null(line_find(&golden, text));
    line_add(&golden, text, "%s", blank + 1);
}

static void golden_read(void)
{
    char text[2 * LINE_BYTES];
    FILE *file = fopen(WIRE, "r");
    golden.count = 0;
    if (!file)
        fail_msg("%s cannot be read", WIRE);
    while (fgets(text, sizeof text, file))
        line_read(text);
    fclose(file);
}

static int broken_lines(void)
{
    int broken = 0;
    for (size_t i = 0; i < golden.count; i++) {
        const wire_line *old = &golden.list[i], *found = line_find(&now, old->key);
        bool reserved = strcmp(old->value, "reserved") == 0;
        if (!found && !reserved)
            print_error("gone: %s %s\n", old->key, old->value);
        else if (found && reserved)
            print_error("reserved, but used again: %s %s\n", found->key, found->value);
        else if (found && strcmp(found->value, old->value) != 0)
            print_error("changed: %s was '%s' and is '%s'\n", old->key, old->value, found->value);
        else
            continue;
        broken++;
    }
    return broken;
}

static int new_lines(FILE *out)
{
    int added = 0;
    for (size_t i = 0; i < now.count; i++) {
        if (line_find(&golden, now.list[i].key))
            continue;
        added++;
        if (out)
            fprintf(out, "%s %s\n", now.list[i].key, now.list[i].value);
        else
            print_error("new, not recorded: %s %s\n", now.list[i].key, now.list[i].value);
    }
    return added;
}

static void test_wire__given_the_recorded_lines_then_nothing_changed_its_meaning(void **state)
{
    (void)state;
    golden_read();
    assert_int_equal(broken_lines(), 0);
}

static void test_wire__given_new_fields_then_they_are_recorded(void **state)
{
    (void)state;
    golden_read();
    if (getenv("GOLDEN_WRITE")) {
        assert_int_equal(broken_lines(), 0);
        FILE *out = fopen(WIRE, "a");
        assert_non_null(out);
        print_message("%d lines recorded\n", new_lines(out));
        assert_int_equal(fclose(out), 0);
        golden_read();
    }
    if (new_lines(NULL) > 0)
        fail_msg("record new lines with GOLDEN_WRITE=1");
}

// Whether a line `message X {` or `enum X {` of the .proto file names a type that was collected.
static bool type_known(const char *name, size_t name_bytes)
{
    for (size_t i = 0; i < now.count; i++)
        if (strncmp(now.list[i].key, name, name_bytes) == 0 &&
            (now.list[i].key[name_bytes] == '.' || now.list[i].key[name_bytes] == '='))
            return true;
    return false;
}

static void test_wire__given_the_proto_file_then_every_type_is_reached(void **state)
{
    (void)state;
    char text[512];
    int types = 0;
    FILE *file = fopen(PROTO, "r");
    assert_non_null(file);
    while (fgets(text, sizeof text, file)) {
        size_t skip = strncmp(text, "message ", 8) == 0 ? 8
                      : strncmp(text, "enum ", 5) == 0  ? 5
                                                        : 0;
        if (skip == 0)
            continue;
        types++;
        if (!type_known(text + skip, strcspn(text + skip, " {")))
            fail_msg("no root leads to %s", text);
    }
    fclose(file);
    assert_true(types > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire__given_the_recorded_lines_then_nothing_changed_its_meaning),
        cmocka_unit_test(test_wire__given_new_fields_then_they_are_recorded),
        cmocka_unit_test(test_wire__given_the_proto_file_then_every_type_is_reached),
    };
    return cmocka_run_group_tests(tests, collect, NULL);
}
