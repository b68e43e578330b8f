// Random commands to the event core and to the plain model of it: they must agree on everything,
// the facts must rebuild the same house, and so must the rows.
#include "tests/unit/actors/event_model_money.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

enum {
    SEATS = 70,
    SECTIONS = 3,
    CATEGORIES = 2,
    BUYERS = 5,
    KEYS = 12,
    SEEDS = 16,
    COMMANDS = 4000,
    COMPARE_EVERY = 200,
    NEAR_MAX = 1024, // as far as alternatives are looked for
};

#define START_US (INT64_C(1800000000) * 1000000)

typedef struct world {
    uint64_t random;
    int64_t now_us;
    event_state *state;
    model model;
    event_fact *facts;
    uint32_t facts_count, facts_max;
    uint32_t ids, refusals[ERROR_CODES_END], outcomes[PAYMENT_OUTCOMES_END];
    uint16_t section[SEATS];
    uint8_t category[SEATS], flags[SEATS];
    uint32_t right[SEATS];
} world;

static uint32_t below(world *w, uint32_t end)
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (uint32_t)((w->random * 0x2545f4914f6cdd1du >> 33) % end);
}

static uuid id_new(world *w)
{
    uint8_t random[6] = {1,
                         2,
                         (uint8_t)(w->ids >> 24),
                         (uint8_t)(w->ids >> 16),
                         (uint8_t)(w->ids >> 8),
                         (uint8_t)w->ids};
    w->ids++;
    return uuid_tagged(w->now_us / 1000, 0x12345678, random);
}

static buyer_id buyer_of(uint32_t n)
{
    return (buyer_id){{{0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, [15] = (uint8_t)n}}};
}

// All buyers draw from the same hashes, so that a key alone does not tell whose it is.
static digest16 hash_of(uint32_t kind, uint32_t n)
{
    return (digest16){{(uint8_t)kind, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n * 37), 5, 6, 7}};
}

static event_state *house_new(const world *w)
{
    event_config config = {
        .status = EVENT_SCHEDULED,
        .sale_starts_us = START_US + 50 * INT64_C(1000000),
        // Near enough to get through the whole policy.
        .starts_us = START_US + 100000 * INT64_C(1000000),
        .hold_us = 600 * INT64_C(1000000),
        .payment_extension_us = 300 * INT64_C(1000000),
        .refunds = {2, {86400, 7200}, {100, 50}},
        .currency = "EUR",
        .price_minor = {2501, 4000},
    };
    event_seats seats = {SEATS, w->section, w->category, w->flags, w->right};
    event_state *s = event_state_new(&config, &seats);
    assert_non_null(s);
    return s;
}

static void world_open(world *w, uint64_t seed)
{
    *w = (world){.random = seed * 0x9e3779b97f4a7c15u + 1, .now_us = START_US};
    for (uint32_t seat = 0; seat < SEATS; seat++) {
        w->section[seat] = (uint16_t)(seat * SECTIONS / SEATS);
        w->category[seat] = (uint8_t)(seat % 7 < 3);
        w->flags[seat] = seat % 23 == 5 ? SEAT_FLAG_BLOCKED : 0;
        if (seat % 31 == 17)
            w->flags[seat] = SEAT_FLAG_ACCESSIBLE;
    }
    // Rows of seven, with an aisle, and some that are numbered from the right.
    for (uint32_t seat = 0; seat < SEATS; seat++) {
        bool turned = seat / 7 % 2 == 1;
        uint32_t place = turned ? 6 - seat % 7 : seat % 7, beside = turned ? seat - 1 : seat + 1;
        bool end = place == 6 || place == 3 || w->section[beside] != w->section[seat];
        w->right[seat] = end ? UINT32_MAX : beside;
    }
    w->state = house_new(w);
    w->model.config = *event_config_of(w->state);
    w->model.seats = (event_seats){SEATS, w->section, w->category, w->flags, w->right};
}

