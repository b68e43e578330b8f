// Checks of what actors are rebuilt from and of the search for stuck work, against a real
// PostgreSQL: store_load_check OWNER_URL STORE_URL. store.sh makes the database and runs it.
#include "schemas/cavea.pb-c.h"
#include "schemas/digest.h"
#include "tests/support/store_world.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct sale {
    world *w;
    store_pg *s;
    store_port port;
    journal *j;
    event_id event;
    uint32_t partition;
    test_actor actor;
} sale;

static void sale_begin(sale *t, world *w, store_pg *s, journal *j)
{
    *t = (sale){.w = w, .s = s, .port = store_pg_port(s), .j = j, .event = world_event(w, 1000)};
    t->partition = slot_partition(tag_slot(event_tag(&t->event)));
    t->actor = actor_take(s, actor_of_event(&t->event));
    journal_clear(j);
}

static void tick(sale *t)
{
    actor_move(t->j, &t->actor);
    if (actor_commit(t->s, t->j, &t->actor) != STORE_OK)
        check(t->w, false, "a tick is committed: %s", store_pg_error(t->s));
    journal_clear(t->j);
}

static reservation_id hold(sale *t, int32_t first, uint32_t count)
{
    int32_t seats[SEATS_PER_RESERVATION_MAX];
    for (uint32_t i = 0; i < count; i++)
        seats[i] = first + (int32_t)i;
    return journal_reserve(t->j, &t->event, seats, count);
}

static void refusal_fact(sale *t, const reservation_id *reservation, const payment_id *payment)
{
    Cavea__V1__EventFact fact = CAVEA__V1__EVENT_FACT__INIT;
    Cavea__V1__PaymentRefused refused = CAVEA__V1__PAYMENT_REFUSED__INIT;
    uint8_t packed[256];
    uuid r = reservation->u, p = payment->u;
    refused.reservation_id = (ProtobufCBinaryData){sizeof r.bytes, r.bytes};
    refused.payment_id = (ProtobufCBinaryData){sizeof p.bytes, p.bytes};
    fact.body_case = CAVEA__V1__EVENT_FACT__BODY_PAYMENT_REFUSED;
    fact.payment_refused = &refused;
    uint32_t bytes = (uint32_t)cavea__v1__event_fact__pack(&fact, packed);
    journal_fact(t->j, &t->actor, 14, packed, bytes);
}

// A reservation of the first three seats ends, after a checkout and with money that went back.
static void end_paid(sale *t, reservation_id id)
{
    journal *j = t->j;
    j->changes[j->changes_count++] = (reservation_change){.event = t->event,
                                                          .id = id,
                                                          .from_state = 1,
                                                          .to_state = 3,
                                                          .checkout_key = {{1}},
                                                          .checkout_body = {{2}},
                                                          .other_seats = true,
                                                          .outcome = 4,
                                                          .refund_minor = 77};
    for (int32_t i = 0; i < 3; i++)
        j->releases[j->releases_count++] = (claim_row){t->event, i, id};
    tick(t);
}

