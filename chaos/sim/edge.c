// Simulated edges. They do what edge/bus*.c does: envelopes numbered for each actor under a sender
// id that is new at each start, at most two under way, the same bytes again over the direct path
// after 250 ms and then doubling, with a wake-up and over the stream once more when that was silent
// too, and a deadline for everybody who waits.
#include "chaos/sim/world.h"

enum { RESEND_FIRST_MS = 250, RESEND_LAST_MS = 2000, WAKE_SILENCE_US = 4000 * 1000 };

int64_t edge_database_us(const world *w, uint32_t edge)
{
    return w->now_us + w->edges[edge].clock_error_us;
}

void edge_start(world *w, uint32_t edge)
{
    sim_edge *e = &w->edges[edge];
    *e = (sim_edge){.index = edge,
                    .life = e->life + 1,
                    .sender = fresh_id(w),
                    .clock_error_us = -prng_between(&w->random, 0, 20 * MS_US)};
    for (uint32_t i = 0; i < ACTORS_MAX; i++) {
        e->queues[i].inflight[0] = e->queues[i].inflight[1] = NOBODY;
        e->queues[i].heard_us = e->queues[i].woken_us = INT64_MIN / 2;
    }
    for (uint32_t i = 0; i < EVENTS_MAX; i++)
        e->views[i].version = UINT64_MAX; // a first delta leads to a snapshot
    note(w, "edge.started", edge, e->life, 0, &e->sender);
}

static void wake(world *w, edge_queue *q, uint32_t actor)
{
    if (w->now_us - q->woken_us < RESEND_FIRST_MS * MS_US / 2)
        return;
    q->woken_us = w->now_us;
    broker_wake(w, actor);
}

static void on_resend(world *w, const happening *p)
{
    batch *b = &w->batches[p->number];
    if (b->over || w->edges[b->edge].life != p->life)
        return;
    edge_queue *q = &w->edges[b->edge].queues[b->actor];
    if (b->resends > 0) {
        wake(w, q, b->actor);
        broker_publish(w, SUBJECT_IN, b->actor, parcel_share(b->bytes), NULL, 0, 0, NULL);
    }
    b->direct = true;
    broker_direct(w, b->actor, b->bytes, b->edge);
    int64_t pause_ms = (int64_t)RESEND_FIRST_MS << (b->resends < 8 ? b->resends + 1 : 8);
    b->resends++;
    note(w, "edge.sends_again", b->edge, b->actor, (int64_t)b->number, NULL);
    happen(w, (pause_ms < RESEND_LAST_MS ? pause_ms : RESEND_LAST_MS) * MS_US, *p);
}

static void batch_send(world *w, edge_queue *q, uint32_t n)
{
    batch *b = &w->batches[n];
    const sim_edge *e = &w->edges[b->edge];
    uint8_t bytes[8192];
    char id[UUID_TEXT_BYTES], reply[SUBJECT_BYTES_MAX];
    wire out = {.bytes = bytes, .max = sizeof bytes};
    bool from_operator = false;
    for (uint32_t i = 0; i < b->asks_count; i++) {
        ask *a = &w->asks[b->asks[i]];
        from_operator = from_operator || a->type == ASK_STATUS || a->type == ASK_REFUND_ALL;
        wire_bytes(&out, 5, a->bytes->bytes, a->bytes->bytes_count);
        parcel_drop(a->bytes);
        a->bytes = NULL;
    }
    uuid_format(&e->sender, id);
    snprintf(reply, sizeof reply, "cavea.v1.reply.%s.%u", id, b->actor);
    wire_bytes(&out, 1, e->sender.bytes, sizeof e->sender.bytes);
    wire_number(&out, 2, b->number);
    wire_bytes(&out, 3, reply, (uint32_t)strlen(reply));
    if (from_operator) // who has no way of his own here
        seal_write(&sim_seals, &w->actors[b->actor].ref, &out);
    assert(!out.full);
    b->bytes = parcel_new(w, bytes, out.count);
    note(w, "edge.sends", b->edge, b->actor, (int64_t)b->number, NULL);
    broker_publish(w, SUBJECT_IN, b->actor, parcel_share(b->bytes), NULL, 0, 0, NULL);
    if (w->now_us - q->heard_us > WAKE_SILENCE_US)
        wake(w, q, b->actor);
    happen(w, RESEND_FIRST_MS * MS_US, (happening){.run = on_resend, .life = e->life, .number = n});
}

