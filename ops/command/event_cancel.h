// `cavea event cancel`: the event's status, then refunds of all its confirmed reservations, some at
// a time, until none is left. The actor does each step once however often it is asked, so this may
// be killed and run again at any moment, and by two people at once. One thread.
#ifndef CAVEA_OPS_COMMAND_EVENT_CANCEL_H
#define CAVEA_OPS_COMMAND_EVENT_CANCEL_H

#include "ops/command/command.h"

command_status event_cancel(command *c);

#endif
