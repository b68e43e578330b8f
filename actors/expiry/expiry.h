// The deadlines of one partition's held reservations. A deadline that has passed is told to the
// event actor, which alone decides what it means; it is told again, less and less often, until the
// event actor says that it is over. Nothing here is stored: everything can be built again from the
// held reservations in the database, and the reconciler's sweep finds what got lost.
// Knows no clock, bus or database. One thread at a time. Memory: 32 bytes for each deadline, up to
// 12 for finding it and its turn, and about 60 for each event, asked for by expiry_apply as they
// come; what is more than EXPIRY_DEADLINES_MAX is left to the sweep and counted. Times:
// microseconds since 1970 on the database's clock.
#ifndef CAVEA_ACTORS_EXPIRY_EXPIRY_H
#define CAVEA_ACTORS_EXPIRY_EXPIRY_H

#include "schemas/error.h"
#include "schemas/id.h"
#include "schemas/limits.h"

enum {
    EXPIRY_DEADLINES_MAX = 4 * 1024 * 1024,
    EXPIRY_TAKEN_MAX = 512, // of one expiry_due_take
    EXPIRY_AGAIN_FIRST_MS = 250,
    EXPIRY_AGAIN_LONGEST_MS = 30000,
    EXPIRY_TELLS_MAX = 128, // about an hour; then the sweep has it
};

typedef struct expiry expiry;

typedef struct deadline {
    reservation_id reservation;
    event_id event;
    int64_t expires_us; // 0: it is over, forget it
} deadline;

typedef struct expiry_expire { // to be told to the event actor
    event_id event;
    reservation_id reservation;
} expiry_expire;

expiry *expiry_new(void); // NULL when memory is out
void expiry_free(expiry *self);
uint32_t expiry_count(const expiry *self);
uint64_t expiry_dropped(const expiry *self); // deadlines that did not fit
uint64_t expiry_memory_bytes(const expiry *self);

// Notes, changes or forgets a deadline. Of a known one with the same time nothing changes.
void expiry_apply(expiry *self, const deadline *d);

int64_t expiry_due_us(const expiry *self); // when to call expiry_due_take; INT64_MAX: never
// Lists deadlines that have passed, at most EXPIRY_TAKEN_MAX, those of one event together, and puts
// each off until it is to be told again. Returns their number.
uint32_t expiry_due_take(expiry *self, int64_t now_us,
                         expiry_expire ret_list[static EXPIRY_TAKEN_MAX]);

#endif
