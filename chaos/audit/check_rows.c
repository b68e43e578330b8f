// What the rows say by themselves, as of one moment.
#include "actors/event/event.h"
#include "actors/payment/payment.h"
#include "actors/ticket/ticket.h"
#include "chaos/audit/audit.h"

#include <inttypes.h>
#include <stdlib.h>

static bool is_live(const reservation_row *r)
{
    return r->state == RESERVATION_HELD || r->state == RESERVATION_CONFIRMED;
}

static bool has_seat(const reservation_row *r, int64_t seat)
{
    for (uint32_t i = 0; i < r->seats.count; i++)
        if (r->seats.seat[i] == seat)
            return true;
    return false;
}

static const claim_row *claim_find(const evidence *e, const uuid *event, int64_t seat)
{
    size_t low = 0, high = e->claims_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const claim_row *c = &e->claims[middle];
        int order = memcmp(&c->event, event, sizeof *event);
        if (order == 0 && c->seat == seat)
            return c;
        if (order < 0 || (order == 0 && c->seat < seat))
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void claims_check(const evidence *e, verdict *v)
{
    for (size_t i = 0; i < e->claims_count; i++) {
        const claim_row *c = &e->claims[i];
        const reservation_row *r = evidence_reservation(e, &c->reservation);
        v->looked[1]++;
        if (i > 0 && uuid_equal(&c[-1].event, &c->event) && c[-1].seat == c->seat)
            breach(v, 1, "seat %" PRId64 " of event %s is claimed twice, by %s and %s", c->seat,
                   text_of(&c->event).text, text_of(&c[-1].reservation).text,
                   text_of(&c->reservation).text);
        if (r == NULL || !is_live(r) || !has_seat(r, c->seat) || !uuid_equal(&r->event, &c->event))
            breach(v, 1, "seat %" PRId64 " is claimed by reservation %s, which does not have it",
                   c->seat, text_of(&c->reservation).text);
    }
}

void check_owners(const evidence *e, verdict *v)
{
    claims_check(e, v);
    for (size_t i = 0; i < e->reservations_count; i++) {
        const reservation_row *r = &e->reservations[i];
        for (uint32_t n = 0; is_live(r) && n < r->seats.count; n++) {
            const claim_row *c = claim_find(e, &r->event, r->seats.seat[n]);
            v->looked[1]++;
            if (c == NULL || !uuid_equal(&c->reservation, &r->id))
                breach(v, 1, "reservation %s is live and has no claim on its seat %" PRIu32,
                       text_of(&r->id).text, r->seats.seat[n]);
        }
    }
}

void check_held(const evidence *e, const audit_limits *limits, verdict *v)
{
    for (size_t i = 0; i < e->reservations_count; i++) {
        const reservation_row *r = &e->reservations[i];
        if (r->state != RESERVATION_HELD)
            continue;
        v->looked[8]++;
        if (r->expires_us + limits->release_us < e->moment_us)
            breach(v, 8, "reservation %s holds its seats %.3f s after its deadline",
                   text_of(&r->id).text, (double)(e->moment_us - r->expires_us) / 1e6);
    }
}

// One valid ticket for a seat of a confirmed reservation, none for others. Tickets derive their id.
static void tickets_check(const evidence *e, const reservation_row *r, verdict *v)
{
    for (uint32_t n = 0; n < r->seats.count; n++) {
        ticket_id id = ticket_id_of(&(reservation_id){r->id}, r->seats.seat[n]);
        const ticket_row *t = evidence_ticket(e, &id.u);
        bool is_valid = t != NULL && (t->state == TICKET_VALID || t->state == TICKET_USED);
        v->looked[9]++;
        if (r->state == RESERVATION_CONFIRMED && !is_valid)
            breach(v, 9, "seat %" PRIu32 " of the confirmed reservation %s has no valid ticket",
                   r->seats.seat[n], text_of(&r->id).text);
        if (r->state != RESERVATION_CONFIRMED && is_valid)
            breach(v, 9, "ticket %s is valid, its reservation is not confirmed",
                   text_of(&id.u).text);
    }
}

static int by_reservation(const void *a, const void *b)
{
    const payment_row *const *x = a, *const *y = b;
    return memcmp(&(*x)->reservation, &(*y)->reservation, sizeof(uuid));
}

static void payments_check(const reservation_row *r, const payment_row *const *of, size_t count,
                           verdict *v)
{
    size_t paid = 0;
    bool has_own = false;
    for (size_t i = 0; i < count; i++) {
        const payment_row *p = of[i];
        if (p->captured_minor == 0 || p->refunded_minor == p->captured_minor)
            continue;
        paid++;
        has_own |= uuid_equal(&p->id, &r->payment) && p->state == PAYMENT_CONFIRMED &&
                   p->captured_minor == r->total_minor;
    }
    v->looked[10]++;
    if (r->total_minor > 0 && (paid != 1 || !has_own))
        breach(v, 10, "the confirmed reservation %s has %zu paid payments%s", text_of(&r->id).text,
               paid, paid == 1 ? ", which is not its own or not its price" : "");
}

void check_sold(const evidence *e, verdict *v)
{
    const payment_row **by = calloc(e->payments_count + 1, sizeof *by);
    if (by == NULL)
        abort();
    for (size_t i = 0; i < e->payments_count; i++)
        by[i] = &e->payments[i];
    qsort(by, e->payments_count, sizeof *by, by_reservation);
    for (size_t i = 0; i < e->reservations_count; i++) {
        const reservation_row *r = &e->reservations[i];
        payment_row wanted = {.reservation = r->id};
        const payment_row *key = &wanted;
        const payment_row **found =
            bsearch(&key, by, e->payments_count, sizeof *by, by_reservation);
        const payment_row **end = by + e->payments_count;
        while (found != NULL && found > by && by_reservation(found - 1, &key) == 0)
            found--;
        size_t count = 0;
        while (found != NULL && found + count < end && by_reservation(found + count, &key) == 0)
            count++;
        if (r->state == RESERVATION_CONFIRMED)
            payments_check(r, found, count, v);
        tickets_check(e, r, v);
    }
    for (size_t i = 0; i < e->tickets_count; i++) {
        const ticket_row *t = &e->tickets[i];
        const reservation_row *r = evidence_reservation(e, &t->reservation);
        if (r == NULL || (t->state == TICKET_VALID && !has_seat(r, t->seat)))
            breach(v, 9, "ticket %s is for a seat that its reservation does not have",
                   text_of(&t->id).text);
    }
    free(by);
}

typedef struct till {
    int64_t captured, refunded, sold, kept, undecided, clearing;
} till;

static void event_money(const evidence *e, const event_row *event, const audit_limits *limits,
                        verdict *v)
{
    till t = {0};
    for (size_t i = 0; i < e->payments_count; i++) {
        const payment_row *p = &e->payments[i];
        if (!uuid_equal(&p->event, &event->id))
            continue;
        t.captured += p->captured_minor;
        t.refunded += p->refunded_minor;
        t.kept += p->kept_minor;
        if (p->captured_minor > 0 && p->state != PAYMENT_CONFIRMED && p->state != PAYMENT_REFUNDED)
            t.undecided += p->captured_minor - p->refunded_minor - p->kept_minor;
    }
    for (size_t i = 0; i < e->reservations_count; i++)
        if (e->reservations[i].state == RESERVATION_CONFIRMED &&
            uuid_equal(&e->reservations[i].event, &event->id))
            t.sold += e->reservations[i].total_minor;
    for (size_t i = 0; i < e->postings_count; i++)
        if (uuid_equal(&e->postings[i].event, &event->id))
            t.clearing += e->postings[i].clearing_minor;
    v->looked[4]++;
    if (t.captured - t.refunded != t.sold + t.kept + t.undecided)
        breach(v, 4,
               "event %s: captured %" PRId64 " less refunded %" PRId64 " is not sold %" PRId64
               ", kept %" PRId64 " and undecided %" PRId64,
               text_of(&event->id).text, t.captured, t.refunded, t.sold, t.kept, t.undecided);
    if (t.clearing != t.captured - t.refunded)
        breach(v, 4, "event %s: its postings say %" PRId64 " is with the provider, not %" PRId64,
               text_of(&event->id).text, t.clearing, t.captured - t.refunded);
    if (t.undecided != 0 && !limits->may_be_undecided)
        breach(v, 4, "event %s: nobody decided on %" PRId64, text_of(&event->id).text, t.undecided);
}

static int by_intent(const void *a, const void *b)
{
    const payment_row *const *x = a, *const *y = b;
    return strcmp((*x)->intent, (*y)->intent);
}

// Money that the provider took and nobody here knows of.
static void provider_check(const evidence *e, verdict *v)
{
    const payment_row **by = calloc(e->payments_count + 1, sizeof *by);
    if (by == NULL)
        abort();
    for (size_t i = 0; i < e->payments_count; i++)
        by[i] = &e->payments[i];
    qsort(by, e->payments_count, sizeof *by, by_intent);
    for (size_t i = 0; i < e->provider_count; i++) {
        const provider_row *l = &e->provider[i];
        payment_row wanted = {0};
        const payment_row *key = &wanted;
        memcpy(wanted.intent, l->intent, sizeof wanted.intent);
        v->looked[4]++;
        if (l->captured_minor > 0 &&
            bsearch(&key, by, e->payments_count, sizeof *by, by_intent) == NULL)
            breach(v, 4, "the provider captured %" PRId64 " under %s, which nobody here knows",
                   l->captured_minor, l->intent);
    }
    free(by);
}

void check_money(const evidence *e, const audit_limits *limits, verdict *v)
{
    for (size_t i = 0; i < e->events_count; i++)
        event_money(e, &e->events[i], limits, v);
    for (size_t i = 0; i < e->postings_count; i++)
        if (e->postings[i].sum_minor != 0)
            breach(v, 4, "a posting of payment %s does not sum to zero",
                   text_of(&e->postings[i].payment).text);
    for (size_t i = 0; i < e->payments_count; i++) {
        const payment_row *p = &e->payments[i];
        const provider_row *l = p->intent[0] == 0 ? NULL : evidence_intent(e, p->intent);
        int64_t captured = l == NULL ? 0 : l->captured_minor;
        int64_t refunded = l == NULL ? 0 : l->refunded_minor;
        v->looked[4]++;
        if (strcmp(p->refund, PAYMENT_REFUND_BY_HAND) == 0)
            refunded = p->refunded_minor; // it went back by other means
        if (captured != p->captured_minor || refunded != p->refunded_minor)
            breach(v, 4,
                   "payment %s: captured %" PRId64 ", refunded %" PRId64
                   "; the provider says %" PRId64 " and %" PRId64,
                   text_of(&p->id).text, p->captured_minor, p->refunded_minor, captured, refunded);
    }
    provider_check(e, v);
}

static int by_actor(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(uuid));
}

