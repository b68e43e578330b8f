// What a store answers when the database fails in the middle: store_fault_check OWNER_URL
// STORE_URL. The owner is a superuser and the server is this test's own. store.sh makes it and runs
// this last.
#include "store/row.h"
#include "tests/support/store_world.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct commit_job { // one commit on a thread of its own, to be disturbed meanwhile
    pthread_t thread;
    store_pg *s;
    journal *j;
    test_actor actor;
    event_id event;
    store_result result;
    atomic_bool done;
} commit_job;

static void *commit_thread(void *self)
{
    commit_job *job = self;
    job->result = actor_commit(job->s, job->j, &job->actor);
    job->done = true;
    return NULL;
}

static void job_init(commit_job *job, world *w, store_pg *s)
{
    *job = (commit_job){.s = s, .j = journal_new(), .event = world_event(w, 100)};
    job->actor = actor_take(s, actor_of_event(&job->event));
}

static void job_fill(commit_job *job, int32_t seat)
{
    journal_clear(job->j);
    journal_reserve(job->j, &job->event, &seat, 1);
    actor_move(job->j, &job->actor);
}

static void job_start(commit_job *job, int32_t seat)
{
    job_fill(job, seat);
    job->done = false;
    if (pthread_create(&job->thread, NULL, commit_thread, job) != 0)
        exit(2);
}

static store_result job_end(commit_job *job)
{
    pthread_join(job->thread, NULL);
    return job->result;
}

static int64_t rows_of(world *w, const commit_job *job)
{
    return sql_number(w, "SELECT count(*) FROM reservation WHERE event_id = '%s'",
                      uuid_text(&job->event.u));
}

static int64_t backend_of(world *w, const host_identity *host)
{
    return sql_number(w, "SELECT backend_pid FROM host WHERE id = '%s'", uuid_text(&host->id));
}

static bool waits_for(world *w, int64_t pid, const char *event_type)
{
    return sql_until(w, 1,
                     "SELECT count(*) FROM pg_stat_activity WHERE pid = %lld AND '%s' IN"
                     " (wait_event_type, wait_event)",
                     (long long)pid, event_type);
}

// Somebody else has the lease's row, so that a commit waits at its fence.
static void row_hold(world *w, const commit_job *job, const char *change)
{
    sql_run(w, "BEGIN; UPDATE actor_lease SET %s WHERE actor = '%s'", change,
            uuid_text(&job->event.u));
}

static void check_killed(world *w)
{
    host_identity host = host_new("killed", 3000);
    store_pg *s = store_new(w, &host, true);
    commit_job job;
    job_init(&job, w, s);
    int64_t pid = backend_of(w, &host);
    row_hold(w, &job, "claimed = 0");
    job_start(&job, 1);
    check(w, waits_for(w, pid, "Lock"), "a commit is under way");
    sql_run(w, "SELECT pg_terminate_backend(%lld)", (long long)pid);
    check(w, job_end(&job) == STORE_UNKNOWN, "a connection lost in a commit leaves it unknown");
    check(w, store_pg_error(s)[0] != 0, "and says why: %s", store_pg_error(s));
    sql_run(w, "ROLLBACK");
    job_start(&job, 2);
    check(w, job_end(&job) == STORE_OK, "the next commit connects again");
    check(w, rows_of(w, &job) == 1, "the lost one was not written");
    int64_t again = backend_of(w, &host);
    check(w,
          again != pid && sql_number(w,
                                     "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                                     " AND mode = 'ExclusiveLock' AND pid = %lld",
                                     (long long)again) == 1,
          "the host's row names the new backend, which has the lock");
    journal_free(job.j);
    store_pg_close(s);
}

