// The event's adapter on a stage: a loaded event of twelve seats, a fake turn, commands to send and
// questions about what came of them. Include it in one source of a test program.
#ifndef CAVEA_TESTS_UNIT_ACTORS_RUNTIME_KIND_EVENT_STAGE_H
#define CAVEA_TESTS_UNIT_ACTORS_RUNTIME_KIND_EVENT_STAGE_H

#include "actors/event/codec.h"
#include "actors/event/event.h"
#include "actors/runtime/plan_cache.h"
#include "schemas/digest.h"
#include "tests/unit/actors/runtime/fake_turn.h"

#define NOW_US (INT64_C(1800000000) * 1000000)
#define HOLD_US (INT64_C(600) * 1000000)

enum { SEATS = 12 };

typedef struct fixture {
    turn t;
    void *state;
    plan_cache *plans;
    event_id event;
    actor_ref actor;
    uint8_t *packed;
    size_t packed_bytes;
    event_image image; // what the store has
    store_result load_result;
    int64_t extension_us;
    bool other_seats; // what checkouts tick
    uuid ann, bob;
    char reply_to[16], eur[4];
} fixture;

static inline uuid id_of(const fixture *f, uint8_t n)
{
    uint8_t random[6] = {1, 2, 3, 4, 5, n};
    return uuid_tagged(NOW_US / 1000, event_tag(&f->event), random);
}

// Two rows of six in two sections; the first three seats of each are dearer, seat 11 is blocked.
static inline void plan_make(fixture *f)
{
    static const char *const sections[] = {"s1", "s2"}, *const categories[] = {"dear", "cheap"};
    static const char *const rows[] = {"A", "B"};
    static char ids[SEATS][8];
    plan_seat seats[SEATS];
    for (uint32_t i = 0; i < SEATS; i++) {
        snprintf(ids[i], sizeof ids[i], "seat%u", i);
        seats[i] = (plan_seat){.section = i / 6,
                               .row = i / 6,
                               .category = i % 6 / 3,
                               .flags = i == 11 ? SEAT_FLAG_BLOCKED : 0,
                               .x = (int32_t)(i % 6) * 10,
                               .y = (int32_t)(i / 6) * 10,
                               .id = ids[i],
                               .number = ids[i]};
    }
    plan_parts parts = {SEATS, 2, 2, 2, seats, sections, sections, categories, rows};
    assert_true(plan_encode(&parts, &f->packed, &f->packed_bytes));
}

static inline store_result load_event(void *self, const event_id *id, const digest32 *known_plans,
                                      uint32_t known_plans_count, event_image *ret_image)
{
    const fixture *f = self;
    assert_memory_equal(id, &f->event, sizeof *id);
    *ret_image = f->image;
    ret_image->packed_plan = NULL;
    ret_image->reservations = malloc(4 * sizeof *ret_image->reservations);
    ret_image->refusals = malloc(4 * sizeof *ret_image->refusals);
    assert_true(ret_image->reservations != NULL && ret_image->refusals != NULL);
    for (uint32_t i = 0; i < f->image.reservations_count; i++)
        ret_image->reservations[i] = f->image.reservations[i];
    for (uint32_t i = 0; i < f->image.refusals_count; i++)
        ret_image->refusals[i] = f->image.refusals[i];
    for (uint32_t i = 0; i < known_plans_count; i++)
        if (digest32_equal(&known_plans[i], &f->image.plan_hash))
            return f->load_result;
    ret_image->packed_plan = malloc(f->packed_bytes);
    assert_non_null(ret_image->packed_plan);
    memcpy(ret_image->packed_plan, f->packed, f->packed_bytes);
    ret_image->packed_plan_bytes = (uint32_t)f->packed_bytes;
    return f->load_result;
}

static inline void *load(fixture *f, store_result *ret_result)
{
    kind_context context = {.store = {.self = f, .load_event = load_event},
                            .now_us = NOW_US,
                            .plans = f->plans,
                            .payment_extension_us = f->extension_us};
    return kind_event.load(&context, &f->actor, ret_result);
}

// After the image or a setting was changed.
static inline void reload(fixture *f)
{
    store_result result;
    kind_event.free(f->state);
    f->state = load(f, &result);
    assert_int_equal(result, STORE_OK);
    assert_non_null(f->state);
}

