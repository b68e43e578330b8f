// A turn for adapters under test: it writes what it is told into a text, one line each, and keeps a
// real journal. Include it in one source of a test program.
#ifndef CAVEA_TESTS_UNIT_ACTORS_RUNTIME_FAKE_TURN_H
#define CAVEA_TESTS_UNIT_ACTORS_RUNTIME_FAKE_TURN_H

#include "actors/runtime/kind.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

struct turn {
    int64_t now_us, facts;
    const char *reply_to;
    journal *j;
    effect effects[16];
    uint32_t effects_count;
    char *text;
    size_t text_bytes;
    FILE *out;
};

static void fake_turn_open(turn *t, int64_t now_us)
{
    *t = (turn){.now_us = now_us, .reply_to = "", .j = journal_new()};
    t->out = open_memstream(&t->text, &t->text_bytes);
    assert_non_null(t->j);
    assert_non_null(t->out);
}

// What was said since the last call must be this; a new tick begins.
static void fake_turn_said(turn *t, const char *wanted)
{
    fclose(t->out);
    assert_string_equal(t->text, wanted);
    free(t->text);
    t->out = open_memstream(&t->text, &t->text_bytes);
    t->effects_count = 0;
    journal_clear(t->j);
}

static void fake_turn_close(turn *t)
{
    fclose(t->out);
    free(t->text);
    journal_free(t->j);
}

int64_t turn_now_us(const turn *t)
{
    return t->now_us;
}

bool turn_seen(const turn *t)
{
    (void)t;
    return false;
}

const char *turn_reply_to(const turn *t)
{
    return t->reply_to;
}

int64_t turn_fact(turn *t, uint16_t fact_kind, const ProtobufCMessage *message)
{
    fprintf(t->out, "fact %u %s\n", fact_kind, message->descriptor->short_name);
    return ++t->facts;
}

journal *turn_journal(turn *t)
{
    return t->j;
}

void turn_reply(turn *t, const Cavea__V1__Reply *reply)
{
    if (t->reply_to[0] != 0)
        fprintf(t->out, "reply error=%u\n", reply->error);
}

void turn_reply_later(turn *t, const char *reply_to, const Cavea__V1__Reply *reply)
{
    fprintf(t->out, "later %s error=%u secret=%s\n", reply_to, reply->error,
            reply->payment == NULL ? "" : reply->payment->client_secret);
}

void turn_send(turn *t, const actor_ref *to, const Cavea__V1__Command *command)
{
    fprintf(t->out, "send %s %u\n", actor_kind_name(to->kind), command->body_case);
}

void turn_live(turn *t, const Cavea__V1__LiveDelta *delta)
{
    (void)delta;
    fprintf(t->out, "live\n");
}

void turn_perform(turn *t, const effect *e)
{
    assert_true(t->effects_count < sizeof t->effects / sizeof *t->effects);
    t->effects[t->effects_count++] = *e;
    fprintf(t->out, "perform %d refund=%u\n", e->type, e->refund_number);
}

void turn_claimed(turn *t, int32_t claimed)
{
    fprintf(t->out, "claimed %d\n", claimed);
}

static inline ProtobufCBinaryData fake_binary(const uuid *id)
{
    return (ProtobufCBinaryData){sizeof id->bytes, (uint8_t *)(uintptr_t)id->bytes};
}

#endif
