#include "ops/command/plan_draft.h"

#include "ops/command/plan_layout.h"
#include "schemas/digest.h"
#include "schemas/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool plan_draft_refuse(plan_draft *d, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(d->problem, sizeof d->problem, format, arguments);
    va_end(arguments);
    return false;
}

bool plan_draft_init(plan_draft *d, size_t json_bytes)
{
    enum {
        SEAT_JSON_BYTES_MIN = 16,   // {"category":"A"}
        SEAT_MEMORY_BYTES = 384,    // its structs, its texts and those it may get
        PLAN_MEMORY_BYTES = 262144, // sections, categories
        TEXT_BYTES_MAX = 16 * 1024 * 1024,
    };
    size_t seats = json_bytes / SEAT_JSON_BYTES_MIN + 1;
    size_t texts = json_bytes < TEXT_BYTES_MAX ? json_bytes : TEXT_BYTES_MAX;
    *d = (plan_draft){.name = ""};
    d->seats_max = seats < SEATS_PER_EVENT_MAX ? (uint32_t)seats : SEATS_PER_EVENT_MAX;
    // Address space; only what is used is touched.
    if (!arena_init(&d->memory,
                    PLAN_MEMORY_BYTES + (size_t)d->seats_max * SEAT_MEMORY_BYTES + 4 * texts))
        return false;
    d->categories = arena_alloc(&d->memory, CATEGORIES_PER_PLAN_MAX * sizeof *d->categories);
    d->sections = arena_alloc(&d->memory, SECTIONS_PER_PLAN_MAX * sizeof *d->sections);
    d->rows = arena_alloc(&d->memory, d->seats_max * sizeof *d->rows);
    d->seats = arena_alloc(&d->memory, d->seats_max * sizeof *d->seats);
    d->shapes = json_array();
    return true;
}

void plan_draft_done(plan_draft *d)
{
    json_decref(d->shapes);
    arena_done(&d->memory);
    *d = (plan_draft){.name = ""};
}

