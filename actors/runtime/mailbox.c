#include "actors/runtime/mailbox.h"

#include <stdlib.h>
#include <time.h>

bool mailbox_init(mailbox *m, uint32_t lane_max)
{
    *m = (mailbox){.max = lane_max};
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&m->mutex, NULL);
    pthread_cond_init(&m->arrived, &attributes);
    pthread_condattr_destroy(&attributes);
    bool made = true;
    for (uint32_t i = 0; i < MAILBOX_LANES; i++) {
        m->lanes[i].ring = malloc(lane_max * sizeof(mail)); // a place is written before it is read
        made = made && m->lanes[i].ring != NULL;
    }
    return made;
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
    for (uint32_t i = 0; i < MAILBOX_LANES; i++) {
        for (uint32_t k = 0; k < m->lanes[i].count; k++)
            mail_done(&m->lanes[i].ring[(m->lanes[i].at + k) % m->max]);
        free(m->lanes[i].ring);
    }
    pthread_mutex_destroy(&m->mutex);
    pthread_cond_destroy(&m->arrived);
    *m = (mailbox){0};
}

static uint32_t lane_of(const mail *item)
{
    if (item->type == MAIL_MESSAGE && item->message.local)
        return MAILBOX_FIRST;
    actor_kind kind = item->type == MAIL_MESSAGE ? item->message.to.kind
                      : item->type == MAIL_CELL  ? item->installed->ref.kind
                                                 : ACTOR_KINDS_END;
    return kind == ACTOR_EVENT ? MAILBOX_LAST : MAILBOX_FIRST;
}

bool mailbox_put(mailbox *m, const mail *item)
{
    uint32_t lane = lane_of(item);
    bool wakes = false; // the tick thread sleeps only when nothing urgent is there
    pthread_mutex_lock(&m->mutex);
    bool room = m->lanes[lane].count < m->max;
    if (room) {
        m->lanes[lane].ring[(m->lanes[lane].at + m->lanes[lane].count) % m->max] = *item;
        m->lanes[lane].count++;
        m->count++;
        wakes = item->type != MAIL_ACK && m->urgent++ == 0;
    }
    m->refused += !room;
    pthread_mutex_unlock(&m->mutex);
    if (wakes) // with the mutex held it would wake up only to wait for that
        pthread_cond_signal(&m->arrived);
    return room;
}

static uint32_t lane_take(mailbox *m, uint32_t lane, mail *ret_items, uint32_t max)
{
    uint32_t n = m->lanes[lane].count < max ? m->lanes[lane].count : max;
    for (uint32_t i = 0; i < n; i++) {
        ret_items[i] = m->lanes[lane].ring[(m->lanes[lane].at + i) % m->max];
        m->urgent -= ret_items[i].type != MAIL_ACK;
    }
    m->lanes[lane].at = (m->lanes[lane].at + n) % m->max;
    m->lanes[lane].count -= n;
    m->count -= n;
    return n;
}

uint32_t mailbox_take(mailbox *m, mail *ret_items, uint32_t max)
{
    pthread_mutex_lock(&m->mutex);
    uint32_t kept = m->lanes[MAILBOX_LAST].count > 0 ? max / MAILBOX_LAST_SHARE : 0;
    uint32_t n = lane_take(m, MAILBOX_FIRST, ret_items, max - kept);
    m->first_left = m->lanes[MAILBOX_FIRST].count > 0;
    n += lane_take(m, MAILBOX_LAST, ret_items + n, max - n);
    pthread_mutex_unlock(&m->mutex);
    return n;
}

void mailbox_wait(mailbox *m, int64_t until_us, bool undisturbed)
{
    struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    pthread_mutex_lock(&m->mutex);
    int late = 0;
    while ((m->urgent == 0 || undisturbed) && late == 0)
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

bool mailbox_is_urgent(mailbox *m)
{
    pthread_mutex_lock(&m->mutex);
    bool urgent = m->urgent > 0;
    pthread_mutex_unlock(&m->mutex);
    return urgent;
}

uint64_t mailbox_refused_take(mailbox *m)
{
    pthread_mutex_lock(&m->mutex);
    uint64_t refused = m->refused;
    m->refused = 0;
    pthread_mutex_unlock(&m->mutex);
    return refused;
}
