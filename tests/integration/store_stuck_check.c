// Checks of the search for stuck work where it does not fit into one page or one look:
// store_stuck_check OWNER_URL STORE_URL. store.sh makes the database and runs it.
#include "store/load.h"
#include "tests/support/store_world.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 8, SLOTS_EACH = SLOTS / PARTITIONS };

// Events of a partition, spread evenly over its slots but the first and the last.
static void events_add(world *w, const char *what, int events, uint32_t partition)
{
    sql_run(w,
            "CREATE TABLE %s AS SELECT gen_random_uuid() AS id, %d + n * %d / %d AS slot"
            " FROM generate_series(0, %d) n",
            what, (int)partition * SLOTS_EACH + 1, SLOTS_EACH - 2, events, events - 1);
    sql_run(w, "INSERT INTO actor_lease (actor, kind, slot, epoch) SELECT id, 1, slot, 1 FROM %s",
            what);
}

// Held reservations of every event, one a millisecond; every so many-th of them is overdue.
static void holds_add(world *w, const char *events, int count, int overdue_every)
{
    sql_run(
        w,
        "INSERT INTO reservation (event_id, id, buyer_id, state, key_hash, body_hash, seats,"
        " price_minor, total_minor, created_at, expires_at) SELECT id,"
        " (lpad(to_hex((extract(epoch FROM now()) * 1000)::int8 - 1800000 + n), 12, '0') || '7'"
        " || substr(md5(id::text || n), 1, 3) || '8'"
        " || substr(md5(id::text || n), 4, 15))::uuid, id, 1, '\\x00', '\\x00', '{1}', '{1}', 1,"
        " now(), now() + CASE WHEN n %% %d = 0 THEN -1 ELSE 1 END * interval '10 minutes'"
        " FROM %s, generate_series(1, %d) n",
        overdue_every, events, count);
}

// Payments of every event that changed and began three days ago.
static void payments_add(world *w, const char *events, int count, int state, int first_ms)
{
    sql_run(w,
            "INSERT INTO payment (event_id, id, reservation_id, buyer_id, state, amount_minor,"
            " captured_minor, currency, created_at, changed_at) SELECT id,"
            " (lpad(to_hex((extract(epoch FROM now() - interval '3 days') * 1000)::int8 + %d + n),"
            " 12, '0') || '7' || substr(md5(id::text || n), 1, 3) || '8'"
            " || substr(md5(id::text || n), 4, 15))::uuid, id, id, %d, 1, 1, 'CHF',"
            " now() - interval '3 days', now() - interval '3 days'"
            " FROM %s, generate_series(1, %d) n",
            first_ms, state, events, count);
}

// What looks found, each once.
typedef struct findings {
    uuid ids[512];
    uint32_t count;
    bool twice_in_a_look;
} findings;

static uint32_t find(findings *f, const uuid *id)
{
    uint32_t i = 0;
    while (i < f->count && !uuid_equal(&f->ids[i], id))
        i++;
    return i;
}

// Looks until so many were found; returns after how many looks, or looks_max + 1.
static uint32_t look_for(world *w, store_pg *s, uint32_t partition, uint32_t wanted,
                         uint32_t looks_max, uint32_t rows_max, findings *f)
{
    static stuck_row rows[512];
    store_port port = store_pg_port(s);
    *f = (findings){0};
    for (uint32_t looks = 1; looks <= looks_max; looks++) {
        uint32_t count = 0, before = f->count;
        if (!(port.load_stuck(s, partition, 5000, rows, rows_max, &count) == STORE_OK)) {
            check(w, false, "a look: %s", store_pg_error(s));
            break;
        }
        for (uint32_t i = 0; i < count; i++) {
            uuid id =
                rows[i].kind == STUCK_HELD_OVERDUE ? rows[i].reservation.u : rows[i].payment.u;
            uint32_t at = find(f, &id);
            f->twice_in_a_look = f->twice_in_a_look || (at >= before && at < f->count);
            if (at == f->count && f->count < 512)
                f->ids[f->count++] = id;
        }
        if (f->count >= wanted)
            return looks;
    }
    return looks_max + 1;
}

// 9,000 events without a row, and one overdue in the last slot: wherever a look begins, one of its
// pages ends at an event without a row.
static void check_silent(world *w, store_pg *s)
{
    enum { PARTITION = 5, EVENTS = 9000 };
    findings f;
    events_add(w, "silent", EVENTS, PARTITION);
    events_add(w, "late", 1, PARTITION);
    sql_run(w, "UPDATE actor_lease SET slot = %d FROM late WHERE actor = late.id",
            (PARTITION + 1) * SLOTS_EACH - 1);
    holds_add(w, "late", 1, 1);
    _Static_assert(EVENTS / 2 > LOAD_STUCK_PAGE_ROWS, "half of them are more than a page");
    uint32_t looks = look_for(w, s, PARTITION, 1, 20, ROWS, &f);
    check(w, looks <= 20, "silent events end a page and hide nothing: %u looks", looks);
}

// Rows of three events that are pages each, one in a thousand overdue.
static void check_hot(world *w, store_pg *s)
{
    enum { PARTITION = 6, HOLDS = 10000, EVERY = 1000, ALL = 3 * HOLDS / EVERY };
    findings f;
    events_add(w, "hot", 3, PARTITION);
    holds_add(w, "hot", HOLDS, EVERY);
    // With a page each it would be eight looks.
    uint32_t looks = look_for(w, s, PARTITION, ALL, 200, 512, &f);
    check(w, f.count == ALL && looks <= 6 && !f.twice_in_a_look,
          "pages follow each other without a gap: %u found in %u looks", f.count, looks);
}

