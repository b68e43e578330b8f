#include "schemas/subject.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define EVENT_TEXT "0192f3a4-b5c6-7d8e-9f00-112233445566"

static actor_ref event_actor(void)
{
    actor_ref actor = {.kind = ACTOR_EVENT};
    assert_true(uuid_parse(EVENT_TEXT, strlen(EVENT_TEXT), &actor.id.u));
    return actor;
}

static void test_subject_of__given_each_room_and_kind_then_reads_back(void **state)
{
    (void)state;
    actor_ref actors[] = {event_actor(), actor_of_partition(ACTOR_PAYMENT, 0),
                          actor_of_partition(ACTOR_TICKET, 7), actor_of_partition(ACTOR_EXPIRY, 3)};
    for (size_t i = 0; i < sizeof actors / sizeof *actors; i++) {
        for (subject_room room = SUBJECT_IN; room < SUBJECT_ROOMS_END; room++) {
            subject s = subject_of(room, &actors[i]);
            subject_room back_room = SUBJECT_ROOMS_END;
            actor_ref back = {.kind = ACTOR_KINDS_END};
            assert_true(subject_parse(s.text, strlen(s.text), &back_room, &back));
            assert_int_equal(back_room, room);
            assert_int_equal(back.kind, actors[i].kind);
            assert_true(uuid_equal(&back.id.u, &actors[i].id.u));
        }
    }
}

static void test_subject__given_each_builder_then_text_is_as_documented(void **state)
{
    (void)state;
    actor_ref actor = event_actor();
    uuid host = actor.id.u;
    assert_string_equal(subject_of(SUBJECT_IN, &actor).text, "cavea.v1.in.event." EVENT_TEXT);
    assert_string_equal(subject_of(SUBJECT_LIVE, &actor).text, "cavea.v1.live.event." EVENT_TEXT);
    assert_string_equal(subject_wake(ACTOR_PAYMENT).text, "cavea.v1.wake.payment");
    assert_string_equal(subject_host(&host).text, "cavea.v1.host." EVENT_TEXT);
    assert_string_equal(subject_reply(&host).text, "cavea.v1.reply." EVENT_TEXT);
    assert_string_equal(subject_deliver(&host, 12).text, "cavea.v1.deliver." EVENT_TEXT ".12");
    assert_string_equal(subject_ack(&host, UINT64_MAX, 9).text,
                        "cavea.v1.ack." EVENT_TEXT ".18446744073709551615.9");
}

static void test_subject_parse__given_bad_tokens_then_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "cavea.v1.",
        "cavea.v1.in",
        "cavea.v1.in.event",
        "cavea.v1.in.event.",
        "cavea.v1.in.event.*",
        "cavea.v1.in.>",
        "cavea.v2.in.event." EVENT_TEXT,
        "cavea.v1.out.event." EVENT_TEXT,
        "cavea.v1.in.seat." EVENT_TEXT,
        "cavea.v1.in.event." EVENT_TEXT ".",
        "cavea.v1.in.event." EVENT_TEXT ".more",
        "cavea.v1.in.event." EVENT_TEXT "\r\nPUB x 1",
        "cavea.v1.in..event." EVENT_TEXT,
        "cavea.v1.IN.event." EVENT_TEXT,
        "cavea.v1.in.payment." EVENT_TEXT,
        "cavea.v1.in.payment.00020000-0000-8000-8000-000000000008",
        "cavea.v1.in.payment.00030000-0000-8000-8000-000000000001",
        "$JS.API.STREAM.DELETE.CAVEA_IN",
    };
    subject_room room = SUBJECT_ROOMS_END;
    actor_ref actor;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(subject_parse(bad[i], strlen(bad[i]), &room, &actor));
    static const char nul[] = "cavea.v1.in.event.0192f3a4-b5c6-7d8e-9f00-1122334455\0006";
    assert_false(subject_parse(nul, sizeof nul - 1, &room, &actor));
    assert_int_equal(room, SUBJECT_ROOMS_END);
}

static void test_subject_ack_parse__given_acks_then_reads_numbers_only(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "cavea.v1.ack." EVENT_TEXT ".1",
        "cavea.v1.ack." EVENT_TEXT ".1.2.3",
        "cavea.v1.ack." EVENT_TEXT ".01.2",
        "cavea.v1.ack." EVENT_TEXT ".-1.2",
        "cavea.v1.ack." EVENT_TEXT ".1.18446744073709551616",
        "cavea.v1.ack.x.1.2",
        "cavea.v1.deliver." EVENT_TEXT ".1.2",
    };
    uint64_t number = 0, seq = 0;
    actor_ref actor = event_actor();
    subject s = subject_ack(&actor.id.u, UINT64_MAX, 0);
    assert_true(subject_ack_parse(s.text, strlen(s.text), &number, &seq));
    assert_true(number == UINT64_MAX && seq == 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(subject_ack_parse(bad[i], strlen(bad[i]), &number, &seq));
}

