#include "store/store_pg.h"

#include "store/commit.h"
#include "store/host_writer.h"
#include "store/lease.h"
#include "store/load.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATIENCE_DEFAULT_MS = 1000, RETRY_MS = 100 };

struct store_pg {
    store_pg_options options;
    char *url;
    connection *c; // NULL while the database is away
    params scratch;
    fold fold;
    load_stuck_memory stuck;
    char error[256];
};

static store_result failed(store_pg *s, const char *why)
{
    snprintf(s->error, sizeof s->error, "%s", why);
    connection_close(s->c);
    s->c = NULL;
    return STORE_UNKNOWN;
}

static store_result statements_prepare(connection *c)
{
    static const struct {
        const statement *list;
        uint32_t count;
    } all[] = {
        {host_statements, HOST_STATEMENTS},
        {lease_statements, LEASE_STATEMENTS},
        {commit_statements, COMMIT_PARTS_END},
        {load_statements, LOAD_STATEMENTS},
        {load_event_statements, LOAD_EVENT_STATEMENTS},
        {load_stuck_statements, LOAD_STUCK_STATEMENTS},
        {&load_captured_statement, 1},
    };
    store_result result = STORE_OK;
    for (size_t i = 0; i < sizeof all / sizeof *all && result == STORE_OK; i++)
        result = connection_prepare(c, all[i].list, all[i].count);
    return result;
}

static store_result session_begin(store_pg *s)
{
    connection_options options = {
        .url = s->url,
        .application_name = s->options.is_writer ? "cavea writer" : "cavea store",
        .statement_timeout_ms = s->options.statement_timeout_ms,
        .reply_timeout_ms = s->options.reply_timeout_ms,
        .plans = PLANS_OF_KEYS,
    };
    s->c = connection_open(&options, s->error, sizeof s->error);
    if (s->c == NULL)
        return STORE_UNKNOWN;
    store_result result = statements_prepare(s->c);
    if (result == STORE_OK)
        result = host_life_note(s->c);
    if (result == STORE_OK && s->options.is_writer)
        result = host_register(s->c, &s->scratch, &s->options.host);
    return result == STORE_OK ? result : failed(s, connection_error(s->c));
}

// A connection to work with, made again if need be.
static store_result ready(store_pg *s)
{
    int patience_ms = s->options.patience_ms > 0 ? s->options.patience_ms : PATIENCE_DEFAULT_MS;
    int64_t until_ms = connection_clock_ms() + patience_ms;
    if (s->c != NULL && connection_alive(s->c))
        return STORE_OK;
    connection_close(s->c);
    s->c = NULL;
    while (session_begin(s) != STORE_OK) {
        if (connection_clock_ms() + RETRY_MS >= until_ms)
            return STORE_UNKNOWN;
        poll(NULL, 0, RETRY_MS);
    }
    return STORE_OK;
}

static store_result finish(store_pg *s, store_result result)
{
    if (result != STORE_OK)
        snprintf(s->error, sizeof s->error, "%s", connection_error(s->c));
    return result;
}

store_result store_pg_open(const store_pg_options *options, store_pg **ret_store)
{
    *ret_store = NULL;
    store_pg *s = calloc(1, sizeof *s);
    if (s == NULL)
        return STORE_UNKNOWN;
    s->options = *options;
    s->options.url = s->url = strdup(options->url);
    if (s->url == NULL || !params_init(&s->scratch, COMMIT_PARAMS_BYTES_MAX) ||
        !fold_init(&s->fold)) {
        store_pg_close(s);
        return STORE_UNKNOWN;
    }
    *ret_store = s;
    return ready(s);
}

void store_pg_close(store_pg *s)
{
    if (s == NULL)
        return;
    connection_close(s->c);
    fold_done(&s->fold);
    params_done(&s->scratch);
    free(s->url);
    free(s);
}

const char *store_pg_error(const store_pg *s)
{
    return s->error;
}

static store_result port_commit(void *self, const journal *j, int64_t *ret_now_us)
{
    store_pg *s = self;
    store_result result = ready(s);
    if (result != STORE_OK)
        return result;
    return finish(s, commit_run(s->c, &s->scratch, &s->fold, j, ret_now_us));
}

