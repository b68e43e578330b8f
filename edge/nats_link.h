// The edge's connections to NATS: one carries commands and their replies, another the live deltas,
// so that a flood of these never delays a reply. Together with the *_nats.c files the only place of
// the edge that knows nats.c.
#ifndef CAVEA_EDGE_NATS_LINK_H
#define CAVEA_EDGE_NATS_LINK_H

#include "edge/bus.h"
#include "edge/live.h"
#include "ops/host/nats_link.h"

// The bus on a connection: replies in, the clock of re-sends.
typedef struct bus_nats bus_nats;
MUST_CHECK bool bus_nats_open(const nats_login *login, const bus_options *options,
                              const nats_told *told, bus_nats **ret_bus,
                              char ret_problem[static CONFIG_PROBLEM_BYTES]);
bus *bus_nats_bus(bus_nats *b);
bool bus_nats_connected(bus_nats *b);
// When the clock of re-sends last went through all queues, monotonic: a lock held for ever stops
// it.
int64_t bus_nats_ticked_us(bus_nats *b);
void bus_nats_end(bus_nats *b);   // nobody waits for an answer any more
void bus_nats_free(bus_nats **b); // after nats_link_finish

// Subscriptions to live deltas. The live maps exist before and after the link.
typedef struct live_nats live_nats;
MUST_CHECK bool live_nats_open(const nats_login *login, const nats_told *told, live_nats **ret_link,
                               char ret_problem[static CONFIG_PROBLEM_BYTES]);
void live_nats_start(live_nats *n, live *l); // from now on l hears of everything
void live_nats_heard(live_nats *n, const event_id *event, uint64_t version); // told by a reply
bool live_nats_subscribe(live_nats *n, const event_id *event, void **ret_subscription);
void live_nats_unsubscribe(live_nats *n, void *subscription);
bool live_nats_flush(live_nats *n);
void live_nats_stop(live_nats *n);  // no delta arrives after it
void live_nats_end(live_nats *n);   // after the maps are gone
void live_nats_free(live_nats **n); // after nats_link_finish

#endif
