// cavea-edge: HTTP for buyers and browsers. Puts the parts together, starts and stops them in
// order.
#include "edge/edge.h"
#include "edge/sources.h"

#include "ops/host/admin.h"
#include "ops/host/clock.h"
#include "ops/host/random.h"
#include "ops/host/secret_file.h"
#include "ops/host/service.h"
#include "schemas/origin.h"
#include "store/migrate.h"

#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    WEBHOOK_SECRET_BYTES = 256,
    BUS_HANG_MS = 10000, // the bus's clock ticks many times a second
    WAITING_MAX = 32768, // commands that have not left yet; more than requests can be in flight
    // Of the reservations let in, an eighth is kept from those of a single event: a sale may be of
    // one event alone, but while that fails over, the others go on.
    CROWD_KEPT = 8,
    LOADS_SHARE = 2, // of the threads, this part may wait for the database for readers
    HEAPS = 4,       // of glibc, which keeps what was freed in each of eight for every core
};

extern const unsigned char edge_openapi_json[];
extern const unsigned edge_openapi_json_bytes;

typedef struct edge_settings {
    service_settings service;
    const char *address;
    int64_t port, threads, inflight_max, own_max, maps_mb, envelopes;
    nats_login nats;
    const char *postgres_url;
    int64_t postgres_connections;
    const char *session_key_file, *session_key_other_file, *webhook_secret_file, *ticket_keys_dir;
    const char *public_url, *live_url;
    int64_t reply_ms, queue_ms, keep_alive_ms, idle_ms, read_timeout_ms, body_deadline_ms;
    int64_t start_ms, drain_ms, stop_ms;
} edge_settings;

static const setting settings[] = {
    CONFIG_TEXT(edge_settings, address, "address", "127.0.0.1", 1, 45,
                "address that HTTP listens on"),
    CONFIG_INT(edge_settings, port, "port", "8080", 0, 65535, "port, 0: any free one"),
    CONFIG_INT(edge_settings, threads, "threads", "1280", 4, 16384,
               "one for each connection, an idle one too; beyond, 503 and the connection closes"),
    CONFIG_INT(edge_settings, inflight_max, "inflight-max", "1152", 1, 16384,
               "reservations that wait at once, seven eighths for one event; beyond, 503"),
    CONFIG_INT(edge_settings, own_max, "own-max", "128", 1, 16384,
               "checkouts and reads of reservations at the same time; beyond, 503"),
    CONFIG_MS(edge_settings, queue_ms, "queue-ms", "100ms", 5, 60000,
              "while every reservation waits longer than this, further ones are answered 503"),
    CONFIG_INT(edge_settings, maps_mb, "maps-mb", "128", 1, 65536,
               "memory of the seat maps that are kept; the one looked at longest ago makes room"),
    CONFIG_INT(edge_settings, envelopes, "envelopes", "1", 1, BUS_INFLIGHT_MAX,
               "messages to one actor that may wait for its answer at a time"),
    NATS_LOGIN_SETTINGS(edge_settings, nats, "nats://127.0.0.1:4222", 1),
    CONFIG_TEXT(edge_settings, postgres_url, "postgres-url", NULL, 1, 1000,
                "the database, with a read-only user"),
    CONFIG_INT(edge_settings, postgres_connections, "postgres-connections", "8", 1,
               READ_CONNECTIONS_MAX, "connections to the database"),
    CONFIG_PATH(edge_settings, session_key_file, "session-key-file", NULL,
                "file with the 32 bytes that session tokens are made with, mode 0600"),
    CONFIG_PATH(edge_settings, session_key_other_file, "session-key-other-file", "",
                "a second such file, whose tokens are taken too: while keys are being changed the "
                "one to come, then the one before; empty: none"),
    CONFIG_PATH(edge_settings, webhook_secret_file, "webhook-secret-file", NULL,
                "file with the payment provider's signing secret, mode 0600"),
    CONFIG_PATH(edge_settings, ticket_keys_dir, "ticket-keys-dir", NULL,
                "folder with the tickets' public keys, <kid>.pub"),
    CONFIG_TEXT(edge_settings, public_url, "public-url", "", 0, 200,
                "the origin that browsers see, as in https://tickets.example; empty: https "
                "with what Host says"),
    CONFIG_TEXT(edge_settings, live_url, "live-url", "", 0, 200,
                "where browsers find cavea-live: an origin, as in https://live.example; /: behind "
                "the same proxy; empty: nowhere, they ask for changes instead"),
    CONFIG_MS(edge_settings, reply_ms, "reply-ms", "5s", 100, 60000,
              "how long a request waits for an actor"),
    CONFIG_MS(edge_settings, keep_alive_ms, "keep-alive-ms", "75s", 100, 3600000,
              "how long an idle connection stays open"),
    CONFIG_MS(edge_settings, idle_ms, "idle-ms", "1s", 10, 3600000,
              "an idle connection, when there is no thread for others"),
    CONFIG_MS(edge_settings, read_timeout_ms, "read-timeout-ms", "10s", 100, 120000,
              "how long a request's head, or one read or write, may take"),
    CONFIG_MS(edge_settings, body_deadline_ms, "body-deadline-ms", "10s", 100, 120000,
              "how long a request's body may take as a whole"),
    CONFIG_MS(edge_settings, start_ms, "start-ms", "30s", 0, 600000,
              "how long the start waits for the database"),
    CONFIG_MS(edge_settings, drain_ms, "drain-ms", "0", 0, 600000,
              "how long it goes on serving, not ready, after SIGTERM"),
    CONFIG_MS(edge_settings, stop_ms, "stop-ms", "10s", 0, 600000,
              "how long the stop waits for requests that are being served"),
    SERVICE_SETTINGS(edge_settings, service),
};

