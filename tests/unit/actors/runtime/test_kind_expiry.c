#include "actors/expiry/expiry.h"
#include "tests/unit/actors/runtime/fake_turn.h"

#define NOW_US (INT64_C(1800000000) * 1000000)

typedef struct fixture {
    void *state;
    turn t;
    event_id event;
    held_row held[3];
    store_result result;
    uint32_t asked_partition;
} fixture;

static store_result held_load(void *self, uint32_t partition, held_row **ret_rows,
                              uint32_t *ret_count)
{
    fixture *f = self;
    f->asked_partition = partition;
    if (f->result != STORE_OK)
        return f->result;
    *ret_rows = malloc(sizeof f->held);
    memcpy(*ret_rows, f->held, sizeof f->held);
    *ret_count = 3;
    return STORE_OK;
}

static void *load(fixture *f, store_result *ret_result)
{
    kind_context context = {.store = {.self = f, .load_held = held_load}, .now_us = NOW_US};
    actor_ref actor = actor_of_tag(ACTOR_EXPIRY, event_tag(&f->event));
    return kind_expiry.load(&context, &actor, ret_result);
}

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    store_result result;
    f->event.u = uuid_v7_floor(1700000000000);
    for (uint8_t i = 0; i < 3; i++)
        f->held[i] = (held_row){f->event, {{{1, i}}}, NOW_US + i * 1000};
    f->state = load(f, &result);
    assert_int_equal(result, STORE_OK);
    fake_turn_open(&f->t, NOW_US);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    kind_expiry.free(f->state);
    fake_turn_close(&f->t);
    free(f);
    return 0;
}

static void note(fixture *f, const held_row *held, int64_t expires_us)
{
    Cavea__V1__DeadlinesNote m = CAVEA__V1__DEADLINES_NOTE__INIT;
    Cavea__V1__Deadline item = CAVEA__V1__DEADLINE__INIT, *list[] = {&item};
    Cavea__V1__Command c = CAVEA__V1__COMMAND__INIT;
    item.reservation_id = fake_binary(&held->reservation.u);
    item.expires_at_us = expires_us;
    m.event_id = fake_binary(&f->event.u);
    m.n_deadlines = 1;
    m.deadlines = list;
    c.body_case = CAVEA__V1__COMMAND__BODY_DEADLINES_NOTE;
    c.deadlines_note = &m;
    kind_expiry.handle(f->state, &c, &f->t);
}

static void test_kind_expiry__given_held_rows_then_tells_each_deadline(void **state)
{
    fixture *f = *state;
    assert_true(kind_expiry.is_volatile);
    assert_int_equal(f->asked_partition, slot_partition(tag_slot(event_tag(&f->event))));
    assert_int_equal(kind_expiry.next_due_us(f->state), NOW_US);
    kind_expiry.on_time(f->state, &f->t);
    fake_turn_said(&f->t, "send event 12\n");
    note(f, &f->held[0], 0);
    f->t.now_us += 2000;
    kind_expiry.on_time(f->state, &f->t);
    fake_turn_said(&f->t, "send event 12\nsend event 12\n");
    note(f, &f->held[1], 0);
    note(f, &f->held[2], NOW_US + 60000000); // extended
    assert_int_equal(kind_expiry.next_due_us(f->state), NOW_US + 60000000);
}

static void test_kind_expiry__given_no_store_then_is_not_loaded(void **state)
{
    fixture *f = *state;
    store_result result = STORE_OK;
    f->result = STORE_UNKNOWN;
    assert_null(load(f, &result));
    assert_int_equal(result, STORE_UNKNOWN);
}

static void test_kind_expiry__given_an_overdue_row_then_tells_it(void **state)
{
    fixture *f = *state;
    stuck_row row = {.kind = STUCK_HELD_OVERDUE, .event = f->event, .reservation = {{{9}}}};
    kind_expiry.unstick(f->state, &row, &f->t);
    fake_turn_said(&f->t, "send event 12\n");
}

static void test_kind_expiry__given_nonsense_then_refuses_it(void **state)
{
    fixture *f = *state;
    Cavea__V1__Command nonsense = CAVEA__V1__COMMAND__INIT;
    Cavea__V1__MessageRejected rejected = CAVEA__V1__MESSAGE_REJECTED__INIT;
    f->t.reply_to = "edge.1";
    kind_expiry.handle(f->state, &nonsense, &f->t);
    note(f, &f->held[0], -5);
    kind_expiry.reject(f->state, &rejected, &f->t);
    fake_turn_said(&f->t, "reply error=1\nreply error=1\n");
    assert_int_equal(kind_expiry.next_due_us(f->state), NOW_US);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_kind_expiry__given_held_rows_then_tells_each_deadline),
        TEST(test_kind_expiry__given_no_store_then_is_not_loaded),
        TEST(test_kind_expiry__given_an_overdue_row_then_tells_it),
        TEST(test_kind_expiry__given_nonsense_then_refuses_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
