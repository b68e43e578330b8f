#include "actors/runtime/inside.h"

int64_t turn_now_us(const turn *t)
{
    return t->r->now_us;
}

bool turn_seen(const turn *t)
{
    return t->seen;
}

const char *turn_reply_to(const turn *t)
{
    return t->reply_to;
}

journal *turn_journal(turn *t)
{
    return t->r->j;
}

int64_t turn_fact(turn *t, uint16_t fact_kind, const ProtobufCMessage *message)
{
    journal *j = turn_journal(t);
    cell *c = t->c;
    size_t size = protobuf_c_message_get_packed_size(message);
    assert(j->facts_count < JOURNAL_ROWS_MAX && j->blob_bytes + size <= JOURNAL_BLOB_BYTES_MAX);
    uint32_t n = j->facts_count++;
    fact_row *f = &j->facts[n];
    f->actor = c->ref.id;
    f->seq = ++c->last_seq;
    f->kind = fact_kind;
    f->at_us = t->r->now_us;
    f->payload_at = j->blob_bytes;
    f->payload_bytes = (uint32_t)protobuf_c_message_pack(message, j->blob + j->blob_bytes);
    j->blob_bytes += f->payload_bytes;
    f->hash = fact_hash(&c->last_hash, f->seq, f->kind, j->blob + f->payload_at, f->payload_bytes);
    c->last_hash = f->hash;
    t->r->fact_next[n] = UINT32_MAX;
    if (c->first_fact == UINT32_MAX)
        c->first_fact = n;
    else
        t->r->fact_next[c->last_fact] = n;
    c->last_fact = n;
    return f->seq;
}

bool turn_has_facts(const turn *t)
{
    return t->c->last_seq > t->c->committed_seq;
}

void turn_reply(turn *t, const Cavea__V1__Reply *reply)
{
    if (t->reply_to[0] != 0)
        wire_message(&t->r->replies, 4, &reply->base);
}

void turn_reply_later(turn *t, const char *reply_to, const Cavea__V1__Reply *reply)
{
    uint8_t text[2048];
    wire w = {.bytes = text, .max = sizeof text};
    wire_message(&w, 4, &reply->base);
    if (reply_to[0] != 0 && !w.full)
        outbox_reply(&t->r->out, t->c, reply_to, 0, &w);
}

void turn_send(turn *t, const actor_ref *to, const Cavea__V1__Command *command)
{
    outbox_send(&t->r->out, t->c, to, command);
}

bool turn_has_room(const turn *t)
{
    return outbox_has_room(&t->r->out, t->r->touched_count + CELLS_SPARE);
}

void turn_live(turn *t, const Cavea__V1__LiveDelta *delta)
{
    Cavea__V1__LiveDelta versioned = *delta;
    versioned.first_version = (uint64_t)t->c->committed_seq + 1;
    versioned.last_version = (uint64_t)t->c->last_seq;
    outbox_live(&t->r->out, t->c, &versioned);
}

void turn_perform(turn *t, const effect *e)
{
    assert(t->r->out.effects_count < TICK_COMMANDS_MAX);
    t->r->out.effects[t->r->out.effects_count++] = *e;
}

void turn_claimed(turn *t, int32_t claimed)
{
    t->c->claimed = claimed;
}

void turn_alarm(turn *t, money_alarm what)
{
    t->r->tally.alarms[what]++;
}
