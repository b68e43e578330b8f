// The event actor's messages: every fact comes back as it was, and nothing with a wrong length or
// number is taken.
#include "actors/event/codec.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>

#define START_US (INT64_C(1800000000) * 1000000)

static uuid id_of(uint8_t n)
{
    uuid id;
    memset(id.bytes, n, sizeof id.bytes);
    return id;
}

static const event_fact_type fact_types[] = {
    EVENT_FACT_HELD,      EVENT_FACT_ENDED,           EVENT_FACT_CHECKOUT_STARTED,
    EVENT_FACT_CONFIRMED, EVENT_FACT_PAYMENT_REFUSED, EVENT_FACT_STATUS_CHANGED};
enum { FACT_TYPES = sizeof fact_types / sizeof *fact_types };

static void seats_fill(event_fact *f)
{
    f->seats_count = SEATS_PER_RESERVATION_MAX;
    for (uint32_t i = 0; i < f->seats_count; i++)
        f->seats[i] = SEATS_PER_EVENT_MAX - 1 - i;
}

// A fact of each kind with everything that it carries, and nothing else.
static event_fact fact_of(event_fact_type type)
{
    event_fact f = {.type = type, .at_us = START_US};
    if (type != EVENT_FACT_STATUS_CHANGED)
        f.reservation.u = id_of(1);
    if (type == EVENT_FACT_CHECKOUT_STARTED || type == EVENT_FACT_CONFIRMED ||
        type == EVENT_FACT_PAYMENT_REFUSED || type == EVENT_FACT_ENDED)
        f.payment.u = id_of(2);
    if (type == EVENT_FACT_HELD || type == EVENT_FACT_CHECKOUT_STARTED) {
        memset(&f.key_hash, 3, sizeof f.key_hash);
        memset(&f.body_hash, 4, sizeof f.body_hash);
        f.expires_us = START_US + 600000000;
    }
    if (type == EVENT_FACT_HELD || type == EVENT_FACT_CHECKOUT_STARTED ||
        type == EVENT_FACT_CONFIRMED)
        f.buyer.u = id_of(5);
    if (type == EVENT_FACT_HELD || type == EVENT_FACT_ENDED || type == EVENT_FACT_CONFIRMED)
        seats_fill(&f);
    if (type == EVENT_FACT_HELD)
        for (uint32_t i = 0; i < f.seats_count; i++)
            f.price_minor[i] = INT64_MAX - i;
    if (type == EVENT_FACT_CHECKOUT_STARTED) {
        f.amount_minor = INT64_MAX;
        f.other_seats = true;
        memcpy(f.currency, "EUR", 4);
    }
    if (type == EVENT_FACT_ENDED) {
        f.state = RESERVATION_REFUNDED;
        f.refund_minor = INT64_MAX;
        f.reason = ERROR_EVENT_CANCELLED;
    }
    if (type == EVENT_FACT_CONFIRMED) {
        f.outcome = PAYMENT_OTHER_SEATS;
        f.fee_bp = 500;
        f.tax_bp = 9500;
    }
    if (type == EVENT_FACT_PAYMENT_REFUSED)
        f.reason = ERROR_AMOUNT_MISMATCH;
    if (type == EVENT_FACT_STATUS_CHANGED)
        f.status = EVENT_CANCELLED;
    return f;
}

static size_t pack(const ProtobufCMessage *m, uint8_t ret_payload[static 1024])
{
    assert_true(protobuf_c_message_get_packed_size(m) <= 512); // what an adapter counts with
    return protobuf_c_message_pack(m, ret_payload);
}

static bool reads(const ProtobufCMessage *m)
{
    uint8_t payload[1024];
    event_fact f;
    return event_fact_read(payload, pack(m, payload), NULL, &f);
}

static void test_event_fact__given_each_kind_then_comes_back(void **state)
{
    (void)state;
    for (int i = 0; i < FACT_TYPES; i++) {
        uint8_t payload[1024];
        event_fact_message storage;
        event_fact f = fact_of(fact_types[i]), read;
        memset(&read, 0xee, sizeof read);
        size_t bytes = pack(event_fact_write(&f, &storage), payload);
        assert_true(event_fact_read(payload, bytes, NULL, &read));
        assert_memory_equal(&read, &f, sizeof f);
    }
}

