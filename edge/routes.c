#include "edge/body.h"
#include "edge/cookie.h"
#include "edge/edge.h"

#include "ops/host/clock.h"
#include "ops/host/random.h"

const route edge_routes[] = {
    {"POST", "/v1/reservations", METRIC_ROUTE_RESERVATION_CREATE,
     ROUTE_TOKEN | ROUTE_KEY | ROUTE_QUEUED, handle_reservation_create},
    {"GET", "/v1/events/{id}/availability", METRIC_ROUTE_AVAILABILITY_READ, 0, handle_availability},
    {"GET", "/v1/events/{id}/seats.bin", METRIC_ROUTE_SEATS_BIN_READ, 0, handle_seats_bin},
    {"GET", "/v1/events/{id}/seats", METRIC_ROUTE_SEATS_READ, 0, handle_seats},
    {"GET", "/v1/events", METRIC_ROUTE_EVENT_LIST, 0, handle_event_list},
    {"GET", "/v1/currencies", METRIC_ROUTE_EVENT_LIST, 0, handle_currency_list},
    {"GET", "/v1/events/{id}", METRIC_ROUTE_EVENT_READ, 0, handle_event_read},
    {"GET", "/v1/plans/{id}", METRIC_ROUTE_PLAN_READ, 0, handle_plan_read},
    {"GET", "/v1/plans/{id}/map.bin", METRIC_ROUTE_PLAN_READ, 0, handle_plan_map},
    {"POST", "/v1/sessions", METRIC_ROUTE_SESSION_CREATE, 0, handle_session_create},
    {"PUT", "/v1/session", METRIC_ROUTE_SESSION_CREATE, 0, handle_session_put},
    {"DELETE", "/v1/session", METRIC_ROUTE_SESSION_CREATE, 0, handle_session_delete},
    {"GET", "/v1/reservations", METRIC_ROUTE_RESERVATION_READ, ROUTE_TOKEN | ROUTE_OWN,
     handle_reservation_list},
    {"GET", "/v1/reservations/{id}", METRIC_ROUTE_RESERVATION_READ, ROUTE_TOKEN | ROUTE_OWN,
     handle_reservation_read},
    {"DELETE", "/v1/reservations/{id}", METRIC_ROUTE_RESERVATION_CANCEL, ROUTE_TOKEN | ROUTE_OWN,
     handle_reservation_cancel},
    {"POST", "/v1/reservations/{id}/checkout", METRIC_ROUTE_CHECKOUT_CREATE,
     ROUTE_TOKEN | ROUTE_KEY | ROUTE_OWN, handle_checkout},
    {"POST", "/v1/reservations/{id}/cancellation", METRIC_ROUTE_CANCELLATION_CREATE,
     ROUTE_TOKEN | ROUTE_OWN, handle_cancellation},
    {"GET", "/v1/reservations/{id}/tickets", METRIC_ROUTE_TICKET_LIST, ROUTE_TOKEN | ROUTE_OWN,
     handle_ticket_list},
    {"GET", "/v1/tickets/{id}", METRIC_ROUTE_TICKET_LIST, ROUTE_TOKEN | ROUTE_OWN,
     handle_ticket_read},
    {"GET", "/v1/tickets/{id}/qr.svg", METRIC_ROUTE_TICKET_QR, ROUTE_TOKEN, handle_ticket_svg},
    {"GET", "/v1/tickets/{id}/qr.png", METRIC_ROUTE_TICKET_QR, ROUTE_TOKEN, handle_ticket_png},
    {"POST", "/v1/webhooks/payments", METRIC_ROUTE_WEBHOOK, ROUTE_FIRST, handle_callback},
    {"GET", "/.well-known/jwks.json", METRIC_ROUTE_JWKS, 0, handle_key_set},
    {"GET", "/v1/openapi.json", METRIC_ROUTE_OPENAPI, 0, handle_openapi},
    {"GET", "/v1/time", METRIC_ROUTE_OTHER, 0, handle_time},
    // The pages: each address is answered with the same shell, which reads the address itself.
    {"GET", "/", METRIC_ROUTE_ASSET, 0, handle_page},
    {"GET", "/events/{id}", METRIC_ROUTE_ASSET, 0, handle_page},
    {"GET", "/cart", METRIC_ROUTE_ASSET, 0, handle_page},
    {"GET", "/pay/return", METRIC_ROUTE_ASSET, 0, handle_page},
    {"GET", "/reservations", METRIC_ROUTE_ASSET, 0, handle_page},
    {"GET", "/reservations/{id}", METRIC_ROUTE_ASSET, 0, handle_page},
    {"GET", "/tickets/{id}", METRIC_ROUTE_ASSET, 0, handle_page},
    {"GET", "/assets/{file}", METRIC_ROUTE_ASSET, 0, handle_asset},
};
const size_t edge_routes_count = sizeof edge_routes / sizeof *edge_routes;
const route edge_lost = {"GET", "", METRIC_ROUTE_ASSET, 0, handle_lost};

