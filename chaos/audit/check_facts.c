// What the facts say: that each chain is whole, that folding an event's facts is a legal history of
// its seats, and that payments and tickets follow from it once.
#include "actors/event/codec.h"
#include "actors/payment/codec.h"
#include "actors/ticket/ticket.h"
#include "chaos/audit/audit.h"
#include "chaos/audit/fold.h"
#include "schemas/digest.h"

#include <inttypes.h>
#include <stdlib.h>

static size_t facts_of(const evidence *e, const uuid *actor, const fact_row **ret_first)
{
    size_t low = 0, high = e->facts_count, count = 0;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(&e->facts[middle].actor, actor, sizeof *actor) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    while (low + count < e->facts_count && uuid_equal(&e->facts[low + count].actor, actor))
        count++;
    *ret_first = e->facts + low;
    return count;
}

// A second writer would have left a fork, a gap or a head that is not the last fact's.
static void chain_check(const evidence *e, const lease_row *l, verdict *v)
{
    const fact_row *facts;
    size_t count = facts_of(e, &l->actor, &facts);
    digest32 hash = {{0}};
    v->looked[6]++;
    for (size_t i = 0; i < count; i++) {
        const fact_row *f = &facts[i];
        v->looked[6]++;
        hash = fact_hash(&hash, (int64_t)i + 1, (uint16_t)f->kind, f->payload, f->payload_bytes);
        if (f->seq == (int64_t)i + 1 && digest32_equal(&hash, &f->hash))
            continue;
        breach(v, 6, "the chain of actor %s is broken at fact %zu (number %" PRId64 ")",
               text_of(&l->actor).text, i + 1, f->seq);
        return;
    }
    if ((int64_t)count != l->last_seq || !digest32_equal(&hash, &l->last_hash))
        breach(v, 6, "actor %s has %zu facts, its lease names number %" PRId64 "%s",
               text_of(&l->actor).text, count, l->last_seq,
               (int64_t)count == l->last_seq ? " with another hash" : "");
}

static void event_facts_check(const evidence *e, const audit_limits *limits, const event_row *event,
                              verdict *v)
{
    const fact_row *facts;
    size_t count = facts_of(e, &event->id, &facts);
    fold *f = fold_new(event, count);
    if (f == NULL)
        abort();
    for (size_t i = 0; i < count; i++) {
        event_fact fact;
        v->looked[7]++;
        if (event_fact_read(facts[i].payload, facts[i].payload_bytes, NULL, &fact))
            fold_fact(f, &fact, facts[i].seq, facts[i].at_us, limits, v);
        else
            breach(v, 7, "fact %" PRId64 " of event %s cannot be read", facts[i].seq,
                   text_of(&event->id).text);
    }
    fold_rows_check(f, e, v);
    fold_order_check(f, e, limits, v);
    fold_free(f);
}

typedef struct paid { // a payment by its facts
    uuid id;
    int64_t state;
    uint64_t captures, confirmations, refunds;
} paid;

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(uuid));
}

static void payment_fact_fold(paid *p, const payment_fact *f)
{
    bool is_new = p->state != (int64_t)f->state;
    p->captures += is_new && f->state == PAYMENT_CAPTURED;
    p->confirmations += is_new && f->state == PAYMENT_CONFIRMED;
    p->refunds += is_new && f->state == PAYMENT_REFUNDED;
    p->state = f->state;
}

static void payment_facts_read(const evidence *e, const lease_row *l, paid *known, verdict *v)
{
    const fact_row *facts;
    size_t count = facts_of(e, &l->actor, &facts);
    for (size_t i = 0; i < count; i++) {
        payment_fact fact;
        Cavea__V1__PaymentFact *m =
            cavea__v1__payment_fact__unpack(NULL, facts[i].payload_bytes, facts[i].payload);
        v->looked[7]++;
        bool is_rejection = facts[i].kind == PAYMENT_FACT_MESSAGE_REJECTED;
        if (!is_rejection && (m == NULL || !payment_fact_read(m, (uint16_t)facts[i].kind, &fact))) {
            breach(v, 7, "fact %" PRId64 " of payment actor %s cannot be read", facts[i].seq,
                   text_of(&l->actor).text);
        } else if (!is_rejection && fact.state != PAYMENT_NONE) {
            paid *p = bsearch(&fact.payment.u, known, e->payments_count, sizeof *known, by_id);
            if (p == NULL)
                breach(v, 7, "payment %s has a fact and no row", text_of(&fact.payment.u).text);
            else
                payment_fact_fold(p, &fact);
        }
        if (m != NULL)
            cavea__v1__payment_fact__free_unpacked(m, NULL);
    }
}

