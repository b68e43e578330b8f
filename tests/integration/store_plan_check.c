// What looks cost when tables are full: store_plan_check OWNER_URL STORE_URL. Makes sales of the
// past, events on sale and fresh holds, has the statements that run again and again explained with
// the settings of their sessions, and counts the rows and pages that they touch.
#include "store/load.h"
#include "tests/support/store_world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAST_EVENTS = 200, // of 500 reservations each
    EVENTS = 1200,     // on sale: as one partition of 10,000
    HOLDS = 20,        // of each
    HOT_HOLDS = 20000, // of one event more
    PARTITION = 3,
};

// Rows of events whose slots are all in the partition: the searches ask for one at a time.
static void events_add(world *w, const char *what, int events, int holds, int state,
                       const char *age)
{
    sql_run(w,
            "CREATE TABLE %s AS SELECT gen_random_uuid() AS id, %d + (random() * %d)::int AS slot,"
            " now() - interval '%s' AS at FROM generate_series(1, %d)",
            what, PARTITION * SLOTS / PARTITIONS, SLOTS / PARTITIONS - 1, age, events);
    sql_run(w,
            "INSERT INTO actor_lease (actor, kind, slot, epoch, active_at)"
            " SELECT id, 1, slot, 1, at FROM %s",
            what);
    sql_run(w,
            "INSERT INTO reservation (event_id, id, buyer_id, state, key_hash, body_hash, seats,"
            " price_minor, total_minor, created_at, expires_at)"
            " SELECT o.id, (lpad(to_hex((extract(epoch FROM o.at) * 1000)::int8 + n), 12, '0')"
            " || '7' || substr(md5(o.id::text || n), 1, 3) || '8'"
            " || substr(md5(o.id::text || n), 4, 15))::uuid, o.id, %d, '\\x00', '\\x00', '{1}',"
            " '{1}', 1, o.at, o.at + interval '10 minutes' FROM %s o,"
            " generate_series(1, %d) n ORDER BY 1, 2",
            state, what, holds);
}

static int64_t number_after(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    return at == NULL ? -1 : strtoll(at + strlen(key), NULL, 10);
}

typedef struct cost {
    int64_t pages; // touched, in memory or not
    int64_t rows;  // taken from the table, also those that a filter removed
} cost;

// The cost of one execution with these arguments, as the runtime's sessions plan it.
static cost cost_of(world *w, const statement *s, const char *table, const char *arguments)
{
    char sql[512], node[64];
    sql_run(w, "DEALLOCATE ALL");
    sql_run(w, "PREPARE %s AS %s", s->name, s->sql);
    snprintf(sql, sizeof sql, "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE %s (%s)", s->name,
             arguments);
    PGresult *plan = PQexec(w->sql, sql);
    assert(PQresultStatus(plan) == PGRES_TUPLES_OK);
    const char *text = PQgetvalue(plan, 0, 0);
    cost c = {.pages = number_after(text, "\"Shared Hit Blocks\": ") +
                       number_after(text, "\"Shared Read Blocks\": ")};
    snprintf(node, sizeof node, "\"Relation Name\": \"%s\"", table);
    const char *scan = strstr(text, node);
    assert(scan != NULL);
    c.rows = number_after(scan, "\"Actual Rows\": ");
    int64_t removed = number_after(scan, "\"Rows Removed by Filter\": ");
    c.rows = (c.rows + (removed > 0 ? removed : 0)) * number_after(scan, "\"Actual Loops\": ");
    PQclear(plan);
    return c;
}

static void check_cost(world *w, const char *what, int number, int look_back_s, const char *place,
                       int64_t rows_max)
{
    char arguments[256];
    snprintf(arguments, sizeof arguments, "%d::int2, %d::int2, 5000, %d, %s, %d, 32",
             PARTITION * SLOTS / PARTITIONS, (PARTITION + 1) * SLOTS / PARTITIONS - 1, look_back_s,
             place, LOAD_STUCK_LOOK_ROWS);
    cost c = cost_of(w, &load_stuck_statements[number], number == 0 ? "reservation" : "payment",
                     arguments);
    // The loops' rows are an average, rounded; an event costs up to three pages of each index.
    check(w,
          c.rows >= 0 && c.rows <= 3 * rows_max / 2 && c.pages > 0 &&
              c.pages <= 2 * rows_max + 6 * EVENTS,
          "%s: %lld rows, %lld pages", what, (long long)c.rows, (long long)c.pages);
}

static void check_search(world *w)
{
    static const char start[] = "0::int2, '00000000-0000-0000-0000-000000000000',"
                                " '00000000-0000-0000-0000-000000000000'";
    check_cost(w, "a look for stuck reservations", 0, LOAD_STUCK_NEAR_SECONDS, start,
               LOAD_STUCK_LOOK_ROWS);
    check_cost(w, "a look for stuck payments", 1, LOAD_STUCK_NEAR_SECONDS, start,
               LOAD_STUCK_LOOK_ROWS);
    check_cost(w, "a look back at a month", 0, LOAD_STUCK_FAR_SECONDS, start, LOAD_STUCK_LOOK_ROWS);
}

// The holds before the place are not gone through again, only what is behind it in the last slot.
static void check_hot(world *w)
{
    char behind[160];
    PGresult *place = PQexec(w->sql, "SELECT l.slot, h.id, (SELECT r.id FROM reservation r WHERE"
                                     " r.event_id = h.id ORDER BY r.id OFFSET 19990 LIMIT 1)"
                                     " FROM hot h JOIN actor_lease l ON l.actor = h.id");
    assert(PQntuples(place) == 1);
    snprintf(behind, sizeof behind, "%s::int2, '%s', '%s'", PQgetvalue(place, 0, 0),
             PQgetvalue(place, 0, 1), PQgetvalue(place, 0, 2));
    PQclear(place);
    check_cost(w, "a look that goes on inside a hot event", 0, LOAD_STUCK_NEAR_SECONDS, behind,
               100);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "store_plan_check OWNER_URL STORE_URL\n");
        return 2;
    }
    world w;
    world_init(&w, argv[1], argv[2]);
    events_add(&w, "past", PAST_EVENTS, 500, 2, "90 days");
    events_add(&w, "present", EVENTS, HOLDS, 1, "1 minute");
    events_add(&w, "hot", 1, HOT_HOLDS, 1, "1 minute");
    sql_run(&w, "UPDATE actor_lease SET slot = %d FROM hot WHERE actor = hot.id",
            (PARTITION + 1) * SLOTS / PARTITIONS - 1);
    sql_run(&w, "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;"
                " SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;"
                " SET max_parallel_workers_per_gather = 0");
    // With statistics and without: a table that grew a moment ago has none.
    check_search(&w);
    sql_run(&w, "ANALYZE");
    check_search(&w);
    check_hot(&w);
    return world_done(&w);
}
