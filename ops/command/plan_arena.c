#include "ops/command/plan_generate.h"
#include "ops/command/plan_sketch.h"

#include <math.h>
#include <stdio.h>

enum { TIERS = 3, SIDES = 8, ROWS_MAX = 200 };

// Eight sides of a rounded rectangle, clockwise from its upper left corner's end: straight, corner,
// straight, corner ... A row is the same figure, farther out: straight sides keep their length,
// corners grow.
static const double pitch_m = 0.5, row_depth_m = 0.8, aisle_m = 1.2, block_m = 13.5;
// A field of 105 by 68 metres fits into the first row's figure with four metres to spare.
static const double half_x_m = 30.6, half_y_m = 12.1, corner_m = 35, field_m = 4;

typedef struct bowl {
    double half_x, half_y, corner; // of the first row: half straight lengths, corner radius
    double size;                   // all three are these metres times size
    uint32_t rows_count, rows[TIERS];
    double first_m[TIERS]; // distance of a tier's first row from the bowl's first row
} bowl;

static const struct tier {
    uint32_t number;        // blocks are called 101, 102 ... 201 ...
    double share;           // of all rows
    double concourse_m;     // the way behind its last row
    uint32_t bays_row;      // counted from the back, 1: the last row; 0: no wheelchair places
    uint32_t category_long; // along the long sides
    uint32_t category_end;  // corners and ends
} tiers[TIERS] = {
    {100, 0.42, 4.0, 1, 1, 2},
    {200, 0.23, 4.0, 1, 0, 2},
    {300, 0.35, 0.0, 0, 3, 4},
};

static const struct category {
    const char *name, *color;
} categories[] = {
    {"Club", "#0072b2"},        {"Main stand", "#e69f00"}, {"Lower bowl", "#009e73"},
    {"Upper stand", "#cc79a7"}, {"Upper bowl", "#56b4e9"},
};

// The part of one side between two fractions of it, r metres outside of the first row.
static sketch_line side_line(const bowl *b, uint32_t side, double from, double to, double r)
{
    // Signs of the side's normal for straight sides, of the corner's middle for corners.
    static const double straight[4][4] = {
        {0, -1, 1, 0}, {1, 0, 0, 1}, {0, 1, -1, 0}, {-1, 0, 0, -1}}; // normal, direction
    static const double corner[4][2] = {{1, -1}, {1, 1}, {-1, 1}, {-1, -1}};
    double out = b->corner + r;
    if (side % 2 == 1) {
        const double *c = corner[side / 2];
        double turn = M_PI / 2, angle = -M_PI / 2 + side / 2 * turn;
        return sketch_arc(c[0] * b->half_x, c[1] * b->half_y, out, angle + from * turn,
                          (to - from) * turn);
    }
    const double *s = straight[side / 2];
    double half = side / 2 % 2 == 0 ? b->half_x : b->half_y;
    double shift = (2 * from - 1) * half;
    return sketch_straight(s[0] * (b->half_x + out) + s[2] * shift,
                           s[1] * (b->half_y + out) + s[3] * shift, s[2], s[3],
                           (to - from) * 2 * half);
}

static uint32_t side_blocks(const bowl *b, uint32_t side, double middle_m)
{
    sketch_line whole = side_line(b, side, 0, 1, middle_m);
    double blocks = ceil(whole.length / block_m);
    return blocks < 1 ? 1 : (uint32_t)blocks;
}

static void block_sketch(plan_sketch *s, const bowl *b, uint32_t tier, uint32_t side, double from,
                         double to, uint32_t number)
{
    enum { BAYS = 4 };
    const struct tier *t = &tiers[tier];
    bool long_side = side % 4 == 0;
    uint32_t first_level = 0;
    char id[16], name[40];
    for (uint32_t i = 0; i < tier; i++)
        first_level += b->rows[i];
    snprintf(id, sizeof id, "%u", number);
    snprintf(name, sizeof name, "Block %u", number);
    uint32_t section = plan_sketch_section(s, id, name);
    for (uint32_t row = 0; row < b->rows[tier]; row++) {
        double r = b->first_m[tier] + row * row_depth_m;
        bool bays = t->bays_row > 0 && row + t->bays_row == b->rows[tier];
        plan_sketch_row(s, section,
                        (sketch_row){
                            .category = long_side ? t->category_long : t->category_end,
                            .number = row + 1,
                            .level = first_level + row,
                            .bays = bays ? BAYS : 0,
                            .line = side_line(b, side, from, to, r),
                        },
                        aisle_m / 2);
    }
}

