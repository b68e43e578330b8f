// The tickets of one partition's reservations: which are missing, which are out, which are revoked.
// decide reads and lists facts; apply folds one fact and cannot fail. A ticket's id derives from
// reservation and seat, so issuing twice makes no second ticket; a ticket's state only rises.
// Signing is an effect (sign.h, on other threads); its outcome comes back as a command.
// The memory is a cache of recent reservations: it starts empty, forgets the stalest, and without
// it a repeated command leads to the same rows. Knows no key, clock, bus or database.
// One thread at a time; flat, allocated once by tickets_new.
// Times: microseconds since 1970 on the database's clock.
#ifndef CAVEA_ACTORS_TICKET_TICKET_H
#define CAVEA_ACTORS_TICKET_TICKET_H

#include "schemas/error.h"
#include "schemas/id.h"
#include "schemas/limits.h"

typedef enum ticket_state {
    TICKET_MISSING = 0,
    TICKET_VALID = 1,
    TICKET_REVOKED = 2,
    TICKET_USED = 3,
    TICKET_STATES_END
} ticket_state;

enum {
    TICKET_KEY_ID_BYTES = 17,       // 1 to 16 characters of [A-Za-z0-9_-] and the NUL
    TICKET_JWS_BYTES = 640,         // with the NUL
    TICKET_COMPACT_BYTES = 256,     // with the NUL
    TICKET_RESERVATIONS_MAX = 32768 // of one partition in memory
};

typedef struct tickets tickets;

tickets *tickets_new(void); // NULL when memory is out
void tickets_free(tickets *self);
uint32_t tickets_count(const tickets *self); // reservations in memory
// TICKET_MISSING when it is not known.
ticket_state ticket_state_of(const tickets *self, const reservation_id *reservation, uint32_t seat);

typedef enum ticket_command_type {
    TICKET_COMMAND_ISSUE = 1,
    TICKET_COMMAND_SIGNED,
    TICKET_COMMAND_REVOKE,
} ticket_command_type;

typedef struct ticket_signed { // texts are borrowed from the message
    ticket_id id;
    const char *key_id;
    const char *jws;
    const char *compact;
} ticket_signed;

typedef struct ticket_command {
    ticket_command_type type;
    int64_t now_us;
    reservation_id reservation;
    event_id event;
    buyer_id buyer;       // ISSUE
    uint32_t seats_count; // ISSUE, SIGNED, REVOKE
    uint32_t seats[SEATS_PER_RESERVATION_MAX];
    ticket_signed tickets[SEATS_PER_RESERVATION_MAX]; // SIGNED, by seat
} ticket_command;

// Table fact's kind of a ticket actor: the ticket's new state (1 to 3), or this.
typedef enum ticket_fact_kind {
    TICKET_FACT_MESSAGE_REJECTED = 16, // the same number for every kind of actor
} ticket_fact_kind;

typedef struct ticket_fact {
    ticket_state state;
    int64_t at_us;
    ticket_id ticket;
    reservation_id reservation;
    event_id event;
    uint32_t seat;
    const char *key_id; // of VALID; borrowed from the command
    const char *jws;    // in rows only
    const char *compact;
} ticket_fact;

// Tickets to be signed for one reservation.
typedef struct ticket_signing {
    reservation_id reservation;
    event_id event;
    buyer_id buyer;
    uint32_t seats_count; // 0: nothing to do
    uint32_t seats[SEATS_PER_RESERVATION_MAX];
} ticket_signing;

typedef struct ticket_effects {
    error_code refusal;
    uint32_t facts_count;
    ticket_fact facts[SEATS_PER_RESERVATION_MAX];
    ticket_signing sign; // start it, and note it with ticket_signing_started
} ticket_effects;

void ticket_decide(const tickets *self, const ticket_command *c, ticket_effects *ret_effects);
void ticket_apply(tickets *self, const ticket_fact *f);

// Signing was asked for: volatile. When no answer comes, the signing is due again after a doubling
// delay; after TICKET_SIGNING_TRIES_MAX times it is left to the reconciler.
enum { TICKET_SIGNING_TRIES_MAX = 8 };
void ticket_signing_started(tickets *self, const ticket_signing *signing, int64_t now_us);
int64_t tickets_due_us(const tickets *self); // INT64_MAX: never
// The next signing whose time has come, with the seats still missing; false: none is due.
bool ticket_due_take(tickets *self, int64_t now_us, ticket_signing *ret_signing);

#endif
