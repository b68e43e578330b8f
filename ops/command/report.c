#include "ops/command/nouns.h"

#include <stdlib.h>

json_t *command_report_read(command *c, catalog_report_kind kind, const uuid *id,
                            command_status *ret_status)
{
    char problem[CATALOG_PROBLEM_BYTES], *text = NULL;
    connection *database = command_database(c, ret_status);
    if (!database)
        return NULL;
    store_result result = catalog_report(database, kind, id, &text, problem);
    if (result != STORE_OK) {
        *ret_status = command_store_fail(c, result, problem);
        return NULL;
    }
    json_t *report = text ? json_loads(text, 0, NULL) : NULL;
    free(text);
    if (!report)
        *ret_status = command_fail(c, COMMAND_FAILED, "there is no such %s", c->noun->name);
    return report;
}

command_status command_report(command *c, catalog_report_kind kind, const uuid *id)
{
    command_status status;
    json_t *report = command_report_read(c, kind, id, &status);
    return report ? command_print(c, report) : status;
}
