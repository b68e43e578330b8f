// What buyers were told, against the rows and the provider's books.
#include "actors/event/event.h"
#include "actors/payment/payment.h"
#include "actors/ticket/ticket.h"
#include "chaos/audit/audit.h"
#include "schemas/digest.h"

#include <inttypes.h>
#include <stdlib.h>

static bool same_seats(const reservation_row *r, const seat_list *told)
{
    return r->seats.count == told->count &&
           memcmp(r->seats.seat, told->seat, told->count * sizeof *told->seat) == 0;
}

static void reserve_told(const evidence *e, const operation *o, verdict *v)
{
    uuid id;
    char seats[1024] = "";
    seat_list told;
    const reservation_row *r = field_uuid(o->result, &id) ? evidence_reservation(e, &id) : NULL;
    v->acknowledged++;
    if (r == NULL)
        return breach(v, 2, "reservation %s was acknowledged and is not there", o->result);
    const event_row *event = evidence_event(e, &r->event);
    bool good = event != NULL && detail_find(o->detail, "seats", seats, sizeof seats) &&
                seats_read(event->plan, seats, &told);
    if (!good || !uuid_equal(&r->buyer, &o->buyer) ||
        r->total_minor != detail_number(o->detail, "total") ||
        (r->outcome != PAYMENT_OTHER_SEATS && !same_seats(r, &told)))
        breach(v, 2, "reservation %s is not as its buyer was told: %s", o->result, o->detail);
    digest16 key =
        idempotency_key_hash(&(buyer_id){o->buyer}, "reservations", o->key, strlen(o->key));
    v->looked[3]++;
    if (!digest16_equal(&key, &r->key_hash))
        breach(v, 3, "reservation %s answered the key %s and is another's", o->result, o->key);
}

// Whoever gives seats back after the deadline is told that they were gone already.
static void release_told(const operation *o, const reservation_row *r, verdict *v)
{
    char state[32] = "";
    bool known = detail_find(o->detail, "state", state, sizeof state);
    bool was_late = known && strcmp(state, "expired") == 0;
    if (was_late ? r->state == RESERVATION_HELD || r->state == RESERVATION_CANCELLED
                 : r->state != RESERVATION_CANCELLED)
        breach(v, 2, "reservation %s was released, says the answer; its state is %" PRId64,
               o->subject, r->state);
}

static void read_told(const operation *o, const reservation_row *r, verdict *v)
{
    char state[32];
    if (!detail_find(o->detail, "state", state, sizeof state))
        return;
    if (strcmp(state, "confirmed") == 0 && r->state != RESERVATION_CONFIRMED &&
        r->state != RESERVATION_REFUNDED)
        breach(v, 2, "reservation %s was confirmed, says the answer; its state is %" PRId64,
               o->subject, r->state);
    if ((strcmp(state, "cancelled") == 0 && r->state != RESERVATION_CANCELLED) ||
        (strcmp(state, "refunded") == 0 && r->state != RESERVATION_REFUNDED))
        breach(v, 2, "reservation %s was %s, says the answer; its state is %" PRId64, o->subject,
               state, r->state);
}

static void cancel_told(const evidence *e, const operation *o, const reservation_row *r,
                        const audit_limits *limits, verdict *v)
{
    int64_t refund = detail_number(o->detail, "refund");
    const payment_row *p = evidence_payment(e, &r->payment);
    if (r->state != RESERVATION_REFUNDED || r->refund_minor != refund)
        breach(v, 2,
               "reservation %s was given back for %" PRId64 ", says the answer; its state is "
               "%" PRId64 " for %" PRId64,
               o->subject, refund, r->state, r->refund_minor);
    else if (refund > 0 && (p == NULL || p->refund_minor != refund ||
                            (!limits->may_be_undecided && p->refunded_minor != refund)))
        breach(v, 2,
               "the refund of %" PRId64 " for reservation %s was acknowledged and is not there",
               refund, o->subject);
}

// "seat/ticket/state" with commas.
static void tickets_told(const evidence *e, const operation *o, const reservation_row *r,
                         verdict *v)
{
    char list[2600], *rest = NULL;
    const event_row *event = evidence_event(e, &r->event);
    if (event == NULL || !detail_find(o->detail, "tickets", list, sizeof list))
        return;
    for (char *one = strtok_r(list, ",", &rest); one != NULL; one = strtok_r(NULL, ",", &rest)) {
        char *id_at = strchr(one, '/');
        uint32_t seat;
        uuid id;
        if (id_at == NULL || strlen(id_at) < UUID_TEXT_BYTES)
            continue;
        *id_at++ = 0;
        id_at[UUID_TEXT_BYTES - 1] = 0;
        const ticket_row *t =
            uuid_parse(id_at, UUID_TEXT_BYTES - 1, &id) ? evidence_ticket(e, &id) : NULL;
        v->looked[2]++;
        if (t == NULL || !uuid_equal(&t->reservation, &r->id) ||
            !plan_seat_find(event->plan, one, strlen(one), &seat) || t->seat != seat)
            breach(v, 2, "ticket %s for seat %s was handed out and is not there", id_at, one);
    }
}

