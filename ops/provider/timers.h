// A heap of things that become due. Knows nothing of what they are and owns none of them. Not
// shared between threads. Running out of memory ends the process.
#ifndef CAVEA_OPS_PROVIDER_TIMERS_H
#define CAVEA_OPS_PROVIDER_TIMERS_H

#include "schemas/id.h"

typedef struct timer_entry {
    int64_t due_us;
    uint64_t number; // equal times come out in the sequence they went in
    void *item;
} timer_entry;

typedef struct timers {
    timer_entry *entries;
    size_t count, count_max;
    uint64_t number;
} timers;

void timers_done(timers *t); // the items are the caller's
void timers_add(timers *t, int64_t due_us, void *item);
int64_t timers_next_us(const timers *t); // INT64_MAX when there is none
// Takes the earliest item that is due at now_us; NULL when there is none.
void *timers_take(timers *t, int64_t now_us);

#endif
