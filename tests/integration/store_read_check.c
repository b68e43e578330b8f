// Checks of the read models against a real PostgreSQL: store_read_check OWNER_URL STORE_URL
// EDGE_URL, the third with the read-only role that edges have. store.sh makes the database and runs
// it.
#include "schemas/cavea.pb-c.h"
#include "schemas/digest.h"
#include "store/read_pool.h"
#include "tests/support/store_world.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>

typedef struct shelf { // some events to look at
    world *w;
    read_pool *pool;
    event_id events[6];
} shelf;

static void shelf_fill(shelf *f, world *w, read_pool *pool)
{
    static const char *const names[] = {"Aida",      "Bohème 100%", "Carmen_Suite",
                                        "Don Carlo", "Elektra",     "Fidelio"};
    uuid venue = uuid_new();
    *f = (shelf){.w = w, .pool = pool};
    sql_run(w,
            "INSERT INTO venue (id, organizer_id, name, city, country, time_zone)"
            " VALUES ('%s', '%s', 'Opera', 'Zürich', 'CH', 'Europe/Zurich')",
            uuid_text(&venue), uuid_text(&w->organizer));
    for (int i = 0; i < 6; i++) {
        f->events[i] = world_event(w, 100);
        sql_run(w,
                "UPDATE event SET name = '%s', category = 'Opera', starts_at ="
                " timestamptz '2040-01-01 20:00+00' + interval '%d days', venue_id = '%s',"
                " price_min_minor = %d WHERE id = '%s'",
                names[i], i / 2, i < 4 ? uuid_text(&venue) : uuid_text(&w->venue), 1000 * (i + 1),
                uuid_text(&f->events[i].u));
    }
}

static const event_filter any = {.category = "oPERA", .price_max_minor = -1, .limit = 100};

static uint32_t count_of(shelf *f, event_filter filter)
{
    event_page page __attribute__((cleanup(event_page_done))) = {0};
    if (read_events(f->pool, &filter, &page) != STORE_OK)
        return UINT32_MAX;
    return page.count;
}

static void check_currencies(shelf *f)
{
    static const char sold_in[] = "UPDATE event SET currency = '%s' WHERE id = '%s'";
    const char *id = uuid_text(&f->events[0].u);
    currency_row rows[READ_CURRENCIES_MAX];
    uint32_t n = 0;
    sql_run(f->w, sold_in, "BHD", id);
    check(f->w, read_currencies(f->pool, rows, &n) == STORE_OK && n == 2, "two currencies");
    check(f->w, strcmp(rows[0].code, "CHF") == 0 && rows[1].exponent == 3, "the commonest first");
    event_filter filter = {.price_max_minor = -1, .currency = "bhd", .limit = 9};
    check(f->w, count_of(f, filter) == 1, "an event is found by its own");
    sql_run(f->w, sold_in, "CHF", id);
}

static void check_list(shelf *f)
{
    world *w = f->w;
    event_filter filter = any;
    check(w, count_of(f, filter) == 6, "a category is found in any case of letters");
    filter.city = "ZÜRICH";
    uint32_t upper = count_of(f, filter);
    filter.city = "Zürich";
    check(w, count_of(f, filter) == 4 && upper <= 4, "so is a city");
    filter = any, filter.text = "carmen_s";
    check(w, count_of(f, filter) == 1, "a text is part of a name");
    filter.text = "_";
    check(w, count_of(f, filter) == 1, "and never a pattern");
    filter.text = "100%";
    check(w, count_of(f, filter) == 1, "not even a per cent sign");
    filter.text = "Oper";
    check(w, count_of(f, filter) == 4, "the venue's name counts");
    filter.text = "'; DROP TABLE event; --";
    check(w, count_of(f, filter) == 0, "and nothing in it is SQL");
    filter = any, filter.from_us = INT64_C(2209075200000000); // 2040-01-02 00:00
    check(w, count_of(f, filter) == 4, "from a time on");
    filter.to_us = filter.from_us + INT64_C(86400000000);
    check(w, count_of(f, filter) == 2, "and up to one");
    filter = any, filter.price_max_minor = 2500;
    check(w, count_of(f, filter) == 2, "a price that some seat does not exceed");
    char text[READ_FILTER_BYTES_MAX + 2];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    filter = any, filter.text = text;
    event_page page = {0};
    check(w, read_events(f->pool, &filter, &page) == STORE_REFUSED, "an endless text is refused");
    filter = any, filter.limit = READ_EVENTS_MAX + 1;
    check(w, read_events(f->pool, &filter, &page) == STORE_REFUSED, "and an endless page");
}

