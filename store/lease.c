#include "store/lease.h"

#include <stdlib.h>

enum {
    LEASE_INSERT,
    LEASE_CLAIM,
    LEASE_INSPECT,
    LEASE_TERMINATE,
    LEASE_WREST,
    LEASE_RELEASE,
    LEASE_STILL_HELD,
    LEASE_GIVE,
    LEASE_TAKE_TRIES = 3,
};

#define LEASE_COLUMNS                                                                              \
    "epoch, incarnation, cursor_seq, last_seq, last_hash, published_incarnation, published_seq,"   \
    " senders, greatest(clock_timestamp(), (SELECT f.at FROM fact f"                               \
    " WHERE f.actor = actor_lease.actor AND f.seq = actor_lease.last_seq))"
#define TTL "make_interval(secs => h.ttl_ms / 1000.0)"

const statement lease_statements[LEASE_STATEMENTS] = {
    // Looks before it inserts: a conflict with a row that a paused holder has in an open commit
    // would wait for that commit.
    [LEASE_INSERT] = {"lease_insert",
                      "INSERT INTO actor_lease (actor, kind, slot, epoch) SELECT $1, $2, $3, 0"
                      " WHERE NOT EXISTS (SELECT 1 FROM actor_lease WHERE actor = $1)"
                      " ON CONFLICT DO NOTHING"},
    [LEASE_CLAIM] = {"lease_claim", "UPDATE actor_lease SET epoch = epoch + 1, holder = $2"
                                    " WHERE actor = $1 AND (holder IS NULL OR holder = $2)"
                                    " RETURNING " LEASE_COLUMNS},
    // The lock is tried in shared mode, so that two hosts that look at the same time see the same.
    [LEASE_INSPECT] =
        {"lease_inspect",
         "SELECT l.epoch, l.holder, h.id IS NULL AS is_gone,"
         " CASE WHEN h.id IS NULL THEN false"
         " WHEN pg_try_advisory_lock_shared(h.lock_key)"
         " THEN pg_advisory_unlock_shared(h.lock_key) ELSE false END AS is_unlocked,"
         " h.heartbeat_at < clock_timestamp() - " TTL " AS is_silent,"
         " s.since <= clock_timestamp() - " TTL " AS is_settled,"
         " s.since <= h.registered_at AS is_registered"
         " FROM actor_lease l LEFT JOIN host h ON h.id = l.holder LEFT JOIN server_life s ON s.one"
         " WHERE l.actor = $1"},
    [LEASE_TERMINATE] = {"lease_terminate",
                         "SELECT pg_terminate_backend(a.pid, 2000) FROM host h"
                         " JOIN pg_stat_activity a ON a.pid = h.backend_pid"
                         " AND a.backend_start = h.backend_start"
                         " WHERE h.id = $1 AND h.heartbeat_at < clock_timestamp() - " TTL},
    [LEASE_WREST] = {"lease_wrest", "UPDATE actor_lease SET epoch = epoch + 1, holder = $2"
                                    " WHERE actor = $1 AND epoch = $3 AND holder = $4"
                                    " RETURNING " LEASE_COLUMNS},
    // Waits for no disk and no standby, so that a host can stop while there is none: should it be
    // lost, the row names a host that is gone, or that is asked and takes the lease again.
    [LEASE_RELEASE] =
        {"lease_release",
         "WITH unsynced AS (SELECT set_config('synchronous_commit', 'off', true) AS value)"
         " UPDATE actor_lease SET holder = NULL FROM unsynced WHERE actor = $1 AND epoch = $2"
         " AND holder = $3 AND unsynced.value = 'off' RETURNING 1"},
    [LEASE_STILL_HELD] =
        {"lease_still_held",
         "SELECT coalesce(l.epoch = w.epoch AND l.holder = $3, false)"
         " FROM unnest($1::uuid[], $2::int8[]) WITH ORDINALITY w (actor, epoch, place)"
         " LEFT JOIN actor_lease l ON l.actor = w.actor ORDER BY w.place"},
    // Whether it went over, and whether it was ours before.
    [LEASE_GIVE] =
        {"lease_give",
         "WITH given AS (UPDATE actor_lease l SET epoch = epoch + 1, holder = $4"
         " WHERE actor = $1 AND epoch = $2 AND holder = $3 AND EXISTS (SELECT 1 FROM host h"
         " WHERE h.id = $4 AND NOT h.stopping AND h.kinds >> l.kind & 1 = 1"
         " AND h.heartbeat_at >= clock_timestamp() - " TTL ") RETURNING 1)"
         " SELECT EXISTS (SELECT 1 FROM given), EXISTS (SELECT 1 FROM actor_lease"
         " WHERE actor = $1 AND epoch = $2 AND holder = $3)"},
};

