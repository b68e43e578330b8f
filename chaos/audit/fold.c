#include "chaos/audit/fold.h"

#include <inttypes.h>
#include <stdlib.h>

struct fold {
    const event_row *event;
    told *known;     // in the order of their holds
    uint32_t *slots; // of known + 1 by id, open addressing
    size_t count, slots_mask, tenures_count, tenures_room;
    tenure *tenures;
    uuid owner[SEATS_PER_EVENT_MAX];
    size_t tenure_of[SEATS_PER_EVENT_MAX]; // the latest of a seat, + 1
    int64_t price[UINT8_MAX + 1];          // of a category, as it was paid last; 0: unknown
};

fold *fold_new(const event_row *event, size_t facts_max)
{
    size_t slots = 1024;
    while (slots < 2 * facts_max)
        slots *= 2;
    fold *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->event = event;
    f->slots_mask = slots - 1;
    f->known = calloc(facts_max + 1, sizeof *f->known);
    f->slots = calloc(slots, sizeof *f->slots);
    if (f->known != NULL && f->slots != NULL)
        return f;
    fold_free(f);
    return NULL;
}

void fold_free(fold *f)
{
    if (f != NULL) {
        free(f->known);
        free(f->slots);
        free(f->tenures);
    }
    free(f);
}

static told *told_find(const fold *f, const uuid *id, size_t *ret_slot)
{
    uint64_t hash;
    memcpy(&hash, id->bytes + 8, sizeof hash);
    size_t at = (hash * 0x9e3779b97f4a7c15u >> 20) & f->slots_mask;
    while (f->slots[at] != 0 && !uuid_equal(&f->known[f->slots[at] - 1].id, id))
        at = (at + 1) & f->slots_mask;
    *ret_slot = at;
    return f->slots[at] == 0 ? NULL : &f->known[f->slots[at] - 1];
}

const told *fold_told(const fold *f, size_t *ret_count)
{
    *ret_count = f->count;
    return f->known;
}

const told *fold_find(const fold *f, const uuid *reservation)
{
    size_t slot;
    return told_find(f, reservation, &slot);
}

const tenure *fold_tenures(const fold *f, size_t *ret_count)
{
    *ret_count = f->tenures_count;
    return f->tenures;
}

seat_state fold_seat(const fold *f, uint32_t seat)
{
    const told *r = uuid_is_zero(&f->owner[seat]) ? NULL : fold_find(f, &f->owner[seat]);
    if (r != NULL)
        return r->state == RESERVATION_HELD ? SEAT_HELD : SEAT_SOLD;
    return f->event->plan->seat_flags[seat] & SEAT_FLAG_BLOCKED ? SEAT_BLOCKED : SEAT_AVAILABLE;
}

static void tenure_begin(fold *f, const told *r, uint32_t seat, int64_t at_us)
{
    if (f->tenures_count == f->tenures_room) {
        f->tenures_room = f->tenures_room == 0 ? 1024 : 2 * f->tenures_room;
        f->tenures = realloc(f->tenures, f->tenures_room * sizeof *f->tenures);
        if (f->tenures == NULL)
            abort();
    }
    f->tenures[f->tenures_count++] =
        (tenure){.reservation = r->id, .seat = seat, .from_us = at_us, .until_us = INT64_MAX};
    f->tenure_of[seat] = f->tenures_count;
}

static void seats_take(fold *f, told *r, const event_fact *fact, int64_t seq, int64_t at_us,
                       verdict *v)
{
    r->seats.count = fact->seats_count;
    for (uint32_t i = 0; i < fact->seats_count; i++) {
        uint32_t seat = fact->seats[i];
        r->seats.seat[i] = seat;
        v->looked[LOOK_TAKEN]++;
        if (seat >= f->event->plan->seats_count || !uuid_is_zero(&f->owner[seat]))
            breach(v, 1, "fact %" PRId64 " of event %s gives seat %" PRIu32 " to %s, but %s has it",
                   seq, text_of(&f->event->id).text, seat, text_of(&r->id).text,
                   seat < SEATS_PER_EVENT_MAX ? text_of(&f->owner[seat]).text : "nobody can have");
        if (seat < SEATS_PER_EVENT_MAX) {
            f->owner[seat] = r->id;
            tenure_begin(f, r, seat, at_us);
        }
    }
}

