// Checks of the books against a real PostgreSQL: store_posting_check OWNER_URL STORE_URL. Postings
// are written with their facts or not at all, nobody changes them, and the money of an event as of
// one moment says what they, the payments and the reservations say, or that they do not agree.
#include "actors/payment/posting.h"
#include "store/finance.h"
#include "store/load.h"
#include "store/reconcile.h"
#include "tests/support/store_world.h"

#include <stdio.h>
#include <stdlib.h>

enum { FEE_BP = 250, TAX_BP = 1900, PRICE = 4501 };

typedef struct till { // one event, its payment actor, both held by one host
    world *w;
    store_pg *s;
    journal *j;
    event_id event;
    test_actor seats, money;
} till;

typedef struct paid { // one payment and what the books know of it
    payment_row row;
    posting_basis basis;
    bool has_row;
} paid;

static void till_begin(till *t, world *w, store_pg *s, journal *j)
{
    *t = (till){.w = w, .s = s, .j = j, .event = world_event(w, 1000)};
    t->seats = actor_take(s, actor_of_event(&t->event));
    t->money = actor_take(s, actor_of_tag(ACTOR_PAYMENT, event_tag(&t->event)));
    journal_clear(j);
}

static store_result commit_as(till *t, test_actor *a)
{
    actor_move(t->j, a);
    store_result result = actor_commit(t->s, t->j, a);
    journal_clear(t->j);
    return result;
}

static paid payment_new(const till *t, reservation_id reservation)
{
    uint8_t random[6];
    uuid noise = uuid_new();
    memcpy(random, noise.bytes + 10, sizeof random);
    paid p = {.row = {.event = t->event,
                      .id = {uuid_tagged(wall_us() / 1000, event_tag(&t->event), random)},
                      .reservation = reservation,
                      .buyer = {uuid_new()},
                      .state = PAYMENT_CREATED,
                      .amount_minor = PRICE,
                      .currency = "CHF",
                      .created_us = wall_us(),
                      .changed_us = wall_us()},
              .basis = {.state = PAYMENT_CREATED}};
    snprintf(p.row.intent_id, sizeof p.row.intent_id, "pi_%s", uuid_text(&noise));
    return p;
}

// The next fact of a payment with its row and its double entry, as an actor writes them.
static posting_row *payment_next(till *t, paid *p, payment_state state, int64_t kept)
{
    posting_line lines[POSTING_LINES_MAX];
    posting_basis before = p->basis;
    p->basis = (posting_basis){state, state >= PAYMENT_CAPTURED ? PRICE : 0, kept, FEE_BP, TAX_BP};
    p->row.state = (int16_t)state;
    p->row.captured_minor = p->basis.captured_minor;
    p->row.kept_minor = kept;
    p->row.refund_minor = state >= PAYMENT_REFUND_DUE ? PRICE - kept : 0;
    p->row.refunded_minor = state == PAYMENT_REFUNDED ? PRICE - kept : 0;
    p->row.refund_number = state >= PAYMENT_REFUND_DUE;
    p->row.fee_bp = FEE_BP;
    p->row.tax_bp = TAX_BP;
    p->row.is_new = !p->has_row;
    p->has_row = true;
    t->j->payments[t->j->payments_count++] = p->row;
    journal_fact(t->j, &t->money, (uint16_t)state, "fact", 4);
    const fact_row *why = &t->j->facts[t->j->facts_count - 1];
    uint32_t count = posting_lines(&before, &p->basis, lines);
    if (count == 0)
        return NULL;
    posting_row *row = &t->j->postings[t->j->postings_count++];
    *row = (posting_row){.actor = why->actor,
                         .seq = why->seq,
                         .event = t->event,
                         .payment = p->row.id,
                         .currency = "CHF",
                         .at_us = why->at_us,
                         .lines_count = count};
    for (uint32_t i = 0; i < count; i++) {
        row->accounts[i] = lines[i].account;
        row->amounts_minor[i] = lines[i].amount_minor;
    }
    return row;
}

static store_result pay(till *t, paid *p, payment_state state, int64_t kept)
{
    (void)payment_next(t, p, state, kept);
    return commit_as(t, &t->money);
}

