#include "store/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct connection {
    PGconn *pg;
    int reply_timeout_ms;
    uint32_t queued;
    bool send_failed;
    bool unreplicated; // since the last connection_run began
    char error[256];
};

int64_t connection_clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// The first line of libpq's text, which ends lines and adds details.
static void error_keep(char *ret_error, size_t error_bytes, const char *text)
{
    size_t length = strcspn(text, "\n");
    snprintf(ret_error, error_bytes, "%.*s", (int)(length < 512 ? length : 512), text);
}

bool connection_notice_unreplicated(const char *severity, const char *source_function,
                                    const char *message)
{
    if (severity == NULL || strcmp(severity, "WARNING") != 0)
        return false;
    // The text may be translated, the function's name never is.
    return (source_function != NULL && strcmp(source_function, "SyncRepWaitForLSN") == 0) ||
           (message != NULL && strstr(message, "wait for synchronous replication") != NULL);
}

static void notice_receive(void *self, const PGresult *notice)
{
    connection *c = self;
    if (connection_notice_unreplicated(PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED),
                                       PQresultErrorField(notice, PG_DIAG_SOURCE_FUNCTION),
                                       PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY)))
        c->unreplicated = true;
}

store_result connection_sqlstate(const char *sqlstate)
{
    static const char *const refused[] = {
        "21", // cardinality violation: one row twice in a statement
        "22", // data exception: a guard's division by zero
        "23", // integrity constraint violation
        "40", // deadlock, serialization failure: rolled back, may be tried again
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strncmp(sqlstate, refused[i], 2) == 0)
            return STORE_REFUSED;
    return STORE_UNKNOWN;
}

void pipeline_done(pipeline *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        PQclear(p->rows[i]);
    *p = (pipeline){0};
}

static PGconn *session_open(const connection_options *o)
{
    // What stands before dbname can be overruled by the url.
    const char *const keywords[] = {"connect_timeout",  "tcp_user_timeout",
                                    "keepalives_idle",  "keepalives_interval",
                                    "keepalives_count", "target_session_attrs",
                                    "dbname",           "application_name",
                                    "client_encoding",  NULL};
    const char *const values[] = {"2",    "2000",
                                  "1",    "1",
                                  "2",    o->read_only ? "any" : "read-write",
                                  o->url, o->application_name,
                                  "UTF8", NULL};
    return PQconnectdbParams(keywords, values, 1);
}

void connection_close(connection *c)
{
    if (c == NULL)
        return;
    PQfinish(c->pg);
    free(c);
}

bool connection_alive(const connection *c)
{
    return c->pg != NULL;
}

const char *connection_error(const connection *c)
{
    return c->error;
}

// Closes the socket at once, so that the server notices and frees what the session held.
static store_result connection_lose(connection *c, const char *why)
{
    if (why != c->error)
        error_keep(c->error, sizeof c->error, why != NULL ? why : PQerrorMessage(c->pg));
    PQfinish(c->pg);
    c->pg = NULL;
    c->queued = 0;
    return STORE_UNKNOWN;
}

void connection_send(connection *c, const statement *s, const params *p)
{
    static const params none;
    if (p == NULL)
        p = &none;
    assert(c->queued < PIPELINE_STATEMENTS_MAX);
    c->queued++;
    if (c->pg == NULL || c->send_failed)
        return;
    if (!PQsendQueryPrepared(c->pg, s->name, p->count, p->values, p->lengths, p->formats, 1))
        c->send_failed = true;
}

// Waits until a result can be taken without blocking, sending meanwhile what is not sent yet.
static bool result_wait(connection *c, int64_t deadline_ms)
{
    while (PQisBusy(c->pg)) {
        int unsent = PQflush(c->pg);
        int64_t left_ms = deadline_ms - connection_clock_ms();
        if (unsent < 0 || left_ms <= 0)
            return false;
        struct pollfd fd = {PQsocket(c->pg), (short)(POLLIN | (unsent > 0 ? POLLOUT : 0)), 0};
        if (poll(&fd, 1, (int)left_ms) < 0 && errno != EINTR)
            return false;
        if ((fd.revents & (POLLIN | POLLERR | POLLHUP)) != 0 && !PQconsumeInput(c->pg))
            return false;
    }
    return true;
}

// Files one result under the statement it belongs to. The first error is the one that counts: what
// follows it was never executed. False: the error did not come from the server.
static bool result_file(connection *c, pipeline *p, uint32_t at, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_FATAL_ERROR && p->sqlstate[0] == 0) {
        const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        error_keep(c->error, sizeof c->error, PQresultErrorMessage(result));
        if (sqlstate == NULL || strlen(sqlstate) != 5)
            return false;
        memcpy(p->sqlstate, sqlstate, sizeof p->sqlstate);
        p->failed_at = at;
    }
    if ((status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) && at < p->count &&
        p->rows[at] == NULL)
        p->rows[at] = result;
    else
        PQclear(result);
    return true;
}

// Takes results up to the Sync's.
static bool results_take(connection *c, pipeline *p, int64_t deadline_ms)
{
    uint32_t at = 0;
    for (;;) {
        if (!result_wait(c, deadline_ms))
            return false;
        PGresult *result = PQgetResult(c->pg);
        if (result == NULL) {
            if (PQstatus(c->pg) != CONNECTION_OK || at++ > p->count)
                return false;
            continue;
        }
        if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            return true;
        }
        if (!result_file(c, p, at, result)) {
            PQclear(result);
            return false;
        }
    }
}