static void check_race(world *w)
{
    host_identity host = host_new("race", 3000);
    store_pg *s = store_new(w, &host, true);
    commit_job job;
    job_init(&job, w, s);
    row_hold(w, &job, "epoch = epoch + 1");
    job_start(&job, 1);
    check(w, waits_for(w, backend_of(w, &host), "Lock"), "a commit waits for who takes its lease");
    sql_run(w, "COMMIT");
    check(w, job_end(&job) == STORE_FENCED && rows_of(w, &job) == 0,
          "and is fenced by what it finds then");
    journal_free(job.j);
    store_pg_close(s);
}

static void check_slow(world *w)
{
    host_identity host = host_new("slow", 3000);
    store_pg_options options = {
        .url = w->store_url, .host = host, .statement_timeout_ms = 200, .reply_timeout_ms = 1000};
    store_pg *s = NULL;
    commit_job job;
    check(w, store_pg_open(&options, &s) == STORE_OK, "a store with short patience");
    job_init(&job, w, s);
    row_hold(w, &job, "claimed = 0");
    job_start(&job, 1);
    check(w, job_end(&job) == STORE_UNKNOWN, "a statement that takes too long leaves it unknown");
    sql_run(w, "ROLLBACK");
    job_start(&job, 1);
    check(w, job_end(&job) == STORE_OK, "the connection is still good");
    int64_t pid = sql_number(w, "SELECT pid FROM pg_stat_activity"
                                " WHERE application_name = 'cavea store'");
    kill((pid_t)pid, SIGSTOP);
    int64_t began_us = wall_us();
    job_start(&job, 2);
    check(w, job_end(&job) == STORE_UNKNOWN && wall_us() - began_us < 3000000,
          "a server that does not answer is given up in time");
    kill((pid_t)pid, SIGCONT);
    check(w,
          sql_until(w, 0, "SELECT count(*) FROM pg_stat_activity WHERE pid = %lld", (long long)pid),
          "whose session ends when it goes on");
    bool written = rows_of(w, &job) == 2;
    job_start(&job, 3);
    check(w, job_end(&job) == (written ? STORE_FENCED : STORE_OK),
          "what became of it shows in the cursor (it was %s)", written ? "written" : "not written");
    journal_free(job.j);
    store_pg_close(s);
}

// Commits until one waits for a standby: the server takes a moment to want one.
static bool standby_awaited(world *w, commit_job *job, int64_t pid)
{
    int32_t seat = 0;
    job_start(job, seat);
    for (int64_t until = wall_us() + 10000000; wall_us() < until; poll(NULL, 0, 5)) {
        if (sql_number(w,
                       "SELECT count(*) FROM pg_stat_activity WHERE pid = %lld AND"
                       " wait_event = 'SyncRep'",
                       (long long)pid) == 1)
            return true;
        if (job->done && job_end(job) == STORE_OK)
            job_start(job, ++seat);
    }
    return false;
}

