#include "ops/command/plan_sketch.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool plan_sketch_init(plan_sketch *s)
{
    *s = (plan_sketch){.rows = malloc(SKETCH_ROWS_MAX * sizeof *s->rows)};
    return s->rows != NULL;
}

void plan_sketch_done(plan_sketch *s)
{
    free(s->rows);
    s->rows = NULL;
}

void plan_sketch_clear(plan_sketch *s)
{
    s->sections_count = 0;
    s->rows_count = 0;
    s->seats_count = 0;
}

sketch_line sketch_straight(double x, double y, double dx, double dy, double length)
{
    return (sketch_line){.x = x, .y = y, .dx = dx, .dy = dy, .length = length};
}

sketch_line sketch_arc(double x, double y, double radius, double angle, double turn)
{
    return (sketch_line){.x = x,
                         .y = y,
                         .radius = radius,
                         .angle = angle,
                         .sense = turn < 0 ? -1 : 1,
                         .length = fabs(turn) * radius};
}

int32_t sketch_units(double metres)
{
    return (int32_t)lround(metres * (double)SKETCH_UNITS_PER_METRE);
}

uint32_t plan_sketch_section(plan_sketch *s, const char *id, const char *name)
{
    assert(s->sections_count < SECTIONS_PER_PLAN_MAX);
    struct sketch_section *section = &s->sections[s->sections_count];
    snprintf(section->id, sizeof section->id, "%s", id);
    snprintf(section->name, sizeof section->name, "%s", name);
    return s->sections_count++;
}

void plan_sketch_row(plan_sketch *s, uint32_t section, sketch_row row, double free_m)
{
    enum { BAY_SLOTS = 3 };
    double slots = floor((row.line.length - 2 * free_m) / s->pitch_m + 1e-9);
    if (slots < (double)SKETCH_ROW_SEATS_MIN)
        return;
    assert(s->rows_count < SKETCH_ROWS_MAX);
    row.section = section;
    row.slots = (uint32_t)slots;
    while (row.bays * BAY_SLOTS > row.slots)
        row.bays--;
    row.seats = row.slots - row.bays;
    s->rows[s->rows_count++] = row;
    s->seats_count += row.seats;
}

// One seat off every row of a level that can spare one; returns how many came off.
static uint64_t level_trim(plan_sketch *s, uint32_t level, uint64_t surplus)
{
    uint64_t trimmed = 0;
    for (uint32_t i = 0; i < s->rows_count && trimmed < surplus; i++) {
        sketch_row *row = &s->rows[i];
        if (row->level != level || row->bays > 0 || row->seats <= SKETCH_ROW_SEATS_MIN)
            continue;
        row->seats--;
        row->slots--;
        trimmed++;
    }
    return trimmed;
}

bool plan_sketch_trim(plan_sketch *s, uint32_t seats_count)
{
    uint32_t levels = 0;
    uint64_t trimmed = 1;
    for (uint32_t i = 0; i < s->rows_count; i++)
        levels = s->rows[i].level >= levels ? s->rows[i].level + 1 : levels;
    // From the top downwards, round after round.
    while (s->seats_count > seats_count && trimmed > 0) {
        trimmed = 0;
        for (uint32_t level = levels; level-- > 0;)
            trimmed += level_trim(s, level, s->seats_count - seats_count - trimmed);
        s->seats_count -= trimmed;
    }
    return s->seats_count == seats_count;
}

void plan_sketch_fit(plan_sketch *s, uint32_t seats_count, double low, double high,
                     void (*draw)(plan_sketch *s, void *figure, double scale), void *figure)
{
    while (high - low > 0.001) {
        double middle = (low + high) / 2;
        draw(s, figure, middle);
        if (s->seats_count >= seats_count)
            high = middle;
        else
            low = middle;
    }
    draw(s, figure, high);
}

static void line_point(const sketch_line *l, double along, double ret_point[static 2])
{
    if (l->radius > 0) {
        double angle = l->angle + l->sense * along / l->radius;
        ret_point[0] = l->x + l->radius * cos(angle);
        ret_point[1] = l->y + l->radius * sin(angle);
    } else {
        ret_point[0] = l->x + l->dx * along;
        ret_point[1] = l->y + l->dy * along;
    }
}

static void row_name(const plan_sketch *s, uint32_t number, char ret_name[static 12])
{
    if (s->lettered && number <= 26)
        snprintf(ret_name, 12, "%c", 'A' + (int)(number - 1));
    else if (s->lettered)
        snprintf(ret_name, 12, "%c%c", 'A' + (int)((number - 27) / 26 % 26),
                 'A' + (int)((number - 27) % 26));
    else
        snprintf(ret_name, 12, "%u", number);
}

static bool row_draw(const plan_sketch *s, const sketch_row *row, plan_draft *d)
{
    const struct sketch_section *section = &s->sections[row->section];
    double start = (row->line.length - row->slots * s->pitch_m) / 2, slot = 0;
    char name[12], number[12], id[sizeof section->id + 24];
    row_name(s, row->number, name);
    if (!plan_draft_row(d, name))
        return false;
    for (uint32_t i = 0; i < row->seats; i++) {
        // Bays come first: a place of two slots, then its companion's seat.
        bool bay = i < 2 * row->bays && i % 2 == 0, companion = i < 2 * row->bays && i % 2 == 1;
        double width = bay ? 2 : 1, at[2];
        line_point(&row->line, start + (slot + width / 2) * s->pitch_m, at);
        slot += width;
        snprintf(number, sizeof number, "%u", i + 1);
        snprintf(id, sizeof id, "%s-%s-%s", section->id, name, number);
        draft_seat seat = {
            .id = id,
            .number = number,
            .category = row->category,
            .flags = bay         ? SEAT_FLAG_ACCESSIBLE
                     : companion ? SEAT_FLAG_COMPANION
                                 : 0,
            .x = sketch_units(at[0]) + d->width / 2,
            .y = sketch_units(at[1]) + d->height / 2,
        };
        if (!plan_draft_seat(d, &seat))
            return false;
    }
    return true;
}

bool plan_sketch_draw(const plan_sketch *s, plan_draft *d)
{
    uint32_t section = UINT32_MAX;
    for (uint32_t i = 0; i < s->rows_count; i++) {
        const sketch_row *row = &s->rows[i];
        if (row->section != section) {
            section = row->section;
            if (!plan_draft_section(d, s->sections[section].id, s->sections[section].name))
                return false;
        }
        if (!row_draw(s, row, d))
            return false;
    }
    return true;
}
