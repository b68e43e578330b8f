// Simulated buyers: they want one to four seats, repeat what was not answered under the same key,
// give up, cancel, check out and pay, early, late or never.
#include "chaos/sim/world.h"

enum { ROUNDS_MAX = 4, TRIES_MAX = 8, POISON = 0xbd };

static void buyer_next(world *w, uint32_t buyer, int64_t in_us);
static void another_round(world *w, uint32_t buyer);
static void regret(world *w, uint32_t buyer);

static int64_t patience(world *w)
{
    return prng_between(&w->random, 400, 3000) * MS_US;
}

// Most act in good time, some when the hold is over.
static int64_t thinking(world *w, const sim_buyer *b)
{
    int64_t hold_ms = (int64_t)w->events[b->event].hold_seconds * 1000;
    bool slow = prng_chance(&w->random, 250000);
    return prng_between(&w->random, 1, slow ? hold_ms * 5 / 4 : hold_ms / 4) * MS_US;
}

static uint32_t any_edge(world *w)
{
    return prng_below(&w->random, w->edges_count);
}

static uuid tagged_id(world *w, uint32_t event)
{
    uint8_t random[6];
    prng_fill(&w->random, random, sizeof random);
    return uuid_tagged(w->now_us / 1000, w->events[event].tag, random);
}

static digest16 fresh_key(world *w, bool poison)
{
    digest16 key;
    prng_fill(&w->random, key.bytes, sizeof key.bytes);
    key.bytes[0] = poison ? POISON : key.bytes[0] == POISON ? 0 : key.bytes[0];
    return key;
}

// Another key for other seats; most want the same good ones.
static void attempt_new(world *w, uint32_t buyer)
{
    sim_buyer *b = &w->buyers[buyer];
    const sim_event *e = &w->events[b->event];
    uint32_t seats = w->houses[e->house]->seats_count;
    uint32_t good = prng_chance(&w->random, 700000) && seats > 12 ? seats / 2 : seats;
    GROW(w->attempts, w->attempts_count, w->attempts_max);
    b->attempt = w->attempts_count++;
    b->tries = 0;
    attempt *a = &w->attempts[b->attempt];
    *a = (attempt){.key_hash = fresh_key(w, b->poison), .buyer = buyer, .event = b->event};
    uint32_t wanted = 1 + prng_below(&w->random, WANTED_MAX), from = prng_below(&w->random, good);
    uint32_t step = prng_chance(&w->random, 800000) ? 1 : 1 + prng_below(&w->random, 5);
    for (uint32_t i = 0; i < wanted && from + i * step < seats; i++)
        a->seats[a->seats_count++] = from + i * step;
    a->body_hash = reserve_body_hash(&e->id, a->seats, a->seats_count);
}

static void reserve_send(world *w, uint32_t buyer)
{
    sim_buyer *b = &w->buyers[buyer];
    attempt *a = &w->attempts[b->attempt];
    uint32_t edge = any_edge(w);
    int64_t patience_us = patience(w);
    Cavea__V1__Reserve reserve = CAVEA__V1__RESERVE__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    uuid id = tagged_id(w, b->event);
    reserve.buyer_id = binary(&b->id.u);
    reserve.key_hash = (ProtobufCBinaryData){sizeof a->key_hash, a->key_hash.bytes};
    reserve.body_hash = (ProtobufCBinaryData){sizeof a->body_hash, a->body_hash.bytes};
    reserve.n_seats = a->seats_count;
    reserve.seats = a->seats;
    reserve.wait_until_us = edge_database_us(w, edge) + patience_us;
    command.id = binary(&id);
    command.body_case = CAVEA__V1__COMMAND__BODY_RESERVE;
    command.reserve = &reserve;
    b->doing = BUYER_RESERVING;
    b->tries++;
    note(w, "buyer.reserves", buyer, b->attempt, a->seats[0], &id);
    uint32_t n =
        edge_ask(w, edge, w->events[b->event].actor, ASK_RESERVE, buyer, &command, patience_us);
    w->asks[n].attempt = b->attempt;
    w->asks[n].wait_until_us = reserve.wait_until_us;
}

static void cancel_send(world *w, uint32_t buyer)
{
    sim_buyer *b = &w->buyers[buyer];
    Cavea__V1__Cancel cancel = CAVEA__V1__CANCEL__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    uuid id = fresh_id(w);
    cancel.reservation_id = binary(&b->reservation.u);
    cancel.buyer_id = binary(&b->id.u);
    command.id = binary(&id);
    command.body_case = CAVEA__V1__COMMAND__BODY_CANCEL;
    command.cancel = &cancel;
    note(w, "buyer.cancels", buyer, 0, 0, &b->reservation.u);
    edge_ask(w, any_edge(w), w->events[b->event].actor, ASK_CANCEL, buyer, &command, patience(w));
}

