// An append-only file of JSON lines from which the provider comes back after a restart or a kill.
// A line is in the page cache before the change it tells of is answered; it is not synced to disk,
// so a power failure may lose the end. Knows nothing of what the lines say. One folder belongs to
// one running provider. The books' mutex guards it.
#ifndef CAVEA_OPS_PROVIDER_LOGBOOK_H
#define CAVEA_OPS_PROVIDER_LOGBOOK_H

#include "ops/host/config.h"
#include "ops/provider/jsonout.h"

#include <jansson.h>

typedef struct logbook logbook;

// Called for each line {"kind":record} that is there already; false: the record makes no sense.
typedef bool (*logbook_restore)(void *self, const char *kind, const json_t *record);

// Opens DIR's logbook, makes the folder when it is missing, reads what is there. dir "" keeps
// nothing and always succeeds. The end of a line that a kill cut off is ignored.
MUST_CHECK bool logbook_open(const char *dir, logbook_restore restore, void *self,
                             logbook **ret_logbook, char ret_problem[static CONFIG_PROBLEM_BYTES]);
void logbook_close(logbook **l);

// Starts a line {"kind": and returns where its value is to be written (with a NULL key).
jsonout *logbook_begin(logbook *l, const char *kind);
void logbook_end(logbook *l);
// Writes all ended lines to the file. After a failed write nothing is written any more.
void logbook_commit(logbook *l);
bool logbook_is_well(const logbook *l);

// Between these two calls the lines go into a new file, which then replaces the old one.
MUST_CHECK bool logbook_rewrite_begin(logbook *l, char ret_problem[static CONFIG_PROBLEM_BYTES]);
MUST_CHECK bool logbook_rewrite_end(logbook *l, char ret_problem[static CONFIG_PROBLEM_BYTES]);

#endif
