// Read models for edges, under a read-only database role: listings, details, plans, reservations,
// tickets, payments and the snapshot a seat map starts from. Nothing here decides on a seat.
// A read_pool is a few connections that any thread may borrow for one call: each function takes a
// free one (waiting at most wait_ms), makes one round trip and gives it back. Connections are made
// when needed, and made again once when one turns out to be dead.
// Results: STORE_OK; STORE_REFUSED: the arguments are out of bounds; STORE_UNKNOWN: the database is
// away, too slow, or every connection stayed busy. Outputs are untouched unless STORE_OK.
// Times: microseconds since 1970 on the database's clock. Money: minor units.
#ifndef CAVEA_STORE_READ_H
#define CAVEA_STORE_READ_H

#include "store/store.h"

enum {
    READ_CONNECTIONS_MAX = 64,
    READ_FILTER_BYTES_MAX = 200,
    READ_EVENTS_MAX = 200,
    READ_CURRENCIES_MAX = 64,
    READ_TICKETS_MAX = 256,
    READ_RESERVATIONS_MAX = 50,
    READ_RESERVATIONS_WITH_MAX = 20,
};

typedef struct read_pool read_pool;

typedef struct read_options {
    const char *url;
    uint32_t connections;     // 1 to READ_CONNECTIONS_MAX
    int wait_ms;              // for a free connection; 0: 500
    int statement_timeout_ms; // 0: 2000
} read_options;

read_pool *read_open(const read_options *options); // NULL: memory is out, or no such number
// No call may be under way. NULL is nothing.
void read_close(read_pool *pool);
// Copies why the last failed call of any thread failed, one line.
void read_error(read_pool *pool, char *ret_text, size_t text_bytes);

// Whether the database answers: its clock.
MUST_CHECK store_result read_now(read_pool *pool, int64_t *ret_now_us);

// --- events -----------------------------------------------------------------------------------
typedef struct event_filter {
    const char *text;            // part of the event's, venue's or city's name; NULL: any
    const char *city, *category; // whole, in any case; NULL: any
    int64_t from_us, to_us;      // starts_at in [from, to); 0: open
    int64_t price_max_minor;     // has a seat at most this dear; negative: any
    const char *currency;        // in which it is sold, in any case; NULL: any
    uint32_t limit;              // 1 to READ_EVENTS_MAX
    bool has_after;              // continue behind this place of the order (starts_at, id)
    int64_t after_starts_us;
    event_id after_id;
} event_filter;

// Texts belong to what the row came with and are never NULL.
typedef struct event_row {
    event_id id;
    uint32_t tag;
    const char *name, *category;
    uuid venue_id;
    const char *venue_name, *city, *country, *time_zone;
    int64_t starts_us, sale_starts_us;
    int16_t status;         // as it is now: a scheduled event whose sale has begun is on sale
    int32_t seats, claimed; // sellable; of those held or sold
    int64_t price_min_minor, price_max_minor;
    char currency[4];
    int16_t currency_exponent;
} event_row;

typedef struct event_page {
    event_row *rows;
    uint32_t count;
    bool more; // there are rows behind the last
    void *memory;
} event_page;
void event_page_done(event_page *page);
MUST_CHECK store_result read_events(read_pool *pool, const event_filter *filter,
                                    event_page *ret_page);

// In which events are sold, the commonest first.
typedef struct currency_row {
    char code[4];
    int16_t exponent; // of its minor unit
} currency_row;
MUST_CHECK store_result read_currencies(read_pool *pool,
                                        currency_row ret_rows[static READ_CURRENCIES_MAX],
                                        uint32_t *ret_count);