// What the database says of somebody else's lease.
typedef struct holding {
    int64_t epoch;
    uuid holder; // zero: it was given back a moment ago
    bool is_free;
    bool is_paused; // its backend must go first
} holding;

static holding holding_read(const PGresult *rows)
{
    bool is_gone = column_bool(rows, 0, 2), is_unlocked = column_bool(rows, 0, 3);
    bool is_silent = column_bool(rows, 0, 4), is_settled = column_bool(rows, 0, 5);
    bool is_registered = column_bool(rows, 0, 6);
    bool is_dead = is_gone || (is_unlocked && (is_settled || is_registered));
    bool is_paused = !is_dead && is_silent && is_settled;
    return (holding){.epoch = column_int8(rows, 0, 0),
                     .holder = column_uuid(rows, 0, 1),
                     .is_free = is_dead || is_paused,
                     .is_paused = is_paused};
}

// False: memory is out.
static bool lease_read(const PGresult *rows, const actor_ref *actor, lease *ret_lease)
{
    lease l = {.actor = *actor,
               .epoch = column_int8(rows, 0, 0),
               .incarnation = column_int8(rows, 0, 1),
               .cursor = column_int8(rows, 0, 2),
               .last_seq = column_int8(rows, 0, 3),
               .last_hash = column_digest32(rows, 0, 4),
               .published_incarnation = column_int8(rows, 0, 5),
               .published_seq = column_int8(rows, 0, 6),
               .senders_bytes = column_length(rows, 0, 7),
               .now_us = column_time(rows, 0, 8)};
    if (l.senders_bytes > 0) {
        l.senders = malloc(l.senders_bytes);
        if (l.senders == NULL)
            return false;
        memcpy(l.senders, column_text(rows, 0, 7), l.senders_bytes);
    }
    *ret_lease = l;
    return true;
}

// Takes what is free or ours already, and looks at what is not, in one round trip.
static store_result claim_or_inspect(connection *c, params *scratch, const uuid *host,
                                     const actor_ref *actor, pipeline *ret)
{
    uint32_t slot = 0;
    if (actor->kind == ACTOR_EVENT) {
        event_id event = actor_event(&actor->id);
        slot = tag_slot(event_tag(&event));
    }
    params_reset(scratch);
    params_uuid(scratch, &actor->id.u);
    params_int2(scratch, (int16_t)actor->kind);
    params_int2(scratch, (int16_t)slot);
    connection_send(c, &lease_statements[LEASE_INSERT], scratch);
    params_reset(scratch);
    params_uuid(scratch, &actor->id.u);
    params_uuid(scratch, host);
    connection_send(c, &lease_statements[LEASE_CLAIM], scratch);
    params_reset(scratch);
    params_uuid(scratch, &actor->id.u);
    connection_send(c, &lease_statements[LEASE_INSPECT], scratch);
    return connection_run(c, ret);
}

