// Captured money of a span of time, to be compared with the provider's list: the events that did
// something since then by the key of their leases, their payments by time-ordered ids. The database
// carries each page on from where the last one ended.
#include "store/load.h"
#include "store/row.h"

#define FROM "(SELECT $1::timestamptz)"
#define TO "(SELECT $2::timestamptz)"

enum { CAPTURED_PAYMENT, CAPTURED_EVENT, CAPTURED_RESERVATION, CAPTURED_INTENT };

const statement load_captured_statement = {
    "load_captured",
    "SELECT p.id, l.actor, p.reservation_id, p.intent_id"
    " FROM (SELECT actor FROM actor_lease WHERE kind = 1 AND actor >= $3::uuid"
    " AND active_at >= $1::timestamptz ORDER BY actor) l"
    " CROSS JOIN LATERAL (SELECT id, reservation_id, intent_id FROM payment"
    " WHERE event_id = l.actor AND id >= (SELECT " ROW_ID_FLOOR(
        FROM) ")"
              " AND id < (SELECT " ROW_ID_FLOOR(
                  TO) ") AND (l.actor > $3::uuid OR id > $4::uuid)"
                      " AND captured_minor > 0 AND state >= 6 AND intent_id <> '' ORDER BY id) p"
                      " ORDER BY l.actor, p.id LIMIT $5::int4"};

store_result load_captured(connection *c, params *scratch, int64_t from_us, int64_t to_us,
                           const captured_row *behind, captured_row *ret_rows, uint32_t rows_max,
                           uint32_t *ret_count)
{
    static const captured_row begin;
    PIPELINE_AUTO answer = {0};
    if (behind == NULL)
        behind = &begin;
    params_reset(scratch);
    params_time(scratch, from_us);
    params_time(scratch, to_us);
    params_uuid(scratch, &behind->event.u);
    params_uuid(scratch, &behind->id.u);
    params_int4(scratch, (int32_t)rows_max);
    store_result result = connection_ask(c, &load_captured_statement, scratch, &answer);
    if (result != STORE_OK)
        return result;
    const PGresult *rows = answer.rows[0];
    uint32_t count = (uint32_t)PQntuples(rows);
    for (uint32_t i = 0; i < count; i++) {
        ret_rows[i].id.u = column_uuid(rows, (int)i, CAPTURED_PAYMENT);
        ret_rows[i].event.u = column_uuid(rows, (int)i, CAPTURED_EVENT);
        ret_rows[i].reservation.u = column_uuid(rows, (int)i, CAPTURED_RESERVATION);
        column_copy(rows, (int)i, CAPTURED_INTENT, ret_rows[i].intent_id,
                    sizeof ret_rows[i].intent_id);
    }
    *ret_count = count;
    return STORE_OK;
}
