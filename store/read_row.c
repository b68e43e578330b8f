// One buyer's rows by their keys, and the seats of an event as of one moment.
#include "store/read_pool.h"
#include "store/row.h"

#include <stdlib.h>

enum { READ_NOW, READ_RESERVATION, READ_RESERVATIONS, READ_PAYMENT, READ_TICKETS, READ_SEATS };

const statement read_row_statements[READ_ROW_STATEMENTS] = {
    [READ_NOW] = {"read_now", "SELECT clock_timestamp()"},
    [READ_RESERVATION] = {"read_reservation", "SELECT " ROW_RESERVATION " FROM reservation r"
                                              " WHERE r.event_id = $1 AND r.id = $2"},
    // Ids begin with their time: the index of a buyer's payments is read backwards, a page of it. A
    // reservation may have several, of which those behind the first were only given back.
    [READ_RESERVATIONS] =
        {"read_reservations",
         "SELECT " ROW_RESERVATION ", r.event_id FROM ((SELECT DISTINCT ON (p.reservation_id)"
         " p.event_id, p.reservation_id FROM payment p WHERE p.buyer_id = $1"
         " AND p.reservation_id < $2 ORDER BY p.reservation_id DESC LIMIT $3)"
         " UNION SELECT e.id, w.id FROM unnest($4::uuid[], $5::int8[]) AS w (id, tag)"
         " JOIN event e ON e.tag = w.tag WHERE w.id < $2) AS own (event_id, id)"
         " JOIN reservation r ON r.event_id = own.event_id AND r.id = own.id"
         " WHERE r.buyer_id = $1 ORDER BY r.id DESC LIMIT $3"},
    [READ_PAYMENT] = {"read_payment", "SELECT " ROW_PAYMENT " FROM payment p"
                                      " WHERE p.event_id = $1 AND p.id = $2"},
    [READ_TICKETS] = {"read_tickets",
                      "SELECT id, reservation_id, seat, state, key_id, jws, compact, issued_at"
                      " FROM ticket WHERE event_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id"},
    // One statement sees one moment: the version and the claims belong together. Held is what a
    // young reservation holds; what else is claimed counts as sold, without a look at old rows: it
    // is not for sale in any case. IN is a hash table made once; how many claims a range of keys
    // has, which a join would be planned by, no statistics tell.
    [READ_SEATS] =
        {"read_seats",
         "SELECT coalesce(l.last_seq, 0), " ROW_EVENT_STATUS
         ", e.sale_starts_at, clock_timestamp(),"
         " ARRAY(SELECT (seat_key - $2)::int4 * 4 + CASE WHEN reservation_id IN (SELECT id"
         " FROM reservation WHERE event_id = $1 AND state = 1 AND id >= " ROW_YOUNG_ID
         ") THEN 1 ELSE 2 END FROM seat_claim WHERE seat_key BETWEEN $2::int8 AND $3::int8)"
         " FROM event e LEFT JOIN actor_lease l ON l.actor = e.id WHERE e.id = $1"},
};

store_result read_now(read_pool *pool, int64_t *ret_now_us)
{
    PIPELINE_AUTO p = {0};
    store_result result = read_ask(pool, &read_row_statements[READ_NOW], NULL, &p);
    if (result == STORE_OK)
        *ret_now_us = column_time(p.rows[0], 0, 0);
    return result;
}

static store_result row_ask(read_pool *pool, int number, const event_id *event, const uuid *id,
                            pipeline *ret, bool *ret_found)
{
    uint8_t buffer[64];
    params scratch;
    params_over(&scratch, buffer, sizeof buffer);
    params_uuid(&scratch, &event->u);
    params_uuid(&scratch, id);
    store_result result = read_ask(pool, &read_row_statements[number], &scratch, ret);
    if (result == STORE_OK)
        *ret_found = PQntuples(ret->rows[0]) == 1;
    return result;
}

store_result read_reservation(read_pool *pool, const event_id *event, const reservation_id *id,
                              event_image_reservation *ret_row, bool *ret_found)
{
    PIPELINE_AUTO p = {0};
    store_result result = row_ask(pool, READ_RESERVATION, event, &id->u, &p, ret_found);
    if (result == STORE_OK && *ret_found)
        *ret_row = row_reservation(p.rows[0], 0);
    return result;
}

void reservation_page_done(reservation_page *page)
{
    free(page->rows);
    *page = (reservation_page){0};
}

static void reservations_params(params *p, const buyer_id *buyer, const reservation_filter *filter)
{
    uuid newest;
    memset(newest.bytes, 0xff, sizeof newest.bytes);
    params_uuid(p, &buyer->u);
    params_uuid(p, filter->before != NULL ? &filter->before->u : &newest);
    params_int8(p, (int64_t)filter->limit + 1);
    params_array(p, PARAM_UUID);
    for (uint32_t i = 0; i < filter->with_count; i++)
        params_add_uuid(p, &filter->with[i].u);
    params_end(p);
    params_array(p, PARAM_INT8);
    for (uint32_t i = 0; i < filter->with_count; i++)
        params_add_int8(p, uuid_tag(&filter->with[i].u));
    params_end(p);
}

