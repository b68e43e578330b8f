// The one list of refusals and failures that a stranger can see. The edge maps a code to HTTP and
// RFC 9457 by this table; actors answer with the code alone. Pure; any thread.
#ifndef CAVEA_SCHEMAS_ERROR_H
#define CAVEA_SCHEMAS_ERROR_H

#include <stdbool.h>
#include <stdint.h>

// X(code number, NAME, HTTP status, retryable, problem type slug, title)
// Numbers travel on the wire: never renumber. type = "https://cavea.dev/problems/" slug.
#define ERROR_LIST(X)                                                                              \
    X(1, MALFORMED, 400, false, "malformed-request", "The request is malformed")                   \
    X(2, IDEMPOTENCY_KEY_MISSING, 400, false, "idempotency-key-missing",                           \
      "This request needs an Idempotency-Key")                                                     \
    X(3, UNAUTHORIZED, 401, false, "unauthorized", "A valid session token is needed")              \
    X(4, NOT_FOUND, 404, false, "not-found", "There is no such thing")                             \
    X(5, SEATS_UNAVAILABLE, 409, true, "seats-unavailable", "Some of the seats are gone")          \
    X(6, EVENT_NOT_ON_SALE, 409, true, "event-not-on-sale", "The event is not on sale")            \
    X(7, RESERVATION_EXPIRED, 410, false, "reservation-expired", "The reservation has ended")      \
    X(8, SEAT_UNKNOWN, 422, false, "seat-unknown", "The event has no such seat")                   \
    X(9, SEATS_TOO_MANY, 422, false, "seats-too-many", "Too many seats for one reservation")       \
    X(10, IDEMPOTENCY_KEY_REUSED, 422, false, "idempotency-key-reused",                            \
      "This Idempotency-Key was used with another request")                                        \
    X(11, SEAT_REPEATED, 422, false, "seat-repeated", "A seat is named twice")                     \
    X(12, RATE_LIMITED, 429, true, "rate-limited", "Too many requests")                            \
    X(13, OVERLOADED, 503, true, "overloaded", "Too busy at the moment")                           \
    X(14, UNAVAILABLE, 503, true, "unavailable", "A part behind this service does not answer")     \
    X(15, RESERVATION_CONFIRMED, 409, false, "reservation-confirmed",                              \
      "The reservation is paid; it can be refunded but not cancelled")                             \
    X(16, AMOUNT_MISMATCH, 409, false, "amount-mismatch", "The paid amount is not the price")      \
    X(17, SIGNATURE_INVALID, 400, false, "signature-invalid", "The signature is not valid")        \
    X(18, BODY_TOO_LARGE, 413, false, "body-too-large", "The request body is too large")           \
    X(19, METHOD_NOT_ALLOWED, 405, false, "method-not-allowed", "This method is not allowed here") \
    X(20, INTERNAL, 500, false, "internal", "Something went wrong on our side")                    \
    X(21, TIMED_OUT, 408, true, "timed-out", "The request took too long to arrive")                \
    X(22, PAYMENT_NOT_OPEN, 409, false, "payment-not-open", "The payment is no longer open")       \
    X(23, STATUS_UNREACHABLE, 409, false, "status-unreachable",                                    \
      "The event cannot change to this status")                                                    \
    X(24, REFUND_CHANGED, 409, true, "refund-changed", "Another amount would be refunded now")     \
    X(25, EVENT_CANCELLED, 409, false, "event-cancelled", "The event was cancelled")               \
    X(26, REFUND_NOT_FAILED, 409, false, "refund-not-failed",                                      \
      "Only a refund that failed for good can be tried again or resolved")                         \
    X(27, EVENT_NOT_CANCELLED, 409, false, "event-not-cancelled",                                  \
      "Only the buyers of a cancelled event are all refunded")                                     \
    X(28, ORIGIN_FOREIGN, 403, false, "origin-foreign",                                            \
      "A browser's session may only be used from our own pages")                                   \
    X(29, SEAL_INVALID, 403, false, "seal-invalid", "Only actors and the operator may ask for this")

typedef enum error_code {
    ERROR_NONE = 0,
#define X(number, name, status, retryable, slug, title) ERROR_##name = (number),
    ERROR_LIST(X)
#undef X
        ERROR_CODES_END
} error_code;

typedef struct error_info {
    const char *name;
    int http_status;
    bool retryable;
    const char *type; // the problem type's URI
    const char *title;
} error_info;

// The table row of a code; unknown numbers (a newer peer's) read as INTERNAL. Never NULL; static.
const error_info *error_info_of(uint32_t code);

#endif
