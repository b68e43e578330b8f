// Finds work that got stuck. Two statements, one over reservations and one over payments of the
// partition's events, and in a look back a third over open refunds of older payments, whatever
// their age: a ticket may be given back long after it was bought. One round trip is a page, which
// goes through a bounded number of rows, stuck or not, in the order of the keys. A look goes on
// from page to page while its time lasts, and the next one goes on behind it: so a search costs the
// same whatever was sold before and is on sale now, and only a whole round takes longer.
#include "store/load.h"
#include "store/row.h"

#include <sys/random.h>

enum { STUCK_RESERVATIONS, STUCK_PAYMENTS, STUCK_REFUNDS };
enum { SLOTS_EACH = SLOTS / PARTITIONS };
enum { STUCK_SLOT, STUCK_EVENT, STUCK_ID, STUCK_PLACE, STUCK_KIND }; // columns of all

// $1 first slot, $2 last, $3 age in ms, $4 look back in s, $5 to $7 the place to go on behind, $8
// rows to go through, $9 rows to return; open refunds have only $7 to $9, as $5 to $7. What is
// younger than the age cannot be stuck for so long. The times stand in subqueries of their own, so
// that they are computed once and not for each row.
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
#define OWN_TICKET                                                                                 \
    "(SELECT 1 FROM ticket t WHERE t.event_id = r.event_id AND t.reservation_id = r.id"            \
    " AND t.id >= (left(r.id::text, 13) || '-0000-0000-000000000000')::uuid"                       \
    " AND t.id <= (left(r.id::text, 13) || '-ffff-ffff-ffffffffffff')::uuid"
#define IS_OPEN "p.state IN (1, 2, 3, 4, 6, 8, 9, 11) AND p.changed_at < " OLD

#define PAYMENT_COLUMNS                                                                            \
    "p.reservation_id, p.buyer_id, p.state,"                                                       \
    " coalesce(nullif(p.captured_minor, 0), p.amount_minor), p.currency, p.intent_id,"             \
    " p.refund_number, p.refund_id, p.changed_at, p.refund_minor,"                                 \
    " EXISTS (SELECT 1 FROM reservation r WHERE r.event_id = p.event_id"                           \
    " AND r.id = p.reservation_id AND r.state <> 1)"
#define IS_OPEN_REFUND                                                                             \
    "(l.slot BETWEEN $1 AND $2 AND p.state IN (8, 9, 11) AND p.changed_at < " OLD ") IS TRUE"

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
         " WHEN r.state = 2 AND coalesce(p.changed_at, r.created_at) < " OLD
         " AND NOT EXISTS " OWN_TICKET ") THEN 3::int2"
         " WHEN r.state = 5 AND p.state = 7 AND p.captured_minor > 0 AND p.kept_minor = 0"
         " AND p.refund_minor = 0 AND p.changed_at < " OLD " THEN 7::int2"
         " WHEN r.state = 5 AND coalesce(p.changed_at, r.created_at) < " OLD
         " AND EXISTS " OWN_TICKET " AND t.state = 1) THEN 8::int2 END) k(kind)"
         " WHERE k.kind IS NOT NULL OR r.place = $8::int4 ORDER BY r.place LIMIT $9::int4"},
    [STUCK_PAYMENTS] = {"stuck_payments",
                        "SELECT p.slot, p.actor, p.id, p.place, " IS_OPEN ", " PAYMENT_COLUMNS SEEN
                        "payment" OF_EVENTS "p"
                        " WHERE (" IS_OPEN
                        ") OR p.place = $8::int4 ORDER BY p.place LIMIT $9::int4"},
    [STUCK_REFUNDS] =
        {"stuck_refunds",
         "SELECT $1::int2, p.event_id, p.id, p.place, " IS_OPEN_REFUND ", " PAYMENT_COLUMNS
         " FROM (SELECT row_number() OVER () AS place, x.* FROM (SELECT * FROM payment"
         " WHERE refund_minor > refunded_minor AND id > $5::uuid AND id <= " FIRST_ID
         " ORDER BY id LIMIT $6::int4) x) p LEFT JOIN actor_lease l ON l.actor = p.event_id"
         " WHERE " IS_OPEN_REFUND " OR p.place = $6::int4 ORDER BY p.place LIMIT $7::int4"},
};

