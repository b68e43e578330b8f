// The provider's parts as its own files see them.
#ifndef CAVEA_OPS_PROVIDER_INSIDE_H
#define CAVEA_OPS_PROVIDER_INSIDE_H

#include "ops/host/admin.h"
#include "ops/host/web.h"
#include "ops/provider/books.h"
#include "ops/provider/deliveries.h"
#include "ops/provider/faults.h"
#include "ops/provider/provider.h"
#include "ops/provider/repeats.h"

enum { API_DEADLINE_MS = 10000 }; // for a request's body to arrive

struct provider {
    provider_options o;
    char public_url[200];
    faults faults;
    books books; // its mutex also guards repeats, logbook and deliveries
    repeats repeats;
    logbook *logbook;
    deliveries *deliveries;
    web_server *server;
    admin *admin;
    pthread_mutex_t pause_mutex; // only for pauses that a stop must end
    pthread_cond_t pause_ended;
    bool is_stopping;
};

// Holds the calling thread back for a fault; a stop of the provider ends it early.
void provider_pause(provider *p, int64_t ms);
// After work under the mutex: writes the logbook and wakes the deliveries.
void provider_commit(provider *p);

#endif
