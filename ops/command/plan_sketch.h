// A generated house before it becomes a draft: sections, and rows as pieces of straight lines and
// arcs along which seats stand at equal distances. Lengths are in metres, y grows downwards, (0, 0)
// is the middle of the house. Pure apart from memory; one thread.
#ifndef CAVEA_OPS_COMMAND_PLAN_SKETCH_H
#define CAVEA_OPS_COMMAND_PLAN_SKETCH_H

#include "ops/command/plan_draft.h"

enum {
    SKETCH_UNITS_PER_METRE = 50 * DRAFT_UNITS_PER_PRETIX, // a seat of half a metre is 25 in pretix
    SKETCH_ROWS_MAX = 20000,
    SKETCH_ROW_SEATS_MIN = 4, // what trimming leaves of a row
};

typedef struct sketch_line {
    double x, y;   // where a straight line starts, or an arc's middle point
    double dx, dy; // a straight line's direction, of length 1
    double radius,
        angle;     // an arc starts at angle (radians, clockwise on paper); radius 0: straight
    double sense;  // 1: an arc runs clockwise, -1: the other way
    double length; // along the line, positive
} sketch_line;

typedef struct sketch_row {
    uint32_t section, category;
    uint32_t number;  // in its section, from 1
    uint32_t level;   // rows of all sections that are one ring
    uint32_t slots;   // places of one pitch
    uint32_t bays;    // wheelchair places at its start: two slots each, and a companion's beside
    uint32_t seats;   // slots - bays, less what was trimmed
    sketch_line line; // seats stand in its middle
} sketch_row;

typedef struct plan_sketch {
    double pitch_m;
    bool lettered; // rows are called A, B ... instead of 1, 2 ...
    struct sketch_section {
        char id[16], name[40];
    } sections[SECTIONS_PER_PLAN_MAX];
    uint32_t sections_count;
    sketch_row *rows; // of one section together, sections in plan order
    uint32_t rows_count;
    uint64_t seats_count;
} plan_sketch;

MUST_CHECK bool plan_sketch_init(plan_sketch *s);
void plan_sketch_done(plan_sketch *s);
void plan_sketch_clear(plan_sketch *s);

// Returns the section's number.
uint32_t plan_sketch_section(plan_sketch *s, const char *id, const char *name);
// As many seats as fit on the line when free_m stay empty at each of its ends; none when it is too
// short. row's slots, seats and section are filled in.
void plan_sketch_row(plan_sketch *s, uint32_t section, sketch_row row, double free_m);
// Takes single seats off rows, the highest first, until seats_count are left; false when there are
// not that many or trimming would empty rows.
MUST_CHECK bool plan_sketch_trim(plan_sketch *s, uint32_t seats_count);
// Adds everything to a draft, shifted so that the house lies in its middle. Its size must be set.
MUST_CHECK bool plan_sketch_draw(const plan_sketch *s, plan_draft *d);

// The figure that `draw` sketches at a scale has more seats the larger the scale. Sketches it at
// the smallest scale between low and high, to a thousandth, that has at least seats_count; high
// must have them. Trimming what is too many then leaves no row visibly shorter.
void plan_sketch_fit(plan_sketch *s, uint32_t seats_count, double low, double high,
                     void (*draw)(plan_sketch *s, void *figure, double scale), void *figure);

sketch_line sketch_straight(double x, double y, double dx, double dy, double length);
// turn is in radians, negative: against the clock.
sketch_line sketch_arc(double x, double y, double radius, double angle, double turn);
int32_t sketch_units(double metres);

#endif
