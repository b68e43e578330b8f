// The admin port of a daemon: GET /healthz (the process answers), /readyz (it can do its work, or
// why not), /metrics (Prometheus text), and what the program adds. Loopback unless told otherwise;
// no authentication, so it never belongs on a public address. Knows nothing of the program beyond
// its callbacks. Callbacks run on the admin server's threads, several at a time.
#ifndef CAVEA_OPS_HOST_ADMIN_H
#define CAVEA_OPS_HOST_ADMIN_H

#include "ops/host/config.h"
#include "ops/host/metric.h"

#include <stdio.h>

enum { ADMIN_BODY_BYTES_MAX = 64 * 1024, ADMIN_REASON_BYTES = 256 };

typedef struct admin_request { // borrowed until the handler returns
    const char *method;
    const char *path;
    const char *query; // "" when there is none
    const char *body;  // NUL-ended
    size_t body_bytes;
} admin_request;

typedef struct admin_response {
    int status;               // 200 before the handler runs
    const char *content_type; // application/json before the handler runs; static
    FILE *body;               // in memory; belongs to the server
} admin_response;

typedef struct admin_route {
    const char *method;
    const char *path; // exact
    void (*handle)(void *self, const admin_request *request, admin_response *response);
} admin_route;

typedef struct admin_options { // routes are borrowed until admin_stop
    const char *address;
    int64_t port;           // 0: any free one
    metric_program program; // whose metrics /metrics shows
    void *self;             // for the callbacks
    // May be NULL: always ready. Otherwise writes why not, in one line, when it returns false.
    bool (*ready)(void *self, char ret_reason[static ADMIN_REASON_BYTES]);
    const admin_route *routes;
    size_t routes_count;
} admin_options;

typedef struct admin admin;

MUST_CHECK bool admin_start(const admin_options *options, admin **ret_admin,
                            char ret_problem[static CONFIG_PROBLEM_BYTES]);
int admin_port(const admin *a);
void admin_stop(admin **a); // waits for running callbacks; *a becomes NULL

#endif