static reservation_id reserve(till *t, int32_t seat)
{
    reservation_id id = journal_reserve(t->j, &t->event, &seat, 1);
    t->j->reservations[t->j->reservations_count - 1].total_minor = PRICE;
    t->j->price_minor[t->j->seats_count - 1] = PRICE;
    (void)check(t->w, commit_as(t, &t->seats) == STORE_OK, "seat %d is held", seat);
    return id;
}

static reservation_change *change(till *t, reservation_id id, int16_t from, int16_t to)
{
    reservation_change *c = &t->j->changes[t->j->changes_count++];
    *c = (reservation_change){.event = t->event,
                              .id = id,
                              .from_state = from,
                              .to_state = to,
                              .expires_us = INT64_C(1900000000000000)};
    return c;
}

static int64_t money(const till *t, const char *column)
{
    return sql_number(t->w, "SELECT %s FROM event_money('%s') WHERE currency = 'CHF'", column,
                      uuid_text(&t->event.u));
}

static int64_t postings(const till *t)
{
    return sql_number(t->w, "SELECT count(*) FROM posting WHERE event_id = '%s'",
                      uuid_text(&t->event.u));
}

static void check_columns(world *w, store_pg *s, journal *j)
{
    till t;
    till_begin(&t, w, s, j);
    reservation_id first = reserve(&t, 1), second = reserve(&t, 2);
    reservation_change *c = change(&t, first, 1, 2);
    j->seats[0] = 7;
    c->seats_at = 0;
    c->seats_count = j->seats_count = 1;
    c->outcome = 3;
    c->other_seats = true;
    c->checkout_key.bytes[0] = c->checkout_body.bytes[0] = 1;
    change(&t, second, 1, 2);
    check(w, commit_as(&t, &t.seats) == STORE_OK, "two reservations change, one its seats");
    check(w,
          sql_number(w,
                     "SELECT count(*) FROM reservation WHERE id = '%s' AND seats = '{7}' AND"
                     " price_minor = '{%d}' AND outcome = 3 AND other_seats",
                     uuid_text(&first.u), PRICE) == 1 &&
              sql_number(w,
                         "SELECT count(*) FROM reservation WHERE id = '%s' AND seats = '{2}' AND"
                         " outcome IS NULL AND refund_minor IS NULL",
                         uuid_text(&second.u)) == 1,
          "its seats, its old price, what it came to; the other stays as it was");
    change(&t, first, 2, 5)->refund_minor = 2250;
    check(w,
          commit_as(&t, &t.seats) == STORE_OK &&
              sql_number(w,
                         "SELECT count(*) FROM reservation WHERE id = '%s' AND seats = '{7}' AND"
                         " outcome = 3 AND refund_minor = 2250",
                         uuid_text(&first.u)) == 1,
          "and what goes back");
}

static void check_refusals(world *w, store_pg *s, journal *j)
{
    till t;
    till_begin(&t, w, s, j);
    paid p = payment_new(&t, reserve(&t, 1));
    check(w, pay(&t, &p, PAYMENT_CREATED, 0) == STORE_OK && postings(&t) == 0,
          "without money there is no posting");
    paid unchanged = p;
    int64_t facts = sql_number(w, "SELECT count(*) FROM fact");
    posting_row *row = payment_next(&t, &p, PAYMENT_CAPTURED, 0);
    row->amounts_minor[0]++;
    check(w, commit_as(&t, &t.money) == STORE_REFUSED && postings(&t) == 0,
          "one minor unit too much: the database refuses the transaction");
    t.money.seq--;
    p = unchanged;
    check(w,
          sql_number(w, "SELECT state FROM payment WHERE id = '%s'", uuid_text(&p.row.id.u)) ==
                  PAYMENT_CREATED &&
              sql_number(w, "SELECT count(*) FROM fact") == facts,
          "and with it the payment and the fact");
    check(w, pay(&t, &p, PAYMENT_CAPTURED, 0) == STORE_OK && postings(&t) == 1,
          "the right sum is written");
    row = payment_next(&t, &p, PAYMENT_CONFIRMED, 0);
    row->seq--;
    check(w, commit_as(&t, &t.money) == STORE_REFUSED, "one fact has one posting");
    t.money.seq--;
}

