// Checks of the keys of seals against a real PostgreSQL: store_seal_check OWNER_URL STORE_URL
// EDGE_URL, the third with the role that edges have. store.sh makes the database and runs it.
#include "store/seal.h"
#include "tests/support/store_world.h"

#include <stdio.h>

static bool keys_read(world *w, const char *url, seal_ring *ret_ring, char *ret_problem)
{
    char error[256];
    connection_options options = {.url = url, .application_name = "check"};
    connection *c = connection_open(&options, error, sizeof error);
    if (!check(w, c != NULL, "a program connects"))
        return false;
    bool read = seal_keys_read(c, ret_ring, ret_problem);
    connection_close(c);
    return read;
}

static bool same(const seal_key *a, const seal_key *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static void check_first_key(world *w, const char *edge_url, seal_ring *ret_ring)
{
    static const seal_key zero;
    char problem[MIGRATE_PROBLEM_BYTES] = "";
    seal_ring r = {0}, owner = {0}, edges = {0};
    check(w, keys_read(w, w->store_url, &r, problem) && r.keys_count == 1 && !same(r.keys, &zero),
          "actors have a key");
    check(w, keys_read(w, w->url, &owner, problem) && same(owner.keys, r.keys),
          "the operator has the same");
    check(w, r.asked_from_us <= wall_us(), "where no host was before, seals are asked for at once");
    check(w,
          !keys_read(w, edge_url, &edges, problem) && strstr(problem, "permission denied") &&
              edges.keys_count == 0,
          "edges have none");
    *ret_ring = r;
}

static void check_change(world *w, const seal_ring *first)
{
    char problem[MIGRATE_PROBLEM_BYTES] = "";
    seal_ring r = {0};
    sql_run(w, "INSERT INTO seal_key (valid_from) VALUES (clock_timestamp() + interval '1 hour')");
    check(w,
          keys_read(w, w->store_url, &r, problem) && r.keys_count == 2 &&
              same(&r.keys[0], &first->keys[0]) && !same(&r.keys[1], &r.keys[0]) &&
              r.asked_from_us == first->asked_from_us,
          "a key to come opens and does not seal yet");
    seal_key next = r.keys[1];
    sql_run(w, "UPDATE seal_key SET valid_from = clock_timestamp() WHERE valid_from > now()");
    check(w,
          keys_read(w, w->store_url, &r, problem) && r.keys_count == 2 && same(&r.keys[0], &next) &&
              same(&r.keys[1], &first->keys[0]),
          "its time has come: it seals, and the one before it opens");
    sql_run(w, "DELETE FROM seal_key WHERE valid_from < (SELECT max(valid_from) FROM seal_key)");
    check(w,
          keys_read(w, w->store_url, &r, problem) && r.keys_count == 1 && same(&r.keys[0], &next) &&
              r.asked_from_us <= wall_us(),
          "then it is the only one");
    sql_run(w, "DELETE FROM seal_key");
    check(w, !keys_read(w, w->store_url, &r, problem) && strstr(problem, "seal_key") != NULL,
          "without a key nobody begins");
}

static void told_nobody(void *self, const migration_step *step)
{
    (void)self;
    (void)step;
}

// A schema from before there were seals, and hosts at work.
static void check_upgrade(world *w)
{
    char problem[MIGRATE_PROBLEM_BYTES] = "";
    seal_ring r = {0};
    int latest = schema_version_latest();
    host_identity identity = host_new("old", 3000);
    store_pg *old = store_new(w, &identity, true);
    check(w,
          schema_migrate(w->url, 3, told_nobody, NULL, problem) &&
              schema_migrate(w->url, latest, told_nobody, NULL, problem),
          "the schema goes back and forth");
    check(w, keys_read(w, w->store_url, &r, problem) && r.keys_count == 1, "there is a key");
    check(w,
          r.asked_from_us > wall_us() + INT64_C(3000) * 1000000 &&
              r.asked_from_us < wall_us() + INT64_C(3700) * 1000000,
          "where hosts are at work, nobody is asked for an hour");
    store_pg_close(old);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "store_seal_check OWNER_URL STORE_URL EDGE_URL\n");
        return 2;
    }
    world w;
    seal_ring first;
    world_init(&w, argv[1], argv[2]);
    check_first_key(&w, argv[3], &first);
    check_change(&w, &first);
    check_upgrade(&w);
    return world_done(&w);
}
