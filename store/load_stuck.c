// Finds work that got stuck. Two statements, one over reservations and one over payments of the
// partition's events, in one round trip. A look goes through a bounded number of rows, stuck or
// not, in the order of the keys, and the next one goes on behind it: so a search costs the same
// whatever was sold before and is on sale now, and only a whole round takes longer.
#include "store/load.h"
#include "store/row.h"

enum { STUCK_RESERVATIONS, STUCK_PAYMENTS };
enum { SLOTS_EACH = SLOTS / PARTITIONS };
enum { STUCK_SLOT, STUCK_EVENT, STUCK_ID, STUCK_PLACE, STUCK_KIND }; // columns of both

// $1 first slot, $2 last, $3 age in ms, $4 look back in s, $5 to $7 the place to go on behind, $8
// rows to go through, $9 rows to return. What is younger than the age cannot be stuck for so long.
// The times stand in subqueries of their own, so that they are computed once and not for each row.
#define OLD "(SELECT now() - make_interval(secs => $3::int8 / 1000.0))"
#define FIRST "(SELECT now() - make_interval(secs => $4::int4))"
#define OLD_ID "(SELECT " ROW_ID_FLOOR(OLD) ")"
#define FIRST_ID "(SELECT " ROW_ID_FLOOR(FIRST) ")"
// Between a table's name and its alias: a range of its primary key for each event in turn, the
// events by actor_lease_by_slot. A lateral part can only be the inner side of a loop, so rows come
// in the order of the events without being sorted, and the limit ends the loop. An event without
// rows, or one that did nothing for so long, is a row too: it was gone through.
#define SEEN                                                                                       \
    " FROM (SELECT row_number() OVER () AS place, x.* FROM (SELECT l.slot, l.actor, t.*"           \
    " FROM (SELECT slot, actor, active_at FROM actor_lease WHERE kind = 1"                         \
    " AND slot BETWEEN $1 AND $2 AND (slot, actor) >= ($5::int2, $6::uuid)"                        \
    " ORDER BY slot, actor LIMIT $8::int4) l LEFT JOIN LATERAL (SELECT * FROM "
#define OF_EVENTS                                                                                  \
    " WHERE event_id = l.actor AND id < " OLD_ID " AND id > greatest(" FIRST_ID                    \
    ", CASE WHEN l.actor = $6::uuid THEN $7::uuid END)"                                            \
    " AND l.active_at >= " FIRST " - interval '1 hour'"                                            \
    " ORDER BY id LIMIT $8::int4) t ON true LIMIT $8::int4) x) "
// A ticket's id begins with its reservation's time (ticket_id_of).
#define HAS_TICKET                                                                                 \
    "EXISTS (SELECT 1 FROM ticket t WHERE t.event_id = r.event_id AND t.reservation_id = r.id"     \
    " AND t.id >= (left(r.id::text, 13) || '-0000-0000-000000000000')::uuid"                       \
    " AND t.id <= (left(r.id::text, 13) || '-ffff-ffff-ffffffffffff')::uuid)"
#define IS_OPEN "p.state IN (1, 2, 3, 4, 6, 8, 9, 11) AND p.changed_at < " OLD

// The last row gone through is returned in any case: it is the place to go on behind. When a
// reservation was confirmed is told by its payment.
const statement load_stuck_statements[LOAD_STUCK_STATEMENTS] = {
    [STUCK_RESERVATIONS] =
        {"stuck_reservations",
         "SELECT r.slot, r.actor, r.id, r.place, k.kind, r.buyer_id, r.payment_id,"
         " CASE WHEN k.kind = 7 THEN coalesce(r.refund_minor, 0)"
         " ELSE coalesce(nullif(p.captured_minor, 0), p.amount_minor, r.total_minor) END,"
         " coalesce(p.currency, (SELECT currency FROM event e WHERE e.id = r.event_id)),"
         " coalesce(p.intent_id, ''), coalesce(p.state, 0::int2),"
         " coalesce(p.refund_number, 0::int2), coalesce(p.refund_id, ''), p.changed_at,"
         " r.seats" SEEN "reservation" OF_EVENTS "r"
         " LEFT JOIN LATERAL (SELECT * FROM payment WHERE r.payment_id IS NOT NULL"
         " AND event_id = r.event_id AND id = r.payment_id LIMIT 1) p ON true"
         " CROSS JOIN LATERAL (SELECT CASE"
         " WHEN r.state = 1 AND r.expires_at < " OLD " THEN 4::int2"
         " WHEN r.state = 1 AND p.id IS NULL AND r.payment_id < " OLD_ID " THEN 2::int2"
         " WHEN r.state = 2 AND coalesce(p.changed_at, r.created_at) < " OLD " AND NOT " HAS_TICKET
         " THEN 3::int2"
         " WHEN r.state = 5 AND p.state = 7 AND p.captured_minor > 0 AND p.kept_minor = 0"
         " AND p.refund_minor = 0 AND p.changed_at < " OLD " THEN 7::int2 END) k(kind)"
         " WHERE k.kind IS NOT NULL OR r.place = $8::int4 ORDER BY r.place LIMIT $9::int4"},
    [STUCK_PAYMENTS] =
        {"stuck_payments",
         "SELECT p.slot, p.actor, p.id, p.place, " IS_OPEN ", p.reservation_id, p.buyer_id,"
         " p.state, coalesce(nullif(p.captured_minor, 0), p.amount_minor), p.currency,"
         " p.intent_id, p.refund_number, p.refund_id, p.changed_at, p.refund_minor" SEEN
         "payment" OF_EVENTS "p"
         " WHERE (" IS_OPEN ") OR p.place = $8::int4 ORDER BY p.place LIMIT $9::int4"},
};