static void checkout_send(world *w, uint32_t buyer)
{
    sim_buyer *b = &w->buyers[buyer];
    Cavea__V1__Checkout checkout = CAVEA__V1__CHECKOUT__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    uuid id = fresh_id(w), payment = tagged_id(w, b->event);
    bool other_seats = b->checkout_key.bytes[1] & 1; // with one key always the same wish
    digest16 body = checkout_body_hash(&b->reservation, other_seats);
    checkout.reservation_id = binary(&b->reservation.u);
    checkout.buyer_id = binary(&b->id.u);
    checkout.key_hash = (ProtobufCBinaryData){sizeof b->checkout_key, b->checkout_key.bytes};
    checkout.body_hash = (ProtobufCBinaryData){sizeof body, body.bytes};
    checkout.payment_id = binary(&payment);
    checkout.other_seats = other_seats;
    command.id = binary(&id);
    command.body_case = CAVEA__V1__COMMAND__BODY_CHECKOUT;
    command.checkout = &checkout;
    b->doing = BUYER_CHECKS_OUT;
    b->tries++;
    note(w, "buyer.checks_out", buyer, 0, 0, &b->reservation.u);
    edge_ask(w, any_edge(w), w->events[b->event].actor, ASK_CHECKOUT, buyer, &command, patience(w));
}

// Gives back what may not be paid yet, or was not confirmed; what it is worth is told when one asks
// for the wrong amount.
static void give_back_send(world *w, uint32_t buyer)
{
    sim_buyer *b = &w->buyers[buyer];
    Cavea__V1__CancelConfirmed cancel = CAVEA__V1__CANCEL_CONFIRMED__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    uuid id = fresh_id(w);
    cancel.reservation_id = binary(&b->reservation.u);
    cancel.buyer_id = binary(&b->id.u);
    cancel.refund_minor = b->refund_minor;
    command.id = binary(&id);
    command.body_case = CAVEA__V1__COMMAND__BODY_CANCEL_CONFIRMED;
    command.cancel_confirmed = &cancel;
    b->tries++;
    note(w, "buyer.gives_back", buyer, b->refund_minor, 0, &b->reservation.u);
    edge_ask(w, any_edge(w), w->events[b->event].actor, ASK_GIVE_BACK, buyer, &command,
             patience(w));
}

static void on_act(world *w, const happening *p)
{
    sim_buyer *b = &w->buyers[p->who];
    if (b->doing != (buyer_doing)p->value)
        return;
    switch (b->doing) {
    case BUYER_WANTS:
        if (w->calm)
            return;
        attempt_new(w, p->who);
        reserve_send(w, p->who);
        if (prng_chance(&w->random, 50000)) // a second click
            reserve_send(w, p->who);
        return;
    case BUYER_RESERVING:
        reserve_send(w, p->who);
        return;
    case BUYER_HOLDS:
        if (b->cancelling)
            cancel_send(w, p->who);
        else
            checkout_send(w, p->who);
        return;
    case BUYER_CHECKS_OUT:
        checkout_send(w, p->who);
        return;
    case BUYER_PAYS:
        provider_pays(w, p->who, &b->payment);
        if (prng_chance(&w->random, 200000))
            regret(w, p->who);
        else
            another_round(w, p->who);
        return;
    case BUYER_GIVES_BACK:
        give_back_send(w, p->who);
        return;
    case BUYER_LEFT:
        return;
    }
}

static void buyer_next(world *w, uint32_t buyer, int64_t in_us)
{
    happen(w, in_us, (happening){.run = on_act, .who = buyer, .value = w->buyers[buyer].doing});
}

// Done with this reservation; perhaps another one.
static void another_round(world *w, uint32_t buyer)
{
    sim_buyer *b = &w->buyers[buyer];
    b->doing = ++b->rounds < ROUNDS_MAX ? BUYER_WANTS : BUYER_LEFT;
    b->cancelling = false;
    buyer_next(w, buyer, prng_between(&w->random, 1, 4000) * MS_US);
}

static void regret(world *w, uint32_t buyer)
{
    sim_buyer *b = &w->buyers[buyer];
    b->doing = BUYER_GIVES_BACK;
    b->tries = 0;
    b->refund_minor = prng_chance(&w->random, 500000) ? 0 : 1000;
    buyer_next(w, buyer, prng_between(&w->random, 1, 6000) * MS_US);
}