static void check_pages(shelf *f)
{
    event_filter filter = any;
    uint32_t seen = 0, pages = 0;
    bool in_order = true, more = true;
    filter.limit = 4;
    event_id last = {{{0}}};
    int64_t last_us = 0;
    while (more && pages < 10) {
        event_page page __attribute__((cleanup(event_page_done))) = {0};
        if (read_events(f->pool, &filter, &page) != STORE_OK)
            break;
        for (uint32_t i = 0; i < page.count; i++) {
            const event_row *r = &page.rows[i];
            in_order = in_order && (r->starts_us > last_us ||
                                    (r->starts_us == last_us && memcmp(&r->id, &last, 16) > 0));
            last = r->id;
            last_us = r->starts_us;
        }
        seen += page.count;
        more = page.more;
        pages++;
        filter.has_after = true;
        filter.after_starts_us = last_us;
        filter.after_id = last;
    }
    check(f->w, seen == 6 && pages == 2 && in_order, "pages follow each other without a gap");
}

// One that has begun: closed for whoever has its id, and in no list that does not ask for the past.
static void check_begun(shelf *f)
{
    world *w = f->w;
    event_detail d __attribute__((cleanup(event_detail_done))) = {0};
    bool found = false;
    event_id id = f->events[5];
    char text[UUID_TEXT_BYTES];
    uuid_format(&id.u, text);
    sql_run(w, "UPDATE event SET starts_at = now() - interval '1 s' WHERE id = '%s'", text);
    check(w, count_of(f, any) == 5, "what has begun is not listed");
    event_filter filter = any;
    filter.from_us = 1;
    check(w, count_of(f, filter) == 6, "unless the past is asked for");
    check(w,
          read_event(f->pool, &id, &d, &found) == STORE_OK && found &&
              d.row.status == CAVEA__V1__EVENT_STATUS__EVENT_STATUS_CLOSED,
          "and it is told as closed");
    sql_run(w, "UPDATE event SET starts_at = '2040-01-03 20:00+00' WHERE id = '%s'", text);
}

static void check_detail(shelf *f)
{
    world *w = f->w;
    event_detail d __attribute__((cleanup(event_detail_done))) = {0};
    event_id id = f->events[1], unknown = {uuid_new()}, found_id;
    bool found = false;
    uuid production = uuid_new();
    sql_run(w, "INSERT INTO production (id, organizer_id, name) VALUES ('%s', '%s', 'Season')",
            uuid_text(&production), uuid_text(&w->organizer));
    sql_run(w,
            "UPDATE event SET production_id = '%s', description = 'In four acts', status = 1,"
            " sale_starts_at = now() - interval '1 s' WHERE id = '%s'",
            uuid_text(&production), uuid_text(&id.u));
    sql_run(w, "INSERT INTO event_price VALUES ('%s', 4, 700)", uuid_text(&id.u));
    if (!check(w, read_event(f->pool, &id, &d, &found) == STORE_OK && found, "an event is found"))
        return;
    check(w,
          strcmp(d.row.name, "Bohème 100%") == 0 && strcmp(d.row.venue_name, "Opera") == 0 &&
              strcmp(d.row.city, "Zürich") == 0 && strcmp(d.row.country, "CH") == 0 &&
              strcmp(d.row.time_zone, "Europe/Zurich") == 0 && d.row.seats == 100 &&
              d.row.currency_exponent == 2 && strcmp(d.row.currency, "CHF") == 0 &&
              d.row.tag == event_tag(&id),
          "with its venue and currency");
    check(w, d.row.status == 2, "a scheduled event whose sale has begun is on sale");
    check(w,
          strcmp(d.description, "In four acts") == 0 && strcmp(d.production_name, "Season") == 0 &&
              strcmp(d.organizer_name, "Organizer") == 0 && d.hold_seconds == 600 &&
              digest32_equal(&d.plan_hash, &w->plan),
          "with its production and plan");
    check(w,
          d.prices_count == 5 && d.price_minor[0] == 5000 && d.price_minor[3] == 0 &&
              d.price_minor[4] == 700,
          "and the price of each category");
    event_detail_done(&d);
    check(w, read_event(f->pool, &unknown, &d, &found) == STORE_OK && !found, "an unknown is not");
    check(w,
          read_event_by_tag(f->pool, event_tag(&id), &found_id, &found) == STORE_OK && found &&
              uuid_equal(&found_id.u, &id.u),
          "an event is found by its tag");
    check(w, read_event_by_tag(f->pool, 12345, &found_id, &found) == STORE_OK && !found,
          "and no other");
}