static void stuck_send(connection *c, params *scratch, int number, uint32_t partition,
                       int64_t age_ms, int32_t look_back_s, const load_stuck_place *behind,
                       uint32_t rows_max)
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
    params_int4(scratch, LOAD_STUCK_LOOK_ROWS);
    params_int4(scratch, (int32_t)rows_max);
    connection_send(c, &load_stuck_statements[number], scratch);
}

static void stuck_reservation(const PGresult *rows, int row, stuck_row *ret_row)
{
    *ret_row = (stuck_row){.kind = (enum stuck_kind)column_int2(rows, row, STUCK_KIND),
                           .event = {column_uuid(rows, row, STUCK_EVENT)},
                           .reservation = {column_uuid(rows, row, STUCK_ID)},
                           .buyer = {column_uuid(rows, row, 5)},
                           .payment = {column_uuid(rows, row, 6)},
                           .amount_minor = column_int8(rows, row, 7),
                           .payment_state = column_int2(rows, row, 10),
                           .refund_number = column_int2(rows, row, 11)};
    column_copy(rows, row, 8, ret_row->currency, sizeof ret_row->currency);
    column_copy(rows, row, 9, ret_row->intent_id, sizeof ret_row->intent_id);
    column_copy(rows, row, 12, ret_row->refund_id, sizeof ret_row->refund_id);
    if (!column_is_null(rows, row, 13))
        ret_row->changed_us = column_time(rows, row, 13);
    ret_row->seats_count =
        column_int4_array(rows, row, 14, ret_row->seats, SEATS_PER_RESERVATION_MAX);
}

static enum stuck_kind payment_kind(int16_t state)
{
    if (state < 6)
        return STUCK_PAYMENT_OPEN;
    return state == 6 ? STUCK_PAYMENT_UNDECIDED : STUCK_REFUND_UNSENT;
}

static void stuck_payment(const PGresult *rows, int row, stuck_row *ret_row)
{
    int16_t state = column_int2(rows, row, 7);
    *ret_row = (stuck_row){.kind = payment_kind(state),
                           .event = {column_uuid(rows, row, STUCK_EVENT)},
                           .payment = {column_uuid(rows, row, STUCK_ID)},
                           .reservation = {column_uuid(rows, row, 5)},
                           .buyer = {column_uuid(rows, row, 6)},
                           .payment_state = state,
                           .amount_minor = column_int8(rows, row, 8),
                           .refund_number = column_int2(rows, row, 11),
                           .changed_us = column_time(rows, row, 13),
                           .refund_minor = column_int8(rows, row, 14)};
    column_copy(rows, row, 9, ret_row->currency, sizeof ret_row->currency);
    column_copy(rows, row, 10, ret_row->intent_id, sizeof ret_row->intent_id);
    column_copy(rows, row, 12, ret_row->refund_id, sizeof ret_row->refund_id);
}

static bool is_stuck(const PGresult *rows, int row, int number)
{
    return number == STUCK_RESERVATIONS ? !column_is_null(rows, row, STUCK_KIND)
                                        : column_bool(rows, row, STUCK_KIND);
}

// Returns how many are stuck, and where the next look begins: behind the last row that was returned
// when there may be more, else at the start.
static uint32_t stuck_take(const PGresult *rows, int number, uint32_t rows_max, stuck_row *ret_rows,
                           load_stuck_place *ret_place)
{
    int count = PQntuples(rows), last = count - 1;
    uint32_t found = 0;
    *ret_place = (load_stuck_place){0};
    for (int i = 0; i < count; i++) {
        if (!is_stuck(rows, i, number))
            continue;
        if (number == STUCK_RESERVATIONS)
            stuck_reservation(rows, i, &ret_rows[found++]);
        else
            stuck_payment(rows, i, &ret_rows[found++]);
    }
    if ((uint32_t)count == rows_max ||
        (count > 0 && column_int8(rows, last, STUCK_PLACE) == LOAD_STUCK_LOOK_ROWS))
        *ret_place = (load_stuck_place){column_int2(rows, last, STUCK_SLOT),
                                        column_uuid(rows, last, STUCK_EVENT),
                                        column_uuid(rows, last, STUCK_ID)};
    return found;
}

store_result load_stuck(connection *c, params *scratch, load_stuck_memory *memory,
                        uint32_t partition, int64_t age_ms, stuck_row *ret_rows, uint32_t rows_max,
                        uint32_t *ret_count)
{
    PIPELINE_AUTO p = {0};
    assert(partition < PARTITIONS && rows_max >= 2 && rows_max <= INT32_MAX);
    uint32_t reservations_max = rows_max / 2, payments_max = rows_max - reservations_max;
    bool far = memory->looks[partition]++ % LOAD_STUCK_FAR_EVERY == LOAD_STUCK_FAR_EVERY - 1;
    int32_t look_back_s = far ? LOAD_STUCK_FAR_SECONDS : LOAD_STUCK_NEAR_SECONDS;
    load_stuck_place *reservations = &memory->reservations[partition][far];
    load_stuck_place *payments = &memory->payments[partition][far];
    stuck_send(c, scratch, STUCK_RESERVATIONS, partition, age_ms, look_back_s, reservations,
               reservations_max);
    stuck_send(c, scratch, STUCK_PAYMENTS, partition, age_ms, look_back_s, payments, payments_max);
    store_result result = connection_run(c, &p);
    if (result != STORE_OK)
        return result;
    *ret_count = stuck_take(p.rows[STUCK_RESERVATIONS], STUCK_RESERVATIONS, reservations_max,
                            ret_rows, reservations);
    *ret_count += stuck_take(p.rows[STUCK_PAYMENTS], STUCK_PAYMENTS, payments_max,
                             ret_rows + *ret_count, payments);
    return STORE_OK;
}
