// The system of record behind store_port: PostgreSQL. A store owns one connection and belongs to
// one thread; a process opens as many as it has threads that ask. One of a host's stores is its
// writer: its session holds the host's advisory lock and is the one that commits.
// A call that finds the connection lost connects again, patiently up to patience_ms, and answers
// STORE_UNKNOWN when the database stays away; call again. A writer that connects again takes the
// lock again and tells its new backend. Only its own statements are ever repeated by the caller:
// the store repeats nothing.
#ifndef CAVEA_STORE_STORE_PG_H
#define CAVEA_STORE_STORE_PG_H

#include "store/host.h"

typedef struct store_pg store_pg;

typedef struct store_pg_options {
    const char *url;
    host_identity host; // on whose behalf leases are taken
    bool is_writer;
    int statement_timeout_ms; // bounds each statement in the server, not the wait for a standby; 0:
                              // 5000
    int reply_timeout_ms;     // the store gives a connection up; 0: 20000
    int patience_ms;          // for connecting again; 0: 1000
} store_pg_options;

// Connects, and registers a writer. *ret_store is set whenever memory sufficed, also when the
// database is away (STORE_UNKNOWN) and calls will connect later; NULL otherwise.
MUST_CHECK store_result store_pg_open(const store_pg_options *options, store_pg **ret_store);
void store_pg_close(store_pg *s); // NULL is nothing
// The store as the runtime sees it; borrowed until store_pg_close.
store_port store_pg_port(store_pg *s);
// Why the last call failed, one line, for a log.
const char *store_pg_error(const store_pg *s);

#endif
