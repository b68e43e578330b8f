#include "ops/command/bus.h"

#include "ops/host/nats_login.h"

natsConnection *command_bus(command *c, command_status *ret_status)
{
    natsOptions *options = NULL;
    natsConnection *bus = NULL;
    nats_login login = {c->nats_url, c->nats_nkey_file};
    if (!c->nats_url[0]) {
        *ret_status = command_fail(c, COMMAND_USAGE,
                                   "which message server? Set CAVEA_NATS_URL or --nats-url");
        return NULL;
    }
    char problem[CONFIG_PROBLEM_BYTES];
    natsStatus s = natsOptions_Create(&options);
    if (s == NATS_OK && !nats_login_set(options, &login, problem)) {
        natsOptions_Destroy(options);
        *ret_status = command_fail(c, COMMAND_USAGE, "%s", problem);
        return NULL;
    }
    if (s == NATS_OK)
        s = natsOptions_SetName(options, "cavea");
    if (s == NATS_OK)
        s = natsOptions_SetCustomInboxPrefix(options, "_INBOX.operator"); // see permissions.conf
    if (s == NATS_OK)
        s = natsOptions_SetTimeout(options, 2000);
    if (s == NATS_OK)
        s = natsOptions_SetAllowReconnect(options, false);
    if (s == NATS_OK)
        s = natsOptions_SetSendAsap(options, true);
    if (s == NATS_OK)
        s = natsConnection_Connect(&bus, options);
    natsOptions_Destroy(options);
    if (s == NATS_OK)
        return bus;
    *ret_status = command_fail(c, COMMAND_UNREACHABLE, "the message server cannot be reached: %s",
                               natsStatus_GetText(s));
    return NULL;
}
