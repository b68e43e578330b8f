// Leases of actors: who may decide for an actor, in which epoch, from which cursor on. Each take is
// a statement or two that commit at once, so that a paused host never sits on a lease row.
//
// When a lease may be taken from another host (by the database's clock only):
//   1. Its host has no row: it unregistered, or never was.
//   2. Its host's advisory lock is free: the writer's session ended, so the process is dead.
//   3. Its host is silent for longer than its time to live: paused or cut off. It may sit in the
//      middle of a commit, so its writer's backend is terminated first. The backend is named by pid
//      and start, so a reused pid is left alone; that its client is not answered is safe, because
//      everything it could still do is fenced off or unknown to it. All hosts have one database
//      role, so that one may end the other's session.
//
// After a promotion, a crash or a restart of the server every advisory lock is gone and every
// heartbeat is as old as the outage, while the hosts are alive and on their way back. So 2 and 3
// need more: a lock or a heartbeat counts against a host only when a whole time to live of that
// host has passed since the server came to life, or, for 2, when the host has registered with this
// life of the server and lost its lock again. The life is the row of server_life: the table is
// unlogged, so it is empty after a crash and on a promoted standby, and the row's postmaster_start
// tells an orderly restart; the first store that connects writes it. Whatever is decided here
// wrongly costs only time: the epoch grows with every take, and the fence of a commit
// (store/commit.h) is what keeps a former holder out.
#ifndef CAVEA_STORE_LEASE_H
#define CAVEA_STORE_LEASE_H

#include "store/connection.h"

enum { LEASE_STATEMENTS = 8 };
extern const statement lease_statements[LEASE_STATEMENTS];

// The store_port functions of the same names, on a connection.
MUST_CHECK store_result lease_take(connection *c, params *scratch, const uuid *host,
                                   const actor_ref *actor, lease *ret_lease, bool *ret_taken,
                                   uuid *ret_holder);
// STORE_FENCED: the epoch is over, somebody else has it.
MUST_CHECK store_result lease_release(connection *c, params *scratch, const uuid *host,
                                      const actor_id *actor, int64_t epoch);
MUST_CHECK store_result lease_give(connection *c, params *scratch, const uuid *host,
                                   const actor_id *actor, int64_t epoch, const uuid *to);
MUST_CHECK store_result lease_still_held(connection *c, params *scratch, const uuid *host,
                                         const lease_move *moves, uint32_t count, bool *ret_held);

#endif