static bool sql_refused(PGconn *c, const char *sql)
{
    PGresult *result = PQexec(c, sql);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    bool refused = state != NULL && strcmp(state, "42501") == 0;
    PQclear(result);
    return refused;
}

static void check_roles(world *w)
{
    PGconn *c = PQconnectdb(w->store_url);
    check(w, PQstatus(c) == CONNECTION_OK, "the actors' role connects");
    check(w, sql_refused(c, "UPDATE posting SET amounts_minor = '{1,-1}'"),
          "actors cannot change a posting");
    check(w, sql_refused(c, "DELETE FROM posting") && sql_refused(c, "TRUNCATE posting"),
          "nor remove one");
    check(w, sql_refused(c, "UPDATE fact SET payload = ''") && sql_refused(c, "DELETE FROM fact"),
          "nor a fact");
    PQfinish(c);
}

static void check_sale(world *w, store_pg *s, journal *j)
{
    till t;
    till_begin(&t, w, s, j);
    reservation_id sold = reserve(&t, 1);
    paid a = payment_new(&t, sold);
    check(w, pay(&t, &a, PAYMENT_CAPTURED, 0) == STORE_OK, "one payment is captured");
    check(w,
          money(&t, "undecided_minor") == PRICE && money(&t, "sold_minor") == 0 &&
              money(&t, "unbalanced_minor") == 0 &&
              money(&t, "(undecided_since IS NOT NULL)::int") == 1,
          "undecided, with its age");
    change(&t, sold, 1, 2)->payment = a.row.id;
    check(w, commit_as(&t, &t.seats) == STORE_OK && money(&t, "unbalanced_minor") == 0,
          "confirmed by the event, not yet by the payment: balanced");
    check(w, money(&t, "sold_minor") == PRICE && money(&t, "undecided_minor") == 0,
          "and a sale from that moment on");
    check(w, pay(&t, &a, PAYMENT_CONFIRMED, 0) == STORE_OK, "confirmed by the payment, too");
    posting_split s1 = posting_split_of(PRICE, FEE_BP, TAX_BP);
    check(w,
          money(&t, "organizer_minor") == s1.organizer_minor &&
              money(&t, "fees_minor") == s1.fees_minor && money(&t, "tax_minor") == s1.tax_minor,
          "everybody has his share");
    sql_run(w, "UPDATE payment SET captured_minor = captured_minor + 5 WHERE id = '%s'",
            uuid_text(&a.row.id.u));
    check(w, money(&t, "unbalanced_minor") > 0, "five minor units out of nowhere are noticed");
    sql_run(w, "UPDATE payment SET captured_minor = captured_minor - 5 WHERE id = '%s'",
            uuid_text(&a.row.id.u));
    sql_run(w, "UPDATE reservation SET payment_id = '%s' WHERE id = '%s'", uuid_text(&t.event.u),
            uuid_text(&sold.u));
    check(w, money(&t, "unbalanced_minor") > 0, "and seats sold for no payment");
}

