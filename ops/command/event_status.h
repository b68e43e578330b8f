// Tells an event's actor its new status. The actor alone writes it, so this goes over NATS:
// straight to whoever holds the actor; when nobody does, a host is asked to wake it and the message
// is sent again. Sending it twice changes nothing. One thread; waits at most five seconds.
#ifndef CAVEA_OPS_COMMAND_EVENT_STATUS_H
#define CAVEA_OPS_COMMAND_EVENT_STATUS_H

#include "ops/command/command.h"
#include "schemas/seat.h"

command_status event_status_set(command *c, const event_id *id, event_status wanted);

#endif
