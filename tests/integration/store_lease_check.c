// Checks of leases and hosts against a real PostgreSQL: store_lease_check OWNER_URL STORE_URL.
// store.sh makes the database and runs it.
#include "store/host_writer.h"
#include "tests/support/store_world.h"

#include <poll.h>
#include <stdio.h>

enum { TTL_MS = 1000 };

typedef struct attempt {
    store_result result;
    bool taken;
    uuid holder;
    int64_t epoch;
} attempt;

static attempt take(store_pg *s, const actor_ref *ref)
{
    store_port port = store_pg_port(s);
    attempt a = {0};
    lease l __attribute__((cleanup(lease_done))) = {0};
    a.result = port.lease_take(port.self, ref, &l, &a.taken, &a.holder);
    a.epoch = l.epoch;
    return a;
}

static bool refused(attempt a, const host_identity *holder)
{
    return a.result == STORE_OK && !a.taken && uuid_equal(&a.holder, &holder->id);
}

// The server came to life this long ago.
static void life_set(world *w, const char *ago)
{
    sql_run(w, "UPDATE server_life SET since = clock_timestamp() - interval '%s'", ago);
}

static void host_silent(world *w, const host_identity *host)
{
    sql_run(w, "UPDATE host SET heartbeat_at = now() - interval '1 hour' WHERE id = '%s'",
            uuid_text(&host->id));
}

static actor_ref actor_new(world *w)
{
    event_id event = world_event(w, 10);
    return actor_of_event(&event);
}

// Ends a writer and waits until the server has noticed.
static void writer_end(world *w, store_pg *s, const host_identity *host)
{
    store_pg_close(s);
    if (!sql_until(w, 0,
                   "SELECT count(*) FROM pg_stat_activity a JOIN host h ON h.backend_pid = a.pid"
                   " AND h.backend_start = a.backend_start WHERE h.id = '%s'",
                   uuid_text(&host->id)))
        check(w, false, "the server notices that a writer is gone");
}

static void check_taking(world *w)
{
    host_identity one = host_new("one", TTL_MS), two = host_new("two", TTL_MS);
    store_pg *a = store_new(w, &one, true), *b = store_new(w, &two, true);
    store_port port = store_pg_port(a);
    actor_ref ref = actor_new(w);
    event_id event = actor_event(&ref.id);
    life_set(w, "1 hour");
    attempt t = take(a, &ref);
    check(w, t.taken && t.epoch == 1, "a lease that nobody had is taken");
    check(w,
          sql_number(w, "SELECT slot FROM actor_lease WHERE actor = '%s'", uuid_text(&ref.id.u)) ==
              tag_slot(event_tag(&event)),
          "its row knows the event's slot");
    t = take(a, &ref);
    check(w, t.taken && t.epoch == 2, "every take is an epoch, also of one's own lease");
    check(w, refused(take(b, &ref), &one), "a live host keeps its lease");
    check(w, port.lease_release(port.self, &ref.id, 1) == STORE_FENCED,
          "a former epoch releases nothing");
    check(w, port.lease_release(port.self, &ref.id, 2) == STORE_OK, "a lease is released");
    t = take(b, &ref);
    check(w, t.taken && t.epoch == 3, "and another host takes it");
    store_port other = store_pg_port(b);
    check(w, other.lease_give(other.self, &ref.id, 2, &one.id) == STORE_FENCED,
          "a former epoch gives nothing");
    uuid absent = uuid_new();
    check(w, other.lease_give(other.self, &ref.id, 3, &absent) == STORE_REFUSED,
          "nothing is given to a host that is not there");
    check(w, other.lease_give(other.self, &ref.id, 3, &one.id) == STORE_OK, "a lease is given");
    check(w, refused(take(b, &ref), &one), "it belongs to the other host at once");
    t = take(a, &ref);
    check(w, t.taken && t.epoch == 5, "which takes it in an epoch of its own");
    sql_run(w, "UPDATE actor_lease SET epoch = 3, holder = '%s' WHERE actor = '%s'",
            uuid_text(&two.id), uuid_text(&ref.id.u));
    writer_end(w, b, &two);
    t = take(a, &ref);
    check(w, t.taken && t.epoch == 4, "a dead host's lease is taken at once");
    uuid nobody = uuid_new();
    sql_run(w, "UPDATE actor_lease SET holder = '%s' WHERE actor = '%s'", uuid_text(&nobody),
            uuid_text(&ref.id.u));
    t = take(a, &ref);
    check(w, t.taken && t.epoch == 5, "a lease of a host without a row is taken");
    actor_ref partition = actor_of_partition(ACTOR_PAYMENT, 3);
    check(w, take(a, &partition).taken, "partitions have leases too");
    writer_end(w, a, &one);
}