static void check_given_back(world *w, store_pg *s, journal *j)
{
    till t;
    till_begin(&t, w, s, j);
    reservation_id back = reserve(&t, 2);
    paid b = payment_new(&t, back);
    check(w, pay(&t, &b, PAYMENT_CAPTURED, 0) == STORE_OK, "a payment is captured");
    change(&t, back, 1, 2)->payment = b.row.id;
    check(w, commit_as(&t, &t.seats) == STORE_OK, "and confirmed");
    check(w, pay(&t, &b, PAYMENT_CONFIRMED, 0) == STORE_OK, "on both sides");
    change(&t, back, 2, 5)->refund_minor = PRICE - 2250;
    check(w,
          commit_as(&t, &t.seats) == STORE_OK && money(&t, "undecided_minor") == PRICE &&
              money(&t, "unbalanced_minor") == 0 &&
              money(&t, "(undecided_since IS NULL)::int") == 1,
          "given back: undecided while its payment does not know");
    check(w,
          pay(&t, &b, PAYMENT_REFUND_DUE, 2250) == STORE_OK &&
              money(&t, "undecided_minor") == PRICE - 2250 &&
              money(&t, "refund_due_minor") == PRICE - 2250 && money(&t, "retained_minor") == 2250,
          "half is kept by policy, half is due");
    memcpy(b.row.refund_id, "re_1", sizeof "re_1");
    check(w,
          pay(&t, &b, PAYMENT_REFUNDING, 2250) == STORE_OK &&
              money(&t, "refunding_minor") == PRICE - 2250 &&
              money(&t, "undecided_minor") == PRICE - 2250 &&
              money(&t, "(undecided_since IS NULL)::int") == 1,
          "the provider's turn: its age is not ours");
    check(w,
          pay(&t, &b, PAYMENT_REFUNDED, 2250) == STORE_OK && money(&t, "undecided_minor") == 0 &&
              money(&t, "refunded_minor") == PRICE - 2250 && money(&t, "unbalanced_minor") == 0,
          "and comes back");
    sql_run(w, "UPDATE reservation SET state = 2 WHERE id = '%s'", uuid_text(&back.u));
    check(w, money(&t, "unbalanced_minor") > 0, "seats sold for money that went back are noticed");
}

static connection *open_connection(const world *w)
{
    char problem[256];
    const connection_options options = {.url = w->url, .application_name = "check"};
    connection *c = connection_open(&options, problem, sizeof problem);
    assert(c != NULL && finance_prepare(c) == STORE_OK);
    return c;
}

static void check_watch(world *w, store_pg *s, journal *j)
{
    enum { EVENTS = 5 };
    event_id made[EVENTS], ids[EVENTS];
    money_row rows[FINANCE_CURRENCIES_MAX];
    uint32_t count = 0, found = 0;
    int64_t since_us = 0;
    connection *c = open_connection(w);
    sql_run(w, "UPDATE posting SET at = at - interval '1 day'");
    for (int i = 0; i < EVENTS; i++) {
        till t;
        till_begin(&t, w, s, j);
        paid p = payment_new(&t, reserve(&t, 1));
        made[i] = t.event;
        check(w, pay(&t, &p, PAYMENT_CAPTURED, 0) == STORE_OK, "money moves in event %d", i);
    }
    for (int looks = 0; looks < 10 && found < EVENTS; looks++) {
        check(w, finance_moved(c, &since_us, ids, 2, &count) == STORE_OK, "a look of two");
        for (uint32_t i = 0; i < count; i++)
            found += found < EVENTS && uuid_equal(&ids[i].u, &made[found].u);
    }
    check(w, found == EVENTS, "the events in which money moved, in order (%u)", found);
    check(w,
          finance_event(c, &made[0], rows, &count) == STORE_OK && count == 1 &&
              rows[0].undecided_minor == PRICE && rows[0].unbalanced_minor == 0 &&
              rows[0].undecided_since_us > wall_us() - 60000000 &&
              strcmp(rows[0].currency, "CHF") == 0,
          "and what is open in them");
    money_place place = {0};
    uint32_t seen = 0, steps = 0;
    do {
        check(w, finance_round(c, &place, ids, 3, &count) == STORE_OK, "a step of the round");
        for (uint32_t i = 0; i < count; i++)
            for (int k = 0; k < EVENTS; k++)
                seen += uuid_equal(&ids[i].u, &made[k].u);
    } while (!uuid_is_zero(&place.after.u) && ++steps < 100);
    check(w, seen == EVENTS, "a round meets each event with payments once (%u)", seen);
    connection_close(c);
}

