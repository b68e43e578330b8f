#include "schemas/seal.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdlib.h>

enum { MESSAGE_BYTES_MAX = 512 };

// What no seal is asked for is what edges send (edge/handle_*.c), by number of the body.
static const uint32_t needless[] = {10, 11, 13, 17, 21};

static const seal_ring ours = {.keys = {{{1}}}, .keys_count = 1};
static const seal_ring theirs = {.keys = {{{2}}}, .keys_count = 1};
static const seal_ring nobodys = {.keys_count = 0};
static const event_id some_event = {
    {{1, 2, 3, 4, 5, 6, 0x70, 8, 0x80, 10, 11, 12, 13, 14, 15, 16}}};

// An envelope of one command whose body has nothing in it, written by hand: there are bodies for
// which protobuf-c has no name here.
static wire message_of(uint32_t body, uint8_t bytes[static MESSAGE_BYTES_MAX])
{
    uint8_t command[8];
    wire c = {.bytes = command, .max = sizeof command};
    wire w = {.bytes = bytes, .max = MESSAGE_BYTES_MAX};
    wire_bytes(&c, body, "", 0);
    wire_bytes(&w, 5, command, c.count);
    assert_false(c.full || w.full);
    return w;
}

static bool admits_at(const seal_ring *ring, const actor_ref *to, const wire *w, int64_t now_us)
{
    Cavea__V1__Envelope *e = cavea__v1__envelope__unpack(NULL, w->count, w->bytes);
    assert_non_null(e);
    bool admitted = seal_admits(ring, to, now_us, e, w->bytes, w->count);
    cavea__v1__envelope__free_unpacked(e, NULL);
    return admitted;
}

static bool admits(const seal_ring *ring, const actor_ref *to, const wire *w)
{
    return admits_at(ring, to, w, 1);
}

static bool is_needless(uint32_t body)
{
    for (size_t i = 0; i < sizeof needless / sizeof *needless; i++)
        if (needless[i] == body)
            return true;
    return false;
}

static void body_check(uint32_t body)
{
    actor_ref to = actor_of_event(&some_event);
    actor_ref other = actor_of_partition(ACTOR_PAYMENT, 3), kind = {ACTOR_TICKET, to.id};
    uint8_t bytes[MESSAGE_BYTES_MAX];
    bool needs_none = is_needless(body);
    wire w = message_of(body, bytes);
    assert_int_equal(admits(&ours, &to, &w), needs_none);
    uint32_t unsealed_bytes = w.count;
    seal_write(&theirs, &to, &w);
    assert_int_equal(w.count, unsealed_bytes + SEAL_WIRE_BYTES);
    assert_int_equal(admits(&ours, &to, &w), needs_none);
    assert_int_equal(admits(&nobodys, &to, &w), needs_none);
    w.count = unsealed_bytes;
    seal_write(&ours, &to, &w);
    assert_true(admits(&ours, &to, &w));
    assert_int_equal(admits(&ours, &other, &w), needs_none);
    assert_int_equal(admits(&ours, &kind, &w), needs_none);
}