// A table's part of a look: from where the last one ended to the last slot, then from the first
// slot to where it began.
typedef struct stuck_search {
    int number;
    int16_t first_slot, to_slot, begin_slot;
    load_stuck_place place; // that it came to
    uint32_t rows_max;      // of the next page
    bool is_over;
} stuck_search;

static stuck_search stuck_begin(int number, uint32_t partition, load_stuck_place place)
{
    int16_t first = (int16_t)(partition * SLOTS_EACH), last = (int16_t)(first + SLOTS_EACH - 1);
    uint16_t random = 0;
    if (!place.is_set) {
        if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
            random = 0; // then it starts at the first
        place = (load_stuck_place){.is_set = true, .slot = (int16_t)(first + random % SLOTS_EACH)};
    }
    return (stuck_search){.number = number,
                          .first_slot = first,
                          .to_slot = last,
                          .begin_slot = place.slot,
                          .place = place};
}

// Open refunds are searched in the order of their ids, whatever slots they are of.
static stuck_search stuck_refunds_begin(uint32_t partition, load_stuck_place place, bool far)
{
    place.is_set = true;
    stuck_search s = stuck_begin(STUCK_REFUNDS, partition, place);
    s.begin_slot = s.first_slot;
    s.is_over = !far;
    return s;
}

static void stuck_send(connection *c, params *scratch, const stuck_search *s, int64_t age_ms,
                       int32_t look_back_s)
{
    params_reset(scratch);
    params_int2(scratch, s->first_slot);
    params_int2(scratch, s->to_slot);
    params_int8(scratch, age_ms);
    params_int4(scratch, look_back_s);
    if (s->number != STUCK_REFUNDS) {
        params_int2(scratch, s->place.slot);
        params_uuid(scratch, &s->place.event);
    }
    params_uuid(scratch, &s->place.id);
    params_int4(scratch, LOAD_STUCK_PAGE_ROWS);
    params_int4(scratch, (int32_t)s->rows_max);
    connection_send(c, &load_stuck_statements[s->number], scratch);
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
                           .refund_minor = column_int8(rows, row, 14),
                           .is_abandoned = column_bool(rows, row, 15)};
    column_copy(rows, row, 9, ret_row->currency, sizeof ret_row->currency);
    column_copy(rows, row, 10, ret_row->intent_id, sizeof ret_row->intent_id);
    column_copy(rows, row, 12, ret_row->refund_id, sizeof ret_row->refund_id);
}

static bool is_stuck(const PGresult *rows, int row, int number)
{
    return number == STUCK_RESERVATIONS ? !column_is_null(rows, row, STUCK_KIND)
                                        : column_bool(rows, row, STUCK_KIND);
}

// A page that was cut short ends at its last row, and one that came to its last slot goes on at the
// first one, up to where the look began.
static void stuck_go_on(stuck_search *s, const PGresult *rows)
{
    int count = PQntuples(rows), last = count - 1;
    s->place = (load_stuck_place){.is_set = true, .slot = s->begin_slot};
    if ((uint32_t)count == s->rows_max ||
        (count > 0 && column_int8(rows, last, STUCK_PLACE) == LOAD_STUCK_PAGE_ROWS)) {
        s->place.slot = column_int2(rows, last, STUCK_SLOT);
        s->place.event = column_uuid(rows, last, STUCK_EVENT);
        s->place.id = column_uuid(rows, last, STUCK_ID);
    } else if (s->to_slot < s->begin_slot || s->begin_slot == s->first_slot) {
        s->is_over = true;
    } else {
        s->place.slot = s->first_slot;
        s->to_slot = (int16_t)(s->begin_slot - 1);
    }
}

