// A plan that is being made, by an import or a generator, before it is laid out and packed. Seats
// are added section by section and row by row, which becomes their index. Knows no file format and
// no database. One thread. Coordinates are in tenths of a pretix unit, y grows downwards.
#ifndef CAVEA_OPS_COMMAND_PLAN_DRAFT_H
#define CAVEA_OPS_COMMAND_PLAN_DRAFT_H

#include "schemas/arena.h"
#include "schemas/plan.h"

#include <jansson.h>

enum {
    DRAFT_UNITS_PER_PRETIX = 10,
    DRAFT_COLOR_BYTES_MAX = 32,
    DRAFT_SHAPES_MAX = 10000,
};

typedef struct draft_seat {
    const char *id, *number;
    uint32_t row, category, flags;
    int32_t x, y;
} draft_seat;
typedef struct draft_row {
    const char *name;
    uint32_t section;
} draft_row;
typedef struct draft_section {
    const char *id, *name;
} draft_section;
typedef struct draft_category {
    const char *name, *color;
} draft_category;

typedef struct plan_draft {
    arena memory; // every array and string below
    const char *name;
    int32_t width, height;
    draft_category *categories;
    draft_section *sections;
    draft_row *rows;
    draft_seat *seats;
    uint32_t categories_count, sections_count, rows_count, seats_count;
    uint32_t seats_max;               // room for so many seats and rows
    json_t *shapes;                   // array: what is drawn beside the seats, in the layout's form
    char problem[PLAN_PROBLEM_BYTES]; // why the last call failed, one sentence
} plan_draft;

// Makes room for what so many bytes of JSON can hold; PLAN_BYTES_MAX is room for any plan.
MUST_CHECK bool plan_draft_init(plan_draft *d, size_t json_bytes);
void plan_draft_done(plan_draft *d);

// All of these copy their texts and return false with d->problem when a bound of limits.h is
// reached or a text is unfit. A row belongs to the last section, a seat to the last row.
MUST_CHECK bool plan_draft_category(plan_draft *d, const char *name, const char *color);
MUST_CHECK bool plan_draft_section(plan_draft *d, const char *id, const char *name);
MUST_CHECK bool plan_draft_row(plan_draft *d, const char *name);
// id may be NULL until plan_ids_assign.
MUST_CHECK bool plan_draft_seat(plan_draft *d, const draft_seat *seat);
MUST_CHECK bool plan_draft_rectangle(plan_draft *d, int32_t x, int32_t y, int32_t width,
                                     int32_t height, const char *color);
MUST_CHECK bool plan_draft_ellipse(plan_draft *d, int32_t x, int32_t y, int32_t radius_x,
                                   int32_t radius_y, const char *color);
MUST_CHECK bool plan_draft_polygon(plan_draft *d, const int32_t (*points)[2], size_t points_count,
                                   const char *color);
MUST_CHECK bool plan_draft_text(plan_draft *d, int32_t x, int32_t y, int32_t size, const char *text,
                                const char *color);
// A copy that lives as long as the draft; NULL when its memory is used up.
const char *plan_draft_copy(plan_draft *d, const char *text);

// "#rgb" to "#rrggbbaa", or a word such as "transparent".
MUST_CHECK bool plan_color_valid(const char *color);

// Sets d->problem; returns false, so that `return plan_draft_refuse(d, ...)` reads well.
__attribute__((format(printf, 2, 3))) bool plan_draft_refuse(plan_draft *d, const char *format,
                                                             ...);

// What is stored of a plan (table plan).
typedef struct plan_form {
    char *layout; // canonical JSON
    size_t layout_bytes;
    uint8_t *packed; // cavea.v1.PackedPlan
    size_t packed_bytes;
    digest32 hash; // SHA-256 of layout: the plan's address
    plan *plan;    // packed, decoded: all its checks have passed
} plan_form;
void plan_form_done(plan_form *form);

// Lays out, packs and checks the whole draft; false with d->problem.
MUST_CHECK bool plan_draft_finish(plan_draft *d, plan_form *ret_form);

#endif
