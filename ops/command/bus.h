// The command's connection to NATS: short-lived, with short time limits. One thread.
#ifndef CAVEA_OPS_COMMAND_BUS_H
#define CAVEA_OPS_COMMAND_BUS_H

#include "ops/command/command.h"

#include <nats/nats.h>

// NULL when it cannot be had, with the problem printed and *ret_status set. The caller destroys it.
natsConnection *command_bus(command *c, command_status *ret_status);

#endif
