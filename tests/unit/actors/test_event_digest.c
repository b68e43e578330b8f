// The digest of a house tells any two different houses apart, and no two equal ones.
#include "actors/event/event.h"
#include "schemas/digest.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { SEATS = 8, DIGESTS_MAX = 32 };

typedef struct row {
    event_reservation r;
    event_keys keys;
} row;

static uuid id_of(uint8_t n)
{
    return (uuid){{[7] = 0x70, [8] = n, [15] = n}};
}

static row row_of(uint8_t n, uint32_t first_seat)
{
    return (row){
        .r = {.id = {id_of(n)},
              .buyer = {id_of(0x20)},
              .payment = {id_of(0x30)},
              .expires_us = 1000,
              .state = RESERVATION_HELD,
              .seats_count = 2,
              .seats = {first_seat, first_seat + 1},
              .price_minor = {2500, 3500}},
        .keys = {.key_hash = {{1, n}},
                 .body_hash = {{2}},
                 .checkout_key = {{3, n}},
                 .checkout_body = {{4}}},
    };
}

static digest32 digest_of(event_status status, const row *rows, uint32_t rows_count)
{
    static const uint16_t section[SEATS];
    static const uint8_t category[SEATS], flags[SEATS];
    event_config config = {.status = status, .hold_us = 1};
    event_seats seats = {SEATS, section, category, flags, NULL};
    event_state *s = event_state_new(&config, &seats);
    assert_non_null(s);
    for (uint32_t i = 0; i < rows_count; i++) {
        assert_true(event_make_room(s, 1, 0));
        assert_true(event_restore(s, &rows[i].r, &rows[i].keys));
    }
    digest32 digest = event_digest(s);
    event_state_free(s);
    return digest;
}

static void test_event_digest__given_any_difference_then_differs(void **state)
{
    (void)state;
    digest32 digests[DIGESTS_MAX];
    uint32_t count = 0;
    row good = row_of(1, 2), changed[16];
    uint32_t n = 0;
    for (; n < 16; n++)
        changed[n] = good;
    changed[0].r.id.u = id_of(9);
    changed[1].r.buyer.u = id_of(9);
    changed[2].r.payment.u = id_of(9);
    changed[3].r.expires_us++;
    changed[4].r.state = RESERVATION_CONFIRMED;
    changed[5].r.seats_count = 1;
    changed[6].r.seats[1] = 5;
    changed[7].r.price_minor[0]++;
    changed[8].r.price_minor[1]--;
    changed[9].keys.key_hash.bytes[1]++;
    changed[10].keys.body_hash.bytes[7]++;
    changed[11].keys.checkout_key.bytes[0]++;
    changed[12].keys.checkout_body.bytes[0]++;
    changed[13].r.seats[0] = 3; // the same seats in another order
    changed[13].r.seats[1] = 2;
    changed[14].r.outcome = PAYMENT_SENT_BACK;
    changed[15].r.other_seats = true;
    digests[count++] = digest_of(EVENT_ON_SALE, NULL, 0);
    digests[count++] = digest_of(EVENT_PAUSED, NULL, 0);
    digests[count++] = digest_of(EVENT_ON_SALE, &good, 1);
    for (uint32_t i = 0; i < n; i++)
        digests[count++] = digest_of(EVENT_ON_SALE, &changed[i], 1);
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < i; k++)
            if (digest32_equal(&digests[i], &digests[k]))
                fail_msg("digests %u and %u are equal", k, i);
}

static void test_event_digest__given_another_order_or_ended_ones_then_equal(void **state)
{
    (void)state;
    row one[] = {row_of(1, 0), row_of(2, 2), row_of(3, 4)};
    row two[] = {row_of(4, 2), one[2], one[0], row_of(5, 0), one[1]};
    two[0].r.state = RESERVATION_EXPIRED;
    two[3].r.state = RESERVATION_REFUNDED;
    digest32 a = digest_of(EVENT_ON_SALE, one, 3), b = digest_of(EVENT_ON_SALE, two, 5);
    assert_true(digest32_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_digest__given_any_difference_then_differs),
        cmocka_unit_test(test_event_digest__given_another_order_or_ended_ones_then_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
