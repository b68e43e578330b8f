#include "edge/bus_private.h"

#include "ops/host/metric.h"

#include <assert.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { RECYCLE_AFTER_MS = 60000 }; // a queue idle for so long may serve another actor

// Held for less than a microsecond, by many: spinning a little costs less than sleeping.
static void mutex_init(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

bus *bus_new(const bus_options *options)
{
    static atomic_ullong serials;
    bus *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->options = *options;
    b->serial = atomic_fetch_add(&serials, 1) + 1;
    b->offset_us = INT64_MIN;
    if (!arena_init(&b->arena, ARENA_ENVELOPE_BYTES)) {
        free(b);
        return NULL;
    }
    mutex_init(&b->table_mutex);
    mutex_init(&b->pool_mutex);
    return b;
}

static void queue_free(bus *b, bus_queue *q)
{
    for (uint32_t i = 0; i < BUS_INFLIGHT_MAX; i++)
        if (q->inflight[i])
            batch_unref(b, q->inflight[i]);
    while (q->waiting_first) {
        bus_batch *batch = q->waiting_first;
        q->waiting_first = batch->next;
        batch_unref(b, batch);
    }
    pthread_mutex_destroy(&q->mutex);
    free(q);
}

void bus_free(bus *b)
{
    if (!b)
        return;
    for (uint32_t i = 0; i < b->queues_count; i++)
        queue_free(b, b->queues[i]);
    while (b->pool) {
        bus_batch *batch = b->pool;
        b->pool = batch->next;
        free(batch);
    }
    arena_done(&b->arena);
    pthread_mutex_destroy(&b->table_mutex);
    pthread_mutex_destroy(&b->pool_mutex);
    free(b);
}

bus_batch *batch_new(bus *b)
{
    pthread_mutex_lock(&b->pool_mutex);
    bus_batch *batch = b->pool;
    if (batch)
        b->pool = batch->next;
    pthread_mutex_unlock(&b->pool_mutex);
    if (!batch && (batch = malloc(sizeof *batch)) != NULL)
        batch->bell = 0;
    if (!batch)
        return NULL;
    batch->references = 1;
    batch->next = NULL;
    batch->number = 0;
    batch->count = batch->live = batch->bytes_count = batch->resends = batch->nobody = 0;
    batch->direct = false;
    return batch;
}

void batch_unref(bus *b, bus_batch *batch)
{
    if (atomic_fetch_sub(&batch->references, 1) != 1)
        return;
    pthread_mutex_lock(&b->pool_mutex);
    batch->next = b->pool;
    b->pool = batch;
    pthread_mutex_unlock(&b->pool_mutex);
}

bus_queue *queue_lock(bus *b, uint32_t index)
{
    if (index >= atomic_load(&b->queues_count))
        return NULL;
    bus_queue *q = atomic_load(&b->queues[index]);
    pthread_mutex_lock(&q->mutex);
    if (!q->assigned) {
        pthread_mutex_unlock(&q->mutex);
        return NULL;
    }
    atomic_fetch_add(&q->users, 1);
    return q;
}

void queue_leave(bus_queue *q)
{
    atomic_fetch_sub(&q->users, 1);
}

static uint32_t bucket_of(const actor_ref *actor)
{
    uint32_t low; // random bits of an event's id, the number of a partition
    memcpy(&low, actor->id.u.bytes + 12, sizeof low);
    return (low * 2654435761U + (uint32_t)actor->kind) % BUS_BUCKETS;
}

static bool same_actor(const actor_ref *a, const actor_ref *b)
{
    return a->kind == b->kind && uuid_equal(&a->id.u, &b->id.u);
}

// Gives a queue to an actor. Its numbers begin above all those that any recycled queue has used,
// so that an actor never sees a number again.
static void queue_assign(bus *b, bus_queue *q, const actor_ref *actor)
{
    int64_t now_us = bus_now_us(b);
    q->assigned = true;
    q->actor = *actor;
    q->number_last = b->number_floor;
    q->heard_us = q->woken_us = now_us - (int64_t)BUS_WAKE_SILENCE_MS * 1000 - 1;
    q->used_us = now_us;
    q->in = subject_of(SUBJECT_IN, actor);
    q->direct = subject_of(SUBJECT_DIRECT, actor);
    q->wake = subject_wake(actor->kind);
    subject reply = subject_reply(&b->options.sender);
    int bytes = snprintf(q->reply, sizeof q->reply, "%s.%u", reply.text, q->index);
    assert(bytes > 0 && (size_t)bytes < sizeof q->reply);
    bytes = snprintf(q->nobody, sizeof q->nobody, "%s.nobody.%u", reply.text, q->index);
    assert(bytes > 0 && (size_t)bytes < sizeof q->nobody);
    bus_queue **bucket = &b->buckets[bucket_of(actor)];
    q->chain = *bucket;
    *bucket = q;
}

static void queue_unassign(bus *b, bus_queue *q)
{
    bus_queue **at = &b->buckets[bucket_of(&q->actor)];
    while (*at != q)
        at = &(*at)->chain;
    *at = q->chain;
    if (q->number_last > b->number_floor)
        b->number_floor = q->number_last;
}

static bus_queue *queue_new(bus *b)
{
    bus_queue *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    mutex_init(&q->mutex);
    q->due_us = INT64_MAX;
    q->index = b->queues_count;
    atomic_store(&b->queues[q->index], q);
    atomic_store(&b->queues_count, q->index + 1);
    return q;
}

// Looks for a queue that nobody has used for a while, going round.
static bus_queue *queue_recycle(bus *b)
{
    int64_t idle_us = bus_now_us(b) - (int64_t)RECYCLE_AFTER_MS * 1000;
    for (uint32_t i = 0; i < BUS_QUEUES_MAX; i++) {
        bus_queue *q = b->queues[b->hand++ % BUS_QUEUES_MAX];
        pthread_mutex_lock(&q->mutex);
        bool idle = atomic_load(&q->users) == 0 && q->used_us < idle_us && !q->waiting_first &&
                    !q->inflight[0] && !q->inflight[1];
        if (idle)
            q->assigned = false;
        pthread_mutex_unlock(&q->mutex);
        if (idle) {
            queue_unassign(b, q);
            return q;
        }
    }
    return NULL;
}

// The actor's queue, with one more user; NULL when all are busy or memory is out.
static bus_queue *queue_enter(bus *b, const actor_ref *actor)
{
    pthread_mutex_lock(&b->table_mutex);
    bus_queue *q = b->buckets[bucket_of(actor)];
    while (q && !same_actor(&q->actor, actor))
        q = q->chain;
    if (!q) {
        q = b->queues_count < BUS_QUEUES_MAX ? queue_new(b) : queue_recycle(b);
        if (q) {
            pthread_mutex_lock(&q->mutex);
            queue_assign(b, q, actor);
            pthread_mutex_unlock(&q->mutex);
        }
    }
    if (q)
        atomic_fetch_add(&q->users, 1);
    pthread_mutex_unlock(&b->table_mutex);
    return q;
}

// A thread mostly asks the same actor as before, and finds its queue without the table's mutex. A
// queue lives as long as the bus; whether it still is that actor's is seen under its own mutex,
// which is held on return.
static bus_queue *queue_enter_locked(bus *b, const actor_ref *actor)
{
    static _Thread_local uint64_t last_serial;
    static _Thread_local bus_queue *last;
    if (last && last_serial == b->serial) {
        pthread_mutex_lock(&last->mutex);
        if (last->assigned && same_actor(&last->actor, actor)) {
            atomic_fetch_add(&last->users, 1);
            return last;
        }
        pthread_mutex_unlock(&last->mutex);
    }
    bus_queue *q = queue_enter(b, actor);
    last_serial = b->serial;
    last = q;
    if (q)
        pthread_mutex_lock(&q->mutex);
    return q;
}

bool bus_begin(bus *b, const actor_ref *to, const uint8_t *command, uint32_t command_bytes,
               bus_waiter *w)
{
    sending s = {.count = 0};
    if (atomic_load_explicit(&b->queued, memory_order_relaxed) >= b->options.queued_max)
        return false;
    bus_queue *q = queue_enter_locked(b, to);
    if (!q)
        return false;
    w->queue = q;
    bool room = !w->crowd || atomic_load(&q->crowd) < b->options.crowd_actor_max;
    bool queued = room && queue_append(b, q, command, command_bytes, w);
    if (queued && w->crowd)
        atomic_fetch_add(&q->crowd, 1);
    if (queued)
        queue_take(b, q, &s);
    q->used_us = bus_now_us(b);
    pthread_mutex_unlock(&q->mutex);
    sending_run(b, &s);
    if (!queued)
        queue_leave(q);
    return queued;
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

bool bus_give_up(bus *b, bus_waiter *w)
{
    bus_queue *q = w->queue;
    bus_batch *dropped = NULL;
    sending s = {.count = 0};
    pthread_mutex_lock(&q->mutex);
    bool leaves = w->state == WAITER_WAITS;
    bus_batch *batch = w->batch;
    if (leaves && !batch) {
        deferred_remove(q, w);
    } else if (leaves) {
        batch->waiters[w->place] = NULL;
        batch->live--;
        if (batch->number != 0 && batch->live == 0) {
            queue_drop_inflight(q, batch);
            dropped = batch;
            queue_take(b, q, &s);
        }
    }
    pthread_mutex_unlock(&q->mutex);
    if (dropped)
        batch_unref(b, dropped);
    sending_run(b, &s);
    return leaves;
}

void bus_end(bus *b, bus_waiter *w)
{
    (void)b;
    if (w->crowd)
        atomic_fetch_sub(&w->queue->crowd, 1);
    queue_leave(w->queue);
}

void futex_wake(_Atomic uint32_t *futex)
{
    syscall(SYS_futex, futex, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

// Sleeps while the futex has this value, until the monotonic moment comes.
static void futex_wait(_Atomic uint32_t *futex, uint32_t value, int64_t until_us)
{
    struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    syscall(SYS_futex, futex, FUTEX_WAIT_BITSET_PRIVATE, value, &until, NULL,
            FUTEX_BITSET_MATCH_ANY);
}

static void waiter_wait(bus *b, bus_waiter *w, int64_t deadline_us)
{
    for (;;) {
        // The bell before the state: when the answer comes in between, the bell has another value.
        uint32_t heard = w->bell ? atomic_load_explicit(w->bell, memory_order_acquire) : 0;
        uint32_t state = atomic_load_explicit(&w->state, memory_order_acquire);
        if (state == WAITER_DONE)
            return;
        if (state == WAITER_WAITS && bus_now_us(b) >= deadline_us && bus_give_up(b, w)) {
            w->result = w->batch ? BUS_LATE : BUS_PENDING;
            metric_add(METRIC_WAITS_TIMED_OUT, 1);
            return;
        }
        int64_t until_us = state == WAITER_WAITS ? deadline_us : INT64_MAX / 1000;
        futex_wait(w->bell ? w->bell : &w->state, w->bell ? heard : state, until_us);
    }
}

bus_result bus_ask(bus *b, const actor_ref *to, const Cavea__V1__Command *command, bool deferred,
                   int64_t deadline_us, bus_answer *ret_answer)
{
    uint8_t bytes[BUS_COMMAND_BYTES_MAX];
    bus_waiter w = {.deferred = deferred,
                    .crowd = command->body_case == CAVEA__V1__COMMAND__BODY_RESERVE,
                    .answer = ret_answer};
    size_t bytes_count = cavea__v1__command__get_packed_size(command);
    assert(bytes_count <= sizeof bytes);
    bool has_id = uuid_from_bytes(command->id.data, command->id.len, &w.command);
    assert(has_id);
    cavea__v1__command__pack(command, bytes);
    if (!bus_begin(b, to, bytes, (uint32_t)bytes_count, &w))
        return BUS_FULL;
    waiter_wait(b, &w, deadline_us);
    bus_end(b, &w);
    return w.result;
}

int64_t bus_database_us(bus *b, int64_t monotonic_us)
{
    int64_t offset_us = atomic_load(&b->offset_us);
    if (offset_us == INT64_MIN)
        offset_us = b->options.link.wall_us(b->options.link.self) - bus_now_us(b);
    return monotonic_us + offset_us;
}