static void world_close(world *w)
{
    event_state_free(w->state);
    model_done(&w->model);
    free(w->facts);
}

// A reservation that can still be asked about, mostly a young one; NULL when there is none.
static const model_reservation *some_reservation(world *w)
{
    for (int tries = 0; tries < 20 && w->model.count > 0; tries++) {
        uint32_t n = w->model.count < 40 || below(w, 8) == 0 ? below(w, w->model.count)
                                                             : w->model.count - 1 - below(w, 40);
        if (!model_old(&w->model.list[n], w->now_us))
            return &w->model.list[n];
    }
    return NULL;
}

static void reserve_make(world *w, event_command *c)
{
    const model_reservation *old = below(w, 20) == 0 ? some_reservation(w) : NULL;
    c->type = EVENT_COMMAND_RESERVE;
    c->seen = below(w, 15) == 0;
    c->key_hash = hash_of(1, below(w, 3) ? w->ids : below(w, KEYS));
    c->seats_count = below(w, 12) ? 1 + below(w, 3) : below(w, SEATS_PER_RESERVATION_MAX + 1);
    for (uint32_t i = 0; i < c->seats_count; i++)
        c->seats[i] = i > 0 && below(w, 30) ? (c->seats[i - 1] + 1) % SEATS
                                            : below(w, SEATS + (below(w, 40) == 0));
    c->body_hash = hash_of(2, c->seats_count == 0 ? 0 : c->seats[0] * 16 + c->seats_count);
    if (old == NULL)
        return;
    c->reservation = old->r.id;
    c->buyer = old->r.buyer;
    c->key_hash = old->keys.key_hash;
    c->seats_count = old->r.seats_count;
    memcpy(c->seats, old->r.seats, sizeof c->seats);
    if (below(w, 5))
        c->body_hash = old->keys.body_hash;
}

static void payment_make(world *w, const model_reservation *r, event_command *c)
{
    c->payment = (payment_id){id_new(w)};
    if (r != NULL && !uuid_is_zero(&r->r.payment.u) && below(w, 6))
        c->payment = r->r.payment;
    c->amount_minor = r == NULL ? 2500 : r->r.total_minor - (below(w, 8) == 0);
    memcpy(c->currency, below(w, 20) ? "EUR" : "USD", 4);
    c->key_hash = hash_of(3, below(w, 2) ? w->ids : below(w, KEYS));
    c->body_hash = hash_of(4, below(w, 15));
    if (r != NULL && r->has_checkout && below(w, 3) == 0) {
        c->key_hash = r->keys.checkout_key;
        c->body_hash = r->keys.checkout_body;
    }
}

static event_command command_make(world *w)
{
    static const event_command_type types[] = {
        EVENT_COMMAND_RESERVE,          EVENT_COMMAND_RESERVE,          EVENT_COMMAND_RESERVE,
        EVENT_COMMAND_RESERVE,          EVENT_COMMAND_CANCEL,           EVENT_COMMAND_EXPIRE,
        EVENT_COMMAND_CHECKOUT,         EVENT_COMMAND_CHECKOUT,         EVENT_COMMAND_CHECKOUT,
        EVENT_COMMAND_PAYMENT_CAPTURED, EVENT_COMMAND_PAYMENT_CAPTURED, EVENT_COMMAND_RELEASE,
        EVENT_COMMAND_PAYMENT_CAPTURED, EVENT_COMMAND_CANCEL_CONFIRMED, EVENT_COMMAND_REFUND_ALL};
    const model_reservation *r = some_reservation(w);
    event_command c = {
        .type = types[below(w, sizeof types / sizeof *types)],
        .now_us = w->now_us,
        .reservation = {id_new(w)},
        .buyer = buyer_of(below(w, BUYERS)),
    };
    if (c.type == EVENT_COMMAND_RESERVE) {
        reserve_make(w, &c);
        return c;
    }
    if (below(w, 30) == 0)
        r = NULL; // a payment belongs to one reservation: both are unknown, or none is
    if (r != NULL) {
        c.reservation = r->r.id;
        c.buyer = below(w, 12) ? r->r.buyer : c.buyer;
    }
    payment_make(w, r, &c);
    c.other_seats = below(w, 2);
    c.seen = c.type == EVENT_COMMAND_CHECKOUT && below(w, 15) == 0;
    c.limit = 1 + below(w, 30);
    if (c.type == EVENT_COMMAND_CANCEL_CONFIRMED)
        c.amount_minor = r == NULL || below(w, 8) == 0
                             ? (int64_t)below(w, 3000)
                             : model_refund_now(&w->model, &r->r, w->now_us);
    if (below(w, 150) == 0)
        c.type = EVENT_COMMAND_STATUS_SET;
    c.status = below(w, 3) ? EVENT_ON_SALE : (event_status)(1 + below(w, EVENT_CLOSED));
    if (below(w, 60) == 0)
        c.status = EVENT_CANCELLED;
    return c;
}

