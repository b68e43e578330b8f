// Refused seats: somebody had each of them at some moment while its buyer waited. When a hold
// ended that its buyer gave back is for that buyer's clock to say, and nobody's word is taken for
// it; when it ended by itself, the deadline may be exceeded by what the run allows.
#include "actors/payment/payment.h"
#include "chaos/audit/fold.h"

#include <inttypes.h>
#include <stdlib.h>

typedef struct known { // of a reservation by the journals
    uuid id;
    int64_t asked_us, back_us; // back_us: when it was told to be given back; 0: never
} known;

typedef struct refusals {
    const evidence *e;
    const event_row *event;
    const audit_limits *limits;
    tenure *tenures; // by seat
    size_t tenures_count;
    known *known; // by id
    size_t known_count;
} refusals;

static int by_seat(const void *a, const void *b)
{
    const tenure *x = a, *y = b;
    if (x->seat != y->seat)
        return x->seat < y->seat ? -1 : 1;
    return (x->from_us > y->from_us) - (x->from_us < y->from_us);
}

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(uuid));
}

static known *known_find(const refusals *r, const uuid *id)
{
    return r->known_count == 0 ? NULL
                               : bsearch(id, r->known, r->known_count, sizeof *r->known, by_id);
}

static void known_collect(refusals *r)
{
    const evidence *e = r->e;
    r->known = calloc(e->operations_count + 1, sizeof *r->known);
    if (r->known == NULL)
        abort();
    for (size_t i = 0; i < e->operations_count; i++) {
        const operation *o = &e->operations[i];
        known *k = &r->known[r->known_count];
        if (o->kind == OPERATION_RESERVE && o->answered_us != 0 && field_uuid(o->result, &k->id)) {
            k->asked_us = o->first_us;
            r->known_count++;
        }
    }
    qsort(r->known, r->known_count, sizeof *r->known, by_id);
    for (size_t i = 0; i < e->operations_count; i++) {
        const operation *o = &e->operations[i];
        uuid id;
        bool gives_back = o->kind == OPERATION_RELEASE || o->kind == OPERATION_CANCEL;
        known *k = gives_back && o->answered_us != 0 && field_uuid(o->subject, &id)
                       ? known_find(r, &id)
                       : NULL;
        if (k != NULL && (k->back_us == 0 || o->answered_us < k->back_us))
            k->back_us = o->answered_us;
    }
}

static bool tenure_explains(const refusals *r, const tenure *t, int64_t asked_us,
                            int64_t answered_us)
{
    const known *k = known_find(r, &t->reservation);
    int64_t from_us = t->from_us - r->limits->clock_us, until_us = INT64_MAX;
    bool was_given_back = t->ended == RESERVATION_CANCELLED || t->ended == RESERVATION_REFUNDED;
    if (k != NULL && k->asked_us > from_us)
        from_us = k->asked_us;
    if (t->until_us != INT64_MAX)
        until_us = was_given_back && k != NULL && k->back_us != 0
                       ? k->back_us
                       : t->until_us + r->limits->release_us;
    return from_us <= answered_us && until_us >= asked_us;
}

static bool seat_explains(const refusals *r, uint32_t seat, int64_t asked_us, int64_t answered_us)
{
    size_t low = 0, high = r->tenures_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (r->tenures[middle].seat < seat)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < r->tenures_count && r->tenures[low].seat == seat; low++)
        if (tenure_explains(r, &r->tenures[low], asked_us, answered_us))
            return true;
    return false;
}

// The seats that the answer calls gone, each of them; of an answer that names none, any.
static void refusal_check(const refusals *r, const reply *answer, verdict *v)
{
    const operation *o = &r->e->operations[answer->operation];
    const plan *p = r->event->plan;
    char text[1024];
    seat_list asked, gone;
    uint32_t explained = 0;
    if (!seats_read(p, o->seats, &asked))
        return breach(v, 8, "the key %s asked for seats that the plan does not have: %s", o->key,
                      o->seats);
    bool names =
        detail_find(answer->detail, "seats", text, sizeof text) && seats_read(p, text, &gone);
    if (!names)
        gone = asked;
    for (uint32_t i = 0; i < gone.count; i++) {
        bool was_asked = false, is_taken;
        for (uint32_t n = 0; n < asked.count; n++)
            was_asked |= asked.seat[n] == gone.seat[i];
        is_taken = seat_explains(r, gone.seat[i], o->first_us, answer->answered_us);
        explained += is_taken;
        v->looked[LOOK_REFUSAL]++;
        if (names && (!was_asked || !is_taken))
            breach(v, 8, "the key %s was refused seat %s, which %s", o->key,
                   plan_seat_id(p, gone.seat[i]),
                   was_asked ? "nobody had meanwhile" : "it had not asked for");
    }
    if (explained == 0 && !names)
        breach(v, 8, "the key %s was refused seats %s; nobody had any of them meanwhile", o->key,
               o->seats);
}

void fold_refusals_check(const fold *f, const evidence *e, const event_row *event,
                         const audit_limits *limits, verdict *v)
{
    refusals r = {.e = e, .event = event, .limits = limits};
    const tenure *tenures = fold_tenures(f, &r.tenures_count);
    r.tenures = calloc(r.tenures_count + 1, sizeof *r.tenures);
    if (r.tenures == NULL)
        abort();
    if (r.tenures_count > 0)
        memcpy(r.tenures, tenures, r.tenures_count * sizeof *tenures);
    qsort(r.tenures, r.tenures_count, sizeof *r.tenures, by_seat);
    known_collect(&r);
    for (size_t i = 0; i < e->replies_count; i++) {
        const operation *o = &e->operations[e->replies[i].operation];
        uuid id;
        if (o->kind == OPERATION_RESERVE && field_uuid(o->subject, &id) &&
            uuid_equal(&id, &event->id) &&
            strcmp(e->replies[i].code, error_info_of(ERROR_SEATS_UNAVAILABLE)->name) == 0)
            refusal_check(&r, &e->replies[i], v);
    }
    free(r.tenures);
    free(r.known);
}
