// The event actor's adapter: commands in, and from each fact its rows, messages and live seats.
#include "actors/event/codec.h"
#include "actors/event/event.h"
#include "actors/runtime/event_messages.h"
#include "actors/runtime/event_restore.h"
#include "actors/runtime/kind.h"
#include "actors/runtime/plan_cache.h"

#include <assert.h>
#include <stdlib.h>

enum {
    // The most that one decision can ask of a journal: reservations that end, with all their seats.
    COMMAND_ROWS_MAX = EVENT_FACTS_MAX * SEATS_PER_RESERVATION_MAX,
    COMMAND_BYTES_MAX = EVENT_FACTS_MAX * 512,
    TICK_SPARE = 256,
};
_Static_assert(TICK_SPARE > COMMAND_ROWS_MAX, "a command's seats fit into the spare room");

typedef struct event_cell {
    event_id id;
    uint32_t tag;
    event_state *core;
    plan_cache *plans;
    const plan *plan;
    // Of the current tick, for flush; they keep their memory.
    uint32_t *changed;
    uint32_t changed_count, changed_max;
    event_deadline *deadlines;
    uint32_t deadlines_count, deadlines_max;
    bool status_changed;
} event_cell;

static void event_free(void *state)
{
    event_cell *e = state;
    event_state_free(e->core);
    if (e->plan != NULL)
        plan_cache_return(e->plans, e->plan);
    free(e->changed);
    free(e->deadlines);
    free(e);
}

static void *event_load(kind_context *context, const actor_ref *actor, store_result *ret_result)
{
    event_image image __attribute__((cleanup(event_image_done))) = {0};
    digest32 known[PLAN_CACHE_HASHES_MAX];
    uint32_t known_count = plan_cache_hashes(context->plans, known);
    event_id id = actor_event(&actor->id);
    *ret_result = context->store.load_event(context->store.self, &id, known, known_count, &image);
    if (*ret_result != STORE_OK || image.status == 0)
        return NULL;
    event_cell *e = calloc(1, sizeof *e);
    if (e == NULL) {
        *ret_result = STORE_UNKNOWN;
        return NULL;
    }
    e->plans = context->plans;
    e->plan =
        plan_cache_borrow(e->plans, &image.plan_hash, image.packed_plan, image.packed_plan_bytes);
    e->id = image.id;
    e->tag = event_tag(&image.id);
    if (e->plan != NULL)
        e->core = event_image_restore(
            &image, e->plan, &(event_terms){context->hold_us, context->payment_extension_us},
            context->now_us);
    if (e->core == NULL) {
        *ret_result = STORE_REFUSED;
        event_free(e);
        return NULL;
    }
    return e;
}

// Room for what one command can change; grows to the largest tick and stays.
static bool tick_make_room(event_cell *e)
{
    if (e->changed_count + TICK_SPARE > e->changed_max) {
        uint32_t max = e->changed_max * 2 + TICK_SPARE;
        uint32_t *grown = realloc(e->changed, max * sizeof *grown);
        if (grown == NULL)
            return false;
        e->changed = grown;
        e->changed_max = max;
    }
    if (e->deadlines_count + TICK_SPARE > e->deadlines_max) {
        uint32_t max = e->deadlines_max * 2 + TICK_SPARE;
        event_deadline *grown = realloc(e->deadlines, max * sizeof *grown);
        if (grown == NULL)
            return false;
        e->deadlines = grown;
        e->deadlines_max = max;
    }
    return true;
}

static void deadline_note(event_cell *e, const reservation_id *id, int64_t expires_us)
{
    e->deadlines[e->deadlines_count++] = (event_deadline){*id, expires_us};
}

static void seats_note(event_cell *e, const uint32_t *seats, uint32_t count)
{
    memcpy(e->changed + e->changed_count, seats, count * sizeof *seats);
    e->changed_count += count;
}

static void held_rows(event_cell *e, const event_fact *f, journal *j)
{
    reservation_row *row = &j->reservations[j->reservations_count++];
    *row = (reservation_row){
        .event = e->id,
        .id = f->reservation,
        .buyer = f->buyer,
        .state = RESERVATION_HELD,
        .key_hash = f->key_hash,
        .body_hash = f->body_hash,
        .seats_at = j->seats_count,
        .seats_count = f->seats_count,
        .created_us = f->at_us,
        .expires_us = f->expires_us,
    };
    for (uint32_t i = 0; i < f->seats_count; i++) {
        row->total_minor += f->price_minor[i];
        j->seats[j->seats_count] = (int32_t)f->seats[i];
        j->price_minor[j->seats_count++] = f->price_minor[i];
        j->claims[j->claims_count++] = (claim_row){e->id, (int32_t)f->seats[i], f->reservation};
    }
}

