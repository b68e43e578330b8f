#include "ops/command/plan_shapes.h"

#include "schemas/text.h"

#include <math.h>

enum { POINTS_MAX = 256, TEXT_SIZE_STANDARD = 16 };

// One area: where it stands, how far it is turned around that point, and its colour.
typedef struct area {
    plan_position at;
    double cosine, sine;
    const char *color;
} area;

static double number_of(const json_t *object, const char *key, double otherwise)
{
    const json_t *number = json_object_get(object, key);
    return json_is_number(number) ? json_number_value(number) : otherwise;
}

static const char *color_of(const json_t *object, const char *otherwise)
{
    const char *color = json_string_value(json_object_get(object, "color"));
    return color && plan_color_valid(color) ? color : otherwise;
}

// A point given relative to the area, on the plan and in the draft's units.
static bool point_of(const area *a, double x, double y, int32_t ret_point[static 2])
{
    return plan_units_of(a->at.x + x * a->cosine - y * a->sine, &ret_point[0]) &&
           plan_units_of(a->at.y + x * a->sine + y * a->cosine, &ret_point[1]);
}

static bool rectangle_read(plan_draft *d, const area *a, const json_t *object)
{
    double width = number_of(object, "width", 0), height = number_of(object, "height", 0);
    int32_t corners[4][2], w, h;
    if (width <= 0 || height <= 0 || !plan_units_of(width, &w) || !plan_units_of(height, &h) ||
        !point_of(a, 0, 0, corners[0]) || !point_of(a, width, 0, corners[1]) ||
        !point_of(a, width, height, corners[2]) || !point_of(a, 0, height, corners[3]))
        return true;
    if (a->sine != 0)
        return plan_draft_polygon(d, corners, 4, a->color);
    return plan_draft_rectangle(d, corners[0][0], corners[0][1], w, h, a->color);
}

// A turned ellipse becomes a polygon, because the layout's ellipses stand upright.
static bool ellipse_read(plan_draft *d, const area *a, double radius_x, double radius_y)
{
    enum { CORNERS = 48 };
    int32_t corners[CORNERS][2], middle[2], rx, ry;
    if (radius_x <= 0 || radius_y <= 0 || !plan_units_of(radius_x, &rx) ||
        !plan_units_of(radius_y, &ry) || !point_of(a, 0, 0, middle))
        return true;
    if (a->sine == 0 || rx == ry)
        return plan_draft_ellipse(d, middle[0], middle[1], rx, ry, a->color);
    for (int i = 0; i < CORNERS; i++) {
        double turn = 2 * M_PI * i / (double)CORNERS;
        if (!point_of(a, radius_x * cos(turn), radius_y * sin(turn), corners[i]))
            return true;
    }
    return plan_draft_polygon(d, corners, CORNERS, a->color);
}

static bool polygon_read(plan_draft *d, const area *a, const json_t *points)
{
    int32_t corners[POINTS_MAX][2];
    const json_t *point;
    size_t i, count = json_array_size(points);
    if (count < 3 || count > POINTS_MAX)
        return true;
    json_array_foreach(points, i, point)
    {
        if (!point_of(a, number_of(point, "x", 0), number_of(point, "y", 0), corners[i]))
            return true;
    }
    return plan_draft_polygon(d, corners, count, a->color);
}

static bool lettering_read(plan_draft *d, const area *a, const json_t *object)
{
    const char *text = json_string_value(json_object_get(object, "text"));
    plan_position shift = {0, 0};
    int32_t middle[2], size;
    if (!text || !text_name_valid(text, strlen(text), PLAN_NAME_BYTES_MAX) ||
        !plan_position_read(object, "position", &shift) || !point_of(a, shift.x, shift.y, middle) ||
        !plan_units_of(number_of(object, "size", TEXT_SIZE_STANDARD), &size) || size <= 0)
        return true;
    return plan_draft_text(d, middle[0], middle[1], size, text, color_of(object, "#333333"));
}

static bool area_read(plan_draft *d, const json_t *object, plan_position zone)
{
    const char *shape = json_string_value(json_object_get(object, "shape"));
    double turn = number_of(object, "rotation", 0) * M_PI / 180;
    area a = {zone, cos(turn), turn == 0 ? 0 : sin(turn), color_of(object, "#eeeeee")};
    bool drawn = true;
    if (!plan_position_read(object, "position", &a.at))
        return true;
    if (!shape || strcmp(shape, "rectangle") == 0) {
        const json_t *rectangle = json_object_get(object, "rectangle");
        drawn = rectangle_read(d, &a, rectangle ? rectangle : object);
    } else if (strcmp(shape, "circle") == 0) {
        double radius = number_of(json_object_get(object, "circle"), "radius", 0);
        drawn = ellipse_read(d, &a, radius, radius);
    } else if (strcmp(shape, "ellipse") == 0) {
        const json_t *radius = json_object_get(json_object_get(object, "ellipse"), "radius");
        drawn = ellipse_read(d, &a, number_of(radius, "x", 0), number_of(radius, "y", 0));
    } else if (strcmp(shape, "polygon") == 0) {
        drawn = polygon_read(d, &a, json_object_get(json_object_get(object, "polygon"), "points"));
    }
    return drawn && lettering_read(d, &a, json_object_get(object, "text"));
}

bool plan_shapes_read(plan_draft *d, const json_t *areas, plan_position zone)
{
    const json_t *object;
    size_t i;
    json_array_foreach(areas, i, object)
    {
        if (!area_read(d, object, zone))
            return false;
    }
    return true;
}