static void seats_free(fold *f, const told *r, reservation_state as, int64_t at_us)
{
    for (uint32_t i = 0; i < r->seats.count; i++) {
        uint32_t seat = r->seats.seat[i];
        if (seat >= SEATS_PER_EVENT_MAX || !uuid_equal(&f->owner[seat], &r->id))
            continue;
        f->owner[seat] = (uuid){{0}};
        f->tenures[f->tenure_of[seat] - 1].until_us = at_us;
        f->tenures[f->tenure_of[seat] - 1].ended = as;
    }
}

static void held(fold *f, told *r, size_t slot, const event_fact *fact, int64_t seq, int64_t at_us,
                 verdict *v)
{
    v->looked[LOOK_HELD]++;
    if (r != NULL)
        return breach(v, 5, "reservation %s was decided twice, by facts %" PRId64 " and %" PRId64,
                      text_of(&r->id).text, r->held_seq, seq);
    f->slots[slot] = (uint32_t)++f->count;
    r = &f->known[f->count - 1];
    *r = (told){.id = fact->reservation.u,
                .state = RESERVATION_HELD,
                .held_seq = seq,
                .held_us = at_us,
                .expires_us = fact->expires_us};
    for (uint32_t i = 0; i < fact->seats_count; i++)
        if (fact->seats[i] < f->event->plan->seats_count)
            f->price[f->event->plan->seat_category[fact->seats[i]]] = fact->price_minor[i];
    seats_take(f, r, fact, seq, at_us, v);
}

static void ended(fold *f, told *r, const event_fact *fact, int64_t seq, int64_t at_us,
                  const audit_limits *limits, verdict *v)
{
    bool was_confirmed = fact->state == RESERVATION_REFUNDED;
    if (r->state != (was_confirmed ? RESERVATION_CONFIRMED : RESERVATION_HELD))
        breach(v, 7, "fact %" PRId64 " ends reservation %s, which is in state %d", seq,
               text_of(&r->id).text, (int)r->state);
    if (fact->state == RESERVATION_EXPIRED) {
        int64_t late_us = at_us - r->expires_us;
        r->expired_seq = seq;
        v->looked[LOOK_RELEASE]++;
        if (late_us > v->latest_release_us)
            v->latest_release_us = late_us;
        if (late_us > limits->release_us)
            breach(v, 8, "reservation %s was released %.3f s after its deadline",
                   text_of(&r->id).text, (double)late_us / 1e6);
        if (late_us < -limits->clock_us)
            breach(v, 2, "reservation %s was taken away %.3f s before its deadline",
                   text_of(&r->id).text, (double)-late_us / 1e6);
    }
    seats_free(f, r, fact->state, at_us);
    r->state = fact->state;
    r->ended_seq = seq;
    r->ended_us = at_us;
}

// INT64_MAX: nobody has bought of one of their categories yet.
static int64_t price_of(const fold *f, const seat_list *seats)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < seats->count; i++) {
        int64_t price = seats->seat[i] < f->event->plan->seats_count
                            ? f->price[f->event->plan->seat_category[seats->seat[i]]]
                            : 0;
        if (price == 0)
            return INT64_MAX;
        sum += price;
    }
    return sum;
}

static bool seats_equal(const seat_list *a, const seat_list *b)
{
    return a->count == b->count && memcmp(a->seat, b->seat, a->count * sizeof *a->seat) == 0;
}

// Each has another one of them beside it, and they are of one row.
static bool seats_beside(const plan *p, const seat_list *seats)
{
    uint32_t links = 0;
    for (uint32_t i = 0; i < seats->count; i++)
        for (uint32_t j = 0; j < seats->count; j++)
            links +=
                seats->seat[i] < p->seats_count && p->seat_right[seats->seat[i]] == seats->seat[j];
    return links + 1 == seats->count;
}

// Paid too late, and it has seats all the same: its own, or others that are as good, if its buyer
// said that others will do.
static void confirmed_late(fold *f, told *r, const event_fact *fact, int64_t seq, int64_t at_us,
                           verdict *v)
{
    seat_list before = r->seats;
    v->looked[LOOK_LATE]++;
    seats_take(f, r, fact, seq, at_us, v);
    if (seats_equal(&before, &r->seats)) {
        if (fact->outcome != PAYMENT_SAME_SEATS)
            breach(v, 10,
                   "reservation %s was paid late and has its seats, not so says fact %" PRId64,
                   text_of(&r->id).text, seq);
        return;
    }
    if (!r->other_seats || fact->outcome != PAYMENT_OTHER_SEATS)
        breach(v, 10, "reservation %s was paid late and given other seats, which nobody asked for",
               text_of(&r->id).text);
    if (r->seats.count != before.count || !seats_beside(f->event->plan, &r->seats) ||
        price_of(f, &r->seats) < price_of(f, &before))
        breach(v, 10, "reservation %s was paid late and given seats that are not as good",
               text_of(&r->id).text);
}

