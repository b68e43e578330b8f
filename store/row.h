// Columns of tables that several statements read, and how they become the structs of store.h and
// journal.h. Also the pieces of SQL that find rows by the time in their ids. Pure; any thread.
#ifndef CAVEA_STORE_ROW_H
#define CAVEA_STORE_ROW_H

#include "store/column.h"
#include "store/store.h"

// Of table reservation under the name r, and of table payment under the name p.
#define ROW_RESERVATION                                                                            \
    "r.id, r.buyer_id, r.state, r.key_hash, r.body_hash, r.checkout_key, r.checkout_body,"         \
    " r.payment_id, r.created_at, r.expires_at, r.total_minor, r.seats, r.price_minor,"            \
    " coalesce(r.other_seats, false), coalesce(r.outcome, 0::int2),"                               \
    " coalesce(r.refund_minor, 0::int8)"
#define ROW_PAYMENT                                                                                \
    "p.event_id, p.id, p.reservation_id, p.buyer_id, p.state, p.amount_minor, p.captured_minor,"   \
    " p.refunded_minor, p.currency, p.intent_id, p.client_secret, p.pay_url, p.refund_id,"         \
    " p.refund_number, p.created_at, p.changed_at, p.refund_minor, p.kept_minor, p.fee_bp, "       \
    "p.tax_bp"

// What anybody is told an event's status is: a scheduled one is on sale once its sale has begun,
// and none is once the event itself has. Of table event under the name e.
#define ROW_EVENT_STATUS                                                                           \
    "CASE WHEN e.status <= 3 AND e.starts_at <= now() THEN 4::int2"                                \
    " WHEN e.status = 1 AND e.sale_starts_at <= now() THEN 2::int2 ELSE e.status END"

// refund_before_seconds and refund_percent of table event, two columns from `column` on.
refund_policy row_refunds(const PGresult *rows, int row, int column);
event_image_reservation row_reservation(const PGresult *rows, int row);
void row_payment(const PGresult *rows, int row, payment_row *ret_row);

// A seat in the whole catalogue (table seat_claim); those of an event are one range. A key that is
// no seat's would be another event's, so it aborts.
static inline int64_t row_seat_key(uint32_t event_tag, int32_t seat)
{
    assert(seat >= 0 && seat < SEATS_PER_EVENT_MAX);
    return (int64_t)event_tag * SEATS_PER_EVENT_MAX + seat;
}
_Static_assert(SEATS_PER_EVENT_MAX == 1 << 16, "seat_key in store/migrations");

// The smallest id of a moment (schemas/id.h, uuid_v7_floor); time is an SQL expression that stays
// the same throughout a statement.
#define ROW_ID_FLOOR(time)                                                                         \
    "(lpad(to_hex((extract(epoch FROM " time ") * 1000)::int8), 12, '0')"                          \
    " || '00000000000000000000')::uuid"

// Young is what is younger than a day. No hold and no checkout lasts nearly as long, so what is
// held is young; and what is young is small, whatever was sold before.
#define ROW_YOUNG "interval '1 day'"
#define ROW_YOUNG_ID ROW_ID_FLOOR("now() - " ROW_YOUNG)

#endif
