#include "edge/body.h"
#include "edge/edge.h"

#include "schemas/digest.h"

#include <stdio.h>

static ProtobufCBinaryData binary(const void *data, size_t bytes)
{
    return (ProtobufCBinaryData){bytes, (uint8_t *)(uintptr_t)data};
}

enum { LIST_LIMIT_STANDARD = 20 };

// Of reservation_state and event_status in the actors' and the database's numbers.
enum { STATE_HELD = 1, STATE_CONFIRMED = 2, STATE_EXPIRED = 3, STATE_REFUNDED = 5 };

// A reservation as it stands in answers, from a reply or from a row.
typedef struct reservation_answer {
    const reservation_id *id;
    const char *state;
    const uint32_t *seats;
    const int64_t *price_minor;
    uint32_t seats_count;
    int64_t total_minor, expires_us;
    const payment_id *payment; // zero: none
    const char *outcome;       // NULL: not told
    int64_t refund_now_minor;  // of a confirmed one
    int64_t refund_minor;      // of a refunded one
} reservation_answer;

static void seat_write(doc *d, const plan *p, uint32_t seat, int64_t price_minor)
{
    doc_object(d);
    if (seat < p->seats_count) {
        doc_key(d, "id");
        doc_text(d, plan_seat_id(p, seat));
        doc_key(d, "section");
        doc_text(d, plan_section_id(p, p->seat_section[seat]));
        doc_key(d, "row");
        doc_text(d, plan_row_name(p, p->seat_row[seat]));
        doc_key(d, "number");
        doc_text(d, plan_seat_number(p, seat));
    }
    doc_key(d, "price_minor");
    doc_int(d, price_minor);
    doc_object_end(d);
}

// What became of the money, as far as there was any.
static void money_write(doc *d, const reservation_answer *r)
{
    if (r->outcome != NULL) {
        doc_key(d, "outcome");
        doc_text(d, r->outcome);
    }
    if (strcmp(r->state, reservation_state_name(STATE_CONFIRMED)) == 0) {
        doc_key(d, "refund_now_minor");
        doc_int(d, r->refund_now_minor);
    }
    if (strcmp(r->state, reservation_state_name(STATE_REFUNDED)) == 0) {
        doc_key(d, "refund_minor");
        doc_int(d, r->refund_minor);
    }
}

static void reservation_write(doc *d, const catalogue_event *event, const reservation_answer *r)
{
    doc_object(d);
    doc_key(d, "id");
    doc_uuid(d, &r->id->u);
    doc_key(d, "state");
    doc_text(d, r->state);
    doc_key(d, "event_id");
    doc_uuid(d, &event->detail.row.id.u);
    doc_key(d, "seats");
    doc_array(d);
    for (uint32_t i = 0; i < r->seats_count; i++)
        seat_write(d, event->plan->plan, r->seats[i], r->price_minor[i]);
    doc_array_end(d);
    doc_key(d, "total_minor");
    doc_int(d, r->total_minor);
    doc_key(d, "currency");
    doc_text(d, event->detail.row.currency);
    doc_key(d, "expires_at");
    doc_time(d, r->expires_us);
    if (!uuid_is_zero(&r->payment->u)) {
        doc_key(d, "payment_id");
        doc_uuid(d, &r->payment->u);
    }
    money_write(d, r);
    doc_object_end(d);
}

// Reservations that were paid before outcomes were told had their seats until then.
static const char *outcome_name(int state, int outcome)
{
    enum { AS_HELD = 1 };
    return payment_outcome_name(outcome == 0 && state == STATE_CONFIRMED ? AS_HELD : outcome);
}

static void reply_write(edge_call *call, const catalogue_event *event, const bus_answer *answer,
                        const char *state, const payment_id *payment)
{
    reservation_answer r = {
        .id = &answer->reservation,
        .state = state,
        .seats = answer->seats,
        .price_minor = answer->price_minor,
        .seats_count = answer->seats_count,
        .total_minor = answer->total_minor,
        .expires_us = answer->expires_us,
        .payment = payment,
        .outcome = outcome_name(answer->state, answer->outcome),
        .refund_now_minor = answer->refund_now_minor,
        .refund_minor = answer->refund_minor,
    };
    reservation_write(&call->answer->body, event, &r);
}

// Seat ids become indexes in plan order.
static error_code seats_resolve(const plan *p, const reservation_body *body,
                                uint32_t ret_seats[static SEATS_PER_RESERVATION_MAX])
{
    for (uint32_t i = 0; i < body->seats_count; i++) {
        if (!plan_seat_find(p, body->seats[i].id, body->seats[i].id_bytes, &ret_seats[i]))
            return ERROR_SEAT_UNKNOWN;
        for (uint32_t j = 0; j < i; j++)
            if (ret_seats[j] == ret_seats[i])
                return ERROR_SEAT_REPEATED;
    }
    return ERROR_NONE;
}

