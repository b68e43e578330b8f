// The buyers' times against the order of the facts.
#include "chaos/audit/fold.h"

#include <inttypes.h>
#include <stdlib.h>

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
    size_t count = 0;
    for (size_t i = 0; i < e->operations_count; i++) {
        const operation *o = &e->operations[i];
        uuid id;
        bool is_release = o->kind == OPERATION_RELEASE;
        if (o->answered_us == 0 || (o->kind != OPERATION_RESERVE && !is_release) ||
            !field_uuid(is_release ? o->subject : o->result, &id))
            continue;
        const told *r = fold_find(f, &id);
        // Of another event, or seats given back too late; what is missing is found by check_told.
        if (r == NULL || (is_release && r->state != RESERVATION_CANCELLED))
            continue;
        int64_t at_us = is_release ? r->ended_us : r->held_us;
        v->looked[LOOK_ORDER]++;
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