static void test_seal_admits__given_each_body_then_only_what_edges_send_goes_unsealed(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *d = &cavea__v1__command__descriptor;
    uint32_t bodies = 0;
    for (unsigned i = 0; i < d->n_fields; i++) {
        if ((d->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
            continue;
        assert_int_equal(seal_needless((Cavea__V1__Command__BodyCase)d->fields[i].id),
                         is_needless(d->fields[i].id));
        body_check(d->fields[i].id);
        bodies++;
    }
    assert_true(bodies >= 20);
    body_check(99); // of a version to come
}

static void test_seal_read__given_any_changed_byte_then_is_wrong_or_absent(void **state)
{
    (void)state;
    actor_ref to = actor_of_event(&some_event);
    uint8_t bytes[MESSAGE_BYTES_MAX];
    wire w = message_of(CAVEA__V1__COMMAND__BODY_REFUND_ALL, bytes);
    wire_number(&w, 2, 77);
    seal_write(&ours, &to, &w);
    assert_int_equal(seal_read(&ours, &to, w.bytes, w.count), SEAL_GOOD);
    for (uint32_t bit = 0; bit < 8 * w.count; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(seal_read(&ours, &to, w.bytes, w.count), SEAL_GOOD);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (uint32_t count = 0; count < w.count; count++) {
        uint8_t *cut = malloc(count + 1); // so that a look beyond it is noticed
        memcpy(cut, bytes, count);
        assert_int_not_equal(seal_read(&ours, &to, cut, count), SEAL_GOOD);
        free(cut);
    }
}

// What was sealed can be carried on only as a whole: no command fits in behind it.
static void test_seal_read__given_more_behind_the_seal_then_does_not_open(void **state)
{
    (void)state;
    actor_ref to = actor_of_event(&some_event);
    uint8_t bytes[MESSAGE_BYTES_MAX], more[MESSAGE_BYTES_MAX];
    wire w = message_of(CAVEA__V1__COMMAND__BODY_EXPIRE, bytes);
    wire forged = message_of(CAVEA__V1__COMMAND__BODY_REFUND_ALL, more);
    seal_write(&ours, &to, &w);
    uint8_t seal[SEAL_WIRE_BYTES];
    memcpy(seal, w.bytes + w.count - SEAL_WIRE_BYTES, sizeof seal);
    wire_raw(&w, forged.bytes, forged.count);
    assert_false(admits(&ours, &to, &w));
    wire_raw(&w, seal, sizeof seal);
    assert_false(admits(&ours, &to, &w));
    wire_raw(&forged, seal, sizeof seal);
    assert_false(admits(&ours, &to, &forged));
}

static void test_seal_read__given_several_keys_then_the_first_seals_and_any_opens(void **state)
{
    (void)state;
    const seal_ring before = {.keys = {{{1}}, {{2}}}, .keys_count = 2};
    const seal_ring after = {.keys = {{{2}}, {{1}}}, .keys_count = 2};
    const seal_ring *rings[] = {&before, &after};
    actor_ref to = actor_of_partition(ACTOR_PAYMENT, 1);
    uint8_t bytes[MESSAGE_BYTES_MAX];
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < 2; k++) {
            wire w = message_of(CAVEA__V1__COMMAND__BODY_PAYMENT_DECIDED, bytes);
            seal_write(rings[i], &to, &w);
            assert_true(admits(rings[k], &to, &w));
            assert_int_equal(admits(&ours, &to, &w), i == 0);
        }
}

static void test_seal_admits__given_one_command_that_needs_a_seal_then_looks_at_it(void **state)
{
    (void)state;
    actor_ref to = actor_of_event(&some_event);
    uint8_t bytes[MESSAGE_BYTES_MAX], more[MESSAGE_BYTES_MAX];
    wire w = message_of(CAVEA__V1__COMMAND__BODY_RESERVE, bytes);
    wire other = message_of(CAVEA__V1__COMMAND__BODY_EVENT_STATUS_SET, more);
    assert_true(admits(&ours, &to, &w));
    wire_raw(&w, other.bytes, other.count);
    assert_false(admits(&ours, &to, &w));
    seal_write(&ours, &to, &w);
    assert_true(admits(&ours, &to, &w));
}

// Hosts of a version without seals are at work: what comes unsealed is taken, what is forged not.
static void test_seal_admits__given_time_to_upgrade_then_takes_what_has_no_seal(void **state)
{
    (void)state;
    const seal_ring patient = {.keys = {{{1}}}, .keys_count = 1, .asked_from_us = 1000};
    actor_ref to = actor_of_event(&some_event);
    uint8_t bytes[MESSAGE_BYTES_MAX];
    wire w = message_of(CAVEA__V1__COMMAND__BODY_PAYMENT_CAPTURED, bytes);
    assert_true(admits_at(&patient, &to, &w, 999));
    assert_false(admits_at(&patient, &to, &w, 1000));
    seal_write(&theirs, &to, &w);
    assert_false(admits_at(&patient, &to, &w, 999));
}

static void test_seal_write__given_no_key_or_no_room_then_writes_nothing_that_opens(void **state)
{
    (void)state;
    actor_ref to = actor_of_event(&some_event);
    uint8_t bytes[MESSAGE_BYTES_MAX];
    wire w = message_of(CAVEA__V1__COMMAND__BODY_EXPIRE, bytes);
    uint32_t count = w.count;
    seal_write(&nobodys, &to, &w);
    assert_int_equal(w.count, count);
    w.max = count + SEAL_WIRE_BYTES - 1;
    seal_write(&ours, &to, &w);
    assert_true(w.full);
    assert_true(w.count <= w.max);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seal_admits__given_each_body_then_only_what_edges_send_goes_unsealed),
        cmocka_unit_test(test_seal_read__given_any_changed_byte_then_is_wrong_or_absent),
        cmocka_unit_test(test_seal_read__given_more_behind_the_seal_then_does_not_open),
        cmocka_unit_test(test_seal_read__given_several_keys_then_the_first_seals_and_any_opens),
        cmocka_unit_test(test_seal_admits__given_one_command_that_needs_a_seal_then_looks_at_it),
        cmocka_unit_test(test_seal_admits__given_time_to_upgrade_then_takes_what_has_no_seal),
        cmocka_unit_test(test_seal_write__given_no_key_or_no_room_then_writes_nothing_that_opens),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
