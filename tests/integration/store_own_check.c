// Checks of how a buyer's own reservations are found: store_own_check OWNER_URL STORE_URL EDGE_URL,
// the third with the read-only role that edges have. store.sh makes the database and runs it. Those
// with a payment are found by their buyer, the others by their ids; neither reads more of a buyer
// of ten thousand than of one of ten, and a reservation that is held writes no index of buyers.
#include "store/read_pool.h"
#include "tests/support/store_world.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { OWN = 5 }; // of which those with an even number have a payment

typedef struct shelf {
    world *w;
    read_pool *pool;
    store_pg *store;
    journal *j;
    event_id events[3];
    buyer_id buyer, other;
    reservation_id own[OWN], others[OWN]; // newest first
} shelf;

static uuid tagged(const event_id *event, int64_t ago_ms)
{
    uint8_t random[6];
    randombytes_buf(random, sizeof random);
    return uuid_tagged(wall_us() / 1000 - ago_ms, event_tag(event), random);
}

// One reservation, made some milliseconds ago, with its payments.
static reservation_id own_write(shelf *f, const event_id *event, const buyer_id *buyer,
                                int64_t ago_ms, int payments)
{
    journal *j = f->j;
    int32_t seat[1] = {(int32_t)ago_ms};
    uuid id = tagged(event, ago_ms);
    test_actor actor = actor_take(f->store, actor_of_event(event));
    journal_clear(j);
    journal_reserve(j, event, seat, 1);
    j->reservations[0].id.u = j->claims[0].reservation.u = id;
    j->reservations[0].buyer = *buyer;
    for (int i = 0; i < payments; i++)
        j->payments[j->payments_count++] = (payment_row){.event = *event,
                                                         .id = {tagged(event, 0)},
                                                         .reservation = {id},
                                                         .buyer = *buyer,
                                                         .state = 1,
                                                         .amount_minor = 5000,
                                                         .currency = "EUR",
                                                         .created_us = wall_us(),
                                                         .changed_us = wall_us(),
                                                         .is_new = true};
    actor_move(j, &actor);
    if (actor_commit(f->store, j, &actor) != STORE_OK)
        check(f->w, false, "a reservation is written: %s", store_pg_error(f->store));
    return (reservation_id){id};
}

static void shelf_fill(shelf *f)
{
    f->buyer.u = uuid_new(), f->other.u = uuid_new();
    for (int i = 0; i < 3; i++)
        f->events[i] = world_event(f->w, 100);
    for (int i = OWN - 1; i >= 0; i--) { // the oldest first; the second of two only went back
        int payments = i == 2 ? 2 : i % 2 == 0;
        f->own[i] = own_write(f, &f->events[i % 3], &f->buyer, 1 + 10 * i, payments);
        f->others[i] = own_write(f, &f->events[i % 3], &f->other, 5 + 10 * i, payments);
    }
}

// Whether pages of two show the buyer these of its own, in this order, and nothing else.
static bool shows(shelf *f, const reservation_id *with, uint32_t with_count, const int *numbers,
                  uint32_t count)
{
    reservation_page page __attribute__((cleanup(reservation_page_done))) = {0};
    reservation_filter filter = {.limit = 2, .with = with, .with_count = with_count};
    uint32_t seen = 0, pages = 0;
    for (bool more = true; more; pages++) {
        reservation_page_done(&page);
        if (read_reservations(f->pool, &f->buyer, &filter, &page) != STORE_OK)
            return false;
        for (uint32_t i = 0; i < page.count; i++, seen++) {
            const reservation_view *v = &page.rows[i];
            if (seen == count || !uuid_equal(&v->row.id.u, &f->own[numbers[seen]].u) ||
                !uuid_equal(&v->event.u, &f->events[numbers[seen] % 3].u) ||
                !uuid_equal(&v->row.buyer.u, &f->buyer.u) || v->row.seats_count != 1)
                return false;
        }
        more = page.more;
        if (seen > 0)
            filter.before = &f->own[numbers[seen - 1]];
    }
    return seen == count && pages == (count + 1) / 2;
}

static void check_found(shelf *f)
{
    static const int paid[] = {0, 2, 4}, one_more[] = {0, 2, 3, 4}, all[] = {0, 1, 2, 3, 4};
    world *w = f->w;
    reservation_id unpaid[] = {f->own[3], f->own[1]}, unmade = {tagged(&f->events[0], 0)};
    reservation_id foreign[] = {f->others[0], f->own[3], f->others[1], unmade};
    check(w, shows(f, NULL, 0, paid, 3), "what was paid for is found without an id, once");
    check(w, shows(f, unpaid, 2, all, 5), "what is held is found by its id, in its place");
    check(w, shows(f, f->own, OWN, all, 5), "what is found both ways is there once");
    check(w, shows(f, foreign, 4, one_more, 4), "another's ids, and nobody's, find nothing");
}

