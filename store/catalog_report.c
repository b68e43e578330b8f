#include "store/catalog_report.h"

#include <stdio.h>
#include <stdlib.h>

// The statements are files in store/reports, embedded by CMakeLists.txt.
extern const unsigned char report_plans[], report_venues[], report_venue[], report_events[],
    report_event[], report_reservation[], report_ledger[], report_hosts[], report_server[],
    report_finance[], report_refunds[];

static const unsigned char *const reports[] = {
    [REPORT_PLANS] = report_plans,     [REPORT_VENUES] = report_venues,
    [REPORT_VENUE] = report_venue,     [REPORT_EVENTS] = report_events,
    [REPORT_EVENT] = report_event,     [REPORT_RESERVATION] = report_reservation,
    [REPORT_LEDGER] = report_ledger,   [REPORT_HOSTS] = report_hosts,
    [REPORT_SERVER] = report_server,   [REPORT_FINANCE] = report_finance,
    [REPORT_REFUNDS] = report_refunds,
};

static void params_free(params *p)
{
    params_done(p);
}
#define PARAMS_AUTO params __attribute__((cleanup(params_free)))

enum { ASK_BYTES = 1024 };

// All statements here are unnamed: one that was prepared before is replaced.
static store_result ask(connection *c, const statement *s, const params *p, pipeline *ret,
                        char *ret_problem)
{
    store_result result = connection_prepare(c, s, 1);
    if (result == STORE_OK)
        result = connection_ask(c, s, p, ret);
    if (result != STORE_OK)
        catalog_problem(c, ret_problem);
    return result;
}

static store_result out_of_memory(char *ret_problem)
{
    snprintf(ret_problem, CATALOG_PROBLEM_BYTES, "out of memory");
    return STORE_UNKNOWN;
}

// A column's bytes with a NUL behind them; NULL for NULL. False: memory is out.
static bool column_take(const PGresult *rows, int column, uint8_t **ret_bytes, size_t *ret_count)
{
    *ret_bytes = NULL;
    *ret_count = 0;
    if (column_is_null(rows, 0, column))
        return true;
    size_t count = column_length(rows, 0, column);
    uint8_t *bytes = malloc(count + 1);
    if (!bytes)
        return false;
    memcpy(bytes, column_text(rows, 0, column), count + 1);
    *ret_bytes = bytes;
    *ret_count = count;
    return true;
}

store_result catalog_report(connection *c, catalog_report_kind kind, const uuid *id,
                            char **ret_json, char ret_problem[static CATALOG_PROBLEM_BYTES])
{
    PARAMS_AUTO p;
    PIPELINE_AUTO rows = {0};
    uint8_t *json = NULL;
    size_t bytes;
    if (!params_init(&p, ASK_BYTES))
        return out_of_memory(ret_problem);
    if (id)
        params_uuid(&p, id);
    if (kind == REPORT_RESERVATION)
        params_int8(&p, uuid_tag(id));
    const statement s = {"", (const char *)reports[kind]};
    store_result result = ask(c, &s, &p, &rows, ret_problem);
    if (result != STORE_OK)
        return result;
    if (PQntuples(rows.rows[0]) > 0 && !column_take(rows.rows[0], 0, &json, &bytes))
        return out_of_memory(ret_problem);
    *ret_json = (char *)json;
    return STORE_OK;
}

void stored_plan_done(stored_plan *p)
{
    free(p->name);
    free(p->layout);
    free(p->packed);
    free(p->source);
    free(p->side);
    *p = (stored_plan){0};
}

