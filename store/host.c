#include "store/host.h"

#include "store/connection.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINK_BEAT, LINK_LIST, LINK_STOP, LINK_UNREGISTER, LINK_STREAM, LINK_STATEMENTS };

static const statement statements[LINK_STATEMENTS] = {
    [LINK_BEAT] = {"link_beat",
                   "UPDATE host SET heartbeat_at = clock_timestamp() WHERE id = $1 RETURNING 1"},
    [LINK_LIST] = {"link_list",
                   "SELECT id, name, kinds, stopping, heartbeat_at FROM host WHERE heartbeat_at"
                   " >= clock_timestamp() - make_interval(secs => ttl_ms / 1000.0)"
                   " ORDER BY id LIMIT $1::int4"},
    [LINK_STOP] = {"link_stop", "UPDATE host SET stopping = true WHERE id = $1 RETURNING 1"},
    [LINK_UNREGISTER] = {"link_unregister", "DELETE FROM host WHERE id = $1"},
    [LINK_STREAM] = {"link_stream",
                     "WITH added AS (INSERT INTO stream_incarnation (stream, incarnation)"
                     " VALUES ($1::text, $2::int8) ON CONFLICT DO NOTHING RETURNING ordinal)"
                     " SELECT ordinal FROM added UNION ALL SELECT ordinal FROM stream_incarnation"
                     " WHERE stream = $1 AND incarnation = $2"},
};

enum { LINK_PARAMS_BYTES = 4096, LINK_TIMEOUT_MS = 2000 };

struct host_link {
    char *url;
    host_identity identity;
    connection *c;
    params scratch;
    char error[256];
};

host_link *host_link_open(const char *url, const host_identity *identity)
{
    host_link *h = calloc(1, sizeof *h);
    if (h == NULL)
        return NULL;
    h->identity = *identity;
    h->url = strdup(url);
    if (!params_init(&h->scratch, LINK_PARAMS_BYTES) || h->url == NULL) {
        host_link_close(h);
        return NULL;
    }
    return h;
}

void host_link_close(host_link *h)
{
    if (h == NULL)
        return;
    connection_close(h->c);
    params_done(&h->scratch);
    free(h->url);
    free(h);
}

const char *host_link_error(const host_link *h)
{
    return h->error;
}

static bool link_ready(host_link *h)
{
    if (h->c != NULL && connection_alive(h->c))
        return true;
    connection_options options = {.url = h->url,
                                  .application_name = "cavea heartbeat",
                                  .statement_timeout_ms = LINK_TIMEOUT_MS,
                                  .reply_timeout_ms = LINK_TIMEOUT_MS,
                                  .asynchronous_commit = true,
                                  .plans = PLANS_OF_KEYS};
    connection_close(h->c);
    h->c = connection_open(&options, h->error, sizeof h->error);
    if (h->c != NULL && connection_prepare(h->c, statements, LINK_STATEMENTS) == STORE_OK)
        return true;
    if (h->c != NULL)
        snprintf(h->error, sizeof h->error, "%s", connection_error(h->c));
    connection_close(h->c);
    h->c = NULL;
    return false;
}

static store_result link_ask(host_link *h, int statement_number, pipeline *ret)
{
    if (!link_ready(h))
        return STORE_UNKNOWN;
    store_result result = connection_ask(h->c, &statements[statement_number], &h->scratch, ret);
    if (result != STORE_OK)
        snprintf(h->error, sizeof h->error, "%s", connection_error(h->c));
    return result;
}

// A statement about our own row.
static store_result link_ask_own(host_link *h, int statement_number, pipeline *ret)
{
    params_reset(&h->scratch);
    params_uuid(&h->scratch, &h->identity.id);
    return link_ask(h, statement_number, ret);
}

store_result host_beat(host_link *h)
{
    PIPELINE_AUTO p = {0};
    store_result result = link_ask_own(h, LINK_BEAT, &p);
    return result == STORE_OK && PQntuples(p.rows[0]) == 0 ? STORE_FENCED : result;
}

store_result host_stop(host_link *h)
{
    PIPELINE_AUTO p = {0};
    store_result result = link_ask_own(h, LINK_STOP, &p);
    return result == STORE_OK && PQntuples(p.rows[0]) == 0 ? STORE_FENCED : result;
}

store_result host_unregister(host_link *h)
{
    PIPELINE_AUTO p = {0};
    return link_ask_own(h, LINK_UNREGISTER, &p);
}

store_result host_list(host_link *h, host_row *ret_rows, uint32_t rows_max, uint32_t *ret_count)
{
    PIPELINE_AUTO p = {0};
    params_reset(&h->scratch);
    params_int4(&h->scratch, (int32_t)rows_max);
    store_result result = link_ask(h, LINK_LIST, &p);
    if (result != STORE_OK)
        return result;
    const PGresult *rows = p.rows[0];
    int count = PQntuples(rows);
    for (int i = 0; i < count; i++) {
        ret_rows[i] = (host_row){.id = column_uuid(rows, i, 0),
                                 .kinds = (uint32_t)column_int4(rows, i, 2),
                                 .stopping = column_bool(rows, i, 3),
                                 .heartbeat_us = column_time(rows, i, 4)};
        column_copy(rows, i, 1, ret_rows[i].name, sizeof ret_rows[i].name);
    }
    *ret_count = (uint32_t)count;
    return STORE_OK;
}

store_result host_stream_seen(host_link *h, const char *stream, int64_t incarnation,
                              int64_t *ret_ordinal)
{
    // A row that another session inserts at the same moment is seen by the second look.
    for (int looks = 0; looks < 2; looks++) {
        PIPELINE_AUTO p = {0};
        params_reset(&h->scratch);
        params_text(&h->scratch, stream);
        params_int8(&h->scratch, incarnation);
        store_result result = link_ask(h, LINK_STREAM, &p);
        if (result != STORE_OK)
            return result;
        if (PQntuples(p.rows[0]) == 0)
            continue;
        *ret_ordinal = column_int8(p.rows[0], 0, 0);
        return STORE_OK;
    }
    return STORE_UNKNOWN;
}
