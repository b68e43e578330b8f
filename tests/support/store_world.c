#include "tests/support/store_world.h"

#include "schemas/digest.h"
#include "store/migrate.h"

#include <assert.h>
#include <poll.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "cannot go on: %s: %s\n", what, why);
    exit(2);
}

int64_t wall_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

uuid uuid_new(void)
{
    uint8_t random[10];
    randombytes_buf(random, sizeof random);
    return uuid_v7(wall_us() / 1000, random);
}

const char *uuid_text(const uuid *id)
{
    static char texts[8][UUID_TEXT_BYTES];
    static int next;
    char *text = texts[next++ % 8];
    uuid_format(id, text);
    return text;
}

static PGresult *sql_ask(world *w, const char *format, va_list list)
{
    char *text = NULL;
    if (vasprintf(&text, format, list) < 0)
        give_up("memory", "out of it");
    PGresult *result = PQexec(w->sql, text);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        give_up(text, PQerrorMessage(w->sql));
    free(text);
    return result;
}

void sql_run(world *w, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    PQclear(sql_ask(w, format, list));
    va_end(list);
}

static int64_t number_of(PGresult *result)
{
    int64_t number = -1;
    if (PQntuples(result) > 0 && !PQgetisnull(result, 0, 0))
        number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return number;
}

int64_t sql_number(world *w, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int64_t number = number_of(sql_ask(w, format, list));
    va_end(list);
    return number;
}

bool sql_until(world *w, int64_t number, const char *format, ...)
{
    for (int64_t until = wall_us() + 10000000; wall_us() < until; poll(NULL, 0, 10)) {
        va_list list;
        va_start(list, format);
        bool is_so = number_of(sql_ask(w, format, list)) == number;
        va_end(list);
        if (is_so)
            return true;
    }
    return false;
}

bool check(world *w, bool is_true, const char *what, ...)
{
    va_list list;
    va_start(list, what);
    fputs(is_true ? "ok    " : "FAIL  ", stdout);
    vprintf(what, list);
    putchar('\n');
    va_end(list);
    w->passed += is_true;
    w->failed += !is_true;
    fflush(stdout);
    return is_true;
}

static void told_nobody(void *self, const migration_step *step)
{
    (void)self;
    (void)step;
}

void world_init(world *w, const char *url, const char *store_url)
{
    char problem[MIGRATE_PROBLEM_BYTES];
    if (sodium_init() < 0)
        give_up("libsodium", "does not start");
    if (!schema_migrate(url, schema_version_latest(), told_nobody, NULL, problem))
        give_up("schema", problem);
    *w = (world){.url = url, .store_url = store_url, .sql = PQconnectdb(url)};
    if (PQstatus(w->sql) != CONNECTION_OK)
        give_up(url, PQerrorMessage(w->sql));
    w->organizer = uuid_new();
    w->venue = uuid_new();
    randombytes_buf(w->plan.bytes, sizeof w->plan.bytes);
    char plan[DIGEST32_TEXT_BYTES];
    digest32_format(&w->plan, plan);
    sql_run(w, "SET client_min_messages = warning");
    sql_run(w, "INSERT INTO organizer (id, name) VALUES ('%s', 'Organizer')",
            uuid_text(&w->organizer));
    sql_run(w,
            "INSERT INTO venue (id, organizer_id, name, city, country, time_zone)"
            " VALUES ('%s', '%s', 'Arena', 'Bern', 'CH', 'Europe/Zurich')",
            uuid_text(&w->venue), uuid_text(&w->organizer));
    sql_run(w,
            "INSERT INTO plan (hash, name, seats, layout, packed)"
            " VALUES ('\\x%s', 'plan', 60000, '{\"seats\":[]}', '\\x0102030405')",
            plan);
}

int world_done(world *w)
{
    PQfinish(w->sql);
    printf("%d passed, %d failed\n", w->passed, w->failed);
    return w->failed > 0;
}

