#include "schemas/cavea.pb-c.h"
#include "schemas/plan.h"

#include <stdlib.h>

typedef struct columns { // protobuf-c wants arrays of their own
    uint32_t *section, *row, *category, *flags;
    int32_t *x, *y;
    char **id, **number;
} columns;

static bool columns_new(columns *c, size_t seats)
{
    *c = (columns){
        .section = malloc(seats * sizeof *c->section),
        .row = malloc(seats * sizeof *c->row),
        .category = malloc(seats * sizeof *c->category),
        .flags = malloc(seats * sizeof *c->flags),
        .x = malloc(seats * sizeof *c->x),
        .y = malloc(seats * sizeof *c->y),
        .id = malloc(seats * sizeof *c->id),
        .number = malloc(seats * sizeof *c->number),
    };
    return c->section && c->row && c->category && c->flags && c->x && c->y && c->id && c->number;
}

static void columns_free(columns *c)
{
    free(c->section);
    free(c->row);
    free(c->category);
    free(c->flags);
    free(c->x);
    free(c->y);
    free(c->id);
    free(c->number);
}

// protobuf-c reads the strings only, but does not say so in its types.
static char **unconst(const char *const *texts)
{
    return (char **)(uintptr_t)texts;
}

static void columns_fill(columns *c, const plan_parts *parts)
{
    for (uint32_t i = 0; i < parts->seats_count; i++) {
        const plan_seat *seat = &parts->seats[i];
        c->section[i] = seat->section;
        c->row[i] = seat->row;
        c->category[i] = seat->category;
        c->flags[i] = seat->flags;
        c->x[i] = seat->x;
        c->y[i] = seat->y;
        c->id[i] = (char *)(uintptr_t)seat->id;
        c->number[i] = (char *)(uintptr_t)seat->number;
    }
}

bool plan_encode(const plan_parts *parts, uint8_t **ret_packed, size_t *ret_bytes)
{
    columns c;
    size_t seats = parts->seats_count;
    uint8_t *packed = NULL;
    if (columns_new(&c, seats)) {
        columns_fill(&c, parts);
        Cavea__V1__PackedPlan m = CAVEA__V1__PACKED_PLAN__INIT;
        m.n_sections = m.n_section_name = parts->sections_count;
        m.sections = unconst(parts->section_ids);
        m.section_name = unconst(parts->section_names);
        m.n_categories = parts->categories_count;
        m.categories = unconst(parts->categories);
        m.n_row_name = parts->rows_count;
        m.row_name = unconst(parts->row_names);
        m.n_seat_section = m.n_seat_row = m.n_seat_category = m.n_seat_flags = seats;
        m.n_seat_id = m.n_seat_number = m.n_seat_x = m.n_seat_y = seats;
        m.seat_section = c.section;
        m.seat_row = c.row;
        m.seat_category = c.category;
        m.seat_flags = c.flags;
        m.seat_x = c.x;
        m.seat_y = c.y;
        m.seat_id = c.id;
        m.seat_number = c.number;
        packed = malloc(cavea__v1__packed_plan__get_packed_size(&m));
        if (packed) {
            *ret_bytes = cavea__v1__packed_plan__pack(&m, packed);
            *ret_packed = packed;
        }
    }
    columns_free(&c);
    return packed != NULL;
}
