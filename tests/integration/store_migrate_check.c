// Checks of migrations against a real PostgreSQL: store_migrate_check OWNER_URL OWNER_URL.
// store.sh makes the database and runs it. A schema that other scripts made is told by everybody
// who would use it, and can be removed.
#include "store/migrate.h"
#include "tests/support/store_world.h"

#include <stdio.h>

static void told_nobody(void *self, const migration_step *step)
{
    (void)self;
    (void)step;
}

static bool migrates(world *w, int version, const char *problem_has)
{
    char problem[MIGRATE_PROBLEM_BYTES] = "";
    if (schema_migrate(w->url, version, told_nobody, NULL, problem))
        return problem_has == NULL;
    return problem_has != NULL && strstr(problem, problem_has) != NULL;
}

// Whether a daemon may begin, or is told why not.
static bool begins(world *w, const char *problem_has)
{
    char problem[MIGRATE_PROBLEM_BYTES] = "", error[256];
    connection_options options = {.url = w->store_url, .application_name = "check"};
    connection *c = connection_open(&options, error, sizeof error);
    if (!check(w, c != NULL, "a daemon connects"))
        return false;
    bool well = schema_version_check(c, problem);
    connection_close(c);
    return problem_has == NULL ? well : !well && strstr(problem, problem_has) != NULL;
}

static void applied_count(void *self, const migration_step *step)
{
    *(int *)self += step->applied;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "store_migrate_check OWNER_URL OWNER_URL\n");
        return 2;
    }
    static const char other[] = "was made by another version";
    char problem[MIGRATE_PROBLEM_BYTES];
    int latest = schema_version_latest(), applied = 0;
    world w;
    world_init(&w, argv[1], argv[2]);
    check(&w, begins(&w, NULL) && migrates(&w, latest, NULL), "what was just made is well");
    sql_run(&w, "UPDATE schema_migration SET digest = reverse(digest) WHERE version = %d", latest);
    check(&w, begins(&w, other) && migrates(&w, latest, other), "another script's schema is told");
    sql_run(&w, "UPDATE schema_migration SET digest = reverse(digest) WHERE version = %d", latest);
    check(&w, begins(&w, NULL) && migrates(&w, latest, NULL), "and this one's is not");
    check(&w, migrates(&w, latest - 1, NULL) && begins(&w, "run `cavea migrate`"),
          "an older version is told as such");
    sql_run(&w, "DROP VIEW claimed_seat; ALTER TABLE schema_migration DROP COLUMN digest");
    sql_run(&w, "INSERT INTO schema_migration (version, name) VALUES (5,"
                " '0005_payment_by_buyer')");
    check(&w, begins(&w, other) && migrates(&w, latest, other),
          "so is a schema from before there were digests");
    check(&w,
          schema_status(w.url, applied_count, &applied, problem) && applied == latest &&
              migrates(&w, 0, NULL) &&
              sql_number(&w,
                         "SELECT count(*) FROM pg_class WHERE relname IN ('event', 'ticket')") == 0,
          "which can be removed");
    check(&w, begins(&w, "run `cavea migrate`") && migrates(&w, latest, NULL) && begins(&w, NULL),
          "and made anew");
    return world_done(&w);
}