static void check_event(world *w, store_pg *s, journal *j)
{
    sale t;
    sale_begin(&t, w, s, j);
    event_image image __attribute__((cleanup(event_image_done))) = {0};
    event_id unknown = {uuid_new()};
    check(w,
          t.port.load_event(s, &unknown, NULL, 0, &image) == STORE_OK && image.status == 0 &&
              image.reservations == NULL,
          "an event that does not exist leaves the image empty");
    reservation_id a = hold(&t, 0, 3), b = hold(&t, 10, 10);
    reservation_row row = j->reservations[1];
    payment_id payment = {uuid_new()}, elsewhere = {uuid_new()};
    reservation_id nobodys = {uuid_new()};
    refusal_fact(&t, &a, &payment);
    refusal_fact(&t, &nobodys, &elsewhere);
    journal_fact(j, &t.actor, 10, "something else", 14);
    tick(&t);
    end_paid(&t, a);
    check(w, t.port.load_event(s, &t.event, NULL, 0, &image) == STORE_OK, "an event is loaded");
    check(w,
          image.status == 2 && image.hold_seconds == 600 && strcmp(image.currency, "CHF") == 0 &&
              digest32_equal(&image.plan_hash, &w->plan) && image.packed_plan_bytes == 5 &&
              memcmp(image.packed_plan, "\1\2\3\4\5", 5) == 0 && image.prices_count == 3 &&
              image.price_minor[0] == 5000 && image.price_minor[2] == 2000,
          "with its plan and prices");
    check(w, image.reservations_count == 2, "and its young reservations, also ended ones");
    bool second = uuid_equal(&image.reservations[1].id.u, &b.u);
    const event_image_reservation *r = &image.reservations[!second];
    check(w, r->state == 3 && r->other_seats && r->outcome == 4 && r->refund_minor == 77,
          "with what became of the money");
    r = &image.reservations[second];
    check(w, !r->other_seats && r->outcome == 0 && r->refund_minor == 0, "if there was any");
    check(w,
          uuid_equal(&r->id.u, &b.u) && uuid_equal(&r->buyer.u, &row.buyer.u) && r->state == 1 &&
              r->seats_count == 10 && r->seats[9] == 19 && r->price_minor[9] == 5019 &&
              digest16_equal(&r->key_hash, &row.key_hash) && r->total_minor == row.total_minor &&
              r->created_us == row.created_us && r->expires_us == row.expires_us &&
              uuid_is_zero(&r->payment.u) && digest16_is_zero(&r->checkout_key),
          "a reservation comes back as it was written");
    check(w,
          image.refusals_count == 1 && uuid_equal(&image.refusals[0].payment.u, &payment.u) &&
              uuid_equal(&image.refusals[0].reservation.u, &a.u),
          "refused payments of its reservations are told");
    event_image_done(&image);
    digest32 known[2] = {{{1}}, w->plan};
    check(w,
          t.port.load_event(s, &t.event, known, 2, &image) == STORE_OK &&
              image.packed_plan == NULL && image.reservations_count == 2,
          "a plan that is known is not sent again");
}

static void check_terms(world *w, store_pg *s, journal *j)
{
    sale t;
    sale_begin(&t, w, s, j);
    event_image image __attribute__((cleanup(event_image_done))) = {0};
    sql_run(w,
            "UPDATE event SET refund_before_seconds = '{7200,60}', refund_percent = '{80,1}',"
            " fee_bp = 500, tax_bp = 2100 WHERE id = '%s'",
            uuid_text(&t.event.u));
    check(w, t.port.load_event(s, &t.event, NULL, 0, &image) == STORE_OK, "an event is loaded");
    check(w,
          image.refunds.steps == 2 && image.refunds.before_seconds[0] == 7200 &&
              image.refunds.before_seconds[1] == 60 && image.refunds.percent[0] == 80 &&
              image.refunds.percent[1] == 1 && image.fee_bp == 500 && image.tax_bp == 2100 &&
              image.starts_us ==
                  sql_number(w,
                             "SELECT (extract(epoch FROM starts_at) * 1000000)::int8 FROM event"
                             " WHERE id = '%s'",
                             uuid_text(&t.event.u)),
          "with its refund policy, shares and start");
}

static void check_old_reservations(world *w, store_pg *s, journal *j)
{
    sale t;
    sale_begin(&t, w, s, j);
    event_image image __attribute__((cleanup(event_image_done))) = {0};
    hold(&t, 0, 2), hold(&t, 10, 2), hold(&t, 20, 2);
    // Two of them are two days old; of these one still has its seats.
    for (uint32_t i = 0; i < 2; i++) {
        uint8_t random[6];
        randombytes_buf(random, sizeof random);
        uuid old =
            uuid_tagged(wall_us() / 1000 - 2 * 24 * 3600 * 1000, event_tag(&t.event), random);
        for (uint32_t k = 0; k < j->claims_count; k++)
            if (uuid_equal(&j->claims[k].reservation.u, &j->reservations[i].id.u))
                j->claims[k].reservation.u = old;
        j->reservations[i].id.u = old;
    }
    reservation_id sold = j->reservations[0].id, young = j->reservations[2].id;
    memmove(j->claims + 2, j->claims + 4, 2 * sizeof *j->claims);
    j->claims_count = 4;
    tick(&t);
    check(w,
          t.port.load_event(s, &t.event, NULL, 0, &image) == STORE_OK &&
              image.reservations_count == 2 && uuid_equal(&image.reservations[0].id.u, &sold.u) &&
              uuid_equal(&image.reservations[1].id.u, &young.u),
          "what has seats is loaded whatever its age, the rest while it is young");
}

