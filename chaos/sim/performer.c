// perform_port of a simulated host: calls to the provider and signatures. A call may be lost on its
// way there or back, and its outcome reaches the host only while that lives.
#include "actors/payment/payment.h"
#include "actors/ticket/ticket.h"
#include "chaos/sim/world.h"
#include "schemas/bug.h"

static void on_outcome(world *w, const happening *p)
{
    sim_host *h = &w->hosts[p->who];
    if (h->up && h->life == p->life)
        host_deliver(w, h, p->actor, 0, 0, true, p->parcel);
}

static void outcome(world *w, const happening *call, const Cavea__V1__Command *command,
                    int64_t in_us)
{
    happening h = *call;
    h.run = on_outcome;
    h.parcel = parcel_of_command(w, command);
    happen(w, in_us, h);
    if (prng_chance(&w->random, w->weather.twice)) {
        h.parcel = parcel_share(h.parcel);
        happen(w, in_us + latency(w), h);
    }
}

static void report_outcome(world *w, const happening *call, const effect *e,
                           Cavea__V1__ProviderReport *report)
{
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    command.id = binary(&e->payment.u);
    command.body_case = CAVEA__V1__COMMAND__BODY_PROVIDER_REPORT;
    command.provider_report = report;
    outcome(w, call, &command, latency(w));
}

static void unreachable(world *w, const happening *call, const effect *e)
{
    Cavea__V1__ProviderReport report = CAVEA__V1__PROVIDER_REPORT__INIT;
    report.payment_id = binary(&e->payment.u);
    report.status = CAVEA__V1__PROVIDER_STATUS__PROVIDER_STATUS_UNREACHABLE;
    report_outcome(w, call, e, &report);
}

static uint32_t intent_make(world *w, const effect *e)
{
    uint32_t n = intent_find(w, &e->payment);
    if (n != KEY_MAP_NONE)
        return n;
    GROW(w->intents, w->intents_count, w->intents_max);
    n = w->intents_count++;
    w->intents[n] = (sim_intent){.payment = e->payment,
                                 .event = event_index(w, &e->event),
                                 .amount_minor = e->amount_minor,
                                 .status = PROVIDER_INTENT_OPEN};
    snprintf(w->intents[n].id, sizeof w->intents[n].id, "pi_%u", n);
    key_map_put(&w->by_intent, &e->payment, n);
    note(w, "provider.intent_made", n, e->amount_minor, 0, &e->payment.u);
    if (e->amount_minor <= 0)
        broken(w, "an intent over %lld is asked for", (long long)e->amount_minor);
    return n;
}

static void intent_call(world *w, const happening *call, const effect *e)
{
    uint32_t n = e->type == EFFECT_INTENT_CREATE ? intent_make(w, e) : intent_find(w, &e->payment);
    if (n == KEY_MAP_NONE)
        return unreachable(w, call, e);
    sim_intent *i = &w->intents[n];
    if (e->type == EFFECT_INTENT_CANCEL && i->status != PROVIDER_SUCCEEDED)
        i->status = PROVIDER_CANCELED;
    Cavea__V1__ProviderReport report;
    report_fill(i, i->status, NOBODY, &report);
    report.client_secret = (char *)(uintptr_t) "secret";
    report.pay_url = (char *)(uintptr_t) "http://pay.example.org/";
    report_outcome(w, call, e, &report);
}

// amount_minor 0: all that was captured.
static uint32_t refund_make(world *w, uint32_t intent, uint32_t number, int64_t amount_minor)
{
    sim_intent *i = &w->intents[intent];
    for (uint32_t k = 0; k < i->refunds_count; k++)
        if (i->refunds[k].number == number && !bug_on(BUG_REFUND_NO_KEY))
            return k;
    for (uint32_t k = 0; k < i->refunds_count; k++)
        if (i->refunds[k].status != PROVIDER_REFUND_FAILED)
            broken(w, "a payment is refunded a second time");
    assert(i->refunds_count < REFUNDS_MAX);
    uint32_t k = i->refunds_count++;
    uint32_t mood = prng_below(&w->random, 100);
    i->refunds[k].number = number;
    i->refunds[k].amount_minor = amount_minor != 0 ? amount_minor : i->captured_minor;
    if (i->refunds[k].amount_minor > i->captured_minor)
        broken(w, "more is refunded than was captured");
    i->refunds[k].status = prng_chance(&w->random, w->weather.refund_fails) ? PROVIDER_REFUND_FAILED
                           : mood < 30 ? PROVIDER_REFUND_PENDING
                                       : PROVIDER_REFUNDED;
    snprintf(i->refunds[k].id, sizeof i->refunds[k].id, "re_%u_%u", intent, number);
    note(w, "provider.refunds", intent, number, i->refunds[k].status, &i->payment.u);
    return k;
}

