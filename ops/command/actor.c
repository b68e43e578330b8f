// Who decides for an event, and giving it to another host while it is on sale.
#include "ops/command/bus.h"
#include "ops/command/nouns.h"
#include "ops/host/clock.h"
#include "schemas/cavea.pb-c.h"
#include "schemas/subject.h"

#include <stdio.h>
#include <time.h>

enum { MOVE_DEADLINE_MS = 10000, LOOK_MS = 10, ANSWER_MS = 1000 };

typedef struct host_named {
    uuid id;
    char name[64];
} host_named;

// By id or by name; the live one, should several have had the name.
static bool host_find(const json_t *hosts, const char *wanted, host_named *ret_host)
{
    const json_t *host;
    size_t i;
    json_array_foreach(hosts, i, host)
    {
        const char *id = json_string_value(json_object_get(host, "id"));
        const char *name = json_string_value(json_object_get(host, "name"));
        if (!json_is_true(json_object_get(host, "alive")) || !id || !name ||
            (strcmp(id, wanted) != 0 && strcmp(name, wanted) != 0) ||
            !uuid_parse(id, strlen(id), &ret_host->id))
            continue;
        snprintf(ret_host->name, sizeof ret_host->name, "%s", name);
        return true;
    }
    return false;
}

// Asks the holder; it answers as soon as it has taken note.
static command_status move_ask(command *c, const actor_ref *actor, const uuid *from, const uuid *to)
{
    uint8_t bytes[64];
    uuid moved = actor->id.u, target = *to;
    command_status status;
    natsMsg *answer = NULL;
    Cavea__V1__Wake wake = CAVEA__V1__WAKE__INIT;
    wake.kind = (uint32_t)actor->kind;
    wake.actor = (ProtobufCBinaryData){sizeof moved.bytes, moved.bytes};
    wake.move_to = (ProtobufCBinaryData){sizeof target.bytes, target.bytes};
    int count = (int)cavea__v1__wake__pack(&wake, bytes);
    natsConnection *bus = command_bus(c, &status);
    if (!bus)
        return status;
    natsStatus s =
        natsConnection_Request(&answer, bus, subject_host(from).text, bytes, count, ANSWER_MS);
    natsMsg_Destroy(answer);
    natsConnection_Destroy(bus);
    return s == NATS_OK ? COMMAND_OK
                        : command_fail(c, COMMAND_UNREACHABLE, "its host does not answer: %s",
                                       natsStatus_GetText(s));
}

static json_int_t epoch_of(const json_t *event)
{
    return json_integer_value(json_object_get(event, "epoch"));
}

// The lease goes over in one epoch and is taken in the next.
static command_status move_wait(command *c, const uuid *event, const host_named *to,
                                json_int_t epoch, int64_t started_us)
{
    command_status status;
    while (clock_monotonic_us() < started_us + MOVE_DEADLINE_MS * INT64_C(1000)) {
        json_t *now = command_report_read(c, REPORT_EVENT, event, &status);
        const char *holder = json_string_value(json_object_get(now, "holder"));
        bool moved = holder && strcmp(holder, to->name) == 0 && epoch_of(now) >= epoch + 2;
        json_decref(now);
        if (!now)
            return status;
        if (moved)
            return command_print(c, json_pack("{s:s, s:I}", "holder", to->name, "took_ms",
                                              (clock_monotonic_us() - started_us) / 1000));
        nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
    }
    return command_fail(c, COMMAND_FAILED, "%s did not take it: it stays where it was", to->name);
}

static command_status actor_move(command *c)
{
    uuid event;
    host_named from, to;
    command_status status;
    if (!command_id(c, &event))
        return COMMAND_USAGE;
    int64_t started_us = clock_monotonic_us();
    json_t *before = command_report_read(c, REPORT_EVENT, &event, &status);
    json_t *hosts = before ? command_report_read(c, REPORT_HOSTS, NULL, &status) : NULL;
    const char *holder = json_string_value(json_object_get(before, "holder"));
    actor_ref actor = actor_of_event(&(event_id){event});
    json_int_t epoch = epoch_of(before);
    // Without hosts the problem is printed already.
    if (hosts && !host_find(hosts, c->arguments[1], &to))
        status = command_fail(c, COMMAND_FAILED, "no live host is called %s", c->arguments[1]);
    else if (hosts && (!holder || !host_find(hosts, holder, &from)))
        status = command_fail(c, COMMAND_FAILED, "no live host has it: it sleeps, or is moving");
    else if (hosts && uuid_equal(&from.id, &to.id))
        status = command_fail(c, COMMAND_FAILED, "%s has it already", to.name);
    else if (hosts)
        status = move_ask(c, &actor, &from.id, &to.id);
    bool asked = hosts && status == COMMAND_OK;
    json_decref(before);
    json_decref(hosts);
    return asked ? move_wait(c, &event, &to, epoch, started_us) : status;
}

const verb actor_verbs[] = {
    {"move",
     "EVENT HOST",
     "Gives an event to another host, also in the middle of its sale.",
     2,
     2,
     {{0}},
     actor_move},
    {0},
};
