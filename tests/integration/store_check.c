// Checks of commits against a real PostgreSQL: store_check OWNER_URL STORE_URL. Every table's way
// in and way to change, the fence, the guards, and what a tick that touches a row twice comes to.
// store.sh makes the database and runs it.
#include "store/connection.h"
#include "tests/support/store_world.h"

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

static int64_t cursor_of(const sale *t)
{
    return sql_number(t->w, "SELECT cursor_seq FROM actor_lease WHERE actor = '%s'",
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

static void check_holds(world *w, store_pg *s, journal *j)
{
    sale t;
    sale_begin(&t, w, s, j);
    reservation_id a = hold(&t, 0, 2), b = hold(&t, 10, 10);
    journal_fact(j, &t.actor, 10, "fact one", 8);
    journal_fact(j, &t.actor, 10, "fact two", 8);
    lease_move *m = actor_move(j, &t.actor);
    m->claimed = 12;
    m->senders_at = journal_blob(j, "senders", 7);
    m->senders_bytes = 7;
    m->published_incarnation = 5;
    m->published_seq = 1;
    int64_t now_us = 0;
    store_port port = store_pg_port(s);
    check(w, port.commit(port.self, j, &now_us) == STORE_OK, "two reservations are committed");
    t.actor.cursor++, t.actor.incarnation = 7;
    int64_t off_us = now_us - wall_us();
    check(w, off_us < 2000000 && off_us > -2000000, "commit tells the database's time");
    check(w, rows_of(&t, "reservation") == 2 && rows_of(&t, "claimed_seat") == 12,
          "a reservation and its seats are rows");
    check(w,
          sql_number(w,
                     "SELECT count(*) FROM reservation WHERE id = '%s' AND seats = '{0,1}' AND"
                     " price_minor = '{5000,5001}' AND total_minor = 10001 AND state = 1 AND"
                     " payment_id IS NULL AND expires_at - created_at = interval '10 minutes'"
                     " AND octet_length(key_hash) = 16",
                     uuid_text(&a.u)) == 1,
          "each column has its value");
    check(w,
          sql_number(w, "SELECT count(*) FROM reservation WHERE id = '%s' AND seats[10] = 19",
                     uuid_text(&b.u)) == 1,
          "ten seats are a slice of their own");
    check(w,
          sql_number(w,
                     "SELECT count(*) FROM actor_lease WHERE actor = '%s' AND last_seq = 2 AND"
                     " claimed = 12 AND senders = 'senders' AND published_incarnation = 5 AND"
                     " published_seq = 1 AND incarnation = 7 AND cursor_seq = 1 AND"
                     " active_at > now() - interval '1 minute'",
                     uuid_text(&t.event.u)) == 1,
          "the lease row moves with them");
    check(w,
          sql_number(w, "SELECT count(*) FROM fact WHERE actor = '%s' AND payload LIKE 'fact %%'",
                     uuid_text(&t.event.u)) == 2,
          "and so do the facts");
}

static void check_two_owners(world *w, store_pg *s, journal *j)
{
    sale t;
    sale_begin(&t, w, s, j);
    hold(&t, 5, 2);
    check(w, tick(&t) == STORE_OK, "a seat is held");
    hold(&t, 6, 1);
    hold(&t, 20, 1);
    journal_fact(j, &t.actor, 10, "x", 1);
    check(w, tick(&t) == STORE_REFUSED, "a second owner of a seat is refused");
    check(w,
          rows_of(&t, "reservation") == 1 && rows_of(&t, "claimed_seat") == 2 && cursor_of(&t) == 1,
          "and nothing of that tick is written");
    hold(&t, 30, 1);
    hold(&t, 30, 1);
    check(w, tick(&t) == STORE_REFUSED, "two owners in one tick are refused");
    j->reservations[0] = (reservation_row){.event = t.event, .state = 9, .seats_count = 1};
    j->reservations_count = j->seats_count = 1;
    check(w, tick(&t) == STORE_REFUSED, "a state that is none is refused");
    t.actor.seq = 0;
    hold(&t, 40, 1);
    journal_fact(j, &t.actor, 10, "x", 1);
    check(w, tick(&t) == STORE_OK, "after refusals the actor goes on");
    t.actor.seq = 0;
    journal_fact(j, &t.actor, 10, "y", 1);
    check(w, tick(&t) == STORE_REFUSED, "a fact's number is given once");
}

static void check_fence(world *w, store_pg *s, journal *j)
{
    sale t, other;
    store_port port = store_pg_port(s);
    bool held[2] = {false, false};
    sale_begin(&other, w, s, j);
    sale_begin(&t, w, s, j);
    t.actor.epoch--;
    hold(&t, 0, 1);
    check(w, tick(&t) == STORE_FENCED, "a stale epoch is fenced");
    t.actor.epoch++;
    t.actor.cursor = 3;
    hold(&t, 0, 1);
    check(w, tick(&t) == STORE_FENCED, "a stale cursor is fenced");
    t.actor.cursor = 0;
    t.actor.incarnation = 1;
    hold(&t, 0, 1);
    check(w, tick(&t) == STORE_FENCED, "a stale incarnation is fenced");
    t.actor.incarnation = 0;
    check(w, rows_of(&t, "reservation") == 0 && cursor_of(&t) == 0, "and wrote nothing");
    sql_run(w, "UPDATE actor_lease SET epoch = epoch + 1 WHERE actor = '%s'",
            uuid_text(&t.event.u));
    hold(&other, 1, 1);
    actor_move(j, &other.actor);
    actor_move(j, &t.actor);
    int64_t now_us;
    check(w, port.commit(port.self, j, &now_us) == STORE_FENCED,
          "one lost actor fences the whole tick");
    check(w, rows_of(&other, "reservation") == 0, "its neighbours' rows too");
    check(w, port.still_held(port.self, j->moves, 2, held) == STORE_OK && held[0] && !held[1],
          "still_held tells which one it was");
    j->moves_count = 1;
    check(w, port.commit(port.self, j, &now_us) == STORE_OK, "the neighbour goes on without it");
    journal_clear(j);
    check(w, port.commit(port.self, j, &now_us) == STORE_OK && now_us > 0,
          "an empty journal asks for the time");
}

static void check_changes(world *w, store_pg *s, journal *j)
{
    sale t;
    sale_begin(&t, w, s, j);
    reservation_id a = hold(&t, 0, 2), missing = {uuid_new()};
    check(w, tick(&t) == STORE_OK, "a reservation is held");
    change(&t, a, 1, 1);
    j->changes[0].payment.u = uuid_new();
    memset(&j->changes[0].checkout_key, 7, 32);
    check(w, tick(&t) == STORE_OK, "a checkout is noted");
    change(&t, a, 1, 2);
    check(w, tick(&t) == STORE_OK, "a held reservation is confirmed");
    check(w,
          sql_number(w,
                     "SELECT count(*) FROM reservation WHERE id = '%s' AND state = 2 AND"
                     " payment_id IS NOT NULL AND octet_length(checkout_key) = 16 AND"
                     " checkout_body IS NOT NULL AND extract(year FROM expires_at) = 2030",
                     uuid_text(&a.u)) == 1,
          "what a change does not name stays");
    change(&t, a, 1, 3);
    check(w, tick(&t) == STORE_REFUSED, "a change from another state is refused");
    change(&t, missing, 1, 3);
    check(w, tick(&t) == STORE_REFUSED, "a change of nothing is refused");
    release(&t, missing, 0);
    check(w, tick(&t) == STORE_REFUSED, "a release by who does not own the seat is refused");
    release(&t, a, 5);
    check(w, tick(&t) == STORE_REFUSED, "a release of a free seat is refused");
    check(w, rows_of(&t, "claimed_seat") == 2, "the seats stay claimed");
    change(&t, a, 2, 5);
    release(&t, a, 0);
    release(&t, a, 1);
    reservation_id b = hold(&t, 1, 2);
    check(w, tick(&t) == STORE_OK, "a released seat goes to the next in the same tick");
    check(w,
          sql_number(w, "SELECT count(*) FROM seat_claim WHERE reservation_id = '%s'",
                     uuid_text(&b.u)) == 2,
          "and belongs to it");
}

static void check_folding(world *w, store_pg *s, journal *j)
{
    sale t;
    sale_begin(&t, w, s, j);
    reservation_id old = hold(&t, 0, 1);
    check(w, tick(&t) == STORE_OK, "a reservation is held");
    change(&t, old, 1, 3);
    release(&t, old, 0);
    reservation_id brief = hold(&t, 0, 2);
    change(&t, brief, 1, 4);
    release(&t, brief, 0);
    release(&t, brief, 1);
    reservation_id last = hold(&t, 1, 1);
    change(&t, last, 1, 1);
    j->changes[2].payment.u = uuid_new();
    change(&t, last, 1, 2);
    check(w, tick(&t) == STORE_OK, "made, cancelled, held by the next and confirmed in one tick");
    check(w, rows_of(&t, "claimed_seat") == 1, "only the last owner's claim is left");
    check(w,
          sql_number(w, "SELECT state FROM reservation WHERE id = '%s'", uuid_text(&old.u)) == 3 &&
              sql_number(w, "SELECT state FROM reservation WHERE id = '%s'", uuid_text(&brief.u)) ==
                  4 &&
              sql_number(w,
                         "SELECT state FROM reservation WHERE id = '%s'"
                         " AND payment_id IS NOT NULL",
                         uuid_text(&last.u)) == 2,
          "each reservation has its last state");
    change(&t, last, 2, 5);
    change(&t, last, 2, 5);
    check(w, tick(&t) == STORE_REFUSED, "changes that do not follow from each other are refused");
}

static payment_row *payment_add(sale *t, payment_id id, int16_t state)
{
    payment_row *p = &t->j->payments[t->j->payments_count++];
    *p = (payment_row){.event = t->event,
                       .id = id,
                       .reservation = {uuid_new()},
                       .buyer = {uuid_new()},
                       .state = state,
                       .amount_minor = 10000,
                       .currency = "CHF",
                       .intent_id = "pi_1",
                       .client_secret = "pi_1_secret",
                       .pay_url = "http://127.0.0.1/pay",
                       .created_us = wall_us(),
                       .changed_us = wall_us()};
    return p;
}

static payment_id payment_id_new(const sale *t)
{
    uint8_t random[6];
    uuid noise = uuid_new();
    memcpy(random, noise.bytes + 10, sizeof random);
    return (payment_id){uuid_tagged(wall_us() / 1000, event_tag(&t->event), random)};
}

static void check_payments(world *w, store_pg *s, journal *j)
{
    sale t;
    store_port port = store_pg_port(s);
    payment_row rows[3];
    uint32_t count = 9;
    sale_begin(&t, w, s, j);
    payment_id id = payment_id_new(&t), unknown = payment_id_new(&t);
    payment_add(&t, id, 1);
    check(w, tick(&t) == STORE_REFUSED, "a payment without a row cannot change");
    payment_add(&t, id, 1)->is_new = true;
    check(w, tick(&t) == STORE_OK, "a payment is written");
    payment_add(&t, id, 1)->is_new = true;
    check(w, tick(&t) == STORE_REFUSED, "only once");
    payment_id quick = payment_id_new(&t);
    payment_add(&t, quick, 1)->is_new = true;
    payment_add(&t, quick, 2);
    payment_add(&t, id, 2);
    check(w, tick(&t) == STORE_OK, "new ones and old ones in one tick");
    payment_add(&t, id, 2);
    payment_add(&t, id, 6)->captured_minor = 10000;
    check(w, tick(&t) == STORE_OK, "two states in one tick are one row");
    payment_id ids[3] = {unknown, id, {uuid_new()}};
    check(w, port.load_payments(port.self, ids, 3, rows, &count) == STORE_OK && count == 1,
          "payments are found by id, unknown ones are absent");
    check(w,
          rows[0].state == 6 && rows[0].captured_minor == 10000 &&
              uuid_equal(&rows[0].event.u, &t.event.u) && strcmp(rows[0].currency, "CHF") == 0 &&
              strcmp(rows[0].client_secret, "pi_1_secret") == 0,
          "with what was written");
    payment_add(&t, id, 2)->captured_minor = 10000;
    check(w, tick(&t) == STORE_REFUSED, "a state that falls back is refused");
    payment_add(&t, id, 7)->captured_minor = 9999;
    check(w, tick(&t) == STORE_REFUSED, "captured money does not shrink");
    payment_row *p = payment_add(&t, id, 10);
    p->captured_minor = p->refunded_minor = 10000;
    p->refund_number = 1;
    check(w, tick(&t) == STORE_OK, "a payment is refunded");
    p = payment_add(&t, id, 9);
    p->captured_minor = 10000;
    p->refund_number = 2;
    check(w, tick(&t) == STORE_OK, "a refund that came back is tried again");
    payment_add(&t, id, 10)->refunded_minor = 20000;
    j->payments[0].captured_minor = 10000;
    j->payments[0].refund_number = 2;
    check(w, tick(&t) == STORE_REFUSED, "more than was captured is not refunded");
}

static void ticket_add(sale *t, ticket_id id, reservation_id reservation, int16_t state,
                       const char *jws)
{
    uint32_t bytes = (uint32_t)strlen(jws);
    uint32_t at = journal_blob(t->j, jws, bytes);
    t->j->tickets[t->j->tickets_count++] = (ticket_row){.event = t->event,
                                                        .id = id,
                                                        .reservation = reservation,
                                                        .seat = 1,
                                                        .state = state,
                                                        .key_id = "k1",
                                                        .jws_at = at,
                                                        .jws_bytes = bytes,
                                                        .compact_at = at,
                                                        .compact_bytes = bytes,
                                                        .issued_us = wall_us()};
}

static int64_t ticket_is(const sale *t, const ticket_id *id, int state, const char *jws)
{
    return sql_number(t->w,
                      "SELECT count(*) FROM ticket WHERE event_id = '%s' AND id = '%s' AND"
                      " state = %d AND jws = '%s'",
                      uuid_text(&t->event.u), uuid_text(&id->u), state, jws) == 1;
}

static void check_tickets(world *w, store_pg *s, journal *j)
{
    sale t;
    sale_begin(&t, w, s, j);
    reservation_id r = hold(&t, 1, 1);
    ticket_id id = ticket_id_of(&r, 1), late = ticket_id_of(&r, 2), brief = ticket_id_of(&r, 3);
    journal_clear(j);
    ticket_add(&t, id, r, 1, "first");
    check(w, tick(&t) == STORE_OK && ticket_is(&t, &id, 1, "first"), "a ticket is written");
    ticket_add(&t, id, r, 1, "second");
    check(w, tick(&t) == STORE_OK && ticket_is(&t, &id, 1, "first"),
          "signed again it stays the first");
    ticket_add(&t, id, r, 2, "");
    check(w, tick(&t) == STORE_OK && ticket_is(&t, &id, 2, "first"), "it is revoked");
    ticket_add(&t, id, r, 1, "third");
    check(w, tick(&t) == STORE_OK && ticket_is(&t, &id, 2, "first"), "and stays revoked");
    ticket_add(&t, late, r, 2, "");
    ticket_add(&t, brief, r, 1, "brief");
    ticket_add(&t, brief, r, 2, "");
    check(w,
          tick(&t) == STORE_OK && ticket_is(&t, &late, 2, "") && ticket_is(&t, &brief, 2, "brief"),
          "revoked before it was signed, and signed and revoked in one tick");
    ticket_add(&t, late, r, 1, "late");
    check(w, tick(&t) == STORE_OK && ticket_is(&t, &late, 2, ""),
          "a ticket signed after its revocation is not valid");
}

static void check_statuses(world *w, store_pg *s, journal *j)
{
    sale t;
    sale_begin(&t, w, s, j);
    event_id missing = {uuid_new()};
    j->statuses[j->statuses_count++] = (event_status_row){t.event, 3};
    j->statuses[j->statuses_count++] = (event_status_row){t.event, 4};
    check(w,
          tick(&t) == STORE_OK &&
              sql_number(w, "SELECT status FROM event WHERE id = '%s'", uuid_text(&t.event.u)) == 4,
          "an event's last status is written");
    j->statuses[j->statuses_count++] = (event_status_row){missing, 3};
    check(w, tick(&t) == STORE_REFUSED, "a status of no event is refused");
}

static void check_full_journal(world *w, store_pg *s, journal *j)
{
    enum { RESERVATIONS = TICK_COMMANDS_MAX, EACH = 3 };
    sale t;
    sale_begin(&t, w, s, j);
    for (int32_t i = 0; i < RESERVATIONS; i++) {
        hold(&t, i * EACH, EACH);
        journal_fact(j, &t.actor, 10, "payload", 7);
    }
    check(w, !journal_has_room(j, 10, 10), "a journal tells when it is full");
    int64_t began_us = wall_us();
    store_result result = tick(&t);
    check(w, result == STORE_OK, "a full journal is one transaction (%d reservations, %lld ms)",
          RESERVATIONS, (long long)(wall_us() - began_us) / 1000);
    check(w,
          rows_of(&t, "claimed_seat") == RESERVATIONS * EACH &&
              sql_number(w,
                         "SELECT count(*) FROM reservation r JOIN claimed_seat c ON c.event_id ="
                         " r.event_id AND c.reservation_id = r.id AND c.seat = ANY (r.seats)"
                         " WHERE r.event_id = '%s' AND cardinality(seats) = 3",
                         uuid_text(&t.event.u)) == RESERVATIONS * EACH,
          "every reservation has its own seats");
    journal_clear(j);
    check(w,
          journal_has_room(j, JOURNAL_ROWS_MAX, JOURNAL_BLOB_BYTES_MAX) &&
              !journal_has_room(j, JOURNAL_ROWS_MAX + 1, 0) &&
              !journal_has_room(j, 0, JOURNAL_BLOB_BYTES_MAX + 1),
          "an empty journal has room for its bounds and no more");
}

static void check_verdicts(world *w)
{
    static const char *const text =
        "canceling wait for synchronous replication due to user request";
    check(w, connection_notice_unreplicated("WARNING", "SyncRepWaitForLSN", "andere Sprache"),
          "a commit without its standby is told by the server's function");
    check(w, connection_notice_unreplicated("WARNING", NULL, text), "or by the text");
    check(w,
          !connection_notice_unreplicated("NOTICE", "SyncRepWaitForLSN", text) &&
              !connection_notice_unreplicated("WARNING", "other", "there is no transaction") &&
              !connection_notice_unreplicated(NULL, NULL, NULL),
          "other notices are not taken for it");
    check(w,
          connection_sqlstate("23505") == STORE_REFUSED &&
              connection_sqlstate("22012") == STORE_REFUSED &&
              connection_sqlstate("40P01") == STORE_REFUSED &&
              connection_sqlstate("57P01") == STORE_UNKNOWN &&
              connection_sqlstate("57014") == STORE_UNKNOWN &&
              connection_sqlstate("53100") == STORE_UNKNOWN,
          "constraints refuse, shutdowns and time-outs leave it unknown");
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "store_check OWNER_URL STORE_URL\n");
        return 2;
    }
    world w;
    world_init(&w, argv[1], argv[2]);
    host_identity host = host_new("check", 3000);
    store_pg *s = store_new(&w, &host, true);
    journal *j = journal_new();
    assert(j != NULL);
    check_holds(&w, s, j);
    check_two_owners(&w, s, j);
    check_fence(&w, s, j);
    check_changes(&w, s, j);
    check_folding(&w, s, j);
    check_payments(&w, s, j);
    check_tickets(&w, s, j);
    check_statuses(&w, s, j);
    check_full_journal(&w, s, j);
    check_verdicts(&w);
    journal_free(j);
    store_pg_close(s);
    return world_done(&w);
}
