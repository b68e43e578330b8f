// Where the caches get what they keep: the ports of catalogue, plan cache and live maps, over the
// read models of store/ and the live link. Any thread; the calls block.
#ifndef CAVEA_EDGE_SOURCES_H
#define CAVEA_EDGE_SOURCES_H

#include "edge/catalogue.h"
#include "edge/live.h"
#include "edge/nats_link.h"

typedef struct sources { // borrowed by the ports made from it
    read_pool *pool;
    live_nats *deltas;
    load_gate *gate;
} sources;

catalogue_source sources_catalogue(sources *s);
plan_source sources_plans(sources *s);
live_link sources_live(sources *s);

#endif
