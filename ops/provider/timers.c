#include "ops/provider/timers.h"

#include <stdlib.h>

void timers_done(timers *t)
{
    free(t->entries);
    *t = (timers){0};
}

static bool earlier(const timer_entry *a, const timer_entry *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->number < b->number;
}

void timers_add(timers *t, int64_t due_us, void *item)
{
    if (t->count == t->count_max) {
        size_t count_max = t->count_max == 0 ? 64 : t->count_max * 2;
        timer_entry *entries = realloc(t->entries, count_max * sizeof *entries);
        if (entries == NULL)
            abort();
        t->entries = entries;
        t->count_max = count_max;
    }
    timer_entry added = {due_us, t->number++, item};
    size_t at = t->count++;
    while (at > 0 && earlier(&added, &t->entries[(at - 1) / 2])) {
        t->entries[at] = t->entries[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    t->entries[at] = added;
}

int64_t timers_next_us(const timers *t)
{
    return t->count > 0 ? t->entries[0].due_us : INT64_MAX;
}

void *timers_take(timers *t, int64_t now_us)
{
    if (t->count == 0 || t->entries[0].due_us > now_us)
        return NULL;
    void *item = t->entries[0].item;
    timer_entry moved = t->entries[--t->count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= t->count)
            break;
        if (child + 1 < t->count && earlier(&t->entries[child + 1], &t->entries[child]))
            child++;
        if (!earlier(&t->entries[child], &moved))
            break;
        t->entries[at] = t->entries[child];
        at = child;
    }
    t->entries[at] = moved;
    return item;
}