// A holder that was stopped in the middle of a commit: its session has the lease's row, and
// nothing it is asked reaches it.
static PGconn *paused_holder(world *w, const host_identity *host, const actor_ref *ref)
{
    PGconn *pg = PQconnectdb(w->store_url);
    sql_run(w,
            "INSERT INTO host (id, name, lock_key, backend_pid, backend_start, kinds, ttl_ms,"
            " heartbeat_at) SELECT '%s', 'paused', %lld, pid, backend_start, 30, %d,"
            " now() - interval '1 hour' FROM pg_stat_activity WHERE pid = %d",
            uuid_text(&host->id), (long long)host_lock_key(&host->id), TTL_MS, PQbackendPID(pg));
    sql_run(w,
            "INSERT INTO actor_lease (actor, kind, slot, epoch, holder) VALUES ('%s', 1, 0, 4,"
            " '%s')",
            uuid_text(&ref->id.u), uuid_text(&host->id));
    char sql[256];
    snprintf(sql, sizeof sql, "SELECT pg_advisory_lock(%lld)", (long long)host_lock_key(&host->id));
    PQclear(PQexec(pg, sql));
    snprintf(sql, sizeof sql, "UPDATE actor_lease SET cursor_seq = 1 WHERE actor = '%s'",
             uuid_text(&ref->id.u));
    PQenterPipelineMode(pg);
    int sent = PQsendQueryParams(pg, sql, 0, NULL, NULL, NULL, NULL, 0) && PQsendFlushRequest(pg) &&
               PQflush(pg) == 0;
    if (!sent || !sql_until(w, 1,
                            "SELECT count(*) FROM pg_stat_activity WHERE pid = %d"
                            " AND backend_xid IS NOT NULL",
                            PQbackendPID(pg)))
        check(w, false, "a pipeline without its end keeps its transaction open");
    return pg;
}

static void check_paused(world *w)
{
    host_identity one = host_new("one", TTL_MS), two = host_new("two", TTL_MS);
    store_pg *a = store_new(w, &one, true);
    actor_ref ref = actor_new(w), other = actor_new(w);
    life_set(w, "1 hour");
    PGconn *paused = paused_holder(w, &two, &ref);
    int pid = PQbackendPID(paused);
    attempt t = take(a, &ref);
    check(w, t.taken && t.epoch == 5,
          "a paused host's lease is taken, in spite of its open commit");
    check(w,
          sql_number(w, "SELECT count(*) FROM pg_stat_activity WHERE pid = %d", pid) == 0 &&
              sql_number(w, "SELECT cursor_seq FROM actor_lease WHERE actor = '%s'",
                         uuid_text(&ref.id.u)) == 0,
          "its backend is gone and its commit undone");
    PQfinish(paused);

    host_identity three = host_new("three", TTL_MS);
    PGconn *innocent = PQconnectdb(w->store_url);
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT pg_advisory_lock(%lld)", (long long)host_lock_key(&three.id));
    PQclear(PQexec(innocent, sql));
    sql_run(w,
            "INSERT INTO host (id, name, lock_key, backend_pid, backend_start, kinds, ttl_ms,"
            " heartbeat_at) VALUES ('%s', 'old', %lld, %d, now() - interval '2 hours', 30, %d,"
            " now() - interval '1 hour')",
            uuid_text(&three.id), (long long)host_lock_key(&three.id), PQbackendPID(innocent),
            TTL_MS);
    sql_run(w,
            "INSERT INTO actor_lease (actor, kind, slot, epoch, holder) VALUES ('%s', 1, 0, 1,"
            " '%s')",
            uuid_text(&other.id.u), uuid_text(&three.id));
    check(w, take(a, &other).taken, "a silent host's lease is taken");
    check(w,
          sql_number(w, "SELECT count(*) FROM pg_stat_activity WHERE pid = %d",
                     PQbackendPID(innocent)) == 1,
          "a session that merely has the pid of its backend lives on");
    PQfinish(innocent);
    writer_end(w, a, &one);
}