static reservation_change *change_row(const event_cell *e, const event_reservation *r,
                                      reservation_state to, journal *j)
{
    reservation_change *row = &j->changes[j->changes_count++];
    *row = (reservation_change){.event = e->id,
                                .id = r->id,
                                .from_state = (int16_t)r->state,
                                .to_state = (int16_t)to,
                                .expires_us = r->expires_us};
    return row;
}

static void checkout_rows(const event_cell *e, const event_fact *f, const event_reservation *r,
                          journal *j)
{
    reservation_change *row = change_row(e, r, RESERVATION_HELD, j);
    row->expires_us = f->expires_us;
    row->payment = f->payment;
    row->checkout_key = f->key_hash;
    row->checkout_body = f->body_hash;
    row->other_seats = f->other_seats;
}

static void ended_rows(const event_cell *e, const event_fact *f, const event_reservation *r,
                       journal *j)
{
    change_row(e, r, f->state, j)->refund_minor = f->refund_minor;
    for (uint32_t i = 0; i < r->seats_count; i++)
        j->releases[j->releases_count++] = (claim_row){e->id, (int32_t)r->seats[i], r->id};
}

// Who was late claims seats again, and keeps the prices.
static void confirmed_rows(const event_cell *e, const event_fact *f, const event_reservation *r,
                           journal *j)
{
    reservation_change *row = change_row(e, r, RESERVATION_CONFIRMED, j);
    row->payment = f->payment;
    row->outcome = (int16_t)f->outcome;
    if (r->state == RESERVATION_HELD)
        return;
    for (uint32_t i = 0; i < f->seats_count; i++)
        j->claims[j->claims_count++] = (claim_row){e->id, (int32_t)f->seats[i], r->id};
    if (f->outcome != PAYMENT_OTHER_SEATS)
        return;
    row->seats_at = j->seats_count;
    row->seats_count = f->seats_count;
    for (uint32_t i = 0; i < f->seats_count; i++) {
        j->seats[j->seats_count] = (int32_t)f->seats[i];
        j->price_minor[j->seats_count++] = r->price_minor[i];
    }
}

// The rows of one fact. Called before apply: `r` is the reservation as it was, zero for a new one.
static void fact_rows(event_cell *e, const event_fact *f, const event_reservation *r, journal *j)
{
    switch (f->type) {
    case EVENT_FACT_HELD:
        held_rows(e, f, j);
        return;
    case EVENT_FACT_ENDED:
        ended_rows(e, f, r, j);
        return;
    case EVENT_FACT_CHECKOUT_STARTED:
        checkout_rows(e, f, r, j);
        return;
    case EVENT_FACT_CONFIRMED:
        confirmed_rows(e, f, r, j);
        return;
    case EVENT_FACT_STATUS_CHANGED:
        j->statuses[j->statuses_count++] = (event_status_row){e->id, (int16_t)f->status};
        return;
    case EVENT_FACT_PAYMENT_REFUSED: // the fact itself is its row, and its buyer is told
        if (r->state != 0 && r->state != RESERVATION_CONFIRMED && r->state != RESERVATION_REFUNDED)
            change_row(e, r, r->state, j)->outcome = PAYMENT_SENT_BACK;
        return;
    case EVENT_FACT_MESSAGE_REJECTED:
        return;
    }
}

// What flush will say of the fact: seats to look at, deadlines to keep or forget.
static void fact_note(event_cell *e, const event_fact *f, const event_reservation *r)
{
    switch (f->type) {
    case EVENT_FACT_HELD:
        seats_note(e, f->seats, f->seats_count);
        deadline_note(e, &f->reservation, f->expires_us);
        return;
    case EVENT_FACT_ENDED:
        seats_note(e, r->seats, r->seats_count);
        deadline_note(e, &f->reservation, 0);
        return;
    case EVENT_FACT_CONFIRMED:
        seats_note(e, f->seats, f->seats_count);
        deadline_note(e, &f->reservation, 0);
        return;
    case EVENT_FACT_CHECKOUT_STARTED:
        deadline_note(e, &f->reservation, f->expires_us);
        return;
    case EVENT_FACT_STATUS_CHANGED:
        e->status_changed = true;
        return;
    case EVENT_FACT_PAYMENT_REFUSED:
    case EVENT_FACT_MESSAGE_REJECTED:
        return;
    }
}

// What the end of a reservation asks of others: its payment, if one is open or is to go back.
static void ended_send(const event_id *event, const event_fact *f, const event_tickets *tickets,
                       turn *t)
{
    event_refund refund = {f->payment, f->refund_minor, f->reason};
    bool has_payment = !uuid_is_zero(&f->payment.u);
    if (f->state == RESERVATION_REFUNDED)
        event_tickets_revoke_send(event, tickets, t);
    if (has_payment && f->state == RESERVATION_REFUNDED)
        event_refund_request_send(event, &refund, t);
    else if (has_payment)
        event_payment_abandoned_send(event, &f->payment, t);
}

