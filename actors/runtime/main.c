// cavea-actors: a host of actors. Reads its settings, opens its connections, ticks until it is told
// to stop, hands its actors over.
#include "actors/runtime/activate.h"
#include "actors/runtime/discovery.h"
#include "actors/runtime/money_watch.h"
#include "actors/runtime/perform_list.h"
#include "actors/runtime/plan_cache.h"
#include "actors/runtime/report.h"
#include "actors/runtime/upkeep.h"
#include "ops/host/admin.h"
#include "ops/host/clock.h"
#include "ops/host/nats_login.h"
#include "ops/host/random.h"
#include "ops/host/secret_file.h"
#include "ops/host/service.h"
#include "schemas/bug.h"
#include "store/migrate.h"
#include "store/seal.h"
#include "store/store_pg.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { UPKEEP_MS = 100, START_PAUSE_MS = 200, PROVIDER_KEY_BYTES = 256 };

typedef struct settings {
    service_settings service;
    perform_settings perform;
    nats_login nats;
    const char *postgres_url, *kinds, *name, *provider_key_file;
    int64_t start_ms, stop_ms, host_ttl_ms, idle_ms, resend_ms, facts_gather_ms, live_gather_ms,
        reconcile_ms, heartbeat_ms, money_ms;
    int64_t stream_bytes, stream_replicas, hold_seconds, extension_ms, haste;
#ifdef CAVEA_BUGS
    const char *bug;
#endif
} settings;

static const setting table[] = {
    CONFIG_TEXT(settings, postgres_url, "postgres-url", NULL, 1, 2000,
                "the database's connection string"),
    NATS_LOGIN_SETTINGS(settings, nats, NULL, 1),
    CONFIG_TEXT(settings, kinds, "kinds", "event,payment,ticket,expiry", 1, 200,
                "kinds of actors that this host takes"),
    CONFIG_TEXT(settings, name, "host-name", "", 0, 63, "the host's name for people"),
    CONFIG_PATH(settings, provider_key_file, "provider-key-file", NULL,
                "file with the payment provider's secret key"),
    CONFIG_MS(settings, start_ms, "start-ms", "30s", 0, 600000,
              "how long the start waits for the database and NATS"),
    CONFIG_MS(settings, stop_ms, "stop-ms", "15s", 100, 600000,
              "how long the stop tries to hand its actors over in order"),
    CONFIG_MS(settings, host_ttl_ms, "host-ttl", "3s", HOST_TTL_MS_MIN, HOST_TTL_MS_MAX,
              "a host that is silent for longer may lose its actors"),
    CONFIG_MS(settings, idle_ms, "idle", "5m", 100, 86400000,
              "an event without a message for so long goes to sleep"),
    CONFIG_MS(settings, resend_ms, "publish-resend", "500ms", 50, 60000,
              "a fact that the stream did not acknowledge is published again, later and later"),
    CONFIG_MS(settings, facts_gather_ms, "facts-gather", "200ms", 0, 1000,
              "facts of an actor are published so often at most"),
    CONFIG_MS(settings, live_gather_ms, "live-gather", "50ms", 0, 1000,
              "changed seats of an event are sent to edges so often at most"),
    CONFIG_MS(settings, reconcile_ms, "reconcile", "5s", 50, 600000,
              "how often the database is searched for stuck work"),
    CONFIG_MS(settings, money_ms, "money-watch", "60s", 50, 3600000,
              "how often one host looks whether captured money is sold, kept or refunded"),
    CONFIG_MS(settings, heartbeat_ms, "consumer-heartbeat", "2s", 100, 60000,
              "heartbeat of stream consumers; three missed ones start a consumer again"),
    CONFIG_INT(settings, stream_bytes, "stream-bytes", "268435456", 1048576, INT64_C(1) << 42,
               "most bytes a stream keeps"),
    CONFIG_INT(settings, stream_replicas, "stream-replicas", "1", 1, 5, "copies of each stream"),
    CONFIG_INT(settings, hold_seconds, "hold-seconds", "0", 0, HOLD_SECONDS_MAX,
               "holds of all events last so long; 0: as each event says"),
    CONFIG_MS(settings, extension_ms, "payment-extension", "5m", 0,
              EXTENDED_HOLD_SECONDS_MAX * 1000,
              "who begins to pay keeps the seats for so long from then on, once"),
    CONFIG_INT(settings, haste, "payment-haste", "1", 1, PAYMENT_HASTE_MAX,
               "for drills: the provider is asked about silent payments so many times earlier"),
#ifdef CAVEA_BUGS
    CONFIG_TEXT(settings, bug, "bug", "", 0, 32, "a known bug to switch on, for tests"),
#endif
    PERFORM_SETTINGS(settings, perform),
    SERVICE_SETTINGS(settings, service),
};

