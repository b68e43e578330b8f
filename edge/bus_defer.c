// Commands whose answer comes from another actor, and later.
#include "edge/bus_private.h"

#include "ops/host/metric.h"

enum { ASK_DOUBLINGS_MAX = 3 };

static void ask_plan(bus *b, bus_queue *q, bus_waiter *w)
{
    w->ask_at_us = bus_now_us(b) + ((int64_t)BUS_ASK_AGAIN_MS * 1000 << w->asks);
    w->asks += w->asks < ASK_DOUBLINGS_MAX;
    if (w->ask_at_us < q->ask_at_us)
        q->ask_at_us = w->ask_at_us;
}

void deferred_insert(bus *b, bus_queue *q, bus_waiter *w)
{
    w->accepted = true;
    w->batch = NULL;
    w->previous = NULL;
    w->next = q->deferred;
    if (w->next)
        w->next->previous = w;
    q->deferred = w;
    ask_plan(b, q, w);
}

void deferred_remove(bus_queue *q, bus_waiter *w)
{
    if (w->next)
        w->next->previous = w->previous;
    if (w->previous)
        w->previous->next = w->next;
    else
        q->deferred = w->next;
}

void deferred_ask(bus *b, bus_queue *q, int64_t now_us)
{
    if (q->ask_at_us > now_us)
        return;
    q->ask_at_us = INT64_MAX;
    for (bus_waiter *w = q->deferred, *next; w; w = next) {
        next = w->next;
        if (w->ask_at_us > now_us) {
            if (w->ask_at_us < q->ask_at_us)
                q->ask_at_us = w->ask_at_us;
        } else if (queue_append(b, q, w->bytes, w->bytes_count, w)) {
            deferred_remove(q, w);
            metric_add(METRIC_RESENDS, 1);
        } else {
            ask_plan(b, q, w); // memory is out
        }
    }
}

static bool is_of(const bus_waiter *w, const uint8_t *command, size_t command_bytes)
{
    return command_bytes == sizeof w->command.bytes &&
           memcmp(w->command.bytes, command, sizeof w->command.bytes) == 0;
}

static bus_waiter *batch_take(bus_batch *batch, const uint8_t *command, size_t command_bytes)
{
    for (uint32_t i = 0; batch && i < batch->count; i++) {
        bus_waiter *w = batch->waiters[i];
        if (!w || !w->deferred || !is_of(w, command, command_bytes))
            continue;
        batch->waiters[i] = NULL;
        batch->live--;
        return w;
    }
    return NULL;
}

bus_waiter *deferred_take(bus_queue *q, const uint8_t *command, size_t command_bytes)
{
    bus_waiter *w = q->deferred;
    while (w && !is_of(w, command, command_bytes))
        w = w->next;
    if (w) {
        deferred_remove(q, w);
        return w;
    }
    // Its own envelope may not be answered yet, or it is about to ask again.
    for (uint32_t i = 0; !w && i < BUS_INFLIGHT_MAX; i++)
        w = batch_take(q->inflight[i], command, command_bytes);
    for (bus_batch *batch = q->waiting_first; !w && batch; batch = batch->next)
        w = batch_take(batch, command, command_bytes);
    return w;
}