static void confirmed(fold *f, told *r, const event_fact *fact, int64_t seq, int64_t at_us,
                      verdict *v)
{
    if (r->state == RESERVATION_EXPIRED)
        confirmed_late(f, r, fact, seq, at_us, v);
    else if (r->state != RESERVATION_HELD)
        breach(v, 7, "fact %" PRId64 " confirms reservation %s, which is in state %d", seq,
               text_of(&r->id).text, (int)r->state);
    r->state = RESERVATION_CONFIRMED;
}

// Money goes back only when somebody else has one of the seats by then.
static void payment_refused(fold *f, const told *r, const event_fact *fact, int64_t seq,
                            int64_t at_us, verdict *v)
{
    if (r == NULL || r->state != RESERVATION_EXPIRED || fact->reason != ERROR_SEATS_UNAVAILABLE)
        return;
    v->looked[LOOK_LATE]++;
    for (uint32_t i = 0; i < r->seats.count; i++) {
        const uuid *owner = &f->owner[r->seats.seat[i]];
        const told *other = uuid_is_zero(owner) ? NULL : fold_find(f, owner);
        if (other != NULL && (other->state != RESERVATION_HELD || other->expires_us > at_us))
            return;
    }
    breach(v, 10,
           "fact %" PRId64 " gives the late payment of reservation %s back; nobody had its seats",
           seq, text_of(&r->id).text);
}

void fold_fact(fold *f, const event_fact *fact, int64_t seq, int64_t at_us,
               const audit_limits *limits, verdict *v)
{
    size_t slot = 0;
    told *r = told_find(f, &fact->reservation.u, &slot);
    bool needs_one = fact->type == EVENT_FACT_ENDED || fact->type == EVENT_FACT_CONFIRMED ||
                     fact->type == EVENT_FACT_CHECKOUT_STARTED;
    if (needs_one && r == NULL)
        return breach(v, 7, "fact %" PRId64 " is about reservation %s, which never was", seq,
                      text_of(&fact->reservation.u).text);
    switch (fact->type) {
    case EVENT_FACT_HELD:
        return held(f, r, slot, fact, seq, at_us, v);
    case EVENT_FACT_ENDED:
        return ended(f, r, fact, seq, at_us, limits, v);
    case EVENT_FACT_CONFIRMED:
        return confirmed(f, r, fact, seq, at_us, v);
    case EVENT_FACT_CHECKOUT_STARTED:
        if (fact->expires_us > r->expires_us)
            r->expires_us = fact->expires_us;
        r->other_seats = fact->other_seats;
        return;
    case EVENT_FACT_PAYMENT_REFUSED:
        return payment_refused(f, r, fact, seq, at_us, v);
    case EVENT_FACT_STATUS_CHANGED:
    case EVENT_FACT_MESSAGE_REJECTED:
        return;
    }
}

void fold_rows_check(fold *f, const evidence *e, verdict *v)
{
    size_t rows = 0, slot;
    for (size_t i = 0; i < e->reservations_count; i++) {
        const reservation_row *row = &e->reservations[i];
        if (!uuid_equal(&row->event, &f->event->id))
            continue;
        const told *r = told_find(f, &row->id, &slot);
        rows++;
        v->looked[LOOK_FACT]++;
        if (r == NULL)
            breach(v, 7, "reservation %s has a row and no fact", text_of(&row->id).text);
        else if ((int64_t)r->state != row->state || r->expires_us != row->expires_us)
            breach(v, 7, "reservation %s is in state %" PRId64 ", by its facts in %d",
                   text_of(&row->id).text, row->state, (int)r->state);
        else if (r->state != RESERVATION_EXPIRED && !seats_equal(&r->seats, &row->seats))
            breach(v, 7, "reservation %s has other seats than its facts say",
                   text_of(&row->id).text);
    }
    if (rows != f->count)
        breach(v, 7, "event %s has %zu reservations by its facts and %zu rows",
               text_of(&f->event->id).text, f->count, rows);
    for (size_t i = 0; i < e->claims_count; i++)
        if (uuid_equal(&e->claims[i].event, &f->event->id) && e->claims[i].seat >= 0 &&
            e->claims[i].seat < SEATS_PER_EVENT_MAX &&
            !uuid_equal(&f->owner[e->claims[i].seat], &e->claims[i].reservation))
            breach(v, 1, "seat %" PRId64 " is claimed by %s and by the facts it is not",
                   e->claims[i].seat, text_of(&e->claims[i].reservation).text);
}
