#include "schemas/id.h"

#include "schemas/limits.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define EVENT_TEXT "0192f3a4-b5c6-7d8e-9f00-112233445566"

static uuid parsed(const char *text)
{
    uuid id;
    assert_true(uuid_parse(text, strlen(text), &id));
    return id;
}

static void test_uuid__given_text_then_reads_and_writes_it_back(void **state)
{
    (void)state;
    char text[UUID_TEXT_BYTES];
    uuid id = parsed(EVENT_TEXT);
    assert_int_equal(id.bytes[0], 0x01);
    assert_int_equal(id.bytes[15], 0x66);
    uuid_format(&id, text);
    assert_string_equal(text, EVENT_TEXT);
}

static void test_uuid_parse__given_other_forms_then_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "0192f3a4-b5c6-7d8e-9f00-11223344556",
        "0192f3a4-b5c6-7d8e-9f00-1122334455667",
        "0192F3A4-b5c6-7d8e-9f00-112233445566",
        "0192f3a4b-5c6-7d8e-9f00-112233445566",
        "0192f3a4-b5c6-7d8e-9f00-11223344556g",
        "0192f3a4-b5c6-7d8e-9f00-11223344556 ",
        "{192f3a4-b5c6-7d8e-9f00-11223344556}",
    };
    uuid id = {{7}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(uuid_parse(bad[i], strlen(bad[i]), &id));
    assert_int_equal(id.bytes[0], 7);
}

static void test_uuid_from_bytes__given_other_lengths_then_refuses(void **state)
{
    (void)state;
    static const uint8_t data[17] = {1, 2, 3};
    uuid id;
    assert_true(uuid_from_bytes(data, 16, &id));
    assert_memory_equal(id.bytes, data, 16);
    assert_false(uuid_from_bytes(data, 15, &id));
    assert_false(uuid_from_bytes(data, 17, &id));
    assert_false(uuid_from_bytes(NULL, 0, &id));
}

static void test_uuid_v7__given_time_and_random_then_matches_rfc_9562(void **state)
{
    (void)state;
    // The example of RFC 9562, appendix A.6.
    static const uint8_t random[10] = {0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
    char text[UUID_TEXT_BYTES];
    uuid id = uuid_v7(0x017f22e279b0, random);
    uuid_format(&id, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    assert_int_equal(uuid_unix_ms(&id), 0x017f22e279b0);
    uuid floor = uuid_v7_floor(0x017f22e279b0);
    assert_true(memcmp(floor.bytes, id.bytes, 16) < 0);
    floor = uuid_v7_floor(0x017f22e279b1);
    assert_true(memcmp(floor.bytes, id.bytes, 16) > 0);
}

static void test_event_tag__given_an_event_then_is_blake2b_32(void **state)
{
    (void)state;
    event_id event = {parsed(EVENT_TEXT)};
    uint32_t tag = event_tag(&event);
    assert_int_equal(tag, 0xbe221151);
    assert_int_equal(tag_slot(tag), 0xbe2);
    assert_int_equal(slot_partition(tag_slot(tag)), 0xbe2 / (SLOTS / PARTITIONS));
}

static void test_uuid_tagged__given_any_tag_then_carries_it(void **state)
{
    (void)state;
    static const uint32_t tags[] = {0, 1, 0xffffffff, 0xbe221151, 0x80000001, 0x000fffff};
    static const uint8_t random[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t none[6];
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        uuid full = uuid_tagged(1700000000123, tags[i], random);
        uuid empty = uuid_tagged(1700000000123, tags[i], none);
        assert_int_equal(uuid_tag(&full), tags[i]);
        assert_int_equal(uuid_tag(&empty), tags[i]);
        assert_int_equal(full.bytes[6] >> 4, 7);
        assert_int_equal(full.bytes[8] >> 6, 2);
        assert_int_equal(uuid_unix_ms(&full), 1700000000123);
        int bits = 0;
        for (int b = 0; b < 16; b++)
            bits += __builtin_popcount((unsigned)(full.bytes[b] ^ empty.bytes[b]));
        assert_int_equal(bits, 42);
    }
}

static void test_ticket_id_of__given_a_seat_then_is_the_same_each_time(void **state)
{
    (void)state;
    static const uint8_t random[6] = {1, 2, 3, 4, 5, 6};
    reservation_id reservation = {uuid_tagged(1700000000123, 0xbe221151, random)};
    ticket_id one = ticket_id_of(&reservation, 7);
    ticket_id again = ticket_id_of(&reservation, 7);
    ticket_id other = ticket_id_of(&reservation, 8);
    assert_true(uuid_equal(&one.u, &again.u));
    assert_false(uuid_equal(&one.u, &other.u));
    assert_false(uuid_equal(&one.u, &reservation.u));
    assert_int_equal(uuid_tag(&one.u), 0xbe221151);
    assert_int_equal(uuid_unix_ms(&one.u), 1700000000123);
}

static void test_actor_of_partition__given_all_then_all_differ_and_read_back(void **state)
{
    (void)state;
    uuid seen[ACTOR_KINDS_END * PARTITIONS];
    size_t seen_count = 0;
    for (actor_kind kind = ACTOR_PAYMENT; kind < ACTOR_KINDS_END; kind++) {
        for (uint32_t partition = 0; partition < PARTITIONS; partition++) {
            actor_ref ref = actor_of_partition(kind, partition);
            assert_int_equal(ref.kind, kind);
            assert_int_equal(actor_partition(&ref.id), partition);
            assert_int_equal(ref.id.u.bytes[6] >> 4, 8);
            assert_int_equal(ref.id.u.bytes[8] >> 6, 2);
            for (size_t i = 0; i < seen_count; i++)
                assert_false(uuid_equal(&seen[i], &ref.id.u));
            seen[seen_count++] = ref.id.u;
        }
    }
}

static void test_actor_of_tag__given_slot_bounds_then_stays_in_its_partition(void **state)
{
    (void)state;
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        actor_ref low = actor_of_tag(ACTOR_PAYMENT, slot << 20);
        actor_ref high = actor_of_tag(ACTOR_PAYMENT, slot << 20 | 0xfffff);
        assert_true(uuid_equal(&low.id.u, &high.id.u));
        assert_int_equal(actor_partition(&low.id), slot_partition(slot));
    }
    event_id event = {parsed(EVENT_TEXT)};
    actor_ref actor = actor_of_event(&event);
    event_id back = actor_event(&actor.id);
    assert_int_equal(actor.kind, ACTOR_EVENT);
    assert_true(uuid_equal(&back.u, &event.u));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuid__given_text_then_reads_and_writes_it_back),
        cmocka_unit_test(test_uuid_parse__given_other_forms_then_refuses),
        cmocka_unit_test(test_uuid_from_bytes__given_other_lengths_then_refuses),
        cmocka_unit_test(test_uuid_v7__given_time_and_random_then_matches_rfc_9562),
        cmocka_unit_test(test_event_tag__given_an_event_then_is_blake2b_32),
        cmocka_unit_test(test_uuid_tagged__given_any_tag_then_carries_it),
        cmocka_unit_test(test_ticket_id_of__given_a_seat_then_is_the_same_each_time),
        cmocka_unit_test(test_actor_of_partition__given_all_then_all_differ_and_read_back),
        cmocka_unit_test(test_actor_of_tag__given_slot_bounds_then_stays_in_its_partition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
