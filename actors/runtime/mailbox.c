#include "actors/runtime/mailbox.h"

#include <stdlib.h>
#include <time.h>

bool mailbox_init(mailbox *m, uint32_t max)
{
    *m = (mailbox){.max = max, .ring = calloc(max, sizeof(mail))};
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&m->mutex, NULL);
    pthread_cond_init(&m->arrived, &attributes);
    pthread_condattr_destroy(&attributes);
    return m->ring != NULL;
}

void mail_done(mail *item)
{
    if (item->type == MAIL_MESSAGE && item->message.release != NULL)
        item->message.release(item->message.owner);
    else if (item->type == MAIL_CELL)
        cell_free(item->installed);
    else if (item->type == MAIL_STUCK)
        free(item->stuck.row);
}

void mailbox_done(mailbox *m)
{
    for (uint32_t i = 0; i < m->count; i++)
        mail_done(&m->ring[(m->at + i) % m->max]);
    free(m->ring);
    pthread_mutex_destroy(&m->mutex);
    pthread_cond_destroy(&m->arrived);
    *m = (mailbox){0};
}

bool mailbox_put(mailbox *m, const mail *item)
{
    pthread_mutex_lock(&m->mutex);
    bool room = m->count < m->max;
    if (room) {
        m->ring[(m->at + m->count) % m->max] = *item;
        if (m->count++ == 0) // the tick thread sleeps only when nothing is there
            pthread_cond_signal(&m->arrived);
    }
    pthread_mutex_unlock(&m->mutex);
    return room;
}

uint32_t mailbox_take(mailbox *m, mail *ret_items, uint32_t max)
{
    pthread_mutex_lock(&m->mutex);
    uint32_t n = m->count < max ? m->count : max;
    for (uint32_t i = 0; i < n; i++)
        ret_items[i] = m->ring[(m->at + i) % m->max];
    m->at = (m->at + n) % m->max;
    m->count -= n;
    pthread_mutex_unlock(&m->mutex);
    return n;
}

void mailbox_wait(mailbox *m, int64_t until_us, bool undisturbed)
{
    struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    pthread_mutex_lock(&m->mutex);
    int late = 0;
    while ((m->count == 0 || undisturbed) && late == 0)
        late = pthread_cond_timedwait(&m->arrived, &m->mutex, &until);
    pthread_mutex_unlock(&m->mutex);
}

uint32_t mailbox_depth(mailbox *m)
{
    pthread_mutex_lock(&m->mutex);
    uint32_t n = m->count;
    pthread_mutex_unlock(&m->mutex);
    return n;
}
