// What only actors and the operator may ask for, at the runtime's door.
#include "tests/unit/actors/runtime/fake_kind.h"

static const Cavea__V1__Command__BodyCase expire = CAVEA__V1__COMMAND__BODY_EXPIRE;

static void test_seal__given_none_where_one_is_needed_then_refuses_the_whole_message(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_deliver(h, (fake_envelope){.number = 1,
                                    .sequence = 4,
                                    .seats = {3},
                                    .seats_count = 1,
                                    .other = expire,
                                    .unsealed = true});
    runtime_step(h->r);
    assert_int_equal(h->handled, 0);
    assert_int_equal(h->actors[0].taken[3], 0);
    assert_int_equal(h->actors[0].facts_count, 0);
    assert_int_equal(h->actors[0].cursor, 4); // it will not be read again
    assert_int_equal(h->reports[REPORT_UNSEALED], 1);
    assert_int_equal(fake_reply_error(h, 0), ERROR_SEAL_INVALID);
    assert_int_equal(fake_reply_error(h, 1), ERROR_SEAL_INVALID);
    assert_int_equal(fake_left(h, fake_inbox(h, 1).text), 0);
}

// Whoever may send anything can take another one's numbers from him by messages that are decided
// on; what is refused leaves no trace.
static void test_seal__given_a_refused_message_then_its_number_is_still_new(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_deliver(h, (fake_envelope){.number = 1, .other = expire, .unsealed = true});
    runtime_step(h->r);
    fake_deliver(h, (fake_envelope){.number = 1, .seats = {3}, .seats_count = 1});
    runtime_step(h->r);
    assert_int_equal(h->seen, 0);
    assert_int_equal(fake_reply_error(h, 0), ERROR_NONE);
    assert_int_equal(h->actors[0].taken[3], 1);
}

static void test_seal__given_another_key_then_refuses(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    const seal_ring known = fake_seals;
    fake_seals.keys[0].bytes[0]++;
    uint8_t bytes[4096];
    fake_envelope e = {.number = 1, .other = expire};
    uint32_t count = fake_pack(&e, bytes);
    fake_seals = known;
    inbound m = {.to = h->actors[0].ref,
                 .data = memcpy(malloc(count), bytes, count),
                 .data_bytes = count,
                 .release = fake_release};
    m.owner = (void *)(uintptr_t)m.data;
    assert_true(runtime_deliver(h->r, &m));
    runtime_step(h->r);
    assert_int_equal(h->handled, 0);
    assert_int_equal(h->reports[REPORT_UNSEALED], 1);
}

static void test_seal__given_what_one_host_sends_then_another_takes_it(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_deliver(h, (fake_envelope){.number = 1, .other = expire});
    runtime_step(h->r);
    assert_int_equal(h->handled, 1);
    subject inbox = fake_inbox(h, 1);
    uint32_t taken = 0;
    for (uint32_t i = 0; i < h->sent_count; i++) {
        const fake_sent *s = &h->sent[i];
        if (strcmp(s->to, inbox.text) != 0)
            continue;
        assert_int_equal(seal_read(&fake_seals, &h->actors[1].ref, s->bytes, s->bytes_count),
                         SEAL_GOOD);
        assert_int_equal(seal_read(&fake_seals, &h->actors[2].ref, s->bytes, s->bytes_count),
                         SEAL_WRONG);
        taken++;
    }
    assert_int_equal(taken, 1);
}

// What stays inside a host is not looked at: performers have no key, and need none.
static void test_seal__given_a_message_of_this_process_then_asks_for_none(void **state)
{
    fake_host *h = *state;
    fake_open(h, 1);
    uint8_t bytes[4096];
    fake_envelope e = {.actor = 1, .other = expire, .unsealed = true};
    uint32_t count = fake_pack(&e, bytes);
    inbound m = {.to = h->actors[1].ref,
                 .local = true,
                 .data = memcpy(malloc(count), bytes, count),
                 .data_bytes = count,
                 .release = fake_release};
    m.owner = (void *)(uintptr_t)m.data;
    assert_true(runtime_deliver(h->r, &m));
    runtime_step(h->r);
    assert_int_equal(h->handled, 1);
    assert_int_equal(h->reports[REPORT_UNSEALED], 0);
}

static void test_seal__given_nobody_who_waits_then_answers_nobody(void **state)
{
    fake_host *h = *state;
    fake_open(h, 0);
    fake_deliver(h,
                 (fake_envelope){
                     .number = 1, .other = expire, .unsealed = true, .reply_to = "$JS.API.INFO"});
    runtime_step(h->r);
    assert_int_equal(h->reports[REPORT_UNSEALED], 1);
    assert_int_equal(h->sent_count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_seal__given_none_where_one_is_needed_then_refuses_the_whole_message),
        TEST(test_seal__given_a_refused_message_then_its_number_is_still_new),
        TEST(test_seal__given_another_key_then_refuses),
        TEST(test_seal__given_what_one_host_sends_then_another_takes_it),
        TEST(test_seal__given_a_message_of_this_process_then_asks_for_none),
        TEST(test_seal__given_nobody_who_waits_then_answers_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