// Takes it from a holder that is dead or paused. No row: somebody else was faster.
static store_result wrest(connection *c, params *scratch, const uuid *host, const actor_ref *actor,
                          const holding *from, pipeline *ret)
{
    if (from->is_paused) {
        PIPELINE_AUTO p = {0};
        params_reset(scratch);
        params_uuid(scratch, &from->holder);
        store_result result = connection_ask(c, &lease_statements[LEASE_TERMINATE], scratch, &p);
        if (result != STORE_OK)
            return result;
    }
    params_reset(scratch);
    params_uuid(scratch, &actor->id.u);
    params_uuid(scratch, host);
    params_int8(scratch, from->epoch);
    params_uuid(scratch, &from->holder);
    return connection_ask(c, &lease_statements[LEASE_WREST], scratch, ret);
}

store_result lease_take(connection *c, params *scratch, const uuid *host, const actor_ref *actor,
                        lease *ret_lease, bool *ret_taken, uuid *ret_holder)
{
    for (int tries = 0; tries < LEASE_TAKE_TRIES; tries++) {
        PIPELINE_AUTO seen = {0};
        PIPELINE_AUTO wrested = {0};
        store_result result = claim_or_inspect(c, scratch, host, actor, &seen);
        if (result != STORE_OK)
            return result;
        const PGresult *rows = seen.rows[1];
        if (PQntuples(rows) == 0) {
            holding h = holding_read(seen.rows[2]);
            *ret_taken = false;
            *ret_holder = h.holder;
            if (!h.is_free)
                return STORE_OK;
            result = wrest(c, scratch, host, actor, &h, &wrested);
            if (result != STORE_OK)
                return result;
            rows = wrested.rows[0];
        }
        if (PQntuples(rows) == 1) {
            if (!lease_read(rows, actor, ret_lease))
                return STORE_UNKNOWN;
            *ret_taken = true;
            return STORE_OK;
        }
    }
    return STORE_OK;
}

store_result lease_release(connection *c, params *scratch, const uuid *host, const actor_id *actor,
                           int64_t epoch)
{
    PIPELINE_AUTO p = {0};
    params_reset(scratch);
    params_uuid(scratch, &actor->u);
    params_int8(scratch, epoch);
    params_uuid(scratch, host);
    store_result result = connection_ask(c, &lease_statements[LEASE_RELEASE], scratch, &p);
    return result == STORE_OK && PQntuples(p.rows[0]) == 0 ? STORE_FENCED : result;
}

store_result lease_give(connection *c, params *scratch, const uuid *host, const actor_id *actor,
                        int64_t epoch, const uuid *to)
{
    PIPELINE_AUTO p = {0};
    params_reset(scratch);
    params_uuid(scratch, &actor->u);
    params_int8(scratch, epoch);
    params_uuid(scratch, host);
    params_uuid(scratch, to);
    store_result result = connection_ask(c, &lease_statements[LEASE_GIVE], scratch, &p);
    if (result != STORE_OK || column_bool(p.rows[0], 0, 0))
        return result;
    // The statement sees the row as it was before: ours still, so it was the host that would not
    // do.
    return column_bool(p.rows[0], 0, 1) ? STORE_REFUSED : STORE_FENCED;
}

store_result lease_still_held(connection *c, params *scratch, const uuid *host,
                              const lease_move *moves, uint32_t count, bool *ret_held)
{
    PIPELINE_AUTO p = {0};
    params_reset(scratch);
    params_array(scratch, PARAM_UUID);
    for (uint32_t i = 0; i < count; i++)
        params_add_uuid(scratch, &moves[i].actor.u);
    params_end(scratch);
    params_array(scratch, PARAM_INT8);
    for (uint32_t i = 0; i < count; i++)
        params_add_int8(scratch, moves[i].epoch);
    params_end(scratch);
    params_uuid(scratch, host);
    store_result result = connection_ask(c, &lease_statements[LEASE_STILL_HELD], scratch, &p);
    for (uint32_t i = 0; result == STORE_OK && i < count; i++)
        ret_held[i] = column_bool(p.rows[0], (int)i, 0);
    return result;
}
