#include "store/reconcile.h"

#include <stdio.h>
#include <stdlib.h>

extern const unsigned char report_reconcile[];

enum { LINE_BYTES_MAX = 3 * RECONCILE_TEXT_BYTES + 64, ASK_BYTES = 256 };

// All statements here are unnamed: one that was prepared before is replaced.
static const statement table = {
    "", "CREATE TEMPORARY TABLE IF NOT EXISTS provider_line (number bigint NOT NULL,"
        " intent_id text PRIMARY KEY, payment_id text NOT NULL, currency text NOT NULL,"
        " captured_minor bigint NOT NULL, refunded_minor bigint NOT NULL)"};
static const statement clear = {"", "DELETE FROM provider_line"};
static const statement add = {
    "", "INSERT INTO provider_line (number, intent_id, payment_id, currency, captured_minor,"
        " refunded_minor) SELECT unnest($1::int8[]), unnest($2::text[]), unnest($3::text[]),"
        " unnest($4::text[]), unnest($5::int8[]), unnest($6::int8[])"};

static void params_free(params *p)
{
    params_done(p);
}
#define PARAMS_AUTO params __attribute__((cleanup(params_free)))

static store_result out_of_memory(char *ret_problem)
{
    snprintf(ret_problem, CATALOG_PROBLEM_BYTES, "out of memory");
    return STORE_UNKNOWN;
}

static store_result ask(connection *c, const statement *s, const params *p, pipeline *ret)
{
    store_result result = connection_prepare(c, s, 1);
    return result == STORE_OK ? connection_ask(c, s, p, ret) : result;
}

static store_result told(connection *c, store_result result, char *ret_problem)
{
    if (result != STORE_OK)
        catalog_problem(c, ret_problem);
    return result;
}

store_result reconcile_begin(connection *c, char ret_problem[static CATALOG_PROBLEM_BYTES])
{
    PIPELINE_AUTO made = {0}, cleared = {0};
    store_result result = ask(c, &table, NULL, &made);
    if (result == STORE_OK)
        result = ask(c, &clear, NULL, &cleared);
    return told(c, result, ret_problem);
}

#define COLUMN(type, put, value)                                                                   \
    do {                                                                                           \
        params_array(&p, type);                                                                    \
        for (uint32_t i = 0; i < count; i++)                                                       \
            put(&p, value);                                                                        \
        params_end(&p);                                                                            \
    } while (0)

store_result reconcile_add(connection *c, const reconcile_line *lines, uint32_t count,
                           char ret_problem[static CATALOG_PROBLEM_BYTES])
{
    PARAMS_AUTO p;
    PIPELINE_AUTO answer = {0};
    assert(count <= RECONCILE_LINES_MAX);
    if (!params_init(&p, RECONCILE_LINES_MAX * LINE_BYTES_MAX))
        return out_of_memory(ret_problem);
    COLUMN(PARAM_INT8, params_add_int8, lines[i].number);
    COLUMN(PARAM_TEXT, params_add_text, lines[i].intent_id);
    COLUMN(PARAM_TEXT, params_add_text, lines[i].payment_id);
    COLUMN(PARAM_TEXT, params_add_text, lines[i].currency);
    COLUMN(PARAM_INT8, params_add_int8, lines[i].captured_minor);
    COLUMN(PARAM_INT8, params_add_int8, lines[i].refunded_minor);
    store_result result = ask(c, &add, &p, &answer);
    if (result == STORE_REFUSED && strcmp(answer.sqlstate, "23505") == 0) {
        snprintf(ret_problem, CATALOG_PROBLEM_BYTES, "an intent stands in two lines");
        return result;
    }
    return told(c, result, ret_problem);
}

static void time_or_null(params *p, int64_t unix_us)
{
    if (unix_us == 0)
        params_null(p);
    else
        params_time(p, unix_us);
}

store_result reconcile_end(connection *c, int64_t since_us, int64_t until_us, char **ret_json,
                           char ret_problem[static CATALOG_PROBLEM_BYTES])
{
    PARAMS_AUTO p;
    PIPELINE_AUTO rows = {0};
    const statement compare = {"", (const char *)report_reconcile};
    if (!params_init(&p, ASK_BYTES))
        return out_of_memory(ret_problem);
    time_or_null(&p, since_us);
    time_or_null(&p, until_us);
    store_result result = ask(c, &compare, &p, &rows);
    if (result != STORE_OK)
        return told(c, result, ret_problem);
    char *json = strdup(column_text(rows.rows[0], 0, 0));
    if (!json)
        return out_of_memory(ret_problem);
    *ret_json = json;
    return STORE_OK;
}
