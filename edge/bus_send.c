#include "edge/bus_private.h"

#include "ops/host/metric.h"
#include "schemas/wire.h"

#include <assert.h>

enum { // field numbers of cavea.v1.Envelope, which is assembled by hand around packed commands
    FIELD_SENDER = 1,
    FIELD_NUMBER = 2,
    FIELD_REPLY_TO = 3,
    FIELD_COMMANDS = 5,
    WAKE_BYTES_MAX = 32,
};

static bus_batch *batch_with_room(bus *b, bus_queue *q, uint32_t bytes)
{
    bus_batch *last = q->waiting_last;
    if (last && last->count < ENVELOPE_COMMANDS_MAX &&
        last->bytes_count + bytes <= BATCH_COMMANDS_BYTES)
        return last;
    bus_batch *batch = batch_new(b);
    if (!batch)
        return NULL;
    if (last)
        last->next = batch;
    else
        q->waiting_first = batch;
    q->waiting_last = batch;
    return batch;
}

bool queue_append(bus *b, bus_queue *q, const uint8_t *command, uint32_t command_bytes,
                  bus_waiter *w)
{
    bus_batch *batch = batch_with_room(b, q, command_bytes + 8);
    if (!batch)
        return false;
    wire out = {batch->bytes + batch->bytes_count, 0, command_bytes + 8, false};
    wire_bytes(&out, FIELD_COMMANDS, command, command_bytes);
    assert(!out.full);
    batch->bytes_count += out.count;
    batch->waiters[batch->count] = w;
    batch->ends[batch->count] = batch->bytes_count;
    w->batch = batch;
    w->bell = w->deferred ? NULL : &batch->bell;
    w->place = batch->count;
    batch->count++;
    batch->live++;
    atomic_fetch_add_explicit(&b->queued, 1, memory_order_relaxed);
    return true;
}

// Takes out the commands whose waiters have gone before anything was sent.
static void batch_compact(bus_batch *batch)
{
    uint32_t kept = 0, at = 0, from = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        uint32_t bytes = batch->ends[i] - from;
        if (batch->waiters[i]) {
            memmove(batch->bytes + at, batch->bytes + from, bytes);
            at += bytes;
            batch->waiters[kept] = batch->waiters[i];
            batch->waiters[kept]->place = kept;
            batch->ends[kept++] = at;
        }
        from += bytes;
    }
    batch->count = kept;
    batch->bytes_count = at;
}

static void batch_seal(bus *b, bus_queue *q, bus_batch *batch)
{
    if (batch->live < batch->count)
        batch_compact(batch);
    batch->number = ++q->number_last;
    wire out = {batch->bytes + batch->bytes_count, 0, BATCH_TAIL_BYTES, false};
    wire_bytes(&out, FIELD_SENDER, b->options.sender.bytes, sizeof b->options.sender.bytes);
    wire_number(&out, FIELD_NUMBER, batch->number);
    wire_bytes(&out, FIELD_REPLY_TO, q->reply, (uint32_t)strlen(q->reply));
    assert(!out.full);
    batch->bytes_count += out.count;
    batch->sent_us = bus_now_us(b);
    batch->resend_at_us = batch->sent_us + BUS_RESEND_FIRST_MS * 1000;
}

// The first waiting batch that somebody still waits for.
static bus_batch *waiting_pop(bus *b, bus_queue *q)
{
    while (q->waiting_first) {
        bus_batch *batch = q->waiting_first;
        q->waiting_first = batch->next;
        if (!q->waiting_first)
            q->waiting_last = NULL;
        batch->next = NULL;
        atomic_fetch_sub_explicit(&b->queued, batch->count, memory_order_relaxed);
        if (batch->live > 0)
            return batch;
        batch_unref(b, batch);
    }
    return NULL;
}

static void queue_due_update(bus_queue *q)
{
    int64_t due_us = q->ask_at_us;
    for (uint32_t i = 0; i < BUS_INFLIGHT_MAX; i++)
        if (q->inflight[i] && q->inflight[i]->resend_at_us < due_us)
            due_us = q->inflight[i]->resend_at_us;
    atomic_store(&q->due_us, due_us);
}

// Adds a wake-up unless one has just left. everybody: of each host, because the one that an earlier
// wake-up went to may stand still.
static void sending_wake(bus *b, bus_queue *q, sending *s, bool everybody)
{
    int64_t now_us = bus_now_us(b);
    if (now_us - q->woken_us < (BUS_NOBODY_MS - BUS_TICK_MS) * 1000)
        return;
    q->woken_us = now_us;
    s->queue = q;
    s->wakes = true;
    s->wakes_everybody = everybody;
}

static void sending_add(bus_queue *q, sending *s, bus_batch *batch, bool to_stream, bool to_direct)
{
    assert(s->count < BUS_INFLIGHT_MAX);
    s->queue = q;
    atomic_fetch_add(&batch->references, 1);
    s->messages[s->count].batch = batch;
    s->messages[s->count].to_stream = to_stream;
    s->messages[s->count].to_direct = to_direct;
    s->count++;
}

void queue_take(bus *b, bus_queue *q, sending *s)
{
    assert(b->options.inflight_max >= 1 && b->options.inflight_max <= BUS_INFLIGHT_MAX);
    for (uint32_t i = 0; i < b->options.inflight_max; i++) {
        if (q->inflight[i])
            continue;
        bus_batch *batch = waiting_pop(b, q);
        if (!batch)
            break;
        batch_seal(b, q, batch);
        q->inflight[i] = batch;
        sending_add(q, s, batch, true, false);
        if (batch->sent_us - q->heard_us > (int64_t)BUS_WAKE_SILENCE_MS * 1000)
            sending_wake(b, q, s, false);
        metric_add(METRIC_BATCHES, 1);
        metric_observe(METRIC_BATCH_COMMANDS, batch->count);
    }
    queue_due_update(q);
}

