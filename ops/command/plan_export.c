#include "ops/command/plan_pretix.h"

#include <stdlib.h>

// Tenths back to pretix units: a whole number where it is one.
static json_t *units_write(int32_t units)
{
    if (units % DRAFT_UNITS_PER_PRETIX == 0)
        return json_integer(units / DRAFT_UNITS_PER_PRETIX);
    return json_real((double)units / (double)DRAFT_UNITS_PER_PRETIX);
}

static json_t *position_write(int32_t x, int32_t y)
{
    return json_pack("{s:o, s:o}", "x", units_write(x), "y", units_write(y));
}

static json_t *member(const json_t *object, const char *key)
{
    return units_write((int32_t)json_integer_value(json_object_get(object, key)));
}

static json_t *polygon_write(const json_t *points)
{
    json_t *list = json_array();
    const json_t *point;
    size_t i;
    json_array_foreach(points, i, point)
    {
        json_array_append_new(
            list, position_write((int32_t)json_integer_value(json_array_get(point, 0)),
                                 (int32_t)json_integer_value(json_array_get(point, 1))));
    }
    return json_pack("{s:o}", "points", list);
}

// One shape as an area of its own, with the shape's place as the area's position.
static json_t *area_write(const json_t *shape)
{
    const char *type = json_string_value(json_object_get(shape, "type"));
    const char *color = json_string_value(json_object_get(shape, "color"));
    json_t *area = json_pack(
        "{s:s, s:s, s:o, s:i}", "shape", type, "color", color, "position",
        json_pack("{s:o, s:o}", "x", member(shape, "x"), "y", member(shape, "y")), "rotation", 0);
    if (strcmp(type, "rectangle") == 0)
        json_object_set_new(area, type,
                            json_pack("{s:o, s:o}", "width", member(shape, "width"), "height",
                                      member(shape, "height")));
    else if (strcmp(type, "ellipse") == 0)
        json_object_set_new(area, type,
                            json_pack("{s:{s:o, s:o}}", "radius", "x", member(shape, "radius_x"),
                                      "y", member(shape, "radius_y")));
    else if (strcmp(type, "polygon") == 0)
        json_object_set_new(area, type, polygon_write(json_object_get(shape, "points")));
    else if (strcmp(type, "text") == 0)
        json_object_set_new(area, type,
                            json_pack("{s:{s:i, s:i}, s:s, s:o, s:s}", "position", "x", 0, "y", 0,
                                      "color", color, "size", member(shape, "size"), "text",
                                      json_string_value(json_object_get(shape, "text"))));
    return area;
}

static json_t *areas_write(const plan_draft *d)
{
    json_t *areas = json_array();
    const json_t *shape;
    size_t i;
    json_array_foreach(d->shapes, i, shape)
    {
        json_array_append_new(areas, area_write(shape));
    }
    return areas;
}

static json_t *seat_write(const plan_draft *d, const draft_seat *s)
{
    return json_pack("{s:s, s:s, s:o, s:s}", "seat_guid", s->id, "seat_number", s->number,
                     "position", position_write(s->x, s->y), "category",
                     d->categories[s->category].name);
}

static json_t *zones_write(const plan_draft *d)
{
    json_t *zones = json_array(), *rows = NULL, *seats = NULL;
    uint32_t row = UINT32_MAX, section = UINT32_MAX;
    for (uint32_t i = 0; i < d->seats_count; i++) {
        const draft_seat *s = &d->seats[i];
        if (d->rows[s->row].section != section) {
            section = d->rows[s->row].section;
            rows = json_array();
            json_array_append_new(zones, json_pack("{s:s, s:s, s:o, s:o, s:o}", "name",
                                                   d->sections[section].name, "zone_id",
                                                   d->sections[section].id, "position",
                                                   position_write(0, 0), "rows", rows, "areas",
                                                   i == 0 ? areas_write(d) : json_array()));
        }
        if (s->row != row) {
            row = s->row;
            seats = json_array();
            json_array_append_new(rows,
                                  json_pack("{s:s, s:o, s:o}", "row_number", d->rows[row].name,
                                            "position", position_write(0, 0), "seats", seats));
        }
        json_array_append_new(seats, seat_write(d, s));
    }
    return zones;
}

static json_t *categories_write(const plan_draft *d)
{
    json_t *categories = json_array();
    for (uint32_t i = 0; i < d->categories_count; i++)
        json_array_append_new(categories, json_pack("{s:s, s:s}", "name", d->categories[i].name,
                                                    "color", d->categories[i].color));
    return categories;
}

char *plan_pretix_write(const plan_draft *d)
{
    json_t *root = json_pack("{s:s, s:o, s:o, s:{s:o, s:o}}", "name", d->name, "categories",
                             categories_write(d), "zones", zones_write(d), "size", "width",
                             units_write(d->width), "height", units_write(d->height));
    char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    json_decref(root);
    return text;
}
