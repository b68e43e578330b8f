// cavea-live: tells browsers which seats change. Puts the parts together, starts and stops them in
// order.
#include "edge/gateway/source.h"

#include "ops/host/admin.h"
#include "ops/host/service.h"
#include "schemas/origin.h"

#include <signal.h>
#include <stdio.h>

typedef struct live_settings {
    service_settings service;
    nats_login nats;
    const char *address, *public_url;
    int64_t port, listeners_max, address_max;
    bool forwarded;
} live_settings;

static const setting settings[] = {
    CONFIG_TEXT(live_settings, address, "address", "127.0.0.1", 1, 45,
                "address that HTTP listens on"),
    CONFIG_INT(live_settings, port, "port", "8090", 0, 65535, "port, 0: any free one"),
    NATS_LOGIN_SETTINGS(live_settings, nats, "nats://127.0.0.1:4222", 1),
    CONFIG_INT(live_settings, listeners_max, "listeners-max", "16384", 1, 1000000,
               "streams at a time, as far as open files allow; beyond, 503"),
    CONFIG_INT(live_settings, address_max, "address-max", "256", 1, 1000000,
               "streams of one network address at a time; beyond, 429"),
    CONFIG_BOOL(live_settings, forwarded, "forwarded", "no",
                "X-Forwarded-For says who asks: only behind a proxy of ours that writes it"),
    CONFIG_TEXT(live_settings, public_url, "public-url", "", 0, 200,
                "the origin of the pages, as in https://tickets.example; empty: pages of this "
                "machine and of the host that Host says"),
    SERVICE_SETTINGS(live_settings, service),
};

typedef struct live_program {
    live_settings s;
    gateway *gateway;
    source *source;
    source_told told;
    admin *admin;
    _Atomic bool stopping;
} live_program;

static void on_lost(void *self)
{
    if (!((live_program *)self)->stopping)
        log_event(LOG_WARNING, "nats.lost", LOG_S("link", "deltas"));
}

static void on_found(void *self)
{
    (void)self;
    log_event(LOG_INFO, "nats.connected", LOG_S("link", "deltas"));
}

static void on_failed(void *self, const char *what)
{
    (void)self;
    log_event(LOG_WARNING, "nats.failed", LOG_S("what", what));
}

static bool live_ready(void *self, char ret_reason[static ADMIN_REASON_BYTES])
{
    live_program *p = self;
    const char *reason = NULL;
    if (p->stopping)
        reason = "stopping";
    else if (!gateway_ready(p->gateway))
        reason = "nats: not connected";
    if (reason)
        snprintf(ret_reason, ADMIN_REASON_BYTES, "%s", reason);
    return !reason;
}

static bool live_start(live_program *p, char problem[static CONFIG_PROBLEM_BYTES])
{
    if (p->s.public_url[0] && !origin_valid(p->s.public_url)) {
        snprintf(problem, CONFIG_PROBLEM_BYTES,
                 "public-url is an origin as browsers write it, as in https://tickets.example");
        return false;
    }
    gateway_options door = {.address = p->s.address,
                            .port = p->s.port,
                            .listeners_max = p->s.listeners_max,
                            .address_max = p->s.address_max,
                            .forwarded = p->s.forwarded,
                            .public_url = p->s.public_url};
    if (!gateway_start(&door, &p->gateway, problem))
        return false;
    admin_options admin_port = {.address = p->s.service.admin_address,
                                .port = p->s.service.admin_port,
                                .program = METRIC_PROGRAM_LIVE,
                                .self = p,
                                .ready = live_ready};
    p->told = (source_told){p, on_lost, on_found, on_failed};
    return source_open(&p->s.nats, p->gateway, &p->told, &p->source, problem) &&
           admin_start(&admin_port, &p->admin, problem);
}

static bool live_run(live_program *p, char problem[static CONFIG_PROBLEM_BYTES])
{
    char lines[64];
    int signal_number;
    snprintf(lines, sizeof lines, "port %d\nadmin_port %d\n", gateway_port(p->gateway),
             admin_port(p->admin));
    if (!service_ready(&p->s.service, lines, problem))
        return false;
    log_event(LOG_INFO, "live.started", LOG_I("port", gateway_port(p->gateway)),
              LOG_I("admin_port", admin_port(p->admin)),
              LOG_I("listeners_max", gateway_listeners_max(p->gateway)));
    while ((signal_number = service_wait(-1)) == SIGHUP)
        ;
    log_event(LOG_INFO, "live.stopping", LOG_I("signal", signal_number));
    p->stopping = true;
    service_stopping(&p->s.service);
    return true;
}

int main(int argc, char **argv)
{
    static live_program p;
    static const config c = {"cavea-live", "Tells browsers which seats change, as it happens.",
                             NULL, settings, sizeof settings / sizeof *settings};
    char problem[CONFIG_PROBLEM_BYTES] = "";
    int rest, status = config_read(&c, argc, argv, &p.s, &rest);
    if (status >= 0)
        return status;
    if (!service_init("cavea-live", &p.s.service, problem)) {
        fprintf(stderr, "cavea-live: %s\n", problem);
        return 1;
    }
    bool done = live_start(&p, problem) && live_run(&p, problem);
    if (!done)
        fprintf(stderr, "cavea-live: %s\n", problem);
    admin_stop(&p.admin);
    source_close(&p.source);
    gateway_stop(&p.gateway);
    if (done)
        log_event(LOG_INFO, "live.stopped");
    return done ? 0 : 1;
}
