#include "store/migrate.h"

#include "schemas/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

// X(version, symbol of the embedded scripts, name). CMakeLists.txt embeds the same files.
#define MIGRATIONS(X)                                                                              \
    X(1, migration_0001_base, "0001_base")                                                         \
    X(2, migration_0002_roles, "0002_roles")                                                       \
    X(3, migration_0003_reservation_by_buyer, "0003_reservation_by_buyer")                         \
    X(4, migration_0004_seal, "0004_seal")                                                         \
    X(5, migration_0005_payment_by_buyer, "0005_payment_by_buyer")

#define X(version, symbol, name) extern const unsigned char symbol##_up[], symbol##_down[];
MIGRATIONS(X)
#undef X

static const struct migration {
    int version;
    const char *name;
    const unsigned char *up, *down; // SQL, ended by NUL
} migrations[] = {
#define X(version, symbol, name) {version, name, symbol##_up, symbol##_down},
    MIGRATIONS(X)
#undef X
};
enum { MIGRATIONS_COUNT = sizeof migrations / sizeof *migrations };

typedef struct session {
    PGconn *pg;
    char *problem;
    int64_t applied_at_us[MIGRATIONS_COUNT]; // 0: not applied
    int altered; // the first version that another script made than the one carried here; 0: none
} session;

// Of the script that goes forward, as hexadecimal digits.
static void digest_of(int version, char ret_text[static DIGEST32_TEXT_BYTES])
{
    const char *up = (const char *)migrations[version - 1].up;
    digest32 d = digest32_of(up, strlen(up));
    digest32_format(&d, ret_text);
}

static void session_done(session *s)
{
    PQfinish(s->pg);
}

static int64_t monotonic_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool failed(session *s, const char *what)
{
    const char *why = PQerrorMessage(s->pg);
    snprintf(s->problem, MIGRATE_PROBLEM_BYTES, "%s: %.*s", what, (int)strcspn(why, "\n"), why);
    return false;
}

// One or more statements without results that matter.
static bool run(session *s, const char *sql, const char *what)
{
    PGresult *result = PQexec(s->pg, sql);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || failed(s, what);
}

// Reads what was applied; a version that this program does not carry is an error.
static bool applied_read(session *s)
{
    PGresult *rows = PQexec(s->pg, "SELECT version, name, (extract(epoch FROM applied_at)"
                                   " * 1000000)::bigint, digest FROM schema_migration"
                                   " ORDER BY version");
    bool read = PQresultStatus(rows) == PGRES_TUPLES_OK;
    if (!read)
        (void)failed(s, "table schema_migration cannot be read");
    for (int row = 0; read && row < PQntuples(rows); row++) {
        long version = strtol(PQgetvalue(rows, row, 0), NULL, 10);
        const char *name = PQgetvalue(rows, row, 1);
        read = version >= 1 && version <= MIGRATIONS_COUNT && version == row + 1 &&
               strcmp(migrations[version - 1].name, name) == 0;
        if (read) {
            char digest[DIGEST32_TEXT_BYTES];
            digest_of((int)version, digest);
            s->applied_at_us[version - 1] = strtoll(PQgetvalue(rows, row, 2), NULL, 10);
            if (s->altered == 0 && strcmp(PQgetvalue(rows, row, 3), digest) != 0)
                s->altered = (int)version;
        } else
            snprintf(s->problem, MIGRATE_PROBLEM_BYTES,
                     "the database has migration %ld (%.60s), which this program does not know: "
                     "it needs a newer one",
                     version, name);
    }
    PQclear(rows);
    return read;
}

static int version_of(const session *s)
{
    int version = 0;
    while (version < MIGRATIONS_COUNT && s->applied_at_us[version] != 0)
        version++;
    return version;
}

// The lock is the session's and ends with it. Its number is the text "cavea" as bytes.
static bool session_open(session *s, const char *url)
{
    s->pg = PQconnectdb(url);
    if (PQstatus(s->pg) != CONNECTION_OK)
        return failed(s, "the database cannot be reached");
    return run(s,
               "SET client_min_messages = error; SET timezone = 'UTC';"
               " SET application_name = 'cavea migrate'; SET lock_timeout = '60s';"
               " SELECT pg_advisory_lock(427152797025);"
               " CREATE TABLE IF NOT EXISTS schema_migration (version integer PRIMARY KEY,"
               " name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),"
               " digest text);" // NULL: older than the column, and so than any release
               " ALTER TABLE schema_migration ADD COLUMN IF NOT EXISTS digest text",
               "the migration cannot begin") &&
           applied_read(s);
}

