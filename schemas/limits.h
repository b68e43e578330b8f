// Every bound of cavea and how they depend on each other. Nothing here is a setting; settings have
// their own bounds in ops/host/config. Pure; any thread.
#ifndef CAVEA_SCHEMAS_LIMITS_H
#define CAVEA_SCHEMAS_LIMITS_H

enum {
    SEATS_PER_EVENT_MAX = 65536,
    SEATS_PER_RESERVATION_MAX = 10,
    ALTERNATIVES_MAX = 10,
    SECTIONS_PER_PLAN_MAX = 1024,
    CATEGORIES_PER_PLAN_MAX = 64,
    SEAT_ID_BYTES_MAX = 64,
    SEAT_NUMBER_BYTES_MAX = 64,
    PLAN_NAME_BYTES_MAX = 200,     // of a plan, section, category or row
    PLAN_COORDINATE_MAX = 1000000, // either side of zero
    PACKED_PLAN_BYTES_MAX = 16 * 1024 * 1024,
    PAYMENTS_PER_RESERVATION_MAX = 8,

    HOLD_SECONDS_MIN = 60, // an operator's --hold-seconds may go below it, an organizer may not
    HOLD_SECONDS_MAX = 1800,
    // A checkout lengthens a hold once, and never beyond this time after the reservation.
    EXTENDED_HOLD_SECONDS_MAX = 1200,
    REFUND_STEPS_MAX = 8,
    REFUND_ALL_MAX = 64, // reservations that one RefundAll refunds
    IDEMPOTENCY_KEY_BYTES_MAX = 255,
    IDEMPOTENCY_KEEP_SECONDS = 24 * 3600,
    SESSION_SECONDS = 24 * 3600,
    // A browser's cookie is all that leads a guest to the tickets: it outlives the event's day.
    SESSION_BROWSER_SECONDS = 400 * 24 * 3600,
    EMAIL_BYTES_MAX = 254,

    ENVELOPE_BYTES_MAX = 64 * 1024, // input of every protobuf decoder of outside bytes
    ENVELOPE_COMMANDS_MAX = 256,
    SUBJECT_BYTES_MAX = 160,
    SUBJECT_TOKEN_BYTES_MAX = 64,
    PLAN_BYTES_MAX = 32 * 1024 * 1024,
    HTTP_BODY_BYTES_MAX = 16 * 1024,

    SENDERS_PER_ACTOR_MAX = 128,
    SENDER_WINDOW = 128,          // numbers behind the highest that can still be new
    STREAM_MAX_AGE_SECONDS = 600, // of the inbox stream
    SENDER_KEEP_SECONDS = 900,    // how long a silent sender's numbers are remembered

    SLOTS = 4096,
    PARTITIONS = 8, // of payment, ticket and expiry: ranges of slots

    TICK_MESSAGES_MAX = 1024,
    TICK_COMMANDS_MAX = 4096,
    MAILBOX_MESSAGES_MAX = 16384,
    POISON_TRIES_MAX = 3,
};

_Static_assert(SENDER_KEEP_SECONDS > STREAM_MAX_AGE_SECONDS,
               "a copy in the stream must not outlive the memory of its number");
_Static_assert(SLOTS % PARTITIONS == 0, "a partition is a whole range of slots");
_Static_assert(SEATS_PER_RESERVATION_MAX <= 64, "seat lists of one reservation are flat arrays");

#endif