static inline int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    store_result result;
    f->event.u = uuid_v7_floor(1700000000000);
    f->actor = actor_of_event(&f->event);
    f->plans = plan_cache_new();
    f->ann.bytes[0] = 1;
    f->bob.bytes[0] = 2;
    snprintf(f->reply_to, sizeof f->reply_to, "edge");
    snprintf(f->eur, sizeof f->eur, "EUR");
    plan_make(f);
    f->image = (event_image){.id = f->event,
                             .status = EVENT_ON_SALE,
                             .starts_us = NOW_US + 30 * INT64_C(86400000000),
                             .refunds = {2, {86400, 7200}, {100, 50}},
                             .fee_bp = 500,
                             .tax_bp = 2100,
                             .hold_seconds = 600,
                             .currency = "EUR",
                             .plan_hash = digest32_of(f->packed, f->packed_bytes),
                             .price_minor = {4000, 2500},
                             .prices_count = 2};
    f->state = load(f, &result);
    assert_int_equal(result, STORE_OK);
    assert_non_null(f->state);
    fake_turn_open(&f->t, NOW_US);
    f->t.reply_to = f->reply_to;
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    fixture *f = *state;
    kind_event.free(f->state);
    fake_turn_close(&f->t);
    plan_cache_free(f->plans);
    free(f->packed);
    free(f);
    return 0;
}

static inline void said(fixture *f, const char *wanted)
{
    fake_turn_said(&f->t, wanted);
}

static inline void handle(fixture *f, Cavea__V1__Command *c, int body_case)
{
    c->body_case = (Cavea__V1__Command__BodyCase)body_case;
    kind_event.handle(f->state, c, &f->t);
}

// A key for an id: ids of one moment begin alike, hashes do not.
static inline uuid key_of(const uuid *id)
{
    uuid key;
    for (size_t i = 0; i < sizeof key.bytes; i++)
        key.bytes[i] = id->bytes[sizeof key.bytes - 1 - i];
    return key;
}

static inline void reserve(fixture *f, const uuid *id, const uuid *buyer, uint32_t first,
                           uint32_t count)
{
    uint32_t seats[SEATS_PER_RESERVATION_MAX + 1];
    for (uint32_t i = 0; i < count; i++)
        seats[i] = first + i;
    Cavea__V1__Reserve m = CAVEA__V1__RESERVE__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    uuid key = key_of(id);
    c.id = m.body_hash = fake_binary(id);
    m.key_hash = fake_binary(&key);
    m.buyer_id = fake_binary(buyer);
    m.n_seats = count;
    m.seats = seats;
    c.reserve = &m;
    handle(f, &c, CAVEA__V1__COMMAND__BODY_RESERVE);
}

static inline void cancel(fixture *f, const uuid *id, const uuid *buyer)
{
    Cavea__V1__Cancel m = CAVEA__V1__CANCEL__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    m.reservation_id = fake_binary(id);
    m.buyer_id = fake_binary(buyer);
    c.cancel = &m;
    handle(f, &c, CAVEA__V1__COMMAND__BODY_CANCEL);
}

static inline void expire(fixture *f, const uuid *id)
{
    Cavea__V1__Expire m = CAVEA__V1__EXPIRE__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    m.reservation_id = fake_binary(id);
    c.expire = &m;
    handle(f, &c, CAVEA__V1__COMMAND__BODY_EXPIRE);
}

static inline void checkout(fixture *f, const uuid *id, const uuid *buyer, const uuid *payment)
{
    Cavea__V1__Checkout m = CAVEA__V1__CHECKOUT__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    m.reservation_id = m.body_hash = fake_binary(id);
    m.buyer_id = fake_binary(buyer);
    uuid key = key_of(payment);
    m.payment_id = fake_binary(payment);
    m.key_hash = fake_binary(&key);
    m.other_seats = f->other_seats;
    c.id = fake_binary(buyer);
    c.checkout = &m;
    handle(f, &c, CAVEA__V1__COMMAND__BODY_CHECKOUT);
}

static inline void captured(fixture *f, const uuid *id, const uuid *payment, int64_t amount_minor)
{
    Cavea__V1__PaymentCaptured m = CAVEA__V1__PAYMENT_CAPTURED__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    m.reservation_id = fake_binary(id);
    m.payment_id = fake_binary(payment);
    m.amount_minor = amount_minor;
    m.currency = f->eur;
    c.payment_captured = &m;
    handle(f, &c, CAVEA__V1__COMMAND__BODY_PAYMENT_CAPTURED);
}