static void check_facts(world *w, store_pg *s, journal *j)
{
    sale t;
    sale_begin(&t, w, s, j);
    fact_page page __attribute__((cleanup(fact_page_done))) = {0};
    char text[16];
    for (int i = 1; i <= 10; i++) {
        snprintf(text, sizeof text, "fact %d", i);
        journal_fact(j, &t.actor, (uint16_t)(i == 3 ? 16 : 10), text, (uint32_t)strlen(text));
    }
    tick(&t);
    check(w,
          t.port.load_facts(s, &t.actor.ref.id, 2, 5, &page) == STORE_OK && page.facts_count == 5 &&
              page.facts[0].seq == 3 && page.facts[0].kind == 16 && page.facts[4].seq == 7,
          "facts come in pages");
    digest32 hash = digest32_of("fact 7", 6);
    check(w,
          page.facts[4].payload_bytes == 6 &&
              memcmp(page.bytes + page.facts[4].payload_at, "fact 7", 6) == 0 &&
              digest32_equal(&page.facts[4].hash, &hash),
          "with their bytes and hashes");
    fact_page_done(&page);
    check(w,
          t.port.load_facts(s, &t.actor.ref.id, 10, 5, &page) == STORE_OK && page.facts_count == 0,
          "behind the last there are none");
}

static void check_held(world *w, store_pg *s, journal *j)
{
    sale t;
    held_row *rows = NULL;
    uint32_t count = 0, mine = 0;
    bool in_order = true;
    sale_begin(&t, w, s, j);
    reservation_id late = hold(&t, 0, 1), soon = hold(&t, 1, 1), ended = hold(&t, 2, 1);
    int64_t soon_us = j->reservations[1].expires_us -= 300000000;
    tick(&t);
    j->changes[j->changes_count++] =
        (reservation_change){.event = t.event, .id = ended, .from_state = 1, .to_state = 4};
    tick(&t);
    check(w, t.port.load_held(s, t.partition, &rows, &count) == STORE_OK, "held ones are found");
    for (uint32_t i = 0; i < count; i++) {
        in_order = in_order && (i == 0 || rows[i - 1].expires_us <= rows[i].expires_us);
        if (!uuid_equal(&rows[i].event.u, &t.event.u))
            continue;
        mine++;
        in_order = in_order && (mine == 1 ? uuid_equal(&rows[i].reservation.u, &soon.u) &&
                                                rows[i].expires_us == soon_us
                                          : uuid_equal(&rows[i].reservation.u, &late.u));
    }
    check(w, mine == 2 && in_order, "all of the partition's, by deadline, and no ended one");
    free(rows);
    check(w, t.port.load_held(s, (t.partition + 1) % PARTITIONS, &rows, &count) == STORE_OK,
          "another partition is asked");
    for (uint32_t i = 0; i < count; i++)
        mine += uuid_equal(&rows[i].event.u, &t.event.u);
    check(w, mine == 2, "and has none of them");
    free(rows);
}

static payment_id payment_add(sale *t, reservation_id reservation, int16_t state, int64_t captured)
{
    uint8_t random[6];
    randombytes_buf(random, sizeof random);
    payment_id id = {uuid_tagged(wall_us() / 1000, event_tag(&t->event), random)};
    t->j->payments[t->j->payments_count++] = (payment_row){.event = t->event,
                                                           .id = id,
                                                           .reservation = reservation,
                                                           .buyer = {uuid_new()},
                                                           .state = state,
                                                           .amount_minor = 10000,
                                                           .captured_minor = captured,
                                                           .currency = "CHF",
                                                           .intent_id = "pi_9",
                                                           .created_us = wall_us(),
                                                           .changed_us = wall_us(),
                                                           .is_new = true};
    return id;
}

static stuck_row *stuck_of(stuck_row *rows, uint32_t count, const uuid *reservation)
{
    for (uint32_t i = 0; i < count; i++)
        if (uuid_equal(&rows[i].reservation.u, reservation))
            return &rows[i];
    return NULL;
}

static bool stuck_is(stuck_row *rows, uint32_t count, reservation_id id, enum stuck_kind kind)
{
    const stuck_row *row = stuck_of(rows, count, &id.u);
    return row != NULL && row->kind == kind;
}

// Reservations in every state of being stuck, and some that are not.
typedef struct stuck_case {
    reservation_id overdue, unstarted, unticketed, ticketed, fine, fresh;
    reservation_id open, undecided, due, refund_failed, settled, unasked, asked;
    reservation_id unrevoked, revoked;
    payment_id checkout;
} stuck_case;

static void confirm(sale *t, reservation_id id, payment_id payment)
{
    t->j->changes[t->j->changes_count++] = (reservation_change){.event = t->event,
                                                                .id = id,
                                                                .from_state = 1,
                                                                .to_state = 2,
                                                                .expires_us = wall_us() + 600000000,
                                                                .payment = payment};
}