// Bytes fields of a message get every wrong length; then it must not be readable.
static void lengths_spoil(ProtobufCMessage *part, const ProtobufCMessage *whole,
                          bool (*readable)(const ProtobufCMessage *))
{
    static uint8_t bytes[17] = {9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9};
    static const size_t lengths[] = {0, 1, 15, 17};
    for (unsigned n = 0; n < part->descriptor->n_fields; n++) {
        const ProtobufCFieldDescriptor *field = &part->descriptor->fields[n];
        if (field->type != PROTOBUF_C_TYPE_BYTES)
            continue;
        ProtobufCBinaryData *data = (ProtobufCBinaryData *)((uint8_t *)part + field->offset);
        ProtobufCBinaryData good = *data;
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            if (lengths[i] == 0 && part->descriptor == &cavea__v1__reservation_ended__descriptor &&
                strcmp(field->name, "payment_id") == 0)
                continue; // most had no payment
            *data = (ProtobufCBinaryData){lengths[i], bytes};
            assert_false(readable(whole));
        }
        *data = good;
        assert_true(readable(whole));
    }
}

static void test_event_fact_read__given_ids_of_other_lengths_then_refuses(void **state)
{
    (void)state;
    for (int i = 0; i < FACT_TYPES; i++) {
        event_fact_message storage;
        event_fact f = fact_of(fact_types[i]);
        const ProtobufCMessage *m = event_fact_write(&f, &storage);
        lengths_spoil((ProtobufCMessage *)&storage.held, m, reads); // whichever of the union it is
    }
}

static void test_event_fact_read__given_numbers_out_of_range_then_refuses(void **state)
{
    (void)state;
    event_fact_message storage;
    event_fact f = fact_of(EVENT_FACT_ENDED);
    const ProtobufCMessage *m = event_fact_write(&f, &storage);
    static const uint32_t states[] = {0, RESERVATION_HELD, RESERVATION_CONFIRMED,
                                      RESERVATION_STATES_END, UINT32_MAX};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        storage.ended.state = states[i];
        assert_false(reads(m));
    }
    storage.ended.state = RESERVATION_REFUNDED;
    storage.ended.refund_minor = -1;
    assert_false(reads(m));
    f = fact_of(EVENT_FACT_CONFIRMED);
    m = event_fact_write(&f, &storage);
    storage.confirmed.outcome = PAYMENT_SENT_BACK; // that is no confirmation
    assert_false(reads(m));
    storage.confirmed.outcome = UINT32_MAX;
    assert_false(reads(m));
    f = fact_of(EVENT_FACT_STATUS_CHANGED);
    m = event_fact_write(&f, &storage);
    static const int statuses[] = {0, EVENT_CANCELLED + 1, -1};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        storage.status.status = (Cavea__V1__EventStatus)statuses[i];
        assert_false(reads(m));
    }
    f = fact_of(EVENT_FACT_HELD);
    m = event_fact_write(&f, &storage);
    storage.held.n_price_minor--;
    assert_false(reads(m));
    storage.held.n_price_minor = storage.held.n_seats = 0;
    assert_false(reads(m));
    uint32_t seats[SEATS_PER_RESERVATION_MAX + 1] = {0};
    int64_t prices[SEATS_PER_RESERVATION_MAX + 1] = {0};
    storage.held.n_price_minor = storage.held.n_seats = SEATS_PER_RESERVATION_MAX + 1;
    storage.held.seats = seats;
    storage.held.price_minor = prices;
    assert_false(reads(m));
}

static void read_any(const uint8_t *payload, size_t payload_bytes)
{
    event_fact f;
    if (event_fact_read(payload, payload_bytes, NULL, &f))
        assert_true(f.seats_count <= SEATS_PER_RESERVATION_MAX && f.type >= EVENT_FACT_HELD &&
                    f.type <= EVENT_FACT_MESSAGE_REJECTED);
}

