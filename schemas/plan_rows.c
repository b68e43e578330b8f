#include "schemas/plan_rows.h"

#include <stdlib.h>

typedef struct placed_seat {
    int64_t along;  // how far along the line between the row's ends
    int64_t beside; // and how far from it
    uint32_t seat;
} placed_seat;

typedef struct scratch {
    placed_seat *placed; // seats of one row
    int64_t *gaps;       // squared distances between seats that follow each other
    uint32_t gaps_count;
} scratch;

static int64_t distance_squared(const plan *p, uint32_t a, uint32_t b)
{
    int64_t dx = (int64_t)p->seat_x[a] - p->seat_x[b], dy = (int64_t)p->seat_y[a] - p->seat_y[b];
    return dx * dx + dy * dy;
}

static uint32_t farthest_from(const plan *p, uint32_t first, uint32_t end, uint32_t from)
{
    uint32_t farthest = from;
    int64_t distance = 0;
    for (uint32_t seat = first; seat < end; seat++) {
        int64_t d = distance_squared(p, seat, from);
        if (d > distance) {
            distance = d;
            farthest = seat;
        }
    }
    return farthest;
}

static int placed_compare(const void *left, const void *right)
{
    const placed_seat *a = left, *b = right;
    if (a->along != b->along)
        return a->along < b->along ? -1 : 1;
    if (a->beside != b->beside)
        return a->beside < b->beside ? -1 : 1;
    return a->seat < b->seat ? -1 : a->seat > b->seat;
}

static int gap_compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return a < b ? -1 : a > b;
}

// Sorts the row from left to right (an upright one from top to bottom).
static void row_place(const plan *p, uint32_t first, uint32_t end, placed_seat *placed)
{
    uint32_t tail = farthest_from(p, first, end, first);
    uint32_t head = farthest_from(p, first, end, tail);
    int64_t dx = (int64_t)p->seat_x[head] - p->seat_x[tail];
    int64_t dy = (int64_t)p->seat_y[head] - p->seat_y[tail];
    if (dx < 0 || (dx == 0 && dy < 0)) {
        dx = -dx;
        dy = -dy;
    }
    bool sorted = true;
    for (uint32_t seat = first; seat < end; seat++) {
        int64_t x = p->seat_x[seat], y = p->seat_y[seat];
        placed[seat - first] = (placed_seat){x * dx + y * dy, y * dx - x * dy, seat};
        if (seat > first && placed_compare(&placed[seat - first - 1], &placed[seat - first]) > 0)
            sorted = false;
    }
    if (!sorted)
        qsort(placed, end - first, sizeof *placed, placed_compare);
}

static int64_t median(int64_t *values, uint32_t values_count)
{
    qsort(values, values_count, sizeof *values, gap_compare);
    return values[values_count / 2];
}

// Links the row's seats and collects its gaps behind those that are there.
static void row_link(plan *p, const placed_seat *placed, uint32_t seats_count, scratch *s)
{
    for (uint32_t i = 0; i < seats_count; i++) {
        uint32_t seat = placed[i].seat;
        p->seat_position[seat] = (uint16_t)i;
        p->seat_left[seat] = i > 0 ? placed[i - 1].seat : PLAN_SEAT_NONE;
        p->seat_right[seat] = i + 1 < seats_count ? placed[i + 1].seat : PLAN_SEAT_NONE;
        if (i > 0)
            s->gaps[s->gaps_count++] = distance_squared(p, placed[i - 1].seat, seat);
    }
}

// Cuts the row where a gap is wider than 7/4 of the usual one.
static void row_cut(plan *p, uint32_t row, int64_t usual_squared)
{
    for (uint32_t seat = p->row_first[row]; seat < p->row_first[row + 1]; seat++) {
        uint32_t right = p->seat_right[seat];
        if (right == PLAN_SEAT_NONE)
            continue;
        if (16 * distance_squared(p, seat, right) > 49 * usual_squared) {
            p->seat_right[seat] = PLAN_SEAT_NONE;
            p->seat_left[right] = PLAN_SEAT_NONE;
        }
    }
}

// A row of four seats knows its own usual gap; shorter ones borrow the whole plan's.
enum { OWN_GAPS_MIN = 3 };

bool plan_rows_fill(plan *p)
{
    scratch s = {
        .placed = malloc(p->seats_count * sizeof *s.placed),
        .gaps = malloc(p->seats_count * sizeof *s.gaps),
    };
    bool allocated = s.placed && s.gaps;
    bool short_row = false;
    for (uint32_t row = 0; allocated && row < p->rows_count; row++) {
        uint32_t first = p->row_first[row], end = p->row_first[row + 1], gaps_at = s.gaps_count;
        row_place(p, first, end, s.placed);
        row_link(p, s.placed, end - first, &s);
        uint32_t own = s.gaps_count - gaps_at;
        if (own >= OWN_GAPS_MIN)
            row_cut(p, row, median(s.gaps + gaps_at, own));
        else if (own > 0)
            short_row = true;
    }
    if (allocated && short_row) {
        int64_t usual = median(s.gaps, s.gaps_count);
        for (uint32_t row = 0; row < p->rows_count; row++) {
            uint32_t seats = p->row_first[row + 1] - p->row_first[row];
            if (seats > 1 && seats <= OWN_GAPS_MIN)
                row_cut(p, row, usual);
        }
    }
    free(s.placed);
    free(s.gaps);
    return allocated;
}
