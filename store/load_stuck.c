// Finds work that got stuck. Two statements, one over recent reservations and one over recent
// payments of the partition's events, in one round trip; each goes on where it stopped when there
// was more than fits.
#include "store/load.h"
#include "store/row.h"

enum { STUCK_RESERVATIONS, STUCK_PAYMENTS };
enum { SLOTS_EACH = SLOTS / PARTITIONS };

// $1 first slot, $2 last, $3 age in ms, $4 look back in s, $5 to $7 the place to go on behind, $8
// rows. OFFSET keeps the order: events first, then a range of the primary key for each.
#define OLD "now() - make_interval(secs => $3::int8 / 1000.0)"
#define EVENTS(table)                                                                              \
    " FROM actor_lease l JOIN LATERAL (SELECT * FROM " table                                       \
    " WHERE event_id = l.actor AND id >= " ROW_ID_FLOOR(                                           \
        "now() - make_interval(secs => $4::int4)") " AND (l.actor <> $6::uuid OR id > $7::uuid) "  \
                                                   "OFFSET 0)"
#define PLACE(row)                                                                                 \
    " l.kind = 1 AND l.slot BETWEEN $1 AND $2 AND (l.slot, l.actor) >= ($5::int2, $6::uuid)"       \
    " AND l.active_at >= now() - make_interval(secs => $4::int4, hours => 1)"                      \
    " ORDER BY l.slot, l.actor, " row ".id LIMIT $8::int4"

const statement load_stuck_statements[LOAD_STUCK_STATEMENTS] = {
    // A ticket's id begins with its reservation's time (ticket_id_of). When a reservation was
    // confirmed is told by its payment.
    [STUCK_RESERVATIONS] =
        {"stuck_reservations",
         "SELECT l.slot, r.event_id, r.id, k.kind, r.buyer_id, r.payment_id,"
         " coalesce(nullif(p.captured_minor, 0), p.amount_minor, r.total_minor),"
         " coalesce(p.currency, (SELECT currency FROM event e WHERE e.id = r.event_id)),"
         " coalesce(p.intent_id, ''), coalesce(p.state, 0::int2), coalesce(p.refund_number, "
         "0::int2),"
         " coalesce(p.refund_id, ''), p.changed_at, r.seats" EVENTS(
             "reservation") " r ON r.state IN (1, 2)"
                            " LEFT JOIN payment p ON p.event_id = r.event_id AND p.id = "
                            "r.payment_id"
                            " CROSS JOIN LATERAL (SELECT CASE"
                            " WHEN r.state = 1 AND r.expires_at < " OLD " THEN 4::int2"
                            " WHEN r.state = 1 AND p.id IS NULL AND r.payment_id < " ROW_ID_FLOOR(
                                OLD) " THEN 2::int2"
                                     " WHEN r.state = 2 AND coalesce(p.changed_at, r.created_at) "
                                     "< " OLD " AND NOT EXISTS (SELECT 1 FROM ticket t WHERE "
                                     "t.event_id = r.event_id"
                                     " AND t.id >= (left(r.id::text, 13) || "
                                     "'-0000-0000-000000000000')::uuid"
                                     " AND t.id <= (left(r.id::text, 13) || "
                                     "'-ffff-ffff-ffffffffffff')::uuid"
                                     " AND t.reservation_id = r.id) THEN 3::int2 END) k(kind)"
                                     " WHERE k.kind IS NOT NULL AND" PLACE("r")},
    [STUCK_PAYMENTS] =
        {"stuck_payments",
         "SELECT l.slot, p.event_id, p.id, p.reservation_id, p.buyer_id, p.state,"
         " coalesce(nullif(p.captured_minor, 0), p.amount_minor), p.currency, p.intent_id,"
         " p.refund_number, p.refund_id, p.changed_at" EVENTS(
             "payment") " p ON p.state IN (1, 2, 3, 4, 6, 8, 9, 11)"
                        " AND p.changed_at < " OLD " WHERE" PLACE("p")},
};

static void stuck_send(connection *c, params *scratch, int number, uint32_t partition,
                       int64_t age_ms, int32_t look_back_s, const load_stuck_place *behind,
                       uint32_t rows)
{
    int16_t first = (int16_t)(partition * SLOTS_EACH);
    params_reset(scratch);
    params_int2(scratch, first);
    params_int2(scratch, (int16_t)(first + SLOTS_EACH - 1));
    params_int8(scratch, age_ms);
    params_int4(scratch, look_back_s);
    params_int2(scratch, behind->slot);
    params_uuid(scratch, &behind->event);
    params_uuid(scratch, &behind->id);
    params_int4(scratch, (int32_t)rows);
    connection_send(c, &load_stuck_statements[number], scratch);
}