void queue_drop_inflight(bus_queue *q, bus_batch *batch)
{
    for (uint32_t i = 0; i < BUS_INFLIGHT_MAX; i++)
        if (q->inflight[i] == batch)
            q->inflight[i] = NULL;
    queue_due_update(q);
}

static void wake_send(bus *b, bus_queue *q, bool everybody)
{
    uint8_t bytes[WAKE_BYTES_MAX];
    Cavea__V1__Wake wake = CAVEA__V1__WAKE__INIT;
    uuid id = q->actor.id.u;
    wake.kind = (uint32_t)q->actor.kind;
    wake.actor = (ProtobufCBinaryData){sizeof id.bytes, id.bytes};
    wake.everybody = everybody;
    assert(cavea__v1__wake__get_packed_size(&wake) <= sizeof bytes);
    uint32_t count = (uint32_t)cavea__v1__wake__pack(&wake, bytes);
    b->options.link.send(b->options.link.self, q->wake.text, NULL, bytes, count);
    metric_add(METRIC_WAKES, 1);
}

// What fails here is sent again when it is due.
void sending_run(bus *b, sending *s)
{
    const bus_link *link = &b->options.link;
    if (s->wakes)
        wake_send(b, s->queue, s->wakes_everybody);
    for (uint32_t i = 0; i < s->count; i++) {
        bus_batch *batch = s->messages[i].batch;
        bus_queue *q = s->queue;
        if (s->messages[i].to_direct)
            link->send(link->self, q->direct.text, q->nobody, batch->bytes, batch->bytes_count);
        if (s->messages[i].to_stream)
            link->send(link->self, q->in.text, NULL, batch->bytes, batch->bytes_count);
        batch_unref(b, batch);
    }
    s->count = 0;
    s->wakes = false;
}

// The last try was answered by the server, and the stream has the message already.
static bool batch_had_nobody(const bus_batch *batch)
{
    return !batch->direct && batch->nobody > 0 && batch->nobody <= BUS_NOBODY_TRIES;
}

// The direct path first; when that was silent too, everything at once.
static void batch_resend(bus *b, bus_queue *q, bus_batch *batch, sending *s)
{
    bool again = batch->resends > 0, had_nobody = batch_had_nobody(batch);
    // Of the soon tries the 2nd, 3rd, 5th and 9th wake each host, the others one of the group.
    if (again)
        sending_wake(b, q, s, !had_nobody || (batch->nobody & (batch->nobody - 1)) == 0);
    sending_add(q, s, batch, again && !had_nobody, true);
    batch->direct = true;
    int64_t pause_ms = (int64_t)BUS_RESEND_FIRST_MS
                       << (batch->resends < 8 ? batch->resends + 1 : 8);
    if (pause_ms > BUS_RESEND_LAST_MS)
        pause_ms = BUS_RESEND_LAST_MS;
    batch->resend_at_us = bus_now_us(b) + pause_ms * 1000;
    batch->resends++;
    metric_add(METRIC_RESENDS, 1);
}

static void queue_resend(bus *b, uint32_t index, int64_t now_us)
{
    sending s = {.count = 0};
    bus_queue *q = queue_lock(b, index);
    if (!q)
        return;
    for (uint32_t i = 0; i < BUS_INFLIGHT_MAX; i++)
        if (q->inflight[i] && q->inflight[i]->resend_at_us <= now_us)
            batch_resend(b, q, q->inflight[i], &s);
    deferred_ask(b, q, now_us);
    queue_take(b, q, &s);
    pthread_mutex_unlock(&q->mutex);
    sending_run(b, &s);
    queue_leave(q);
}

void bus_tick(bus *b)
{
    int64_t now_us = bus_now_us(b);
    uint32_t count = atomic_load(&b->queues_count);
    for (uint32_t i = 0; i < count; i++)
        if (atomic_load_explicit(&b->queues[i]->due_us, memory_order_relaxed) <= now_us)
            queue_resend(b, i, now_us);
}

void bus_reconnected(bus *b)
{
    uint32_t count = atomic_load(&b->queues_count);
    for (uint32_t i = 0; i < count; i++)
        if (atomic_load_explicit(&b->queues[i]->due_us, memory_order_relaxed) != INT64_MAX)
            queue_resend(b, i, INT64_MAX);
}

void bus_no_responders(bus *b, uint32_t index)
{
    sending s = {.count = 0};
    bool found = false;
    bus_queue *q = queue_lock(b, index);
    if (!q)
        return;
    for (uint32_t i = 0; i < BUS_INFLIGHT_MAX; i++) {
        bus_batch *batch = q->inflight[i];
        if (!batch || !batch->direct)
            continue;
        batch->direct = false;
        if (batch->nobody++ == 0)
            sending_add(q, &s, batch, true, false);
        int64_t soon_us = bus_now_us(b) + BUS_NOBODY_MS * 1000;
        if (batch->nobody <= BUS_NOBODY_TRIES && batch->resend_at_us > soon_us)
            batch->resend_at_us = soon_us;
        found = true;
    }
    if (found)
        sending_wake(b, q, &s, false);
    queue_due_update(q);
    pthread_mutex_unlock(&q->mutex);
    sending_run(b, &s);
    queue_leave(q);
}
