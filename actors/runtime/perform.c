#include "actors/runtime/perform.h"

#include "actors/runtime/perform_provider.h"
#include "actors/runtime/perform_sign.h"
#include "ops/host/log.h"
#include "ops/host/metric.h"

#include <curl/curl.h>
#include <stdlib.h>

struct performer {
    provider_client *provider;
    sign_workers *signers;
};

static bool effect_start(void *self, const effect *e)
{
    performer *p = self;
    bool started = e->type == EFFECT_TICKETS_SIGN ? sign_workers_start(p->signers, e)
                                                  : provider_client_start(p->provider, e);
    if (!started)
        metric_add(METRIC_EFFECTS_REFUSED, 1);
    return started;
}

performer *performer_new(const perform_settings *settings,
                         char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    performer *p = calloc(1, sizeof *p);
    if (p == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(p);
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "There is no memory for the performers.");
        return NULL;
    }
    p->signers = sign_workers_new(settings, ret_problem);
    if (p->signers != NULL)
        p->provider = provider_client_new(settings, ret_problem);
    if (p->provider == NULL) {
        performer_free(p);
        return NULL;
    }
    return p;
}

perform_port performer_port(performer *p)
{
    return (perform_port){p, effect_start};
}

void performer_stop(performer *p)
{
    provider_client_stop(p->provider);
    sign_workers_stop(p->signers);
}

void performer_free(performer *p)
{
    if (p == NULL)
        return;
    if (p->provider != NULL)
        provider_client_free(p->provider);
    if (p->signers != NULL)
        sign_workers_free(p->signers);
    free(p);
    curl_global_cleanup();
}

void perform_deliver(const perform_sink *sink, const actor_ref *to,
                     const Cavea__V1__Command *command)
{
    Cavea__V1__Envelope envelope = CAVEA__V1__ENVELOPE__INIT;
    Cavea__V1__Command *commands[] = {(Cavea__V1__Command *)(uintptr_t)command};
    uint8_t bytes[16 * 1024];
    envelope.n_commands = 1;
    envelope.commands = commands;
    size_t size = cavea__v1__envelope__get_packed_size(&envelope);
    if (size <= sizeof bytes) {
        cavea__v1__envelope__pack(&envelope, bytes);
        sink->deliver(sink->self, to, bytes, (uint32_t)size);
    } else {
        log_event(LOG_ERROR, "outcome.dropped", LOG_U("actor", &to->id.u), LOG_I("bytes", size));
    }
}

struct provider_client *performer_client(performer *p)
{
    return p->provider;
}

void perform_report(const payment_id *id, const payment_report *r,
                    Cavea__V1__ProviderReport *ret_report)
{
    *ret_report = (Cavea__V1__ProviderReport)CAVEA__V1__PROVIDER_REPORT__INIT;
    ret_report->payment_id =
        (ProtobufCBinaryData){sizeof id->u.bytes, (uint8_t *)(uintptr_t)id->u.bytes};
    ret_report->status = (Cavea__V1__ProviderStatus)r->status;
    ret_report->intent_id = (char *)(uintptr_t)r->intent_id;
    ret_report->amount_minor = r->amount_minor;
    ret_report->currency = (char *)(uintptr_t)r->currency;
    ret_report->client_secret = (char *)(uintptr_t)r->client_secret;
    ret_report->pay_url = (char *)(uintptr_t)r->pay_url;
    ret_report->refund_id = (char *)(uintptr_t)r->refund_id;
    ret_report->refund_number = r->refund_number;
}
