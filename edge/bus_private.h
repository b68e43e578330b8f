// Shared by the bus_*.c files and their tests, and by nobody else.
#ifndef CAVEA_EDGE_BUS_PRIVATE_H
#define CAVEA_EDGE_BUS_PRIVATE_H

#include "edge/bus.h"
#include "schemas/arena.h"
#include "schemas/subject.h"

#include <pthread.h>
#include <stdatomic.h>

typedef enum waiter_state {
    WAITER_WAITS,
    WAITER_CLAIMED, // a reply is being copied into it: it may not leave
    WAITER_DONE,
} waiter_state;

// One who waits, on the stack of its thread. Everything but `state` is under the queue's mutex
// while it waits; a claimed waiter belongs to the thread that claimed it. The waiters of a batch
// sleep at one futex, the bell, so that one system call wakes them together. It belongs to the
// batch, only counts up, and is never freed before the bus: whoever is woken for somebody else's
// sake looks at its own state and sleeps again. Whoever may wait longer than its batch sleeps at
// its own state.
typedef struct bus_waiter {
    _Atomic uint32_t state; // waiter_state
    _Atomic uint32_t *bell; // NULL: its own state
    bus_result result;
    bool deferred;
    bool crowd; // one of those that crowd_actor_max bounds
    uuid command;
    bus_answer *answer;
    struct bus_queue *queue;
    struct bus_batch *batch;            // NULL while in the queue's deferred list
    uint32_t place;                     // in the batch
    struct bus_waiter *previous, *next; // in the deferred list
} bus_waiter;

enum {
    BATCH_TAIL_BYTES = 320, // sender, number and reply subject follow the commands
    BATCH_COMMANDS_BYTES = ENVELOPE_BYTES_MAX - BATCH_TAIL_BYTES,
};
_Static_assert(BATCH_TAIL_BYTES > SUBJECT_BYTES_MAX + 64, "the tail fits");

// An envelope: filled while it waits, sealed when it is sent, kept until it is answered.
typedef struct bus_batch {
    _Atomic uint32_t bell;  // never set back, also when the batch is used again
    atomic_uint references; // the queue's and each sending's
    struct bus_batch *next; // waiting, or free
    uint64_t number;        // 0 until it is sealed
    uint32_t count, live;   // commands; those somebody still waits for
    uint32_t bytes_count;
    uint32_t resends;
    uint32_t nobody; // how often the server said that nobody holds the actor
    bool direct;     // was sent over the direct path, and nobody has refused it there yet
    int64_t sent_us, resend_at_us;
    bus_waiter *waiters[ENVELOPE_COMMANDS_MAX]; // NULL: has given up
    uint32_t ends[ENVELOPE_COMMANDS_MAX];       // where each command ends in bytes
    uint8_t bytes[ENVELOPE_BYTES_MAX];
} bus_batch;

typedef struct bus_queue {
    pthread_mutex_t mutex;
    struct bus_queue *chain; // next of the same hash bucket; under bus.table_mutex
    atomic_uint users;       // threads inside; a queue in use is not given to another actor
    atomic_uint crowd;       // of them, those that crowd_actor_max bounds
    bool assigned;           // false for the moment in which it passes to another actor
    atomic_llong due_us;     // when to look for re-sends; INT64_MAX: never
    uint32_t index;
    actor_ref actor;
    uint64_t number_last;
    bus_batch *waiting_first, *waiting_last;
    bus_batch *inflight[BUS_INFLIGHT_MAX];
    bus_waiter *deferred;
    int64_t heard_us, woken_us, used_us;
    subject in, direct, wake;
    char reply[SUBJECT_BYTES_MAX];  // for answers
    char nobody[SUBJECT_BYTES_MAX]; // for the server, when nobody has the direct subject
} bus_queue;

enum { BUS_BUCKETS = 16384 };

struct bus {
    bus_options options;
    uint64_t serial;             // tells this bus from any other of the process
    pthread_mutex_t table_mutex; // guards what follows up to queues
    bus_queue *buckets[BUS_BUCKETS];
    uint64_t number_floor; // numbers of recycled queues end at or below it
    uint32_t hand;         // where the search for a queue to recycle goes on
    atomic_uint queues_count;
    _Atomic(bus_queue *) queues[BUS_QUEUES_MAX];
    atomic_uint queued;
    pthread_mutex_t pool_mutex;
    bus_batch *pool;
    atomic_llong offset_us; // database minus monotonic; INT64_MIN: unknown
    int64_t offset_at_us;   // when it was learnt; the receiver's
    arena arena;            // the receiver's
};

static inline int64_t bus_now_us(const bus *b)
{
    return b->options.link.now_us(b->options.link.self);
}

// Queues a packed command, and sends it when there is room; false: too much waits already.
MUST_CHECK bool bus_begin(bus *b, const actor_ref *to, const uint8_t *command,
                          uint32_t command_bytes, bus_waiter *w);
// Leaves before an answer came; false when a reply has just claimed the waiter.
MUST_CHECK bool bus_give_up(bus *b, bus_waiter *w);
// After the answer came or the waiter gave up.
void bus_end(bus *b, bus_waiter *w);

// Wakes all who sleep at a futex. Nobody may sleep there, nor the memory be there any more.
void futex_wake(_Atomic uint32_t *futex);

bus_batch *batch_new(bus *b); // one reference; NULL when memory is out
void batch_unref(bus *b, bus_batch *batch);
// Enters the queue of an index with its mutex held; NULL when there is none. queue_leave after the
// mutex was released.
bus_queue *queue_lock(bus *b, uint32_t index);
void queue_leave(bus_queue *q);

// Appends a command to the last waiting batch. The queue's mutex is held.
MUST_CHECK bool queue_append(bus *b, bus_queue *q, const uint8_t *command, uint32_t command_bytes,
                             bus_waiter *w);
// Takes a waiter out of the deferred list. The queue's mutex is held.
void deferred_remove(bus_queue *q, bus_waiter *w);

// Up to BUS_INFLIGHT_MAX messages that are to be sent once the queue's mutex is released.
typedef struct sending {
    bus_queue *queue;
    bool wakes, wakes_everybody;
    uint32_t count;
    struct {
        bus_batch *batch; // a reference
        bool to_stream, to_direct;
    } messages[BUS_INFLIGHT_MAX];
} sending;
// Seals waiting batches as far as there is room and adds them. The queue's mutex is held.
void queue_take(bus *b, bus_queue *q, sending *s);
// Removes a batch that is answered or given up. The queue's mutex is held; the reference passes to
// the caller.
void queue_drop_inflight(bus_queue *q, bus_batch *batch);
void sending_run(bus *b, sending *s);

#endif