static void test_subject_reply_parse__given_anything_else_then_nobody_waits(void **state)
{
    (void)state;
    static const char *const good[] = {
        "cavea.v1.reply." EVENT_TEXT,
        "cavea.v1.reply." EVENT_TEXT ".0",
        "cavea.v1.reply." EVENT_TEXT ".18446744073709551615",
    };
    static const char *const bad[] = {
        "",
        "y",
        "cavea.v1.reply.",
        "cavea.v1.reply.*",
        "cavea.v1.reply.>",
        "cavea.v1.reply.edge",
        "cavea.v1.reply." EVENT_TEXT ".",
        "cavea.v1.reply." EVENT_TEXT ".x",
        "cavea.v1.reply." EVENT_TEXT ".01",
        "cavea.v1.reply." EVENT_TEXT ".-1",
        "cavea.v1.reply." EVENT_TEXT ".18446744073709551616",
        "cavea.v1.reply." EVENT_TEXT ".1.2",
        "cavea.v1.reply." EVENT_TEXT ".nobody.1",
        "cavea.v1.reply." EVENT_TEXT "\r\n",
        "cavea.v1.reply." EVENT_TEXT ".1 x",
        "cavea.v1.reply." EVENT_TEXT " 0\r\n\r\nPUB $JS.API.STREAM.DELETE.CAVEA_IN 0\r\n\r\nPUB y",
        "cavea.v2.reply." EVENT_TEXT,
        "cavea.v1.in.event." EVENT_TEXT,
        "cavea.v1.fact.event." EVENT_TEXT,
        "$JS.API.STREAM.DELETE.CAVEA_IN",
        "_INBOX.x",
    };
    subject back = {"untouched"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(subject_reply_parse(bad[i], strlen(bad[i]), &back));
    assert_string_equal(back.text, "untouched");
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(subject_reply_parse(good[i], strlen(good[i]), &back));
        assert_string_equal(back.text, good[i]);
    }
    static const char nul[] = "cavea.v1.reply." EVENT_TEXT "\000.1";
    assert_false(subject_reply_parse(nul, sizeof nul - 1, &back));
}

static void test_subject_inbox_valid__given_other_subjects_then_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "_INBOX",
        "_INBOX.",
        "_INBOX.a.",
        "_INBOX..a",
        "_INBOX.>",
        "_INBOX.a b",
        "_INBOX.a\r\nPUB",
        "_inbox.a",
        "$JS.API.STREAM.PURGE.CAVEA_IN",
        "cavea.v1.in.event." EVENT_TEXT,
    };
    assert_true(subject_inbox_valid("_INBOX.a", 8));
    assert_true(subject_inbox_valid("_INBOX.operator.aZ09-_.12", 25));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(subject_inbox_valid(bad[i], strlen(bad[i])));
}

static void test_subject_token_valid__given_every_byte_then_takes_the_alphabet(void **state)
{
    (void)state;
    int valid = 0;
    for (int c = 0; c < 256; c++) {
        char token[1] = {(char)c};
        valid += subject_token_valid(token, 1);
    }
    assert_int_equal(valid, 26 + 26 + 10 + 2);
    char long_token[SUBJECT_TOKEN_BYTES_MAX + 1];
    memset(long_token, 'a', sizeof long_token);
    assert_true(subject_token_valid(long_token, sizeof long_token - 1));
    assert_false(subject_token_valid(long_token, sizeof long_token));
    assert_false(subject_token_valid(long_token, 0));
}

static void test_actor_kind__given_names_then_reads_back(void **state)
{
    (void)state;
    for (actor_kind kind = ACTOR_EVENT; kind < ACTOR_KINDS_END; kind++) {
        actor_kind back;
        const char *name = actor_kind_name(kind);
        assert_non_null(name);
        assert_true(actor_kind_parse(name, strlen(name), &back));
        assert_int_equal(back, kind);
    }
    assert_null(actor_kind_name((actor_kind)0));
    assert_null(actor_kind_name(ACTOR_KINDS_END));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subject_of__given_each_room_and_kind_then_reads_back),
        cmocka_unit_test(test_subject__given_each_builder_then_text_is_as_documented),
        cmocka_unit_test(test_subject_parse__given_bad_tokens_then_refuses),
        cmocka_unit_test(test_subject_ack_parse__given_acks_then_reads_numbers_only),
        cmocka_unit_test(test_subject_reply_parse__given_anything_else_then_nobody_waits),
        cmocka_unit_test(test_subject_inbox_valid__given_other_subjects_then_refuses),
        cmocka_unit_test(test_subject_token_valid__given_every_byte_then_takes_the_alphabet),
        cmocka_unit_test(test_actor_kind__given_names_then_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
