// Answers of a payment provider: the first byte chooses the call, the second the status, the rest
// is the body. What is reported must fit where it goes: the command that carries it is accepted.
#include "actors/payment/codec.h"
#include "actors/runtime/provider_call.h"

#include <stdlib.h>

static void must(bool truth)
{
    if (!truth)
        abort();
}

static effect effect_of(uint8_t choice)
{
    static const enum effect_type types[] = {EFFECT_INTENT_CREATE, EFFECT_INTENT_CANCEL,
                                             EFFECT_INTENT_FETCH, EFFECT_REFUND_CREATE,
                                             EFFECT_REFUND_FETCH};
    effect e = {.type = types[choice % 5], .refund_number = 1, .ask_first = choice & 64};
    must(uuid_parse("01a3185c-5000-7123-8567-8aabbccddeef", 36, &e.payment.u));
    if (choice & 128)
        memcpy(e.intent_id, "pi_1", 5);
    return e;
}

static void report_fits(const effect *e, const payment_report *r)
{
    Cavea__V1__ProviderReport m = CAVEA__V1__PROVIDER_REPORT__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    payment_command c;
    m.payment_id.data = (uint8_t *)(uintptr_t)e->payment.u.bytes;
    m.payment_id.len = sizeof e->payment.u.bytes;
    m.intent_id = (char *)(uintptr_t)r->intent_id;
    m.status = (Cavea__V1__ProviderStatus)r->status;
    m.amount_minor = r->amount_minor;
    m.currency = (char *)(uintptr_t)r->currency;
    m.client_secret = (char *)(uintptr_t)r->client_secret;
    m.pay_url = (char *)(uintptr_t)r->pay_url;
    m.refund_id = (char *)(uintptr_t)r->refund_id;
    m.refund_number = r->refund_number;
    command.body_case = CAVEA__V1__COMMAND__BODY_PROVIDER_REPORT;
    command.provider_report = &m;
    must(payment_command_read(&command, &c) == ERROR_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
    static const int statuses[] = {200, 400, 402, 404, 409, 500, 401, 0};
    if (data_bytes < 2)
        return 0;
    effect e = effect_of(data[0]);
    provider_step step = (provider_step)(data[1] / 8 % STEPS_END);
    provider_verdict v = provider_answer_read(&e, step, statuses[data[1] % 8],
                                              (const char *)data + 2, data_bytes - 2);
    provider_request request;
    char url[PAYMENT_URL_BYTES];
    if (v.type == VERDICT_REPORT) {
        report_fits(&e, &v.report);
        if (provider_pay_url("https://pay/{intent}?s={client_secret}", &v.report, url))
            must(strlen(url) < sizeof url);
    }
    if (v.type == VERDICT_NEXT) {
        must(v.next < STEPS_END);
        (void)!provider_request_build(&e, v.next, v.after, &request);
    }
    return 0;
}