// Fills free places with what waits.
static void queue_take(world *w, uint32_t edge, uint32_t actor)
{
    edge_queue *q = &w->edges[edge].queues[actor];
    for (uint32_t i = 0; i < 2 && q->waiting_count > 0; i++) {
        if (q->inflight[i] != NOBODY)
            continue;
        GROW(w->batches, w->batches_count, w->batches_max);
        batch *b = &w->batches[w->batches_count];
        *b = (batch){.edge = edge, .actor = actor};
        uint32_t taken = 0;
        for (; taken < q->waiting_count && b->asks_count < BATCH_COMMANDS; taken++)
            if (!w->asks[q->waiting[taken]].over)
                b->asks[b->asks_count++] = q->waiting[taken];
        q->waiting_count -= taken;
        memmove(q->waiting, q->waiting + taken, q->waiting_count * sizeof *q->waiting);
        if (b->asks_count == 0)
            continue;
        b->live = b->asks_count;
        b->number = ++q->number_last;
        q->inflight[i] = w->batches_count;
        batch_send(w, q, w->batches_count++);
    }
}

static void batch_over(world *w, uint32_t n)
{
    batch *b = &w->batches[n];
    edge_queue *q = &w->edges[b->edge].queues[b->actor];
    for (uint32_t i = 0; i < 2; i++)
        if (q->inflight[i] == n)
            q->inflight[i] = NOBODY;
    b->over = true;
    parcel_drop(b->bytes);
    b->bytes = NULL;
}

static void ask_over(world *w, uint32_t n, const Cavea__V1__Reply *reply)
{
    w->asks[n].over = true;
    ask a = w->asks[n]; // answering may ask again, and then asks move
    if (a.type == ASK_REPORT)
        callback_answered(w, &a, reply);
    else if (a.type == ASK_REFUND_ALL)
        organizer_answered(w, &a, reply);
    else if (a.type != ASK_STATUS)
        buyer_answered(w, &a, reply);
}

// Its waiter's time is over. An envelope that nobody waits for any more is given up.
static void on_late(world *w, const happening *p)
{
    uint32_t n = (uint32_t)p->number;
    ask *a = &w->asks[n];
    if (a->over)
        return;
    if (w->edges[a->edge].life == a->edge_life) {
        edge_queue *q = &w->edges[a->edge].queues[a->actor];
        for (uint32_t i = 0; i < 2; i++) {
            if (q->inflight[i] == NOBODY)
                continue;
            batch *b = &w->batches[q->inflight[i]];
            for (uint32_t k = 0; k < b->asks_count; k++)
                if (b->asks[k] == n && --b->live == 0)
                    batch_over(w, q->inflight[i]);
        }
        queue_take(w, a->edge, a->actor);
    }
    note(w, "ask.late", w->asks[n].edge, w->asks[n].owner, (int64_t)n, NULL);
    ask_over(w, n, NULL);
}

uint32_t edge_ask(world *w, uint32_t edge, uint32_t actor, ask_type type, uint32_t owner,
                  const Cavea__V1__Command *command, int64_t patience_us)
{
    uint8_t bytes[1024];
    size_t size = cavea__v1__command__get_packed_size(command);
    assert(size <= sizeof bytes);
    cavea__v1__command__pack(command, bytes);
    GROW(w->asks, w->asks_count, w->asks_max);
    uint32_t n = w->asks_count++;
    ask *a = &w->asks[n];
    *a = (ask){.type = type,
               .edge = edge,
               .edge_life = w->edges[edge].life,
               .actor = actor,
               .owner = owner,
               .bytes = parcel_new(w, bytes, (uint32_t)size),
               .attempt = NOBODY};
    bool named = uuid_from_bytes(command->id.data, command->id.len, &a->command);
    assert(named);
    key_map_put(&w->by_command, &a->command, n);
    edge_queue *q = &w->edges[edge].queues[actor];
    happen(w, patience_us, (happening){.run = on_late, .number = n});
    if (q->waiting_count < QUEUE_MAX) {
        q->waiting[q->waiting_count++] = n;
        queue_take(w, edge, actor);
    }
    return n;
}