static void test_event_fact_read__given_other_bytes_then_refuses_or_reads(void **state)
{
    (void)state;
    uint64_t random = 1;
    event_fact read;
    assert_false(event_fact_read(NULL, 0, NULL, &read)); // no body
    for (int i = 0; i < FACT_TYPES; i++) {
        uint8_t payload[1024], spoilt[1024];
        event_fact_message storage;
        event_fact f = fact_of(fact_types[i]);
        size_t bytes = pack(event_fact_write(&f, &storage), payload);
        for (size_t cut = 0; cut < bytes; cut++)
            read_any(payload, cut);
        for (int tries = 0; tries < 3000; tries++) {
            memcpy(spoilt, payload, bytes);
            for (int k = 0; k < 3; k++) {
                random = random * 6364136223846793005u + 1442695040888963407u;
                spoilt[(random >> 33) % bytes] = (uint8_t)(random >> 25);
            }
            read_any(spoilt, bytes);
        }
    }
}

static error_code command_error;
static event_command command_found;

static bool command_reads(const ProtobufCMessage *m)
{
    command_error = event_command_read((const Cavea__V1__Command *)m, &command_found);
    assert_true(command_error == ERROR_NONE || command_error == ERROR_MALFORMED ||
                command_error == ERROR_SEATS_TOO_MANY);
    return command_error == ERROR_NONE;
}

static ProtobufCBinaryData bytes_of(uint8_t n)
{
    static uint8_t bytes[16][16];
    memset(bytes[n], n, sizeof bytes[n]);
    return (ProtobufCBinaryData){sizeof bytes[n], bytes[n]};
}

static bool is(const void *id, uint8_t n)
{
    return memcmp(id, bytes_of(n).data, 16) == 0;
}

static void test_event_command_read__given_a_reserve_then_its_id_is_the_reservation(void **state)
{
    (void)state;
    uint32_t seats[SEATS_PER_RESERVATION_MAX + 1] = {7, 6, 5};
    Cavea__V1__Reserve m = CAVEA__V1__RESERVE__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    m.buyer_id = bytes_of(1);
    m.key_hash = bytes_of(2);
    m.body_hash = bytes_of(3);
    m.n_seats = 3;
    m.seats = seats;
    command.id = bytes_of(4);
    command.body_case = CAVEA__V1__COMMAND__BODY_RESERVE;
    command.reserve = &m;
    assert_true(command_reads(&command.base));
    assert_int_equal(command_found.type, EVENT_COMMAND_RESERVE);
    assert_true(is(&command_found.reservation, 4) && is(&command_found.buyer, 1));
    assert_true(is(&command_found.key_hash, 2) && is(&command_found.body_hash, 3));
    assert_int_equal(command_found.seats_count, 3);
    assert_memory_equal(command_found.seats, seats, 3 * sizeof *seats);
    lengths_spoil(&m.base, &command.base, command_reads);
    lengths_spoil(&command.base, &command.base, command_reads);
    m.n_seats = SEATS_PER_RESERVATION_MAX;
    assert_true(command_reads(&command.base));
    m.n_seats = SEATS_PER_RESERVATION_MAX + 1;
    assert_false(command_reads(&command.base));
    assert_int_equal(command_error, ERROR_SEATS_TOO_MANY);
    m.n_seats = 0; // the core refuses it
    m.seats = NULL;
    assert_true(command_reads(&command.base));
}

static void test_event_command_read__given_a_cancel_or_expire_then_reads_it(void **state)
{
    (void)state;
    Cavea__V1__Cancel cancel = CAVEA__V1__CANCEL__INIT;
    Cavea__V1__Expire expire = CAVEA__V1__EXPIRE__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    cancel.reservation_id = expire.reservation_id = bytes_of(1);
    cancel.buyer_id = bytes_of(2);
    command.body_case = CAVEA__V1__COMMAND__BODY_CANCEL;
    command.cancel = &cancel;
    assert_true(command_reads(&command.base));
    assert_int_equal(command_found.type, EVENT_COMMAND_CANCEL);
    assert_true(is(&command_found.reservation, 1) && is(&command_found.buyer, 2));
    lengths_spoil(&cancel.base, &command.base, command_reads);
    command.body_case = CAVEA__V1__COMMAND__BODY_EXPIRE;
    command.expire = &expire;
    assert_true(command_reads(&command.base));
    assert_int_equal(command_found.type, EVENT_COMMAND_EXPIRE);
    assert_true(is(&command_found.reservation, 1));
    lengths_spoil(&expire.base, &command.base, command_reads);
}