// An explicit transaction that failed half-way would swallow everything that follows.
static bool transaction_end(connection *c)
{
    pipeline ignored = {.count = 1};
    if (PQtransactionStatus(c->pg) == PQTRANS_IDLE)
        return true;
    bool done = PQsendQueryParams(c->pg, "ROLLBACK", 0, NULL, NULL, NULL, NULL, 1) &&
                PQpipelineSync(c->pg) &&
                results_take(c, &ignored, connection_clock_ms() + c->reply_timeout_ms) &&
                PQtransactionStatus(c->pg) == PQTRANS_IDLE;
    pipeline_done(&ignored);
    return done;
}

// What the server said before it closed the connection tells more than that it did.
static const char *loss_reason(const connection *c, const pipeline *p, int64_t deadline_ms)
{
    if (p->sqlstate[0] != 0)
        return c->error;
    return connection_clock_ms() >= deadline_ms ? "no answer in time" : NULL;
}

store_result connection_run(connection *c, pipeline *ret)
{
    PIPELINE_AUTO p = {.count = c->queued};
    c->queued = 0;
    if (c->pg == NULL)
        return STORE_UNKNOWN;
    c->unreplicated = false;
    if (c->send_failed || !PQpipelineSync(c->pg))
        return connection_lose(c, NULL);
    int64_t deadline_ms = connection_clock_ms() + c->reply_timeout_ms;
    if (!results_take(c, &p, deadline_ms))
        return connection_lose(c, loss_reason(c, &p, deadline_ms));
    if (!transaction_end(c))
        return connection_lose(c, NULL);
    if (p.sqlstate[0] != 0) {
        ret->failed_at = p.failed_at;
        memcpy(ret->sqlstate, p.sqlstate, sizeof ret->sqlstate);
        return connection_sqlstate(p.sqlstate);
    }
    if (c->unreplicated) {
        error_keep(c->error, sizeof c->error, "a commit did not wait for its standby");
        return STORE_UNKNOWN;
    }
    for (uint32_t i = 0; i < p.count; i++)
        if (p.rows[i] == NULL)
            return connection_lose(c, "a statement without a result");
    *ret = p;
    p = (pipeline){0};
    return STORE_OK;
}

store_result connection_ask(connection *c, const statement *s, const params *p, pipeline *ret)
{
    connection_send(c, s, p);
    return connection_run(c, ret);
}

store_result connection_prepare(connection *c, const statement *statements, uint32_t count)
{
    store_result result = STORE_OK;
    for (uint32_t at = 0; at < count && result == STORE_OK;) {
        PIPELINE_AUTO p = {0};
        if (c->pg == NULL)
            return STORE_UNKNOWN;
        for (; at < count && c->queued < PIPELINE_STATEMENTS_MAX; at++, c->queued++)
            if (!PQsendPrepare(c->pg, statements[at].name, statements[at].sql, 0, NULL))
                c->send_failed = true;
        result = connection_run(c, &p);
    }
    return result;
}

// Settings of the session, made after connecting so that options in the url stay. Those of tcp make
// the server notice a client that was cut off, and free what it holds, within about three seconds
// (they do nothing on a unix socket).
static bool session_set(connection *c, const connection_options *o)
{
    static const char *const plans[] = {
        [PLANS_BY_SERVER] = "",
        [PLANS_OF_KEYS] = ", set_config('plan_cache_mode', 'force_generic_plan', false)"
                          ", set_config('enable_seqscan', 'off', false)"
                          ", set_config('enable_hashjoin', 'off', false)"
                          ", set_config('enable_mergejoin', 'off', false)",
        [PLANS_FRESH] = ", set_config('plan_cache_mode', 'force_custom_plan', false)",
    };
    char sql[1536];
    PIPELINE_AUTO p = {0};
    snprintf(sql, sizeof sql,
             "SELECT set_config('statement_timeout', '%d', false),"
             " set_config('synchronous_commit', '%s', false),"
             " set_config('default_transaction_read_only', '%s', false),"
             " set_config('jit', 'off', false), set_config('timezone', 'UTC', false),"
             " set_config('max_parallel_workers_per_gather', '0', false),"
             " set_config('tcp_keepalives_idle', '1', false),"
             " set_config('tcp_keepalives_interval', '1', false),"
             " set_config('tcp_keepalives_count', '2', false),"
             " set_config('tcp_user_timeout', '2000', false)%s",
             o->statement_timeout_ms > 0 ? o->statement_timeout_ms : STATEMENT_TIMEOUT_DEFAULT_MS,
             o->asynchronous_commit ? "off" : "on", o->read_only ? "on" : "off", plans[o->plans]);
    c->queued = 1;
    c->send_failed = !PQsendQueryParams(c->pg, sql, 0, NULL, NULL, NULL, NULL, 1);
    return connection_run(c, &p) == STORE_OK;
}

connection *connection_open(const connection_options *o, char *ret_error, size_t error_bytes)
{
    connection *c = calloc(1, sizeof *c);
    PGconn *pg = session_open(o);
    if (c == NULL || pg == NULL) {
        error_keep(ret_error, error_bytes, "out of memory");
        PQfinish(pg);
        free(c);
        return NULL;
    }
    c->pg = pg;
    c->reply_timeout_ms = o->reply_timeout_ms > 0 ? o->reply_timeout_ms : REPLY_TIMEOUT_DEFAULT_MS;
    PQsetNoticeReceiver(pg, notice_receive, c);
    if (PQstatus(pg) != CONNECTION_OK || PQsetnonblocking(pg, 1) != 0 ||
        PQenterPipelineMode(pg) != 1)
        (void)connection_lose(c, NULL);
    else if (session_set(c, o))
        return c;
    error_keep(ret_error, error_bytes, c->error);
    connection_close(c);
    return NULL;
}
