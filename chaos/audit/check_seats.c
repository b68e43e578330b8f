// Each seat's history as the buyers saw it, from their journals alone: no row and no fact of cavea
// is believed here, but for the plan that turns a seat's name into a number.
#include "chaos/audit/audit.h"

#include <inttypes.h>
#include <stdlib.h>

typedef struct seat_use {
    uint32_t event, seat;
    seat_hold hold;
} seat_use;

typedef struct uses {
    seat_use *use;
    size_t count, room;
} uses;

static void use_add(uses *u, uint32_t event, uint32_t seat, const seat_hold *hold)
{
    if (u->count == u->room) {
        u->room = u->room == 0 ? 1024 : 2 * u->room;
        u->use = realloc(u->use, u->room * sizeof *u->use);
        if (u->use == NULL)
            abort();
    }
    u->use[u->count++] = (seat_use){event, seat, *hold};
}

// What later operations say of a reservation.
typedef struct later {
    uuid reservation;
    operation_kind kind;
    const operation *o;
} later;

static int by_reservation(const void *a, const void *b)
{
    const later *x = a, *y = b;
    int order = memcmp(&x->reservation, &y->reservation, sizeof(uuid));
    return order != 0 ? order
                      : (x->o->first_us > y->o->first_us) - (x->o->first_us < y->o->first_us);
}

static later *later_collect(const evidence *e, size_t *ret_count)
{
    later *list = calloc(e->operations_count + 1, sizeof *list);
    size_t count = 0;
    if (list == NULL)
        abort();
    for (size_t i = 0; i < e->operations_count; i++) {
        const operation *o = &e->operations[i];
        bool is_about = o->kind == OPERATION_RELEASE || o->kind == OPERATION_READ ||
                        o->kind == OPERATION_CANCEL;
        if (is_about && field_uuid(o->subject, &list[count].reservation)) {
            list[count].kind = o->kind;
            list[count++].o = o;
        }
    }
    qsort(list, count, sizeof *list, by_reservation);
    *ret_count = count;
    return list;
}

typedef struct fate { // of a hold, by what its buyer did and saw
    int64_t free_us;  // the earliest moment at which others may have its seats
    int64_t again_us; // when it was seen to have seats again after its deadline; 0: it was not
    char again[1024]; // those seats
} fate;

static void was_read(const operation *o, int64_t expires_us, fate *f)
{
    char state[32] = "", outcome[32] = "";
    if (o->answered_us == 0 || !detail_find(o->detail, "state", state, sizeof state) ||
        !detail_find(o->detail, "outcome", outcome, sizeof outcome) ||
        strcmp(state, "confirmed") != 0)
        return;
    if (strcmp(outcome, "as_held") == 0) {
        f->free_us = INT64_MAX;
    } else {
        f->free_us = expires_us;
        f->again_us = o->last_us;
        if (!detail_find(o->detail, "seats", f->again, sizeof f->again))
            f->again_us = 0;
    }
}

static fate fate_of(const later *list, size_t count, const uuid *reservation, int64_t expires_us)
{
    fate f = {.free_us = expires_us};
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(&list[middle].reservation, reservation, sizeof *reservation) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < count && uuid_equal(&list[low].reservation, reservation); low++)
        if (list[low].kind == OPERATION_READ)
            was_read(list[low].o, expires_us, &f);
        else if (list[low].o->first_us < f.free_us) // answered or not, it may have been heard
            f.free_us = list[low].o->first_us;
    return f;
}

static void hold_collect(const evidence *e, const operation *o, const later *list, size_t count,
                         const audit_limits *limits, uses *u)
{
    uuid id, event_uuid;
    char seats[1024], expires[64];
    seat_list taken;
    const event_row *event =
        field_uuid(o->subject, &event_uuid) ? evidence_event(e, &event_uuid) : NULL;
    if (event == NULL || !field_uuid(o->result, &id) ||
        !detail_find(o->detail, "seats", seats, sizeof seats) ||
        !detail_find(o->detail, "expires", expires, sizeof expires) ||
        !seats_read(event->plan, seats, &taken))
        return; // check_told finds an answer that says nothing
    int64_t expires_us = time_read(expires) - limits->clock_us;
    fate f = fate_of(list, count, &id, expires_us);
    seat_hold hold = {o->first_us, o->answered_us, f.free_us, id};
    uint32_t number = (uint32_t)(event - e->events);
    for (uint32_t i = 0; i < taken.count; i++)
        use_add(u, number, taken.seat[i], &hold);
    if (f.again_us == 0 || !seats_read(event->plan, f.again, &taken))
        return;
    hold = (seat_hold){expires_us, f.again_us, INT64_MAX, id};
    for (uint32_t i = 0; i < taken.count; i++)
        use_add(u, number, taken.seat[i], &hold);
}

static int by_seat(const void *a, const void *b)
{
    const seat_use *x = a, *y = b;
    if (x->event != y->event)
        return x->event < y->event ? -1 : 1;
    if (x->seat != y->seat)
        return x->seat < y->seat ? -1 : 1;
    return (x->hold.from_us > y->hold.from_us) - (x->hold.from_us < y->hold.from_us);
}

static void seat_check(const evidence *e, const seat_use *use, size_t count, verdict *v)
{
    size_t at = 0;
    seat_hold *holds = calloc(count, sizeof *holds);
    if (holds == NULL)
        abort();
    for (size_t i = 0; i < count; i++)
        holds[i] = use[i].hold;
    const event_row *event = &e->events[use->event];
    v->looked[1]++;
    switch (seat_holds_check(holds, count, &at)) {
    case SEAT_LINEAR:
        break;
    case SEAT_UNDECIDED:
        v->undecided++;
        break;
    case SEAT_BROKEN:
        breach(v, 1,
               "seat %s of event %s was promised to %s while somebody else had it: no order "
               "of its %zu holds explains what the buyers saw",
               plan_seat_id(event->plan, use->seat), text_of(&event->id).text,
               text_of(&holds[at].reservation).text, count);
        break;
    }
    free(holds);
}

void check_seats(const evidence *e, const audit_limits *limits, verdict *v)
{
    size_t later_count = 0;
    later *list = later_collect(e, &later_count);
    uses u = {0};
    for (size_t i = 0; i < e->operations_count; i++)
        if (e->operations[i].kind == OPERATION_RESERVE && e->operations[i].answered_us != 0)
            hold_collect(e, &e->operations[i], list, later_count, limits, &u);
    qsort(u.use, u.count, u.use == NULL ? 1 : sizeof *u.use, by_seat);
    for (size_t first = 0, end; first < u.count; first = end) {
        end = first + 1;
        while (end < u.count && u.use[end].event == u.use[first].event &&
               u.use[end].seat == u.use[first].seat)
            end++;
        seat_check(e, &u.use[first], end - first, v);
    }
    free(u.use);
    free(list);
}