static void again(world *w, uint32_t buyer)
{
    if (w->buyers[buyer].tries < TRIES_MAX)
        buyer_next(w, buyer, prng_between(&w->random, 20, 800) * MS_US);
    else
        another_round(w, buyer);
}

static void held(world *w, uint32_t buyer, const Cavea__V1__ReservationView *view)
{
    sim_buyer *b = &w->buyers[buyer];
    bool read =
        uuid_from_bytes(view->reservation_id.data, view->reservation_id.len, &b->reservation.u);
    if (!read || view->state != 1)
        return another_round(w, buyer);
    b->doing = BUYER_HOLDS;
    b->tries = 0;
    b->checkout_key = fresh_key(w, false);
    uint32_t mood = prng_below(&w->random, 100);
    if (mood < 15)
        return another_round(w, buyer); // leaves it to the deadline
    b->cancelling = mood < 30;
    buyer_next(w, buyer, thinking(w, b));
}

static void reserve_answered(world *w, const ask *a, const Cavea__V1__Reply *reply)
{
    const sim_buyer *b = &w->buyers[a->owner];
    if (b->doing != BUYER_RESERVING || b->attempt != a->attempt)
        return; // of a second click
    if (reply != NULL && reply->error == ERROR_NONE)
        return held(w, a->owner, reply->reservation);
    bool same = reply == NULL || reply->error == ERROR_OVERLOADED ||
                reply->error == ERROR_EVENT_NOT_ON_SALE || prng_chance(&w->random, 400000);
    if (same)
        again(w, a->owner);
    else
        another_round(w, a->owner);
}

static void checkout_answered(world *w, const ask *a, const Cavea__V1__Reply *reply)
{
    sim_buyer *b = &w->buyers[a->owner];
    if (b->doing != BUYER_CHECKS_OUT)
        return;
    if (reply == NULL || reply->error == ERROR_OVERLOADED)
        return again(w, a->owner);
    if (reply->error != ERROR_NONE || reply->payment == NULL ||
        !uuid_from_bytes(reply->payment->payment_id.data, reply->payment->payment_id.len,
                         &b->payment.u))
        return another_round(w, a->owner);
    b->doing = BUYER_PAYS;
    // Some cancel all the same, some never pay, some pay when it is too late.
    if (prng_chance(&w->random, 100000))
        cancel_send(w, a->owner);
    if (prng_chance(&w->random, 100000))
        return another_round(w, a->owner);
    buyer_next(w, a->owner, thinking(w, b));
}

static void give_back_answered(world *w, const ask *a, const Cavea__V1__Reply *reply)
{
    sim_buyer *b = &w->buyers[a->owner];
    if (b->doing != BUYER_GIVES_BACK)
        return;
    if (reply != NULL && reply->error == ERROR_NONE)
        return another_round(w, a->owner);
    if (reply != NULL && reply->error == ERROR_REFUND_CHANGED)
        b->refund_minor = reply->reservation->refund_now_minor;
    again(w, a->owner);
}

void buyer_answered(world *w, const ask *a, const Cavea__V1__Reply *reply)
{
    note(w, reply == NULL ? "buyer.unanswered" : "buyer.answered", a->owner, a->type,
         reply == NULL ? 0 : reply->error, &a->command);
    switch (a->type) {
    case ASK_RESERVE:
        return reserve_answered(w, a, reply);
    case ASK_CHECKOUT:
        return checkout_answered(w, a, reply);
    case ASK_CANCEL:
        if (w->buyers[a->owner].doing == BUYER_HOLDS && reply == NULL)
            again(w, a->owner);
        else if (w->buyers[a->owner].doing == BUYER_HOLDS)
            another_round(w, a->owner);
        return;
    case ASK_GIVE_BACK:
        return give_back_answered(w, a, reply);
    case ASK_REPORT:
    case ASK_STATUS:
    case ASK_REFUND_ALL:
        return;
    }
}

void buyer_begin(world *w, uint32_t buyer)
{
    sim_buyer *b = &w->buyers[buyer];
    *b = (sim_buyer){.id = {fresh_id(w)}, .event = prng_below(&w->random, w->events_count)};
    b->poison = w->weather.refuse > 0 && prng_chance(&w->random, 100000);
    buyer_next(w, buyer, prng_between(&w->random, 1, 3000) * MS_US);
}
