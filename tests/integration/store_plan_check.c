// What looks cost when tables are full: store_plan_check OWNER_URL STORE_URL. Makes sales of the
// past, events on sale, fresh holds and their payments, has the statements that run again and again
// explained with the settings of their sessions, and counts the rows and pages that they touch.
#include "store/load.h"
#include "store/read_pool.h"
#include "store/row.h"
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
    LONG_OLD = 20000,  // of one that is on sale for months, a tenth of them confirmed
    LONG_YOUNG = 100,
    PARTITION = 3, // of all of them but the last, which has the next one for itself
    PAGE = LOAD_STUCK_PAGE_ROWS,
};

static const char sellers[] = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;"
                              " SET enable_hashjoin = off; SET enable_mergejoin = off";
static const char readers[] = "RESET enable_seqscan; RESET enable_hashjoin;"
                              " RESET enable_mergejoin; SET plan_cache_mode = force_custom_plan";

// Reservations of the table's events, one a millisecond, each with a payment that is done.
static void reservations_add(world *w, const char *events, int count, int state, const char *age)
{
    sql_run(w,
            "INSERT INTO reservation (event_id, id, buyer_id, state, key_hash, body_hash, seats,"
            " price_minor, total_minor, created_at, expires_at, payment_id)"
            " SELECT event, id, id, %d, '\\x00', '\\x00', ARRAY[n], '{1}', 1, at,"
            " at + interval '10 minutes', id FROM (SELECT o.id AS event, o.at, n,"
            " (lpad(to_hex((extract(epoch FROM o.at) * 1000)::int8 + n), 12, '0')"
            " || '7' || substr(md5(o.id::text || n), 1, 3) || '8'"
            " || substr(md5(o.id::text || n), 4, 15))::uuid AS id FROM (SELECT id,"
            " now() - interval '%s' AS at FROM %s) o, generate_series(1, %d) n) x ORDER BY 1, 2",
            state, age, events, count);
    sql_run(w,
            "INSERT INTO payment (event_id, id, reservation_id, buyer_id, state, amount_minor,"
            " currency, created_at, changed_at) SELECT event_id, id, id, id, 10, 1, 'CHF',"
            " created_at, created_at FROM reservation WHERE event_id IN (SELECT id FROM %s)"
            " ORDER BY 1, 2 ON CONFLICT DO NOTHING",
            events);
}

// Events whose slots are all in the partition: the searches ask for one at a time.
static void events_add(world *w, const char *what, int events, const char *age)
{
    sql_run(w,
            "CREATE TABLE %s AS SELECT gen_random_uuid() AS id, %d + (random() * %d)::int AS slot"
            " FROM generate_series(1, %d)",
            what, PARTITION * SLOTS / PARTITIONS, SLOTS / PARTITIONS - 2, events);
    sql_run(w,
            "INSERT INTO actor_lease (actor, kind, slot, epoch, active_at)"
            " SELECT id, 1, slot, 1, now() - interval '%s' FROM %s",
            age, what);
}

// One event that is on sale now and has most of its reservations from long ago.
static event_id long_add(world *w)
{
    event_id event = world_event(w, 60000);
    const char *id = uuid_text(&event.u);
    sql_run(w, "CREATE TABLE long AS SELECT '%s'::uuid AS id", id);
    sql_run(w, "INSERT INTO actor_lease (actor, kind, slot, epoch) VALUES ('%s', 1, %d, 1)", id,
            (PARTITION + 1) * SLOTS / PARTITIONS);
    reservations_add(w, "long", LONG_OLD, 3, "90 days");
    sql_run(w, "UPDATE reservation SET state = 2 WHERE event_id = '%s' AND seats[1] %% 10 = 0", id);
    reservations_add(w, "long", LONG_YOUNG, 1, "1 minute");
    sql_run(w,
            "UPDATE reservation SET seats = ARRAY[seats[1] + 30000]"
            " WHERE event_id = '%s' AND state = 1",
            id);
    sql_run(w,
            "INSERT INTO seat_claim SELECT %lld + seats[1], id FROM reservation"
            " WHERE event_id = '%s' AND state IN (1, 2) ORDER BY 1",
            (long long)row_seat_key(event_tag(&event), 0), id);
    sql_run(w, "INSERT INTO seat_claim SELECT (k << 16) + n, gen_random_uuid()" // of others
               " FROM generate_series(1, 10) k, generate_series(1, 20000) n"
               " ON CONFLICT DO NOTHING");
    return event;
}

