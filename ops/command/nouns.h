// The verbs of every noun, each table in the file of its noun.
#ifndef CAVEA_OPS_COMMAND_NOUNS_H
#define CAVEA_OPS_COMMAND_NOUNS_H

#include "ops/command/command.h"
#include "store/catalog_report.h"

extern const verb migrate_verbs[], plan_verbs[], venue_verbs[], event_verbs[], reservation_verbs[],
    ledger_verbs[], finance_verbs[], refund_verbs[], ticket_verbs[], nkey_verbs[], actor_verbs[],
    doctor_verbs[], demo_verbs[];

// Prints one of the database's reports; "there is no such thing" when it has none for id.
command_status command_report(command *c, catalog_report_kind kind, const uuid *id);
// The same as JSON, for a verb that adds to it; NULL with *ret_status when there is none.
json_t *command_report_read(command *c, catalog_report_kind kind, const uuid *id,
                            command_status *ret_status);

#endif
