#include "actors/runtime/perform_queue.h"

#include <stdlib.h>

bool perform_queue_init(perform_queue *q, uint32_t effects_max)
{
    *q = (perform_queue){.max = effects_max};
    q->ring = malloc(effects_max * sizeof *q->ring);
    if (q->ring == NULL)
        return false;
    pthread_mutex_init(&q->mutex, NULL);
    pthread_cond_init(&q->changed, NULL);
    return true;
}

void perform_queue_done(perform_queue *q)
{
    if (q->ring == NULL)
        return;
    pthread_cond_destroy(&q->changed);
    pthread_mutex_destroy(&q->mutex);
    free(q->ring);
    q->ring = NULL;
}

bool perform_queue_put(perform_queue *q, const effect *e)
{
    pthread_mutex_lock(&q->mutex);
    bool fits = !q->closed && q->count < q->max;
    if (fits) {
        q->ring[(q->at + q->count++) % q->max] = *e;
        pthread_cond_signal(&q->changed);
    }
    pthread_mutex_unlock(&q->mutex);
    return fits;
}

static bool take(perform_queue *q, effect *ret_effect)
{
    if (q->count == 0 || q->closed)
        return false;
    *ret_effect = q->ring[q->at];
    q->at = (q->at + 1) % q->max;
    q->count--;
    return true;
}

bool perform_queue_take(perform_queue *q, effect *ret_effect)
{
    pthread_mutex_lock(&q->mutex);
    bool taken = take(q, ret_effect);
    pthread_mutex_unlock(&q->mutex);
    return taken;
}

bool perform_queue_wait(perform_queue *q, effect *ret_effect)
{
    pthread_mutex_lock(&q->mutex);
    while (q->count == 0 && !q->closed)
        pthread_cond_wait(&q->changed, &q->mutex);
    bool taken = take(q, ret_effect);
    pthread_mutex_unlock(&q->mutex);
    return taken;
}

void perform_queue_close(perform_queue *q)
{
    pthread_mutex_lock(&q->mutex);
    q->closed = true;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->mutex);
}