static void check_unreplicated(world *w)
{
    host_identity host = host_new("unreplicated", 3000);
    store_pg *s = store_new(w, &host, true);
    commit_job job;
    job_init(&job, w, s);
    int64_t pid = backend_of(w, &host);
    sql_run(w, "SET synchronous_commit = off");
    sql_run(w, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    sql_run(w, "SELECT pg_reload_conf()");
    check(w, standby_awaited(w, &job, pid), "a commit waits for its standby");
    int64_t before = rows_of(w, &job);
    sql_run(w, "SELECT pg_cancel_backend(%lld)", (long long)pid);
    check(w, job_end(&job) == STORE_UNKNOWN, "a cancelled wait looks committed and is unknown");
    check(w, rows_of(w, &job) == before + 1, "though it was written");
    sql_run(w, "ALTER SYSTEM RESET synchronous_standby_names");
    sql_run(w, "SELECT pg_reload_conf()");
    job.actor.cursor++, job.actor.incarnation = 7;
    job_start(&job, 99);
    check(w, job_end(&job) == STORE_OK, "with a standby, or none wanted, commits go on");
    sql_run(w, "RESET synchronous_commit");
    journal_free(job.j);
    store_pg_close(s);
}

static void check_deadlock(world *w)
{
    host_identity host = host_new("deadlock", 3000);
    store_pg *s = store_new(w, &host, true);
    commit_job job;
    int32_t seat = 9;
    job_init(&job, w, s);
    sql_run(w, "BEGIN; INSERT INTO seat_claim VALUES (%lld, '%s')",
            (long long)row_seat_key(event_tag(&job.event), seat), uuid_text(&host.id));
    job_start(&job, seat);
    check(w, waits_for(w, backend_of(w, &host), "Lock"), "a claim waits for another claim");
    sql_run(w, "SET deadlock_timeout = '20s'");
    PGresult *result = NULL;
    char sql[256];
    snprintf(sql, sizeof sql, "UPDATE actor_lease SET claimed = 1 WHERE actor = '%s'",
             uuid_text(&job.event.u));
    result = PQexec(w->sql, sql);
    PQclear(result);
    check(w, job_end(&job) == STORE_REFUSED, "a deadlock is refused: it can be tried again");
    sql_run(w, "ROLLBACK; RESET deadlock_timeout");
    job_start(&job, seat);
    check(w, job_end(&job) == STORE_OK, "and then succeeds");
    journal_free(job.j);
    store_pg_close(s);
}

// kill -9 of a backend: the server ends every session and recovers.
static void check_crash(world *w)
{
    host_identity host = host_new("crash", 3000);
    store_pg *s = store_new(w, &host, true);
    store_port port = store_pg_port(s);
    commit_job job;
    job_init(&job, w, s);
    job_start(&job, 1);
    check(w, job_end(&job) == STORE_OK, "a seat is held before the crash");
    sql_run(w, "UPDATE server_life SET since = now() - interval '1 hour'");
    PGconn *victim = PQconnectdb(w->url);
    kill(PQbackendPID(victim), SIGKILL);
    int64_t now_us = 0, until_us = wall_us() + 20000000;
    while (PQstatus(w->sql) == CONNECTION_OK && wall_us() < until_us) {
        PQclear(PQexec(w->sql, "SELECT 1"));
        poll(NULL, 0, 5);
    }
    store_result result = port.now(port.self, &now_us), first = result;
    while (result != STORE_OK && wall_us() < until_us)
        result = port.now(port.self, &now_us);
    PQfinish(victim);
    check(w, first == STORE_UNKNOWN && result == STORE_OK,
          "a crash of the server is survived: unknown, then connected again");
    PQreset(w->sql);
    check(w,
          sql_number(w, "SELECT count(*) FROM server_life"
                        " WHERE since > clock_timestamp() - interval '30 s'") == 1,
          "and the server's new life is noted");
    check(w, rows_of(w, &job) == 1, "what was committed is there");
    job_start(&job, 2);
    check(w, job_end(&job) == STORE_OK, "its holder goes on in the same epoch");
    journal_free(job.j);
    store_pg_close(s);
}

static void check_away(world *w)
{
    host_identity host = host_new("away", 3000);
    store_pg_options options = {
        .url = "host=/nonexistent user=x", .host = host, .patience_ms = 300};
    store_pg *s = NULL;
    int64_t began_us = wall_us(), now_us = 0;
    check(w, store_pg_open(&options, &s) == STORE_UNKNOWN && s != NULL,
          "a store opens without its database");
    check(w,
          store_pg_port(s).now(s, &now_us) == STORE_UNKNOWN && now_us == 0 &&
              wall_us() - began_us < 2000000,
          "and its patience is bounded: %s", store_pg_error(s));
    store_pg_close(s);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "store_fault_check OWNER_URL STORE_URL\n");
        return 2;
    }
    world w;
    world_init(&w, argv[1], argv[2]);
    check_killed(&w);
    check_race(&w);
    check_slow(&w);
    check_unreplicated(&w);
    check_deadlock(&w);
    check_away(&w);
    check_crash(&w);
    return world_done(&w);
}
