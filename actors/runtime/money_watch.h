// The conservation monitor (invariant 4): looks every so often at the money of the events in which
// money moved, of those that were not settled at the last look, and, slowly, of all others, and
// sets the metrics cavea_money_*. The holder of the payment actors' first partition looks, so that
// one host does. Work is bounded: a look ends when its time is used up and the next one goes on
// there. A thread and a read-only connection of its own.
#ifndef CAVEA_ACTORS_RUNTIME_MONEY_WATCH_H
#define CAVEA_ACTORS_RUNTIME_MONEY_WATCH_H

#include "schemas/id.h"

#include <stdbool.h>

typedef struct money_watch_config {
    const char *postgres_url;
    int64_t every_ms;
    // Whether this host is the one that looks; any thread.
    bool (*is_ours)(void *self);
    void *self;
} money_watch_config;

typedef struct money_watch money_watch;

MUST_CHECK money_watch *money_watch_start(const money_watch_config *config); // NULL: no resources
void money_watch_stop(money_watch *w); // waits for the end of a look; NULL is allowed

#endif
