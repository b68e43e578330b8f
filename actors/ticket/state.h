// The inside of tickets, shared by the files of this folder only.
#ifndef CAVEA_ACTORS_TICKET_STATE_H
#define CAVEA_ACTORS_TICKET_STATE_H

#include "actors/table/table.h"
#include "actors/ticket/ticket.h"

#include <assert.h>

typedef struct issued { // what is known of one reservation's tickets
    event_id event;
    buyer_id buyer;
    uint32_t tries;
    uint8_t seats_count;
    uint8_t states[SEATS_PER_RESERVATION_MAX]; // ticket_state
    uint32_t seats[SEATS_PER_RESERVATION_MAX];
} issued;

struct tickets {
    table *table; // of issued, by reservation
};

const issued *issued_find(const tickets *self, const reservation_id *id);
ticket_state issued_state(const issued *i, uint32_t seat); // i may be NULL

#endif