typedef struct host {
    settings s;
    char provider_key[PROVIDER_KEY_BYTES];
    host_identity identity;
    store_pg *writer, *loader, *keeper, *lister; // of the tick, the activator, the upkeep, the list
    nats_bus bus;
    roster roster;
    seal_ring seals;
    plan_cache *plans;
    performer *performer;
    runtime *runtime;
    activator *activator;
    upkeep *upkeep;
    money_watch *money;
    perform_list *list;
    admin *admin;
    discovery discovery;
    pthread_t tick_thread;
    _Atomic int64_t ticked_us;
    _Atomic bool stopping;
    int64_t start_until_us;
    bool waited;
} host;

static bool kinds_parse(const char *text, uint32_t *ret_kinds)
{
    uint32_t kinds = 0;
    while (*text != 0) {
        size_t bytes = strcspn(text, ",");
        actor_kind kind;
        if (!actor_kind_parse(text, bytes, &kind))
            return false;
        kinds |= 1u << kind;
        text += bytes + (text[bytes] == ',');
    }
    *ret_kinds = kinds;
    return kinds != 0;
}

static bool fail(char *ret_problem, const char *what, const char *why)
{
    snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "%.60s: %.400s", what, why);
    return false;
}

static int64_t monotonic(void *self)
{
    (void)self;
    return clock_monotonic_us();
}

static void woken(void *self, const actor_ref *actor, enum wake_what what)
{
    host *h = self;
    if (h->activator != NULL && !atomic_load(&h->stopping))
        activator_wake(h->activator, actor, what);
}

// Whoever was given an actor is asked whether it knows.
static void reported(void *self, const runtime_report *report)
{
    report_runtime(NULL, report);
    if (report->type == REPORT_MOVED)
        woken(self, &report->actor, WAKE_GIVEN);
}

static void outcome_deliver(void *self, const actor_ref *to, const uint8_t *envelope,
                            uint32_t envelope_bytes)
{
    host *h = self;
    uint8_t *copy = malloc(envelope_bytes);
    if (copy == NULL)
        return; // the reconciler asks for the effect again
    memcpy(copy, envelope, envelope_bytes);
    inbound m = {.to = *to,
                 .local = true,
                 .data = copy,
                 .data_bytes = envelope_bytes,
                 .owner = copy,
                 .release = free};
    if (!runtime_deliver(h->runtime, &m))
        free(copy);
}

// An outcome for an actor that another host holds goes to its inbox.
static void outcome_send(void *self, const actor_ref *to, const uint8_t *envelope,
                         uint32_t envelope_bytes)
{
    host *h = self;
    if (nats_bus_holds(&h->bus, &to->id))
        return outcome_deliver(self, to, envelope, envelope_bytes);
    uint32_t bytes_max = envelope_bytes + SEAL_WIRE_BYTES;
    wire sealed = {.bytes = malloc(bytes_max), .max = bytes_max};
    // What does not leave is found by the next comparison, or the reconciler.
    if (sealed.bytes == NULL)
        return;
    wire_raw(&sealed, envelope, envelope_bytes);
    seal_write(&h->seals, to, &sealed);
    // By both ways, once: the stream may bring it late.
    for (subject_room room = SUBJECT_IN; room <= SUBJECT_DIRECT; room++)
        (void)natsConnection_Publish(h->bus.connection, subject_of(room, to).text, sealed.bytes,
                                     (int)sealed.count);
    free(sealed.bytes);
}