static void test_event_command_read__given_a_checkout_then_reads_it(void **state)
{
    (void)state;
    Cavea__V1__Checkout m = CAVEA__V1__CHECKOUT__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    m.reservation_id = bytes_of(1);
    m.buyer_id = bytes_of(2);
    m.key_hash = bytes_of(3);
    m.body_hash = bytes_of(4);
    m.payment_id = bytes_of(5);
    command.body_case = CAVEA__V1__COMMAND__BODY_CHECKOUT;
    command.checkout = &m;
    assert_true(command_reads(&command.base));
    assert_int_equal(command_found.type, EVENT_COMMAND_CHECKOUT);
    assert_true(is(&command_found.reservation, 1) && is(&command_found.buyer, 2));
    assert_true(is(&command_found.key_hash, 3) && is(&command_found.body_hash, 4));
    assert_true(is(&command_found.payment, 5));
    assert_false(command_found.other_seats);
    m.other_seats = true;
    assert_true(command_reads(&command.base));
    assert_true(command_found.other_seats);
    lengths_spoil(&m.base, &command.base, command_reads);
    m.payment_id = bytes_of(0); // zero is no payment
    assert_false(command_reads(&command.base));
}

static void test_event_command_read__given_a_payment_or_release_then_reads_it(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "EU", "EURO", "eur", "EU1"};
    Cavea__V1__PaymentCaptured captured = CAVEA__V1__PAYMENT_CAPTURED__INIT;
    Cavea__V1__ReservationRelease release = CAVEA__V1__RESERVATION_RELEASE__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    captured.reservation_id = release.reservation_id = bytes_of(1);
    captured.payment_id = release.payment_id = bytes_of(2);
    captured.amount_minor = 4500;
    captured.currency = (char *)(uintptr_t) "EUR";
    command.body_case = CAVEA__V1__COMMAND__BODY_PAYMENT_CAPTURED;
    command.payment_captured = &captured;
    assert_true(command_reads(&command.base));
    assert_int_equal(command_found.type, EVENT_COMMAND_PAYMENT_CAPTURED);
    assert_true(is(&command_found.reservation, 1) && is(&command_found.payment, 2));
    assert_int_equal(command_found.amount_minor, 4500);
    assert_string_equal(command_found.currency, "EUR");
    lengths_spoil(&captured.base, &command.base, command_reads);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        captured.currency = (char *)(uintptr_t)bad[i];
        assert_false(command_reads(&command.base));
    }
    command.body_case = CAVEA__V1__COMMAND__BODY_RESERVATION_RELEASE;
    command.reservation_release = &release;
    assert_true(command_reads(&command.base));
    assert_int_equal(command_found.type, EVENT_COMMAND_RELEASE);
    assert_true(is(&command_found.reservation, 1) && is(&command_found.payment, 2));
    lengths_spoil(&release.base, &command.base, command_reads);
}

static void test_event_command_read__given_refunds_then_reads_them(void **state)
{
    (void)state;
    Cavea__V1__CancelConfirmed cancel = CAVEA__V1__CANCEL_CONFIRMED__INIT;
    Cavea__V1__RefundAll all = CAVEA__V1__REFUND_ALL__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    cancel.reservation_id = bytes_of(1);
    cancel.buyer_id = bytes_of(2);
    cancel.refund_minor = 1250;
    command.body_case = CAVEA__V1__COMMAND__BODY_CANCEL_CONFIRMED;
    command.cancel_confirmed = &cancel;
    assert_true(command_reads(&command.base));
    assert_int_equal(command_found.type, EVENT_COMMAND_CANCEL_CONFIRMED);
    assert_true(is(&command_found.reservation, 1) && is(&command_found.buyer, 2));
    assert_int_equal(command_found.amount_minor, 1250);
    lengths_spoil(&cancel.base, &command.base, command_reads);
    command.body_case = CAVEA__V1__COMMAND__BODY_REFUND_ALL;
    command.refund_all = &all;
    assert_false(command_reads(&command.base)); // none at all would never end
    all.limit = 7;
    assert_true(command_reads(&command.base));
    assert_int_equal(command_found.type, EVENT_COMMAND_REFUND_ALL);
    assert_int_equal(command_found.limit, 7);
    all.limit = UINT32_MAX;
    assert_true(command_reads(&command.base));
    assert_int_equal(command_found.limit, REFUND_ALL_MAX);
}

