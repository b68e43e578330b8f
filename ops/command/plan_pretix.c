#include "ops/command/plan_pretix.h"

#include "ops/command/json_file.h"
#include "ops/command/plan_shapes.h"
#include "ops/command/text_map.h"

#include <math.h>
#include <stdio.h>

#define COLOR_STANDARD "#888888"

typedef struct reading {
    plan_draft *d;
    text_map categories; // name -> index + 1
} reading;

static const char *text_or(const json_t *object, const char *key, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && *text ? text : otherwise;
}

bool plan_position_read(const json_t *object, const char *key, plan_position *at)
{
    const json_t *position = json_object_get(object, key);
    const json_t *x = json_object_get(position, "x"), *y = json_object_get(position, "y");
    if (!position)
        return true;
    if (!json_is_number(x) || !json_is_number(y))
        return false;
    at->x += json_number_value(x);
    at->y += json_number_value(y);
    return true;
}

bool plan_units_of(double pretix_units, int32_t *ret_units)
{
    double units = round(pretix_units * (double)DRAFT_UNITS_PER_PRETIX);
    if (!(fabs(units) <= (double)PLAN_COORDINATE_MAX))
        return false;
    *ret_units = (int32_t)units;
    return true;
}

static bool categories_read(reading *r, const json_t *root)
{
    const json_t *list = json_object_get(root, "categories"), *category;
    size_t i;
    json_array_foreach(list, i, category)
    {
        const char *name = text_or(category, "name", ""), *color;
        color = text_or(category, "color", COLOR_STANDARD);
        if (!plan_draft_category(r->d, name, plan_color_valid(color) ? color : COLOR_STANDARD))
            return false;
        *text_map_at(&r->categories, r->d->categories[i].name) = (uint32_t)i + 1;
    }
    return r->d->categories_count > 0 || plan_draft_refuse(r->d, "the plan has no categories");
}

static bool seat_read(reading *r, const json_t *object, size_t number, plan_position at)
{
    char ordinal[24];
    const char *category = json_string_value(json_object_get(object, "category"));
    const uint32_t *index = category ? text_map_find(&r->categories, category) : NULL;
    snprintf(ordinal, sizeof ordinal, "%zu", number + 1);
    draft_seat seat = {.id = text_or(object, "seat_guid", ""),
                       .number = text_or(object, "seat_number", ordinal)};
    if (!index)
        return plan_draft_refuse(r->d, "seat %.40s is of an unknown category", seat.id);
    if (!plan_position_read(object, "position", &at) || !plan_units_of(at.x, &seat.x) ||
        !plan_units_of(at.y, &seat.y))
        return plan_draft_refuse(r->d, "seat %.40s has no usable position", seat.id);
    seat.category = *index - 1;
    return plan_draft_seat(r->d, &seat);
}

static bool row_read(reading *r, const json_t *object, size_t number, plan_position at)
{
    const json_t *seats = json_object_get(object, "seats"), *seat;
    char ordinal[24];
    size_t i;
    snprintf(ordinal, sizeof ordinal, "%zu", number + 1);
    if (!plan_position_read(object, "position", &at))
        return plan_draft_refuse(r->d, "row %zu has no usable position", number + 1);
    if (json_array_size(seats) == 0)
        return true;
    if (!plan_draft_row(r->d, text_or(object, "row_number", ordinal)))
        return false;
    json_array_foreach(seats, i, seat)
    {
        if (!seat_read(r, seat, i, at))
            return false;
    }
    return true;
}

static bool zone_has_seats(const json_t *rows)
{
    const json_t *row;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        if (json_array_size(json_object_get(row, "seats")) > 0)
            return true;
    }
    return false;
}

static bool section_known(const plan_draft *d, const char *id)
{
    for (uint32_t i = 0; i < d->sections_count; i++)
        if (strcmp(d->sections[i].id, id) == 0)
            return true;
    return false;
}

