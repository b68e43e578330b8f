// Facts as they are stored, one file for each form that was ever written (facts/*.hex: the kind and
// the payload), read by today's code. A file is never changed: a fact that gets a new form gets a
// new file, and the old one stays readable for ever. facts.txt says what is read.
#include "actors/event/codec.h"
#include "actors/payment/codec.h"
#include "tests/golden/transcript.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAYLOAD_MAX = 4096, KINDS_MAX = 32 };

typedef struct stored {
    unsigned kind;
    uint8_t payload[PAYLOAD_MAX];
    size_t bytes;
} stored;

typedef struct met {
    bool event[KINDS_MAX], payment[KINDS_MAX], ticket[KINDS_MAX];
} met;

static void stored_read(const char *name, stored *ret_stored)
{
    char path[4096], line[3 * PAYLOAD_MAX];
    snprintf(path, sizeof path, "%s/tests/golden/facts/%s.hex", SOURCE_DIR, name);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        fail_msg("%s cannot be read", path);
    *ret_stored = (stored){0};
    while (fgets(line, sizeof line, f) != NULL) {
        if (line[0] == '#')
            continue;
        char *at;
        ret_stored->kind = (unsigned)strtoul(line, &at, 10);
        at++;
        for (unsigned byte; sscanf(at, "%2x", &byte) == 1; at += 2)
            ret_stored->payload[ret_stored->bytes++] = (uint8_t)byte;
    }
    fclose(f);
    assert_true(ret_stored->kind < KINDS_MAX && ret_stored->bytes > 0);
}

static void value_say(FILE *out, const ProtobufCFieldDescriptor *field, const void *value)
{
    const ProtobufCBinaryData *data = value;
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_BYTES:
        for (size_t i = 0; i < data->len; i++)
            fprintf(out, "%02x", data->data[i]);
        return;
    case PROTOBUF_C_TYPE_STRING:
        fputs(*(char *const *)value, out);
        return;
    case PROTOBUF_C_TYPE_INT64:
        fprintf(out, "%lld", (long long)*(const int64_t *)value);
        return;
    case PROTOBUF_C_TYPE_UINT64:
        fprintf(out, "%llu", (unsigned long long)*(const uint64_t *)value);
        return;
    case PROTOBUF_C_TYPE_BOOL:
        fputs(*(const protobuf_c_boolean *)value ? "true" : "false", out);
        return;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_ENUM:
        fprintf(out, "%u", *(const uint32_t *)value);
        return;
    default:
        fail_msg("field %s has a type that facts did not have", field->name);
    }
}

static size_t value_bytes(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_INT64 ? sizeof(int64_t) : sizeof(uint32_t);
}

// Every field of a message by its name; of a oneof only the one that is there.
static void message_say(transcript *t, const char *indent, const ProtobufCMessage *m)
{
    for (unsigned n = 0; n < m->descriptor->n_fields; n++) {
        const ProtobufCFieldDescriptor *field = &m->descriptor->fields[n];
        const uint8_t *value = (const uint8_t *)m + field->offset;
        const uint8_t *quantifier = (const uint8_t *)m + field->quantifier_offset;
        if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
            *(const uint32_t *)(const void *)quantifier != field->id)
            continue;
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            const ProtobufCMessage *part = *(ProtobufCMessage *const *)(const void *)value;
            transcript_say(t, "%s%s%s", indent, field->name, part == NULL ? " none" : "");
            if (part != NULL)
                message_say(t, "  ", part);
            continue;
        }
        char text[1024] = "";
        FILE *out = fmemopen(text, sizeof text - 1, "w");
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            const uint8_t *list = *(uint8_t *const *)(const void *)value;
            size_t count = *(const size_t *)(const void *)quantifier;
            for (size_t i = 0; i < count; i++) {
                fputs(i > 0 ? " " : "", out);
                value_say(out, field, list + i * value_bytes(field));
            }
        } else {
            value_say(out, field, value);
        }
        fclose(out);
        transcript_say(t, "%s%s: %s", indent, field->name, text);
    }
}

static void event_step(met *seen, transcript *t, const stored *s)
{
    event_fact f;
    Cavea__V1__EventFact *m = cavea__v1__event_fact__unpack(NULL, s->bytes, s->payload);
    assert_non_null(m);
    assert_true(event_fact_read(s->payload, s->bytes, NULL, &f)); // a replay takes it
    assert_int_equal(f.type, s->kind);
    seen->event[s->kind] = true;
    message_say(t, "", &m->base);
    cavea__v1__event_fact__free_unpacked(m, NULL);
}

static void payment_step(met *seen, transcript *t, const stored *s)
{
    payment_fact f;
    Cavea__V1__PaymentFact *m = cavea__v1__payment_fact__unpack(NULL, s->bytes, s->payload);
    assert_non_null(m);
    if (s->kind != PAYMENT_FACT_MESSAGE_REJECTED) {
        assert_true(payment_fact_read(m, (uint16_t)s->kind, &f));
        assert_int_equal(payment_fact_kind_of(&f), s->kind);
    }
    seen->payment[s->kind] = true;
    message_say(t, "", &m->base);
    cavea__v1__payment_fact__free_unpacked(m, NULL);
}

static void ticket_step(met *seen, transcript *t, const stored *s)
{
    Cavea__V1__TicketFact *m = cavea__v1__ticket_fact__unpack(NULL, s->bytes, s->payload);
    assert_non_null(m);
    seen->ticket[s->kind] = true;
    message_say(t, "", &m->base);
    cavea__v1__ticket_fact__free_unpacked(m, NULL);
}

static void step(void *self, transcript *t, char *const *words, uint32_t words_count)
{
    stored s;
    assert_int_equal(words_count, 1);
    stored_read(words[0], &s);
    transcript_say(t, "kind %u", s.kind);
    if (strncmp(words[0], "event_", 6) == 0)
        event_step(self, t, &s);
    else if (strncmp(words[0], "payment_", 8) == 0)
        payment_step(self, t, &s);
    else
        ticket_step(self, t, &s);
}

static void test_facts__given_every_stored_form_then_it_can_be_read(void **state)
{
    (void)state;
    met seen = {0};
    assert_true(transcript_run("tests/golden/facts.txt", step, &seen));
    for (int kind = EVENT_FACT_HELD; kind <= EVENT_FACT_MESSAGE_REJECTED; kind++)
        assert_true(seen.event[kind]);
    for (int kind = PAYMENT_CREATED; kind < PAYMENT_STATES_END; kind++)
        assert_true(seen.payment[kind]);
    assert_true(seen.payment[PAYMENT_FACT_PARKED]);
    assert_true(seen.payment[PAYMENT_FACT_DIFFERENCE]);
    assert_true(seen.payment[PAYMENT_FACT_MESSAGE_REJECTED]);
    assert_true(seen.ticket[1] && seen.ticket[2] && seen.ticket[3] && seen.ticket[16]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts__given_every_stored_form_then_it_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