// Whether the start may try again what the database or NATS did not let it do.
static bool start_again(host *h, const char *waits_for)
{
    if (clock_monotonic_us() >= h->start_until_us)
        return false;
    if (!h->waited)
        log_event(LOG_WARNING, "host.waiting", LOG_S("for", waits_for));
    h->waited = true;
    return service_wait(START_PAUSE_MS) == 0; // 0: nobody wants us to stop
}

static bool store_open(host *h, bool is_writer, store_pg **ret_store, char *ret_problem)
{
    store_pg_options options = {
        .url = h->s.postgres_url, .host = h->identity, .is_writer = is_writer};
    store_result result = store_pg_open(&options, ret_store);
    while (result != STORE_OK && *ret_store != NULL && start_again(h, "database")) {
        store_port port = store_pg_port(*ret_store);
        int64_t now_us;
        result = port.now(port.self, &now_us);
    }
    if (result == STORE_OK)
        return true;
    return fail(ret_problem, "cannot use the database",
                *ret_store == NULL ? "out of memory" : store_pg_error(*ret_store));
}

// Waits for the database, refuses one whose schema is not ours, and takes its keys.
static bool schema_check(host *h, char *ret_problem)
{
    char error[CONFIG_PROBLEM_BYTES];
    connection_options options = {.url = h->s.postgres_url, .application_name = "cavea-actors"};
    connection *c;
    while ((c = connection_open(&options, error, sizeof error)) == NULL)
        if (!start_again(h, "database"))
            return fail(ret_problem, "cannot connect to the database", error);
    bool right = schema_version_check(c, ret_problem) && seal_keys_read(c, &h->seals, ret_problem);
    connection_close(c);
    return right;
}

static bool identity_make(host *h, char *ret_problem)
{
    h->identity = (host_identity){.id = random_uuid(), .ttl_ms = (int32_t)h->s.host_ttl_ms};
    snprintf(h->identity.name, sizeof h->identity.name, "%s", h->s.name);
    if (h->s.name[0] == 0)
        snprintf(h->identity.name, sizeof h->identity.name, "pid %d", (int)getpid());
    if (!kinds_parse(h->s.kinds, &h->identity.kinds))
        return fail(ret_problem, "--kinds", "unknown kind of actor");
    return secret_file_read_text(h->s.provider_key_file, sizeof h->provider_key, h->provider_key,
                                 ret_problem);
}

static bool parts_open(host *h, char *ret_problem)
{
    if (!store_open(h, true, &h->writer, ret_problem) ||
        !store_open(h, false, &h->loader, ret_problem) ||
        !store_open(h, false, &h->keeper, ret_problem) ||
        !store_open(h, false, &h->lister, ret_problem))
        return false;
    nats_bus_config bus = {
        .login = &h->s.nats,
        .host = h->identity.id,
        .kinds = h->identity.kinds,
        .heartbeat_ms = h->s.heartbeat_ms,
        .stream_bytes_max = h->s.stream_bytes,
        .stream_replicas = h->s.stream_replicas,
        .woken = woken,
        .woken_self = h,
    };
    while (!nats_bus_open(&h->bus, &bus))
        if (!start_again(h, "NATS"))
            return fail(ret_problem, "NATS", h->bus.problem);
    h->s.perform.provider_key = h->provider_key;
    h->s.perform.sink = (perform_sink){h, outcome_send};
    h->performer = performer_new(&h->s.perform, ret_problem);
    h->plans = plan_cache_new();
    if (h->performer == NULL || h->plans == NULL)
        return false;
    runtime_config runtime_parts = {
        .host = h->identity.id,
        .idle_ms = h->s.idle_ms,
        .resend_ms = h->s.resend_ms,
        .facts_gather_ms = h->s.facts_gather_ms,
        .live_gather_ms = h->s.live_gather_ms,
        .store = store_pg_port(h->writer),
        .bus = nats_bus_port(&h->bus),
        .clock = {NULL, monotonic},
        .perform = performer_port(h->performer),
        .plans = h->plans,
        .seals = &h->seals,
        .hold_us = h->s.hold_seconds * 1000000,
        .payment_extension_us = h->s.extension_ms * 1000,
        .payment_haste = (uint32_t)h->s.haste,
        .report = reported,
        .report_self = h,
    };
    h->runtime = runtime_new(&runtime_parts);
    return h->runtime != NULL || fail(ret_problem, "runtime", "out of memory");
}