store_result catalog_plan_load(connection *c, const digest32 *hash, stored_plan *ret_plan,
                               bool *ret_found, char ret_problem[static CATALOG_PROBLEM_BYTES])
{
    static const statement load = {
        "", "SELECT name, layout, packed, source, side FROM plan WHERE hash = $1::bytea"};
    PARAMS_AUTO p;
    PIPELINE_AUTO rows = {0};
    stored_plan plan = {0};
    uint8_t *name = NULL;
    size_t name_bytes;
    if (!params_init(&p, ASK_BYTES))
        return out_of_memory(ret_problem);
    params_bytes(&p, hash->bytes, sizeof hash->bytes);
    store_result result = ask(c, &load, &p, &rows, ret_problem);
    if (result != STORE_OK)
        return result;
    *ret_found = PQntuples(rows.rows[0]) > 0;
    if (!*ret_found)
        return STORE_OK;
    bool taken = column_take(rows.rows[0], 0, &name, &name_bytes) &&
                 column_take(rows.rows[0], 1, &plan.layout, &plan.layout_bytes) &&
                 column_take(rows.rows[0], 2, &plan.packed, &plan.packed_bytes) &&
                 column_take(rows.rows[0], 3, &plan.source, &plan.source_bytes) &&
                 column_take(rows.rows[0], 4, &plan.side, &plan.side_bytes);
    plan.name = (char *)name;
    if (!taken) {
        stored_plan_done(&plan);
        return out_of_memory(ret_problem);
    }
    *ret_plan = plan;
    return STORE_OK;
}

store_result catalog_event_plan(connection *c, const event_id *id, digest32 *ret_hash,
                                bool *ret_found, char ret_problem[static CATALOG_PROBLEM_BYTES])
{
    static const statement find = {"", "SELECT plan_hash FROM event WHERE id = $1::uuid"};
    PARAMS_AUTO p;
    PIPELINE_AUTO rows = {0};
    if (!params_init(&p, ASK_BYTES))
        return out_of_memory(ret_problem);
    params_uuid(&p, &id->u);
    store_result result = ask(c, &find, &p, &rows, ret_problem);
    if (result != STORE_OK)
        return result;
    *ret_found = PQntuples(rows.rows[0]) > 0;
    if (*ret_found)
        *ret_hash = column_digest32(rows.rows[0], 0, 0);
    return STORE_OK;
}

// "+90s" in microseconds.
static bool relative_read(const char *text, int64_t *ret_us)
{
    static const struct unit {
        char name;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char *end;
    if (text[0] != '+' || text[1] < '0' || text[1] > '9' || strlen(text) > 10)
        return false;
    int64_t number = strtoll(text + 1, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (end[0] == units[i].name && end[1] == 0) {
            *ret_us = number * units[i].seconds * 1000000;
            return true;
        }
    return false;
}

// Date and time, then whether an offset follows; the database reads the rest strictly enough.
static bool absolute_shape(const char *text, bool *ret_offset)
{
    size_t bytes = strspn(text, "0123456789-:.TZ +");
    if (text[0] < '0' || text[0] > '9' || text[bytes] != 0 || bytes < 16 || bytes > 40)
        return false;
    *ret_offset = strpbrk(text + 10, "Z+-") != NULL;
    return true;
}

store_result catalog_time(connection *c, const char *text, const uuid *venue, int64_t *ret_us,
                          char ret_problem[static CATALOG_PROBLEM_BYTES])
{
    static const statement relative = {
        "", "SELECT clock_timestamp() + $1::bigint * interval '1 microsecond'"};
    static const statement with_offset = {"", "SELECT $1::text::timestamptz"};
    static const statement in_zone = {
        "", "SELECT $1::text::timestamp AT TIME ZONE time_zone FROM venue WHERE id = $2::uuid"};
    const statement *s = &relative;
    int64_t after_us = 0;
    bool offset;
    PARAMS_AUTO p;
    PIPELINE_AUTO rows = {0};
    if (!params_init(&p, ASK_BYTES))
        return out_of_memory(ret_problem);
    if (strcmp(text, "now") == 0 || relative_read(text, &after_us)) {
        params_int8(&p, after_us);
    } else if (absolute_shape(text, &offset)) {
        s = offset ? &with_offset : &in_zone;
        params_text(&p, text);
        if (!offset)
            params_uuid(&p, venue);
    } else {
        snprintf(ret_problem, CATALOG_PROBLEM_BYTES,
                 "%.40s is no time: give now, +90s, 2031-05-17T20:00 or 2031-05-17T20:00+02:00",
                 text);
        return STORE_REFUSED;
    }
    store_result result = ask(c, s, &p, &rows, ret_problem);
    if (result == STORE_OK && PQntuples(rows.rows[0]) == 0) {
        snprintf(ret_problem, CATALOG_PROBLEM_BYTES, "there is no such venue");
        return STORE_REFUSED;
    }
    if (result == STORE_OK)
        *ret_us = column_time(rows.rows[0], 0, 0);
    return result;
}