static void sample_check(const lease_row *before, const lease_row *now, verdict *v)
{
    id_text actor = text_of(&now->actor);
    const char *name = actor.text;
    v->looked[5]++;
    v->looked[6]++;
    if (now->epoch < before->epoch)
        breach(v, 6, "actor %s went back from epoch %" PRId64 " to %" PRId64, name, before->epoch,
               now->epoch);
    if (now->epoch == before->epoch && !uuid_equal(&now->holder, &before->holder) &&
        !uuid_is_zero(&now->holder) && !uuid_is_zero(&before->holder))
        breach(v, 6, "actor %s had two holders in epoch %" PRId64, name, now->epoch);
    if (now->incarnation == before->incarnation && now->cursor < before->cursor)
        breach(v, 5, "the cursor of actor %s went back from %" PRId64 " to %" PRId64, name,
               before->cursor, now->cursor);
    if (now->last_seq < before->last_seq)
        breach(v, 5, "the facts of actor %s went back from %" PRId64 " to %" PRId64, name,
               before->last_seq, now->last_seq);
}

void check_leases(const evidence *e, verdict *v)
{
    for (size_t i = 0; i < e->samples_count; i++) {
        const lease_row *now = &e->samples[i];
        if (i > 0 && uuid_equal(&now[-1].actor, &now->actor))
            sample_check(now - 1, now, v);
        if (i + 1 < e->samples_count && uuid_equal(&now[1].actor, &now->actor))
            continue;
        const lease_row *last =
            e->leases_count == 0
                ? NULL
                : bsearch(&now->actor, e->leases, e->leases_count, sizeof *e->leases, by_actor);
        if (last == NULL)
            breach(v, 5, "the lease of actor %s is gone", text_of(&now->actor).text);
        else
            sample_check(now, last, v);
    }
}