static void bowl_sketch(plan_sketch *s, void *figure, double scale)
{
    bowl *b = figure;
    double first_m = 0, metres = b->size * scale;
    uint32_t left = b->rows_count;
    b->half_x = half_x_m * metres;
    b->half_y = half_y_m * metres;
    b->corner = corner_m * metres;
    plan_sketch_clear(s);
    for (uint32_t tier = 0; tier < TIERS; tier++) {
        uint32_t share = (uint32_t)lround(b->rows_count * tiers[tier].share);
        b->rows[tier] = tier + 1 == TIERS ? left : share;
        b->first_m[tier] = first_m;
        left -= b->rows[tier];
        double depth = b->rows[tier] * row_depth_m;
        first_m += depth + tiers[tier].concourse_m;
        uint32_t number = tiers[tier].number;
        for (uint32_t side = 0; side < SIDES; side++) {
            uint32_t blocks = side_blocks(b, side, b->first_m[tier] + depth / 2);
            for (uint32_t i = 0; i < blocks; i++)
                block_sketch(s, b, tier, side, (double)i / blocks, (double)(i + 1) / blocks,
                             ++number);
        }
    }
}

// The field and what is painted on it. Its corners keep clear of the first row's corners.
static bool field_draw(const bowl *b, plan_draft *d)
{
    double corner = (b->corner - field_m) * M_SQRT1_2;
    double half_x = b->half_x + corner, half_y = b->half_y + corner;
    int32_t x = d->width / 2, y = d->height / 2, w = sketch_units(2 * half_x);
    int32_t h = sketch_units(2 * half_y), line = sketch_units(0.4);
    int32_t circle = h / 7, box_w = w / 7, box_h = h * 3 / 5;
    return plan_draft_rectangle(d, x - w / 2, y - h / 2, w, h, "#8fbf8f") &&
           plan_draft_rectangle(d, x - w / 2, y - box_h / 2, box_w, box_h, "#a3cca3") &&
           plan_draft_rectangle(d, x + w / 2 - box_w, y - box_h / 2, box_w, box_h, "#a3cca3") &&
           plan_draft_ellipse(d, x, y, circle, circle, "#a3cca3") &&
           plan_draft_rectangle(d, x - line / 2, y - h / 2, line, h, "#ffffff") &&
           plan_draft_text(d, x, y - h / 3, sketch_units(4), "NORTH", "#2f5f2f") &&
           plan_draft_text(d, x, y + h / 3, sketch_units(4), "SOUTH", "#2f5f2f") &&
           plan_draft_text(d, x - w * 2 / 5, y, sketch_units(4), "WEST", "#2f5f2f") &&
           plan_draft_text(d, x + w * 2 / 5, y, sketch_units(4), "EAST", "#2f5f2f");
}

static bool bowl_draw(const plan_sketch *s, const bowl *b, plan_draft *d)
{
    enum { MARGIN_M = 6 };
    double depth = b->first_m[TIERS - 1] + b->rows[TIERS - 1] * row_depth_m + (double)MARGIN_M;
    d->name = plan_draft_copy(d, "Arena");
    d->width = sketch_units(2 * (b->half_x + b->corner + depth));
    d->height = sketch_units(2 * (b->half_y + b->corner + depth));
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++)
        if (!plan_draft_category(d, categories[i].name, categories[i].color))
            return false;
    return field_draw(b, d) && plan_sketch_draw(s, d);
}

bool plan_generate_arena(plan_draft *d, uint32_t seats)
{
    plan_sketch s;
    bowl b = {.size = sqrt((double)seats / (double)ARENA_SEATS), .rows_count = TIERS - 1};
    if (!plan_sketch_init(&s))
        return plan_draft_refuse(d, "out of memory");
    s.pitch_m = pitch_m;
    while (s.seats_count < seats && b.rows_count++ < ROWS_MAX)
        bowl_sketch(&s, &b, 1);
    plan_sketch_fit(&s, seats, 0.9, 1, bowl_sketch, &b);
    bool drawn = plan_sketch_trim(&s, seats) ? bowl_draw(&s, &b, d)
                                             : plan_draft_refuse(d, "no arena has %u seats", seats);
    plan_sketch_done(&s);
    return drawn;
}
