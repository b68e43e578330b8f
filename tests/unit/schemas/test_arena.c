#include "schemas/arena.h"

#include "schemas/cavea.pb-c.h"

#include <stdlib.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_arena_alloc__given_the_budget_then_refuses_beyond_it(void **state)
{
    (void)state;
    arena a;
    assert_true(arena_init(&a, 64));
    uint8_t *one = arena_alloc(&a, 1);
    uint8_t *two = arena_alloc(&a, 17);
    assert_non_null(one);
    assert_non_null(two);
    assert_int_equal((uintptr_t)two % 16, 0);
    assert_null(arena_alloc(&a, 17));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_non_null(arena_alloc(&a, 16));
    assert_null(arena_alloc(&a, 1));
    assert_int_equal(a.refused, 3);
    arena_reset(&a);
    assert_ptr_equal(arena_alloc(&a, 64), one);
    arena_done(&a);
}

// The largest envelope an edge may send.
static size_t pack_full_envelope(uint8_t *out)
{
    enum { COMMANDS = ENVELOPE_COMMANDS_MAX };
    static Cavea__V1__Command commands[COMMANDS], *list[COMMANDS];
    static Cavea__V1__Reserve reserves[COMMANDS];
    static uint8_t id[16];
    static uint32_t seats[SEATS_PER_RESERVATION_MAX];
    for (uint32_t i = 0; i < SEATS_PER_RESERVATION_MAX; i++)
        seats[i] = SEATS_PER_EVENT_MAX - 1 - i;
    for (int i = 0; i < COMMANDS; i++) {
        cavea__v1__command__init(&commands[i]);
        cavea__v1__reserve__init(&reserves[i]);
        reserves[i].buyer_id = (ProtobufCBinaryData){16, id};
        reserves[i].key_hash = (ProtobufCBinaryData){16, id};
        reserves[i].body_hash = (ProtobufCBinaryData){16, id};
        reserves[i].n_seats = SEATS_PER_RESERVATION_MAX;
        reserves[i].seats = seats;
        reserves[i].wait_until_us = INT64_MAX;
        commands[i].id = (ProtobufCBinaryData){16, id};
        commands[i].body_case = CAVEA__V1__COMMAND__BODY_RESERVE;
        commands[i].reserve = &reserves[i];
        list[i] = &commands[i];
    }
    Cavea__V1__Envelope envelope = CAVEA__V1__ENVELOPE__INIT;
    envelope.sender = (ProtobufCBinaryData){16, id};
    envelope.number = UINT64_MAX;
    envelope.reply_to = "cavea.v1.reply.0192f3a4-b5c6-7d8e-9f00-112233445566.4294967295";
    envelope.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    envelope.n_commands = COMMANDS;
    envelope.commands = list;
    assert_true(cavea__v1__envelope__get_packed_size(&envelope) <= ENVELOPE_BYTES_MAX);
    return cavea__v1__envelope__pack(&envelope, out);
}

static void test_arena__given_the_fullest_envelope_then_decodes_within_its_budget(void **state)
{
    (void)state;
    arena a;
    uint8_t *wire = malloc(ENVELOPE_BYTES_MAX);
    size_t wire_bytes = pack_full_envelope(wire);
    assert_true(arena_init(&a, ARENA_ENVELOPE_BYTES));
    for (int round = 0; round < 3; round++) {
        arena_reset(&a);
        Cavea__V1__Envelope *e = cavea__v1__envelope__unpack(&a.allocator, wire_bytes, wire);
        assert_non_null(e);
        assert_int_equal(e->n_commands, ENVELOPE_COMMANDS_MAX);
        assert_int_equal(e->commands[255]->reserve->seats[9], SEATS_PER_EVENT_MAX - 10);
    }
    assert_true(a.bytes_used < ARENA_ENVELOPE_BYTES / 2);
    arena_done(&a);
    free(wire);
}

static void test_arena__given_any_smaller_budget_then_the_decoder_gives_up(void **state)
{
    (void)state;
    arena a;
    uint8_t *wire = malloc(ENVELOPE_BYTES_MAX);
    size_t wire_bytes = pack_full_envelope(wire);
    for (size_t budget = 0; budget < 40 * 1024; budget += 61) {
        assert_true(arena_init(&a, budget));
        assert_null(cavea__v1__envelope__unpack(&a.allocator, wire_bytes, wire));
        assert_true(a.refused > 0 && a.bytes_used <= budget);
        arena_done(&a);
    }
    free(wire);
}

static void test_arena__given_filler_then_refuses_it(void **state)
{
    (void)state;
    arena a;
    uint8_t *wire = malloc(ENVELOPE_BYTES_MAX);
    // 32,768 empty commands of two bytes each: a hundred times their size when decoded.
    for (size_t i = 0; i < ENVELOPE_BYTES_MAX; i += 2) {
        wire[i] = 5 << 3 | 2;
        wire[i + 1] = 0;
    }
    assert_true(arena_init(&a, ARENA_ENVELOPE_BYTES));
    assert_null(cavea__v1__envelope__unpack(&a.allocator, ENVELOPE_BYTES_MAX, wire));
    arena_done(&a);
    free(wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena_alloc__given_the_budget_then_refuses_beyond_it),
        cmocka_unit_test(test_arena__given_the_fullest_envelope_then_decodes_within_its_budget),
        cmocka_unit_test(test_arena__given_any_smaller_budget_then_the_decoder_gives_up),
        cmocka_unit_test(test_arena__given_filler_then_refuses_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
