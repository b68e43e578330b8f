// The simulated payment provider: intents and refunds under idempotency keys, buyers who pay at it,
// and notices that are repeated until an edge says that they were taken.
#include "actors/payment/payment.h"
#include "chaos/sim/world.h"

uint32_t intent_find(const world *w, const payment_id *id)
{
    return key_map_get(&w->by_intent, id);
}

void report_fill(const sim_intent *intent, uint32_t status, uint32_t refund,
                 Cavea__V1__ProviderReport *ret_report)
{
    Cavea__V1__ProviderReport *m = ret_report;
    cavea__v1__provider_report__init(m);
    m->payment_id = binary(&intent->payment.u);
    m->intent_id = (char *)(uintptr_t)intent->id;
    m->status = (Cavea__V1__ProviderStatus)status;
    m->amount_minor = intent->amount_minor;
    m->currency = (char *)(uintptr_t) "eur";
    if (refund != NOBODY) {
        m->refund_id = (char *)(uintptr_t)intent->refunds[refund].id;
        m->refund_number = intent->refunds[refund].number;
        m->amount_minor = intent->refunds[refund].amount_minor;
    }
}

static void on_notice(world *w, const happening *p)
{
    callback *c = &w->callbacks[p->number];
    const sim_intent *intent = &w->intents[c->intent];
    Cavea__V1__ProviderReport report;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    uuid id = fresh_id(w);
    if (c->taken && p->value == 0) // value: a notice may also come once more
        return;
    c->tries++;
    report_fill(intent, c->status, c->refund, &report);
    command.id = binary(&id);
    command.body_case = CAVEA__V1__COMMAND__BODY_PROVIDER_REPORT;
    command.provider_report = &report;
    actor_ref to = actor_of_tag(ACTOR_PAYMENT, w->events[intent->event].tag);
    note(w, "provider.notifies", (uint32_t)p->number, c->status, c->tries, &intent->payment.u);
    edge_ask(w, prng_below(&w->random, w->edges_count), actor_index(w, &to.id), ASK_REPORT,
             (uint32_t)p->number, &command, 2 * SECOND_US);
}

void provider_notice(world *w, uint32_t intent, uint32_t status, uint32_t refund)
{
    GROW(w->callbacks, w->callbacks_count, w->callbacks_max);
    uint32_t n = w->callbacks_count++;
    w->callbacks[n] = (callback){.intent = intent, .status = status, .refund = refund};
    bool late = prng_chance(&w->random, 100000);
    happening h = {.run = on_notice, .number = n};
    happen(w, prng_between(&w->random, 1, late ? 8000 : 300) * MS_US, h);
    if (prng_chance(&w->random, 100000)) {
        h.value = 1;
        happen(w, prng_between(&w->random, 1, 9000) * MS_US, h);
    }
}

void callback_answered(world *w, const ask *a, const Cavea__V1__Reply *reply)
{
    callback *c = &w->callbacks[a->owner];
    bool taken = reply != NULL && reply->error != ERROR_OVERLOADED &&
                 !prng_chance(&w->random, w->weather.notice_fails);
    c->taken = c->taken || taken;
    if (!c->taken)
        happen(w, (int64_t)(c->tries < 6 ? 1 << c->tries : 64) * 100 * MS_US,
               (happening){.run = on_notice, .number = a->owner});
}

static void on_captured(world *w, const happening *p)
{
    sim_intent *i = &w->intents[p->number];
    i->pending--;
    if (i->status == PROVIDER_CANCELED || i->status == PROVIDER_SUCCEEDED)
        return;
    i->status = PROVIDER_SUCCEEDED;
    i->captured_minor = i->amount_minor;
    note(w, "provider.captured", (uint32_t)p->number, i->amount_minor, 0, &i->payment.u);
    provider_notice(w, (uint32_t)p->number, PROVIDER_SUCCEEDED, NOBODY);
}

static void on_pay_again(world *w, const happening *p)
{
    w->intents[p->number].pending--;
    provider_pays(w, p->who, &w->intents[p->number].payment);
}

void provider_pays(world *w, uint32_t buyer, const payment_id *id)
{
    uint32_t n = intent_find(w, id);
    if (n == KEY_MAP_NONE)
        return;
    sim_intent *i = &w->intents[n];
    if (i->status != PROVIDER_INTENT_OPEN && i->status != PROVIDER_DECLINED)
        return;
    happening h = {.run = on_captured, .who = buyer, .number = n};
    uint32_t mood = prng_below(&w->random, 100);
    if (mood < 20) {
        i->status = PROVIDER_DECLINED;
        provider_notice(w, n, PROVIDER_DECLINED, NOBODY);
        h.run = on_pay_again;
        if (mood >= 12)
            return;
        i->pending++;
        happen(w, prng_between(&w->random, 50, 3000) * MS_US, h);
        return;
    }
    if (mood < 35) {
        i->status = PROVIDER_PROCESSING;
        provider_notice(w, n, PROVIDER_PROCESSING, NOBODY);
    }
    i->pending++;
    happen(w, mood < 35 ? prng_between(&w->random, 10, 4000) * MS_US : 10, h);
}
