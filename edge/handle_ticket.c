#include "edge/edge.h"
#include "edge/qr.h"

#include "ops/host/clock.h"

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

// One ticket, with what it belongs to: a ticket's id alone does not tell its reservation.
void handle_ticket_read(edge_call *call)
{
    uuid id;
    event_image_reservation row;
    CATALOGUE_EVENT_AUTO *event = NULL;
    TICKET_PAGE_AUTO page = {0};
    if (!edge_call_event(call, &id, &event))
        return;
    ticket_id wanted = {id};
    const event_id *show = &event->detail.row.id;
    if (read_tickets(call->edge->pool, show, &wanted, 1, &page) != STORE_OK)
        return http_answer_problem(call->answer, ERROR_UNAVAILABLE, NULL);
    if (page.count == 0)
        return http_answer_problem(call->answer, ERROR_NOT_FOUND, NULL);
    const ticket_view *t = &page.rows[0];
    if (!reservation_owned(call, show, &t->reservation, &call->session.buyer, &row))
        return;
    doc *d = &call->answer->body;
    doc_object(d);
    ticket_write(d, event->plan->plan, t);
    doc_key(d, "reservation_id");
    doc_uuid(d, &t->reservation.u);
    doc_key(d, "event_id");
    doc_uuid(d, &show->u);
    doc_object_end(d);
}

// A browser cannot send a token with the address of an image, so the ticket's id, which nobody can
// guess, is enough; a token that is sent all the same must be its owner's.
static bool ticket_allowed(edge_call *call, const event_id *event, const ticket_view *t)
{
    event_image_reservation row;
    session s;
    const char *authorization = call->request->authorization;
    if (!authorization)
        return true;
    if (!session_authorize(&call->edge->sessions, authorization, clock_wall_us() / 1000000, &s)) {
        http_answer_problem(call->answer, ERROR_UNAUTHORIZED, NULL);
        return false;
    }
    return reservation_owned(call, event, &t->reservation, &s.buyer, &row);
}

static void ticket_qr(edge_call *call, const char *content_type, char kind,
                      shared_bytes *(*draw)(const char *text))
{
    uuid id;
    char etag[ETAG_BYTES];
    CATALOGUE_EVENT_AUTO *event = NULL;
    TICKET_PAGE_AUTO page = {0};
    if (!edge_call_event(call, &id, &event))
        return;
    ticket_id wanted = {id};
    const event_id *show = &event->detail.row.id;
    if (!load_gate_enter(call->edge->gate))
        return http_answer_problem(call->answer, ERROR_OVERLOADED, NULL);
    store_result read = read_tickets(call->edge->pool, show, &wanted, 1, &page);
    load_gate_leave(call->edge->gate);
    if (read != STORE_OK)
        return http_answer_problem(call->answer, ERROR_UNAVAILABLE, NULL);
    if (page.count == 0 || page.rows[0].compact[0] == 0)
        return http_answer_problem(call->answer, ERROR_NOT_FOUND, NULL);
    if (!ticket_allowed(call, show, &page.rows[0]))
        return;
    snprintf(etag, sizeof etag, "\"%c%s\"", kind, page.rows[0].key_id);
    call->answer->cache_control = QR_CACHE_CONTROL;
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
