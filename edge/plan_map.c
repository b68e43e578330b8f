#include "edge/plan_map.h"

#include <stdlib.h>
#include <string.h>

typedef struct writer {
    uint8_t *data;
    size_t bytes, max;
    bool full;
} writer;

static void put_bytes(writer *w, const void *data, size_t bytes)
{
    if (w->full || bytes == 0)
        return;
    if (bytes > w->max - w->bytes) {
        size_t max = 2 * (w->bytes + bytes);
        uint8_t *grown = realloc(w->data, max);
        w->full = !grown;
        if (!grown)
            return;
        w->data = grown;
        w->max = max;
    }
    memcpy(w->data + w->bytes, data, bytes);
    w->bytes += bytes;
}

static void put_number(writer *w, uint32_t value)
{
    uint8_t out[5];
    size_t count = 0;
    for (; value > 0x7f; value >>= 7)
        out[count++] = (uint8_t)(value | 0x80);
    out[count++] = (uint8_t)value;
    put_bytes(w, out, count);
}

static void put_signed(writer *w, int32_t value)
{
    put_number(w, (uint32_t)value << 1 ^ (value < 0 ? UINT32_MAX : 0));
}

static void put_text(writer *w, const char *text)
{
    size_t bytes = strlen(text);
    put_number(w, (uint32_t)bytes);
    put_bytes(w, text, bytes);
}

static void put_fixed(writer *w, size_t value)
{
    put_bytes(w,
              (uint8_t[]){(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                          (uint8_t)(value >> 24)},
              4);
}

// The last place of a needle; NULL: nowhere.
static const char *find_last(const char *text, size_t bytes, const char *needle)
{
    size_t needle_bytes = strlen(needle);
    for (size_t at = bytes; at >= needle_bytes; at--)
        if (memcmp(text + at - needle_bytes, needle, needle_bytes) == 0)
            return text + at - needle_bytes;
    return NULL;
}

// The layout is canonical: `,"sections":[` is where its sections begin and `,"shapes":[` where they
// have ended, because a quotation mark inside of a text has a backslash before it.
static bool put_head(writer *w, const plan *p, const char *layout, size_t layout_bytes)
{
    const char *sections = memmem(layout, layout_bytes, ",\"sections\":[", 13);
    const char *shapes = find_last(layout, layout_bytes, ",\"shapes\":[");
    if (!sections || !shapes || shapes < sections)
        return false;
    size_t before = (size_t)(sections - layout), after = layout_bytes - (size_t)(shapes - layout);
    put_bytes(w, "CVP1", 4);
    put_fixed(w, p->seats_count);
    put_fixed(w, p->rows_count);
    put_fixed(w, p->sections_count);
    put_fixed(w, before + after);
    put_bytes(w, layout, before);
    put_bytes(w, shapes, after);
    return true;
}

static void put_sections(writer *w, const plan *p)
{
    for (uint32_t i = 0; i < p->sections_count; i++) {
        uint32_t last = p->section_first[i + 1] - 1;
        put_text(w, plan_section_id(p, i));
        put_text(w, plan_section_name(p, i));
        put_number(w, p->seat_row[last] - p->seat_row[p->section_first[i]] + 1u);
    }
}

static void put_rows(writer *w, const plan *p)
{
    for (uint32_t row = 0; row < p->rows_count; row++) {
        put_text(w, plan_row_name(p, row));
        put_number(w, p->row_first[row + 1] - p->row_first[row]);
    }
}

// Splits a text into a prefix and the decimal number it ends with, which has no leading zero and
// fits into 27 bits. False when it ends with none.
static bool text_split(const char *text, size_t *ret_prefix, int32_t *ret_number)
{
    enum { DIGITS_MAX = 8 };
    size_t bytes = strlen(text), at = bytes;
    while (at > 0 && bytes - at < DIGITS_MAX && text[at - 1] >= '0' && text[at - 1] <= '9')
        at--;
    while (at < bytes && text[at] == '0' && at + 1 < bytes)
        at++;
    if (at == bytes)
        return false;
    *ret_prefix = at;
    *ret_number = (int32_t)strtol(text + at, NULL, 10);
    return true;
}

typedef const char *(*seat_text)(const plan *p, uint32_t seat);

static bool series_steady(const plan *p, uint32_t first, uint32_t end, seat_text text,
                          int32_t *ret_step)
{
    size_t prefix, other;
    int32_t number = 0, next, step = 0;
    if (!text_split(text(p, first), &prefix, &number))
        return false;
    for (uint32_t seat = first + 1; seat < end; seat++) {
        if (!text_split(text(p, seat), &other, &next) || other != prefix ||
            memcmp(text(p, seat), text(p, first), prefix) != 0)
            return false;
        if (seat > first + 1 && next - number != step)
            return false;
        step = next - number;
        number = next;
    }
    *ret_step = step;
    return true;
}

static void put_series(writer *w, const plan *p, uint32_t row, seat_text text)
{
    uint32_t first = p->row_first[row], end = p->row_first[row + 1];
    int32_t step;
    if (series_steady(p, first, end, text, &step)) {
        size_t prefix = 0;
        int32_t number = 0;
        (void)!text_split(text(p, first), &prefix, &number);
        put_number(w, 1);
        put_number(w, (uint32_t)prefix);
        put_bytes(w, text(p, first), prefix);
        put_number(w, (uint32_t)number);
        put_signed(w, step);
        return;
    }
    put_number(w, 0);
    for (uint32_t seat = first; seat < end; seat++)
        put_text(w, text(p, seat));
}

static void put_places(writer *w, const plan *p, const int32_t *places)
{
    int32_t before = 0;
    for (uint32_t row = 0; row < p->rows_count; row++) {
        uint32_t first = p->row_first[row], end = p->row_first[row + 1];
        int32_t step = 0;
        put_signed(w, places[first] - before);
        before = places[first];
        for (uint32_t seat = first + 1; seat < end; seat++) {
            int32_t next = places[seat] - places[seat - 1];
            put_signed(w, next - step);
            step = next;
        }
    }
}

static void put_runs(writer *w, const uint8_t *values, uint32_t count)
{
    for (uint32_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && values[end] == values[first]; end++)
            ;
        put_number(w, values[first]);
        put_number(w, end - first);
    }
}

bool plan_map_encode(const plan *p, const char *layout, size_t layout_bytes, char **ret_data,
                     size_t *ret_bytes)
{
    writer w = {.data = NULL};
    if (!put_head(&w, p, layout, layout_bytes)) {
        free(w.data);
        return false;
    }
    put_sections(&w, p);
    put_rows(&w, p);
    for (uint32_t row = 0; row < p->rows_count; row++)
        put_series(&w, p, row, plan_seat_number);
    for (uint32_t row = 0; row < p->rows_count; row++)
        put_series(&w, p, row, plan_seat_id);
    put_places(&w, p, p->seat_x);
    put_places(&w, p, p->seat_y);
    put_runs(&w, p->seat_category, p->seats_count);
    put_runs(&w, p->seat_flags, p->seats_count);
    if (w.full) {
        free(w.data);
        return false;
    }
    *ret_data = (char *)w.data;
    *ret_bytes = w.bytes;
    return true;
}
