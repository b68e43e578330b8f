// Where deltas come from: one subscription to those of all events, on a connection of its own.
// Together with source.c the only place of the gateway that knows nats.c. Its callbacks run on
// threads of nats.c.
#ifndef CAVEA_EDGE_GATEWAY_SOURCE_H
#define CAVEA_EDGE_GATEWAY_SOURCE_H

#include "edge/gateway/gateway.h"
#include "ops/host/nats_login.h"

typedef struct source_told { // may be NULL; on a thread of nats.c
    void *self;
    void (*lost)(void *self);
    void (*found)(void *self);
    void (*failed)(void *self, const char *what);
} source_told;

typedef struct source source;

// Goes on trying for ever; the gateway is told when it hears. told is borrowed until source_close.
MUST_CHECK bool source_open(const nats_login *login, gateway *g, const source_told *told,
                            source **ret_source, char ret_problem[static CONFIG_PROBLEM_BYTES]);
bool source_connected(const source *s);
void source_close(source **s); // nothing is told or delivered after it; NULL is fine

#endif