static void fact_emit(event_cell *e, const event_fact *f, turn *t)
{
    event_fact_message message;
    event_reservation r;
    if (!event_find(e->core, &f->reservation, &r))
        r = (event_reservation){0};
    turn_fact(t, (uint16_t)f->type, event_fact_write(f, &message));
    fact_rows(e, f, &r, turn_journal(t));
    fact_note(e, f, &r);
    event_apply(e->core, f);
    if (f->type == EVENT_FACT_ENDED) {
        event_tickets tickets = {r.id, r.buyer, r.seats, r.seats_count};
        ended_send(&e->id, f, &tickets, t);
    }
}

static void reply_send(const event_cell *e, const Cavea__V1__Command *command,
                       const event_effects *effects, const event_reservation *r, turn *t)
{
    Cavea__V1__Reply reply = CAVEA__V1__REPLY__INIT;
    Cavea__V1__ReservationView view;
    Cavea__V1__Conflict conflict = CAVEA__V1__CONFLICT__INIT;
    reply.command_id = command->id;
    reply.error = effects->refusal;
    if (r != NULL && (effects->refusal == ERROR_NONE || effects->refusal == ERROR_REFUND_CHANGED)) {
        event_view_write(r, effects->replayed, &view);
        view.refund_now_minor = event_refund_now(e->core, r, turn_now_us(t));
        reply.reservation = &view;
    }
    if (command->body_case == CAVEA__V1__COMMAND__BODY_REFUND_ALL)
        reply.left = event_confirmed(e->core);
    if (effects->conflicts_count > 0) {
        conflict.n_seats = effects->conflicts_count;
        conflict.seats = (uint32_t *)(uintptr_t)effects->conflicts;
        conflict.n_alternatives = effects->alternatives_count;
        conflict.alternatives = (uint32_t *)(uintptr_t)effects->alternatives;
        reply.conflict = &conflict;
    }
    turn_reply(t, &reply);
}

static void decision_send(const event_cell *e, const event_command *c, const event_effects *effects,
                          const event_reservation *r, turn *t)
{
    const event_config *config = event_config_of(e->core);
    event_decision decision = {c->payment, effects->payment_confirmed, config->fee_bp,
                               config->tax_bp};
    event_payment_decided_send(&e->id, &decision, t);
    if (!effects->payment_confirmed)
        return;
    if (r->state == RESERVATION_CONFIRMED) {
        event_tickets tickets = {r->id, r->buyer, r->seats, r->seats_count};
        event_tickets_issue_send(&e->id, &tickets, t);
    } else { // given back since, and the payment actor may not know that either
        event_refund refund = {c->payment, r->refund_minor,
                               config->status == EVENT_CANCELLED ? ERROR_EVENT_CANCELLED
                                                                 : ERROR_RESERVATION_CONFIRMED};
        event_refund_request_send(&e->id, &refund, t);
    }
}

// Whatever an expiry found, the expiry actor learns what is true now.
static void expiry_note(event_cell *e, const reservation_id *id)
{
    event_reservation r;
    bool held = event_find(e->core, id, &r) && r.state == RESERVATION_HELD;
    deadline_note(e, id, held ? r.expires_us : 0);
}

static void answer(event_cell *e, const Cavea__V1__Command *command, const event_command *c,
                   const event_effects *effects, turn *t)
{
    event_reservation found;
    const event_reservation *r = &found;
    if (!event_find(e->core, &effects->reservation, &found))
        r = NULL;
    if (effects->payment_asked) {
        event_payment_terms terms = {r->id, r->buyer, r->payment, r->total_minor,
                                     event_config_of(e->core)->currency};
        event_payment_start_send(&e->id, &terms, command, t);
        return; // the payment actor answers, once the intent exists
    }
    if (effects->payment_decided)
        decision_send(e, c, effects, r, t);
    if (c->type == EVENT_COMMAND_EXPIRE)
        expiry_note(e, &c->reservation);
    reply_send(e, command, effects, r, t);
}

// Only refunds of many can send more than their part of a message's room.
static bool room_make(event_cell *e, const event_command *c, turn *t)
{
    return (c->type != EVENT_COMMAND_REFUND_ALL || turn_has_room(t)) && tick_make_room(e) &&
           event_make_room(e->core, 1, turn_now_us(t)) &&
           journal_has_room(turn_journal(t), COMMAND_ROWS_MAX, COMMAND_BYTES_MAX);
}

// A large refund is several decisions in one turn; what finds no room waits for the next command.
static void decide_more(event_cell *e, event_command *c, event_effects *effects, turn *t)
{
    while (effects->more && room_make(e, c, t)) {
        c->limit -= effects->facts_count;
        event_decide(e->core, c, effects);
        for (uint32_t i = 0; i < effects->facts_count; i++)
            fact_emit(e, &effects->facts[i], t);
    }
}