static void check_refused(shelf *f)
{
    static const reservation_id many[READ_RESERVATIONS_WITH_MAX + 1];
    world *w = f->w;
    reservation_page page __attribute__((cleanup(reservation_page_done))) = {0};
    buyer_id nobody = {uuid_new()};
    reservation_filter filter = {.limit = 2, .with = f->own, .with_count = OWN};
    check(w,
          read_reservations(f->pool, &nobody, &filter, &page) == STORE_OK && page.count == 0 &&
              !page.more,
          "who has none is shown none");
    filter = (reservation_filter){.limit = 0};
    bool none = read_reservations(f->pool, &f->buyer, &filter, &page) == STORE_REFUSED;
    filter.limit = READ_RESERVATIONS_MAX + 1;
    check(w, none && read_reservations(f->pool, &f->buyer, &filter, &page) == STORE_REFUSED,
          "an endless page is refused");
    filter = (reservation_filter){.limit = 1, .with = many};
    filter.with_count = sizeof many / sizeof *many;
    check(w, read_reservations(f->pool, &f->buyer, &filter, &page) == STORE_REFUSED,
          "so are too many ids");
}

// The oldest third of 30,000 reservations is one buyer's, each with its payment.
static void crowd_fill(shelf *f)
{
    sql_run(f->w,
            "INSERT INTO reservation (event_id, id, buyer_id, state, key_hash, body_hash, seats,"
            " price_minor, total_minor, created_at, expires_at) SELECT '%s',"
            " lpad(to_hex(n), 32, '0')::uuid, CASE WHEN n <= 10000 THEN '%s' ELSE"
            " gen_random_uuid() END, 2, '\\x00', '\\x00', '{1}', '{100}', 100, now(), now()"
            " FROM generate_series(1, 30000) AS n",
            uuid_text(&f->events[0].u), uuid_text(&f->buyer.u));
    sql_run(f->w, "INSERT INTO payment (event_id, id, reservation_id, buyer_id, amount_minor,"
                  " created_at, changed_at, state, currency) SELECT event_id, gen_random_uuid(),"
                  " id, buyer_id, 100, now(), now(), 7, 'EUR' FROM reservation WHERE state = 2");
}

// Pages of tables and indexes that the longest answer to the buyer is read from.
static int64_t blocks_read(world *w, const buyer_id *buyer)
{
    static const char *const names[] = {"\"Shared Hit Blocks\": ", "\"Shared Read Blocks\": "};
    char text[512];
    int64_t blocks = 0;
    snprintf(text, sizeof text,
             "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE own ('%s',"
             " 'ffffffff-ffff-ffff-ffff-ffffffffffff', %d, '{}', '{}')",
             uuid_text(&buyer->u), READ_RESERVATIONS_MAX + 1);
    PGresult *result = PQexec(w->sql, text);
    assert(PQresultStatus(result) == PGRES_TUPLES_OK);
    for (int i = 0; i < 2; i++) { // the first of each is the whole statement's
        const char *at = strstr(PQgetvalue(result, 0, 0), names[i]);
        assert(at != NULL);
        blocks += strtoll(at + strlen(names[i]), NULL, 10);
    }
    PQclear(result);
    return blocks;
}

static void check_cost(shelf *f)
{
    enum { BLOCKS_MAX = 8 * (READ_RESERVATIONS_MAX + 1) };
    static const char *const modes[] = {"force_custom_plan", "force_generic_plan"};
    world *w = f->w;
    int64_t most = 0;
    crowd_fill(f);
    for (const statement *s = read_row_statements; s < read_row_statements + READ_ROW_STATEMENTS;
         s++)
        if (strcmp(s->name, "read_reservations") == 0)
            sql_run(w, "PREPARE own (uuid, uuid, int8, uuid[], int8[]) AS %s", s->sql);
    for (int i = 0; i < 4; i++) { // without statistics, then with them
        if (i == 2)
            sql_run(w, "ANALYZE reservation, payment");
        sql_run(w, "SET plan_cache_mode = %s", modes[i % 2]);
        int64_t blocks = blocks_read(w, &f->buyer);
        most = blocks > most ? blocks : most;
    }
    int64_t pages = sql_number(w, "SELECT sum(pg_relation_size(c)) / 8192 FROM (VALUES"
                                  " ('reservation'::regclass), ('payment')) AS t (c)");
    printf("figure: a page of a buyer of 10,000 reservations: %lld blocks of %lld\n",
           (long long)most, (long long)pages);
    check(w, most > 0 && most < BLOCKS_MAX && pages > 4 * BLOCKS_MAX,
          "a buyer of 10,000 costs no more than a page does");
    check(w,
          sql_number(w, "SELECT count(*) FROM pg_index WHERE indrelid IN ('reservation'::regclass,"
                        " 'seat_claim'::regclass)") == 2,
          "a hold writes no index but the keys");
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "store_own_check OWNER_URL STORE_URL EDGE_URL\n");
        return 2;
    }
    world w;
    shelf f = {.w = &w};
    world_init(&w, argv[1], argv[2]);
    host_identity host = host_new("own", 3000);
    read_options options = {.url = argv[3], .connections = 1};
    f.store = store_new(&w, &host, true);
    f.j = journal_new();
    f.pool = read_open(&options);
    assert(f.j != NULL && f.pool != NULL);
    shelf_fill(&f);
    check_found(&f);
    check_refused(&f);
    check_cost(&f);
    read_close(f.pool);
    journal_free(f.j);
    store_pg_close(f.store);
    return world_done(&w);
}