static void pay_told(const evidence *e, const operation *o, verdict *v)
{
    char status[32];
    const provider_row *l = evidence_intent(e, o->subject);
    if (!detail_find(o->detail, "status", status, sizeof status) ||
        strcmp(status, "succeeded") != 0)
        return;
    const payment_row *p = l == NULL ? NULL : evidence_payment(e, &l->payment);
    if (l == NULL || l->captured_minor == 0)
        breach(v, 2, "the payment of %s succeeded, and the provider's books do not have it",
               o->subject);
    else if (p == NULL || p->captured_minor == 0)
        breach(v, 2, "the payment of %s succeeded, and nobody here knows of the money", o->subject);
}

static void operation_told(const evidence *e, const operation *o, const audit_limits *limits,
                           verdict *v)
{
    uuid id;
    v->looked[2]++;
    if (o->kind == OPERATION_RESERVE)
        return reserve_told(e, o, v);
    if (o->kind == OPERATION_PAY)
        return pay_told(e, o, v);
    const reservation_row *r = field_uuid(o->subject, &id) ? evidence_reservation(e, &id) : NULL;
    if (r == NULL)
        return breach(v, 2, "a buyer was told of reservation %s, which is not there", o->subject);
    switch (o->kind) {
    case OPERATION_RELEASE:
        return release_told(o, r, v);
    case OPERATION_CHECKOUT:
        if (!field_uuid(o->result, &id) || evidence_payment(e, &id) == NULL)
            breach(v, 2, "payment %s was acknowledged and is not there", o->result);
        return;
    case OPERATION_READ:
        return read_told(o, r, v);
    case OPERATION_TICKETS:
        return tickets_told(e, o, r, v);
    case OPERATION_CANCEL:
        return cancel_told(e, o, r, limits, v);
    case OPERATION_RESERVE:
    case OPERATION_PAY:
    case OPERATION_KINDS_END:
        return;
    }
}

static int by_key(const void *a, const void *b)
{
    const operation *x = *(const operation *const *)a, *y = *(const operation *const *)b;
    int order = memcmp(&x->buyer, &y->buyer, sizeof x->buyer);
    if (order == 0)
        order = (x->kind > y->kind) - (x->kind < y->kind);
    return order == 0 ? strcmp(x->key, y->key) : order;
}

static void keys_check(const evidence *e, verdict *v)
{
    const operation **by = calloc(e->operations_count + 1, sizeof *by);
    size_t count = 0;
    if (by == NULL)
        abort();
    for (size_t i = 0; i < e->operations_count; i++) {
        const operation *o = &e->operations[i];
        bool has_key = o->kind == OPERATION_RESERVE || o->kind == OPERATION_CHECKOUT;
        if (has_key && o->answered_us != 0)
            by[count++] = o;
        if (has_key && o->contradicted)
            breach(v, 3, "the key %s was answered with %s and then with another", o->key,
                   o->result);
    }
    qsort(by, count, sizeof *by, by_key);
    for (size_t i = 0; i < count; i++) {
        v->looked[3]++;
        if (i > 0 && by_key(&by[i - 1], &by[i]) == 0 &&
            strcmp(by[i - 1]->result, by[i]->result) != 0)
            breach(v, 3, "the key %s was answered with %s and with %s", by[i]->key,
                   by[i - 1]->result, by[i]->result);
    }
    free(by);
}

static int by_hash(const void *a, const void *b)
{
    const reservation_row *x = *(const reservation_row *const *)a;
    const reservation_row *y = *(const reservation_row *const *)b;
    int order = memcmp(&x->event, &y->event, sizeof x->event);
    if (order == 0)
        order = memcmp(&x->buyer, &y->buyer, sizeof x->buyer);
    return order == 0 ? memcmp(&x->key_hash, &y->key_hash, sizeof x->key_hash) : order;
}

static void rows_check(const evidence *e, verdict *v)
{
    const reservation_row **by = calloc(e->reservations_count + 1, sizeof *by);
    if (by == NULL)
        abort();
    for (size_t i = 0; i < e->reservations_count; i++)
        by[i] = &e->reservations[i];
    qsort(by, e->reservations_count, sizeof *by, by_hash);
    for (size_t i = 0; i < e->reservations_count; i++) {
        v->looked[3]++;
        if (i > 0 && by_hash(&by[i - 1], &by[i]) == 0)
            breach(v, 3, "reservations %s and %s came from one Idempotency-Key",
                   text_of(&by[i - 1]->id).text, text_of(&by[i]->id).text);
    }
    free(by);
}

void check_told(const evidence *e, const audit_limits *limits, verdict *v)
{
    for (size_t i = 0; i < e->operations_count; i++)
        if (e->operations[i].answered_us != 0)
            operation_told(e, &e->operations[i], limits, v);
    keys_check(e, v);
    rows_check(e, v);
}
