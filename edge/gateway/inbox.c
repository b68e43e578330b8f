#include "edge/gateway/inbox.h"

#include <stdlib.h>

void letters_free(letter *first)
{
    while (first) {
        letter *l = first;
        first = l->next;
        free(l);
    }
}

void inbox_init(inbox *i, size_t bytes_max)
{
    *i = (inbox){.bytes_max = bytes_max};
    i->end = &i->first;
    pthread_mutex_init(&i->mutex, NULL);
}

void inbox_done(inbox *i)
{
    letters_free(i->first);
    pthread_mutex_destroy(&i->mutex);
}

// The mutex is held.
static letter *list_take(inbox *i)
{
    letter *list = i->first;
    i->first = NULL;
    i->end = &i->first;
    i->bytes = 0;
    return list;
}

bool inbox_miss(inbox *i)
{
    pthread_mutex_lock(&i->mutex);
    bool wakes = !i->first && !i->missed;
    letter *list = list_take(i);
    i->missed = true;
    pthread_mutex_unlock(&i->mutex);
    letters_free(list);
    return wakes;
}

bool inbox_put(inbox *i, const event_id *event, const void *data, size_t data_bytes)
{
    letter *l = data_bytes <= UINT32_MAX ? malloc(sizeof *l + data_bytes) : NULL;
    if (!l)
        return inbox_miss(i);
    *l = (letter){.event = *event, .bytes = (uint32_t)data_bytes};
    memcpy(l->data, data, data_bytes);
    pthread_mutex_lock(&i->mutex);
    bool fits = i->bytes + data_bytes <= i->bytes_max, wakes = !i->first && !i->missed;
    if (fits) {
        i->bytes += data_bytes;
        *i->end = l;
        i->end = &l->next;
    }
    pthread_mutex_unlock(&i->mutex);
    if (fits)
        return wakes;
    free(l);
    return inbox_miss(i);
}

letter *inbox_take(inbox *i, bool *ret_missed)
{
    pthread_mutex_lock(&i->mutex);
    letter *list = list_take(i);
    *ret_missed = i->missed;
    i->missed = false;
    pthread_mutex_unlock(&i->mutex);
    return list;
}
