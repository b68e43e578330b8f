// One session with PostgreSQL in pipeline mode. Statements are prepared once; a caller queues some
// of them with connection_send and connection_run carries them to the server and their results back
// in one round trip: everything up to the Sync is one implicit transaction, so an error in one
// statement undoes all of them. Values travel in binary both ways.
// Knows no table. Never reconnects: a lost connection stays lost and its caller decides.
// One thread at a time. Errors: STORE_OK; STORE_REFUSED (the server said no and wrote nothing);
// STORE_UNKNOWN (lost, too late, or the server could not promise that a commit is replicated).
#ifndef CAVEA_STORE_CONNECTION_H
#define CAVEA_STORE_CONNECTION_H

#include "store/column.h"
#include "store/store.h"

enum {
    PIPELINE_STATEMENTS_MAX = 16,
    STATEMENT_TIMEOUT_DEFAULT_MS = 5000,
    // A commit that waits for its synchronous standby is not bounded by the server. Longer than the
    // standby's replacement takes (10 s), so that waiting commits end well.
    REPLY_TIMEOUT_DEFAULT_MS = 20000,
};

typedef struct statement {
    const char *name; // unique in a connection
    const char *sql;
} statement;

typedef enum connection_plans {
    PLANS_BY_SERVER,
    // Made once, without looking at values or sizes, and only of index look-ups: for statements
    // that find rows by their keys, whose plan must not depend on when it was made.
    PLANS_OF_KEYS,
    PLANS_FRESH, // made for each call's values: for filters that may be absent
} connection_plans;

typedef struct connection_options {
    const char *url;
    const char *application_name;
    int statement_timeout_ms; // the server ends a statement that takes longer; 0: default
    int reply_timeout_ms;     // the client gives the connection up; 0: default
    bool read_only;
    // Commits do not wait for the disk or a standby: for what may be lost, such as heartbeats.
    bool asynchronous_commit;
    connection_plans plans;
} connection_options;

typedef struct connection connection;

// What a pipeline brought back: results of the statements in the order they were queued, valid
// until pipeline_done. After an error failed_at is the queue position that the server refused.
typedef struct pipeline {
    PGresult *rows[PIPELINE_STATEMENTS_MAX];
    uint32_t count;
    uint32_t failed_at;
    char sqlstate[6]; // "" while nothing failed, and when the connection was lost
} pipeline;
void pipeline_done(pipeline *p);
#define PIPELINE_AUTO pipeline __attribute__((cleanup(pipeline_done)))

// Connects within about two seconds for each server of the url. NULL when there is none; then
// ret_error says why in one line.
connection *connection_open(const connection_options *options, char *ret_error, size_t error_bytes);
void connection_close(connection *c); // NULL is nothing

// Prepares statements in one round trip.
MUST_CHECK store_result connection_prepare(connection *c, const statement *statements,
                                           uint32_t count);
// Queues one statement; NULL params: it has none. What goes wrong here is told by connection_run.
void connection_send(connection *c, const statement *s, const params *p);
// Sends what was queued and waits for all of it. *ret holds results after STORE_OK only.
MUST_CHECK store_result connection_run(connection *c, pipeline *ret);
// connection_send and connection_run of a single statement.
MUST_CHECK store_result connection_ask(connection *c, const statement *s, const params *p,
                                       pipeline *ret);

int64_t connection_clock_ms(void); // monotonic, for deadlines
bool connection_alive(const connection *c);
// Why the last call failed, one line; "" when nothing failed yet.
const char *connection_error(const connection *c);

// What an SQLSTATE means to a caller that had not been answered: constraints, guards, deadlocks are
// STORE_REFUSED, everything else is STORE_UNKNOWN.
store_result connection_sqlstate(const char *sqlstate);
// Whether a notice says that a commit did not wait for its synchronous standby (SyncRepWaitForLSN
// of syncrep.c): the transaction is committed here and perhaps nowhere else. Any may be NULL.
bool connection_notice_unreplicated(const char *severity, const char *source_function,
                                    const char *message);

#endif
