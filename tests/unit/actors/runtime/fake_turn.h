// A turn for adapters under test: it writes what it is told into a text, one line each, keeps a
// real journal, and copies of the messages. Include it in one source of a test program.
#ifndef CAVEA_TESTS_UNIT_ACTORS_RUNTIME_FAKE_TURN_H
#define CAVEA_TESTS_UNIT_ACTORS_RUNTIME_FAKE_TURN_H

#include "actors/runtime/kind.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

enum { FAKE_MESSAGES_MAX = 32 };

struct turn {
    int64_t now_us, facts, facts_before; // ever, and before this tick
    bool seen;
    bool is_small; // has room for rooms_left decisions
    uint32_t rooms_left;
    const char *reply_to;
    journal *j;
    effect effects[16];
    uint32_t effects_count;
    char *text;
    size_t text_bytes;
    FILE *out;
    // What was said since the last call of fake_turn_said, owned by the turn.
    Cavea__V1__Command *sent[FAKE_MESSAGES_MAX];
    Cavea__V1__Reply *replies[FAKE_MESSAGES_MAX];
    Cavea__V1__LiveDelta *live;
    uint32_t sent_count, replies_count;
};

static inline void *fake_copy(const ProtobufCMessage *m)
{
    size_t bytes = protobuf_c_message_get_packed_size(m);
    uint8_t *packed = malloc(bytes + 1);
    assert_non_null(packed);
    protobuf_c_message_pack(m, packed);
    void *copy = protobuf_c_message_unpack(m->descriptor, NULL, bytes, packed);
    free(packed);
    assert_non_null(copy);
    return copy;
}

static inline void fake_forget(turn *t)
{
    for (uint32_t i = 0; i < t->sent_count; i++)
        cavea__v1__command__free_unpacked(t->sent[i], NULL);
    for (uint32_t i = 0; i < t->replies_count; i++)
        cavea__v1__reply__free_unpacked(t->replies[i], NULL);
    if (t->live != NULL)
        cavea__v1__live_delta__free_unpacked(t->live, NULL);
    t->live = NULL;
    t->sent_count = t->replies_count = 0;
}

static void fake_turn_open(turn *t, int64_t now_us)
{
    *t = (turn){.now_us = now_us, .reply_to = "", .j = journal_new()};
    t->out = open_memstream(&t->text, &t->text_bytes);
    assert_non_null(t->j);
    assert_non_null(t->out);
}

// A new tick begins; nothing of the last one is left.
static void fake_turn_again(turn *t)
{
    fclose(t->out);
    free(t->text);
    t->out = open_memstream(&t->text, &t->text_bytes);
    t->effects_count = 0;
    t->facts_before = t->facts;
    fake_forget(t);
    journal_clear(t->j);
}

// What was said since the last call must be this; a new tick begins.
static inline void fake_turn_said(turn *t, const char *wanted)
{
    fflush(t->out);
    assert_string_equal(t->text, wanted);
    fake_turn_again(t);
}

static void fake_turn_close(turn *t)
{
    fclose(t->out);
    free(t->text);
    fake_forget(t);
    journal_free(t->j);
}

int64_t turn_now_us(const turn *t)
{
    return t->now_us;
}

bool turn_seen(const turn *t)
{
    return t->seen;
}

const char *turn_reply_to(const turn *t)
{
    return t->reply_to;
}

int64_t turn_fact(turn *t, uint16_t fact_kind, const ProtobufCMessage *message)
{
    fprintf(t->out, "fact %u %s\n", fact_kind, message->descriptor->short_name);
    fact_row row = {.seq = ++t->facts, .kind = fact_kind, .at_us = t->now_us};
    t->j->facts[t->j->facts_count++] = row;
    return row.seq;
}

bool turn_has_facts(const turn *t)
{
    return t->facts > t->facts_before;
}

journal *turn_journal(turn *t)
{
    return t->j;
}

void turn_reply(turn *t, const Cavea__V1__Reply *reply)
{
    if (t->reply_to[0] != 0)
        fprintf(t->out, "reply error=%u\n", reply->error);
    if (t->replies_count < FAKE_MESSAGES_MAX)
        t->replies[t->replies_count++] = fake_copy(&reply->base);
}

void turn_reply_later(turn *t, const char *reply_to, const Cavea__V1__Reply *reply)
{
    fprintf(t->out, "later %s error=%u secret=%s\n", reply_to, reply->error,
            reply->payment == NULL ? "" : reply->payment->client_secret);
}

void turn_send(turn *t, const actor_ref *to, const Cavea__V1__Command *command)
{
    fprintf(t->out, "send %s %u\n", actor_kind_name(to->kind), command->body_case);
    if (t->sent_count < FAKE_MESSAGES_MAX)
        t->sent[t->sent_count++] = fake_copy(&command->base);
}

bool turn_has_room(const turn *t)
{
    turn *mine = (turn *)(uintptr_t)t;
    return !t->is_small || mine->rooms_left-- > 0;
}

void turn_live(turn *t, const Cavea__V1__LiveDelta *delta)
{
    fprintf(t->out, "live\n");
    assert_null(t->live);
    t->live = fake_copy(&delta->base);
}

void turn_perform(turn *t, const effect *e)
{
    assert_true(t->effects_count < sizeof t->effects / sizeof *t->effects);
    t->effects[t->effects_count++] = *e;
    fprintf(t->out, "perform %d refund=%u\n", e->type, e->refund_number);
}

void turn_alarm(turn *t, money_alarm what)
{
    if (what != ALARM_NONE)
        fprintf(t->out, "alarm %d\n", what);
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