static void check_plans(shelf *f)
{
    plan_bytes b __attribute__((cleanup(plan_bytes_done))) = {0};
    digest32 unknown = {{1}};
    bool found = false;
    check(f->w,
          read_plan_layout(f->pool, &f->w->plan, &b, &found) == STORE_OK && found &&
              b.bytes == 12 && memcmp(b.data, "{\"seats\":[]}", 12) == 0,
          "a plan's layout is found by its hash");
    plan_bytes_done(&b);
    check(f->w,
          read_plan_packed(f->pool, &f->w->plan, &b, &found) == STORE_OK && found && b.bytes == 5,
          "and its packed form");
    plan_bytes_done(&b);
    check(f->w, read_plan_packed(f->pool, &unknown, &b, &found) == STORE_OK && !found,
          "an unknown plan is not found");
}

static void rows_write(shelf *f, store_pg *s, journal *j, reservation_id *ret_sold,
                       reservation_id *ret_held, payment_id *ret_payment)
{
    event_id event = f->events[0];
    int32_t sold[2] = {3, 4}, held[1] = {99};
    test_actor actor = actor_take(s, actor_of_event(&event));
    journal_clear(j);
    *ret_sold = journal_reserve(j, &event, sold, 2);
    *ret_held = journal_reserve(j, &event, held, 1);
    *ret_payment = (payment_id){uuid_new()};
    j->changes[j->changes_count++] = (reservation_change){.event = event,
                                                          .id = *ret_sold,
                                                          .from_state = 1,
                                                          .to_state = 2,
                                                          .expires_us = 1,
                                                          .payment = *ret_payment};
    j->payments[j->payments_count++] = (payment_row){.event = event,
                                                     .id = *ret_payment,
                                                     .reservation = *ret_sold,
                                                     .state = 7,
                                                     .amount_minor = 10007,
                                                     .captured_minor = 10007,
                                                     .currency = "CHF",
                                                     .intent_id = "pi_5",
                                                     .is_new = true};
    for (int i = 0; i < 2; i++)
        j->tickets[j->tickets_count++] =
            (ticket_row){.event = event,
                         .id = ticket_id_of(ret_sold, (uint32_t)sold[i]),
                         .reservation = *ret_sold,
                         .seat = sold[i],
                         .state = 1,
                         .key_id = "key",
                         .jws_at = journal_blob(j, "a.b.c", 5),
                         .jws_bytes = 5,
                         .compact_at = journal_blob(j, "C1:AB", 5),
                         .compact_bytes = 5,
                         .issued_us = wall_us()};
    journal_fact(j, &actor, 10, "x", 1);
    lease_move *m = actor_move(j, &actor);
    m->claimed = 3;
    if (actor_commit(s, j, &actor) != STORE_OK)
        check(f->w, false, "rows are written: %s", store_pg_error(s));
}

// A held reservation that began two days ago, as an outage may leave one behind.
static void check_old_hold(shelf *f, store_pg *s, journal *j)
{
    event_id event = f->events[4];
    int32_t seats[2] = {7, 8};
    test_actor actor = actor_take(s, actor_of_event(&event));
    journal_clear(j);
    journal_reserve(j, &event, &seats[0], 1);
    journal_reserve(j, &event, &seats[1], 1);
    uint8_t random[6] = {1};
    uuid old = uuid_tagged(wall_us() / 1000 - 2 * 24 * 3600 * 1000, event_tag(&event), random);
    j->reservations[0].id.u = j->claims[0].reservation.u = old;
    actor_move(j, &actor);
    if (actor_commit(s, j, &actor) != STORE_OK)
        check(f->w, false, "rows are written: %s", store_pg_error(s));
    seat_snapshot snapshot __attribute__((cleanup(seat_snapshot_done))) = {0};
    bool found = false;
    check(f->w,
          read_seats(f->pool, &event, &snapshot, &found) == STORE_OK && found &&
              snapshot.claimed_count == 2 && snapshot.claimed[0] == 7 * 4 + 2 &&
              snapshot.claimed[1] == 8 * 4 + 1,
          "a seat that has been held for longer than a day is not for sale, and shown as sold");
}

