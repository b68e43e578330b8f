// Tells an event's actor its new status. Sending it twice changes nothing. One thread; waits at
// most five seconds.
#ifndef CAVEA_OPS_COMMAND_EVENT_STATUS_H
#define CAVEA_OPS_COMMAND_EVENT_STATUS_H

#include "ops/command/ask.h"
#include "schemas/seat.h"

command_status event_status_set(command *c, const event_id *id, event_status wanted);
// The same over an open connection.
command_status event_status_ask(ask *a, command *c, const event_id *id, event_status wanted);

#endif
