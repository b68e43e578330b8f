// A bounded first-in-first-out queue of effects between the tick thread and a performer's threads.
// Any thread; putting never blocks for longer than a memory copy.
#ifndef CAVEA_ACTORS_RUNTIME_PERFORM_QUEUE_H
#define CAVEA_ACTORS_RUNTIME_PERFORM_QUEUE_H

#include "actors/runtime/ports.h"

#include <pthread.h>

typedef struct perform_queue {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    effect *ring;
    uint32_t at, count, max;
    bool closed;
} perform_queue;

MUST_CHECK bool perform_queue_init(perform_queue *q, uint32_t effects_max);
void perform_queue_done(perform_queue *q);
// Copies the effect; false when the queue is full or closed.
MUST_CHECK bool perform_queue_put(perform_queue *q, const effect *e);
// Takes the oldest; false when there is none.
MUST_CHECK bool perform_queue_take(perform_queue *q, effect *ret_effect);
// The same, but waits for one; false when the queue was closed, whatever is left in it.
MUST_CHECK bool perform_queue_wait(perform_queue *q, effect *ret_effect);
// Wakes every waiter; nothing goes in any more.
void perform_queue_close(perform_queue *q);

#endif