static void check_rows(shelf *f, store_pg *s, journal *j)
{
    world *w = f->w;
    reservation_id sold, held;
    payment_id paid;
    event_image_reservation r;
    payment_row p;
    bool found = false;
    rows_write(f, s, j, &sold, &held, &paid);
    check(w,
          read_reservation(f->pool, &f->events[0], &sold, &r, &found) == STORE_OK && found &&
              r.state == 2 && r.seats_count == 2 && r.seats[1] == 4 && r.price_minor[1] == 5004 &&
              uuid_equal(&r.payment.u, &paid.u),
          "a reservation is found");
    check(w, read_reservation(f->pool, &f->events[1], &sold, &r, &found) == STORE_OK && !found,
          "but not in another event");
    check(w,
          read_payment(f->pool, &f->events[0], &paid, &p, &found) == STORE_OK && found &&
              p.state == 7 && p.captured_minor == 10007 && strcmp(p.intent_id, "pi_5") == 0,
          "a payment is found");
    ticket_id ids[3] = {ticket_id_of(&sold, 4), ticket_id_of(&sold, 3), ticket_id_of(&sold, 9)};
    ticket_page tickets __attribute__((cleanup(ticket_page_done))) = {0};
    check(w,
          read_tickets(f->pool, &f->events[0], ids, 3, &tickets) == STORE_OK &&
              tickets.count == 2 && strcmp(tickets.rows[0].jws, "a.b.c") == 0 &&
              strcmp(tickets.rows[1].compact, "C1:AB") == 0 &&
              tickets.rows[0].seat + tickets.rows[1].seat == 7 && tickets.rows[0].state == 1,
          "tickets are found, those that exist");
    seat_snapshot snapshot __attribute__((cleanup(seat_snapshot_done))) = {0};
    check(w, read_seats(f->pool, &f->events[0], &snapshot, &found) == STORE_OK && found,
          "a snapshot of the seats is found");
    uint32_t sum = 0;
    for (uint32_t i = 0; i < snapshot.claimed_count; i++)
        sum += snapshot.claimed[i];
    check(w,
          snapshot.version == 1 && snapshot.claimed_count == 3 && snapshot.status == 2 &&
              sum == (3 * 4 + 2) + (4 * 4 + 2) + (99 * 4 + 1) && snapshot.database_now_us > 0,
          "with the version they belong to");
    seat_snapshot_done(&snapshot);
    check(w,
          read_seats(f->pool, &f->events[5], &snapshot, &found) == STORE_OK && found &&
              snapshot.version == 0 && snapshot.claimed_count == 0,
          "an event where nothing happened has version 0");
    event_page page __attribute__((cleanup(event_page_done))) = {0};
    event_filter filter = any;
    filter.text = "Aida";
    check(w,
          read_events(f->pool, &filter, &page) == STORE_OK && page.count == 1 &&
              page.rows[0].claimed == 3,
          "a listing knows how many seats are taken");
}

typedef struct reader { // on a thread of its own
    pthread_t thread;
    shelf *f;
    uint32_t times, answered;
} reader;

static void *reader_thread(void *self)
{
    reader *r = self;
    for (uint32_t i = 0; i < r->times; i++) {
        event_id id;
        bool found = false;
        event_id *asked = &r->f->events[i % 6];
        if (read_event_by_tag(r->f->pool, event_tag(asked), &id, &found) == STORE_OK && found &&
            uuid_equal(&id.u, &asked->u))
            r->answered++;
    }
    return NULL;
}

static void reader_start(reader *r, shelf *f, uint32_t times)
{
    *r = (reader){.f = f, .times = times};
    if (pthread_create(&r->thread, NULL, reader_thread, r) != 0)
        check(f->w, false, "a thread starts");
}