static void *tick_loop(void *closure)
{
    host *h = closure;
    int64_t kept_us = 0;
    while (!atomic_load(&h->stopping)) {
        runtime_wait(h->runtime, UPKEEP_MS);
        runtime_step(h->runtime);
        int64_t now_us = clock_monotonic_us();
        atomic_store(&h->ticked_us, now_us);
        if (kept_us + UPKEEP_MS * 1000 > now_us)
            continue;
        kept_us = now_us;
        runtime_upkeep(h->runtime);
        report_gauges(h->runtime);
    }
    return NULL;
}

static bool is_ready(void *self, char ret_reason[static ADMIN_REASON_BYTES])
{
    host *h = self;
    if (nats_bus_connected(&h->bus))
        return true;
    snprintf(ret_reason, ADMIN_REASON_BYTES, "NATS is not connected");
    return false;
}

// The first partition of payments is held by one host at a time.
static bool watches_money(void *self)
{
    host *h = self;
    actor_ref first = actor_of_partition(ACTOR_PAYMENT, 0);
    return nats_bus_holds(&h->bus, &first.id);
}

static bool is_alive(void *self)
{
    host *h = self;
    return atomic_load(&h->ticked_us) + TICK_HANG_MS * INT64_C(1000) > clock_monotonic_us();
}

static uint64_t ticks_count(void *self)
{
    (void)self;
    return metric_sum(METRIC_TICKS);
}

static bool services_start(host *h, char *ret_problem)
{
    admin_options options = {.address = h->s.service.admin_address,
                             .port = h->s.service.admin_port,
                             .program = METRIC_PROGRAM_ACTORS,
                             .self = h,
                             .ready = is_ready};
    h->discovery = (discovery){.connection = h->bus.connection,
                               .name = "cavea-actors",
                               .description = "decides on seats, payments, tickets and deadlines",
                               .id = h->identity.id,
                               .requests = ticks_count};
    clock_format(clock_wall_us(), h->discovery.started);
    if (!discovery_start(&h->discovery))
        return fail(ret_problem, "NATS", "cannot subscribe to service discovery");
    return admin_start(&options, &h->admin, ret_problem);
}

static bool threads_start(host *h, char *ret_problem)
{
    roster_init(&h->roster);
    activator_config activation = {
        .host = h->identity.id,
        .kinds = h->identity.kinds,
        .store = store_pg_port(h->loader),
        .plans = h->plans,
        .hold_us = h->s.hold_seconds * 1000000,
        .payment_extension_us = h->s.extension_ms * 1000,
        .payment_haste = (uint32_t)h->s.haste,
        .bus = &h->bus,
        .roster = &h->roster,
        .runtime = h->runtime,
    };
    h->activator = activator_start(&activation);
    atomic_store(&h->ticked_us, clock_monotonic_us());
    upkeep_config keeping = {
        .postgres_url = h->s.postgres_url,
        .host = h->identity,
        .store = store_pg_port(h->keeper),
        .reconcile_ms = h->s.reconcile_ms,
        .runtime = h->runtime,
        .activator = h->activator,
        .bus = &h->bus,
        .roster = &h->roster,
        .ticked_us = &h->ticked_us,
    };
    if (h->activator == NULL || !nats_bus_start(&h->bus, h->runtime))
        return fail(ret_problem, "NATS", h->bus.problem);
    if (pthread_create(&h->tick_thread, NULL, tick_loop, h) != 0)
        return fail(ret_problem, "threads", "cannot be started");
    h->upkeep = upkeep_start(&keeping);
    money_watch_config money = {.postgres_url = h->s.postgres_url,
                                .every_ms = h->s.money_ms,
                                .is_ours = watches_money,
                                .self = h};
    h->money = money_watch_start(&money);
    perform_list_config listing = {.performer = h->performer,
                                   .store = store_pg_port(h->lister),
                                   .every_ms = h->s.perform.list_ms,
                                   .self = h,
                                   .is_ours = watches_money,
                                   .tell = outcome_send};
    h->list = perform_list_start(&listing);
    return (h->upkeep != NULL && h->money != NULL && h->list != NULL) ||
           fail(ret_problem, "upkeep", "cannot be started");
}