event_id world_event(world *w, int32_t seats)
{
    event_id id = {uuid_new()};
    char plan[DIGEST32_TEXT_BYTES];
    digest32_format(&w->plan, plan);
    sql_run(w,
            "INSERT INTO event (id, tag, organizer_id, venue_id, name, category, currency, status,"
            " starts_at, sale_starts_at, plan_hash, seats, price_min_minor, price_max_minor)"
            " VALUES ('%s', %u, '%s', '%s', 'Concert', 'music', 'CHF', 2, now() + interval '30 "
            "days', now() - interval '1 hour', '\\x%s', %d, 2000, 5000)",
            uuid_text(&id.u), event_tag(&id), uuid_text(&w->organizer), uuid_text(&w->venue), plan,
            seats);
    sql_run(w,
            "INSERT INTO event_price (event_id, category, price_minor)"
            " VALUES ('%s', 0, 5000), ('%s', 1, 3000), ('%s', 2, 2000)",
            uuid_text(&id.u), uuid_text(&id.u), uuid_text(&id.u));
    return id;
}

host_identity host_new(const char *name, int32_t ttl_ms)
{
    host_identity host = {.id = uuid_new(), .kinds = 0x1e, .ttl_ms = ttl_ms};
    snprintf(host.name, sizeof host.name, "%s", name);
    return host;
}

store_pg *store_new(world *w, const host_identity *host, bool is_writer)
{
    store_pg *s;
    store_pg_options options = {.url = w->store_url, .host = *host, .is_writer = is_writer};
    if (store_pg_open(&options, &s) != STORE_OK)
        give_up("store", s != NULL ? store_pg_error(s) : "out of memory");
    return s;
}

test_actor actor_take(store_pg *s, actor_ref ref)
{
    store_port port = store_pg_port(s);
    lease l __attribute__((cleanup(lease_done))) = {0};
    bool taken = false;
    uuid holder;
    if (port.lease_take(port.self, &ref, &l, &taken, &holder) != STORE_OK || !taken)
        give_up("lease", taken ? store_pg_error(s) : "somebody else has it");
    return (test_actor){ref, l.epoch, l.incarnation, l.cursor, l.last_seq};
}

lease_move *actor_move(journal *j, test_actor *a)
{
    lease_move *m = &j->moves[j->moves_count++];
    *m = (lease_move){.actor = a->ref.id,
                      .epoch = a->epoch,
                      .old_incarnation = a->incarnation,
                      .old_cursor = a->cursor,
                      .new_incarnation = 7,
                      .new_cursor = a->cursor + 1,
                      .last_seq = a->seq};
    return m;
}

void actor_moved(test_actor *a)
{
    a->incarnation = 7;
    a->cursor++;
}

store_result actor_commit(store_pg *s, journal *j, test_actor *a)
{
    store_port port = store_pg_port(s);
    int64_t now_us;
    store_result result = port.commit(port.self, j, &now_us);
    if (result == STORE_OK)
        actor_moved(a);
    return result;
}

reservation_id journal_reserve(journal *j, const event_id *event, const int32_t *seats,
                               uint32_t count)
{
    uint8_t random[6];
    randombytes_buf(random, sizeof random);
    int64_t now_us = wall_us();
    reservation_id id = {uuid_tagged(now_us / 1000, event_tag(event), random)};
    reservation_row *r = &j->reservations[j->reservations_count++];
    *r = (reservation_row){.event = *event,
                           .id = id,
                           .buyer = {uuid_new()},
                           .state = 1,
                           .seats_at = j->seats_count,
                           .seats_count = count,
                           .created_us = now_us,
                           .expires_us = now_us + 600000000};
    randombytes_buf(&r->key_hash, sizeof r->key_hash);
    randombytes_buf(&r->body_hash, sizeof r->body_hash);
    for (uint32_t i = 0; i < count; i++) {
        r->total_minor += 5000 + seats[i];
        j->seats[j->seats_count] = seats[i];
        j->price_minor[j->seats_count++] = 5000 + seats[i];
        j->claims[j->claims_count++] = (claim_row){*event, seats[i], id};
    }
    return id;
}

void journal_fact(journal *j, test_actor *a, uint16_t kind, const void *payload,
                  uint32_t payload_bytes)
{
    fact_row *f = &j->facts[j->facts_count++];
    *f = (fact_row){.actor = a->ref.id,
                    .seq = ++a->seq,
                    .kind = kind,
                    .at_us = wall_us(),
                    .payload_at = journal_blob(j, payload, payload_bytes),
                    .payload_bytes = payload_bytes};
    f->hash = digest32_of(payload, payload_bytes);
}
