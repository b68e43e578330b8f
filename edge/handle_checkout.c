#include "edge/body.h"
#include "edge/edge.h"

#include "schemas/digest.h"

enum { PAYMENT_CAPTURED = 6 }; // of payment_state in actors/payment/payment.h

static ProtobufCBinaryData binary(const void *data, size_t bytes)
{
    return (ProtobufCBinaryData){bytes, (uint8_t *)(uintptr_t)data};
}

// The event actor decides, the payment actor answers once the intent exists.
static bus_result checkout_ask(edge_call *call, const catalogue_event *event,
                               const reservation_id *reservation, const checkout_body *body,
                               bus_answer *ret_answer)
{
    edge *e = call->edge;
    const char *key = call->request->idempotency_key;
    uuid command_id = edge_random_uuid(e);
    uuid payment = edge_tagged_uuid(e, event->detail.row.tag);
    digest16 key_hash = idempotency_key_hash(&call->session.buyer, "checkout", key, strlen(key));
    digest16 body_hash = checkout_body_hash(reservation, body->other_seats);
    Cavea__V1__Checkout checkout = CAVEA__V1__CHECKOUT__INIT;
    checkout.reservation_id = binary(reservation, sizeof *reservation);
    checkout.buyer_id = binary(&call->session.buyer, sizeof call->session.buyer);
    checkout.key_hash = binary(&key_hash, sizeof key_hash);
    checkout.body_hash = binary(&body_hash, sizeof body_hash);
    checkout.payment_id = binary(&payment, sizeof payment);
    checkout.other_seats = body->other_seats;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    command.id = binary(&command_id, sizeof command_id);
    command.body_case = CAVEA__V1__COMMAND__BODY_CHECKOUT;
    command.checkout = &checkout;
    actor_ref actor = actor_of_event(&event->detail.row.id);
    return bus_ask(e->bus, &actor, &command, true, edge_deadline_us(call), ret_answer);
}

// Accepted, and the intent takes longer than a request may: the same key goes on.
static void answer_pending(edge_call *call, const reservation_id *reservation)
{
    doc *d = &call->answer->body;
    call->answer->status = 202;
    http_answer_header(call->answer, "Retry-After", "1");
    doc_object(d);
    doc_key(d, "reservation_id");
    doc_uuid(d, &reservation->u);
    doc_key(d, "state");
    doc_text(d, "pending");
    doc_object_end(d);
}

void handle_checkout(edge_call *call)
{
    const http_request *q = call->request;
    uuid id;
    bus_answer answer;
    CATALOGUE_EVENT_AUTO *event = NULL;
    checkout_body body;
    error_code error = checkout_body_read(q->body, q->body_bytes, &body);
    if (error != ERROR_NONE)
        return http_answer_problem(call->answer, error,
                                   "The body is empty or a JSON object; other_seats is a boolean");
    if (!edge_call_event(call, &id, &event))
        return;
    reservation_id reservation = {id};
    bus_result result = checkout_ask(call, event, &reservation, &body, &answer);
    if (result == BUS_PENDING)
        return answer_pending(call, &reservation);
    if (edge_call_refused(call, result, &answer))
        return;
    bool is_free = answer.has_payment && answer.payment_state >= PAYMENT_CAPTURED;
    if (!answer.has_payment || (answer.client_secret[0] == 0 && !is_free))
        return answer_pending(call, &reservation);
    doc *d = &call->answer->body;
    call->answer->status = 201;
    doc_object(d);
    doc_key(d, "payment_id");
    doc_uuid(d, &answer.payment.u);
    if (answer.client_secret[0] != 0) {
        doc_key(d, "client_secret");
        doc_text(d, answer.client_secret);
        doc_key(d, "pay_url");
        doc_text(d, answer.pay_url);
    }
    doc_object_end(d);
}