static void seats_member(doc *d, const char *key, const plan *p, const uint32_t *seats,
                         uint32_t count)
{
    doc_key(d, key);
    doc_array(d);
    for (uint32_t i = 0; i < count; i++)
        if (seats[i] < p->seats_count)
            doc_text(d, plan_seat_id(p, seats[i]));
    doc_array_end(d);
}

static void answer_conflict(edge_call *call, const plan *p, const bus_answer *answer)
{
    doc *d = &call->answer->body;
    http_answer_problem_begin(call->answer, ERROR_SEATS_UNAVAILABLE, NULL);
    seats_member(d, "seats", p, answer->conflicts, answer->conflicts_count);
    seats_member(d, "alternatives", p, answer->alternatives, answer->alternatives_count);
    doc_object_end(d);
}

static bus_result reserve_ask(edge_call *call, const catalogue_event *event, uint32_t *seats,
                              uint32_t seats_count, bus_answer *ret_answer)
{
    edge *e = call->edge;
    const char *key = call->request->idempotency_key;
    const event_id *show = &event->detail.row.id;
    uuid id = edge_tagged_uuid(e, event->detail.row.tag);
    digest16 key_hash =
        idempotency_key_hash(&call->session.buyer, "reservations", key, strlen(key));
    digest16 body_hash = reserve_body_hash(show, seats, seats_count);
    int64_t deadline_us = edge_deadline_us(call);
    Cavea__V1__Reserve reserve = CAVEA__V1__RESERVE__INIT;
    reserve.buyer_id = binary(&call->session.buyer, sizeof call->session.buyer);
    reserve.key_hash = binary(&key_hash, sizeof key_hash);
    reserve.body_hash = binary(&body_hash, sizeof body_hash);
    reserve.seats = seats;
    reserve.n_seats = seats_count;
    reserve.wait_until_us = bus_database_us(e->bus, deadline_us);
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    command.id = binary(&id, sizeof id);
    command.body_case = CAVEA__V1__COMMAND__BODY_RESERVE;
    command.reserve = &reserve;
    actor_ref actor = actor_of_event(show);
    return bus_ask(e->bus, &actor, &command, false, deadline_us, ret_answer);
}

static void location_header(http_answer *a, const reservation_id *id)
{
    char text[sizeof "/v1/reservations/" + UUID_TEXT_BYTES] = "/v1/reservations/";
    uuid_format(&id->u, text + strlen(text));
    http_answer_header(a, "Location", text);
}

void handle_reservation_create(edge_call *call)
{
    const http_request *q = call->request;
    reservation_body body;
    bus_answer answer;
    uint32_t seats[SEATS_PER_RESERVATION_MAX];
    CATALOGUE_EVENT_AUTO *event = NULL;
    static const payment_id no_payment;
    error_code error = reservation_body_read(q->body, q->body_bytes, &body);
    if (error == ERROR_NONE)
        error = catalogue_get(call->edge->catalogue, &body.event, &event);
    if (error == ERROR_NONE)
        error = seats_resolve(event->plan->plan, &body, seats);
    if (error != ERROR_NONE)
        return http_answer_problem(call->answer, error, NULL);
    bus_result result = reserve_ask(call, event, seats, body.seats_count, &answer);
    // Who found no place there tells nothing of the queue.
    call->answer->waited = result == BUS_ANSWERED || result == BUS_LATE;
    if (result == BUS_ANSWERED && answer.error == ERROR_SEATS_UNAVAILABLE)
        return answer_conflict(call, event->plan->plan, &answer);
    if (edge_call_refused(call, result, &answer))
        return;
    if (!answer.has_reservation)
        return http_answer_problem(call->answer, ERROR_INTERNAL, NULL);
    // A replay tells what the first answer told: the same body, whatever has happened since.
    call->answer->status = answer.replayed ? 200 : 201;
    location_header(call->answer, &answer.reservation);
    answer.state = STATE_HELD;
    answer.outcome = 0;
    reply_write(call, event, &answer, reservation_state_name(STATE_HELD), &no_payment);
}

// A held reservation past its deadline has ended, whether somebody has noticed yet or not.
static const char *state_now(edge *e, int state, int64_t expires_us)
{
    bool overdue = state == STATE_HELD && expires_us <= edge_database_now_us(e);
    return reservation_state_name(overdue ? STATE_EXPIRED : state);
}

