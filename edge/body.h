// The bodies that clients send, read into plain structs and checked: form here, meaning (does the
// event have that seat?) where the event is known. Pure; any thread.
#ifndef CAVEA_EDGE_BODY_H
#define CAVEA_EDGE_BODY_H

#include "schemas/error.h"
#include "schemas/id.h"
#include "schemas/limits.h"

// `{"email": "..."}`, `{}` or nothing at all.
typedef struct session_body {
    char email[EMAIL_BYTES_MAX + 1]; // "" when there is none
} session_body;
MUST_CHECK error_code session_body_read(const char *body, size_t body_bytes,
                                        session_body *ret_body);

// `{"event_id": "...", "seats": ["...", ...]}`. NOT_FOUND when event_id is no id, SEAT_UNKNOWN when
// a seat cannot be one, SEATS_TOO_MANY beyond SEATS_PER_RESERVATION_MAX.
typedef struct reservation_body {
    event_id event;
    uint32_t seats_count;
    struct {
        char id[SEAT_ID_BYTES_MAX];
        uint8_t id_bytes;
    } seats[SEATS_PER_RESERVATION_MAX];
} reservation_body;
MUST_CHECK error_code reservation_body_read(const char *body, size_t body_bytes,
                                            reservation_body *ret_body);

// Nothing, or a JSON object: `{"other_seats": true}` takes equal or better seats side by side,
// should the money come when these are gone.
typedef struct checkout_body {
    bool other_seats;
} checkout_body;
MUST_CHECK error_code checkout_body_read(const char *body, size_t body_bytes,
                                         checkout_body *ret_body);

// `{"refund_minor": N}`: what the buyer was shown, not negative.
typedef struct cancellation_body {
    int64_t refund_minor;
} cancellation_body;
MUST_CHECK error_code cancellation_body_read(const char *body, size_t body_bytes,
                                             cancellation_body *ret_body);

// 1 to IDEMPOTENCY_KEY_BYTES_MAX bytes of printable ASCII.
MUST_CHECK bool idempotency_key_valid(const char *key);

#endif