static void payments_check(const evidence *e, verdict *v)
{
    paid *known = calloc(e->payments_count + 1, sizeof *known);
    if (known == NULL)
        abort();
    for (size_t i = 0; i < e->payments_count; i++)
        known[i].id = e->payments[i].id;
    for (size_t i = 0; i < e->leases_count; i++)
        if (e->leases[i].kind == ACTOR_PAYMENT)
            payment_facts_read(e, &e->leases[i], known, v);
    for (size_t i = 0; i < e->payments_count; i++) {
        const payment_row *p = &e->payments[i];
        const paid *k = &known[i];
        if (k->state != p->state)
            breach(v, 7, "payment %s is in state %" PRId64 ", by its facts in %" PRId64,
                   text_of(&p->id).text, p->state, k->state);
        // A confirmed payment that goes back in part and is kept is confirmed a second time.
        if (k->captures > 1 || k->confirmations > 1 + (p->kept_minor > 0) || k->refunds > 1)
            breach(v, 7,
                   "payment %s was captured %" PRIu64 " times, confirmed %" PRIu64
                   " times, refunded %" PRIu64 " times",
                   text_of(&p->id).text, k->captures, k->confirmations, k->refunds);
    }
    free(known);
}

typedef struct issued {
    uuid ticket, reservation;
    uint32_t seat;
} issued;

static size_t ticket_facts_read(const evidence *e, const lease_row *l, issued *list, size_t at,
                                verdict *v)
{
    const fact_row *facts;
    size_t count = facts_of(e, &l->actor, &facts);
    for (size_t i = 0; i < count; i++) {
        if (facts[i].kind != TICKET_VALID)
            continue;
        Cavea__V1__TicketFact *m =
            cavea__v1__ticket_fact__unpack(NULL, facts[i].payload_bytes, facts[i].payload);
        v->looked[7]++;
        if (m != NULL && uuid_from_bytes(m->ticket_id.data, m->ticket_id.len, &list[at].ticket) &&
            uuid_from_bytes(m->reservation_id.data, m->reservation_id.len, &list[at].reservation))
            list[at++].seat = m->seat;
        else
            breach(v, 7, "fact %" PRId64 " of ticket actor %s cannot be read", facts[i].seq,
                   text_of(&l->actor).text);
        if (m != NULL)
            cavea__v1__ticket_fact__free_unpacked(m, NULL);
    }
    return at;
}

static void tickets_check(const evidence *e, verdict *v)
{
    issued *list = calloc(e->facts_count + 1, sizeof *list);
    size_t count = 0;
    if (list == NULL)
        abort();
    for (size_t i = 0; i < e->leases_count; i++)
        if (e->leases[i].kind == ACTOR_TICKET)
            count = ticket_facts_read(e, &e->leases[i], list, count, v);
    qsort(list, count, sizeof *list, by_id);
    for (size_t i = 0; i < count; i++) {
        const issued *l = &list[i];
        const ticket_row *t = evidence_ticket(e, &l->ticket);
        // A ticket actor that lost its memory may say again what it said; it must be the same.
        v->tickets_repeated += i > 0 && uuid_equal(&l[-1].ticket, &l->ticket);
        if (t == NULL)
            breach(v, 7, "ticket %s has a fact and no row", text_of(&l->ticket).text);
        else if (t->seat != l->seat || !uuid_equal(&t->reservation, &l->reservation))
            breach(v, 7, "ticket %s is for another seat than its fact says",
                   text_of(&l->ticket).text);
    }
    for (size_t i = 0; i < e->tickets_count; i++)
        if (count == 0 || bsearch(&e->tickets[i].id, list, count, sizeof *list, by_id) == NULL)
            breach(v, 7, "ticket %s has a row and no fact", text_of(&e->tickets[i].id).text);
    free(list);
}

void check_facts(const evidence *e, const audit_limits *limits, verdict *v)
{
    for (size_t i = 0; i < e->leases_count; i++)
        chain_check(e, &e->leases[i], v);
    for (size_t i = 0; i < e->facts_count; i++) {
        const fact_row *f = &e->facts[i];
        bool is_first = i == 0 || !uuid_equal(&f[-1].actor, &f->actor);
        if (is_first &&
            bsearch(&f->actor, e->leases, e->leases_count, sizeof *e->leases, by_id) == NULL)
            breach(v, 6, "actor %s has facts and no lease", text_of(&f->actor).text);
    }
    for (size_t i = 0; i < e->events_count; i++)
        event_facts_check(e, limits, &e->events[i], v);
    payments_check(e, v);
    tickets_check(e, v);
}