static void check_stale_writer(world *w)
{
    host_identity one = host_new("one", TTL_MS), two = host_new("two", TTL_MS);
    store_pg *a = store_new(w, &one, true), *b = store_new(w, &two, true);
    journal *j = journal_new();
    actor_ref ref = actor_new(w);
    event_id event = actor_event(&ref.id);
    int32_t seat = 1;
    life_set(w, "1 hour");
    test_actor actor = actor_take(a, ref);
    host_silent(w, &one);
    check(w, take(b, &ref).taken, "who does not beat for a time to live loses its actors");
    journal_reserve(j, &event, &seat, 1);
    actor_move(j, &actor);
    check(w, actor_commit(a, j, &actor) == STORE_UNKNOWN, "its writer finds its session ended");
    check(w, actor_commit(a, j, &actor) == STORE_FENCED, "and, back again, is fenced");
    check(w,
          sql_number(w, "SELECT count(*) FROM reservation WHERE event_id = '%s'",
                     uuid_text(&event.u)) == 0,
          "it wrote nothing");
    journal_free(j);
    writer_end(w, a, &one);
    writer_end(w, b, &two);
}

static void check_new_life(world *w)
{
    host_identity one = host_new("one", TTL_MS), two = host_new("two", TTL_MS);
    store_pg *a = store_new(w, &one, true), *b = store_new(w, &two, true);
    actor_ref ref = actor_new(w);
    check(w, take(b, &ref).taken, "a lease is taken");
    writer_end(w, b, &two);
    host_silent(w, &two);
    life_set(w, "0 s");
    int64_t began_us = wall_us();
    check(w, refused(take(a, &ref), &two),
          "after a promotion neither a missing lock nor silence counts");
    attempt t = {0};
    while (!t.taken && wall_us() < began_us + 10000000) {
        poll(NULL, 0, 20);
        t = take(a, &ref);
    }
    check(w, t.taken && wall_us() - began_us >= (TTL_MS - 50) * 1000,
          "until one time to live has passed");
    sql_run(w, "UPDATE server_life SET since = 'epoch', postmaster_start = 'epoch'");
    store_pg *again = store_new(w, &two, true);
    check(w,
          sql_number(w, "SELECT count(*) FROM server_life WHERE since > clock_timestamp() -"
                        " interval '10 s' AND postmaster_start = pg_postmaster_start_time()") == 1,
          "an orderly restart begins a new life, noted by who connects first");
    check(w, !take(again, &ref).taken, "the new holder keeps it");
    actor_ref next = actor_new(w);
    check(w, take(again, &next).taken, "a host that came back takes what is free");
    writer_end(w, again, &two);
    check(w, take(a, &next).taken, "when it dies in the new life it is known to be dead");
    writer_end(w, a, &one);
}

static void check_hosts(world *w)
{
    host_identity one = host_new("one", TTL_MS), two = host_new("two", TTL_MS);
    store_pg *a = store_new(w, &one, true), *b = store_new(w, &two, true);
    host_link *link = host_link_open(w->store_url, &one);
    host_row rows[16];
    uint32_t count = 0;
    sql_run(w, "UPDATE host SET heartbeat_at = now() - interval '1 hour'");
    check(w, host_beat(link) == STORE_OK, "a host beats");
    check(w,
          host_list(link, rows, 16, &count) == STORE_OK && count == 1 &&
              uuid_equal(&rows[0].id, &one.id) && strcmp(rows[0].name, "one") == 0 &&
              rows[0].kinds == one.kinds && !rows[0].stopping,
          "the silent ones are not in the list of the living");
    check(w,
          host_stop(link) == STORE_OK && host_list(link, rows, 16, &count) == STORE_OK &&
              rows[0].stopping,
          "a host that stops says so");
    int64_t pid = sql_number(w, "SELECT pid FROM pg_stat_activity"
                                " WHERE application_name = 'cavea heartbeat'");
    sql_run(w, "SELECT pg_terminate_backend(%lld, 5000)", (long long)pid);
    store_result first = host_beat(link), second = host_beat(link);
    check(w, first == STORE_UNKNOWN && second == STORE_OK,
          "a heartbeat whose connection was lost comes back");
    check(w, host_unregister(link) == STORE_OK && host_beat(link) == STORE_FENCED,
          "a host without a row learns of it");
    int64_t streams[3] = {0};
    check(w,
          host_stream_seen(link, "CAVEA_IN", 100, &streams[0]) == STORE_OK &&
              host_stream_seen(link, "CAVEA_IN", 50, &streams[1]) == STORE_OK &&
              host_stream_seen(link, "CAVEA_IN", 100, &streams[2]) == STORE_OK &&
              streams[0] < streams[1] && streams[0] == streams[2],
          "incarnations are ordered by when they were first seen");
    host_link_close(link);
    writer_end(w, a, &one);
    writer_end(w, b, &two);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "store_lease_check OWNER_URL STORE_URL\n");
        return 2;
    }
    world w;
    world_init(&w, argv[1], argv[2]);
    check_taking(&w);
    check_paused(&w);
    check_stale_writer(&w);
    check_new_life(&w);
    check_hosts(&w);
    return world_done(&w);
}