static void give_back(sale *t, reservation_id id, payment_id payment)
{
    t->j->changes[t->j->changes_count++] = (reservation_change){.event = t->event,
                                                                .id = id,
                                                                .from_state = 1,
                                                                .to_state = 5,
                                                                .expires_us = wall_us() + 600000000,
                                                                .payment = payment,
                                                                .refund_minor = 4321};
}

static void ticket_add(sale *t, reservation_id id, int32_t seat, int16_t state)
{
    t->j->tickets[t->j->tickets_count++] = (ticket_row){.event = t->event,
                                                        .id = ticket_id_of(&id, (uint32_t)seat),
                                                        .reservation = id,
                                                        .seat = seat,
                                                        .state = state,
                                                        .key_id = "k",
                                                        .issued_us = wall_us()};
}

static void given_back_make(sale *t, stuck_case *c)
{
    c->unasked = hold(t, 20, 1);
    c->asked = hold(t, 21, 1);
    c->unrevoked = hold(t, 22, 1);
    c->revoked = hold(t, 23, 1);
    give_back(t, c->unasked, payment_add(t, c->unasked, 7, 10000));
    give_back(t, c->asked, payment_add(t, c->asked, 7, 10000));
    t->j->payments[t->j->payments_count - 1].kept_minor = 10000;
    give_back(t, c->unrevoked, payment_add(t, c->unrevoked, 10, 10000));
    give_back(t, c->revoked, payment_add(t, c->revoked, 10, 10000));
    ticket_add(t, c->unrevoked, 22, 1);
    ticket_add(t, c->revoked, 23, 2);
}

static void stuck_make(sale *t, stuck_case *c)
{
    c->overdue = hold(t, 0, 1);
    t->j->reservations[0].expires_us = wall_us() - 60000000;
    c->unstarted = hold(t, 1, 2);
    c->unticketed = hold(t, 3, 1);
    c->ticketed = hold(t, 4, 1);
    c->fine = hold(t, 5, 1);
    reservation_id paying[5];
    for (int32_t i = 0; i < 5; i++)
        paying[i] = (reservation_id){uuid_new()};
    c->open = paying[0], c->undecided = paying[1], c->due = paying[2];
    c->refund_failed = paying[3], c->settled = paying[4];
    payment_add(t, c->open, 4, 0);
    payment_add(t, c->undecided, 6, 9999);
    payment_add(t, c->due, 8, 10000);
    payment_add(t, c->refund_failed, 11, 10000);
    payment_add(t, c->settled, 10, 10000);
    payment_id paid = payment_add(t, c->unticketed, 7, 10000);
    payment_id also_paid = payment_add(t, c->ticketed, 7, 10000);
    c->checkout = paid;
    c->checkout.u.bytes[15] ^= 1;
    given_back_make(t, c);
    confirm(t, c->unticketed, paid);
    confirm(t, c->ticketed, also_paid);
    t->j->changes[t->j->changes_count++] = (reservation_change){.event = t->event,
                                                                .id = c->unstarted,
                                                                .from_state = 1,
                                                                .to_state = 1,
                                                                .expires_us = wall_us() + 600000000,
                                                                .payment = c->checkout};
    ticket_add(t, c->ticketed, 4, 1);
    tick(t);
}

// What is told of each, so that it can be sent again.
static void check_stuck_told(world *w, stuck_row *rows, uint32_t count, const stuck_case *c)
{
    const stuck_row *r = stuck_of(rows, count, &c->unasked.u);
    check(w,
          r != NULL && r->kind == STUCK_REFUND_UNASKED && r->payment_state == 7 &&
              r->amount_minor == 4321 && !uuid_is_zero(&r->payment.u),
          "seats that were given back, and their payment does not know");
    r = stuck_of(rows, count, &c->unrevoked.u);
    check(w,
          r != NULL && r->kind == STUCK_REFUND_UNREVOKED && r->seats_count == 1 &&
              r->seats[0] == 22,
          "seats that were given back, and their tickets still let in");
    r = stuck_of(rows, count, &c->unstarted.u);
    check(w,
          r != NULL && r->seats_count == 2 && r->seats[1] == 2 && r->amount_minor == 10003 &&
              strcmp(r->currency, "CHF") == 0 && uuid_equal(&r->payment.u, &c->checkout.u) &&
              r->payment_state == 0 && !uuid_is_zero(&r->buyer.u),
          "a checkout is told with all that starts it");
    r = stuck_of(rows, count, &c->undecided.u);
    check(w,
          r != NULL && r->amount_minor == 9999 && r->payment_state == 6 && r->changed_us > 0 &&
              strcmp(r->intent_id, "pi_9") == 0,
          "a payment with what was captured");
}

