// The hosts of actors as rows of table host: who is alive, which kinds it takes, and by which
// session it can be proved dead. A host proves its life twice: by a heartbeat from a connection of
// its own, and by an advisory lock that its writer's session holds (store/lease.h tells how both
// are read). A host that was killed loses the lock at once; one that is paused or cut off stops
// beating.
// host_link is the heartbeat's connection: one thread at a time, in need of nothing else. Its
// commits do not wait for a standby, so that a lost standby does not look like dead hosts. Beat
// only while the tick thread makes progress: a heartbeat is a promise about it.
// Errors: STORE_UNKNOWN when the database is away (the next call connects again).
#ifndef CAVEA_STORE_HOST_H
#define CAVEA_STORE_HOST_H

#include "store/store.h"

enum { HOST_NAME_BYTES = 64, HOST_TTL_MS_MIN = 500, HOST_TTL_MS_MAX = 60000 };

typedef struct host_identity {
    uuid id;                    // new at each start of the process
    char name[HOST_NAME_BYTES]; // for people
    uint32_t kinds;             // bit 1 << actor_kind
    int32_t ttl_ms;             // silent for longer: its actors may be taken
} host_identity;

typedef struct host_row {
    uuid id;
    char name[HOST_NAME_BYTES];
    uint32_t kinds;
    bool stopping; // takes no more actors
    int64_t heartbeat_us;
} host_row;

typedef struct host_link host_link;

// Never connects by itself; NULL when memory is out. url and identity are copied.
host_link *host_link_open(const char *url, const host_identity *identity);
void host_link_close(host_link *h);              // NULL is nothing
const char *host_link_error(const host_link *h); // why the last call failed, one line

// I am alive. STORE_FENCED: the row is gone; the writer registers it when it connects next.
MUST_CHECK store_result host_beat(host_link *h);
// Hosts whose heartbeat is younger than their time to live, by the database's clock.
MUST_CHECK store_result host_list(host_link *h, host_row *ret_rows, uint32_t rows_max,
                                  uint32_t *ret_count);
// From now on no host sends this one an actor.
MUST_CHECK store_result host_stop(host_link *h);
// Forgets the host, after its leases were released. What it still held is free at once.
MUST_CHECK store_result host_unregister(host_link *h);
// Notes that a stream exists in this incarnation (its creation time in unix nanoseconds).
// Incarnations are ordered by *ret_ordinal, given out by the database, never by their times.
MUST_CHECK store_result host_stream_seen(host_link *h, const char *stream, int64_t incarnation,
                                         int64_t *ret_ordinal);

#endif
