// Event commands and facts between plain structs and cavea.v1 messages. Refuses what has a wrong
// length or an unknown number; allocates nothing of its own. Pure; any thread.
#ifndef CAVEA_ACTORS_EVENT_CODEC_H
#define CAVEA_ACTORS_EVENT_CODEC_H

#include "actors/event/event.h"
#include "schemas/cavea.pb-c.h"

// Reads a command; now_us and seen are the caller's. ERROR_MALFORMED for anything that is not an
// event's command or has ids of a wrong length; more seats than fit is ERROR_SEATS_TOO_MANY.
MUST_CHECK error_code event_command_read(const Cavea__V1__Command *message,
                                         event_command *ret_command);

// A fact as a message; all memory lives in `storage`, which must outlive the message.
typedef struct event_fact_message {
    Cavea__V1__EventFact fact;
    union {
        Cavea__V1__ReservationHeld held;
        Cavea__V1__ReservationEnded ended;
        Cavea__V1__CheckoutStarted checkout;
        Cavea__V1__ReservationConfirmed confirmed;
        Cavea__V1__PaymentRefused refused;
        Cavea__V1__EventStatusChanged status;
    };
} event_fact_message;
const ProtobufCMessage *event_fact_write(const event_fact *fact, event_fact_message *storage);

// Reads a stored payload; allocator bounds what the decoder may use. False: not a fact we know.
MUST_CHECK bool event_fact_read(const uint8_t *payload, size_t payload_bytes,
                                ProtobufCAllocator *allocator, event_fact *ret_fact);

// The view of a reservation, for answers; it points into r.
void event_view_write(const event_reservation *r, bool replayed,
                      Cavea__V1__ReservationView *ret_view);

#endif
