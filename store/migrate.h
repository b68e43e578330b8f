// Schema migrations, forward and back. The scripts in store/migrations are compiled in; each runs
// in one transaction together with its row in table schema_migration, under an advisory lock, so
// that two migrations never meet. The row has a digest of the script: a schema that another script
// of the same name made is told and not used. Knows nothing of what the tables mean. One thread, at
// start; only the owner of the schema migrates, daemons check.
#ifndef CAVEA_STORE_MIGRATE_H
#define CAVEA_STORE_MIGRATE_H

#include "store/connection.h"

enum { MIGRATE_PROBLEM_BYTES = 512 };

typedef struct migration_step { // one script that ran, or one line of the status
    int version;
    const char *name; // "0001_base", static
    bool applied;     // after the step, or as it is
    int64_t applied_at_us;
    int64_t took_us;
} migration_step;

typedef void migration_told(void *self, const migration_step *step);

// The version that this program needs: the newest script it carries.
int schema_version_latest(void);

// Brings the schema to a version: 0 is the empty database, schema_version_latest() the newest.
// told hears of every step after its COMMIT. A schema that other scripts made only goes back. False
// with one sentence; the steps before it stay.
MUST_CHECK bool schema_migrate(const char *url, int version, migration_told *told, void *self,
                               char ret_problem[static MIGRATE_PROBLEM_BYTES]);
// Tells every script and whether it was applied.
MUST_CHECK bool schema_status(const char *url, migration_told *told, void *self,
                              char ret_problem[static MIGRATE_PROBLEM_BYTES]);
// For daemons, before they begin: true when the schema has exactly the version that this program
// needs, made by the scripts that it carries; else a sentence that says what to do.
MUST_CHECK bool schema_version_check(connection *c, char ret_problem[static MIGRATE_PROBLEM_BYTES]);

#endif