static const Cavea__V1__Reply *reply_find(const Cavea__V1__ReplyBatch *m, const uuid *command)
{
    for (size_t i = 0; i < m->n_replies; i++)
        if (m->replies[i]->command_id.len == 16 &&
            memcmp(m->replies[i]->command_id.data, command, 16) == 0)
            return m->replies[i];
    return NULL;
}

// The answer to a whole envelope. A checkout without a reply goes on waiting: the payment actor
// answers it; anybody else was not decided on.
static void numbered_receive(world *w, uint32_t edge, uint32_t actor,
                             const Cavea__V1__ReplyBatch *m)
{
    edge_queue *q = &w->edges[edge].queues[actor];
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t n = q->inflight[i];
        if (n == NOBODY || w->batches[n].number != m->number)
            continue;
        batch b = w->batches[n];
        batch_over(w, n);
        queue_take(w, edge, actor);
        for (uint32_t k = 0; k < b.asks_count; k++) {
            const ask *a = &w->asks[b.asks[k]];
            const Cavea__V1__Reply *reply = reply_find(m, &a->command);
            if (!a->over && (reply != NULL || a->type != ASK_CHECKOUT))
                ask_over(w, b.asks[k], reply);
        }
        return;
    }
}

static void deferred_receive(world *w, uint32_t edge, const Cavea__V1__ReplyBatch *m)
{
    for (size_t i = 0; i < m->n_replies; i++) {
        uint32_t n = m->replies[i]->command_id.len != 16
                         ? KEY_MAP_NONE
                         : key_map_get(&w->by_command, m->replies[i]->command_id.data);
        if (n != KEY_MAP_NONE && !w->asks[n].over && w->asks[n].edge == edge &&
            w->asks[n].type == ASK_CHECKOUT)
            ask_over(w, n, m->replies[i]);
    }
}

static void on_reply(world *w, const happening *p)
{
    sim_edge *e = &w->edges[p->who];
    if (e->life != p->life)
        return;
    Cavea__V1__ReplyBatch *m =
        cavea__v1__reply_batch__unpack(NULL, p->parcel->bytes_count, p->parcel->bytes);
    assert(m != NULL);
    e->queues[p->actor].heard_us = w->now_us;
    if (m->number != 0)
        numbered_receive(w, p->who, p->actor, m);
    else
        deferred_receive(w, p->who, m);
    cavea__v1__reply_batch__free_unpacked(m, NULL);
}

void edge_reply(world *w, const char *to, const void *data, uint32_t data_bytes)
{
    enum { PREFIX = 15 };
    uuid edge_id;
    bool parsed = strlen(to) > PREFIX + UUID_TEXT_BYTES &&
                  uuid_parse(to + PREFIX, UUID_TEXT_BYTES - 1, &edge_id);
    if (!parsed)
        return broken(w, "a reply goes to %s", to);
    uint32_t actor = (uint32_t)strtoul(to + PREFIX + UUID_TEXT_BYTES, NULL, 10);
    for (uint32_t i = 0; i < w->edges_count; i++) {
        if (!uuid_equal(&w->edges[i].sender, &edge_id) ||
            prng_chance(&w->random, w->weather.lose_core))
            continue;
        happening h = {.run = on_reply, .who = i, .life = w->edges[i].life, .actor = actor};
        h.parcel = parcel_new(w, data, data_bytes);
        if (prng_chance(&w->random, w->weather.twice)) {
            happening again = h;
            again.parcel = parcel_share(h.parcel);
            happen(w, latency(w) * 3, again);
        }
        happen(w, latency(w), h);
    }
}

void edge_silent(world *w, uint32_t edge, uint32_t actor)
{
    edge_queue *q = &w->edges[edge].queues[actor];
    bool any = false;
    for (uint32_t i = 0; i < 2; i++) {
        if (q->inflight[i] == NOBODY || !w->batches[q->inflight[i]].direct)
            continue;
        w->batches[q->inflight[i]].direct = false;
        broker_publish(w, SUBJECT_IN, actor, parcel_share(w->batches[q->inflight[i]].bytes), NULL,
                       0, 0, NULL);
        any = true;
    }
    if (any)
        wake(w, q, actor);
}
