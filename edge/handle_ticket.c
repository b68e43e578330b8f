#include "edge/edge.h"
#include "edge/qr.h"

#include <stdio.h>

#define QR_CACHE_CONTROL "private, max-age=300"

static void page_release(ticket_page *page)
{
    ticket_page_done(page);
}
#define TICKET_PAGE_AUTO ticket_page __attribute__((cleanup(page_release)))

static const char *ticket_state_name(int state)
{
    static const char *const names[] = {NULL, "valid", "revoked", "used"};
    return state > 0 && state < (int)(sizeof names / sizeof *names) ? names[state] : NULL;
}

static void url_member(doc *d, const char *key, const ticket_id *id, const char *ending)
{
    char url[sizeof "/v1/tickets//qr.svg" + UUID_TEXT_BYTES], text[UUID_TEXT_BYTES];
    uuid_format(&id->u, text);
    snprintf(url, sizeof url, "/v1/tickets/%s/qr.%s", text, ending);
    doc_key(d, key);
    doc_text(d, url);
}

// The members of a ticket, without the braces.
static void ticket_write(doc *d, const plan *p, const ticket_view *t)
{
    uint32_t seat = (uint32_t)t->seat;
    doc_key(d, "id");
    doc_uuid(d, &t->id.u);
    if (seat < p->seats_count) {
        doc_key(d, "seat");
        doc_text(d, plan_seat_id(p, seat));
        doc_key(d, "section");
        doc_text(d, plan_section_id(p, p->seat_section[seat]));
        doc_key(d, "row");
        doc_text(d, plan_row_name(p, p->seat_row[seat]));
        doc_key(d, "number");
        doc_text(d, plan_seat_number(p, seat));
    }
    doc_key(d, "state");
    doc_text(d, ticket_state_name(t->state));
    doc_key(d, "issued_at");
    doc_time(d, t->issued_us);
    doc_key(d, "jws");
    doc_text(d, t->jws);
    url_member(d, "qr_svg", &t->id, "svg");
    url_member(d, "qr_png", &t->id, "png");
}

// The buyer's own reservation. False, and the problem answered, when it is not.
static bool reservation_owned(edge_call *call, const event_id *event,
                              const reservation_id *reservation, const buyer_id *buyer,
                              event_image_reservation *ret_row)
{
    bool found = false;
    if (read_reservation(call->edge->pool, event, reservation, ret_row, &found) != STORE_OK) {
        http_answer_problem(call->answer, ERROR_UNAVAILABLE, NULL);
        return false;
    }
    if (!found || !uuid_equal(&ret_row->buyer.u, &buyer->u)) {
        http_answer_problem(call->answer, ERROR_NOT_FOUND, NULL);
        return false;
    }
    return true;
}

// The ids of a reservation's tickets follow from it, so no index is needed to find them. Tickets
// that are still being signed are not listed yet.
void handle_ticket_list(edge_call *call)
{
    uuid id;
    event_image_reservation row;
    ticket_id ids[SEATS_PER_RESERVATION_MAX];
    CATALOGUE_EVENT_AUTO *event = NULL;
    TICKET_PAGE_AUTO page = {0};
    if (!edge_call_event(call, &id, &event))
        return;
    reservation_id reservation = {id};
    const event_id *show = &event->detail.row.id;
    if (!reservation_owned(call, show, &reservation, &call->session.buyer, &row))
        return;
    for (uint32_t i = 0; i < row.seats_count; i++)
        ids[i] = ticket_id_of(&reservation, (uint32_t)row.seats[i]);
    if (read_tickets(call->edge->pool, show, ids, row.seats_count, &page) != STORE_OK)
        return http_answer_problem(call->answer, ERROR_UNAVAILABLE, NULL);
    doc *d = &call->answer->body;
    doc_object(d);
    doc_key(d, "tickets");
    doc_array(d);
    for (uint32_t i = 0; i < page.count; i++) {
        doc_object(d);
        ticket_write(d, event->plan->plan, &page.rows[i]);
        doc_object_end(d);
    }
    doc_array_end(d);
    doc_object_end(d);
}

// One ticket of the buyer who asks. False, and the problem answered, when there is none.
static bool ticket_owned(edge_call *call, const event_id *show, const uuid *id,
                         ticket_page *ret_page)
{
    event_image_reservation row;
    ticket_id wanted = {*id};
    if (read_tickets(call->edge->pool, show, &wanted, 1, ret_page) != STORE_OK) {
        http_answer_problem(call->answer, ERROR_UNAVAILABLE, NULL);
        return false;
    }
    if (ret_page->count == 0) {
        http_answer_problem(call->answer, ERROR_NOT_FOUND, NULL);
        return false;
    }
    return reservation_owned(call, show, &ret_page->rows[0].reservation, &call->session.buyer,
                             &row);
}

// One ticket, with what it belongs to: a ticket's id alone does not tell its reservation.
void handle_ticket_read(edge_call *call)
{
    uuid id;
    CATALOGUE_EVENT_AUTO *event = NULL;
    TICKET_PAGE_AUTO page = {0};
    if (!edge_call_event(call, &id, &event) ||
        !ticket_owned(call, &event->detail.row.id, &id, &page))
        return;
    const ticket_view *t = &page.rows[0];
    doc *d = &call->answer->body;
    doc_object(d);
    ticket_write(d, event->plan->plan, t);
    doc_key(d, "reservation_id");
    doc_uuid(d, &t->reservation.u);
    doc_key(d, "event_id");
    doc_uuid(d, &event->detail.row.id.u);
    doc_object_end(d);
}

// Whoever has the code is let in: it is its owner's, and a browser that keeps it may show it only
// to whom it was sent.
static void ticket_qr(edge_call *call, const char *content_type, char kind,
                      shared_bytes *(*draw)(const char *text))
{
    uuid id;
    char etag[ETAG_BYTES];
    CATALOGUE_EVENT_AUTO *event = NULL;
    TICKET_PAGE_AUTO page = {0};
    if (!edge_call_event(call, &id, &event))
        return;
    if (!load_gate_enter(call->edge->gate))
        return http_answer_problem(call->answer, ERROR_OVERLOADED, NULL);
    bool owned = ticket_owned(call, &event->detail.row.id, &id, &page);
    load_gate_leave(call->edge->gate);
    if (!owned)
        return;
    if (page.rows[0].compact[0] == 0)
        return http_answer_problem(call->answer, ERROR_NOT_FOUND, NULL);
    snprintf(etag, sizeof etag, "\"%c%s\"", kind, page.rows[0].key_id);
    call->answer->cache_control = QR_CACHE_CONTROL;
    http_answer_header(call->answer, "Vary", "Authorization, Cookie");
    if (http_answer_fresh(call->answer, call->request, etag))
        return;
    call->answer->content_type = content_type;
    call->answer->shared = draw(page.rows[0].compact);
    if (!call->answer->shared)
        http_answer_problem(call->answer, ERROR_OVERLOADED, NULL);
}

void handle_ticket_svg(edge_call *call)
{
    ticket_qr(call, "image/svg+xml", 's', qr_svg);
}

void handle_ticket_png(edge_call *call)
{
    ticket_qr(call, "image/png", 'p', qr_png);
}