static void check_captured(world *w, store_pg *s, journal *j)
{
    till t;
    captured_row rows[2];
    store_port port = store_pg_port(s);
    uint32_t count = 0, found = 0;
    int64_t from_us = wall_us() - 1000000;
    till_begin(&t, w, s, j);
    paid made[3];
    for (int i = 0; i < 3; i++) {
        made[i] = payment_new(&t, reserve(&t, i));
        (void)pay(&t, &made[i], i == 2 ? PAYMENT_OPEN : PAYMENT_CAPTURED, 0);
    }
    captured_row *behind = NULL, last;
    do {
        check(w,
              port.load_captured(port.self, from_us, wall_us() + 1000000, behind, rows, 2,
                                 &count) == STORE_OK,
              "a page of captured payments");
        for (uint32_t i = 0; i < count; i++)
            for (int k = 0; k < 3; k++)
                found += uuid_equal(&rows[i].id.u, &made[k].row.id.u) &&
                                 uuid_equal(&rows[i].event.u, &t.event.u) &&
                                 strcmp(rows[i].intent_id, made[k].row.intent_id) == 0
                             ? 1u << (4 * k)
                             : 0;
        if (count > 0)
            last = rows[count - 1];
        behind = &last;
    } while (count == 2);
    check(w, found == 0x11, "each captured one once, the open one not (%x)", found);
    check(w,
          port.load_captured(port.self, from_us - 3600000000, from_us - 1800000000, NULL, rows, 2,
                             &count) == STORE_OK &&
              count == 0,
          "none of another time");
}

static reconcile_line line_of(const paid *p, int64_t captured, int64_t refunded)
{
    static int64_t number;
    reconcile_line l = {.captured_minor = captured,
                        .refunded_minor = refunded,
                        .currency = "CHF",
                        .number = ++number};
    snprintf(l.intent_id, sizeof l.intent_id, "%s", p->row.intent_id);
    return l;
}

static bool report_has(const char *json, const char *words)
{
    return strstr(json, words) != NULL;
}

static void check_reconcile(world *w, store_pg *s, journal *j)
{
    till t;
    char problem[CATALOG_PROBLEM_BYTES], *json = NULL;
    int64_t since_us = wall_us();
    connection *c = open_connection(w);
    till_begin(&t, w, s, j);
    paid made[4];
    for (int i = 0; i < 4; i++) {
        made[i] = payment_new(&t, reserve(&t, i));
        (void)pay(&t, &made[i], PAYMENT_CAPTURED, 0);
    }
    (void)pay(&t, &made[1], PAYMENT_REFUNDED, 0);
    paid stranger = payment_new(&t, made[0].row.reservation);
    reconcile_line lines[] = {
        line_of(&made[0], PRICE, 0),
        line_of(&made[1], PRICE, PRICE),
        line_of(&made[2], PRICE - 1, 0),
        line_of(&stranger, 77, 0),
    };
    check(w,
          reconcile_begin(c, problem) == STORE_OK &&
              reconcile_add(c, lines, 4, problem) == STORE_OK &&
              reconcile_end(c, since_us, 0, &json, problem) == STORE_OK,
          "the provider's lines are compared");
    check(w,
          json != NULL && report_has(json, "\"lines\" : 4") &&
              report_has(json, "\"payments\" : 4") && report_has(json, "\"differences\" : 3") &&
              report_has(json, "missing_there") && report_has(json, "missing_here") &&
              report_has(json, "\"difference\" : \"captured\""),
          "both ways: %s", json);
    free(json);
    json = NULL;
    check(w, reconcile_add(c, lines, 1, problem) == STORE_REFUSED, "an intent in two lines");
    check(w,
          reconcile_begin(c, problem) == STORE_OK &&
              reconcile_add(c, lines, 2, problem) == STORE_OK &&
              reconcile_end(c, since_us, since_us + 1, &json, problem) == STORE_OK &&
              report_has(json, "\"differences\" : 0"),
          "what was made at another time is not missed");
    free(json);
    connection_close(c);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "store_posting_check OWNER_URL STORE_URL\n");
        return 2;
    }
    world w;
    world_init(&w, argv[1], argv[2]);
    host_identity host = host_new("check", 3000);
    store_pg *s = store_new(&w, &host, true);
    journal *j = journal_new();
    assert(j != NULL);
    check_columns(&w, s, j);
    check_refusals(&w, s, j);
    check_roles(&w);
    check_sale(&w, s, j);
    check_given_back(&w, s, j);
    check_watch(&w, s, j);
    check_captured(&w, s, j);
    check_reconcile(&w, s, j);
    journal_free(j);
    store_pg_close(s);
    return world_done(&w);
}
