#include "chaos/audit/fold.h"

#include <inttypes.h>
#include <stdlib.h>

typedef struct told { // a reservation by the facts
    uuid id;
    reservation_state state;
    int64_t held_seq, held_us, ended_seq, ended_us, expires_us;
    seat_list seats;
} told;

struct fold {
    const event_row *event;
    told *known;     // in the order of their holds
    uint32_t *slots; // of known + 1 by id, open addressing
    size_t count, slots_mask;
    uuid owner[SEATS_PER_EVENT_MAX];
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

static void seats_take(fold *f, told *r, const event_fact *fact, int64_t seq, verdict *v)
{
    r->seats.count = fact->seats_count;
    for (uint32_t i = 0; i < fact->seats_count; i++) {
        uint32_t seat = fact->seats[i];
        r->seats.seat[i] = seat;
        v->looked[1]++;
        if (seat >= f->event->plan->seats_count || !uuid_is_zero(&f->owner[seat]))
            breach(v, 1, "fact %" PRId64 " of event %s gives seat %" PRIu32 " to %s, but %s has it",
                   seq, text_of(&f->event->id).text, seat, text_of(&r->id).text,
                   seat < SEATS_PER_EVENT_MAX ? text_of(&f->owner[seat]).text : "nobody can have");
        if (seat < SEATS_PER_EVENT_MAX)
            f->owner[seat] = r->id;
    }
}

static void seats_free(fold *f, const told *r)
{
    for (uint32_t i = 0; i < r->seats.count; i++)
        if (uuid_equal(&f->owner[r->seats.seat[i]], &r->id))
            f->owner[r->seats.seat[i]] = (uuid){{0}};
}

static void held(fold *f, told *r, size_t slot, const event_fact *fact, int64_t seq, int64_t at_us,
                 verdict *v)
{
    v->looked[5]++;
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
    seats_take(f, r, fact, seq, v);
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
        v->looked[8]++;
        if (late_us > v->latest_release_us)
            v->latest_release_us = late_us;
        if (late_us > limits->release_us)
            breach(v, 8, "reservation %s was released %.3f s after its deadline",
                   text_of(&r->id).text, (double)late_us / 1e6);
        if (late_us < -limits->clock_us)
            breach(v, 2, "reservation %s was taken away %.3f s before its deadline",
                   text_of(&r->id).text, (double)-late_us / 1e6);
    }
    seats_free(f, r);
    r->state = fact->state;
    r->ended_seq = seq;
    r->ended_us = at_us;
}

static void confirmed(fold *f, told *r, const event_fact *fact, int64_t seq, verdict *v)
{
    if (r->state == RESERVATION_EXPIRED) // paid too late, and it has seats all the same
        seats_take(f, r, fact, seq, v);
    else if (r->state != RESERVATION_HELD)
        breach(v, 7, "fact %" PRId64 " confirms reservation %s, which is in state %d", seq,
               text_of(&r->id).text, (int)r->state);
    r->state = RESERVATION_CONFIRMED;
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
        return confirmed(f, r, fact, seq, v);
    case EVENT_FACT_CHECKOUT_STARTED:
        if (fact->expires_us > r->expires_us)
            r->expires_us = fact->expires_us;
        return;
    case EVENT_FACT_PAYMENT_REFUSED:
    case EVENT_FACT_STATUS_CHANGED:
    case EVENT_FACT_MESSAGE_REJECTED:
        return;
    }
}

static bool seats_equal(const seat_list *a, const seat_list *b)
{
    return a->count == b->count && memcmp(a->seat, b->seat, a->count * sizeof *a->seat) == 0;
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
        v->looked[7]++;
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

typedef struct step { // a decision that a buyer was told of
    int64_t seq, asked_us, answered_us;
    uuid reservation;
} step;

static int by_seq(const void *a, const void *b)
{
    const step *x = a, *y = b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

static size_t steps_collect(const fold *f, const evidence *e, const audit_limits *limits,
                            step *steps, verdict *v)
{
    size_t count = 0, slot;
    for (size_t i = 0; i < e->operations_count; i++) {
        const operation *o = &e->operations[i];
        uuid id;
        bool is_release = o->kind == OPERATION_RELEASE;
        if (o->answered_us == 0 || (o->kind != OPERATION_RESERVE && !is_release) ||
            !field_uuid(is_release ? o->subject : o->result, &id))
            continue;
        const told *r = told_find(f, &id, &slot);
        // Of another event, or seats given back too late; what is missing is found by check_told.
        if (r == NULL || (is_release && r->state != RESERVATION_CANCELLED))
            continue;
        int64_t at_us = is_release ? r->ended_us : r->held_us;
        v->looked[1]++;
        // An actor carries the database's clock on by itself, so it may be behind for a moment,
        // after a pause for a long one; it is never ahead.
        if (at_us > o->answered_us + limits->clock_us)
            breach(v, 1, "reservation %s was %s %.3f s after its buyer was answered",
                   text_of(&id).text, is_release ? "released" : "decided",
                   (double)(at_us - o->answered_us) / 1e6);
        steps[count++] =
            (step){is_release ? r->ended_seq : r->held_seq, o->first_us, o->answered_us, id};
    }
    return count;
}

void fold_order_check(const fold *f, const evidence *e, const audit_limits *limits, verdict *v)
{
    step *steps = calloc(e->operations_count + 1, sizeof *steps);
    if (steps == NULL)
        abort();
    size_t count = steps_collect(f, e, limits, steps, v);
    const step *latest = NULL; // who asked last of those decided before
    qsort(steps, count, sizeof *steps, by_seq);
    for (size_t i = 0; i < count; i++) {
        const step *s = &steps[i];
        if (latest != NULL && s->answered_us < latest->asked_us)
            breach(v, 1, "reservation %s was answered before %s was asked for, and decided after",
                   text_of(&s->reservation).text, text_of(&latest->reservation).text);
        if (latest == NULL || s->asked_us > latest->asked_us)
            latest = s;
    }
    free(steps);
}
