#include "edge/callback.h"
#include "edge/edge.h"

#include "ops/host/clock.h"

static bus_result report_ask(edge_call *call, callback_report *r, bus_answer *ret_answer)
{
    edge *e = call->edge;
    uuid command_id = edge_random_uuid(e);
    Cavea__V1__ProviderReport report = CAVEA__V1__PROVIDER_REPORT__INIT;
    report.payment_id = (ProtobufCBinaryData){sizeof r->payment.u.bytes, r->payment.u.bytes};
    report.status = r->status;
    report.amount_minor = r->amount_minor;
    report.currency = r->currency;
    report.intent_id = r->intent;
    report.refund_id = r->refund;
    report.refund_number = r->refund_number;
    report.provider_event = r->event;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    command.id = (ProtobufCBinaryData){sizeof command_id.bytes, command_id.bytes};
    command.body_case = CAVEA__V1__COMMAND__BODY_PROVIDER_REPORT;
    command.provider_report = &report;
    actor_ref actor = actor_of_tag(ACTOR_PAYMENT, uuid_tag(&r->payment.u));
    return bus_ask(e->bus, &actor, &command, false, edge_deadline_us(call), ret_answer);
}

static void answer_received(edge_call *call, const char *outcome)
{
    doc *d = &call->answer->body;
    doc_object(d);
    doc_key(d, "received");
    doc_raw(d, "true", 4);
    doc_key(d, "outcome");
    doc_text(d, outcome);
    doc_object_end(d);
}

// 200 tells the provider that it need not send this again, so it comes after the payment actor's
// COMMIT or its final word.
static void report_answer(edge_call *call, bus_result result, const bus_answer *answer)
{
    if (result == BUS_ANSWERED && answer->error == ERROR_NONE) {
        metric_add_for(METRIC_WEBHOOKS, METRIC_WEBHOOK_ACCEPTED, 1);
        return answer_received(call, "accepted");
    }
    if (result == BUS_ANSWERED && error_info_of(answer->error)->http_status < 500) {
        metric_add_for(METRIC_WEBHOOKS, METRIC_WEBHOOK_IGNORED, 1);
        return answer_received(call, "ignored");
    }
    metric_add_for(METRIC_WEBHOOKS, METRIC_WEBHOOK_UNANSWERED, 1);
    http_answer_problem(call->answer, result == BUS_FULL ? ERROR_OVERLOADED : ERROR_UNAVAILABLE,
                        NULL);
}

void handle_callback(edge_call *call)
{
    const http_request *q = call->request;
    callback_report report;
    bus_answer answer;
    switch (callback_signature_check(call->edge->webhook_secret, q->signature, q->body,
                                     q->body_bytes, clock_wall_us() / 1000000)) {
    case CALLBACK_SIGNATURE_VALID:
        break;
    case CALLBACK_SIGNATURE_INVALID:
        metric_add_for(METRIC_WEBHOOKS, METRIC_WEBHOOK_SIGNATURE_INVALID, 1);
        return http_answer_problem(call->answer, ERROR_SIGNATURE_INVALID, NULL);
    case CALLBACK_SIGNATURE_STALE:
        metric_add_for(METRIC_WEBHOOKS, METRIC_WEBHOOK_STALE, 1);
        return http_answer_problem(call->answer, ERROR_SIGNATURE_INVALID,
                                   "The signature's time is more than 300 s off");
    }
    switch (callback_read(q->body, q->body_bytes, &report)) {
    case CALLBACK_REPORT:
        return report_answer(call, report_ask(call, &report, &answer), &answer);
    case CALLBACK_FOREIGN:
        metric_add_for(METRIC_WEBHOOKS, METRIC_WEBHOOK_IGNORED, 1);
        return answer_received(call, "ignored");
    case CALLBACK_MALFORMED:
        metric_add_for(METRIC_WEBHOOKS, METRIC_WEBHOOK_MALFORMED, 1);
        return http_answer_problem(call->answer, ERROR_MALFORMED, "The body is no provider event");
    }
}
