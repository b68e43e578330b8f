#include "ops/host/admin.h"

#include "ops/host/metric.h"
#include "ops/host/web.h"

#include <assert.h>
#include <civetweb.h>
#include <malloc.h>
#include <stdlib.h>

enum { ADMIN_THREADS = 3, ADMIN_DEADLINE_MS = 5000 };

static const char head_close[] = "Connection: close\r\n";

struct admin {
    admin_options options;
    web_server *server;
};

static void admin_answer(struct mg_connection *c, int status, const char *text)
{
    web_respond(c, status, "text/plain; charset=utf-8", head_close, text, strlen(text));
}

static void admin_ready(const admin *a, struct mg_connection *c)
{
    char reason[ADMIN_REASON_BYTES] = "";
    if (a->options.ready == NULL || a->options.ready(a->options.self, reason)) {
        admin_answer(c, 200, "ready\n");
        return;
    }
    char text[ADMIN_REASON_BYTES + 16];
    snprintf(text, sizeof text, "not ready: %s\n", reason);
    admin_answer(c, 503, text);
}

static void admin_metrics(const admin *a, struct mg_connection *c)
{
    size_t bytes;
    struct mallinfo2 heap = mallinfo2();
    metric_set(METRIC_HEAP_BYTES, (int64_t)(heap.uordblks + heap.hblkhd));
    char *text = metric_expose(a->options.program, &bytes);
    if (text == NULL) {
        admin_answer(c, 503, "memory is out\n");
        return;
    }
    web_respond(c, 200, "text/plain; version=0.0.4; charset=utf-8", head_close, text, bytes);
    free(text);
}

static const admin_route *admin_route_find(const admin *a, const char *method, const char *path,
                                           bool *ret_path_known)
{
    *ret_path_known = false;
    for (size_t i = 0; i < a->options.routes_count; i++) {
        const admin_route *r = &a->options.routes[i];
        if (strcmp(r->path, path) != 0)
            continue;
        *ret_path_known = true;
        if (strcmp(r->method, method) == 0)
            return r;
    }
    return NULL;
}

static void admin_call(const admin *a, const admin_route *r, struct mg_connection *c)
{
    const struct mg_request_info *info = mg_get_request_info(c);
    web_body body = {0};
    int refusal = web_body_read(c, ADMIN_BODY_BYTES_MAX, ADMIN_DEADLINE_MS, &body);
    if (refusal != 0) {
        admin_answer(c, refusal, "the request body was refused\n");
        return;
    }
    char *text = NULL;
    size_t text_bytes = 0;
    admin_response response = {200, "application/json", open_memstream(&text, &text_bytes)};
    admin_request request = {info->request_method, info->local_uri,
                             info->query_string != NULL ? info->query_string : "", body.at,
                             body.bytes};
    bool is_written = response.body != NULL;
    if (is_written) {
        r->handle(a->options.self, &request, &response);
        is_written = fclose(response.body) == 0;
    }
    if (is_written)
        web_respond(c, response.status, response.content_type, head_close, text, text_bytes);
    else
        admin_answer(c, 503, "memory is out\n");
    free(text);
    web_body_done(&body);
}

static void admin_serve(struct mg_connection *c, void *self)
{
    const admin *a = self;
    const struct mg_request_info *info = mg_get_request_info(c);
    const char *method = info->request_method, *path = info->local_uri;
    bool is_read = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    bool is_known;
    const admin_route *r = admin_route_find(a, method, path, &is_known);
    if (is_read && strcmp(path, "/healthz") == 0)
        admin_answer(c, 200, "ok\n");
    else if (is_read && strcmp(path, "/readyz") == 0)
        admin_ready(a, c);
    else if (is_read && strcmp(path, "/metrics") == 0)
        admin_metrics(a, c);
    else if (r != NULL)
        admin_call(a, r, c);
    else
        admin_answer(c, is_known ? 405 : 404, is_known ? "method not allowed\n" : "not found\n");
}

bool admin_start(const admin_options *options, admin **ret_admin,
                 char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    admin *a = calloc(1, sizeof *a);
    if (a == NULL) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "Memory is out.");
        return false;
    }
    a->options = *options;
    web_options web = {.address = options->address,
                       .port = options->port,
                       .threads = ADMIN_THREADS,
                       .keep_alive = false,
                       .serve = admin_serve,
                       .self = a};
    if (!web_start(&web, &a->server, ret_problem)) {
        free(a);
        return false;
    }
    *ret_admin = a;
    return true;
}

int admin_port(const admin *a)
{
    return web_port(a->server);
}

void admin_stop(admin **a)
{
    if (*a == NULL)
        return;
    web_stop(&(*a)->server);
    free(*a);
    *a = NULL;
}
