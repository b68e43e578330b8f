// A whole seating plan for a browser in one short answer: what it draws (positions, shapes,
// colours) and what it names (sections, rows, seats). It holds what the layout JSON holds, in about
// a hundredth of its bytes once compressed. Knows no price, no event and no seat state. Pure, apart
// from memory; any thread.
//
// map.bin, what plan_map_encode writes. The head's numbers are little-endian; all others are
// LEB128: seven bits a byte, the lowest first, the top bit set on all but the last. "Signed" is
// zigzag: 0, -1, 1, -2 ... are 0, 1, 2, 3. A text is its length in bytes and then UTF-8.
//
//     offset  bytes
//          0      4  "CVP1"
//          4      4  seats
//          8      4  rows
//         12      4  sections
//         16      4  bytes of the JSON
//         20         JSON: the layout without its sections ("name", "size", "seat_radius",
//                    "categories", "shapes")
// and then these columns, one behind the other:
//     sections: for each its id, its name and how many rows it has
//     rows: for each its name and how many seats it has
//     numbers: for each row a series of texts, the seats' numbers
//     ids: the same of the seats' ids
//     x: for each row its seats' places, signed: of the first seat the difference to the first seat
//        of the row before (or to 0), of the second to the first, of every other one the difference
//        between its step and the step before
//     y: the same
//     categories: pairs of a category and how many seats in sequence have it, until all have
//     flags: the same of seat_flag bits
// A series is 0 and then every text, or 1, a prefix, a number and a signed step: the texts are the
// prefix and the number in decimal, the number and the step, and so on.
#ifndef CAVEA_EDGE_PLAN_MAP_H
#define CAVEA_EDGE_PLAN_MAP_H

#include "schemas/plan.h"

enum { PLAN_MAP_HEAD_BYTES = 20 };

// layout is the canonical JSON that belongs to the plan (ops/command/plan_layout.h). The caller
// frees *ret_data. False when it is no such layout or memory is out.
MUST_CHECK bool plan_map_encode(const plan *p, const char *layout, size_t layout_bytes,
                                char **ret_data, size_t *ret_bytes);

#endif
