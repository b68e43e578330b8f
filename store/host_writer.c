#include "store/host_writer.h"

enum { HOST_LIFE, HOST_END_EARLIER, HOST_FORGET, HOST_LOCK, HOST_REGISTER };

const statement host_statements[HOST_STATEMENTS] = {
    [HOST_LIFE] = {"host_life",
                   "INSERT INTO server_life DEFAULT VALUES ON CONFLICT (one) DO UPDATE"
                   " SET since = clock_timestamp(), postmaster_start = pg_postmaster_start_time()"
                   " WHERE server_life.postmaster_start <> pg_postmaster_start_time()"},
    [HOST_END_EARLIER] = {"host_end_earlier", "SELECT pg_terminate_backend(a.pid, 2000) FROM host h"
                                              " JOIN pg_stat_activity a ON a.pid = h.backend_pid"
                                              " AND a.backend_start = h.backend_start"
                                              " WHERE h.id = $1 AND a.pid <> pg_backend_pid()"},
    // Rows that nobody unregistered; their leases are free by then in any case.
    [HOST_FORGET] = {"host_forget", "DELETE FROM host"
                                    " WHERE heartbeat_at < clock_timestamp() - interval '1 day'"},
    [HOST_LOCK] = {"host_lock", "SELECT pg_advisory_lock($1)"},
    [HOST_REGISTER] = {"host_register",
                       "INSERT INTO host (id, name, lock_key, kinds, ttl_ms, backend_pid,"
                       " backend_start) SELECT $1, $2, $3, $4, $5, a.pid, a.backend_start"
                       " FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()"
                       " ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name,"
                       " kinds = EXCLUDED.kinds, ttl_ms = EXCLUDED.ttl_ms,"
                       " backend_pid = EXCLUDED.backend_pid,"
                       " backend_start = EXCLUDED.backend_start,"
                       " registered_at = clock_timestamp(), heartbeat_at = clock_timestamp()"},
};

// The random end of the id: two hosts with the same key would only seem alive for each other.
int64_t host_lock_key(const uuid *host)
{
    uint64_t key;
    memcpy(&key, host->bytes + 8, sizeof key);
    return (int64_t)be64toh(key);
}

store_result host_life_note(connection *c)
{
    PIPELINE_AUTO p = {0};
    return connection_ask(c, &host_statements[HOST_LIFE], NULL, &p);
}

store_result host_register(connection *c, params *scratch, const host_identity *identity)
{
    PIPELINE_AUTO p = {0};
    int64_t key = host_lock_key(&identity->id);
    params_reset(scratch);
    params_uuid(scratch, &identity->id);
    connection_send(c, &host_statements[HOST_END_EARLIER], scratch);
    connection_send(c, &host_statements[HOST_FORGET], NULL);
    params_reset(scratch);
    params_int8(scratch, key);
    connection_send(c, &host_statements[HOST_LOCK], scratch);
    params_reset(scratch);
    params_uuid(scratch, &identity->id);
    params_text(scratch, identity->name);
    params_int8(scratch, key);
    params_int4(scratch, (int32_t)identity->kinds);
    params_int4(scratch, identity->ttl_ms);
    connection_send(c, &host_statements[HOST_REGISTER], scratch);
    return connection_run(c, &p);
}
