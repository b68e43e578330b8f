// How a host's writer session makes itself known (store/host.h): the lock it holds, the backend it
// has. For store_pg.c, on a fresh connection. One thread.
#ifndef CAVEA_STORE_HOST_WRITER_H
#define CAVEA_STORE_HOST_WRITER_H

#include "store/connection.h"
#include "store/host.h"

enum { HOST_STATEMENTS = 5 };
extern const statement host_statements[HOST_STATEMENTS];

// Notes since when the server lives (store/lease.h), for every store that takes leases.
MUST_CHECK store_result host_life_note(connection *c);
// Takes the advisory lock for this session and writes the host's row. An earlier writer session of
// the same host is ended first: nobody waits for its answer any more.
MUST_CHECK store_result host_register(connection *c, params *scratch,
                                      const host_identity *identity);
int64_t host_lock_key(const uuid *host);

#endif