// Both in one transaction: the script, and the row that says so.
static bool step_run(session *s, int version, bool up, migration_told *told, void *self)
{
    const struct migration *m = &migrations[version - 1];
    const char *script = (const char *)(up ? m->up : m->down);
    char row[256], what[96], digest[DIGEST32_TEXT_BYTES];
    int64_t began_us = monotonic_us();
    snprintf(what, sizeof what, "migration %s %s", m->name, up ? "forward" : "back");
    digest_of(version, digest);
    if (up)
        snprintf(row, sizeof row,
                 "INSERT INTO schema_migration (version, name, digest) VALUES (%d, '%s', '%s')",
                 version, m->name, digest);
    else
        snprintf(row, sizeof row, "DELETE FROM schema_migration WHERE version = %d", version);
    if (!run(s, "BEGIN", what) || !run(s, script, what) || !run(s, row, what) ||
        !run(s, "COMMIT", what))
        return false;
    migration_step step = {
        .version = version, .name = m->name, .applied = up, .took_us = monotonic_us() - began_us};
    told(self, &step);
    return true;
}

static bool altered(char *ret_problem, int version)
{
    snprintf(ret_problem, MIGRATE_PROBLEM_BYTES,
             "the database's schema was made by another version of this program, whose migration "
             "%s is not the same: use that one, or remove every table with everything in it by "
             "`cavea migrate down --to 0 --yes`",
             migrations[version - 1].name);
    return false;
}

int schema_version_latest(void)
{
    return MIGRATIONS_COUNT;
}

bool schema_migrate(const char *url, int version, migration_told *told, void *self,
                    char ret_problem[static MIGRATE_PROBLEM_BYTES])
{
    __attribute__((cleanup(session_done))) session s = {.problem = ret_problem};
    if (version < 0 || version > MIGRATIONS_COUNT) {
        snprintf(ret_problem, MIGRATE_PROBLEM_BYTES, "there are versions from 0 to %d, not %d",
                 MIGRATIONS_COUNT, version);
        return false;
    }
    if (!session_open(&s, url))
        return false;
    int at = version_of(&s);
    if (version >= at && s.altered != 0) // back it may go: that is the way out
        return altered(ret_problem, s.altered);
    for (; at < version; at++)
        if (!step_run(&s, at + 1, true, told, self))
            return false;
    for (; at > version; at--)
        if (!step_run(&s, at, false, told, self))
            return false;
    return true;
}

bool schema_status(const char *url, migration_told *told, void *self,
                   char ret_problem[static MIGRATE_PROBLEM_BYTES])
{
    __attribute__((cleanup(session_done))) session s = {.problem = ret_problem};
    if (!session_open(&s, url))
        return false;
    for (int i = 0; i < MIGRATIONS_COUNT; i++) {
        migration_step step = {
            .version = migrations[i].version,
            .name = migrations[i].name,
            .applied = s.applied_at_us[i] != 0,
            .applied_at_us = s.applied_at_us[i],
        };
        told(self, &step);
    }
    return true;
}

static bool refused(char *ret_problem, int version)
{
    if (version > MIGRATIONS_COUNT)
        snprintf(ret_problem, MIGRATE_PROBLEM_BYTES,
                 "the database has schema version %d and this program needs %d: install the "
                 "program that belongs to it",
                 version, MIGRATIONS_COUNT);
    else
        snprintf(
            ret_problem, MIGRATE_PROBLEM_BYTES,
            "the database has schema version %d and this program needs %d: run `cavea migrate`",
            version, MIGRATIONS_COUNT);
    return false;
}

// digests: one after the other, as the database has them.
static bool digests_agree(const char *digests, char *ret_problem)
{
    char digest[DIGEST32_TEXT_BYTES];
    for (int version = 1; version <= MIGRATIONS_COUNT; version++) {
        digest_of(version, digest);
        if (strncmp(digests, digest, strlen(digest)) != 0)
            return altered(ret_problem, version);
        digests += strlen(digest);
    }
    return true;
}

bool schema_version_check(connection *c, char ret_problem[static MIGRATE_PROBLEM_BYTES])
{
    // Two questions, because the second one cannot be asked while there is no table. A table from
    // before it had digests is read all the same.
    static const statement exists = {"schema_exists",
                                     "SELECT to_regclass('schema_migration') IS NOT NULL"};
    static const statement version = {
        "schema_version", "SELECT coalesce(max(version), 0),"
                          " coalesce(string_agg(to_jsonb(m) ->> 'digest', '' ORDER BY version), '')"
                          " FROM schema_migration m"};
    PIPELINE_AUTO found = {0};
    PIPELINE_AUTO highest = {0};
    if (connection_prepare(c, &exists, 1) == STORE_OK &&
        connection_ask(c, &exists, NULL, &found) == STORE_OK) {
        if (!column_bool(found.rows[0], 0, 0))
            return refused(ret_problem, 0);
        if (connection_prepare(c, &version, 1) == STORE_OK &&
            connection_ask(c, &version, NULL, &highest) == STORE_OK) {
            int32_t has = column_int4(highest.rows[0], 0, 0);
            return has == MIGRATIONS_COUNT
                       ? digests_agree(column_text(highest.rows[0], 0, 1), ret_problem)
                       : refused(ret_problem, has);
        }
    }
    snprintf(ret_problem, MIGRATE_PROBLEM_BYTES, "the schema's version cannot be read: %s",
             connection_error(c));
    return false;
}