static void on_refund_ends(world *w, const happening *p)
{
    sim_intent *i = &w->intents[p->number];
    i->pending--;
    if (i->refunds[p->value].status != PROVIDER_REFUND_PENDING)
        return;
    i->refunds[p->value].status = prng_chance(&w->random, w->weather.refund_fails)
                                      ? PROVIDER_REFUND_FAILED
                                      : PROVIDER_REFUNDED;
    provider_notice(w, (uint32_t)p->number, i->refunds[p->value].status, (uint32_t)p->value);
}

static void refund_call(world *w, const happening *call, const effect *e)
{
    uint32_t n = intent_find(w, &e->payment);
    if (n == KEY_MAP_NONE || w->intents[n].captured_minor == 0)
        return broken(w, "a payment is refunded that was never captured");
    uint32_t k = refund_make(w, n, e->refund_number, e->amount_minor);
    if (w->intents[n].refunds[k].status == PROVIDER_REFUND_PENDING) {
        w->intents[n].pending++;
        happen(w, prng_between(&w->random, 10, 3000) * MS_US,
               (happening){.run = on_refund_ends, .number = n, .value = k});
    }
    Cavea__V1__ProviderReport report;
    report_fill(&w->intents[n], w->intents[n].refunds[k].status, k, &report);
    report_outcome(w, call, e, &report);
}

static void sign_call(world *w, const happening *call, const effect *e)
{
    Cavea__V1__TicketsSigned is_signed = CAVEA__V1__TICKETS_SIGNED__INIT;
    Cavea__V1__SignedTicket list[SEATS_PER_RESERVATION_MAX];
    Cavea__V1__SignedTicket *pointers[SEATS_PER_RESERVATION_MAX];
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    ticket_id ids[SEATS_PER_RESERVATION_MAX];
    for (uint32_t i = 0; i < e->seats_count; i++) {
        cavea__v1__signed_ticket__init(&list[i]);
        ids[i] = ticket_id_of(&e->reservation, e->seats[i]);
        list[i].ticket_id = binary(&ids[i].u);
        list[i].event_id = binary(&e->event.u);
        list[i].seat = e->seats[i];
        list[i].key_id = (char *)(uintptr_t) "k1";
        list[i].jws = (char *)(uintptr_t) "e30.e30.AA";
        list[i].compact = (char *)(uintptr_t) "C1:AA";
        pointers[i] = &list[i];
    }
    is_signed.reservation_id = binary(&e->reservation.u);
    is_signed.n_tickets = e->seats_count;
    is_signed.tickets = pointers;
    command.id = binary(&e->reservation.u);
    command.body_case = CAVEA__V1__COMMAND__BODY_TICKETS_SIGNED;
    command.tickets_signed = &is_signed;
    outcome(w, call, &command, latency(w));
}

static void on_call(world *w, const happening *p)
{
    effect e;
    assert(p->parcel->bytes_count == sizeof e);
    memcpy(&e, p->parcel->bytes, sizeof e);
    happening call = {.who = p->who, .life = p->life, .actor = p->actor};
    if (prng_chance(&w->random, w->weather.perform_lost))
        return;
    bool silent = prng_chance(&w->random, w->weather.perform_unreachable);
    if (w->provider_away && e.type != EFFECT_TICKETS_SIGN)
        return unreachable(w, &call, &e);
    if (e.type == EFFECT_TICKETS_SIGN)
        return sign_call(w, &call, &e);
    if (silent) // the call arrived, its answer does not
        call.life = 0;
    if (e.type == EFFECT_REFUND_CREATE || e.type == EFFECT_REFUND_FETCH)
        refund_call(w, &call, &e);
    else
        intent_call(w, &call, &e);
    call.life = p->life;
    if (silent)
        unreachable(w, &call, &e);
}

static bool performer_start(void *self, const effect *e)
{
    sim_host *h = self;
    world *w = h->writer.world;
    if (!h->up || h->doomed)
        return false;
    happen(w, latency(w),
           (happening){.run = on_call,
                       .parcel = parcel_new(w, e, sizeof *e),
                       .who = h->index,
                       .life = h->life,
                       .actor = actor_index(w, &e->actor.id)});
    return true;
}

perform_port host_performer(sim_host *h)
{
    return (perform_port){h, performer_start};
}
