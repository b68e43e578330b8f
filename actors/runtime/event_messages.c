#include "actors/runtime/event_messages.h"

static ProtobufCBinaryData binary(const uuid *id)
{
    return (ProtobufCBinaryData){sizeof id->bytes, (uint8_t *)(uintptr_t)id->bytes};
}

void event_deadlines_send(const event_id *event, const event_deadline *list, uint32_t count,
                          turn *t)
{
    enum { CHUNK = 128 };
    Cavea__V1__Deadline items[CHUNK], *pointers[CHUNK];
    actor_ref to = actor_of_tag(ACTOR_EXPIRY, event_tag(event));
    for (uint32_t at = 0; at < count; at += CHUNK) {
        Cavea__V1__DeadlinesNote note = CAVEA__V1__DEADLINES_NOTE__INIT;
        Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
        uint32_t n = 0;
        for (; n < CHUNK && at + n < count; n++) {
            cavea__v1__deadline__init(&items[n]);
            items[n].reservation_id = binary(&list[at + n].reservation.u);
            items[n].expires_at_us = list[at + n].expires_us;
            pointers[n] = &items[n];
        }
        note.event_id = binary(&event->u);
        note.n_deadlines = n;
        note.deadlines = pointers;
        command.id = binary(&event->u);
        command.body_case = CAVEA__V1__COMMAND__BODY_DEADLINES_NOTE;
        command.deadlines_note = &note;
        turn_send(t, &to, &command);
    }
}

// A command to the payment actor of the event, named by the payment.
static void payment_send(const event_id *event, const payment_id *payment,
                         Cavea__V1__Command *command, turn *t)
{
    actor_ref to = actor_of_tag(ACTOR_PAYMENT, event_tag(event));
    command->id = binary(&payment->u);
    turn_send(t, &to, command);
}

void event_payment_decided_send(const event_id *event, const event_decision *decision, turn *t)
{
    Cavea__V1__PaymentDecided decided = CAVEA__V1__PAYMENT_DECIDED__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    decided.payment_id = binary(&decision->payment.u);
    decided.confirmed = decision->confirmed;
    decided.fee_bp = decision->fee_bp;
    decided.tax_bp = decision->tax_bp;
    command.body_case = CAVEA__V1__COMMAND__BODY_PAYMENT_DECIDED;
    command.payment_decided = &decided;
    payment_send(event, &decision->payment, &command, t);
}

void event_refund_request_send(const event_id *event, const event_refund *refund, turn *t)
{
    Cavea__V1__RefundRequest request = CAVEA__V1__REFUND_REQUEST__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    request.payment_id = binary(&refund->payment.u);
    request.amount_minor = refund->amount_minor;
    request.reason = (uint32_t)refund->reason;
    command.body_case = CAVEA__V1__COMMAND__BODY_REFUND_REQUEST;
    command.refund_request = &request;
    payment_send(event, &refund->payment, &command, t);
}

void event_payment_abandoned_send(const event_id *event, const payment_id *payment, turn *t)
{
    Cavea__V1__PaymentAbandoned abandoned = CAVEA__V1__PAYMENT_ABANDONED__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    abandoned.payment_id = binary(&payment->u);
    command.body_case = CAVEA__V1__COMMAND__BODY_PAYMENT_ABANDONED;
    command.payment_abandoned = &abandoned;
    payment_send(event, payment, &command, t);
}

void event_tickets_issue_send(const event_id *event, const event_tickets *tickets, turn *t)
{
    Cavea__V1__TicketsIssue issue = CAVEA__V1__TICKETS_ISSUE__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    actor_ref to = actor_of_tag(ACTOR_TICKET, event_tag(event));
    issue.reservation_id = binary(&tickets->reservation.u);
    issue.event_id = binary(&event->u);
    issue.buyer_id = binary(&tickets->buyer.u);
    issue.n_seats = tickets->seats_count;
    issue.seats = (uint32_t *)(uintptr_t)tickets->seats;
    command.id = binary(&tickets->reservation.u);
    command.body_case = CAVEA__V1__COMMAND__BODY_TICKETS_ISSUE;
    command.tickets_issue = &issue;
    turn_send(t, &to, &command);
}

void event_tickets_revoke_send(const event_id *event, const event_tickets *tickets, turn *t)
{
    Cavea__V1__TicketsRevoke revoke = CAVEA__V1__TICKETS_REVOKE__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    actor_ref to = actor_of_tag(ACTOR_TICKET, event_tag(event));
    revoke.reservation_id = binary(&tickets->reservation.u);
    revoke.event_id = binary(&event->u);
    revoke.n_seats = tickets->seats_count;
    revoke.seats = (uint32_t *)(uintptr_t)tickets->seats;
    command.id = binary(&tickets->reservation.u);
    command.body_case = CAVEA__V1__COMMAND__BODY_TICKETS_REVOKE;
    command.tickets_revoke = &revoke;
    turn_send(t, &to, &command);
}

void event_payment_start_send(const event_id *event, const event_payment_terms *terms,
                              const Cavea__V1__Command *asked, turn *t)
{
    Cavea__V1__PaymentStart start = CAVEA__V1__PAYMENT_START__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    start.payment_id = binary(&terms->payment.u);
    start.reservation_id = binary(&terms->reservation.u);
    start.event_id = binary(&event->u);
    start.buyer_id = binary(&terms->buyer.u);
    start.amount_minor = terms->amount_minor;
    start.currency = (char *)(uintptr_t)terms->currency;
    if (asked != NULL) {
        start.reply_to = (char *)(uintptr_t)turn_reply_to(t);
        start.reply_command = asked->id;
    }
    command.body_case = CAVEA__V1__COMMAND__BODY_PAYMENT_START;
    command.payment_start = &start;
    payment_send(event, &terms->payment, &command, t);
}
