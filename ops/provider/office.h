// The provider's admin routes: its books for an audit, and its faults.
//   GET  /admin/state     counts and sums by currency, as one JSON object
//   GET  /admin/intents   every intent with its refunds, one JSON object a line, the oldest first;
//                         ?from=N starts at the Nth, ?limit=N ends after N
//   GET  /admin/faults    the fault table; POST changes what it names, DELETE clears it
// self is the provider. On the admin server's threads.
#ifndef CAVEA_OPS_PROVIDER_OFFICE_H
#define CAVEA_OPS_PROVIDER_OFFICE_H

#include "ops/provider/inside.h"

extern const admin_route office_routes[];
extern const size_t office_routes_count;

bool office_ready(void *self, char ret_reason[static ADMIN_REASON_BYTES]);

#endif
