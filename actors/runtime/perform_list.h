// Compares the provider's list of intents with our payments, both ways, on a thread of its own and
// a connection of its own: what the list says goes to the payment actors as reports (known ones
// change nothing), and captured money of ours that the list does not have is asked for by its id,
// because a list is cut by the provider's clock. Each look begins where the last one ended, less an
// overlap for clocks and callbacks; the first one goes back an hour. A look that fails is made
// again. One host at a time compares; two would only do the work twice.
#ifndef CAVEA_ACTORS_RUNTIME_PERFORM_LIST_H
#define CAVEA_ACTORS_RUNTIME_PERFORM_LIST_H

#include "actors/runtime/perform.h"
#include "store/store.h"

enum {
    LIST_OVERLAP_SECONDS = 600,
    LIST_FIRST_SECONDS = 3600,
    LIST_AHEAD_SECONDS = 3600,
    LIST_PAUSE_MS = 50, // between two pages: a long list must not crowd out payments
    LIST_RETRY_MS = 10000,
    LIST_INTENTS_MAX = 1 << 21, // of one look that are remembered; more: only one way is compared
};

typedef struct perform_list_config {
    performer *performer;
    store_port store; // of this thread
    int64_t every_ms;
    void *self;
    bool (*is_ours)(void *self); // whether this host is the one that compares; any thread
    // To a payment actor on any host, at most once. Borrowed until it returns.
    void (*tell)(void *self, const actor_ref *to, const uint8_t *envelope, uint32_t bytes);
} perform_list_config;

typedef struct perform_list perform_list;

MUST_CHECK perform_list *
perform_list_start(const perform_list_config *settings); // NULL: no resources
void perform_list_stop(perform_list *l); // performer_stop was called; NULL is allowed

#endif