// Refunds of three days ago behind two pages of settled payments.
static void check_far(world *w, store_pg *s)
{
    enum { PARTITION = 7, SETTLED = 9000, DUE = 48 };
    findings f;
    events_add(w, "old", 1, PARTITION);
    payments_add(w, "old", SETTLED, 10, 0);
    payments_add(w, "old", DUE, 8, SETTLED);
    uint32_t looks = look_for(w, s, PARTITION, 1, LOAD_STUCK_FAR_EVERY - 1, ROWS, &f);
    check(w, f.count == 0, "what began days ago is not looked for every time");
    looks = look_for(w, s, PARTITION, DUE, 400, ROWS, &f);
    // With a page and half an answer every so often it would be more than a hundred.
    check(w, f.count == DUE && looks <= 50, "but every so often: %u found in %u looks", f.count,
          looks);
}

// Open payments of a held reservation and of one whose seats were released.
static void check_abandoned(world *w, store_pg *s)
{
    enum { PARTITION = 4, MAX = 64 };
    static stuck_row rows[MAX];
    uint32_t count = 0, held = 0, left = 0, looks = 0;
    events_add(w, "leaving", 1, PARTITION);
    holds_add(w, "leaving", 2, 1000);
    sql_run(w, "INSERT INTO payment (event_id, id, reservation_id, buyer_id, state, amount_minor,"
               " currency, created_at, changed_at) SELECT event_id, id, id, buyer_id, 2, 1, 'CHF',"
               " now() - interval '1 minute', now() - interval '1 minute' FROM reservation"
               " WHERE event_id = (SELECT id FROM leaving)");
    sql_run(w, "UPDATE reservation SET state = 3 WHERE event_id = (SELECT id FROM leaving)"
               " AND id = (SELECT id FROM reservation WHERE event_id = (SELECT id FROM leaving)"
               " ORDER BY id LIMIT 1)");
    store_port port = store_pg_port(s);
    while (held + left == 0 && looks++ < 20) {
        if (port.load_stuck(s, PARTITION, 5000, rows, MAX, &count) != STORE_OK)
            break;
        for (uint32_t i = 0; i < count; i++)
            if (rows[i].kind == STUCK_PAYMENT_OPEN)
                (*(rows[i].is_abandoned ? &left : &held))++;
    }
    check(w, held == 1 && left == 1, "an open payment whose seats were released is told so");
}

// Refunds of payments of so many days ago, asked for a minute ago; 10 is one that has arrived.
static void refunds_add(world *w, const char *events, int count, int state, int days)
{
    sql_run(w,
            "INSERT INTO payment (event_id, id, reservation_id, buyer_id, state, amount_minor,"
            " captured_minor, refund_minor, refunded_minor, refund_number, intent_id, currency,"
            " created_at, changed_at) SELECT id, (lpad(to_hex((extract(epoch FROM now()"
            " - interval '%d days') * 1000)::int8 + n), 12, '0') || '7'"
            " || substr(md5(id::text || n), 1, 3) || '8'"
            " || substr(md5(id::text || n || %d), 4, 15))::uuid, id, id, %d, 10, 10, 8,"
            " CASE WHEN %d = 10 THEN 8 ELSE 0 END, 2, 'pi_9', 'CHF', now() - interval '%d days',"
            " now() - interval '1 minute' FROM %s, generate_series(1, %d) n",
            days, state, state, state, days, events, count);
}

// Whoever bought early may give back late. More than a page of another partition's come first, and
// the event did nothing for longer than a look goes back.
static void check_old_refunds(world *w, store_pg *s)
{
    enum { PARTITION = 1, OTHER = 2, MAX = 64, OLD = 3 };
    static stuck_row rows[MAX];
    uint32_t found = 0, count = 0, wrong = 0;
    events_add(w, "early", 1, PARTITION);
    events_add(w, "earlier", 1, OTHER);
    sql_run(w, "UPDATE actor_lease SET active_at = now() - interval '35 days'"
               " WHERE actor = (SELECT id FROM early)");
    refunds_add(w, "earlier", LOAD_STUCK_PAGE_ROWS + 100, 8, 50);
    for (int state = 8; state <= 11; state++) // 10 is not stuck
        refunds_add(w, "early", 1, state, 40);
    store_port port = store_pg_port(s);
    for (uint32_t looks = 0; looks < 8 * LOAD_STUCK_FAR_EVERY && found == 0; looks++) {
        if (port.load_stuck(s, PARTITION, 5000, rows, MAX, &count) != STORE_OK)
            break;
        for (uint32_t i = 0; i < count; i++) {
            const stuck_row *r = &rows[i];
            found++;
            wrong += r->kind != STUCK_REFUND_UNSENT || r->payment_state == 10 ||
                     r->amount_minor != 10 || r->refund_minor != 8 || r->refund_number != 2 ||
                     strcmp(r->intent_id, "pi_9") != 0 || strcmp(r->currency, "CHF") != 0;
        }
    }
    check(w, found == OLD && wrong == 0, "refunds of payments from long ago: %u found, %u wrong",
          found, wrong);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "store_stuck_check OWNER_URL STORE_URL\n");
        return 2;
    }
    world w;
    world_init(&w, argv[1], argv[2]);
    host_identity host = host_new("stuck", 3000);
    store_pg *s = store_new(&w, &host, true);
    check_silent(&w, s);
    check_far(&w, s);
    check_hot(&w, s);
    check_abandoned(&w, s);
    check_old_refunds(&w, s);
    store_pg_close(s);
    return world_done(&w);
}
