#include "store/row.h"

refund_policy row_refunds(const PGresult *rows, int row, int column)
{
    refund_policy p = {0};
    p.steps = column_int4_array(rows, row, column, p.before_seconds, REFUND_STEPS_MAX);
    uint32_t percents = column_int2_array(rows, row, column + 1, p.percent, REFUND_STEPS_MAX);
    assert(percents == p.steps);
    return p;
}

event_image_reservation row_reservation(const PGresult *rows, int row)
{
    event_image_reservation r = {.id = {column_uuid(rows, row, 0)},
                                 .buyer = {column_uuid(rows, row, 1)},
                                 .state = column_int2(rows, row, 2),
                                 .key_hash = column_digest16(rows, row, 3),
                                 .body_hash = column_digest16(rows, row, 4),
                                 .checkout_key = column_digest16(rows, row, 5),
                                 .checkout_body = column_digest16(rows, row, 6),
                                 .payment = {column_uuid(rows, row, 7)},
                                 .created_us = column_time(rows, row, 8),
                                 .expires_us = column_time(rows, row, 9),
                                 .total_minor = column_int8(rows, row, 10),
                                 .refund_minor = column_int8(rows, row, 15),
                                 .outcome = column_int2(rows, row, 14),
                                 .other_seats = column_bool(rows, row, 13)};
    uint32_t seats = column_int4_array(rows, row, 11, r.seats, SEATS_PER_RESERVATION_MAX);
    uint32_t prices = column_int8_array(rows, row, 12, r.price_minor, SEATS_PER_RESERVATION_MAX);
    assert(seats == prices);
    r.seats_count = (uint8_t)seats;
    return r;
}

void row_payment(const PGresult *rows, int row, payment_row *ret_row)
{
    *ret_row = (payment_row){.event = {column_uuid(rows, row, 0)},
                             .id = {column_uuid(rows, row, 1)},
                             .reservation = {column_uuid(rows, row, 2)},
                             .buyer = {column_uuid(rows, row, 3)},
                             .state = column_int2(rows, row, 4),
                             .amount_minor = column_int8(rows, row, 5),
                             .captured_minor = column_int8(rows, row, 6),
                             .refunded_minor = column_int8(rows, row, 7),
                             .refund_number = column_int2(rows, row, 13),
                             .created_us = column_time(rows, row, 14),
                             .changed_us = column_time(rows, row, 15),
                             .refund_minor = column_int8(rows, row, 16),
                             .kept_minor = column_int8(rows, row, 17),
                             .fee_bp = column_int2(rows, row, 18),
                             .tax_bp = column_int2(rows, row, 19)};
    column_copy(rows, row, 8, ret_row->currency, sizeof ret_row->currency);
    column_copy(rows, row, 9, ret_row->intent_id, sizeof ret_row->intent_id);
    column_copy(rows, row, 10, ret_row->client_secret, sizeof ret_row->client_secret);
    column_copy(rows, row, 11, ret_row->pay_url, sizeof ret_row->pay_url);
    column_copy(rows, row, 12, ret_row->refund_id, sizeof ret_row->refund_id);
}