static void check_crowd(shelf *f)
{
    enum { READERS = 8, TIMES = 100 };
    reader readers[READERS];
    uint32_t answered = 0;
    for (int i = 0; i < READERS; i++)
        reader_start(&readers[i], f, TIMES);
    for (int i = 0; i < READERS; i++) {
        pthread_join(readers[i].thread, NULL);
        answered += readers[i].answered;
    }
    check(f->w, answered == READERS * TIMES, "eight threads share two connections");
    check(f->w,
          sql_number(f->w, "SELECT count(*) FROM pg_stat_activity"
                           " WHERE application_name = 'cavea read'") <= 2,
          "and never make a third");
}

static void check_bounds(shelf *f, const char *edge_url)
{
    world *w = f->w;
    read_options options = {
        .url = edge_url, .connections = 1, .wait_ms = 100, .statement_timeout_ms = 700};
    shelf small = *f;
    reader blocked;
    event_id id;
    bool found = false;
    char why[128];
    small.pool = read_open(&options);
    assert(small.pool != NULL);
    check(w, read_event_by_tag(small.pool, 1, &id, &found) == STORE_OK, "a pool of one connection");
    sql_run(w, "BEGIN; LOCK TABLE event IN ACCESS EXCLUSIVE MODE");
    reader_start(&blocked, &small, 1);
    bool waits = sql_until(w, 1,
                           "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type ="
                           " 'Lock' AND application_name = 'cavea read'");
    int64_t began_us = wall_us();
    store_result result = read_event_by_tag(small.pool, 1, &id, &found);
    check(w, waits && result == STORE_UNKNOWN && wall_us() - began_us < 600000,
          "who finds every connection busy does not wait long");
    read_error(small.pool, why, sizeof why);
    check(w, strcmp(why, "every connection stayed busy") == 0, "and learns why");
    pthread_join(blocked.thread, NULL);
    check(w, blocked.answered == 0 && wall_us() - began_us < 3000000,
          "a statement that takes too long is ended");
    sql_run(w, "ROLLBACK");
    uint32_t tag = event_tag(&f->events[0]);
    check(w, read_event_by_tag(small.pool, tag, &id, &found) == STORE_OK && found,
          "the connection is good again");
    sql_run(w, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
               " WHERE application_name = 'cavea read'");
    check(w, read_event_by_tag(small.pool, tag, &id, &found) == STORE_OK && found,
          "a connection that died meanwhile is made again");
    read_close(small.pool);
    options.url = "host=/nonexistent user=x";
    small.pool = read_open(&options);
    check(w, read_event_by_tag(small.pool, tag, &id, &found) == STORE_UNKNOWN,
          "without a database nothing is read");
    read_close(small.pool);
}

static void check_role(world *w, const char *edge_url)
{
    PGconn *edge = PQconnectdb(edge_url);
    PGresult *result = PQexec(edge, "DELETE FROM seat_claim");
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    check(w, sqlstate != NULL && strcmp(sqlstate, "42501") == 0, "the role of edges cannot write");
    PQclear(result);
    PQfinish(edge);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "store_read_check OWNER_URL STORE_URL EDGE_URL\n");
        return 2;
    }
    world w;
    shelf f;
    int64_t now_us = 0;
    world_init(&w, argv[1], argv[2]);
    host_identity host = host_new("read", 3000);
    store_pg *s = store_new(&w, &host, true);
    journal *j = journal_new();
    read_options options = {.url = argv[3], .connections = 2};
    read_pool *pool = read_open(&options);
    assert(j != NULL && pool != NULL);
    check(&w, read_now(pool, &now_us) == STORE_OK && now_us > 0, "the database tells its time");
    shelf_fill(&f, &w, pool);
    check_currencies(&f);
    check_list(&f);
    check_pages(&f);
    check_begun(&f);
    check_detail(&f);
    check_plans(&f);
    check_rows(&f, s, j);
    check_old_hold(&f, s, j);
    check_crowd(&f);
    check_bounds(&f, argv[3]);
    check_role(&w, argv[3]);
    read_close(pool);
    journal_free(j);
    store_pg_close(s);
    return world_done(&w);
}