typedef struct edge_program {
    edge_settings s;
    edge edge;
    char webhook_secret[WEBHOOK_SECRET_BYTES];
    load_gate gate;
    sources sources;
    bus_nats *bus;
    live_nats *deltas;
    nats_told told_bus, told_deltas;
    http *http;
    admin *admin;
    _Atomic bool stopping;
} edge_program;

static void on_bus_lost(void *self)
{
    if (!((edge_program *)self)->stopping)
        log_event(LOG_WARNING, "nats.lost", LOG_S("link", "bus"));
}

static void on_bus_found(void *self)
{
    (void)self;
    log_event(LOG_INFO, "nats.connected", LOG_S("link", "bus"));
}

static void on_deltas_lost(void *self)
{
    if (!((edge_program *)self)->stopping)
        log_event(LOG_WARNING, "nats.lost", LOG_S("link", "deltas"));
}

static void on_deltas_found(void *self)
{
    (void)self;
    log_event(LOG_INFO, "nats.connected", LOG_S("link", "deltas"));
}

static void on_nats_failed(void *self, const char *what)
{
    (void)self;
    log_event(LOG_WARNING, "nats.failed", LOG_S("what", what));
}

static void on_http_complaint(void *self, const char *message)
{
    (void)self;
    log_event(LOG_DEBUG, "http.complained", LOG_S("message", message));
}

// What a reply tells of an event's version keeps its map honest.
static void on_heard(void *self, const actor_ref *actor, uint64_t version)
{
    edge_program *p = self;
    event_id event = actor_event(&actor->id);
    if (actor->kind == ACTOR_EVENT)
        live_nats_heard(p->deltas, &event, version);
}

static bool edge_ready(void *self, char ret_reason[static ADMIN_REASON_BYTES])
{
    edge_program *p = self;
    int64_t now_us;
    const char *reason = NULL;
    if (p->stopping)
        reason = "stopping";
    else if (!bus_nats_connected(p->bus))
        reason = "nats: not connected";
    else if (read_now(p->edge.pool, &now_us) != STORE_OK)
        reason = "database: does not answer";
    if (reason)
        snprintf(ret_reason, ADMIN_REASON_BYTES, "%s", reason);
    return !reason;
}

static bool edge_alive(void *self)
{
    edge_program *p = self;
    return bus_nats_ticked_us(p->bus) + BUS_HANG_MS * INT64_C(1000) > clock_monotonic_us();
}

static bool memory_out(char problem[static CONFIG_PROBLEM_BYTES])
{
    snprintf(problem, CONFIG_PROBLEM_BYTES, "memory is out");
    return false;
}

static bool secrets_read(edge_program *p, char problem[static CONFIG_PROBLEM_BYTES])
{
    uint8_t key[SESSION_KEY_BYTES];
    size_t key_bytes;
    if (!secret_file_read(p->s.session_key_file, sizeof key, sizeof key, key, &key_bytes, problem))
        return false;
    session_keys_init(&p->edge.sessions, key);
    const char *other = p->s.session_key_other_file;
    bool read =
        !other[0] || secret_file_read(other, sizeof key, sizeof key, key, &key_bytes, problem);
    if (other[0] && read)
        session_keys_accept(&p->edge.sessions, key);
    sodium_memzero(key, sizeof key);
    if (!read)
        return false;
    p->edge.webhook_secret = p->webhook_secret;
    return secret_file_read_text(p->s.webhook_secret_file, sizeof p->webhook_secret,
                                 p->webhook_secret, problem);
}