static void check_stuck(world *w, store_pg *s, journal *j)
{
    enum { MAX = 512 };
    static stuck_row rows[MAX];
    sale t;
    stuck_case c;
    uint32_t count = 0;
    sale_begin(&t, w, s, j);
    stuck_make(&t, &c);
    check(w, t.port.load_stuck(s, t.partition, 3600000, rows, MAX, &count) == STORE_OK,
          "stuck work is looked for");
    uint32_t mine = 0;
    for (uint32_t i = 0; i < count; i++)
        mine += uuid_equal(&rows[i].event.u, &t.event.u);
    check(w, mine == 0, "nothing is stuck for an hour yet");
    bool aged = sql_until(w, 1,
                          "SELECT (max(changed_at) < clock_timestamp() - interval '40 ms')::int"
                          " FROM payment WHERE event_id = '%s'",
                          uuid_text(&t.event.u));
    check(w, aged && t.port.load_stuck(s, t.partition, 20, rows, MAX, &count) == STORE_OK,
          "but for 20 ms");
    check(w,
          stuck_is(rows, count, c.overdue, STUCK_HELD_OVERDUE) &&
              stuck_is(rows, count, c.unstarted, STUCK_CHECKOUT_UNSTARTED) &&
              stuck_is(rows, count, c.unticketed, STUCK_CONFIRMED_UNTICKETED),
          "reservations overdue, with an unstarted checkout, without tickets");
    check(w,
          stuck_is(rows, count, c.open, STUCK_PAYMENT_OPEN) &&
              stuck_is(rows, count, c.undecided, STUCK_PAYMENT_UNDECIDED) &&
              stuck_is(rows, count, c.due, STUCK_REFUND_UNSENT) &&
              stuck_is(rows, count, c.refund_failed, STUCK_REFUND_UNSENT),
          "payments open, undecided, to be refunded");
    check(w,
          stuck_of(rows, count, &c.ticketed.u) == NULL &&
              stuck_of(rows, count, &c.fine.u) == NULL &&
              stuck_of(rows, count, &c.settled.u) == NULL &&
              stuck_of(rows, count, &c.asked.u) == NULL &&
              stuck_of(rows, count, &c.revoked.u) == NULL,
          "and nothing that is well");
    check_stuck_told(w, rows, count, &c);
}

static void check_stuck_pages(world *w, store_pg *s, journal *j)
{
    enum { MANY = 25, EACH = 4 };
    stuck_row rows[EACH];
    bool seen[MANY] = {false};
    reservation_id all[MANY];
    sale t;
    uint32_t count = 0, found = 0;
    sale_begin(&t, w, s, j);
    for (int32_t i = 0; i < MANY; i++) {
        all[i] = hold(&t, i, 1);
        j->reservations[i].expires_us = wall_us() - 60000000;
    }
    tick(&t);
    for (uint32_t looks = 0; looks < 200 && found < MANY; looks++) {
        if (t.port.load_stuck(s, t.partition, 20, rows, EACH, &count) != STORE_OK)
            break;
        for (uint32_t i = 0; i < MANY; i++)
            if (!seen[i] && stuck_of(rows, count, &all[i].u) != NULL)
                seen[i] = true, found++;
    }
    check(w, found == MANY, "what does not fit into one look is found by the next");
    sql_run(w, "UPDATE actor_lease SET active_at = now() - interval '2 days' WHERE actor = '%s'",
            uuid_text(&t.event.u));
    held_row *held = NULL;
    bool is_there = false;
    check(w, t.port.load_held(s, t.partition, &held, &count) == STORE_OK, "held ones are found");
    for (uint32_t i = 0; i < count; i++)
        is_there = is_there || uuid_equal(&held[i].event.u, &t.event.u);
    check(w, !is_there, "events that were quiet for a day are not looked through");
    free(held);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "store_load_check OWNER_URL STORE_URL\n");
        return 2;
    }
    world w;
    world_init(&w, argv[1], argv[2]);
    host_identity host = host_new("load", 3000);
    store_pg *s = store_new(&w, &host, true);
    journal *j = journal_new();
    assert(j != NULL);
    check_event(&w, s, j);
    check_terms(&w, s, j);
    check_old_reservations(&w, s, j);
    check_facts(&w, s, j);
    check_held(&w, s, j);
    check_stuck(&w, s, j);
    check_stuck_pages(&w, s, j);
    journal_free(j);
    store_pg_close(s);
    return world_done(&w);
}