// By the policy the edge knows; the actor has the last word when it comes to a cancellation.
static int64_t refund_now(edge *e, const event_detail *event, int64_t total_minor)
{
    if (event->row.status == EVENT_CANCELLED)
        return total_minor;
    uint32_t percent =
        refund_percent_at(&event->refunds, event->row.starts_us, edge_database_now_us(e));
    return refund_share_minor(total_minor, percent);
}

// The buyer's own reservation as the database has it.
static error_code row_read(edge_call *call, const catalogue_event *event, const uuid *id,
                           event_image_reservation *ret_row)
{
    bool found = false;
    reservation_id wanted = {*id};
    if (read_reservation(call->edge->pool, &event->detail.row.id, &wanted, ret_row, &found) !=
        STORE_OK)
        return ERROR_UNAVAILABLE;
    return found && uuid_equal(&ret_row->buyer.u, &call->session.buyer.u) ? ERROR_NONE
                                                                          : ERROR_NOT_FOUND;
}

static void row_write(edge *e, doc *d, const catalogue_event *event,
                      const event_image_reservation *row)
{
    uint32_t seats[SEATS_PER_RESERVATION_MAX];
    for (uint32_t i = 0; i < row->seats_count; i++)
        seats[i] = (uint32_t)row->seats[i];
    reservation_answer r = {
        .id = &row->id,
        .state = state_now(e, row->state, row->expires_us),
        .seats = seats,
        .price_minor = row->price_minor,
        .seats_count = row->seats_count,
        .total_minor = row->total_minor,
        .expires_us = row->expires_us,
        .payment = &row->payment,
        .outcome = outcome_name(row->state, row->outcome),
        .refund_now_minor = refund_now(e, &event->detail, row->total_minor),
        .refund_minor = row->refund_minor,
    };
    reservation_write(d, event, &r);
}

// What a query for a page asks for. The filter points into it.
typedef struct page_query {
    reservation_id before, with[READ_RESERVATIONS_WITH_MAX];
    reservation_filter filter;
} page_query;

// Ids with a comma between them; false: something else, or too many.
static bool ids_read(const char *text, page_query *ret)
{
    uint32_t count = 0;
    for (const char *at = text; at != NULL; at = strchr(at, ',')) {
        at += count > 0; // the comma
        if (count == READ_RESERVATIONS_WITH_MAX ||
            !uuid_parse(at, strcspn(at, ","), &ret->with[count].u))
            return false;
        count++;
    }
    ret->filter.with_count = count;
    return true;
}

// NULL, or what is wrong with the query.
static const char *page_read(const char *query, page_query *ret)
{
    char cursor[UUID_TEXT_BYTES], with[READ_RESERVATIONS_WITH_MAX * UUID_TEXT_BYTES];
    bool valid;
    int64_t limit = LIST_LIMIT_STANDARD;
    ret->filter = (reservation_filter){.with = ret->with};
    if (!http_query_int(query, "limit", READ_RESERVATIONS_MAX, &limit) || limit < 1)
        return "limit is a number from 1 to 50";
    ret->filter.limit = (uint32_t)limit;
    if (http_query_text(query, "cursor", cursor, sizeof cursor, &valid)) {
        if (!valid || !uuid_parse(cursor, strlen(cursor), &ret->before.u))
            return "cursor is not one of ours";
        ret->filter.before = &ret->before;
    }
    if (http_query_text(query, "with", with, sizeof with, &valid) &&
        !(valid && ids_read(with, ret)))
        return "with is at most 20 ids of reservations, a comma between them";
    return NULL;
}

static error_code page_write(edge *e, doc *d, const reservation_page *page)
{
    doc_object(d);
    doc_key(d, "reservations");
    doc_array(d);
    for (uint32_t i = 0; i < page->count; i++) {
        CATALOGUE_EVENT_AUTO *event = NULL;
        error_code error = catalogue_get(e->catalogue, &page->rows[i].event, &event);
        if (error != ERROR_NONE)
            return error == ERROR_NOT_FOUND ? ERROR_INTERNAL : error;
        row_write(e, d, event, &page->rows[i].row);
    }
    doc_array_end(d);
    doc_key(d, "next");
    if (page->more)
        doc_uuid(d, &page->rows[page->count - 1].row.id.u);
    else
        doc_null(d);
    doc_object_end(d);
    return ERROR_NONE;
}

// What the buyer has, of all events: whoever lost the ids finds the tickets again. What is held and
// nobody has begun to pay for is found by whoever knows its id.
void handle_reservation_list(edge_call *call)
{
    edge *e = call->edge;
    page_query asked;
    reservation_page page;
    doc d;
    const char *wrong = page_read(call->request->query, &asked);
    if (wrong)
        return http_answer_problem(call->answer, ERROR_MALFORMED, wrong);
    if (read_reservations(e->pool, &call->session.buyer, &asked.filter, &page) != STORE_OK)
        return http_answer_problem(call->answer, ERROR_UNAVAILABLE, NULL);
    doc_init_heap(&d);
    error_code error = page_write(e, &d, &page);
    reservation_page_done(&page);
    if (error == ERROR_NONE)
        return http_answer_heap(call->answer, &d);
    doc_done(&d);
    http_answer_problem(call->answer, error, NULL);
}

