#include "store/catalog_write.h"

#include <stdio.h>
#include <stdlib.h>

static void params_free(params *p)
{
    params_done(p);
}
#define PARAMS_AUTO params __attribute__((cleanup(params_free)))

enum { ROW_BYTES = 64 * 1024 }; // texts are checked by their callers and by the tables

static store_result out_of_memory(char *ret_problem)
{
    snprintf(ret_problem, CATALOG_PROBLEM_BYTES, "out of memory");
    return STORE_UNKNOWN;
}

void catalog_problem(const connection *c, char ret_problem[static CATALOG_PROBLEM_BYTES])
{
    static const char word[] = "ERROR:  ";
    const char *error = connection_error(c);
    size_t skip = strncmp(error, word, sizeof word - 1) == 0 ? sizeof word - 1 : 0;
    snprintf(ret_problem, CATALOG_PROBLEM_BYTES, "%s", error + skip);
}

// What a constraint means to the person who ran into it.
static const struct rule {
    const char *constraint, *sentence;
} rules[] = {
    {"venue_country_check", "a country is two capital letters of ISO 3166, such as DE"},
    {"venue_organizer_id_fkey", "there is no such organizer"},
    {"event_venue_id_fkey", "there is no such venue"},
    {"event_currency_fkey", "this currency is not known (table currency lists them)"},
    {"event_plan_hash_fkey", "there is no such plan"},
    {"event_hold_seconds_check", "seats are held for 1 to 1800 seconds"},
    {"event_category_check", "an event's category has 1 to 60 characters"},
    {"_name_check", "a name has 1 to 200 characters"},
    {"_city_check", "a city's name has 1 to 200 characters"},
    {"event_price_price_minor_check", "a price is not negative"},
};

static store_result explained(const connection *c, store_result result, char *ret_problem)
{
    const char *error = connection_error(c);
    if (result == STORE_OK)
        return result;
    catalog_problem(c, ret_problem);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strstr(error, rules[i].constraint)) {
            snprintf(ret_problem, CATALOG_PROBLEM_BYTES, "%s", rules[i].sentence);
            break;
        }
    return result;
}

// All statements here are unnamed: one that was prepared before is replaced.
static store_result prepare_and_ask(connection *c, const statement *s, const params *p,
                                    pipeline *ret, char *ret_problem)
{
    store_result result = connection_prepare(c, s, 1);
    if (result == STORE_OK)
        result = connection_ask(c, s, p, ret);
    return explained(c, result, ret_problem);
}

static void params_optional(params *p, catalog_bytes bytes)
{
    if (bytes.data)
        params_bytes(p, bytes.data, bytes.bytes);
    else
        params_null(p);
}

store_result catalog_organizer(connection *c, const char *name, const uuid *id, uuid *ret_id,
                               char ret_problem[static CATALOG_PROBLEM_BYTES])
{
    static const statement find_or_make = {
        "", "WITH found AS (SELECT id FROM organizer WHERE name = $2::text"
            " ORDER BY created_at, id LIMIT 1),"
            " made AS (INSERT INTO organizer (id, name) SELECT $1::uuid, $2::text"
            " WHERE NOT EXISTS (SELECT FROM found) RETURNING id)"
            " SELECT id FROM found UNION ALL SELECT id FROM made"};
    PARAMS_AUTO p;
    PIPELINE_AUTO rows = {0};
    if (!params_init(&p, ROW_BYTES))
        return out_of_memory(ret_problem);
    params_uuid(&p, id);
    params_text(&p, name);
    store_result result = prepare_and_ask(c, &find_or_make, &p, &rows, ret_problem);
    if (result == STORE_OK)
        *ret_id = column_uuid(rows.rows[0], 0, 0);
    return result;
}

store_result catalog_venue_put(connection *c, const catalog_venue *row, bool *ret_made,
                               char ret_problem[static CATALOG_PROBLEM_BYTES])
{
    static const statement put = {
        "", "WITH zone AS (SELECT FROM pg_timezone_names WHERE name = $6::text),"
            " made AS (INSERT INTO venue (id, organizer_id, name, city, country, time_zone)"
            " SELECT $1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::text FROM zone"
            " ON CONFLICT (id) DO NOTHING RETURNING id)"
            " SELECT EXISTS (SELECT FROM zone), EXISTS (SELECT FROM made)"};
    PARAMS_AUTO p;
    PIPELINE_AUTO rows = {0};
    if (!params_init(&p, ROW_BYTES))
        return out_of_memory(ret_problem);
    params_uuid(&p, &row->id);
    params_uuid(&p, &row->organizer);
    params_text(&p, row->name);
    params_text(&p, row->city);
    params_text(&p, row->country);
    params_text(&p, row->time_zone);
    store_result result = prepare_and_ask(c, &put, &p, &rows, ret_problem);
    if (result != STORE_OK)
        return result;
    if (!column_bool(rows.rows[0], 0, 0)) {
        snprintf(ret_problem, CATALOG_PROBLEM_BYTES,
                 "there is no time zone %.60s: give an IANA name such as Europe/Berlin",
                 row->time_zone);
        return STORE_REFUSED;
    }
    *ret_made = column_bool(rows.rows[0], 0, 1);
    return STORE_OK;
}

