#include "ops/command/plan_generate.h"
#include "ops/command/plan_sketch.h"

#include <math.h>
#include <stdio.h>

enum { PARTS = 3, ROWS_MAX = 60, BOXES = 4, STAGE_CORNERS = 24 };

// Rows are arcs around a point behind the stage; three blocks with an aisle on either side of the
// middle one, in the stalls and again in the circle behind them. Boxes stand along the walls.
static const double pitch_m = 0.55, row_depth_m = 0.95, aisle_m = 1.2, first_row_m = 24,
                    foyer_m = 3, stage_front_m = 21.5, stage_back_m = 13;

static const struct category {
    const char *name, *color;
} categories[] = {
    {"Orchestra", "#0072b2"},   {"Stalls", "#009e73"}, {"Circle front", "#e69f00"},
    {"Circle rear", "#56b4e9"}, {"Box", "#cc79a7"},
};

static const struct part { // fractions of the whole angle
    const char *name;
    double from, to;
} parts[PARTS] = {{"left", 0, 0.29}, {"centre", 0.29, 0.71}, {"right", 0.71, 1}};

typedef struct house {
    double half_angle; // of the rows around the stage
    double size;       // half_angle is this times the scale
    double middle_y;   // of all arcs
    double out_m;      // radius behind the last row
    uint32_t rows_count, stalls_rows, circle_rows;
} house;

static void tier_sketch(plan_sketch *s, const house *h, bool circle)
{
    uint32_t rows = circle ? h->circle_rows : h->stalls_rows;
    double first = first_row_m + (circle ? h->stalls_rows * row_depth_m + foyer_m : 0);
    for (int p = 0; p < PARTS; p++) {
        char id[16], name[40];
        snprintf(id, sizeof id, "%c%c", circle ? 'C' : 'S', parts[p].name[0] - 'a' + 'A');
        snprintf(name, sizeof name, "%s %s", circle ? "Circle" : "Stalls", parts[p].name);
        uint32_t section = plan_sketch_section(s, id, name);
        for (uint32_t row = 0; row < rows; row++) {
            bool front = circle ? row < 2 : row < rows * 2 / 5;
            bool bays = !circle && row + 1 == rows && p != 1;
            double whole = 2 * h->half_angle, left = M_PI_2 + h->half_angle;
            // From the left as seen by the audience, so against the clock.
            sketch_line line =
                sketch_arc(0, h->middle_y, first + row * row_depth_m, left - parts[p].to * whole,
                           (parts[p].to - parts[p].from) * whole);
            plan_sketch_row(s, section,
                            (sketch_row){
                                .category = (circle ? 2U : 0U) + (front ? 0U : 1U),
                                .number = row + 1,
                                .level = row + (circle ? h->stalls_rows : 0),
                                .bays = bays ? 3 : 0,
                                .line = line,
                            },
                            aisle_m / 2);
        }
    }
}

// A box is one short straight row of four along the wall.
static void boxes_sketch(plan_sketch *s, const house *h)
{
    for (int side = 0; side < 2; side++) {
        char id[16], name[40];
        snprintf(id, sizeof id, "B%c", side ? 'R' : 'L');
        snprintf(name, sizeof name, "Boxes %s", side ? "right" : "left");
        uint32_t section = plan_sketch_section(s, id, name);
        for (uint32_t box = 0; box < BOXES; box++) {
            double angle = M_PI_2 + (side ? -1 : 1) * (h->half_angle + 0.05);
            double at = first_row_m + 1 + box * 3.4, length = 4 * pitch_m + 0.01;
            double dx = cos(angle), dy = sin(angle);
            plan_sketch_row(
                s, section,
                (sketch_row){
                    .category = 4,
                    .number = box + 1,
                    .level = 0,
                    .line = sketch_straight(at * dx, h->middle_y + at * dy, dx, dy, length),
                },
                0);
        }
    }
}

static void house_sketch(plan_sketch *s, void *figure, double scale)
{
    house *h = figure;
    h->half_angle = h->size * scale;
    h->circle_rows = h->rows_count * 3 / 10;
    h->stalls_rows = h->rows_count - h->circle_rows;
    h->out_m = first_row_m + h->rows_count * row_depth_m + foyer_m;
    h->middle_y = -(stage_back_m + h->out_m) / 2;
    plan_sketch_clear(s);
    tier_sketch(s, h, false);
    boxes_sketch(s, h);
    tier_sketch(s, h, true);
}

// Narrow at the back, with a front that follows the rows.
static bool stage_draw(const house *h, plan_draft *d)
{
    int32_t corners[STAGE_CORNERS][2];
    double half = h->half_angle * 0.85;
    for (int i = 0; i < STAGE_CORNERS; i++) {
        bool back = i < 2;
        double turn = back ? (i == 0 ? -1 : 1) : 1 - 2.0 * (i - 2) / (STAGE_CORNERS - 3);
        double radius = back ? stage_back_m : stage_front_m;
        corners[i][0] = d->width / 2 + sketch_units(radius * sin(half * turn));
        corners[i][1] = d->height / 2 + sketch_units(h->middle_y + radius * cos(half * turn));
    }
    double text_y = h->middle_y + (stage_front_m + stage_back_m) / 2;
    return plan_draft_polygon(d, corners, STAGE_CORNERS, "#d8cfc4") &&
           plan_draft_text(d, d->width / 2, d->height / 2 + sketch_units(text_y), sketch_units(1.6),
                           "STAGE", "#333333");
}

static bool house_draw(const plan_sketch *s, const house *h, plan_draft *d)
{
    enum { MARGIN_M = 3 };
    double half_width = h->out_m * sin(h->half_angle + 0.05) + (double)MARGIN_M;
    d->name = plan_draft_copy(d, "Theatre");
    d->width = sketch_units(2 * half_width);
    d->height = sketch_units(h->out_m - stage_back_m + 2 * MARGIN_M);
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++)
        if (!plan_draft_category(d, categories[i].name, categories[i].color))
            return false;
    return stage_draw(h, d) && plan_sketch_draw(s, d);
}

bool plan_generate_theatre(plan_draft *d, uint32_t seats)
{
    plan_sketch s;
    house h = {.size = 0.5 * sqrt(sqrt((double)seats / (double)THEATRE_SEATS)), .rows_count = 3};
    if (!plan_sketch_init(&s))
        return plan_draft_refuse(d, "out of memory");
    s.pitch_m = pitch_m;
    s.lettered = true;
    while (s.seats_count < seats && h.rows_count++ < ROWS_MAX)
        house_sketch(&s, &h, 1);
    plan_sketch_fit(&s, seats, 0.8, 1, house_sketch, &h);
    bool drawn = plan_sketch_trim(&s, seats)
                     ? house_draw(&s, &h, d)
                     : plan_draft_refuse(d, "no theatre has %u seats", seats);
    plan_sketch_done(&s);
    return drawn;
}

const plan_house plan_houses[2] = {
    {"arena",
     ARENA_SEATS,
     ARENA_SEATS_MIN,
     SEATS_PER_EVENT_MAX,
     plan_generate_arena,
     {18000, 12000, 8500, 6000, 3500}},
    {"theatre",
     THEATRE_SEATS,
     THEATRE_SEATS_MIN,
     THEATRE_SEATS_MAX,
     plan_generate_theatre,
     {9500, 7000, 6000, 3800, 11000}},
};

const plan_house *plan_house_find(const char *kind)
{
    for (size_t i = 0; i < sizeof plan_houses / sizeof *plan_houses; i++)
        if (strcmp(plan_houses[i].kind, kind) == 0)
            return &plan_houses[i];
    return NULL;
}
