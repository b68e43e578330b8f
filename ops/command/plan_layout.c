#include "ops/command/plan_layout.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define FORMAT "cavea.layout.v1"

enum { RADIUS_STANDARD = 10 * DRAFT_UNITS_PER_PRETIX };

static int distance_compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return a < b ? -1 : a > b;
}

// Two fifths of the usual distance between neighbours: circles of that size do not touch.
static bool radius_find(const plan *p, int32_t *ret_radius)
{
    int64_t *squares = malloc(p->seats_count * sizeof *squares);
    uint32_t count = 0;
    if (!squares)
        return false;
    for (uint32_t i = 0; i < p->seats_count; i++) {
        uint32_t right = p->seat_right[i];
        if (right == PLAN_SEAT_NONE)
            continue;
        int64_t dx = p->seat_x[right] - p->seat_x[i], dy = p->seat_y[right] - p->seat_y[i];
        squares[count++] = dx * dx + dy * dy;
    }
    *ret_radius = RADIUS_STANDARD;
    if (count > 0) {
        qsort(squares, count, sizeof *squares, distance_compare);
        int32_t radius = (int32_t)(0.4 * sqrt((double)squares[count / 2]));
        *ret_radius = radius > 0 ? radius : 1;
    }
    free(squares);
    return true;
}

// Texts hold no control characters (text_name_valid), so two escapes are enough.
static void text_write(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', out);
        putc(*text, out);
    }
    putc('"', out);
}

static void categories_write(FILE *out, const plan_draft *d)
{
    fputs(",\"categories\":[", out);
    for (uint32_t i = 0; i < d->categories_count; i++) {
        fputs(i > 0 ? ",{\"name\":" : "{\"name\":", out);
        text_write(out, d->categories[i].name);
        fputs(",\"color\":", out);
        text_write(out, d->categories[i].color);
        putc('}', out);
    }
    putc(']', out);
}

static void seat_write(FILE *out, const draft_seat *s)
{
    fprintf(out, "{\"id\":\"%s\",\"number\":", s->id);
    text_write(out, s->number);
    fprintf(out, ",\"x\":%d,\"y\":%d,\"category\":%u", s->x, s->y, s->category);
    if (s->flags != 0)
        fprintf(out, ",\"flags\":%u", s->flags);
    putc('}', out);
}

static void sections_write(FILE *out, const plan_draft *d)
{
    uint32_t row = UINT32_MAX, section = UINT32_MAX;
    fputs(",\"sections\":[", out);
    for (uint32_t i = 0; i < d->seats_count; i++) {
        const draft_seat *s = &d->seats[i];
        bool next_row = s->row != row, next_section = d->rows[s->row].section != section;
        if (next_row && row != UINT32_MAX)
            fputs("]}", out);
        if (next_section) {
            fputs(section != UINT32_MAX ? "]},{\"id\":" : "{\"id\":", out);
            section = d->rows[s->row].section;
            text_write(out, d->sections[section].id);
            fputs(",\"name\":", out);
            text_write(out, d->sections[section].name);
            fputs(",\"rows\":[", out);
        }
        if (next_row) {
            fputs(next_section ? "{\"name\":" : ",{\"name\":", out);
            row = s->row;
            text_write(out, d->rows[row].name);
            fputs(",\"seats\":[", out);
        } else {
            putc(',', out);
        }
        seat_write(out, s);
    }
    fputs("]}]}]", out);
}

bool plan_layout_write(plan_draft *d, plan_form *form)
{
    int32_t radius;
    char *shapes = json_dumps(d->shapes, JSON_COMPACT);
    FILE *out = open_memstream(&form->layout, &form->layout_bytes);
    if (!out || !shapes || !radius_find(form->plan, &radius)) {
        if (out)
            fclose(out);
        free(shapes);
        return plan_draft_refuse(d, "out of memory");
    }
    fputs("{\"format\":\"" FORMAT "\",\"name\":", out);
    text_write(out, d->name);
    fprintf(out, ",\"size\":{\"width\":%d,\"height\":%d},\"seat_radius\":%d", d->width, d->height,
            radius);
    categories_write(out, d);
    sections_write(out, d);
    fprintf(out, ",\"shapes\":%s}", shapes);
    free(shapes);
    return fclose(out) == 0 || plan_draft_refuse(d, "out of memory");
}

static bool seats_read(plan_draft *d, json_t *seats)
{
    size_t i;
    json_t *value;
    json_array_foreach(seats, i, value)
    {
        draft_seat s = {.id = NULL};
        int category, flags = 0;
        if (json_unpack(value, "{s:s, s:s, s:i, s:i, s:i, s?i}", "id", &s.id, "number", &s.number,
                        "x", &s.x, "y", &s.y, "category", &category, "flags", &flags) != 0)
            return plan_draft_refuse(d, "the layout holds a seat that is none");
        s.category = (uint32_t)category;
        s.flags = (uint32_t)flags;
        if (!plan_draft_seat(d, &s))
            return false;
    }
    return true;
}

static bool sections_read(plan_draft *d, json_t *sections)
{
    size_t i, j;
    json_t *section, *row;
    json_array_foreach(sections, i, section)
    {
        const char *id, *name;
        json_t *rows, *seats;
        if (json_unpack(section, "{s:s, s:s, s:o}", "id", &id, "name", &name, "rows", &rows) != 0)
            return plan_draft_refuse(d, "the layout holds a section that is none");
        if (!plan_draft_section(d, id, name))
            return false;
        json_array_foreach(rows, j, row)
        {
            if (json_unpack(row, "{s:s, s:o}", "name", &name, "seats", &seats) != 0)
                return plan_draft_refuse(d, "the layout holds a row that is none");
            if (!plan_draft_row(d, name) || !seats_read(d, seats))
                return false;
        }
    }
    return true;
}

static bool layout_read(plan_draft *d, json_t *root)
{
    const char *format, *name;
    json_t *categories, *sections, *shapes, *category;
    size_t i;
    if (json_unpack(root, "{s:s, s:s, s:{s:i, s:i}, s:o, s:o, s:o}", "format", &format, "name",
                    &name, "size", "width", &d->width, "height", &d->height, "categories",
                    &categories, "sections", &sections, "shapes", &shapes) != 0 ||
        strcmp(format, FORMAT) != 0 || !json_is_array(shapes))
        return plan_draft_refuse(d, "this is no " FORMAT);
    d->name = plan_draft_copy(d, name);
    if (json_array_extend(d->shapes, shapes) != 0 || !d->name)
        return plan_draft_refuse(d, "out of memory");
    json_array_foreach(categories, i, category)
    {
        const char *color;
        if (json_unpack(category, "{s:s, s:s}", "name", &name, "color", &color) != 0)
            return plan_draft_refuse(d, "the layout holds a category that is none");
        if (!plan_draft_category(d, name, color))
            return false;
    }
    return sections_read(d, sections);
}

bool plan_layout_read(plan_draft *d, const char *layout, size_t layout_bytes)
{
    json_error_t error;
    json_t *root = json_loadb(layout, layout_bytes, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return plan_draft_refuse(d, "the layout is no JSON: %.100s", error.text);
    bool read = layout_read(d, root);
    json_decref(root);
    return read;
}
