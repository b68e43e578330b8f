#include "edge/gateway/source.h"

#include "ops/host/nats_link.h"
#include "schemas/subject.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    PENDING_MESSAGES_MAX = 65536,
    PENDING_BYTES_MAX = 64 * 1024 * 1024,
};

struct source {
    nats_told told;
    const source_told *outer;
    gateway *gateway;
    natsConnection *connection;
    natsSubscription *subscription;
};

static void on_delta(natsConnection *c, natsSubscription *subscription, natsMsg *message,
                     void *self)
{
    source *s = self;
    subject_room room;
    actor_ref actor;
    const char *text = natsMsg_GetSubject(message);
    (void)c;
    (void)subscription;
    if (subject_parse(text, strlen(text), &room, &actor) && room == SUBJECT_LIVE &&
        actor.kind == ACTOR_EVENT) {
        event_id event = actor_event(&actor.id);
        gateway_deliver(s->gateway, &event, natsMsg_GetData(message),
                        (size_t)natsMsg_GetDataLength(message));
    }
    nats_discard(message);
}

static void on_lost(void *self)
{
    source *s = self;
    gateway_hearing(s->gateway, false);
    if (s->outer->lost)
        s->outer->lost(s->outer->self);
}

static void on_found(void *self)
{
    source *s = self;
    gateway_hearing(s->gateway, true);
    if (s->outer->found)
        s->outer->found(s->outer->self);
}

static void on_failed(void *self, const char *what)
{
    source *s = self;
    if (s->outer->failed)
        s->outer->failed(s->outer->self, what);
}

static natsStatus source_connect(source *s, const nats_login *login,
                                 char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    natsOptions *options = NULL;
    natsStatus status = nats_link_options(login, "cavea-live", &s->told, &options, ret_problem);
    if (status == NATS_OK)
        status = natsConnection_Connect(&s->connection, options);
    natsOptions_Destroy(options);
    return status;
}

bool source_open(const nats_login *login, gateway *g, const source_told *told, source **ret_source,
                 char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    source *s = calloc(1, sizeof *s);
    if (!s) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "memory is out");
        return false;
    }
    s->told = (nats_told){s, on_lost, on_found, on_failed};
    s->outer = told;
    s->gateway = g;
    natsStatus status = source_connect(s, login, ret_problem);
    if (!nats_link_tries(status, ret_problem)) {
        source_close(&s);
        return false;
    }
    if (natsConnection_Subscribe(&s->subscription, s->connection, SUBJECT_LIVE_EVENTS, on_delta,
                                 s) != NATS_OK) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "cannot subscribe to live deltas");
        source_close(&s);
        return false;
    }
    natsSubscription_SetPendingLimits(s->subscription, PENDING_MESSAGES_MAX, PENDING_BYTES_MAX);
    if (status == NATS_OK) // else the callback tells
        gateway_hearing(g, true);
    *ret_source = s;
    return true;
}

bool source_connected(const source *s)
{
    return nats_link_connected(s->connection);
}

void source_close(source **closed)
{
    source *s = *closed;
    *closed = NULL;
    if (!s)
        return;
    natsConnection_Close(s->connection);
    natsSubscription_Destroy(s->subscription);
    natsConnection_Destroy(s->connection);
    nats_link_finish();
    free(s);
}
