// Events and plans, as edges show them.
#include "store/read_pool.h"
#include "store/row.h"

#include <stdlib.h>

enum { EVENT_LIST, EVENT_DETAIL, EVENT_BY_TAG, PLAN_LAYOUT, PLAN_PACKED, CURRENCIES };

#define EVENT_COLUMNS                                                                              \
    "e.id, e.tag, e.name, e.category, v.id, v.name, v.city, v.country, v.time_zone, e.starts_at,"  \
    " e.sale_starts_at, " ROW_EVENT_STATUS ","                                                     \
    " e.seats, coalesce(l.claimed, 0), e.price_min_minor, e.price_max_minor, e.currency,"          \
    " u.exponent"
enum { EVENT_COLUMNS_COUNT = 18 };
#define EVENT_TABLES                                                                               \
    " FROM event e JOIN venue v ON v.id = e.venue_id JOIN currency u ON u.code = e.currency"       \
    " LEFT JOIN actor_lease l ON l.actor = e.id"

const statement read_event_statements[READ_EVENT_STATEMENTS] = {
    // Planned for each call, so a filter that is absent is not there at all.
    [EVENT_LIST] = {"event_list",
                    "SELECT " EVENT_COLUMNS EVENT_TABLES
                    " WHERE ($1::text IS NULL OR e.name ILIKE $1 OR v.name ILIKE $1"
                    " OR v.city ILIKE $1)"
                    " AND ($2::text IS NULL OR lower(v.city) = lower($2))"
                    " AND ($3::text IS NULL OR lower(e.category) = lower($3))"
                    " AND e.starts_at >= coalesce($4::timestamptz, now())"
                    " AND ($5::timestamptz IS NULL OR e.starts_at < $5)"
                    " AND ($6::int8 IS NULL OR e.price_min_minor <= $6)"
                    " AND ($7::timestamptz IS NULL OR (e.starts_at, e.id) > ($7, $8::uuid))"
                    " AND ($10::text IS NULL OR e.currency = upper($10))"
                    " ORDER BY e.starts_at, e.id LIMIT $9::int4"},
    // Prices by category; a category without one reads as zero.
    [EVENT_DETAIL] =
        {"event_detail",
         "SELECT " EVENT_COLUMNS ", e.description, o.id, o.name, p.id, coalesce(p.name, ''),"
         " e.plan_hash, e.hold_seconds,"
         " ARRAY(SELECT coalesce(x.price_minor, 0) FROM generate_series(0, (SELECT max(category)"
         " FROM event_price WHERE event_id = e.id)) c LEFT JOIN event_price x"
         " ON x.event_id = e.id AND x.category = c ORDER BY c),"
         " e.refund_before_seconds, e.refund_percent" EVENT_TABLES
         " JOIN organizer o ON o.id = e.organizer_id"
         " LEFT JOIN production p ON p.id = e.production_id WHERE e.id = $1"},
    [EVENT_BY_TAG] = {"event_by_tag", "SELECT id FROM event WHERE tag = $1::int8"},
    [PLAN_LAYOUT] = {"plan_layout", "SELECT layout FROM plan WHERE hash = $1"},
    [PLAN_PACKED] = {"plan_packed", "SELECT packed FROM plan WHERE hash = $1"},
    [CURRENCIES] = {"currencies",
                    "SELECT u.code, u.exponent FROM currency u JOIN event e ON e.currency = u.code"
                    " GROUP BY u.code ORDER BY count(*) DESC, u.code LIMIT $1::int4"},
};

static void event_read(const PGresult *rows, int i, event_row *ret_row)
{
    *ret_row = (event_row){
        .id = {column_uuid(rows, i, 0)},
        .tag = (uint32_t)column_int8(rows, i, 1),
        .name = column_text(rows, i, 2),
        .category = column_text(rows, i, 3),
        .venue_id = column_uuid(rows, i, 4),
        .venue_name = column_text(rows, i, 5),
        .city = column_text(rows, i, 6),
        .country = column_text(rows, i, 7),
        .time_zone = column_text(rows, i, 8),
        .starts_us = column_time(rows, i, 9),
        .sale_starts_us = column_time(rows, i, 10),
        .status = column_int2(rows, i, 11),
        .seats = column_int4(rows, i, 12),
        .claimed = column_int4(rows, i, 13),
        .price_min_minor = column_int8(rows, i, 14),
        .price_max_minor = column_int8(rows, i, 15),
        .currency_exponent = column_int2(rows, i, 17),
    };
    column_copy(rows, i, 16, ret_row->currency, sizeof ret_row->currency);
}

