// An event's image, read as of one moment: a transaction in REPEATABLE READ, carried to the server
// and back as one pipeline.
#include "schemas/cavea.pb-c.h"
#include "store/load.h"
#include "store/row.h"

#include <stdlib.h>

enum {
    EVENT_BEGIN,
    EVENT_ROW,
    EVENT_PRICES,
    EVENT_PLAN,
    EVENT_RESERVATIONS,
    EVENT_REFUSALS,
    EVENT_COMMIT
};

const statement load_event_statements[LOAD_EVENT_STATEMENTS] = {
    [EVENT_BEGIN] = {"event_begin", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"},
    [EVENT_ROW] = {"event_row", "SELECT e.status, e.sale_starts_at, e.hold_seconds, e.currency,"
                                " e.plan_hash, l.last_seq, l.last_hash, e.starts_at,"
                                " e.refund_before_seconds, e.refund_percent, e.fee_bp, e.tax_bp"
                                " FROM event e"
                                " LEFT JOIN actor_lease l ON l.actor = e.id WHERE e.id = $1"},
    [EVENT_PRICES] = {"event_prices",
                      "SELECT category, price_minor FROM event_price WHERE event_id = $1"},
    [EVENT_PLAN] = {"event_plan", "SELECT p.packed FROM event e JOIN plan p ON p.hash = e.plan_hash"
                                  " WHERE e.id = $1 AND e.plan_hash <> ALL ($2::bytea[])"},
    // What has seats whatever its age, and everything young: its idempotency keys are remembered.
    // A lateral part with a limit can only be looked up claim by claim, whatever the statistics
    // say: those from before the event grew make the join a loop over all its reservations for
    // each.
    [EVENT_RESERVATIONS] = {"event_reservations",
                            "SELECT " ROW_RESERVATION " FROM reservation r"
                            " WHERE r.event_id = $1 AND r.id >= " ROW_YOUNG_ID
                            " UNION ALL SELECT " ROW_RESERVATION
                            " FROM (SELECT DISTINCT reservation_id AS id FROM seat_claim"
                            " WHERE seat_key BETWEEN $2 AND $3 AND reservation_id < " ROW_YOUNG_ID
                            ") c CROSS JOIN LATERAL (SELECT * FROM reservation"
                            " WHERE event_id = $1 AND id = c.id LIMIT 1) r ORDER BY 1"},
    [EVENT_REFUSALS] = {"event_refusals", "SELECT payload FROM fact WHERE actor = $1 AND kind = 14"
                                          " ORDER BY seq"},
    [EVENT_COMMIT] = {"event_commit", "COMMIT"},
};
_Static_assert(CAVEA__V1__EVENT_FACT__BODY_PAYMENT_REFUSED == 14, "the kind in event_refusals");

static void image_prices(const PGresult *rows, event_image *image)
{
    for (int i = 0; i < PQntuples(rows); i++) {
        int16_t category = column_int2(rows, i, 0);
        assert(category >= 0 && category < CATEGORIES_PER_PLAN_MAX);
        image->price_minor[category] = column_int8(rows, i, 1);
        if ((uint32_t)category >= image->prices_count)
            image->prices_count = (uint32_t)category + 1;
    }
}

// NULL when there are no bytes; false when memory is out.
static bool bytes_copy(const PGresult *rows, int row, uint8_t **ret_bytes, uint32_t *ret_count)
{
    uint32_t count = column_length(rows, row, 0);
    uint8_t *bytes = malloc(count > 0 ? count : 1);
    if (bytes == NULL)
        return false;
    memcpy(bytes, column_text(rows, row, 0), count);
    *ret_bytes = bytes;
    *ret_count = count;
    return true;
}

static bool image_reservations(const PGresult *rows, event_image *image)
{
    int count = PQntuples(rows);
    if (count == 0)
        return true;
    image->reservations = malloc((size_t)count * sizeof *image->reservations);
    if (image->reservations == NULL)
        return false;
    for (int i = 0; i < count; i++)
        image->reservations[i] = row_reservation(rows, i);
    image->reservations_count = (uint32_t)count;
    return true;
}

static int reservation_compare(const void *key, const void *row)
{
    const event_image_reservation *r = row;
    return memcmp(key, r->id.u.bytes, sizeof r->id.u.bytes);
}

// Keeps the refusal when its reservation is part of the image. False: the payload is unreadable.
static bool image_refusal(const void *payload, size_t payload_bytes, event_image *image)
{
    Cavea__V1__EventFact *f = cavea__v1__event_fact__unpack(NULL, payload_bytes, payload);
    if (f == NULL)
        return false;
    struct payment_refusal refusal;
    bool readable =
        f->body_case == CAVEA__V1__EVENT_FACT__BODY_PAYMENT_REFUSED &&
        uuid_from_bytes(f->payment_refused->reservation_id.data,
                        f->payment_refused->reservation_id.len, &refusal.reservation.u) &&
        uuid_from_bytes(f->payment_refused->payment_id.data, f->payment_refused->payment_id.len,
                        &refusal.payment.u);
    cavea__v1__event_fact__free_unpacked(f, NULL);
    if (readable && image->reservations_count > 0 &&
        bsearch(&refusal.reservation.u, image->reservations, image->reservations_count,
                sizeof *image->reservations, reservation_compare) != NULL)
        image->refusals[image->refusals_count++] = refusal;
    return readable;
}

static store_result image_refusals(const PGresult *rows, event_image *image)
{
    int count = PQntuples(rows);
    if (count == 0)
        return STORE_OK;
    image->refusals = malloc((size_t)count * sizeof *image->refusals);
    if (image->refusals == NULL)
        return STORE_UNKNOWN;
    for (int i = 0; i < count; i++)
        if (!image_refusal(column_text(rows, i, 0), column_length(rows, i, 0), image))
            return STORE_REFUSED;
    return STORE_OK;
}

static store_result image_read(const pipeline *p, const event_id *id, event_image *image)
{
    const PGresult *rows = p->rows[EVENT_ROW], *plan = p->rows[EVENT_PLAN];
    image->id = *id;
    image->status = column_int2(rows, 0, 0);
    image->sale_starts_us = column_time(rows, 0, 1);
    image->hold_seconds = column_int4(rows, 0, 2);
    column_copy(rows, 0, 3, image->currency, sizeof image->currency);
    image->plan_hash = column_digest32(rows, 0, 4);
    if (!column_is_null(rows, 0, 5)) {
        image->last_seq = column_int8(rows, 0, 5);
        image->last_hash = column_digest32(rows, 0, 6);
    }
    image->starts_us = column_time(rows, 0, 7);
    image->refunds = row_refunds(rows, 0, 8);
    image->fee_bp = column_int2(rows, 0, 10);
    image->tax_bp = column_int2(rows, 0, 11);
    image_prices(p->rows[EVENT_PRICES], image);
    if (PQntuples(plan) == 1 &&
        !bytes_copy(plan, 0, &image->packed_plan, &image->packed_plan_bytes))
        return STORE_UNKNOWN;
    if (!image_reservations(p->rows[EVENT_RESERVATIONS], image))
        return STORE_UNKNOWN;
    return image_refusals(p->rows[EVENT_REFUSALS], image);
}

static void event_send(connection *c, params *scratch, int number, const event_id *id)
{
    params_reset(scratch);
    params_uuid(scratch, &id->u);
    connection_send(c, &load_event_statements[number], scratch);
}

static void reservations_send(connection *c, params *scratch, const event_id *id)
{
    uint32_t tag = event_tag(id);
    params_reset(scratch);
    params_uuid(scratch, &id->u);
    params_int8(scratch, row_seat_key(tag, 0));
    params_int8(scratch, row_seat_key(tag, SEATS_PER_EVENT_MAX - 1));
    connection_send(c, &load_event_statements[EVENT_RESERVATIONS], scratch);
}

static void plan_send(connection *c, params *scratch, const event_id *id, const digest32 *known,
                      uint32_t known_count)
{
    params_reset(scratch);
    params_uuid(scratch, &id->u);
    params_array(scratch, PARAM_BYTES);
    for (uint32_t i = 0; i < known_count; i++)
        params_add_bytes(scratch, known[i].bytes, sizeof known[i].bytes);
    params_end(scratch);
    connection_send(c, &load_event_statements[EVENT_PLAN], scratch);
}

store_result load_event(connection *c, params *scratch, const event_id *id,
                        const digest32 *known_plans, uint32_t known_plans_count,
                        event_image *ret_image)
{
    PIPELINE_AUTO p = {0};
    event_image image __attribute__((cleanup(event_image_done))) = {0};
    connection_send(c, &load_event_statements[EVENT_BEGIN], NULL);
    event_send(c, scratch, EVENT_ROW, id);
    event_send(c, scratch, EVENT_PRICES, id);
    plan_send(c, scratch, id, known_plans, known_plans_count);
    reservations_send(c, scratch, id);
    event_send(c, scratch, EVENT_REFUSALS, id);
    connection_send(c, &load_event_statements[EVENT_COMMIT], NULL);
    store_result result = connection_run(c, &p);
    if (result != STORE_OK || PQntuples(p.rows[EVENT_ROW]) == 0)
        return result;
    result = image_read(&p, id, &image);
    if (result == STORE_OK) {
        *ret_image = image;
        image = (event_image){0};
    }
    return result;
}