store_result read_reservations(read_pool *pool, const buyer_id *buyer,
                               const reservation_filter *filter, reservation_page *ret_page)
{
    enum { EVENT_COLUMN = 16 }; // behind those of ROW_RESERVATION
    PIPELINE_AUTO p = {0};
    uint8_t buffer[1024];
    params scratch;
    uint32_t limit = filter->limit;
    if (limit == 0 || limit > READ_RESERVATIONS_MAX ||
        filter->with_count > READ_RESERVATIONS_WITH_MAX)
        return STORE_REFUSED;
    params_over(&scratch, buffer, sizeof buffer);
    reservations_params(&scratch, buyer, filter);
    store_result result = read_ask(pool, &read_row_statements[READ_RESERVATIONS], &scratch, &p);
    if (result != STORE_OK)
        return result;
    uint32_t found = (uint32_t)PQntuples(p.rows[0]);
    uint32_t count = found > limit ? limit : found;
    reservation_view *rows = malloc(count > 0 ? count * sizeof *rows : 1);
    if (rows == NULL)
        return STORE_UNKNOWN;
    for (uint32_t i = 0; i < count; i++)
        rows[i] = (reservation_view){{column_uuid(p.rows[0], (int)i, EVENT_COLUMN)},
                                     row_reservation(p.rows[0], (int)i)};
    *ret_page = (reservation_page){rows, count, found > count};
    return STORE_OK;
}

store_result read_payment(read_pool *pool, const event_id *event, const payment_id *id,
                          payment_row *ret_row, bool *ret_found)
{
    PIPELINE_AUTO p = {0};
    store_result result = row_ask(pool, READ_PAYMENT, event, &id->u, &p, ret_found);
    if (result == STORE_OK && *ret_found)
        row_payment(p.rows[0], 0, ret_row);
    return result;
}

void ticket_page_done(ticket_page *page)
{
    free(page->rows);
    PQclear(page->memory);
    *page = (ticket_page){0};
}

static ticket_view ticket_read(const PGresult *rows, int i)
{
    return (ticket_view){.id = {column_uuid(rows, i, 0)},
                         .reservation = {column_uuid(rows, i, 1)},
                         .seat = column_int4(rows, i, 2),
                         .state = column_int2(rows, i, 3),
                         .key_id = column_text(rows, i, 4),
                         .jws = column_text(rows, i, 5),
                         .compact = column_text(rows, i, 6),
                         .issued_us = column_time(rows, i, 7)};
}

store_result read_tickets(read_pool *pool, const event_id *event, const ticket_id *ids,
                          uint32_t ids_count, ticket_page *ret_page)
{
    PIPELINE_AUTO p = {0};
    uint8_t buffer[READ_PARAMS_BYTES];
    params scratch;
    if (ids_count > READ_TICKETS_MAX)
        return STORE_REFUSED;
    params_over(&scratch, buffer, sizeof buffer);
    params_uuid(&scratch, &event->u);
    params_array(&scratch, PARAM_UUID);
    for (uint32_t i = 0; i < ids_count; i++)
        params_add_uuid(&scratch, &ids[i].u);
    params_end(&scratch);
    store_result result = read_ask(pool, &read_row_statements[READ_TICKETS], &scratch, &p);
    if (result != STORE_OK)
        return result;
    uint32_t count = (uint32_t)PQntuples(p.rows[0]);
    ticket_view *rows = malloc(count > 0 ? count * sizeof *rows : 1);
    if (rows == NULL)
        return STORE_UNKNOWN;
    for (uint32_t i = 0; i < count; i++)
        rows[i] = ticket_read(p.rows[0], (int)i);
    *ret_page = (ticket_page){rows, count, p.rows[0]};
    p.rows[0] = NULL; // the texts live in it
    return STORE_OK;
}

void seat_snapshot_done(seat_snapshot *snapshot)
{
    free(snapshot->claimed);
    *snapshot = (seat_snapshot){0};
}

store_result read_seats(read_pool *pool, const event_id *event, seat_snapshot *ret_snapshot,
                        bool *ret_found)
{
    PIPELINE_AUTO p = {0};
    uint8_t buffer[64];
    uint32_t tag = event_tag(event);
    params scratch;
    params_over(&scratch, buffer, sizeof buffer);
    params_uuid(&scratch, &event->u);
    params_int8(&scratch, row_seat_key(tag, 0));
    params_int8(&scratch, row_seat_key(tag, SEATS_PER_EVENT_MAX - 1));
    store_result result = read_ask(pool, &read_row_statements[READ_SEATS], &scratch, &p);
    if (result != STORE_OK)
        return result;
    const PGresult *rows = p.rows[0];
    *ret_found = PQntuples(rows) == 1;
    if (!*ret_found)
        return STORE_OK;
    const char *first = NULL;
    uint32_t count = column_array(rows, 0, 4, &first);
    uint32_t *claimed = malloc(count > 0 ? count * sizeof *claimed : 1);
    if (claimed == NULL)
        return STORE_UNKNOWN;
    for (uint32_t i = 0; i < count; i++)
        claimed[i] = column_get4(first + (size_t)8 * i + 4);
    *ret_snapshot = (seat_snapshot){.version = (uint64_t)column_int8(rows, 0, 0),
                                    .status = column_int2(rows, 0, 1),
                                    .sale_starts_us = column_time(rows, 0, 2),
                                    .database_now_us = column_time(rows, 0, 3),
                                    .claimed = claimed,
                                    .claimed_count = count};
    return STORE_OK;
}
