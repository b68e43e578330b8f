#include "store/load.h"

#include "store/row.h"

#include <stdlib.h>

enum { LOAD_PAYMENTS, LOAD_HELD, LOAD_FACTS, LOAD_NOW };

const statement load_statements[LOAD_STATEMENTS] = {
    // A payment's id carries its event's tag.
    [LOAD_PAYMENTS] = {"load_payments", "SELECT " ROW_PAYMENT " FROM (SELECT unnest($1::uuid[]) id,"
                                        " unnest($2::int8[]) tag) w JOIN event e ON e.tag = w.tag"
                                        " JOIN payment p ON p.event_id = e.id AND p.id = w.id"},
    // An event with a young reservation committed something lately; an edge's clock made the
    // reservation's id and may be a little off. OFFSET keeps the order: events first, then a range
    // of the primary key for each.
    [LOAD_HELD] = {"load_held",
                   "SELECT r.event_id, r.id, r.expires_at FROM actor_lease l"
                   " CROSS JOIN LATERAL (SELECT * FROM reservation WHERE event_id = l.actor"
                   " AND id >= " ROW_YOUNG_ID " OFFSET 0) r WHERE r.state = 1 AND l.kind = 1"
                   " AND l.slot BETWEEN $1 AND $2 AND l.active_at >= now() - " ROW_YOUNG
                   " - interval '1 hour'"
                   " ORDER BY r.expires_at LIMIT $3::int4"},
    [LOAD_FACTS] = {"load_facts", "SELECT seq, kind, payload, hash FROM fact"
                                  " WHERE actor = $1 AND seq > $2 ORDER BY seq LIMIT $3::int4"},
    [LOAD_NOW] = {"load_now", "SELECT clock_timestamp()"},
};

store_result load_payments(connection *c, params *scratch, const payment_id *ids,
                           uint32_t ids_count, payment_row *ret_rows, uint32_t *ret_count)
{
    PIPELINE_AUTO p = {0};
    params_reset(scratch);
    params_array(scratch, PARAM_UUID);
    for (uint32_t i = 0; i < ids_count; i++)
        params_add_uuid(scratch, &ids[i].u);
    params_end(scratch);
    params_array(scratch, PARAM_INT8);
    for (uint32_t i = 0; i < ids_count; i++)
        params_add_int8(scratch, uuid_tag(&ids[i].u));
    params_end(scratch);
    store_result result = connection_ask(c, &load_statements[LOAD_PAYMENTS], scratch, &p);
    if (result != STORE_OK)
        return result;
    int count = PQntuples(p.rows[0]);
    assert((uint32_t)count <= ids_count);
    for (int i = 0; i < count; i++)
        row_payment(p.rows[0], i, &ret_rows[i]);
    *ret_count = (uint32_t)count;
    return STORE_OK;
}

store_result load_held(connection *c, params *scratch, uint32_t partition, held_row **ret_rows,
                       uint32_t *ret_count)
{
    enum { SLOTS_EACH = SLOTS / PARTITIONS };
    PIPELINE_AUTO p = {0};
    int16_t first = (int16_t)(partition * SLOTS_EACH);
    params_reset(scratch);
    params_int2(scratch, first);
    params_int2(scratch, (int16_t)(first + SLOTS_EACH - 1));
    params_int4(scratch, LOAD_HELD_ROWS_MAX);
    store_result result = connection_ask(c, &load_statements[LOAD_HELD], scratch, &p);
    if (result != STORE_OK)
        return result;
    size_t count = (size_t)PQntuples(p.rows[0]);
    held_row *rows = malloc(count > 0 ? count * sizeof *rows : 1);
    if (rows == NULL)
        return STORE_UNKNOWN;
    for (size_t i = 0; i < count; i++)
        rows[i] = (held_row){.event = {column_uuid(p.rows[0], (int)i, 0)},
                             .reservation = {column_uuid(p.rows[0], (int)i, 1)},
                             .expires_us = column_time(p.rows[0], (int)i, 2)};
    *ret_rows = rows;
    *ret_count = (uint32_t)count;
    return STORE_OK;
}

static bool facts_read(const PGresult *rows, fact_page *page)
{
    size_t count = (size_t)PQntuples(rows), bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += column_length(rows, (int)i, 2);
    page->facts = malloc(count > 0 ? count * sizeof *page->facts : 1);
    page->bytes = malloc(bytes > 0 ? bytes : 1);
    if (page->facts == NULL || page->bytes == NULL || bytes > UINT32_MAX)
        return false;
    uint32_t at = 0;
    for (size_t i = 0; i < count; i++) {
        stored_fact *f = &page->facts[i];
        *f = (stored_fact){.seq = column_int8(rows, (int)i, 0),
                           .kind = (uint16_t)column_int2(rows, (int)i, 1),
                           .payload_at = at,
                           .payload_bytes = column_length(rows, (int)i, 2),
                           .hash = column_digest32(rows, (int)i, 3)};
        memcpy(page->bytes + at, column_text(rows, (int)i, 2), f->payload_bytes);
        at += f->payload_bytes;
    }
    page->facts_count = (uint32_t)count;
    return true;
}

store_result load_facts(connection *c, params *scratch, const actor_id *actor, int64_t after_seq,
                        uint32_t facts_max, fact_page *ret_page)
{
    PIPELINE_AUTO p = {0};
    fact_page page __attribute__((cleanup(fact_page_done))) = {0};
    params_reset(scratch);
    params_uuid(scratch, &actor->u);
    params_int8(scratch, after_seq);
    params_int4(scratch, facts_max < INT32_MAX ? (int32_t)facts_max : INT32_MAX);
    store_result result = connection_ask(c, &load_statements[LOAD_FACTS], scratch, &p);
    if (result != STORE_OK)
        return result;
    if (!facts_read(p.rows[0], &page))
        return STORE_UNKNOWN;
    *ret_page = page;
    page = (fact_page){0};
    return STORE_OK;
}

store_result load_now(connection *c, int64_t *ret_now_us)
{
    PIPELINE_AUTO p = {0};
    store_result result = connection_ask(c, &load_statements[LOAD_NOW], NULL, &p);
    if (result == STORE_OK)
        *ret_now_us = column_time(p.rows[0], 0, 0);
    return result;
}