void handle_reservation_read(edge_call *call)
{
    uuid id;
    event_image_reservation row;
    CATALOGUE_EVENT_AUTO *event = NULL;
    if (!edge_call_event(call, &id, &event))
        return;
    error_code error = row_read(call, event, &id, &row);
    if (error != ERROR_NONE)
        return http_answer_problem(call->answer, error, NULL);
    row_write(call->edge, &call->answer->body, event, &row);
}

void handle_reservation_cancel(edge_call *call)
{
    edge *e = call->edge;
    uuid id;
    bus_answer answer;
    CATALOGUE_EVENT_AUTO *event = NULL;
    if (!edge_call_event(call, &id, &event))
        return;
    uuid command_id = edge_random_uuid(e);
    Cavea__V1__Cancel cancel = CAVEA__V1__CANCEL__INIT;
    cancel.reservation_id = binary(&id, sizeof id);
    cancel.buyer_id = binary(&call->session.buyer, sizeof call->session.buyer);
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    command.id = binary(&command_id, sizeof command_id);
    command.body_case = CAVEA__V1__COMMAND__BODY_CANCEL;
    command.cancel = &cancel;
    actor_ref actor = actor_of_event(&event->detail.row.id);
    bus_result result = bus_ask(e->bus, &actor, &command, false, edge_deadline_us(call), &answer);
    if (edge_call_refused(call, result, &answer))
        return;
    if (!answer.has_reservation)
        return http_answer_problem(call->answer, ERROR_INTERNAL, NULL);
    reply_write(call, event, &answer, state_now(e, answer.state, answer.expires_us),
                &answer.payment);
}

// The seats of a paid reservation are given back for what the buyer was shown.
static bus_result cancellation_ask(edge_call *call, const catalogue_event *event, const uuid *id,
                                   int64_t refund_minor, bus_answer *ret_answer)
{
    edge *e = call->edge;
    uuid command_id = edge_random_uuid(e);
    Cavea__V1__CancelConfirmed cancel = CAVEA__V1__CANCEL_CONFIRMED__INIT;
    cancel.reservation_id = binary(id, sizeof *id);
    cancel.buyer_id = binary(&call->session.buyer, sizeof call->session.buyer);
    cancel.refund_minor = refund_minor;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    command.id = binary(&command_id, sizeof command_id);
    command.body_case = CAVEA__V1__COMMAND__BODY_CANCEL_CONFIRMED;
    command.cancel_confirmed = &cancel;
    actor_ref actor = actor_of_event(&event->detail.row.id);
    return bus_ask(e->bus, &actor, &command, false, edge_deadline_us(call), ret_answer);
}

static void answer_refund_changed(edge_call *call, const bus_answer *answer)
{
    doc *d = &call->answer->body;
    http_answer_problem_begin(call->answer, ERROR_REFUND_CHANGED, NULL);
    doc_key(d, "refund_now_minor");
    doc_int(d, answer->refund_now_minor);
    doc_object_end(d);
}

void handle_cancellation(edge_call *call)
{
    const http_request *q = call->request;
    uuid id;
    bus_answer answer;
    cancellation_body body;
    CATALOGUE_EVENT_AUTO *event = NULL;
    error_code error = cancellation_body_read(q->body, q->body_bytes, &body);
    if (error != ERROR_NONE)
        return http_answer_problem(call->answer, error,
                                   "The body says which refund was shown, as refund_minor");
    if (!edge_call_event(call, &id, &event))
        return;
    bus_result result = cancellation_ask(call, event, &id, body.refund_minor, &answer);
    if (result == BUS_ANSWERED && answer.error == ERROR_REFUND_CHANGED && answer.has_reservation)
        return answer_refund_changed(call, &answer);
    // The event forgets a day later what was given back; whoever asks again is still told.
    event_image_reservation row;
    if (result == BUS_ANSWERED && answer.error == ERROR_NOT_FOUND &&
        row_read(call, event, &id, &row) == ERROR_NONE && row.state == STATE_REFUNDED)
        return row_write(call->edge, &call->answer->body, event, &row);
    if (edge_call_refused(call, result, &answer))
        return;
    if (!answer.has_reservation)
        return http_answer_problem(call->answer, ERROR_INTERNAL, NULL);
    reply_write(call, event, &answer, state_now(call->edge, answer.state, answer.expires_us),
                &answer.payment);
}