static void stuck_reservation(const PGresult *rows, int row, stuck_row *ret_row)
{
    *ret_row = (stuck_row){.kind = (enum stuck_kind)column_int2(rows, row, 3),
                           .event = {column_uuid(rows, row, 1)},
                           .reservation = {column_uuid(rows, row, 2)},
                           .buyer = {column_uuid(rows, row, 4)},
                           .payment = {column_uuid(rows, row, 5)},
                           .amount_minor = column_int8(rows, row, 6),
                           .payment_state = column_int2(rows, row, 9),
                           .refund_number = column_int2(rows, row, 10)};
    column_copy(rows, row, 7, ret_row->currency, sizeof ret_row->currency);
    column_copy(rows, row, 8, ret_row->intent_id, sizeof ret_row->intent_id);
    column_copy(rows, row, 11, ret_row->refund_id, sizeof ret_row->refund_id);
    if (!column_is_null(rows, row, 12))
        ret_row->changed_us = column_time(rows, row, 12);
    ret_row->seats_count =
        column_int4_array(rows, row, 13, ret_row->seats, SEATS_PER_RESERVATION_MAX);
}

static enum stuck_kind payment_kind(int16_t state)
{
    if (state < 6)
        return STUCK_PAYMENT_OPEN;
    return state == 6 ? STUCK_PAYMENT_UNDECIDED : STUCK_REFUND_UNSENT;
}

static void stuck_payment(const PGresult *rows, int row, stuck_row *ret_row)
{
    int16_t state = column_int2(rows, row, 5);
    *ret_row = (stuck_row){.kind = payment_kind(state),
                           .event = {column_uuid(rows, row, 1)},
                           .payment = {column_uuid(rows, row, 2)},
                           .reservation = {column_uuid(rows, row, 3)},
                           .buyer = {column_uuid(rows, row, 4)},
                           .payment_state = state,
                           .amount_minor = column_int8(rows, row, 6),
                           .refund_number = column_int2(rows, row, 9),
                           .changed_us = column_time(rows, row, 11)};
    column_copy(rows, row, 7, ret_row->currency, sizeof ret_row->currency);
    column_copy(rows, row, 8, ret_row->intent_id, sizeof ret_row->intent_id);
    column_copy(rows, row, 10, ret_row->refund_id, sizeof ret_row->refund_id);
}

// Where the next look begins: behind the last row when there may be more, else at the start.
static load_stuck_place place_after(const PGresult *rows, uint32_t rows_max)
{
    int count = PQntuples(rows);
    if ((uint32_t)count < rows_max)
        return (load_stuck_place){0};
    return (load_stuck_place){column_int2(rows, count - 1, 0), column_uuid(rows, count - 1, 1),
                              column_uuid(rows, count - 1, 2)};
}

store_result load_stuck(connection *c, params *scratch, load_stuck_memory *memory,
                        uint32_t partition, int64_t age_ms, stuck_row *ret_rows, uint32_t rows_max,
                        uint32_t *ret_count)
{
    PIPELINE_AUTO p = {0};
    assert(partition < PARTITIONS && rows_max >= 2 && rows_max <= INT32_MAX);
    uint32_t reservations_max = rows_max / 2, payments_max = rows_max - reservations_max;
    bool far = memory->looks[partition]++ % LOAD_STUCK_FAR_EVERY == LOAD_STUCK_FAR_EVERY - 1;
    int32_t look_back_s = far ? LOAD_STUCK_FAR_SECONDS : LOAD_RECENT_SECONDS;
    stuck_send(c, scratch, STUCK_RESERVATIONS, partition, age_ms, look_back_s,
               &memory->reservations[partition], reservations_max);
    stuck_send(c, scratch, STUCK_PAYMENTS, partition, age_ms, look_back_s,
               &memory->payments[partition], payments_max);
    store_result result = connection_run(c, &p);
    if (result != STORE_OK)
        return result;
    const PGresult *reservations = p.rows[STUCK_RESERVATIONS], *payments = p.rows[STUCK_PAYMENTS];
    uint32_t count = 0;
    for (int i = 0; i < PQntuples(reservations); i++)
        stuck_reservation(reservations, i, &ret_rows[count++]);
    for (int i = 0; i < PQntuples(payments); i++)
        stuck_payment(payments, i, &ret_rows[count++]);
    memory->reservations[partition] = place_after(reservations, reservations_max);
    memory->payments[partition] = place_after(payments, payments_max);
    *ret_count = count;
    return STORE_OK;
}