store_result catalog_plan_put(connection *c, const catalog_plan *row, bool *ret_made,
                              char ret_problem[static CATALOG_PROBLEM_BYTES])
{
    // xmax is zero in a row that was inserted and not replaced.
    static const statement put = {
        "", "INSERT INTO plan AS p (hash, name, seats, layout, packed, source, side)"
            " VALUES ($1::bytea, $2::text, $3::int, $4::bytea, $5::bytea, $6::bytea, $7::bytea)"
            " ON CONFLICT (hash) DO UPDATE SET side = coalesce(excluded.side, p.side)"
            " RETURNING xmax = 0"};
    PARAMS_AUTO p;
    PIPELINE_AUTO rows = {0};
    if (!params_init(&p, ROW_BYTES + row->layout.bytes + row->packed.bytes + row->source.bytes +
                             row->side.bytes))
        return out_of_memory(ret_problem);
    params_bytes(&p, row->hash.bytes, sizeof row->hash.bytes);
    params_text(&p, row->name);
    params_int4(&p, row->seats);
    params_optional(&p, row->layout);
    params_optional(&p, row->packed);
    params_optional(&p, row->source);
    params_optional(&p, row->side);
    store_result result = prepare_and_ask(c, &put, &p, &rows, ret_problem);
    if (result == STORE_OK)
        *ret_made = column_bool(rows.rows[0], 0, 0);
    return result;
}

// One statement, so that it is one transaction; foreign keys are looked at when it ends.
static const statement event_put = {
    "", "WITH fresh AS (SELECT WHERE NOT EXISTS (SELECT FROM event WHERE id = $1::uuid)),"
        " house AS (SELECT organizer_id FROM venue WHERE id = $4::uuid),"
        " found AS (SELECT p.id FROM production p JOIN house USING (organizer_id)"
        " WHERE p.name = $5::text ORDER BY p.created_at, p.id LIMIT 1),"
        " made AS (INSERT INTO production (id, organizer_id, name)"
        " SELECT $3::uuid, organizer_id, $5::text FROM house, fresh"
        " WHERE $5::text IS NOT NULL AND NOT EXISTS (SELECT FROM found) RETURNING id),"
        " put AS (INSERT INTO event (id, tag, organizer_id, venue_id, production_id, name,"
        " category, description, currency, starts_at, sale_starts_at, hold_seconds, plan_hash,"
        " seats, price_min_minor, price_max_minor, fee_bp, tax_bp, refund_before_seconds,"
        " refund_percent)"
        " SELECT $1::uuid, $2::bigint, (SELECT organizer_id FROM house), $4::uuid,"
        " coalesce((SELECT id FROM found), (SELECT id FROM made)), $6::text, $7::text, $8::text,"
        " $9::text, $10::timestamptz, $11::timestamptz, $12::int, $13::bytea, $14::int,"
        " $15::bigint, $16::bigint, $18::int2, $19::int2, coalesce($20::int[], '{86400,7200}'),"
        " coalesce($21::int2[], '{100,50}') FROM fresh),"
        " priced AS (INSERT INTO event_price (event_id, category, price_minor)"
        " SELECT $1::uuid, place - 1, price"
        " FROM fresh, unnest($17::bigint[]) WITH ORDINALITY AS t(price, place))"
        " INSERT INTO event_plan (event_id, revision, plan_hash)"
        " SELECT $1::uuid, 1, $13::bytea FROM fresh RETURNING revision"};

static void refunds_params(params *p, const catalog_event *row)
{
    if (!row->has_refunds) {
        params_null(p);
        params_null(p);
        return;
    }
    params_array(p, PARAM_INT4);
    for (uint32_t i = 0; i < row->refunds.steps; i++)
        params_add_int4(p, row->refunds.before_seconds[i]);
    params_end(p);
    params_array(p, PARAM_INT2);
    for (uint32_t i = 0; i < row->refunds.steps; i++)
        params_add_int2(p, row->refunds.percent[i]);
    params_end(p);
}

static void event_params(params *p, const catalog_event *row)
{
    params_uuid(p, &row->id.u);
    params_int8(p, event_tag(&row->id));
    params_uuid(p, &row->production_id);
    params_uuid(p, &row->venue);
    if (row->production)
        params_text(p, row->production);
    else
        params_null(p);
    params_text(p, row->name);
    params_text(p, row->category);
    params_text(p, row->description);
    params_text(p, row->currency);
    params_time(p, row->starts_us);
    params_time(p, row->sale_starts_us);
    params_int4(p, row->hold_seconds);
    params_bytes(p, row->plan_hash.bytes, sizeof row->plan_hash.bytes);
    params_int4(p, row->seats);
    params_int8(p, row->price_min_minor);
    params_int8(p, row->price_max_minor);
    params_array(p, PARAM_INT8);
    for (uint32_t i = 0; i < row->prices_count; i++)
        params_add_int8(p, row->price_minor[i]);
    params_end(p);
    params_int2(p, row->fee_bp);
    params_int2(p, row->tax_bp);
    refunds_params(p, row);
}

store_result catalog_event_put(connection *c, const catalog_event *row, bool *ret_made,
                               bool *ret_tag_taken, char ret_problem[static CATALOG_PROBLEM_BYTES])
{
    PARAMS_AUTO p;
    PIPELINE_AUTO rows = {0};
    if (!params_init(&p, ROW_BYTES + strlen(row->description)))
        return out_of_memory(ret_problem);
    *ret_tag_taken = false;
    event_params(&p, row);
    store_result result = prepare_and_ask(c, &event_put, &p, &rows, ret_problem);
    if (result == STORE_OK)
        *ret_made = PQntuples(rows.rows[0]) == 1;
    if (result == STORE_REFUSED && strstr(connection_error(c), "event_tag_key"))
        *ret_tag_taken = true;
    return result;
}