static void clock_move(world *w)
{
    if (below(w, 400) == 0)
        w->now_us += (int64_t)below(w, 100000) * 1000000;
    else
        w->now_us += (int64_t)below(w, 20000000);
}

static bool listed(const uint32_t *list, uint32_t count, uint32_t seat)
{
    for (uint32_t i = 0; i < count; i++)
        if (list[i] == seat)
            return true;
    return false;
}

// Whether the seat would do instead of one of the lost ones.
static bool would_do(const world *w, const event_command *c, const event_effects *e, uint32_t seat)
{
    if (event_seat_state(w->state, seat) != SEAT_AVAILABLE ||
        listed(c->seats, c->seats_count, seat))
        return false;
    for (uint32_t i = 0; i < e->conflicts_count; i++) {
        uint32_t lost = e->conflicts[i];
        if (w->section[lost] == w->section[seat] && w->category[lost] == w->category[seat] &&
            (seat > lost ? seat - lost : lost - seat) <= NEAR_MAX)
            return true;
    }
    return false;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

static void alternatives_check(const world *w, const event_command *c, const event_effects *e)
{
    uint32_t possible = 0;
    for (uint32_t i = 0; i < e->alternatives_count; i++) {
        assert_true(would_do(w, c, e, e->alternatives[i]));
        assert_false(listed(e->alternatives, i, e->alternatives[i]));
        if (e->conflicts_count == 1 && i > 0)
            assert_true(distance(e->conflicts[0], e->alternatives[i - 1]) <=
                        distance(e->conflicts[0], e->alternatives[i]));
    }
    for (uint32_t seat = 0; seat < SEATS && e->conflicts_count > 0; seat++)
        possible += would_do(w, c, e, seat);
    if (possible > ALTERNATIVES_MAX)
        possible = ALTERNATIVES_MAX;
    assert_int_equal(e->alternatives_count, possible);
}

static void facts_check(const event_command *c, const event_effects *e, const model_answer *a)
{
    uint32_t ended = 0, others = 0;
    for (uint32_t i = 0; i < e->facts_count; i++) {
        const event_fact *f = &e->facts[i];
        assert_int_equal(f->at_us, c->now_us);
        if (f->type != EVENT_FACT_ENDED) {
            others++;
            assert_int_equal(f->type, a->decision);
            assert_int_equal(f->outcome, a->outcome);
            if (f->type == EVENT_FACT_CHECKOUT_STARTED) {
                assert_memory_equal(&f->payment, &a->payment, sizeof f->payment);
                assert_int_equal(f->other_seats, c->other_seats);
            }
            continue;
        }
        bool expected = false;
        for (uint32_t k = 0; k < a->ended_count; k++)
            expected = expected || uuid_equal(&a->ended[k].u, &f->reservation.u);
        assert_true(expected);
        assert_int_equal(f->state, a->ended_as);
        ended++;
    }
    assert_int_equal(ended, a->ended_count);
    assert_int_equal(others, a->decision != 0);
}

static void answer_check(const world *w, const event_command *c, const event_effects *e,
                         const model_answer *a)
{
    assert_int_equal(e->refusal, a->refusal);
    assert_int_equal(e->replayed, a->replayed);
    assert_int_equal(e->payment_asked, a->payment_asked);
    assert_int_equal(e->payment_decided, a->payment_decided);
    assert_int_equal(e->payment_confirmed, a->payment_confirmed);
    assert_int_equal(e->more, a->more);
    assert_memory_equal(&e->reservation, &a->reservation, sizeof a->reservation);
    assert_int_equal(e->conflicts_count, a->conflicts_count);
    assert_memory_equal(e->conflicts, a->conflicts, a->conflicts_count * sizeof *a->conflicts);
    facts_check(c, e, a);
    alternatives_check(w, c, e);
}

static void fact_keep(world *w, const event_fact *f)
{
    if (w->facts_count == w->facts_max) {
        w->facts_max = 2 * w->facts_max + 64;
        w->facts = realloc(w->facts, w->facts_max * sizeof *w->facts);
        assert_non_null(w->facts);
    }
    w->facts[w->facts_count++] = *f;
}

static void command_run(world *w)
{
    event_effects e;
    model_answer a;
    clock_move(w);
    event_command c = command_make(w);
    assert_true(event_make_room(w->state, 1, w->now_us));
    event_decide(w->state, &c, &e);
    model_decide(&w->model, &c, &a);
    answer_check(w, &c, &e, &a);
    for (uint32_t i = 0; i < e.facts_count; i++) {
        event_apply(w->state, &e.facts[i]);
        fact_keep(w, &e.facts[i]);
    }
    model_apply(&w->model, &c, &a);
    w->refusals[a.refusal]++;
    w->outcomes[a.outcome]++;
}

static void reservation_check(const world *w, const event_reservation *found,
                              const event_reservation *wanted)
{
    assert_memory_equal(&found->id, &wanted->id, sizeof wanted->id);
    assert_memory_equal(&found->buyer, &wanted->buyer, sizeof wanted->buyer);
    assert_memory_equal(&found->payment, &wanted->payment, sizeof wanted->payment);
    assert_int_equal(found->expires_us, wanted->expires_us);
    assert_int_equal(found->total_minor, wanted->total_minor);
    assert_int_equal(found->refund_minor, wanted->refund_minor);
    assert_int_equal(found->state, wanted->state);
    assert_int_equal(found->outcome, wanted->outcome);
    assert_int_equal(found->other_seats, wanted->other_seats);
    assert_int_equal(found->seats_count, wanted->seats_count);
    assert_memory_equal(found->seats, wanted->seats, wanted->seats_count * sizeof *wanted->seats);
    assert_memory_equal(found->price_minor, wanted->price_minor,
                        wanted->seats_count * sizeof *wanted->price_minor);
    assert_int_equal(event_refund_now(w->state, found, w->now_us),
                     model_refund_now(&w->model, wanted, w->now_us));
}

// Every seat has the owner that the model knows, and every reservation reads as it should.
static void house_check(const world *w)
{
    int32_t claimed = 0;
    for (uint32_t seat = 0; seat < SEATS; seat++) {
        const model_reservation *owner = model_owner(&w->model, seat);
        seat_state wanted = owner == NULL ? SEAT_AVAILABLE : SEAT_HELD;
        if (owner != NULL && owner->r.state == RESERVATION_CONFIRMED)
            wanted = SEAT_SOLD;
        if (owner == NULL && model_blocked(&w->model, seat))
            wanted = SEAT_BLOCKED;
        assert_int_equal(event_seat_state(w->state, seat), wanted);
        claimed += owner != NULL;
    }
    assert_int_equal(event_claimed(w->state), claimed);
    assert_int_equal(event_confirmed(w->state), model_confirmed(&w->model));
    for (uint32_t i = 0; i < w->model.count; i++) {
        event_reservation found;
        memset(&found, 0, sizeof found);
        if (event_find(w->state, &w->model.list[i].r.id, &found))
            reservation_check(w, &found, &w->model.list[i].r);
        else
            assert_true(model_old(&w->model.list[i], w->now_us));
    }
}

static void replay_check(const world *w)
{
    event_state *s = house_new(w);
    for (uint32_t i = 0; i < w->facts_count; i++) {
        assert_true(event_make_room(s, 1, w->facts[i].at_us));
        event_apply(s, &w->facts[i]);
    }
    digest32 live = event_digest(w->state), replayed = event_digest(s);
    assert_memory_equal(&live, &replayed, sizeof live);
    event_state_free(s);
}

// From rows, in another order than they were made.
static void restore_check(world *w)
{
    event_config config = w->model.config;
    event_state *s = event_state_new(&config, &w->model.seats);
    uint32_t start = w->model.count == 0 ? 0 : below(w, w->model.count);
    assert_non_null(s);
    for (uint32_t i = 0; i < w->model.count; i++) {
        const model_reservation *m = &w->model.list[(start + i * 7919) % w->model.count];
        if (w->model.count % 7919 == 0 || model_old(m, w->now_us))
            continue;
        assert_true(event_make_room(s, 1, w->now_us));
        assert_true(event_restore(s, &m->r, &m->keys));
        assert_false(event_restore(s, &m->r, &m->keys));
    }
    digest32 live = event_digest(w->state), restored = event_digest(s);
    assert_memory_equal(&live, &restored, sizeof live);
    event_state_free(w->state); // and goes on from there
    w->state = s;
    for (uint32_t i = 0; i < w->model.refused_count; i++) {
        assert_true(event_make_room(s, 1, w->now_us));
        event_restore_refusal(s, &w->model.refused[i]);
    }
}

static void test_event__given_random_commands_then_agrees_with_the_model(void **state)
{
    (void)state;
    static const error_code met[] = {ERROR_NONE,
                                     ERROR_MALFORMED,
                                     ERROR_NOT_FOUND,
                                     ERROR_SEATS_UNAVAILABLE,
                                     ERROR_EVENT_NOT_ON_SALE,
                                     ERROR_RESERVATION_EXPIRED,
                                     ERROR_SEAT_UNKNOWN,
                                     ERROR_IDEMPOTENCY_KEY_REUSED,
                                     ERROR_SEAT_REPEATED,
                                     ERROR_RESERVATION_CONFIRMED,
                                     ERROR_STATUS_UNREACHABLE,
                                     ERROR_REFUND_CHANGED,
                                     ERROR_EVENT_CANCELLED,
                                     ERROR_EVENT_NOT_CANCELLED};
    uint32_t refusals[ERROR_CODES_END] = {0}, outcomes[PAYMENT_OUTCOMES_END] = {0};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        world w;
        world_open(&w, seed);
        for (uint32_t i = 1; i <= COMMANDS; i++) {
            command_run(&w);
            if (i % 10 == 0)
                house_check(&w);
            if (i % COMPARE_EVERY == 0) {
                replay_check(&w);
                restore_check(&w);
            }
        }
        for (int i = 0; i < ERROR_CODES_END; i++)
            refusals[i] += w.refusals[i];
        for (int i = 0; i < PAYMENT_OUTCOMES_END; i++)
            outcomes[i] += w.outcomes[i];
        world_close(&w);
    }
    for (size_t i = 0; i < sizeof met / sizeof *met; i++) // the generator gets everywhere
        assert_true(refusals[met[i]] > 0);
    for (int i = PAYMENT_AS_HELD; i <= PAYMENT_OTHER_SEATS; i++)
        assert_true(outcomes[i] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event__given_random_commands_then_agrees_with_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
