#include "ops/command/bus.h"
#include "ops/command/nouns.h"
#include "ops/host/clock.h"
#include "schemas/subject.h"

#include <inttypes.h>
#include <stdio.h>

enum { TEXT_BYTES = 256, POSTGRES_MIN = 150000, CLOCK_APART_MAX_MS = 2000 };

typedef struct examination {
    command *c;
    json_t *checks;
    bool well;
} examination;

// One check: what was found, and what to do when it is not well.
static void found(examination *e, const char *what, bool well, const char *text, const char *advice)
{
    json_array_append_new(e->checks, json_pack("{s:s, s:s, s:s, s:s}", "check", what, "result",
                                               well ? "ok" : "NOT OK", "found", text, "to_do",
                                               well ? "" : advice));
    e->well = e->well && well;
}

static json_int_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void examine_server(examination *e, const json_t *server)
{
    char text[TEXT_BYTES];
    const json_t *settings = json_object_get(server, "settings");
    const char *fsync = json_string_value(json_object_get(settings, "fsync"));
    const char *commit = json_string_value(json_object_get(settings, "synchronous_commit"));
    snprintf(text, sizeof text, "PostgreSQL %s",
             json_string_value(json_object_get(server, "version")));
    found(e, "version", number_of(server, "version_number") >= POSTGRES_MIN, text,
          "install PostgreSQL 15 or later");
    bool recovery = json_is_true(json_object_get(server, "recovery"));
    found(e, "writable", !recovery, recovery ? "a standby" : "a primary",
          "point CAVEA_POSTGRES_URL at the primary");
    bool durable = fsync && strcmp(fsync, "on") == 0 && commit && strcmp(commit, "off") != 0;
    snprintf(text, sizeof text, "fsync %s, synchronous_commit %s", fsync, commit);
    found(e, "durability", durable, text,
          "set fsync = on and synchronous_commit = on: a COMMIT is cavea's only promise");
    bool kept = !json_is_true(json_object_get(server, "edges_can_seal"));
    found(e, "keys of seals", kept, kept ? "kept from edges" : "edges can read them",
          "REVOKE ALL ON seal_key FROM cavea_edge, then change the key");
    int64_t apart_ms = (clock_wall_us() - number_of(server, "now_us")) / 1000;
    snprintf(text, sizeof text, "%" PRId64 " ms apart", apart_ms);
    found(e, "clocks", apart_ms < CLOCK_APART_MAX_MS && apart_ms > -CLOCK_APART_MAX_MS, text,
          "synchronize this machine and the database's with NTP");
}

static void examine_hosts(examination *e, json_t *hosts)
{
    char text[TEXT_BYTES];
    json_t *host;
    size_t i, alive = 0;
    json_int_t actors = 0;
    json_array_foreach(hosts, i, host)
    {
        alive += json_is_true(json_object_get(host, "alive"));
        actors += number_of(host, "actors");
    }
    snprintf(text, sizeof text, "%zu alive, %" PRId64 " actors held", alive, (int64_t)actors);
    found(e, "actor hosts", alive > 0, text, "start cavea-actors");
}

static void examine_database(examination *e)
{
    command_status status;
    if (!command_database(e->c, &status)) {
        found(e, "database", false, "see above", "start PostgreSQL, migrate, check the URL");
        return;
    }
    found(e, "database", true, "reachable, schema as needed", "");
    json_t *server = command_report_read(e->c, REPORT_SERVER, NULL, &status);
    json_t *hosts = command_report_read(e->c, REPORT_HOSTS, NULL, &status);
    if (server)
        examine_server(e, server);
    if (hosts)
        examine_hosts(e, hosts);
    json_decref(server);
    json_decref(hosts);
}

static void examine_stream(examination *e, jsCtx *js, const char *name)
{
    char text[TEXT_BYTES], what[TEXT_BYTES];
    jsStreamInfo *info = NULL;
    natsStatus s = js_GetStreamInfo(&info, js, name, NULL, NULL);
    snprintf(what, sizeof what, "stream %s", name);
    if (s == NATS_OK)
        snprintf(text, sizeof text, "%" PRIu64 " messages, %" PRIu64 " bytes", info->State.Msgs,
                 info->State.Bytes);
    else
        snprintf(text, sizeof text, "%s", natsStatus_GetText(s));
    found(e, what, s == NATS_OK, text, "start cavea-actors, which makes it");
    jsStreamInfo_Destroy(info);
}

static void examine_bus(examination *e)
{
    command_status status;
    jsCtx *js = NULL;
    jsOptions options;
    int64_t trip_ns = 0;
    char text[TEXT_BYTES];
    natsConnection *bus = command_bus(e->c, &status);
    if (!bus) {
        found(e, "message server", false, "see above", "start nats-server, check the URL");
        return;
    }
    natsStatus s = natsConnection_GetRTT(bus, &trip_ns);
    snprintf(text, sizeof text, "answers in %.1f ms", (double)trip_ns / 1e6);
    found(e, "message server", s == NATS_OK, s == NATS_OK ? text : natsStatus_GetText(s),
          "look at nats-server's log");
    s = jsOptions_Init(&options);
    options.Wait = 2000;
    if (s == NATS_OK)
        s = natsConnection_JetStream(&js, bus, &options);
    if (s == NATS_OK) {
        examine_stream(e, js, SUBJECT_STREAM_IN);
        examine_stream(e, js, SUBJECT_STREAM_FACT);
    } else {
        found(e, "JetStream", false, natsStatus_GetText(s), "switch JetStream on in nats-server");
    }
    jsCtx_Destroy(js);
    natsConnection_Destroy(bus);
}

static command_status doctor(command *c)
{
    examination e = {.c = c, .checks = json_array(), .well = true};
    // With --json one document is printed, so the checks must not print their own.
    bool json = c->json;
    c->json = false;
    examine_database(&e);
    examine_bus(&e);
    c->json = json;
    if (json)
        (void)command_print(c, json_pack("{s:b, s:o}", "well", e.well, "checks", e.checks));
    else
        (void)command_print(c, e.checks);
    return e.well ? COMMAND_OK : COMMAND_FAILED;
}

const verb doctor_verbs[] = {
    {"",
     NULL,
     "Checks the database, the message server, the streams and the actor hosts.",
     0,
     0,
     {{0}},
     doctor},
    {0},
};