// A section is called after its zone's id, else after its name.
static bool section_start(plan_draft *d, const json_t *zone, const char *name, size_t number)
{
    enum { TOKEN_BYTES = 41, ID_BYTES = 64 };
    char token[TOKEN_BYTES], id[ID_BYTES];
    const char *zone_id = text_or(zone, "zone_id", "");
    if (plan_seat_id_valid(zone_id, strlen(zone_id)) && strlen(zone_id) < TOKEN_BYTES)
        snprintf(token, sizeof token, "%s", zone_id);
    else
        plan_token_of(name, sizeof token, token);
    if (!token[0])
        snprintf(token, sizeof token, "zone-%u", (unsigned)(number + 1));
    snprintf(id, sizeof id, "%s", token);
    for (unsigned n = 2; section_known(d, id); n++)
        snprintf(id, sizeof id, "%s~%u", token, n);
    return plan_draft_section(d, id, name);
}

static bool zone_read(reading *r, const json_t *object, size_t number)
{
    const json_t *rows = json_object_get(object, "rows"), *row;
    plan_position at = {0, 0};
    char ordinal[32];
    size_t i;
    snprintf(ordinal, sizeof ordinal, "Zone %zu", number + 1);
    if (!plan_position_read(object, "position", &at))
        return plan_draft_refuse(r->d, "zone %zu has no usable position", number + 1);
    if (!plan_shapes_read(r->d, json_object_get(object, "areas"), at))
        return false;
    if (!zone_has_seats(rows))
        return true;
    if (!section_start(r->d, object, text_or(object, "name", ordinal), number))
        return false;
    json_array_foreach(rows, i, row)
    {
        if (!row_read(r, row, i, at))
            return false;
    }
    return true;
}

// pretix did not always write a size: then it is what the seats need, with as much room around
// them.
static bool size_read(plan_draft *d, const json_t *root)
{
    const json_t *size = json_object_get(root, "size");
    const json_t *width = json_object_get(size, "width"), *height = json_object_get(size, "height");
    if (json_is_number(width) && json_is_number(height)) {
        if (!plan_units_of(json_number_value(width), &d->width) ||
            !plan_units_of(json_number_value(height), &d->height) || d->width <= 0 ||
            d->height <= 0)
            return plan_draft_refuse(d, "the plan has no usable size");
        return true;
    }
    enum { ROOM = 50 * DRAFT_UNITS_PER_PRETIX };
    for (uint32_t i = 0; i < d->seats_count; i++) {
        d->width = d->width > d->seats[i].x + ROOM ? d->width : d->seats[i].x + ROOM;
        d->height = d->height > d->seats[i].y + ROOM ? d->height : d->seats[i].y + ROOM;
    }
    return true;
}

static bool root_read(reading *r, const json_t *root)
{
    const json_t *zones = json_object_get(root, "zones"), *zone;
    size_t i;
    if (!json_is_array(zones))
        return plan_draft_refuse(r->d, "this is no pretix seating plan: it has no zones");
    r->d->name = plan_draft_copy(r->d, text_or(root, "name", "Seating plan"));
    if (!r->d->name)
        return plan_draft_refuse(r->d, "the texts of the plan are too long");
    if (!categories_read(r, root))
        return false;
    json_array_foreach(zones, i, zone)
    {
        if (!zone_read(r, zone, i))
            return false;
    }
    if (r->d->seats_count == 0)
        return plan_draft_refuse(r->d, "the plan has no seats");
    return size_read(r->d, root);
}

static bool strict_check(plan_draft *d, const plan_ids_report *report)
{
    if (report->repeated_ids > 0)
        return plan_draft_refuse(d, "%u seat ids are used by %u seats, the first is %.64s",
                                 report->repeated_ids, report->repeated_seats,
                                 report->renamed[0].old_id);
    if (report->unfit_seats > 0)
        return plan_draft_refuse(d, "%u seats have no id of the form [A-Za-z0-9._~:-]{1,%d}",
                                 report->unfit_seats, SEAT_ID_BYTES_MAX);
    return true;
}

bool plan_pretix_read(plan_draft *d, const char *text, size_t text_bytes, bool strict,
                      plan_ids_report *ret_report)
{
    reading r = {.d = d};
    json_t *root = json_file_parse(text, text_bytes, d->problem);
    if (!root)
        return false;
    bool read = text_map_init(&r.categories, CATEGORIES_PER_PLAN_MAX)
                    ? root_read(&r, root)
                    : plan_draft_refuse(d, "out of memory");
    text_map_done(&r.categories);
    json_decref(root);
    return read && plan_ids_assign(d, ret_report) && (!strict || strict_check(d, ret_report));
}
