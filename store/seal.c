#include "store/seal.h"

#include <stdio.h>

bool seal_keys_read(connection *c, seal_ring *ret_ring,
                    char ret_problem[static MIGRATE_PROBLEM_BYTES])
{
    static const statement keys = {"seal_keys", "SELECT key, min(asked_from) OVER () FROM seal_key"
                                                " ORDER BY valid_from <= clock_timestamp() DESC,"
                                                " valid_from DESC LIMIT 8"};
    _Static_assert(SEAL_KEYS_MAX == 8, "LIMIT in seal_keys");
    PIPELINE_AUTO found = {0};
    if (connection_prepare(c, &keys, 1) != STORE_OK ||
        connection_ask(c, &keys, NULL, &found) != STORE_OK) {
        snprintf(ret_problem, MIGRATE_PROBLEM_BYTES, "the keys of seals cannot be read: %s",
                 connection_error(c));
        return false;
    }
    const PGresult *rows = found.rows[0];
    seal_ring ring = {.keys_count = (uint32_t)PQntuples(rows)};
    for (uint32_t i = 0; i < ring.keys_count; i++) {
        const char *key = column_fixed(rows, (int)i, 0, SEAL_KEY_BYTES);
        memcpy(ring.keys[i].bytes, key, SEAL_KEY_BYTES);
        ring.asked_from_us = column_time(rows, (int)i, 1);
    }
    if (ring.keys_count == 0) {
        snprintf(ret_problem, MIGRATE_PROBLEM_BYTES,
                 "there is no key of seals: insert a row into table seal_key");
        return false;
    }
    *ret_ring = ring;
    return true;
}
