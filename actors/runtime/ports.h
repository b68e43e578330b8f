// What the runtime's logic needs from outside, besides store/store.h: a bus, a clock and somebody
// who performs effects on the world. The NATS adapter (bus_nats.c) and main.c implement them for
// real, chaos/sim in virtual time. Every call comes from the tick thread and must not block it for
// longer than a memory copy, unless it says so.
#ifndef CAVEA_ACTORS_RUNTIME_PORTS_H
#define CAVEA_ACTORS_RUNTIME_PORTS_H

#include "schemas/id.h"
#include "schemas/subject.h"

// One message for one actor. sequence 0: it came over the direct path, or is local. data is
// borrowed until release(owner) is called, by the tick thread, exactly once.
typedef struct inbound {
    actor_ref to;
    int64_t incarnation, sequence;
    bool local; // from an actor or a performer of this process: needs no seal
    // Of a local one: the cell and the token that hear when its effects are stored; token 0: none.
    uint64_t from_number;
    int64_t token;
    const uint8_t *data; // an encoded Envelope
    uint32_t data_bytes;
    void *owner;
    void (*release)(void *owner);
} inbound;

typedef struct bus_port {
    void *self;
    // Stored by JetStream; the acknowledgement comes back through runtime_acknowledged(cell_number,
    // token); token 0 wants none. msg_id may be NULL. Fire and forget otherwise: what is not
    // acknowledged is published again.
    void (*publish)(void *self, const subject *to, const void *data, uint32_t data_bytes,
                    const char *msg_id, uint64_t cell_number, int64_t token);
    // Core NATS: replies, live deltas, wake-ups, the direct path. `to` was received or built.
    void (*send)(void *self, const char *to, const void *data, uint32_t data_bytes);
    // Makes the actor reachable: direct subscription now, stream consumer behind the cursor soon.
    void (*attach)(void *self, uint64_t cell_number, const actor_ref *actor, int64_t incarnation,
                   int64_t cursor);
    void (*detach)(void *self, uint64_t cell_number);
    // The inbox stream's incarnation as last seen; 0 while unknown.
    int64_t (*incarnation)(void *self);
    void (*flush)(void *self); // end of a tick: everything above leaves now
    // A message of a sender who waits came directly and was new: the stream should have brought it
    // before, so its consumer may be dead.
    void (*missed)(void *self, uint64_t cell_number);
} bus_port;

typedef struct clock_port {
    void *self;
    int64_t (*monotonic_us)(void *self);
} clock_port;

// An effect on the world, asked for by a fact and performed after its COMMIT. Its outcome comes
// back as a command to the same actor. Performing it twice must be harmless: ids derive from the
// fact.
typedef struct effect {
    enum effect_type {
        EFFECT_INTENT_CREATE = 1, // idempotency key = payment id
        EFFECT_INTENT_CANCEL = 2,
        EFFECT_INTENT_FETCH = 3,
        EFFECT_REFUND_CREATE = 4, // idempotency key = refund:<payment>:<n>
        EFFECT_TICKETS_SIGN = 5,
        EFFECT_REFUND_FETCH = 6,
    } type;
    actor_ref actor; // who gets the outcome
    payment_id payment;
    reservation_id reservation;
    event_id event;
    buyer_id buyer;
    int64_t amount_minor; // of a refund: 0 is all that was captured
    char currency[4];
    char intent_id[72];
    char refund_id[72];
    uint32_t refund_number;
    bool ask_first; // so old that the provider may have forgotten the key: look before creating
    uint32_t seats_count;
    uint32_t seats[SEATS_PER_RESERVATION_MAX];
} effect;

// What an operator should hear of; in the order of the metric's label.
typedef enum money_alarm {
    ALARM_NONE,
    ALARM_PARKED,          // money moved that no payment of ours accounts for
    ALARM_AMOUNT_MISMATCH, // another amount or currency was captured; it goes back
    ALARM_SECOND_CAPTURE,  // under another intent of the same payment; it goes back
    ALARM_REFUND_GIVEN_UP, // its last try failed: a person has to look
    ALARM_DIFFERENCE,      // captured money is not in the provider's books
    ALARM_FOUND_BY_LIST,   // only the provider's list told us of a change
    ALARMS_END
} money_alarm;

typedef struct perform_port {
    void *self;
    // Copies the effect into a bounded queue; false when it is full (the reconciler asks again).
    bool (*start)(void *self, const effect *e);
} perform_port;

#endif
