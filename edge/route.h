// The table of what the edge answers: a method, a path with at most one `{id}` segment (`{file}`:
// it may have dots), and who handles it. Knows no HTTP library. Pure; any thread.
#ifndef CAVEA_EDGE_ROUTE_H
#define CAVEA_EDGE_ROUTE_H

#include "ops/host/metric.h"
#include "schemas/id.h"

enum {
    ROUTE_PATH_BYTES_MAX = 512,
    ROUTE_ALLOW_BYTES = 48, // "GET, HEAD, DELETE, OPTIONS" and the final NUL
};

typedef enum route_flag {
    ROUTE_TOKEN = 1, // needs a session
    ROUTE_KEY = 2,   // needs an Idempotency-Key
    // Who gives way to whom under overload; a route with none of these is refused only on
    // a connection too many, or where too many would wait for the database with it.
    ROUTE_QUEUED = 4, // a reservation: waits at the gate
    ROUTE_OWN = 8,    // what a buyer does with a reservation: has a share of its own
    ROUTE_FIRST = 16, // money that has arrived: alone is served on a connection too many
} route_flag;

struct edge_call;

typedef struct route {
    const char *method;  // GET is HEAD too
    const char *pattern; // "/v1/events/{id}/seats"
    metric_route metric;
    unsigned flags;
    void (*handle)(struct edge_call *call);
} route;

typedef enum route_result {
    ROUTE_FOUND,
    ROUTE_UNKNOWN, // no such path
    ROUTE_REFUSED, // the path has other methods
    ROUTE_OPTIONS, // the method was OPTIONS
} route_result;

typedef struct route_match {
    const route *route; // when found
    const char *id;     // into the path; "" when the pattern has none
    size_t id_bytes;
    char allow[ROUTE_ALLOW_BYTES]; // when refused or asked for
} route_match;

MUST_CHECK route_result route_find(const route *routes, size_t routes_count, const char *method,
                                   const char *path, route_match *ret_match);

#endif
