// A seating plan in memory, decoded from its packed form (cavea.v1.PackedPlan): flat arrays by seat
// index, rows in their geometric order, and a lookup by seat id. Edges and actors share it. Knows
// no price, no event and no seat state; the readable form with everything a browser draws is the
// layout JSON of table plan.
// A decoded plan never changes: any thread may read it until plan_free. One block of memory, less
// than 4 MB for 60,000 seats.
#ifndef CAVEA_SCHEMAS_PLAN_H
#define CAVEA_SCHEMAS_PLAN_H

#include "schemas/id.h"
#include "schemas/limits.h"
#include "schemas/seat.h"

#define PLAN_SEAT_NONE UINT32_MAX

typedef struct plan {
    uint32_t seats_count, sections_count, categories_count, rows_count;
    size_t memory_bytes; // of the whole plan

    // By seat index, which is the order of the layout.
    uint16_t *seat_section; // ascending; a section's seats have consecutive indexes
    uint16_t *seat_row;     // ascending; a row is part of one section
    uint8_t *seat_category;
    uint8_t *seat_flags;      // bits of seat_flag
    int32_t *seat_x, *seat_y; // the layout's units, within PLAN_COORDINATE_MAX
    // Place within the row, counted from its left end as seen on the layout (from the top when the
    // row stands upright). Seats of one row may be numbered and indexed in any direction.
    uint16_t *seat_position;
    // The seats beside it, PLAN_SEAT_NONE at an end of the row and at an aisle: a gap of more than
    // 1.75 times the usual distance in that row.
    uint32_t *seat_left, *seat_right;

    uint32_t *row_first;     // by row: index of its first seat; rows_count + 1 entries
    uint32_t *section_first; // the same by section

    // Offsets into text; use the functions below.
    uint32_t *seat_id_at, *seat_number_at, *row_name_at;
    uint32_t *section_id_at, *section_name_at, *category_name_at;
    char *text;

    uint32_t *slots; // seat index by hash of its id, open addressing; PLAN_SEAT_NONE: empty
    uint32_t slots_mask;
} plan;

// What a plan is made of, for plan_encode. Everything is borrowed.
typedef struct plan_seat {
    uint32_t section, row, category, flags;
    int32_t x, y;
    const char *id, *number;
} plan_seat;
typedef struct plan_parts {
    uint32_t seats_count, sections_count, categories_count, rows_count;
    const plan_seat *seats; // sections and rows ascending without gaps
    const char *const *section_ids, *const *section_names, *const *categories, *const *row_names;
} plan_parts;

enum { PLAN_PROBLEM_BYTES = 200 };

// Reads a PackedPlan and checks all of it: bounds of limits.h, equal lengths, known sections and
// categories, row order, seat ids valid and unique, names readable. On failure ret_problem says in
// one sentence what is wrong. The caller owns the plan.
MUST_CHECK bool plan_decode(const uint8_t *packed, size_t packed_bytes, plan **ret_plan,
                            char ret_problem[static PLAN_PROBLEM_BYTES]);
void plan_free(plan *p);

// Packs without checking (plan_decode checks). The caller frees *ret_packed; false: out of memory.
MUST_CHECK bool plan_encode(const plan_parts *parts, uint8_t **ret_packed, size_t *ret_bytes);

// A seat id is [A-Za-z0-9._~:-]{1,64}: it needs no escape in URLs, JSON and file names.
MUST_CHECK bool plan_seat_id_valid(const char *id, size_t id_bytes);
// Seat index of an id; false when the plan has no such seat.
MUST_CHECK bool plan_seat_find(const plan *p, const char *id, size_t id_bytes, uint32_t *ret_seat);
MUST_CHECK bool plan_section_find(const plan *p, const char *id, size_t id_bytes,
                                  uint32_t *ret_section);

static inline const char *plan_seat_id(const plan *p, uint32_t seat)
{
    return p->text + p->seat_id_at[seat];
}
static inline const char *plan_seat_number(const plan *p, uint32_t seat)
{
    return p->text + p->seat_number_at[seat];
}
static inline const char *plan_row_name(const plan *p, uint32_t row)
{
    return p->text + p->row_name_at[row];
}
static inline const char *plan_section_id(const plan *p, uint32_t section) // as in ?section=
{
    return p->text + p->section_id_at[section];
}
static inline const char *plan_section_name(const plan *p, uint32_t section) // for people
{
    return p->text + p->section_name_at[section];
}
static inline const char *plan_category_name(const plan *p, uint32_t category)
{
    return p->text + p->category_name_at[category];
}

#endif