static uint32_t stuck_take(const stuck_search *s, const PGresult *rows, stuck_row *ret_rows)
{
    uint32_t found = 0;
    for (int i = 0; i < PQntuples(rows); i++) {
        if (!is_stuck(rows, i, s->number))
            continue;
        if (s->number == STUCK_RESERVATIONS)
            stuck_reservation(rows, i, &ret_rows[found++]);
        else
            stuck_payment(rows, i, &ret_rows[found++]);
    }
    return found;
}

// One page of each search that is not over; they share the room for rows.
static store_result stuck_page(connection *c, params *scratch,
                               stuck_search searches[static LOAD_STUCK_STATEMENTS], int64_t age_ms,
                               int32_t look_back_s, stuck_row *ret_rows, uint32_t rows_max,
                               uint32_t *ret_count)
{
    PIPELINE_AUTO p = {0};
    stuck_search *asked[LOAD_STUCK_STATEMENTS];
    uint32_t asked_count = 0, found = 0;
    for (uint32_t i = 0; i < LOAD_STUCK_STATEMENTS; i++)
        if (!searches[i].is_over)
            asked[asked_count++] = &searches[i];
    for (uint32_t i = 0; i < asked_count; i++) {
        asked[i]->rows_max = (rows_max + i) / asked_count;
        stuck_send(c, scratch, asked[i], age_ms, look_back_s);
    }
    store_result result = connection_run(c, &p);
    for (uint32_t i = 0; i < asked_count && result == STORE_OK; i++) {
        found += stuck_take(asked[i], p.rows[i], ret_rows + found);
        stuck_go_on(asked[i], p.rows[i]);
    }
    *ret_count = found;
    return result;
}

store_result load_stuck(connection *c, params *scratch, load_stuck_memory *memory,
                        uint32_t partition, int64_t age_ms, stuck_row *ret_rows, uint32_t rows_max,
                        uint32_t *ret_count)
{
    assert(partition < PARTITIONS && rows_max >= LOAD_STUCK_STATEMENTS && rows_max <= INT32_MAX);
    uint32_t count = 0, found = 0, look = memory->looks[partition]++;
    uint32_t far_every = memory->far_full[partition] ? 2 : LOAD_STUCK_FAR_EVERY;
    bool far = look % far_every == far_every - 1;
    int32_t look_back_s = far ? LOAD_STUCK_FAR_SECONDS : LOAD_STUCK_NEAR_SECONDS;
    load_stuck_place *reservations = &memory->reservations[partition][far];
    load_stuck_place *payments = &memory->payments[partition][far];
    stuck_search s[LOAD_STUCK_STATEMENTS] = {
        stuck_begin(STUCK_RESERVATIONS, partition, *reservations),
        stuck_begin(STUCK_PAYMENTS, partition, *payments),
        stuck_refunds_begin(partition, memory->refunds[partition], far)};
    int64_t begin_ms = connection_clock_ms();
    for (uint32_t pages = 0; pages < LOAD_STUCK_PAGES_MAX; pages++) {
        store_result result = stuck_page(c, scratch, s, age_ms, look_back_s, ret_rows + count,
                                         rows_max - count, &found);
        if (result != STORE_OK)
            return result; // with the places as they were
        count += found;
        if ((s[0].is_over && s[1].is_over && s[2].is_over) ||
            rows_max - count < LOAD_STUCK_STATEMENTS ||
            connection_clock_ms() - begin_ms >=
                (count > 0 ? LOAD_STUCK_LOOK_MS : LOAD_STUCK_GLANCE_MS))
            break;
    }
    *reservations = s[0].place;
    *payments = s[1].place;
    if (far) {
        memory->refunds[partition] = s[2].place;
        memory->far_full[partition] = rows_max - count < LOAD_STUCK_STATEMENTS;
    }
    *ret_count = count;
    return STORE_OK;
}
