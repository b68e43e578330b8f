#include "actors/runtime/discovery.h"

#include "schemas/subject.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const verbs[DISCOVERY_VERBS] = {"PING", "INFO", "STATS"};
static const char *const types[DISCOVERY_VERBS] = {"ping", "info", "stats"};

static int body_write(const discovery *d, uint32_t verb, char *ret_text, size_t text_bytes)
{
    char id[UUID_TEXT_BYTES], extra[512] = "";
    uuid_format(&d->id, id);
    if (verb == 1)
        snprintf(extra, sizeof extra, ",\"description\":\"%s\",\"endpoints\":[]", d->description);
    else if (verb == 2)
        snprintf(extra, sizeof extra,
                 ",\"started\":\"%s\",\"endpoints\":[{\"name\":\"commands\",\"subject\":"
                 "\"cavea.v1.in.>\",\"num_requests\":%" PRIu64 ",\"num_errors\":0}]",
                 d->started, d->requests(d->self));
    return snprintf(ret_text, text_bytes,
                    "{\"type\":\"io.nats.micro.v1.%s_response\",\"name\":\"%s\",\"id\":\"%s\","
                    "\"version\":\"" CAVEA_VERSION "\",\"metadata\":{}%s}",
                    types[verb], d->name, id, extra);
}

static void on_request(natsConnection *connection, natsSubscription *subscription, natsMsg *message,
                       void *closure)
{
    (void)subscription;
    char text[1024];
    const char *asked = natsMsg_GetSubject(message), *reply = natsMsg_GetReply(message);
    // Whoever asks names the subject, and the rights to publish to it are ours.
    bool is_inbox = reply != NULL && subject_inbox_valid(reply, strlen(reply));
    for (uint32_t verb = 0; is_inbox && verb < DISCOVERY_VERBS; verb++)
        if (strncmp(asked + 5, verbs[verb], strlen(verbs[verb])) == 0) {
            int bytes = body_write(closure, verb, text, sizeof text);
            natsConnection_Publish(connection, reply, text, bytes);
        }
    natsMsg_Destroy(message);
}

bool discovery_start(discovery *d)
{
    char id[UUID_TEXT_BYTES], to[160];
    uuid_format(&d->id, id);
    for (uint32_t i = 0; i < DISCOVERY_VERBS * DISCOVERY_LEVELS; i++) {
        const char *verb = verbs[i / DISCOVERY_LEVELS];
        uint32_t level = i % DISCOVERY_LEVELS;
        if (level == 0)
            snprintf(to, sizeof to, "$SRV.%s", verb);
        else if (level == 1)
            snprintf(to, sizeof to, "$SRV.%s.%s", verb, d->name);
        else
            snprintf(to, sizeof to, "$SRV.%s.%s.%s", verb, d->name, id);
        if (natsConnection_Subscribe(&d->subscriptions[i], d->connection, to, on_request, d) !=
            NATS_OK)
            return false;
    }
    return true;
}

void discovery_stop(discovery *d)
{
    for (uint32_t i = 0; i < DISCOVERY_VERBS * DISCOVERY_LEVELS; i++)
        if (d->subscriptions[i] != NULL) {
            natsSubscription_Unsubscribe(d->subscriptions[i]);
            natsSubscription_Destroy(d->subscriptions[i]);
            d->subscriptions[i] = NULL;
        }
}
