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

static bool host_read(const json_t *host, host_named *ret_host)
{
    const char *id = json_string_value(json_object_get(host, "id"));
    const char *name = json_string_value(json_object_get(host, "name"));
    if (!id || !name || !uuid_parse(id, strlen(id), &ret_host->id))
        return false;
    snprintf(ret_host->name, sizeof ret_host->name, "%s", name);
    return true;
}

// How many live hosts that take actors are called so, by id or by name, which need not be unique.
static size_t hosts_called(const json_t *hosts, const char *wanted, host_named *ret_host)
{
    const json_t *host;
    size_t i, count = 0;
    json_array_foreach(hosts, i, host)
    {
        host_named found;
        const char *id = json_string_value(json_object_get(host, "id"));
        if (json_is_true(json_object_get(host, "stopping")) ||
            !json_is_true(json_object_get(host, "alive")) || !host_read(host, &found))
            continue;
        if (strcmp(id, wanted) == 0) {
            *ret_host = found;
            return 1;
        }
        if (strcmp(found.name, wanted) == 0) {
            *ret_host = found;
            count++;
        }
    }
    return count;
}

static command_status target_find(command *c, const json_t *hosts, host_named *ret_host)
{
    const char *wanted = c->arguments[1];
    size_t count = hosts_called(hosts, wanted, ret_host);
    if (count == 1)
        return COMMAND_OK;
    if (count == 0)
        return command_fail(c, COMMAND_FAILED, "no live host is called %s", wanted);
    return command_fail(c, COMMAND_FAILED, "%zu live hosts are called %s: name one by its id",
                        count, wanted);
}

// Who has the event, as its report says; false: nobody.
static bool holder_read(const json_t *event, host_named *ret_host)
{
    const char *id = json_string_value(json_object_get(event, "holder_id"));
    const char *name = json_string_value(json_object_get(event, "holder"));
    if (!id || !uuid_parse(id, strlen(id), &ret_host->id))
        return false;
    snprintf(ret_host->name, sizeof ret_host->name, "%s", name ? name : id);
    return true;
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

typedef struct move {
    uuid event;
    host_named from, to;
    json_int_t epoch; // before
    int64_t started_us;
} move;

// What became of it, when it is not with whom it should be in time.
static command_status move_failed(command *c, const move *m, const json_t *now)
{
    host_named holder;
    const char *to = m->to.name;
    if (!holder_read(now, &holder))
        return command_fail(c, COMMAND_FAILED, "%s did not take it: nobody has it now", to);
    if (uuid_equal(&holder.id, &m->to.id))
        return command_fail(c, COMMAND_FAILED, "%s was given it, and has not opened it yet", to);
    if (!uuid_equal(&holder.id, &m->from.id))
        return command_fail(c, COMMAND_FAILED, "%s did not take it: %s has it now", to,
                            holder.name);
    return command_fail(c, COMMAND_FAILED, "%s did not take it: %s still has it", to, holder.name);
}

// The lease goes over in one epoch and is taken in the next.
static command_status move_wait(command *c, const move *m)
{
    for (;;) {
        command_status status;
        host_named holder;
        int64_t took_us = clock_monotonic_us() - m->started_us;
        json_t *now = command_report_read(c, REPORT_EVENT, &m->event, &status);
        if (!now)
            return status;
        bool moved = holder_read(now, &holder) && uuid_equal(&holder.id, &m->to.id) &&
                     epoch_of(now) >= m->epoch + 2;
        bool is_late = !moved && took_us > MOVE_DEADLINE_MS * INT64_C(1000);
        if (is_late)
            status = move_failed(c, m, now);
        json_decref(now);
        if (moved)
            return command_print(
                c, json_pack("{s:s, s:I}", "holder", m->to.name, "took_ms",
                             (json_int_t)(clock_monotonic_us() - m->started_us) / 1000));
        if (is_late)
            return status;
        nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
    }
}

static command_status actor_move(command *c)
{
    move m = {.started_us = clock_monotonic_us()};
    command_status status;
    if (!command_id(c, &m.event))
        return COMMAND_USAGE;
    json_t *before = command_report_read(c, REPORT_EVENT, &m.event, &status);
    json_t *hosts = before ? command_report_read(c, REPORT_HOSTS, NULL, &status) : NULL;
    actor_ref actor = actor_of_event(&(event_id){m.event});
    if (hosts) // without them the problem is printed already
        status = target_find(c, hosts, &m.to);
    bool found = hosts && status == COMMAND_OK;
    if (found && !holder_read(before, &m.from))
        status = command_fail(c, COMMAND_FAILED, "no live host has it: it sleeps, or is moving");
    else if (found && uuid_equal(&m.from.id, &m.to.id))
        status = command_fail(c, COMMAND_FAILED, "%s has it already", m.to.name);
    else if (found)
        status = move_ask(c, &actor, &m.from.id, &m.to.id);
    m.epoch = epoch_of(before);
    json_decref(before);
    json_decref(hosts);
    return found && status == COMMAND_OK ? move_wait(c, &m) : status;
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