// Takes the result out of the pipeline: the texts stay valid as long as it does.
static PGresult *result_keep(pipeline *p)
{
    PGresult *kept = p->rows[0];
    p->rows[0] = NULL;
    return kept;
}

static bool text_fits(const char *text)
{
    return text == NULL || strlen(text) <= READ_FILTER_BYTES_MAX;
}

static void text_or_null(params *p, const char *text)
{
    if (text == NULL)
        params_null(p);
    else
        params_text(p, text);
}

static void time_or_null(params *p, int64_t unix_us)
{
    if (unix_us == 0)
        params_null(p);
    else
        params_time(p, unix_us);
}

// What LIKE takes for a pattern is written so that it stands for itself.
static void pattern_or_null(params *p, const char *text)
{
    char pattern[2 * READ_FILTER_BYTES_MAX + 3];
    size_t at = 0;
    if (text == NULL) {
        params_null(p);
        return;
    }
    pattern[at++] = '%';
    for (; *text != 0; text++) {
        if (*text == '%' || *text == '_' || *text == '\\')
            pattern[at++] = '\\';
        pattern[at++] = *text;
    }
    pattern[at++] = '%';
    params_bytes(p, pattern, at);
}

static void filter_params(params *p, const event_filter *f)
{
    pattern_or_null(p, f->text);
    text_or_null(p, f->city);
    text_or_null(p, f->category);
    time_or_null(p, f->from_us);
    time_or_null(p, f->to_us);
    if (f->price_max_minor < 0)
        params_null(p);
    else
        params_int8(p, f->price_max_minor);
    if (f->has_after) {
        params_time(p, f->after_starts_us);
        params_uuid(p, &f->after_id.u);
    } else {
        params_null(p);
        params_null(p);
    }
    params_int4(p, (int32_t)f->limit + 1);
    text_or_null(p, f->currency);
}

void event_page_done(event_page *page)
{
    free(page->rows);
    PQclear(page->memory);
    *page = (event_page){0};
}

store_result read_events(read_pool *pool, const event_filter *filter, event_page *ret_page)
{
    PIPELINE_AUTO p = {0};
    uint8_t buffer[READ_PARAMS_BYTES];
    params scratch;
    if (filter->limit == 0 || filter->limit > READ_EVENTS_MAX || !text_fits(filter->text) ||
        !text_fits(filter->city) || !text_fits(filter->category) || !text_fits(filter->currency))
        return STORE_REFUSED;
    params_over(&scratch, buffer, sizeof buffer);
    filter_params(&scratch, filter);
    store_result result = read_ask(pool, &read_event_statements[EVENT_LIST], &scratch, &p);
    if (result != STORE_OK)
        return result;
    uint32_t found = (uint32_t)PQntuples(p.rows[0]);
    uint32_t count = found > filter->limit ? filter->limit : found;
    event_row *rows = malloc(count > 0 ? count * sizeof *rows : 1);
    if (rows == NULL)
        return STORE_UNKNOWN;
    for (uint32_t i = 0; i < count; i++)
        event_read(p.rows[0], (int)i, &rows[i]);
    *ret_page = (event_page){rows, count, found > count, result_keep(&p)};
    return STORE_OK;
}

store_result read_currencies(read_pool *pool, currency_row ret_rows[static READ_CURRENCIES_MAX],
                             uint32_t *ret_count)
{
    PIPELINE_AUTO p = {0};
    uint8_t buffer[64];
    params scratch;
    params_over(&scratch, buffer, sizeof buffer);
    params_int4(&scratch, READ_CURRENCIES_MAX);
    store_result result = read_ask(pool, &read_event_statements[CURRENCIES], &scratch, &p);
    if (result != STORE_OK)
        return result;
    *ret_count = (uint32_t)PQntuples(p.rows[0]);
    for (uint32_t i = 0; i < *ret_count; i++) {
        column_copy(p.rows[0], (int)i, 0, ret_rows[i].code, sizeof ret_rows[i].code);
        ret_rows[i].exponent = column_int2(p.rows[0], (int)i, 1);
    }
    return STORE_OK;
}

