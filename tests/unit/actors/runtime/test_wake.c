// Who may ask for what with a wake-up.
#include "actors/runtime/wake.h"

#include "schemas/cavea.pb-c.h"
#include "schemas/subject.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const uuid host = {{1}}, other = {{2}};

typedef struct asked {
    uint32_t kind;
    uuid actor;
    bool moves, chosen, everybody;
    size_t move_bytes; // 0: 16
} asked;

static uint32_t pack(const asked *a, uint8_t ret_bytes[static WAKE_BYTES_MAX])
{
    uuid actor = a->actor, to = other;
    Cavea__V1__Wake wake = CAVEA__V1__WAKE__INIT;
    wake.kind = a->kind;
    wake.actor = (ProtobufCBinaryData){sizeof actor.bytes, actor.bytes};
    if (a->moves)
        wake.move_to =
            (ProtobufCBinaryData){a->move_bytes != 0 ? a->move_bytes : sizeof to.bytes, to.bytes};
    wake.chosen = a->chosen;
    wake.everybody = a->everybody;
    return (uint32_t)cavea__v1__wake__pack(&wake, ret_bytes);
}

static bool read(const char *to, const char *reply, asked a, wake_order *ret_order)
{
    uint8_t bytes[WAKE_BYTES_MAX];
    uint32_t count = pack(&a, bytes);
    return wake_read(&host, to, reply, bytes, count, ret_order);
}

static const asked plain = {.kind = ACTOR_EVENT, .actor = {{7}}};

static void test_wake_read__given_the_group_then_it_only_opens(void **state)
{
    (void)state;
    subject to = subject_wake(ACTOR_EVENT);
    wake_order order;
    static const asked all[] = {
        {.kind = ACTOR_EVENT, .actor = {{7}}},
        {.kind = ACTOR_EVENT, .actor = {{7}}, .moves = true},
        {.kind = ACTOR_EVENT, .actor = {{7}}, .chosen = true},
        {.kind = ACTOR_EVENT, .actor = {{7}}, .everybody = true},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_true(read(to.text, "_INBOX.a.1", all[i], &order));
        assert_int_equal(order.everybody, all[i].everybody);
        assert_int_equal(order.what, WAKE_OPEN);
        assert_false(order.answers);
        assert_true(uuid_equal(&order.actor.id.u, &plain.actor));
    }
}

static void test_wake_read__given_another_kind_than_the_subject_then_nothing(void **state)
{
    (void)state;
    wake_order order = {.what = WAKE_MOVE};
    asked event = plain,
          payment = {.kind = ACTOR_PAYMENT, .actor = actor_of_partition(ACTOR_PAYMENT, 3).id.u};
    assert_false(read(subject_wake(ACTOR_PAYMENT).text, NULL, event, &order));
    assert_false(read(subject_wake(ACTOR_EVENT).text, NULL, payment, &order));
    assert_true(read(subject_wake(ACTOR_PAYMENT).text, NULL, payment, &order));
    assert_int_equal(order.actor.kind, ACTOR_PAYMENT);
}

static void test_wake_read__given_our_subject_then_hosts_and_operator_may_more(void **state)
{
    (void)state;
    subject to = subject_host(&host);
    wake_order order;
    asked moves = plain, chosen = plain;
    moves.moves = true;
    chosen.chosen = true;
    assert_true(read(to.text, NULL, plain, &order));
    assert_true(order.what == WAKE_SENT && !order.answers);
    assert_true(read(to.text, "_INBOX.a.1", chosen, &order));
    assert_true(order.what == WAKE_CHOSEN && order.answers);
    assert_true(read(to.text, "_INBOX.a.1", moves, &order));
    assert_true(order.what == WAKE_MOVE && order.answers && uuid_equal(&order.move_to, &other));
}

static void test_wake_read__given_a_foreign_reply_subject_then_nobody_is_answered(void **state)
{
    (void)state;
    static const char *const bad[] = {"$JS.API.STREAM.DELETE.CAVEA_IN", "cavea.v1.in.event.x",
                                      "_INBOX.a b", "_INBOX."};
    wake_order order;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_true(read(subject_host(&host).text, bad[i], plain, &order));
        assert_false(order.answers);
    }
}

static void test_wake_read__given_a_partition_then_it_does_not_move(void **state)
{
    (void)state;
    wake_order order;
    asked a = {
        .kind = ACTOR_TICKET, .actor = actor_of_partition(ACTOR_TICKET, 0).id.u, .moves = true};
    assert_false(read(subject_host(&host).text, NULL, a, &order));
    a.moves = false;
    assert_true(read(subject_host(&host).text, NULL, a, &order));
}

static void test_wake_read__given_nonsense_then_nothing(void **state)
{
    (void)state;
    wake_order order;
    uint8_t bytes[WAKE_BYTES_MAX + 1] = {0};
    static const asked bad[] = {
        {.kind = 0, .actor = {{7}}},
        {.kind = ACTOR_KINDS_END, .actor = {{7}}},
        {.kind = UINT32_MAX, .actor = {{7}}},
        {.kind = ACTOR_PAYMENT, .actor = {{7}}}, // no partition: it would be one more
        {.kind = ACTOR_EVENT, .actor = {{7}}, .moves = true, .move_bytes = 15},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(read(subject_host(&host).text, NULL, bad[i], &order));
    assert_false(read(subject_host(&other).text, NULL, plain, &order));
    assert_false(read("cavea.v1.wake.*", NULL, plain, &order));
    assert_false(wake_read(&host, subject_host(&host).text, NULL, NULL, 0, &order));
    assert_false(wake_read(&host, subject_host(&host).text, NULL, "\xff\xff", 2, &order));
    assert_false(wake_read(&host, subject_host(&host).text, NULL, bytes, sizeof bytes, &order));
}

static void test_wake_write__given_an_actor_then_reads_back(void **state)
{
    (void)state;
    uint8_t bytes[WAKE_BYTES_MAX];
    actor_ref actor = actor_of_partition(ACTOR_EXPIRY, 7);
    for (int chosen = 0; chosen < 2; chosen++) {
        wake_order order;
        uint32_t count = wake_write(&actor, chosen == 1, bytes);
        assert_true(wake_read(&host, subject_host(&host).text, NULL, bytes, count, &order));
        assert_int_equal(order.what, chosen == 1 ? WAKE_CHOSEN : WAKE_SENT);
        assert_int_equal(order.actor.kind, ACTOR_EXPIRY);
        assert_true(uuid_equal(&order.actor.id.u, &actor.id.u));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wake_read__given_the_group_then_it_only_opens),
        cmocka_unit_test(test_wake_read__given_another_kind_than_the_subject_then_nothing),
        cmocka_unit_test(test_wake_read__given_our_subject_then_hosts_and_operator_may_more),
        cmocka_unit_test(test_wake_read__given_a_foreign_reply_subject_then_nobody_is_answered),
        cmocka_unit_test(test_wake_read__given_a_partition_then_it_does_not_move),
        cmocka_unit_test(test_wake_read__given_nonsense_then_nothing),
        cmocka_unit_test(test_wake_write__given_an_actor_then_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