static void test_event_command_read__given_statuses_then_reads_the_real_ones(void **state)
{
    (void)state;
    Cavea__V1__EventStatusSet m = CAVEA__V1__EVENT_STATUS_SET__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    command.body_case = CAVEA__V1__COMMAND__BODY_EVENT_STATUS_SET;
    command.event_status_set = &m;
    for (int status = -1; status <= EVENT_CANCELLED + 1; status++) {
        m.status = (Cavea__V1__EventStatus)status;
        bool real = status >= EVENT_SCHEDULED && status <= EVENT_CANCELLED;
        assert_int_equal(command_reads(&command.base), real);
        if (real)
            assert_int_equal(command_found.status, status);
    }
}

static void test_event_command_read__given_other_actors_commands_then_refuses(void **state)
{
    (void)state;
    Cavea__V1__PaymentStart start = CAVEA__V1__PAYMENT_START__INIT;
    Cavea__V1__DeadlinesNote note = CAVEA__V1__DEADLINES_NOTE__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    assert_false(command_reads(&command.base));
    command.body_case = CAVEA__V1__COMMAND__BODY_PAYMENT_START;
    command.payment_start = &start;
    assert_false(command_reads(&command.base));
    command.body_case = CAVEA__V1__COMMAND__BODY_DEADLINES_NOTE;
    command.deadlines_note = &note;
    assert_false(command_reads(&command.base));
}

static void test_event_view_write__given_a_reservation_then_says_all_of_it(void **state)
{
    (void)state;
    event_reservation r = {.id = {uuid_v7_floor(START_US / 1000)},
                           .buyer = {id_of(2)},
                           .expires_us = 5,
                           .total_minor = 6000,
                           .state = RESERVATION_HELD,
                           .seats_count = 2,
                           .seats = {8, 7},
                           .price_minor = {2500, 3500}};
    Cavea__V1__ReservationView v;
    event_view_write(&r, false, &v);
    assert_int_equal(v.created_at_us, START_US);
    assert_int_equal(v.expires_at_us, 5);
    assert_int_equal(v.state, RESERVATION_HELD);
    assert_int_equal(v.total_minor, 6000);
    assert_true(v.n_seats == 2 && v.seats[0] == 8 && v.n_price_minor == 2);
    assert_int_equal(v.price_minor[1], 3500);
    assert_int_equal(v.payment_id.len, 0);
    assert_false(v.replayed);
    assert_int_equal(v.outcome, 0);
    r.payment.u = id_of(3);
    r.outcome = PAYMENT_SAME_SEATS;
    r.refund_minor = 1250;
    event_view_write(&r, true, &v);
    assert_int_equal(v.outcome, PAYMENT_SAME_SEATS);
    assert_int_equal(v.refund_minor, 1250);
    assert_int_equal(v.payment_id.len, 16);
    assert_true(v.replayed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_fact__given_each_kind_then_comes_back),
        cmocka_unit_test(test_event_fact_read__given_ids_of_other_lengths_then_refuses),
        cmocka_unit_test(test_event_fact_read__given_numbers_out_of_range_then_refuses),
        cmocka_unit_test(test_event_fact_read__given_other_bytes_then_refuses_or_reads),
        cmocka_unit_test(test_event_command_read__given_a_reserve_then_its_id_is_the_reservation),
        cmocka_unit_test(test_event_command_read__given_a_cancel_or_expire_then_reads_it),
        cmocka_unit_test(test_event_command_read__given_a_checkout_then_reads_it),
        cmocka_unit_test(test_event_command_read__given_a_payment_or_release_then_reads_it),
        cmocka_unit_test(test_event_command_read__given_refunds_then_reads_them),
        cmocka_unit_test(test_event_command_read__given_statuses_then_reads_the_real_ones),
        cmocka_unit_test(test_event_command_read__given_other_actors_commands_then_refuses),
        cmocka_unit_test(test_event_view_write__given_a_reservation_then_says_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