const char *plan_draft_copy(plan_draft *d, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = arena_alloc(&d->memory, bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

bool plan_color_valid(const char *color)
{
    size_t bytes = strlen(color);
    bool hex = color[0] == '#';
    if (bytes < 2 || bytes > DRAFT_COLOR_BYTES_MAX || (hex && bytes > 9))
        return false;
    for (size_t i = hex; i < bytes; i++)
        if (hex ? !isxdigit((unsigned char)color[i]) : !isalpha((unsigned char)color[i]))
            return false;
    return true;
}

static bool name_check(plan_draft *d, const char *what, uint32_t number, const char *name)
{
    if (text_name_valid(name, strlen(name), PLAN_NAME_BYTES_MAX))
        return true;
    return plan_draft_refuse(d, "%s %u has no readable name of 1 to %d bytes", what, number,
                             PLAN_NAME_BYTES_MAX);
}

static bool memory_check(plan_draft *d, bool copied)
{
    return copied || plan_draft_refuse(d, "the texts of the plan are too long");
}

bool plan_draft_category(plan_draft *d, const char *name, const char *color)
{
    if (d->categories_count == CATEGORIES_PER_PLAN_MAX)
        return plan_draft_refuse(d, "a plan has at most %d categories", CATEGORIES_PER_PLAN_MAX);
    if (!name_check(d, "category", d->categories_count + 1, name))
        return false;
    for (uint32_t i = 0; i < d->categories_count; i++)
        if (strcmp(d->categories[i].name, name) == 0)
            return plan_draft_refuse(d, "two categories are called %s", name);
    draft_category category = {plan_draft_copy(d, name), plan_draft_copy(d, color)};
    if (!memory_check(d, category.name && category.color))
        return false;
    d->categories[d->categories_count++] = category;
    return true;
}

bool plan_draft_section(plan_draft *d, const char *id, const char *name)
{
    if (d->sections_count == SECTIONS_PER_PLAN_MAX)
        return plan_draft_refuse(d, "a plan has at most %d sections", SECTIONS_PER_PLAN_MAX);
    if (!name_check(d, "section", d->sections_count + 1, name))
        return false;
    draft_section section = {plan_draft_copy(d, id), plan_draft_copy(d, name)};
    if (!memory_check(d, section.id && section.name))
        return false;
    d->sections[d->sections_count++] = section;
    return true;
}

bool plan_draft_row(plan_draft *d, const char *name)
{
    if (d->rows_count == d->seats_max)
        return plan_draft_refuse(d, "a plan has at most %u rows", d->seats_max);
    if (!name_check(d, "row", d->rows_count + 1, name))
        return false;
    draft_row row = {plan_draft_copy(d, name), d->sections_count - 1};
    if (!memory_check(d, row.name != NULL))
        return false;
    d->rows[d->rows_count++] = row;
    return true;
}

bool plan_draft_seat(plan_draft *d, const draft_seat *seat)
{
    if (d->seats_count == d->seats_max)
        return plan_draft_refuse(d, "a plan has at most %u seats", d->seats_max);
    if (!text_name_valid(seat->number, strlen(seat->number), SEAT_NUMBER_BYTES_MAX))
        return plan_draft_refuse(d, "a seat in row %s has no readable number of 1 to %d bytes",
                                 d->rows[d->rows_count - 1].name, SEAT_NUMBER_BYTES_MAX);
    draft_seat copy = *seat;
    copy.row = d->rows_count - 1;
    copy.number = plan_draft_copy(d, seat->number);
    copy.id = seat->id ? plan_draft_copy(d, seat->id) : NULL;
    if (!memory_check(d, copy.number && (copy.id || !seat->id)))
        return false;
    d->seats[d->seats_count++] = copy;
    return true;
}

// Takes the shape; colour comes last in every one.
static bool shape_add(plan_draft *d, json_t *shape, const char *color)
{
    if (json_array_size(d->shapes) >= DRAFT_SHAPES_MAX) {
        json_decref(shape);
        return plan_draft_refuse(d, "a plan has at most %d shapes", DRAFT_SHAPES_MAX);
    }
    if (json_object_set_new(shape, "color", json_string(color)) != 0 ||
        json_array_append_new(d->shapes, shape) != 0)
        return plan_draft_refuse(d, "out of memory");
    return true;
}

bool plan_draft_rectangle(plan_draft *d, int32_t x, int32_t y, int32_t width, int32_t height,
                          const char *color)
{
    return shape_add(d,
                     json_pack("{s:s, s:i, s:i, s:i, s:i}", "type", "rectangle", "x", x, "y", y,
                               "width", width, "height", height),
                     color);
}

bool plan_draft_ellipse(plan_draft *d, int32_t x, int32_t y, int32_t radius_x, int32_t radius_y,
                        const char *color)
{
    return shape_add(d,
                     json_pack("{s:s, s:i, s:i, s:i, s:i}", "type", "ellipse", "x", x, "y", y,
                               "radius_x", radius_x, "radius_y", radius_y),
                     color);
}

bool plan_draft_polygon(plan_draft *d, const int32_t (*points)[2], size_t points_count,
                        const char *color)
{
    json_t *list = json_array();
    for (size_t i = 0; i < points_count; i++)
        if (json_array_append_new(list, json_pack("[i, i]", points[i][0], points[i][1])) != 0) {
            json_decref(list);
            return plan_draft_refuse(d, "out of memory");
        }
    return shape_add(d, json_pack("{s:s, s:o}", "type", "polygon", "points", list), color);
}

bool plan_draft_text(plan_draft *d, int32_t x, int32_t y, int32_t size, const char *text,
                     const char *color)
{
    return shape_add(d,
                     json_pack("{s:s, s:i, s:i, s:i, s:s}", "type", "text", "x", x, "y", y, "size",
                               size, "text", text),
                     color);
}

static bool draft_pack(plan_draft *d, plan_form *form)
{
    plan_seat *seats = calloc(d->seats_count + 1, sizeof *seats);
    const char **names = calloc(
        2 * SECTIONS_PER_PLAN_MAX + CATEGORIES_PER_PLAN_MAX + (size_t)d->rows_count, sizeof *names);
    bool packed = seats && names;
    if (packed) {
        const char **section_ids = names, **section_names = section_ids + SECTIONS_PER_PLAN_MAX;
        const char **categories = section_names + SECTIONS_PER_PLAN_MAX;
        const char **rows = categories + CATEGORIES_PER_PLAN_MAX;
        for (uint32_t i = 0; i < d->seats_count; i++) {
            const draft_seat *s = &d->seats[i];
            seats[i] = (plan_seat){d->rows[s->row].section,
                                   s->row,
                                   s->category,
                                   s->flags,
                                   s->x,
                                   s->y,
                                   s->id,
                                   s->number};
        }
        for (uint32_t i = 0; i < d->sections_count; i++) {
            section_ids[i] = d->sections[i].id;
            section_names[i] = d->sections[i].name;
        }
        for (uint32_t i = 0; i < d->categories_count; i++)
            categories[i] = d->categories[i].name;
        for (uint32_t i = 0; i < d->rows_count; i++)
            rows[i] = d->rows[i].name;
        plan_parts parts = {
            d->seats_count, d->sections_count, d->categories_count, d->rows_count, seats,
            section_ids,    section_names,     categories,          rows};
        packed = plan_encode(&parts, &form->packed, &form->packed_bytes);
    }
    free(seats);
    free(names);
    return packed || plan_draft_refuse(d, "out of memory");
}

bool plan_draft_finish(plan_draft *d, plan_form *ret_form)
{
    plan_form form = {.layout = NULL};
    if (!text_name_valid(d->name, strlen(d->name), PLAN_NAME_BYTES_MAX))
        return plan_draft_refuse(d, "the plan has no readable name of 1 to %d bytes",
                                 PLAN_NAME_BYTES_MAX);
    if (draft_pack(d, &form) &&
        plan_decode(form.packed, form.packed_bytes, &form.plan, d->problem) &&
        plan_layout_write(d, &form)) {
        form.hash = digest32_sha256(form.layout, form.layout_bytes);
        *ret_form = form;
        return true;
    }
    plan_form_done(&form);
    return false;
}

void plan_form_done(plan_form *form)
{
    free(form->layout);
    free(form->packed);
    plan_free(form->plan);
    *form = (plan_form){.layout = NULL};
}