// Waits for the database, and refuses one whose schema is not ours.
static bool database_check(edge_program *p, char problem[static CONFIG_PROBLEM_BYTES])
{
    int64_t end_us = clock_monotonic_us() + p->s.start_ms * 1000;
    connection_options options = {
        .url = p->s.postgres_url, .application_name = "cavea-edge start", .read_only = true};
    for (;;) {
        connection *c = connection_open(&options, problem, CONFIG_PROBLEM_BYTES);
        if (c) {
            bool right = schema_version_check(c, problem);
            connection_close(c);
            return right;
        }
        if (clock_monotonic_us() >= end_us || service_wait(200) != 0)
            return false;
    }
}

static bool store_start(edge_program *p, char problem[static CONFIG_PROBLEM_BYTES])
{
    edge *e = &p->edge;
    read_options options = {.url = p->s.postgres_url,
                            .connections = (uint32_t)p->s.postgres_connections};
    if (!database_check(p, problem))
        return false;
    p->gate.inside_max = (int)p->s.threads / LOADS_SHARE;
    p->sources.gate = e->gate = &p->gate;
    p->sources.pool = e->pool = read_open(&options);
    if (!e->pool)
        return memory_out(problem);
    catalogue_source events = sources_catalogue(&p->sources);
    plan_source plans = sources_plans(&p->sources);
    e->plans = plan_shelf_new(&plans);
    if (e->plans)
        e->catalogue = catalogue_new(&events, e->plans);
    e->answers = answer_cache_new();
    e->keys = key_ring_new(p->s.ticket_keys_dir);
    return (e->catalogue && e->answers && e->keys) || memory_out(problem);
}

static uint32_t crowd_max(int64_t inflight_max)
{
    return (uint32_t)(inflight_max - inflight_max / CROWD_KEPT);
}

static bool nats_start(edge_program *p, char problem[static CONFIG_PROBLEM_BYTES])
{
    bus_options options = {.sender = random_uuid(),
                           .queued_max = WAITING_MAX,
                           .crowd_actor_max = crowd_max(p->s.inflight_max),
                           .inflight_max = (uint32_t)p->s.envelopes,
                           .self = p,
                           .heard = on_heard};
    p->told_bus = (nats_told){p, on_bus_lost, on_bus_found, on_nats_failed};
    p->told_deltas = (nats_told){p, on_deltas_lost, on_deltas_found, on_nats_failed};
    if (!live_nats_open(&p->s.nats, &p->told_deltas, &p->deltas, problem))
        return false;
    p->sources.deltas = p->deltas;
    live_link link = sources_live(&p->sources);
    p->edge.live = live_new(&link, (size_t)p->s.maps_mb << 20);
    if (!p->edge.live)
        return memory_out(problem);
    live_nats_start(p->deltas, p->edge.live);
    if (!bus_nats_open(&p->s.nats, &options, &p->told_bus, &p->bus, problem))
        return false;
    p->edge.bus = bus_nats_bus(p->bus);
    return true;
}

static bool openapi_load(edge *e, char problem[static CONFIG_PROBLEM_BYTES])
{
    char *copy = malloc(edge_openapi_json_bytes);
    if (copy) {
        memcpy(copy, edge_openapi_json, edge_openapi_json_bytes);
        e->openapi = shared_bytes_take(copy, edge_openapi_json_bytes);
    }
    if (!e->openapi)
        return memory_out(problem);
    shared_bytes_name(e->openapi);
    return true;
}

static bool servers_start(edge_program *p, char problem[static CONFIG_PROBLEM_BYTES])
{
    admin_options admin_port = {.address = p->s.service.admin_address,
                                .port = p->s.service.admin_port,
                                .program = METRIC_PROGRAM_EDGE,
                                .self = p,
                                .ready = edge_ready};
    http_options http_port = {
        .address = p->s.address,
        .port = p->s.port,
        .threads = p->s.threads,
        .inflight_max = p->s.inflight_max,
        .own_max = p->s.own_max,
        .queue_ms = p->s.queue_ms,
        .keep_alive_ms = p->s.keep_alive_ms,
        .idle_ms = p->s.idle_ms,
        .read_timeout_ms = p->s.read_timeout_ms,
        .body_deadline_ms = p->s.body_deadline_ms,
        .routes = edge_routes,
        .routes_count = edge_routes_count,
        .lost = &edge_lost,
        .self = &p->edge,
        .serve = edge_serve,
        .complain = on_http_complaint,
    };
    return admin_start(&admin_port, &p->admin, problem) &&
           http_start(&http_port, &p->http, problem);
}