static inline void release(fixture *f, const uuid *id, const uuid *payment)
{
    Cavea__V1__ReservationRelease m = CAVEA__V1__RESERVATION_RELEASE__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    m.reservation_id = fake_binary(id);
    m.payment_id = fake_binary(payment);
    c.reservation_release = &m;
    handle(f, &c, CAVEA__V1__COMMAND__BODY_RESERVATION_RELEASE);
}

static inline void give_back(fixture *f, const uuid *id, const uuid *buyer, int64_t refund_minor)
{
    Cavea__V1__CancelConfirmed m = CAVEA__V1__CANCEL_CONFIRMED__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    m.reservation_id = fake_binary(id);
    m.buyer_id = fake_binary(buyer);
    m.refund_minor = refund_minor;
    c.cancel_confirmed = &m;
    handle(f, &c, CAVEA__V1__COMMAND__BODY_CANCEL_CONFIRMED);
}

static inline void refund_all(fixture *f, uint32_t limit)
{
    Cavea__V1__RefundAll m = CAVEA__V1__REFUND_ALL__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    m.limit = limit;
    c.refund_all = &m;
    handle(f, &c, CAVEA__V1__COMMAND__BODY_REFUND_ALL);
}

static inline void status_set(fixture *f, event_status status)
{
    Cavea__V1__EventStatusSet m = CAVEA__V1__EVENT_STATUS_SET__INIT;
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    m.status = (Cavea__V1__EventStatus)status;
    c.event_status_set = &m;
    handle(f, &c, CAVEA__V1__COMMAND__BODY_EVENT_STATUS_SET);
}

static inline void flush(fixture *f)
{
    kind_event.flush(f->state, &f->t);
}

// A reservation of Ann's that is made, and paid when there is a payment; a new tick begins.
static inline void given(fixture *f, const uuid *id, uint32_t first, uint32_t count,
                         const uuid *payment)
{
    reserve(f, id, &f->ann, first, count);
    if (payment != NULL) {
        checkout(f, id, &f->ann, payment);
        captured(f, id, payment, f->t.replies[0]->reservation->total_minor);
    }
    flush(f);
    fake_turn_again(&f->t);
}

static inline bool is(ProtobufCBinaryData data, const uuid *id)
{
    return data.len == sizeof id->bytes && memcmp(data.data, id->bytes, data.len) == 0;
}

static inline void seats_are(size_t count, const uint32_t *seats, uint32_t a, uint32_t b)
{
    assert_int_equal(count, 2);
    assert_int_equal(seats[0], a);
    assert_int_equal(seats[1], b);
}

static inline void no_rows(const fixture *f)
{
    const journal *j = f->t.j;
    assert_int_equal(j->claims_count + j->releases_count + j->reservations_count +
                         j->changes_count + j->statuses_count,
                     0);
}

static inline void change_is(const fixture *f, const uuid *id, int from, int to)
{
    const reservation_change *c = &f->t.j->changes[0];
    assert_int_equal(f->t.j->changes_count, 1);
    assert_memory_equal(&c->event, &f->event, sizeof c->event);
    assert_memory_equal(&c->id, id, sizeof *id);
    assert_int_equal(c->from_state, from);
    assert_int_equal(c->to_state, to);
    assert_int_equal(c->expires_us, NOW_US + HOLD_US);
}

static inline void releases_are(const fixture *f, const uuid *id, int32_t a, int32_t b)
{
    const journal *j = f->t.j;
    assert_int_equal(j->releases_count, 2);
    assert_int_equal(j->releases[0].seat, a);
    assert_int_equal(j->releases[1].seat, b);
    assert_memory_equal(&j->releases[1].reservation, id, sizeof *id);
    assert_memory_equal(&j->releases[1].event, &f->event, sizeof f->event);
}

// The last message to the expiry actor in this tick.
static inline void deadline_is(const fixture *f, uint32_t at, const uuid *id, int64_t expires_us)
{
    const Cavea__V1__DeadlinesNote *m = NULL;
    for (uint32_t i = 0; i < f->t.sent_count; i++)
        if (f->t.sent[i]->body_case == CAVEA__V1__COMMAND__BODY_DEADLINES_NOTE)
            m = f->t.sent[i]->deadlines_note;
    assert_non_null(m);
    assert_true(is(m->event_id, &f->event.u));
    assert_true(at < m->n_deadlines && is(m->deadlines[at]->reservation_id, id));
    assert_int_equal(m->deadlines[at]->expires_at_us, expires_us);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