typedef struct event_detail {
    event_row row;
    const char *description;
    uuid organizer_id;
    const char *organizer_name;
    uuid production_id; // zero: none
    const char *production_name;
    digest32 plan_hash;
    int32_t hold_seconds;
    refund_policy refunds; // of confirmed reservations, by the time to starts_us
    int64_t price_minor[CATEGORIES_PER_PLAN_MAX]; // by category of the plan
    uint32_t prices_count;
    void *memory;
} event_detail;
void event_detail_done(event_detail *detail);
MUST_CHECK store_result read_event(read_pool *pool, const event_id *id, event_detail *ret_detail,
                                   bool *ret_found);
// Which event ids with this tag belong to; the answer never changes once there is one.
MUST_CHECK store_result read_event_by_tag(read_pool *pool, uint32_t tag, event_id *ret_id,
                                          bool *ret_found);

// --- plans ------------------------------------------------------------------------------------
typedef struct plan_bytes {
    const uint8_t *data;
    size_t bytes;
    void *memory;
} plan_bytes;
void plan_bytes_done(plan_bytes *b);
MUST_CHECK store_result read_plan_layout(read_pool *pool, const digest32 *hash,
                                         plan_bytes *ret_bytes, bool *ret_found);
MUST_CHECK store_result read_plan_packed(read_pool *pool, const digest32 *hash,
                                         plan_bytes *ret_bytes, bool *ret_found);

// --- one buyer's things -------------------------------------------------------------------------
// The caller checks whose they are.
MUST_CHECK store_result read_reservation(read_pool *pool, const event_id *event,
                                         const reservation_id *id, event_image_reservation *ret_row,
                                         bool *ret_found);
typedef struct reservation_view {
    event_id event;
    event_image_reservation row;
} reservation_view;
typedef struct reservation_page {
    reservation_view *rows; // newest first
    uint32_t count;
    bool more; // there are older ones behind the last
} reservation_page;
void reservation_page_done(reservation_page *page);
// Those whose payment was begun are found by their buyer, any others by their ids only: nothing
// that is merely held is in an index of buyers, which would be work on the way of every
// reservation.
typedef struct reservation_filter {
    const reservation_id *before; // older than this; NULL: from the newest
    uint32_t limit;               // 1 to READ_RESERVATIONS_MAX
    const reservation_id *with;   // these, too, whether paid for or not
    uint32_t with_count;          // at most READ_RESERVATIONS_WITH_MAX
} reservation_filter;
// A buyer's, of all events. Of an id of somebody else's nothing is found.
MUST_CHECK store_result read_reservations(read_pool *pool, const buyer_id *buyer,
                                          const reservation_filter *filter,
                                          reservation_page *ret_page);
MUST_CHECK store_result read_payment(read_pool *pool, const event_id *event, const payment_id *id,
                                     payment_row *ret_row, bool *ret_found);

typedef struct ticket_view {
    ticket_id id;
    reservation_id reservation;
    int32_t seat;
    int16_t state;
    const char *key_id, *jws, *compact; // "" when it was revoked before it was signed
    int64_t issued_us;
} ticket_view;
typedef struct ticket_page {
    ticket_view *rows; // by id
    uint32_t count;
    void *memory;
} ticket_page;
void ticket_page_done(ticket_page *page);
// Those of the ids that exist; at most READ_TICKETS_MAX.
MUST_CHECK store_result read_tickets(read_pool *pool, const event_id *event, const ticket_id *ids,
                                     uint32_t ids_count, ticket_page *ret_page);

// --- seats --------------------------------------------------------------------------------------
// One moment of an event's seats: all facts up to version, and none after it.
typedef struct seat_snapshot {
    uint64_t version; // the event actor's last fact; 0: nothing happened yet
    int16_t status;   // as it is now
    int64_t sale_starts_us;
    int64_t database_now_us;
    uint32_t *claimed; // seat index * 4 + seat_state (held or sold), in no order
    uint32_t claimed_count;
} seat_snapshot;
void seat_snapshot_done(seat_snapshot *snapshot);
MUST_CHECK store_result read_seats(read_pool *pool, const event_id *event,
                                   seat_snapshot *ret_snapshot, bool *ret_found);

#endif
