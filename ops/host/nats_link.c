#include "ops/host/nats_link.h"

#include <stdio.h>

enum {
    PING_MS = 1500,
    PINGS_OUT_MAX = 2,
    RECONNECT_WAIT_MS = 100,
    RECONNECT_JITTER_MS = 100,
    CONNECT_TIMEOUT_MS = 2000,
    WRITE_DEADLINE_MS = 1000,
    FINISH_MS = 3000,
    RECONNECT_BYTES = 1, // one message at most leaves late; a late command is worse than an error
};

static void on_lost(natsConnection *c, void *self)
{
    const nats_told *told = self;
    (void)c;
    if (told->lost)
        told->lost(told->self);
}

static void on_found(natsConnection *c, void *self)
{
    const nats_told *told = self;
    (void)c;
    if (told->found)
        told->found(told->self);
}

static void on_error(natsConnection *c, natsSubscription *s, natsStatus status, void *self)
{
    const nats_told *told = self;
    (void)c;
    (void)s;
    if (told->failed)
        told->failed(told->self, natsStatus_GetText(status));
}

static natsStatus options_set(natsOptions *o, const char *name, const nats_told *told)
{
    void *self = (void *)(uintptr_t)told;
    natsStatus s = NATS_OK;
    const natsStatus steps[] = {
        natsOptions_SetName(o, name),
        natsOptions_SetSendAsap(o, true),
        natsOptions_SetTimeout(o, CONNECT_TIMEOUT_MS),
        natsOptions_SetPingInterval(o, PING_MS),
        natsOptions_SetMaxPingsOut(o, PINGS_OUT_MAX),
        natsOptions_SetMaxReconnect(o, -1),
        natsOptions_SetReconnectWait(o, RECONNECT_WAIT_MS),
        natsOptions_SetReconnectJitter(o, RECONNECT_JITTER_MS, RECONNECT_JITTER_MS),
        natsOptions_SetReconnectBufSize(o, RECONNECT_BYTES),
        natsOptions_SetWriteDeadline(o, WRITE_DEADLINE_MS),
        natsOptions_SetRetryOnFailedConnect(o, true, on_found, self),
        natsOptions_SetDisconnectedCB(o, on_lost, self),
        natsOptions_SetReconnectedCB(o, on_found, self),
        natsOptions_SetErrorHandler(o, on_error, self),
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (s == NATS_OK)
            s = steps[i];
    return s;
}

natsStatus nats_link_options(const nats_login *login, const char *name, const nats_told *told,
                             natsOptions **ret_options,
                             char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    natsOptions *o = NULL;
    natsStatus s = natsOptions_Create(&o);
    ret_problem[0] = 0;
    if (s == NATS_OK)
        s = options_set(o, name, told);
    if (s == NATS_OK && !nats_login_set(o, login, ret_problem))
        s = NATS_INVALID_ARG;
    if (s == NATS_OK)
        *ret_options = o;
    else
        natsOptions_Destroy(o);
    return s;
}

bool nats_link_tries(natsStatus status, char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    bool tries = status == NATS_OK || status == NATS_NOT_YET_CONNECTED;
    if (!tries && ret_problem[0] == 0)
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "the NATS address cannot be used: %s",
                 natsStatus_GetText(status));
    return tries;
}

bool nats_link_connected(natsConnection *c)
{
    return natsConnection_Status(c) == NATS_CONN_STATUS_CONNECTED;
}

void nats_link_finish(void)
{
    nats_discard_rest();
    nats_CloseAndWait(FINISH_MS);
}