// A reservation's id says whose seats it claims (schemas/id.h): one made for another event is never
// taken, whoever sent it.
static bool is_foreign(const event_cell *e, const event_command *c)
{
    return c->type == EVENT_COMMAND_RESERVE && uuid_tag(&c->reservation.u) != e->tag;
}

static void event_handle(void *state, const Cavea__V1__Command *command, turn *t)
{
    event_cell *e = state;
    event_command c;
    event_effects effects = {0};
    effects.refusal = event_command_read(command, &c);
    if (effects.refusal == ERROR_NONE && is_foreign(e, &c))
        effects.refusal = ERROR_MALFORMED;
    if (effects.refusal == ERROR_NONE && !room_make(e, &c, t))
        effects.refusal = ERROR_OVERLOADED;
    if (effects.refusal != ERROR_NONE) {
        reply_send(e, command, &effects, NULL, t);
        return;
    }
    c.now_us = turn_now_us(t);
    c.seen = turn_seen(t);
    event_decide(e->core, &c, &effects);
    for (uint32_t i = 0; i < effects.facts_count; i++)
        fact_emit(e, &effects.facts[i], t);
    decide_more(e, &c, &effects, t);
    answer(e, command, &c, &effects, t);
}

static void event_flush(void *state, turn *t)
{
    event_cell *e = state;
    turn_claimed(t, event_claimed(e->core));
    event_deadlines_send(&e->id, e->deadlines, e->deadlines_count, t);
    // Also without a seat: a version that nobody hears of looks like a lost delta.
    if (turn_has_facts(t)) {
        Cavea__V1__LiveDelta delta = CAVEA__V1__LIVE_DELTA__INIT;
        for (uint32_t i = 0; i < e->changed_count; i++)
            e->changed[i] = e->changed[i] * 4 + event_seat_state(e->core, e->changed[i]);
        delta.n_seats = e->changed_count;
        delta.seats = e->changed;
        if (e->status_changed)
            delta.status = (Cavea__V1__EventStatus)event_config_of(e->core)->status;
        turn_live(t, &delta);
    }
    e->changed_count = e->deadlines_count = 0;
    e->status_changed = false;
}

static void event_resend(const actor_ref *actor, uint16_t fact_kind, const uint8_t *payload,
                         uint32_t payload_bytes, turn *t)
{
    (void)fact_kind;
    event_fact f;
    event_id event = actor_event(&actor->id);
    if (!event_fact_read(payload, payload_bytes, NULL, &f))
        return;
    event_deadline d = {f.reservation, f.expires_us}; // 0 but for who is held
    event_tickets tickets = {f.reservation, f.buyer, f.seats, f.seats_count};
    event_decision decision = {f.payment, f.type == EVENT_FACT_CONFIRMED, f.fee_bp, f.tax_bp};
    switch (f.type) {
    case EVENT_FACT_HELD:
        event_deadlines_send(&event, &d, 1, t);
        return;
    case EVENT_FACT_ENDED:
        event_deadlines_send(&event, &d, 1, t);
        ended_send(&event, &f, &tickets, t);
        return;
    case EVENT_FACT_CHECKOUT_STARTED: {
        event_deadlines_send(&event, &d, 1, t);
        event_payment_terms terms = {f.reservation, f.buyer, f.payment, f.amount_minor, f.currency};
        event_payment_start_send(&event, &terms, NULL, t);
        return;
    }
    case EVENT_FACT_CONFIRMED:
        event_deadlines_send(&event, &d, 1, t);
        event_payment_decided_send(&event, &decision, t);
        event_tickets_issue_send(&event, &tickets, t);
        return;
    case EVENT_FACT_PAYMENT_REFUSED:
        event_payment_decided_send(&event, &decision, t);
        return;
    case EVENT_FACT_STATUS_CHANGED:
    case EVENT_FACT_MESSAGE_REJECTED:
        return;
    }
}

static void event_reject(void *state, const Cavea__V1__MessageRejected *rejected, turn *t)
{
    (void)state;
    Cavea__V1__EventFact fact = CAVEA__V1__EVENT_FACT__INIT;
    fact.at_us = turn_now_us(t);
    fact.body_case = CAVEA__V1__EVENT_FACT__BODY_MESSAGE_REJECTED;
    fact.message_rejected = (Cavea__V1__MessageRejected *)(uintptr_t)rejected;
    turn_fact(t, EVENT_FACT_MESSAGE_REJECTED, &fact.base);
}

const kind_ops kind_event = {
    .kind = ACTOR_EVENT,
    .load = event_load,
    .free = event_free,
    .handle = event_handle,
    .flush = event_flush,
    .resend = event_resend,
    .reject = event_reject,
};
