#include "store/finance.h"

#define SECOND_US INT64_C(1000000)

enum { FINANCE_EVENT, FINANCE_MOVED, FINANCE_ROUND, FINANCE_STATEMENTS };
enum { PARAMS_BYTES = 512, OVERLAP_SECONDS = 30 };

static const statement statements[FINANCE_STATEMENTS] = {
    [FINANCE_EVENT] = {"finance_event",
                       "SELECT currency::text, undecided_minor - refunding_minor,"
                       " unbalanced_minor, undecided_since FROM event_money($1::uuid)"},
    [FINANCE_MOVED] = {"finance_moved", "SELECT event_id, max(at), clock_timestamp() FROM posting"
                                        " WHERE at >= coalesce($1::timestamptz, now() - interval "
                                        "'1 hour') GROUP BY event_id ORDER BY 2, 1 LIMIT $2"},
    [FINANCE_ROUND] = {"finance_round",
                       "SELECT e.id, EXISTS (SELECT FROM payment p WHERE p.event_id = e.id)"
                       " FROM event e WHERE e.id > $1::uuid ORDER BY e.id LIMIT $2"},
};

store_result finance_prepare(connection *c)
{
    return connection_prepare(c, statements, FINANCE_STATEMENTS);
}

store_result finance_event(connection *c, const event_id *event,
                           money_row ret_rows[static FINANCE_CURRENCIES_MAX], uint32_t *ret_count)
{
    uint8_t buffer[PARAMS_BYTES];
    params p;
    PIPELINE_AUTO answer = {0};
    params_over(&p, buffer, sizeof buffer);
    params_uuid(&p, &event->u);
    store_result result = connection_ask(c, &statements[FINANCE_EVENT], &p, &answer);
    if (result != STORE_OK)
        return result;
    const PGresult *rows = answer.rows[0];
    uint32_t count = (uint32_t)PQntuples(rows);
    if (count > FINANCE_CURRENCIES_MAX)
        count = FINANCE_CURRENCIES_MAX;
    for (uint32_t i = 0; i < count; i++) {
        int row = (int)i;
        column_copy(rows, row, 0, ret_rows[i].currency, sizeof ret_rows[i].currency);
        ret_rows[i].undecided_minor = column_int8(rows, row, 1);
        ret_rows[i].unbalanced_minor = column_int8(rows, row, 2);
        ret_rows[i].undecided_since_us =
            column_is_null(rows, row, 3) ? 0 : column_time(rows, row, 3);
    }
    *ret_count = count;
    return STORE_OK;
}

store_result finance_moved(connection *c, int64_t *since_us, event_id *ret_ids, uint32_t ids_max,
                           uint32_t *ret_count)
{
    uint8_t buffer[PARAMS_BYTES];
    params p;
    PIPELINE_AUTO answer = {0};
    params_over(&p, buffer, sizeof buffer);
    if (*since_us == 0)
        params_null(&p);
    else
        params_time(&p, *since_us);
    params_int8(&p, ids_max);
    store_result result = connection_ask(c, &statements[FINANCE_MOVED], &p, &answer);
    if (result != STORE_OK)
        return result;
    const PGresult *rows = answer.rows[0];
    uint32_t count = (uint32_t)PQntuples(rows);
    for (uint32_t i = 0; i < count; i++)
        ret_ids[i].u = column_uuid(rows, (int)i, 0);
    if (count > 0 && count == ids_max) {
        int64_t last_us = column_time(rows, (int)count - 1, 1);
        // More events in one tick than are returned: the round finds the others.
        *since_us = last_us > *since_us ? last_us : last_us + 1;
    } else if (count > 0)
        *since_us = column_time(rows, 0, 2) - OVERLAP_SECONDS * SECOND_US;
    *ret_count = count;
    return STORE_OK;
}

store_result finance_round(connection *c, money_place *place, event_id *ret_ids, uint32_t ids_max,
                           uint32_t *ret_count)
{
    uint8_t buffer[PARAMS_BYTES];
    params p;
    PIPELINE_AUTO answer = {0};
    params_over(&p, buffer, sizeof buffer);
    params_uuid(&p, &place->after.u);
    params_int8(&p, FINANCE_ROUND_EVENTS);
    store_result result = connection_ask(c, &statements[FINANCE_ROUND], &p, &answer);
    if (result != STORE_OK)
        return result;
    const PGresult *rows = answer.rows[0];
    int row = 0, rows_count = PQntuples(rows);
    uint32_t count = 0;
    for (; row < rows_count && count < ids_max; row++) {
        place->after.u = column_uuid(rows, row, 0);
        if (column_bool(rows, row, 1))
            ret_ids[count++] = place->after;
    }
    if (row == rows_count && rows_count < FINANCE_ROUND_EVENTS)
        *place = (money_place){0};
    *ret_count = count;
    return STORE_OK;
}
