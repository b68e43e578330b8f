// An event's terms of money as an operator writes them: --fee-bp, --tax-bp and --refund, which is a
// list of steps "24h=100,2h=50" (given back at least so long before the start, so many percent come
// back; later than the last step, nothing) or "none". One thread.
#ifndef CAVEA_OPS_COMMAND_EVENT_TERMS_H
#define CAVEA_OPS_COMMAND_EVENT_TERMS_H

#include "ops/command/command.h"
#include "store/catalog_write.h"

// Fills row's shares and refund policy; false when an option is wrong, and the problem is printed.
MUST_CHECK bool event_terms_read(const command *c, catalog_event *row);
// False: not such a list, its times do not fall, or it has a percent above 100 or too many steps.
MUST_CHECK bool refund_steps_parse(const char *text, refund_policy *ret_policy);

#endif
