// The states of all seats of one event, as a reader of the database and of live deltas knows them:
// two bits a seat, counts for each section, a version, and a ring of the latest changes, so that a
// client can ask for what is new. Knows no network and no event beyond its plan. The version is the
// number of the event actor's last fact. One thread at a time.
//
// seats.bin, what seat_map_encode writes. Numbers are little-endian.
//
//     offset  bytes
//          0      4  "CVS1"
//          4      1  kind: 1 the whole map, 2 a delta
//          5      3  zero
//          8      8  version
//         16      8  of a delta: the version it starts from, else 0
//         24      4  count: seats of a map, records of a delta
//         28      4  zero
//         32         map: (count + 3) / 4 bytes; seat i has bits 2 * (i % 4) and 2 * (i % 4) + 1 of
//                    byte i / 4, in plan order; bits behind the last seat are zero.
//                    delta: count records of 4 bytes, seat index * 4 + state; a later record of the
//                    same seat wins.
//
// States are those of schemas/seat.h: 0 available, 1 held, 2 sold, 3 blocked.
#ifndef CAVEA_EDGE_SEAT_MAP_H
#define CAVEA_EDGE_SEAT_MAP_H

#include "schemas/plan.h"
#include "schemas/seat.h"

enum {
    SEAT_MAP_HEAD_BYTES = 32,
    SEAT_MAP_BYTES_MAX = SEAT_MAP_HEAD_BYTES + SEATS_PER_EVENT_MAX / 4,
    SEAT_STATES = 4,
};

typedef struct seat_change {
    uint32_t version; // after seat_map.ring_base
    uint32_t packed;  // seat index * 4 + seat_state
} seat_change;

typedef struct seat_map {
    const plan *plan; // borrowed
    uint64_t version;
    uint32_t counts[SEAT_STATES];
    uint32_t *section_available;
    uint8_t *states; // as in seats.bin
    seat_change *ring;
    uint32_t ring_max, ring_first, ring_count;
    uint64_t ring_base;
    uint64_t ring_floor; // the ring holds every change after this version
    uint32_t repairs;    // loads that changed what a version shows: name answers by both
} seat_map;

// Every seat available, or blocked where the plan says so; version 0. NULL when memory is out.
seat_map *seat_map_new(const plan *p);
void seat_map_free(seat_map *m);
size_t seat_map_memory_bytes(const seat_map *m);

seat_state seat_map_state(const seat_map *m, uint32_t seat);

typedef enum seat_map_result {
    SEAT_MAP_APPLIED,
    SEAT_MAP_OLD, // the map is as new already
    SEAT_MAP_GAP, // something before it is missing: a snapshot is needed
    SEAT_MAP_BAD, // it names a seat that the plan does not have; nothing changed
} seat_map_result;

// Applies the changes of versions first to last.
seat_map_result seat_map_apply(seat_map *m, uint64_t first, uint64_t last, const uint32_t *packed,
                               size_t packed_count);

// A snapshot replaces everything: states has one byte for each seat (available, held or sold; the
// plan's blocked seats stay blocked whatever it says). What differs goes into the ring, so that
// clients go on asking for deltas. Of the map's own version and different all the same, it repairs
// the map: whoever has that version gets the whole map then. Older than the map: ignored, and false
// is returned.
MUST_CHECK bool seat_map_load(seat_map *m, uint64_t version, const uint8_t *states);

// Whether seat_map_encode would write changes rather than the map.
MUST_CHECK bool seat_map_changes(const seat_map *m, uint64_t since);
// Writes seats.bin and returns its length: the changes after `since` when the ring has them all and
// they are fewer bytes than the map, else the map. since 0: the map. At most SEAT_MAP_BYTES_MAX.
size_t seat_map_encode(const seat_map *m, uint64_t since, uint8_t *buffer);

#endif