static bool origins_check(edge_program *p, char problem[static CONFIG_PROBLEM_BYTES])
{
    p->edge.public_url = p->s.public_url;
    p->edge.live_url = p->s.live_url;
    if (p->s.public_url[0] && !origin_valid(p->s.public_url))
        snprintf(problem, CONFIG_PROBLEM_BYTES,
                 "public-url is an origin as browsers write it, scheme://host or scheme://host:port"
                 " in lower case, without a path and without the scheme's own port");
    else if (!page_policy_make(p->s.live_url, p->edge.page_policy))
        snprintf(problem, CONFIG_PROBLEM_BYTES, "live-url is an origin, / or nothing");
    else
        return true;
    return false;
}

static bool edge_start(edge_program *p, char problem[static CONFIG_PROBLEM_BYTES])
{
    p->edge.reply_ms = p->s.reply_ms;
    if (!origins_check(p, problem))
        return false;
    // Without it Host is believed, and browsers are not told to keep to HTTPS.
    if (!p->s.public_url[0] && !host_is_loopback(p->s.address))
        log_event(LOG_WARNING, "public_url.missed", LOG_S("address", p->s.address));
    return secrets_read(p, problem) && openapi_load(&p->edge, problem) && store_start(p, problem) &&
           nats_start(p, problem) && servers_start(p, problem);
}

// In the order in which nobody uses any more what comes next.
static void edge_stop(edge_program *p)
{
    edge *e = &p->edge;
    if (p->http)
        http_stop(&p->http, p->s.stop_ms);
    admin_stop(&p->admin);
    bus_nats_end(p->bus);
    if (p->deltas)
        live_nats_stop(p->deltas);
    live_free(e->live);
    live_nats_end(p->deltas);
    nats_link_finish();
    bus_nats_free(&p->bus);
    live_nats_free(&p->deltas);
    catalogue_free(e->catalogue);
    plan_shelf_free(e->plans);
    answer_cache_free(e->answers);
    key_ring_free(e->keys);
    shared_bytes_unref(e->openapi);
    read_close(e->pool);
    sodium_memzero(p->webhook_secret, sizeof p->webhook_secret);
}

static bool edge_run(edge_program *p, char problem[static CONFIG_PROBLEM_BYTES])
{
    char lines[64];
    int signal_number;
    snprintf(lines, sizeof lines, "port %d\nadmin_port %d\n", http_port(p->http),
             admin_port(p->admin));
    if (!service_ready(&p->s.service, lines, problem))
        return false;
    log_event(LOG_INFO, "edge.started", LOG_I("port", http_port(p->http)),
              LOG_I("admin_port", admin_port(p->admin)));
    service_watch(edge_alive, p);
    while ((signal_number = service_wait(-1)) == SIGHUP)
        ;
    log_event(LOG_INFO, "edge.stopping", LOG_I("signal", signal_number));
    p->stopping = true;
    service_stopping(&p->s.service);
    http_drain(p->http);
    if (p->s.drain_ms > 0)
        (void)service_wait(p->s.drain_ms);
    return true;
}

int main(int argc, char **argv)
{
    static edge_program p;
    static const config c = {"cavea-edge", "Serves HTTP to buyers and passes commands to actors.",
                             NULL, settings, sizeof settings / sizeof *settings};
    char problem[CONFIG_PROBLEM_BYTES] = "";
    int rest, status = config_read(&c, argc, argv, &p.s, &rest);
    if (status >= 0)
        return status;
    mallopt(M_ARENA_MAX, HEAPS);
    if (sodium_init() < 0 || !service_init("cavea-edge", &p.s.service, problem)) {
        fprintf(stderr, "cavea-edge: %s\n", problem);
        return 1;
    }
    bool done = edge_start(&p, problem) && edge_run(&p, problem);
    if (!done)
        fprintf(stderr, "cavea-edge: %s\n", problem);
    edge_stop(&p);
    if (done)
        log_event(LOG_INFO, "edge.stopped");
    return done ? 0 : 1;
}