// Statistics that know nothing of the long one's reservations.
static void grow_again(world *w)
{
    sql_run(w, "CREATE TABLE grown AS SELECT * FROM reservation"
               " WHERE event_id = (SELECT id FROM long)");
    sql_run(w, "DELETE FROM reservation WHERE event_id = (SELECT id FROM long)");
    sql_run(w, "ANALYZE");
    sql_run(w, "INSERT INTO reservation SELECT * FROM grown ORDER BY event_id, id");
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

// All scans of the table together.
static int64_t rows_taken(const char *plan, const char *table)
{
    char node[64];
    int64_t rows = 0;
    snprintf(node, sizeof node, "\"Relation Name\": \"%s\"", table);
    const char *scan = strstr(plan, node);
    assert(scan != NULL);
    for (; scan != NULL; scan = strstr(scan + 1, node)) {
        int64_t removed = number_after(scan, "\"Rows Removed by Filter\": ");
        const char *next = strstr(scan + 1, "\"Node Type\"");
        const char *filter = strstr(scan, "\"Rows Removed by Filter\"");
        if (filter == NULL || (next != NULL && filter > next))
            removed = 0; // it is another node's
        rows += (number_after(scan, "\"Actual Rows\": ") + removed) *
                number_after(scan, "\"Actual Loops\": ");
    }
    return rows;
}

// The cost of one execution with these arguments, as the session plans it.
static cost cost_of(world *w, const statement *s, const char *table, const char *arguments)
{
    char sql[512];
    sql_run(w, "DEALLOCATE ALL");
    sql_run(w, "PREPARE %s AS %s", s->name, s->sql);
    snprintf(sql, sizeof sql, "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE %s (%s)", s->name,
             arguments);
    PGresult *plan = PQexec(w->sql, sql);
    assert(PQresultStatus(plan) == PGRES_TUPLES_OK);
    const char *text = PQgetvalue(plan, 0, 0);
    cost c = {.pages = number_after(text, "\"Shared Hit Blocks\": ") +
                       number_after(text, "\"Shared Read Blocks\": "),
              .rows = rows_taken(text, table)};
    PQclear(plan);
    return c;
}

// The loops' rows are averages, rounded.
static void check_cost(world *w, const char *what, cost c, int64_t rows, int64_t pages_max)
{
    check(w,
          10 * c.rows >= 9 * rows && 10 * c.rows <= 11 * rows && c.pages > 0 &&
              c.pages <= pages_max,
          "%s: %lld rows, %lld pages", what, (long long)c.rows, (long long)c.pages);
}

static cost search_cost(world *w, int number, uint32_t partition, int look_back_s,
                        const char *place)
{
    char arguments[256];
    snprintf(arguments, sizeof arguments, "%d::int2, %d::int2, 5000, %d, %s, %d, 32",
             (int)partition * SLOTS / PARTITIONS, ((int)partition + 1) * SLOTS / PARTITIONS - 1,
             look_back_s, place, PAGE);
    return cost_of(w, &load_stuck_statements[number], number == 0 ? "reservation" : "payment",
                   arguments);
}

static void check_search(world *w)
{
    enum { NEAR = LOAD_STUCK_NEAR_SECONDS, FAR = LOAD_STUCK_FAR_SECONDS };
    static const char start[] = "0::int2, '00000000-0000-0000-0000-000000000000',"
                                " '00000000-0000-0000-0000-000000000000'";
    // An event costs up to three pages of each index; a row of reservation its payment's look-up.
    int64_t pages_max = 2 * PAGE + 6 * EVENTS;
    check_cost(w, "a page of reservations", search_cost(w, 0, PARTITION, NEAR, start), PAGE,
               4 * PAGE + pages_max);
    check_cost(w, "a page of payments", search_cost(w, 1, PARTITION, NEAR, start), PAGE, pages_max);
    check_cost(w, "a page of a month's reservations", search_cost(w, 0, PARTITION, FAR, start),
               PAGE, 4 * PAGE + pages_max);
    check_cost(w, "a page of a month's payments", search_cost(w, 1, PARTITION, FAR, start), PAGE,
               pages_max);
    check_cost(w, "reservations of an event with a long past",
               search_cost(w, 0, PARTITION + 1, NEAR, start), LONG_YOUNG, 10 * LONG_YOUNG);
    check_cost(w, "payments of an event with a long past",
               search_cost(w, 1, PARTITION + 1, NEAR, start), LONG_YOUNG, 10 * LONG_YOUNG);
}

// The open refunds of payments from long ago, more of them than a page.
static void check_refunds(world *w)
{
    char arguments[160];
    snprintf(arguments, sizeof arguments,
             "%d::int2, %d::int2, 5000, %d, '00000000-0000-0000-0000-000000000000', %d, 32",
             PARTITION * SLOTS / PARTITIONS, (PARTITION + 1) * SLOTS / PARTITIONS - 1,
             LOAD_STUCK_FAR_SECONDS, PAGE);
    // A row costs its page, its event's look-up and a share of the index.
    check_cost(w, "a page of old refunds",
               cost_of(w, &load_stuck_statements[2], "payment", arguments), PAGE, 6 * PAGE);
}

// The holds before the place are not gone through again, only the ten behind it in the last slot.
static void check_hot(world *w)
{
    char behind[160];
    PGresult *place = PQexec(w->sql, "SELECT l.slot, h.id, (SELECT r.id FROM reservation r WHERE"
                                     " r.event_id = h.id ORDER BY r.id OFFSET 19989 LIMIT 1)"
                                     " FROM hot h JOIN actor_lease l ON l.actor = h.id");
    assert(PQntuples(place) == 1);
    snprintf(behind, sizeof behind, "%s::int2, '%s', '%s'", PQgetvalue(place, 0, 0),
             PQgetvalue(place, 0, 1), PQgetvalue(place, 0, 2));
    PQclear(place);
    check_cost(w, "reservations behind a place inside a hot event",
               search_cost(w, 0, PARTITION, LOAD_STUCK_NEAR_SECONDS, behind), 10, 100);
    check_cost(w, "payments behind it",
               search_cost(w, 1, PARTITION, LOAD_STUCK_NEAR_SECONDS, behind), 10, 100);
}

static const statement *statement_named(const statement *list, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    assert(false);
    return NULL;
}

// Old reservations count by their claims only.
static void check_event(world *w, const event_id *event)
{
    char arguments[160];
    uint32_t tag = event_tag(event);
    int64_t claims = LONG_OLD / 10 + LONG_YOUNG;
    snprintf(arguments, sizeof arguments, "'%s', %lld, %lld", uuid_text(&event->u),
             (long long)row_seat_key(tag, 0),
             (long long)row_seat_key(tag, SEATS_PER_EVENT_MAX - 1));
    const statement *s =
        statement_named(load_event_statements, LOAD_EVENT_STATEMENTS, "event_reservations");
    check_cost(w, "an event's reservations", cost_of(w, s, "reservation", arguments), claims,
               6 * claims);
    check_cost(w, "by its claims", cost_of(w, s, "seat_claim", arguments), LONG_OLD / 10,
               6 * claims);
    sql_run(w, readers);
    s = statement_named(read_row_statements, READ_ROW_STATEMENTS, "read_seats");
    check_cost(w, "a snapshot's claims", cost_of(w, s, "seat_claim", arguments), claims, claims);
    check_cost(w, "and its young reservations", cost_of(w, s, "reservation", arguments), LONG_YOUNG,
               claims);
    sql_run(w, sellers);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "store_plan_check OWNER_URL STORE_URL\n");
        return 2;
    }
    world w;
    world_init(&w, argv[1], argv[2]);
    events_add(&w, "past", PAST_EVENTS, "90 days");
    reservations_add(&w, "past", 500, 2, "90 days");
    sql_run(&w, "UPDATE payment SET state = 8, captured_minor = 1, refund_minor = 1"
                " WHERE ('x' || right(id::text, 1))::bit(4)::int = 0");
    events_add(&w, "present", EVENTS, "1 minute");
    reservations_add(&w, "present", HOLDS, 1, "1 minute");
    events_add(&w, "hot", 1, "1 minute");
    reservations_add(&w, "hot", HOT_HOLDS, 1, "1 minute");
    sql_run(&w, "UPDATE actor_lease SET slot = %d FROM hot WHERE actor = hot.id",
            (PARTITION + 1) * SLOTS / PARTITIONS - 1);
    event_id event = long_add(&w);
    sql_run(&w, sellers);
    sql_run(&w, "SET jit = off; SET max_parallel_workers_per_gather = 0");
    // Without statistics, with those of a moment ago and with those of now.
    check_search(&w);
    check_refunds(&w);
    check_event(&w, &event);
    grow_again(&w);
    check_event(&w, &event);
    sql_run(&w, "ANALYZE");
    check_search(&w);
    check_refunds(&w);
    check_event(&w, &event);
    check_hot(&w);
    return world_done(&w);
}
