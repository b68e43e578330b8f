// The state of a seat as everybody outside the event actor sees it: two bits. Pure.
#ifndef CAVEA_SCHEMAS_SEAT_H
#define CAVEA_SCHEMAS_SEAT_H

typedef enum seat_state {
    SEAT_AVAILABLE = 0,
    SEAT_HELD = 1,
    SEAT_SOLD = 2,
    SEAT_BLOCKED = 3,
} seat_state;

typedef enum seat_flag {
    SEAT_FLAG_ACCESSIBLE = 1,
    SEAT_FLAG_COMPANION = 2,
    SEAT_FLAG_BLOCKED = 4,
} seat_flag;

// In protobuf's numbers, so that a fact reads the same in every process.
typedef enum event_status {
    EVENT_SCHEDULED = 1,
    EVENT_ON_SALE = 2,
    EVENT_PAUSED = 3,
    EVENT_CLOSED = 4,
    EVENT_CANCELLED = 5,
} event_status;

#endif
