#include "ops/command/bus.h"

natsConnection *command_bus(command *c, command_status *ret_status)
{
    natsOptions *options = NULL;
    natsConnection *bus = NULL;
    if (!c->nats_url[0]) {
        *ret_status = command_fail(c, COMMAND_USAGE,
                                   "which message server? Set CAVEA_NATS_URL or --nats-url");
        return NULL;
    }
    natsStatus s = natsOptions_Create(&options);
    if (s == NATS_OK)
        s = natsOptions_SetURL(options, c->nats_url);
    if (s == NATS_OK)
        s = natsOptions_SetName(options, "cavea");
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
