// What the handlers share: everything that answers a request is reached from here. The handlers
// know no HTTP library, no NATS and no SQL. Any thread, after edge_main has filled it.
#ifndef CAVEA_EDGE_EDGE_H
#define CAVEA_EDGE_EDGE_H

#include "edge/answer_cache.h"
#include "edge/bus.h"
#include "edge/catalogue.h"
#include "edge/http.h"
#include "edge/key_set.h"
#include "edge/live.h"
#include "edge/session.h"

enum { PAGE_POLICY_BYTES = 640 };

typedef struct edge { // everything is borrowed
    session_keys sessions;
    const char *webhook_secret;
    answer_cache *answers;
    bus *bus;
    live *live;
    plan_shelf *plans;
    load_gate *gate; // of readers who wait for the database
    catalogue *catalogue;
    read_pool *pool;
    int64_t reply_ms;       // how long a request waits for an actor
    const char *public_url; // the origin that browsers see; "": whatever Host says
    const char *live_url;   // where cavea-live is: an origin; "/": the pages' own; "": nowhere
    char page_policy[PAGE_POLICY_BYTES]; // the pages' Content-Security-Policy
    key_ring *keys;
    shared_bytes *openapi;
} edge;

// One request on its way through a handler.
typedef struct edge_call {
    edge *edge;
    const http_request *request;
    http_answer *answer;
    session session; // when the route needs one
} edge_call;

extern const route edge_routes[];
extern const size_t edge_routes_count;
extern const route edge_lost; // for browsers that look for a page that is none
// Checks what the route needs and calls its handler. self is an edge.
void edge_serve(void *self, const http_request *request, http_answer *answer);

// Fresh ids, made with the database's time as far as it is known.
uuid edge_random_uuid(edge *e);
uuid edge_tagged_uuid(edge *e, uint32_t tag);
// The database's time now, as learnt from the actors' replies.
int64_t edge_database_now_us(edge *e);
// Until when a request may wait for an actor, monotonic.
int64_t edge_deadline_us(const edge_call *call);

// The request's {id} as an id that carries a tag, and the event it belongs to. False, and the
// problem answered, when there is none.
MUST_CHECK bool edge_call_event(edge_call *call, uuid *ret_id, catalogue_event **ret_event);
// Answers a refusal, and returns true, unless the result is an accepted answer.
MUST_CHECK bool edge_call_refused(edge_call *call, bus_result result, const bus_answer *answer);
// Names as they stand in answers; NULL for a number that is none.
const char *reservation_state_name(int state);
const char *payment_outcome_name(int outcome);
const char *seat_state_name(seat_state state);

// The request comes from one of our own pages. False, and the problem answered, when not.
MUST_CHECK bool edge_call_own_page(edge_call *call);

// The policy of pages that may also connect to live_url. False when that is no origin, "/" or "".
MUST_CHECK bool page_policy_make(const char *live_url, char ret_policy[static PAGE_POLICY_BYTES]);

void handle_session_create(edge_call *call);
void handle_session_put(edge_call *call);
void handle_session_delete(edge_call *call);
void handle_event_list(edge_call *call);
void handle_currency_list(edge_call *call);
void handle_event_read(edge_call *call);
void handle_plan_read(edge_call *call);
void handle_plan_map(edge_call *call);
void handle_availability(edge_call *call);
void handle_seats(edge_call *call);
void handle_seats_bin(edge_call *call);
void handle_reservation_create(edge_call *call);
void handle_reservation_list(edge_call *call);
void handle_reservation_read(edge_call *call);
void handle_reservation_cancel(edge_call *call);
void handle_checkout(edge_call *call);
void handle_cancellation(edge_call *call);
void handle_callback(edge_call *call);
void handle_ticket_list(edge_call *call);
void handle_ticket_read(edge_call *call);
void handle_ticket_svg(edge_call *call);
void handle_ticket_png(edge_call *call);
void handle_key_set(edge_call *call);
void handle_openapi(edge_call *call);
void handle_time(edge_call *call);
void handle_asset(edge_call *call);
void handle_page(edge_call *call);
void handle_lost(edge_call *call);

#endif
