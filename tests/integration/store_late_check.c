// Checks of the rows of reservations that are paid too late or given back, against a real
// PostgreSQL: store_late_check OWNER_URL STORE_URL. store.sh makes the database and runs it.
#include "tests/support/store_world.h"

#include <assert.h>
#include <stdio.h>

typedef struct sale { // one event with its actor, held by one host
    world *w;
    store_pg *s;
    journal *j;
    event_id event;
    test_actor actor;
} sale;

static void sale_begin(sale *t, world *w, store_pg *s, journal *j)
{
    *t = (sale){.w = w, .s = s, .j = j, .event = world_event(w, 1000)};
    t->actor = actor_take(s, actor_of_event(&t->event));
    journal_clear(j);
}

// One tick: the journal as it stands, with the actor's move.
static store_result tick(sale *t)
{
    actor_move(t->j, &t->actor);
    store_result result = actor_commit(t->s, t->j, &t->actor);
    journal_clear(t->j);
    return result;
}

static int64_t rows_of(const sale *t, const char *table)
{
    return sql_number(t->w, "SELECT count(*) FROM %s WHERE event_id = '%s'", table,
                      uuid_text(&t->event.u));
}

static reservation_id hold(sale *t, int32_t first, uint32_t count)
{
    int32_t seats[SEATS_PER_RESERVATION_MAX];
    for (uint32_t i = 0; i < count; i++)
        seats[i] = first + (int32_t)i;
    return journal_reserve(t->j, &t->event, seats, count);
}

static void change(sale *t, reservation_id id, int16_t from, int16_t to)
{
    t->j->changes[t->j->changes_count++] =
        (reservation_change){.event = t->event,
                             .id = id,
                             .from_state = from,
                             .to_state = to,
                             .expires_us = INT64_C(1900000000000000)};
}

static void release(sale *t, reservation_id id, int32_t seat)
{
    t->j->releases[t->j->releases_count++] = (claim_row){t->event, seat, id};
}

// Paid too late: other seats at the old prices, and later a part of the money back.
static void check_late(world *w, store_pg *s, journal *j)
{
    sale t;
    sale_begin(&t, w, s, j);
    reservation_id plain = hold(&t, 5, 3), a = hold(&t, 0, 2);
    change(&t, a, 1, 1);
    memset(&j->changes[0].checkout_key, 7, 32);
    j->changes[0].other_seats = true;
    check(w, tick(&t) == STORE_OK, "a checkout that takes other seats");
    change(&t, a, 1, 3);
    release(&t, a, 0);
    release(&t, a, 1);
    change(&t, plain, 1, 4);
    release(&t, plain, 5), release(&t, plain, 6), release(&t, plain, 7);
    check(w, tick(&t) == STORE_OK, "its hold ends");
    change(&t, a, 3, 2);
    j->changes[0].outcome = 3;
    j->changes[0].seats_at = j->seats_count + 1;
    j->changes[0].seats_count = 2;
    for (int32_t i = 0; i < 3; i++) { // the first is somebody else's
        j->seats[j->seats_count] = 6 + i;
        j->price_minor[j->seats_count++] = 1;
    }
    j->claims[j->claims_count++] = (claim_row){t.event, 7, a};
    j->claims[j->claims_count++] = (claim_row){t.event, 8, a};
    check(w, tick(&t) == STORE_OK, "paid too late, it has other seats");
    check(w,
          sql_number(w,
                     "SELECT count(*) FROM reservation WHERE id = '%s' AND state = 2"
                     " AND seats = '{7,8}' AND price_minor[1] = 5000 AND other_seats"
                     " AND outcome = 3 AND refund_minor IS NULL",
                     uuid_text(&a.u)) == 1 &&
              rows_of(&t, "claimed_seat") == 2,
          "at the prices of the old ones");
    change(&t, a, 2, 5);
    j->changes[0].refund_minor = 1250;
    release(&t, a, 7);
    release(&t, a, 8);
    check(w, tick(&t) == STORE_OK, "it is given back");
    check(w,
          sql_number(w,
                     "SELECT count(*) FROM reservation WHERE id = '%s' AND state = 5"
                     " AND refund_minor = 1250 AND outcome = 3 AND other_seats AND seats = '{7,8}'",
                     uuid_text(&a.u)) == 1 &&
              rows_of(&t, "claimed_seat") == 0,
          "for a part of its price");
    reservation_id b = hold(&t, 0, 2);
    check(w, tick(&t) == STORE_OK, "another is held");
    change(&t, b, 1, 3);
    release(&t, b, 0);
    release(&t, b, 1);
    change(&t, b, 3, 2);
    j->claims[j->claims_count++] = (claim_row){t.event, 0, b};
    j->claims[j->claims_count++] = (claim_row){t.event, 1, b};
    check(w, tick(&t) == STORE_OK && rows_of(&t, "claimed_seat") == 2,
          "and expires and is confirmed in one tick");
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "store_late_check OWNER_URL STORE_URL\n");
        return 2;
    }
    world w;
    world_init(&w, argv[1], argv[2]);
    host_identity host = host_new("check", 3000);
    store_pg *s = store_new(&w, &host, true);
    journal *j = journal_new();
    assert(j != NULL);
    check_late(&w, s, j);
    journal_free(j);
    store_pg_close(s);
    return world_done(&w);
}