void event_detail_done(event_detail *detail)
{
    PQclear(detail->memory);
    *detail = (event_detail){0};
}

store_result read_event(read_pool *pool, const event_id *id, event_detail *ret_detail,
                        bool *ret_found)
{
    enum { N = EVENT_COLUMNS_COUNT };
    PIPELINE_AUTO p = {0};
    uint8_t buffer[64];
    params scratch;
    params_over(&scratch, buffer, sizeof buffer);
    params_uuid(&scratch, &id->u);
    store_result result = read_ask(pool, &read_event_statements[EVENT_DETAIL], &scratch, &p);
    if (result != STORE_OK)
        return result;
    const PGresult *rows = p.rows[0];
    *ret_found = PQntuples(rows) == 1;
    if (!*ret_found)
        return STORE_OK;
    event_detail *d = ret_detail;
    *d = (event_detail){.description = column_text(rows, 0, N),
                        .organizer_id = column_uuid(rows, 0, N + 1),
                        .organizer_name = column_text(rows, 0, N + 2),
                        .production_id = column_uuid(rows, 0, N + 3),
                        .production_name = column_text(rows, 0, N + 4),
                        .plan_hash = column_digest32(rows, 0, N + 5),
                        .hold_seconds = column_int4(rows, 0, N + 6)};
    event_read(rows, 0, &d->row);
    d->prices_count = column_int8_array(rows, 0, N + 7, d->price_minor, CATEGORIES_PER_PLAN_MAX);
    d->refunds = row_refunds(rows, 0, N + 8);
    d->memory = result_keep(&p);
    return STORE_OK;
}

store_result read_event_by_tag(read_pool *pool, uint32_t tag, event_id *ret_id, bool *ret_found)
{
    PIPELINE_AUTO p = {0};
    uint8_t buffer[64];
    params scratch;
    params_over(&scratch, buffer, sizeof buffer);
    params_int8(&scratch, tag);
    store_result result = read_ask(pool, &read_event_statements[EVENT_BY_TAG], &scratch, &p);
    if (result != STORE_OK)
        return result;
    *ret_found = PQntuples(p.rows[0]) == 1;
    if (*ret_found)
        ret_id->u = column_uuid(p.rows[0], 0, 0);
    return STORE_OK;
}

void plan_bytes_done(plan_bytes *b)
{
    PQclear(b->memory);
    *b = (plan_bytes){0};
}

static store_result plan_read(read_pool *pool, int number, const digest32 *hash,
                              plan_bytes *ret_bytes, bool *ret_found)
{
    PIPELINE_AUTO p = {0};
    uint8_t buffer[64];
    params scratch;
    params_over(&scratch, buffer, sizeof buffer);
    params_bytes(&scratch, hash->bytes, sizeof hash->bytes);
    store_result result = read_ask(pool, &read_event_statements[number], &scratch, &p);
    if (result != STORE_OK)
        return result;
    *ret_found = PQntuples(p.rows[0]) == 1;
    if (*ret_found) {
        ret_bytes->data = (const uint8_t *)column_text(p.rows[0], 0, 0);
        ret_bytes->bytes = column_length(p.rows[0], 0, 0);
        ret_bytes->memory = result_keep(&p);
    }
    return STORE_OK;
}

store_result read_plan_layout(read_pool *pool, const digest32 *hash, plan_bytes *ret_bytes,
                              bool *ret_found)
{
    return plan_read(pool, PLAN_LAYOUT, hash, ret_bytes, ret_found);
}

store_result read_plan_packed(read_pool *pool, const digest32 *hash, plan_bytes *ret_bytes,
                              bool *ret_found)
{
    return plan_read(pool, PLAN_PACKED, hash, ret_bytes, ret_found);
}
