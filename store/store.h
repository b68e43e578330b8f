// What the actors' runtime asks of the system of record, as a port: store/ implements it over
// libpq, chaos/sim in memory. Every call blocks; each store belongs to one thread. Results:
// STORE_OK; STORE_FENCED (this host lost at least one of the actors; nothing was written);
// STORE_REFUSED (a constraint or a guard said no; nothing was written); STORE_UNKNOWN (connection
// lost, time-out, or a synchronous-replication warning: may or may not be written, acknowledge
// nothing, load again).
#ifndef CAVEA_STORE_STORE_H
#define CAVEA_STORE_STORE_H

#include "schemas/refund.h"
#include "store/journal.h"

typedef enum store_result {
    STORE_OK,
    STORE_FENCED,
    STORE_REFUSED,
    STORE_UNKNOWN,
} store_result;

// What a lease hands to its new holder.
typedef struct lease {
    actor_ref actor;
    int64_t epoch;
    int64_t incarnation, cursor;
    int64_t last_seq;
    digest32 last_hash;
    int64_t published_incarnation, published_seq;
    // The database's clock when the lease was had; not before the actor's last fact, whose host's
    // clock may have been a little fast.
    int64_t now_us;
    uint8_t *senders; // owned by the lease
    uint32_t senders_bytes;
} lease;
void lease_done(lease *l);

// The stored form of one event, enough to rebuild its actor. All memory is owned by the image.
typedef struct event_image {
    event_id id;
    int16_t status;
    int64_t sale_starts_us, starts_us;
    int32_t hold_seconds;
    refund_policy refunds;
    int16_t fee_bp, tax_bp; // of the price
    char currency[4];
    digest32 plan_hash;
    int64_t last_seq; // the last fact that this is the outcome of; 0: none yet
    digest32 last_hash;
    uint8_t *packed_plan; // NULL when the caller said it has this plan already
    uint32_t packed_plan_bytes;
    int64_t price_minor[CATEGORIES_PER_PLAN_MAX]; // by category
    uint32_t prices_count;
    struct event_image_reservation *reservations; // live or sold, and all younger than a day
    uint32_t reservations_count;
    struct payment_refusal {
        reservation_id reservation;
        payment_id payment;
    } * refusals; // PaymentRefused facts of those reservations
    uint32_t refusals_count;
} event_image;

typedef struct event_image_reservation {
    reservation_id id;
    buyer_id buyer;
    int16_t state;
    uint8_t seats_count;
    digest16 key_hash, body_hash;
    digest16 checkout_key, checkout_body; // zero: none
    payment_id payment;                   // zero: none
    int64_t created_us, expires_us, total_minor;
    int64_t refund_minor; // of a refunded one
    int16_t outcome;      // payment_outcome; 0: none yet
    bool other_seats;
    int32_t seats[SEATS_PER_RESERVATION_MAX];
    int64_t price_minor[SEATS_PER_RESERVATION_MAX];
} event_image_reservation;
void event_image_done(event_image *image);

typedef struct held_row { // one held reservation, for the expiry actor
    event_id event;
    reservation_id reservation;
    int64_t expires_us;
} held_row;

typedef struct stored_fact {
    int64_t seq;
    uint16_t kind;
    uint32_t payload_at, payload_bytes; // into bytes
    digest32 hash;
} stored_fact;
typedef struct fact_page {
    stored_fact *facts;
    uint32_t facts_count;
    uint8_t *bytes;
} fact_page;
void fact_page_done(fact_page *page);

// Work that got stuck, found by the reconciler (DESIGN.md section 3, Facts).
typedef struct stuck_row {
    enum stuck_kind {
        STUCK_PAYMENT_UNDECIDED = 1,  // captured, but neither confirmed nor refused: tell the event
        STUCK_CHECKOUT_UNSTARTED = 2, // checkout in the reservation, no payment row
        STUCK_CONFIRMED_UNTICKETED = 3,
        STUCK_HELD_OVERDUE = 4,
        STUCK_PAYMENT_OPEN = 5,  // not final after a minute: ask the provider
        STUCK_REFUND_UNSENT = 6, // refund due, sent without an end, or failed
        // The seats were given back, and their payment does not know: amount_minor is what goes
        // back.
        STUCK_REFUND_UNASKED = 7,
        STUCK_REFUND_UNREVOKED = 8, // the seats were given back, their tickets still let in
    } kind;
    event_id event;
    reservation_id reservation;
    payment_id payment;
    buyer_id buyer;
    int64_t amount_minor;
    char currency[4];
    char intent_id[72];
    // The payment's row, zero where there is none yet. amount_minor above is what was captured,
    // when anything was, else what was asked for.
    int16_t payment_state;
    int16_t refund_number;
    int64_t refund_minor; // of a payment to be refunded: how much of it
    bool is_abandoned;    // of an open payment: its reservation is not held any more
    char refund_id[72];
    int64_t changed_us;
    uint32_t seats_count;
    int32_t seats[SEATS_PER_RESERVATION_MAX];
} stuck_row;

// A payment with captured money, as the provider should know it.
typedef struct captured_row {
    payment_id id;
    event_id event;
    reservation_id reservation;
    char intent_id[72];
} captured_row;

typedef struct store_port {
    void *self;
    // One transaction for the whole journal; ret_now_us is the database's clock_timestamp().
    store_result (*commit)(void *self, const journal *j, int64_t *ret_now_us);
    // After STORE_FENCED: which of these are still held by this host with that epoch.
    store_result (*still_held)(void *self, const lease_move *moves, uint32_t count, bool *ret_held);
    // Takes the lease when it is free, released, ours, or its holder is dead or expired (and then
    // terminates the expired holder's writer backend first). *ret_taken false: a live host has it.
    store_result (*lease_take)(void *self, const actor_ref *actor, lease *ret_lease,
                               bool *ret_taken, uuid *ret_holder);
    store_result (*lease_release)(void *self, const actor_id *actor, int64_t epoch);
    store_result (*load_event)(void *self, const event_id *id, const digest32 *known_plans,
                               uint32_t known_plans_count, event_image *ret_image);
    // Payments by id, all of one event or several; missing ids are simply absent.
    store_result (*load_payments)(void *self, const payment_id *ids, uint32_t ids_count,
                                  payment_row *ret_rows, uint32_t *ret_count);
    // Up to rows_max held reservations of the partition's slots.
    store_result (*load_held)(void *self, uint32_t partition, held_row **ret_rows,
                              uint32_t *ret_count);
    store_result (*load_facts)(void *self, const actor_id *actor, int64_t after_seq,
                               uint32_t facts_max, fact_page *ret_page);
    // Work of one partition that has been stuck for at least age_ms.
    store_result (*load_stuck)(void *self, uint32_t partition, int64_t age_ms, stuck_row *ret_rows,
                               uint32_t rows_max, uint32_t *ret_count);
    // Payments with captured money whose id's time is in [from_us, to_us), in the order of (event,
    // id) behind a row of the page before (NULL: from the first). NULL in the simulator.
    store_result (*load_captured)(void *self, int64_t from_us, int64_t to_us,
                                  const captured_row *behind, captured_row *ret_rows,
                                  uint32_t rows_max, uint32_t *ret_count);
    store_result (*now)(void *self, int64_t *ret_now_us);
} store_port;

#endif