static void stop(host *h)
{
    int64_t began_us = clock_monotonic_us();
    service_stopping(&h->s.service);
    service_end_within(h->s.stop_ms);
    log_event(LOG_INFO, "host.stopping", LOG_U("host", &h->identity.id));
    host_link *link = host_link_open(h->s.postgres_url, &h->identity);
    if (link == NULL || host_stop(link) != STORE_OK)
        log_event(LOG_WARNING, "host.stop_failed");
    host_link_close(link);
    upkeep_retire(h->upkeep);
    nats_bus_retire(&h->bus);
    activator_stop(h->activator);
    atomic_store(&h->stopping, true);
    pthread_join(h->tick_thread, NULL);
    performer_stop(h->performer);
    runtime_hand_over(h->runtime);
    upkeep_stop(h->upkeep);
    money_watch_stop(h->money);
    perform_list_stop(h->list);
    discovery_stop(&h->discovery);
    admin_stop(&h->admin);
    nats_bus_close(&h->bus);
    activator_free(h->activator); // the upkeep and the bus could wake until here
    runtime_free(h->runtime);
    nats_bus_done();
    performer_free(h->performer);
    plan_cache_free(h->plans);
    store_pg_close(h->writer);
    store_pg_close(h->loader);
    store_pg_close(h->keeper);
    store_pg_close(h->lister);
    roster_done(&h->roster);
    log_event(LOG_INFO, "host.stopped", LOG_U("host", &h->identity.id),
              LOG_I("micros", clock_monotonic_us() - began_us));
}

static bool start(host *h, char *ret_problem)
{
    char lines[128];
    h->start_until_us = clock_monotonic_us() + h->s.start_ms * 1000;
#ifdef CAVEA_BUGS
    if (h->s.bug[0] != 0 && !bug_switch_on(h->s.bug))
        return fail(ret_problem, "--bug", "there is no such bug");
#endif
    if (!identity_make(h, ret_problem) || !schema_check(h, ret_problem) ||
        !parts_open(h, ret_problem) || !threads_start(h, ret_problem) ||
        !services_start(h, ret_problem))
        return false;
    log_event(LOG_INFO, "host.started", LOG_U("host", &h->identity.id), LOG_S("kinds", h->s.kinds));
    snprintf(lines, sizeof lines, "admin_port %d\n", admin_port(h->admin));
    return service_ready(&h->s.service, lines, ret_problem);
}

int main(int argc, char **argv)
{
    static host h;
    static const config c = {"cavea-actors", "Hosts cavea's actors.", NULL, table,
                             sizeof table / sizeof *table};
    char problem[CONFIG_PROBLEM_BYTES] = "out of memory";
    int status = config_read(&c, argc, argv, &h.s, NULL);
    if (status >= 0)
        return status;
    if (sodium_init() < 0 || !service_init("cavea-actors", &h.s.service, problem) ||
        !start(&h, problem)) {
        fprintf(stderr, "cavea-actors: %s\n", problem);
        return 1;
    }
    int signal;
    service_watch(is_alive, &h);
    do
        signal = service_wait(-1);
    while (signal != SIGTERM && signal != SIGINT);
    stop(&h);
    return 0;
}
