// Seats that would do instead of others, found by walking away from them in plan order.
#include "actors/event/decide.h"

enum {
    NEAR_SEATS_MAX = 1024, // how far away alternatives are looked for, on each side
    ANY_SECTION = UINT16_MAX + 1,
};

// The open seat nearest below `from` and not below `end`, or EVENT_NOBODY.
static uint32_t open_below(const event_state *s, uint32_t from, uint32_t end)
{
    while (from > end) {
        uint32_t word = (from - 1) / 64;
        uint64_t bits = s->open[word] & UINT64_MAX >> (63 - (from - 1) % 64);
        if (bits != 0) {
            uint32_t seat = word * 64 + 63 - (uint32_t)__builtin_clzll(bits);
            return seat >= end ? seat : EVENT_NOBODY;
        }
        from = word * 64;
    }
    return EVENT_NOBODY;
}

// The open seat nearest above, from `from` on and below `end`, or EVENT_NOBODY.
static uint32_t open_above(const event_state *s, uint32_t from, uint32_t end)
{
    while (from < end) {
        uint32_t word = from / 64;
        uint64_t bits = s->open[word] & UINT64_MAX << from % 64;
        if (bits != 0) {
            uint32_t seat = word * 64 + (uint32_t)__builtin_ctzll(bits);
            return seat < end ? seat : EVENT_NOBODY;
        }
        from = (word + 1) * 64;
    }
    return EVENT_NOBODY;
}

// The open seats of a range, or of one section in it, by their distance from a seat.
typedef struct walk {
    const event_state *s;
    uint32_t from, low, high, section;
    uint32_t left, right; // the next one on each side, or EVENT_NOBODY
} walk;

static walk walk_begin(const event_state *s, uint32_t from, uint32_t reach, uint32_t section)
{
    walk w = {.s = s, .from = from, .section = section};
    w.low = from > reach ? from - reach : 0;
    w.high = s->seats.count - from > reach ? from + reach + 1 : s->seats.count;
    w.left = open_below(s, from, w.low);
    w.right = open_above(s, from, w.high);
    return w;
}

static bool walk_next(walk *w, uint32_t *ret_seat)
{
    const uint16_t *section = w->s->seats.section;
    if (w->section != ANY_SECTION && w->left != EVENT_NOBODY && section[w->left] != w->section)
        w->left = EVENT_NOBODY;
    if (w->section != ANY_SECTION && w->right != EVENT_NOBODY && section[w->right] != w->section)
        w->right = EVENT_NOBODY;
    if (w->left == EVENT_NOBODY && w->right == EVENT_NOBODY)
        return false;
    if (w->right == EVENT_NOBODY ||
        (w->left != EVENT_NOBODY && w->from - w->left <= w->right - w->from)) {
        *ret_seat = w->left;
        w->left = open_below(w->s, w->left, w->low);
    } else {
        *ret_seat = w->right;
        w->right = open_above(w->s, w->right + 1, w->high);
    }
    return true;
}

// Adds to the list until there are count_max.
static void alternatives_near(const event_state *s, const event_command *c, uint32_t lost,
                              uint32_t count_max, event_effects *e)
{
    walk w = walk_begin(s, lost, NEAR_SEATS_MAX, s->seats.section[lost]);
    uint32_t seat;
    while (e->alternatives_count < count_max && walk_next(&w, &seat))
        if (s->seats.category[seat] == s->seats.category[lost] &&
            !event_seat_listed(c->seats, c->seats_count, seat) &&
            !event_seat_listed(e->alternatives, e->alternatives_count, seat))
            e->alternatives[e->alternatives_count++] = seat;
}

// Every lost seat has its share of the list; what one cannot use goes to the others.
void event_alternatives_find(const event_state *s, const event_command *c, event_effects *e)
{
    for (uint32_t i = 0; i < e->conflicts_count; i++) {
        uint32_t left = ALTERNATIVES_MAX - e->alternatives_count;
        uint32_t share = (left + e->conflicts_count - i - 1) / (e->conflicts_count - i);
        alternatives_near(s, c, e->conflicts[i], e->alternatives_count + share, e);
    }
    for (uint32_t i = 0; i + 1 < e->conflicts_count; i++)
        alternatives_near(s, c, e->conflicts[i], ALTERNATIVES_MAX, e);
}

static bool seat_special(const event_state *s, uint32_t seat)
{
    return (s->seats.flags[seat] & (SEAT_FLAG_ACCESSIBLE | SEAT_FLAG_COMPANION)) != 0;
}

static bool seat_open(const event_state *s, uint32_t seat)
{
    return (s->open[seat / 64] >> seat % 64 & 1) != 0;
}

// Whether `count` seats from `start` to the right are open, ordinary and of its category.
static bool row_has(const event_state *s, uint32_t start, uint32_t count,
                    uint32_t ret_seats[static SEATS_PER_RESERVATION_MAX])
{
    uint32_t found[SEATS_PER_RESERVATION_MAX], seat = start;
    for (uint32_t i = 0; i < count; i++) {
        if (seat == EVENT_NOBODY || !seat_open(s, seat) || seat_special(s, seat) ||
            s->seats.category[seat] != s->seats.category[start])
            return false;
        found[i] = seat;
        seat = s->seats.right == NULL ? EVENT_NOBODY : s->seats.right[seat];
    }
    memcpy(ret_seats, found, count * sizeof *found);
    return true;
}

bool event_seats_beside(const event_state *s, const event_record *r,
                        uint32_t ret_seats[static SEATS_PER_RESERVATION_MAX])
{
    const event_place *places = event_places(s, r), *dearest = places;
    for (uint32_t i = 0; i < r->seats_count; i++) {
        if (seat_special(s, places[i].seat))
            return false;
        if (s->prices[places[i].price] > s->prices[dearest->price])
            dearest = &places[i];
    }
    uint32_t from = dearest->seat, seat;
    uint8_t category = s->seats.category[from];
    walk near = walk_begin(s, from, s->seats.count, s->seats.section[from]);
    while (walk_next(&near, &seat))
        if (s->seats.category[seat] == category && row_has(s, seat, r->seats_count, ret_seats))
            return true;
    int64_t best_minor = INT64_MAX;
    walk all = walk_begin(s, from, s->seats.count, ANY_SECTION);
    while (walk_next(&all, &seat)) {
        int64_t price_minor = s->config.price_minor[s->seats.category[seat]];
        bool same = s->seats.category[seat] == category;
        bool better = price_minor >= s->prices[dearest->price] && price_minor < best_minor;
        if ((!same && !better) || !row_has(s, seat, r->seats_count, ret_seats))
            continue;
        if (same)
            return true;
        best_minor = price_minor;
    }
    return best_minor != INT64_MAX;
}