static store_result port_still_held(void *self, const lease_move *moves, uint32_t count,
                                    bool *ret_held)
{
    store_pg *s = self;
    store_result result = ready(s);
    if (result != STORE_OK)
        return result;
    return finish(s,
                  lease_still_held(s->c, &s->scratch, &s->options.host.id, moves, count, ret_held));
}

static store_result port_lease_take(void *self, const actor_ref *actor, lease *ret_lease,
                                    bool *ret_taken, uuid *ret_holder)
{
    store_pg *s = self;
    store_result result = ready(s);
    if (result != STORE_OK)
        return result;
    return finish(s, lease_take(s->c, &s->scratch, &s->options.host.id, actor, ret_lease, ret_taken,
                                ret_holder));
}

static store_result port_lease_release(void *self, const actor_id *actor, int64_t epoch)
{
    store_pg *s = self;
    store_result result = ready(s);
    if (result != STORE_OK)
        return result;
    return finish(s, lease_release(s->c, &s->scratch, &s->options.host.id, actor, epoch));
}

static store_result port_lease_give(void *self, const actor_id *actor, int64_t epoch,
                                    const uuid *to)
{
    store_pg *s = self;
    store_result result = ready(s);
    if (result != STORE_OK)
        return result;
    return finish(s, lease_give(s->c, &s->scratch, &s->options.host.id, actor, epoch, to));
}

static store_result port_load_event(void *self, const event_id *id, const digest32 *known_plans,
                                    uint32_t known_plans_count, event_image *ret_image)
{
    store_pg *s = self;
    store_result result = ready(s);
    if (result != STORE_OK)
        return result;
    return finish(s, load_event(s->c, &s->scratch, id, known_plans, known_plans_count, ret_image));
}

static store_result port_load_payments(void *self, const payment_id *ids, uint32_t ids_count,
                                       payment_row *ret_rows, uint32_t *ret_count)
{
    store_pg *s = self;
    store_result result = ready(s);
    if (result != STORE_OK)
        return result;
    return finish(s, load_payments(s->c, &s->scratch, ids, ids_count, ret_rows, ret_count));
}

static store_result port_load_held(void *self, uint32_t partition, held_row **ret_rows,
                                   uint32_t *ret_count)
{
    store_pg *s = self;
    store_result result = ready(s);
    if (result != STORE_OK)
        return result;
    return finish(s, load_held(s->c, &s->scratch, partition, ret_rows, ret_count));
}

static store_result port_load_facts(void *self, const actor_id *actor, int64_t after_seq,
                                    uint32_t facts_max, fact_page *ret_page)
{
    store_pg *s = self;
    store_result result = ready(s);
    if (result != STORE_OK)
        return result;
    return finish(s, load_facts(s->c, &s->scratch, actor, after_seq, facts_max, ret_page));
}

static store_result port_load_captured(void *self, int64_t from_us, int64_t to_us,
                                       const captured_row *behind, captured_row *ret_rows,
                                       uint32_t rows_max, uint32_t *ret_count)
{
    store_pg *s = self;
    store_result result = ready(s);
    if (result != STORE_OK)
        return result;
    return finish(
        s, load_captured(s->c, &s->scratch, from_us, to_us, behind, ret_rows, rows_max, ret_count));
}

static store_result port_load_stuck(void *self, uint32_t partition, int64_t age_ms,
                                    stuck_row *ret_rows, uint32_t rows_max, uint32_t *ret_count)
{
    store_pg *s = self;
    store_result result = ready(s);
    if (result != STORE_OK)
        return result;
    return finish(s, load_stuck(s->c, &s->scratch, &s->stuck, partition, age_ms, ret_rows, rows_max,
                                ret_count));
}

static store_result port_now(void *self, int64_t *ret_now_us)
{
    store_pg *s = self;
    store_result result = ready(s);
    if (result != STORE_OK)
        return result;
    return finish(s, load_now(s->c, ret_now_us));
}

store_port store_pg_port(store_pg *s)
{
    return (store_port){.self = s,
                        .commit = port_commit,
                        .still_held = port_still_held,
                        .lease_take = port_lease_take,
                        .lease_release = port_lease_release,
                        .lease_give = port_lease_give,
                        .load_event = port_load_event,
                        .load_payments = port_load_payments,
                        .load_held = port_load_held,
                        .load_facts = port_load_facts,
                        .load_stuck = port_load_stuck,
                        .load_captured = port_load_captured,
                        .now = port_now};
}