bool edge_call_own_page(edge_call *call)
{
    const http_request *q = call->request;
    if (origin_own(q->origin, q->host, call->edge->public_url))
        return true;
    http_answer_problem(call->answer, ERROR_ORIGIN_FOREIGN, NULL);
    return false;
}

// A bearer token, or else a browser's cookie. A browser sends its cookie wherever a request of its
// comes from, so what it changes must be asked for by our own pages.
static bool session_enter(edge_call *call)
{
    const http_request *q = call->request;
    const session_keys *key = &call->edge->sessions;
    int64_t now_s = clock_wall_us() / 1000000;
    bool by_cookie = !q->authorization && q->cookie;
    bool known = by_cookie ? session_cookie_read(key, q->cookie, now_s, &call->session)
                           : session_authorize(key, q->authorization, now_s, &call->session);
    if (!known) {
        http_answer_problem(call->answer, ERROR_UNAUTHORIZED, NULL);
        return false;
    }
    return !by_cookie || strcmp(q->route->method, "GET") == 0 || edge_call_own_page(call);
}

void edge_serve(void *self, const http_request *request, http_answer *answer)
{
    edge_call call;
    const char *key = request->idempotency_key;
    call.edge = self;
    call.request = request;
    call.answer = answer;
    if ((request->route->flags & ROUTE_TOKEN) && !session_enter(&call))
        return;
    if (request->route->flags & ROUTE_KEY) {
        if (!key)
            return http_answer_problem(answer, ERROR_IDEMPOTENCY_KEY_MISSING, NULL);
        if (!idempotency_key_valid(key))
            return http_answer_problem(answer, ERROR_MALFORMED,
                                       "An Idempotency-Key has 1 to 255 printable characters");
    }
    request->route->handle(&call);
}

// The kernel is asked once for many ids.
static void random_take(uint8_t *to, size_t bytes)
{
    static _Thread_local uint8_t pool[512];
    static _Thread_local size_t left;
    if (left < bytes) {
        random_fill(pool, sizeof pool);
        left = sizeof pool;
    }
    left -= bytes;
    memcpy(to, pool + left, bytes);
    memset(pool + left, 0, bytes);
}

int64_t edge_database_now_us(edge *e)
{
    return bus_database_us(e->bus, clock_monotonic_us());
}

uuid edge_random_uuid(edge *e)
{
    uint8_t random[10];
    random_take(random, sizeof random);
    return uuid_v7(edge_database_now_us(e) / 1000, random);
}

uuid edge_tagged_uuid(edge *e, uint32_t tag)
{
    uint8_t random[6];
    random_take(random, sizeof random);
    return uuid_tagged(edge_database_now_us(e) / 1000, tag, random);
}

int64_t edge_deadline_us(const edge_call *call)
{
    return call->request->started_us + call->edge->reply_ms * 1000;
}

bool edge_call_event(edge_call *call, uuid *ret_id, catalogue_event **ret_event)
{
    const http_request *q = call->request;
    uuid id;
    if (!uuid_parse(q->id, q->id_bytes, &id)) {
        http_answer_problem(call->answer, ERROR_NOT_FOUND, NULL);
        return false;
    }
    error_code error = catalogue_get_by_tag(call->edge->catalogue, uuid_tag(&id), ret_event);
    if (error != ERROR_NONE) {
        http_answer_problem(call->answer, error, NULL);
        return false;
    }
    *ret_id = id;
    return true;
}

bool edge_call_refused(edge_call *call, bus_result result, const bus_answer *answer)
{
    error_code error = ERROR_NONE;
    switch (result) {
    case BUS_ANSWERED:
        error = answer->error;
        break;
    case BUS_LATE:
    case BUS_PENDING:
    case BUS_DROPPED:
        error = ERROR_UNAVAILABLE;
        break;
    case BUS_FULL:
        error = ERROR_OVERLOADED;
        break;
    }
    if (error == ERROR_NONE)
        return false;
    http_answer_problem(call->answer, error, NULL);
    return true;
}

const char *reservation_state_name(int state)
{
    static const char *const names[] = {NULL,      "held",      "confirmed",
                                        "expired", "cancelled", "refunded"};
    return state > 0 && state < (int)(sizeof names / sizeof *names) ? names[state] : NULL;
}

const char *payment_outcome_name(int outcome)
{
    static const char *const names[] = {NULL, "as_held", "same_seats_again", "other_seats",
                                        "refunded"};
    return outcome > 0 && outcome < (int)(sizeof names / sizeof *names) ? names[outcome] : NULL;
}

const char *seat_state_name(seat_state state)
{
    static const char *const names[] = {"available", "held", "sold", "blocked"};
    return names[state & 3];
}
