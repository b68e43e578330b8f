// The event actor's adapter: commands in, and from each fact its rows, messages and live seats.
#include "actors/event/codec.h"
#include "actors/event/event.h"
#include "actors/runtime/kind.h"
#include "actors/runtime/plan_cache.h"

#include <assert.h>
#include <stdlib.h>

typedef struct deadline {
    reservation_id reservation;
    int64_t expires_us; // 0: over
} deadline;

typedef struct event_cell {
    event_id id;
    event_state *core;
    plan_cache *plans;
    const plan *plan;
    // Of the current tick, for flush; they keep their memory.
    uint32_t *changed;
    uint32_t changed_count, changed_max;
    deadline *deadlines;
    uint32_t deadlines_count, deadlines_max;
    bool status_changed;
} event_cell;

static ProtobufCBinaryData binary(const uuid *id)
{
    return (ProtobufCBinaryData){sizeof id->bytes, (uint8_t *)(uintptr_t)id->bytes};
}

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

static bool core_restore(event_cell *e, const event_image *image, int64_t now_us)
{
    if (!event_make_room(e->core, image->reservations_count + 1, now_us))
        return false;
    for (uint32_t i = 0; i < image->reservations_count; i++) {
        const event_image_reservation *row = &image->reservations[i];
        event_reservation r = {
            .id = row->id,
            .buyer = row->buyer,
            .key_hash = row->key_hash,
            .body_hash = row->body_hash,
            .checkout_key = row->checkout_key,
            .checkout_body = row->checkout_body,
            .payment = row->payment,
            .expires_us = row->expires_us,
            .total_minor = row->total_minor,
            .seats_count = row->seats_count,
            .state = (uint8_t)row->state,
        };
        uint32_t seats[SEATS_PER_RESERVATION_MAX];
        for (uint32_t k = 0; k < row->seats_count; k++) {
            seats[k] = (uint32_t)row->seats[k];
            if (seats[k] >= event_seats_count(e->core))
                return false;
        }
        event_restore(e->core, &r, seats, row->price_minor);
    }
    for (uint32_t i = 0; i < image->refusals_count; i++) {
        if (!event_make_room(e->core, 0, now_us))
            return false;
        event_restore_refusal(e->core, &image->refusals[i].payment);
    }
    return true;
}

static bool core_build(event_cell *e, const event_image *image, int64_t now_us)
{
    event_config config = {
        .id = image->id,
        .status = (event_status)image->status,
        .sale_starts_us = image->sale_starts_us,
        .hold_us = (int64_t)image->hold_seconds * 1000000,
    };
    memcpy(config.currency, image->currency, sizeof config.currency);
    memcpy(config.price_minor, image->price_minor, sizeof config.price_minor);
    event_seats seats = {e->plan->seats_count, e->plan->seat_section, e->plan->seat_category,
                         e->plan->seat_flags};
    e->id = image->id;
    e->core = event_state_new(&config, &seats);
    return e->core != NULL && core_restore(e, image, now_us);
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
    if (e->plan == NULL || !core_build(e, &image, context->now_us)) {
        *ret_result = STORE_REFUSED;
        event_free(e);
        return NULL;
    }
    return e;
}

// Room for what one command can change; grows to the largest tick and stays.
static bool tick_make_room(event_cell *e)
{
    enum { SPARE = 256 };
    if (e->changed_count + SPARE > e->changed_max) {
        uint32_t max = e->changed_max * 2 + SPARE;
        uint32_t *grown = realloc(e->changed, max * sizeof *grown);
        if (grown == NULL)
            return false;
        e->changed = grown;
        e->changed_max = max;
    }
    if (e->deadlines_count + EVENT_FACTS_MAX > e->deadlines_max) {
        uint32_t max = e->deadlines_max * 2 + SPARE;
        deadline *grown = realloc(e->deadlines, max * sizeof *grown);
        if (grown == NULL)
            return false;
        e->deadlines = grown;
        e->deadlines_max = max;
    }
    return true;
}

static void deadline_note(event_cell *e, const reservation_id *id, int64_t expires_us)
{
    e->deadlines[e->deadlines_count++] = (deadline){*id, expires_us};
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

static void change_row(const event_cell *e, const event_fact *f, int16_t from, int16_t to,
                       int64_t expires_us, journal *j)
{
    reservation_change *row = &j->changes[j->changes_count++];
    *row = (reservation_change){.event = e->id,
                                .id = f->reservation,
                                .from_state = from,
                                .to_state = to,
                                .expires_us = expires_us,
                                .payment = f->payment};
    if (f->type == EVENT_FACT_CHECKOUT_STARTED) {
        row->checkout_key = f->key_hash;
        row->checkout_body = f->body_hash;
    }
}

// The rows of one fact. Called before apply: `r` is the reservation as it was, NULL for a new one.
static void fact_rows(event_cell *e, const event_fact *f, const event_reservation *r, journal *j)
{
    switch (f->type) {
    case EVENT_FACT_HELD:
        held_rows(e, f, j);
        return;
    case EVENT_FACT_ENDED:
        change_row(e, f, r->state, (int16_t)f->state, r->expires_us, j);
        const uint32_t *seats = event_reservation_seats(e->core, r);
        for (uint32_t i = 0; i < r->seats_count; i++)
            j->releases[j->releases_count++] = (claim_row){e->id, (int32_t)seats[i], r->id};
        return;
    case EVENT_FACT_CHECKOUT_STARTED:
        change_row(e, f, RESERVATION_HELD, RESERVATION_HELD, f->expires_us, j);
        return;
    case EVENT_FACT_CONFIRMED:
        change_row(e, f, RESERVATION_HELD, RESERVATION_CONFIRMED, r->expires_us, j);
        return;
    case EVENT_FACT_STATUS_CHANGED:
        j->statuses[j->statuses_count++] = (event_status_row){e->id, (int16_t)f->status};
        return;
    case EVENT_FACT_PAYMENT_REFUSED:
    case EVENT_FACT_MESSAGE_REJECTED:
        return; // the fact itself is their row
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
    case EVENT_FACT_CONFIRMED:
        seats_note(e, event_reservation_seats(e->core, r), r->seats_count);
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

static void fact_emit(event_cell *e, const event_fact *f, turn *t)
{
    event_fact_message message;
    const event_reservation *r = event_find(e->core, &f->reservation);
    turn_fact(t, (uint16_t)f->type, event_fact_write(f, &message));
    fact_rows(e, f, r, turn_journal(t));
    fact_note(e, f, r);
    event_apply(e->core, f);
}

static void payment_decided_send(const event_id *event, const payment_id *payment, bool confirmed,
                                 turn *t)
{
    Cavea__V1__PaymentDecided decided = CAVEA__V1__PAYMENT_DECIDED__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    actor_ref to = actor_of_tag(ACTOR_PAYMENT, event_tag(event));
    decided.payment_id = binary(&payment->u);
    decided.confirmed = confirmed;
    command.id = binary(&payment->u);
    command.body_case = CAVEA__V1__COMMAND__BODY_PAYMENT_DECIDED;
    command.payment_decided = &decided;
    turn_send(t, &to, &command);
}

static void tickets_send(const event_id *event, const reservation_id *reservation,
                         const buyer_id *buyer, const uint32_t *seats, uint32_t seats_count,
                         turn *t)
{
    Cavea__V1__TicketsIssue issue = CAVEA__V1__TICKETS_ISSUE__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    actor_ref to = actor_of_tag(ACTOR_TICKET, event_tag(event));
    issue.reservation_id = binary(&reservation->u);
    issue.event_id = binary(&event->u);
    issue.buyer_id = binary(&buyer->u);
    issue.n_seats = seats_count;
    issue.seats = (uint32_t *)(uintptr_t)seats;
    command.id = binary(&reservation->u);
    command.body_case = CAVEA__V1__COMMAND__BODY_TICKETS_ISSUE;
    command.tickets_issue = &issue;
    turn_send(t, &to, &command);
}

typedef struct payment_terms {
    event_id event;
    reservation_id reservation;
    buyer_id buyer;
    payment_id payment;
    int64_t amount_minor;
    const char *currency;
} payment_terms;

static void payment_start_send(const payment_terms *p, const Cavea__V1__Command *asked, turn *t)
{
    Cavea__V1__PaymentStart start = CAVEA__V1__PAYMENT_START__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    actor_ref to = actor_of_tag(ACTOR_PAYMENT, event_tag(&p->event));
    start.payment_id = binary(&p->payment.u);
    start.reservation_id = binary(&p->reservation.u);
    start.event_id = binary(&p->event.u);
    start.buyer_id = binary(&p->buyer.u);
    start.amount_minor = p->amount_minor;
    start.currency = (char *)(uintptr_t)p->currency;
    if (asked != NULL) {
        start.email = asked->checkout->email;
        start.reply_to = (char *)(uintptr_t)turn_reply_to(t);
        start.reply_command = asked->id;
    }
    command.id = binary(&p->payment.u);
    command.body_case = CAVEA__V1__COMMAND__BODY_PAYMENT_START;
    command.payment_start = &start;
    turn_send(t, &to, &command);
}

static void reply_send(const event_cell *e, const Cavea__V1__Command *command,
                       const event_effects *effects, turn *t)
{
    Cavea__V1__Reply reply = CAVEA__V1__REPLY__INIT;
    Cavea__V1__ReservationView view;
    Cavea__V1__Conflict conflict = CAVEA__V1__CONFLICT__INIT;
    reply.command_id = command->id;
    reply.error = effects->refusal;
    const event_reservation *r = event_find(e->core, &effects->reservation);
    if (effects->refusal == ERROR_NONE && r != NULL) {
        event_view_write(e->core, r, effects->replayed, &view);
        reply.reservation = &view;
    }
    if (effects->conflicts_count > 0) {
        conflict.n_seats = effects->conflicts_count;
        conflict.seats = (uint32_t *)(uintptr_t)effects->conflicts;
        conflict.n_alternatives = effects->alternatives_count;
        conflict.alternatives = (uint32_t *)(uintptr_t)effects->alternatives;
        reply.conflict = &conflict;
    }
    turn_reply(t, &reply);
}

static void answer(event_cell *e, const Cavea__V1__Command *command, const event_command *c,
                   const event_effects *effects, turn *t)
{
    const event_reservation *r = event_find(e->core, &effects->reservation);
    if (effects->payment_decided) {
        payment_decided_send(&e->id, &c->payment, effects->payment_confirmed, t);
        if (effects->payment_confirmed && r->state == RESERVATION_CONFIRMED)
            tickets_send(&e->id, &r->id, &r->buyer, event_reservation_seats(e->core, r),
                         r->seats_count, t);
    } else if (effects->payment_asked) {
        payment_terms terms = {e->id,      r->id,          r->buyer,
                               r->payment, r->total_minor, event_config_of(e->core)->currency};
        payment_start_send(&terms, command, t);
        return; // the payment actor answers, once the intent exists
    } else if (c->type == EVENT_COMMAND_EXPIRE) {
        // Whatever was found, the expiry actor learns what is true now.
        r = event_find(e->core, &c->reservation);
        deadline_note(e, &c->reservation,
                      r != NULL && r->state == RESERVATION_HELD ? r->expires_us : 0);
    }
    reply_send(e, command, effects, t);
}

static void event_handle(void *state, const Cavea__V1__Command *command, turn *t)
{
    event_cell *e = state;
    event_command c;
    event_effects effects = {0};
    effects.refusal = event_command_read(command, &c);
    if (effects.refusal == ERROR_NONE &&
        (!tick_make_room(e) || !event_make_room(e->core, 1, turn_now_us(t))))
        effects.refusal = ERROR_OVERLOADED;
    if (effects.refusal != ERROR_NONE) {
        reply_send(e, command, &effects, t);
        return;
    }
    c.now_us = turn_now_us(t);
    c.seen = turn_seen(t);
    event_decide(e->core, &c, &effects);
    for (uint32_t i = 0; i < effects.facts_count; i++)
        fact_emit(e, &effects.facts[i], t);
    answer(e, command, &c, &effects, t);
}

static void deadlines_send(const event_id *event, const deadline *list, uint32_t count, turn *t)
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

static void event_flush(void *state, turn *t)
{
    event_cell *e = state;
    turn_claimed(t, event_claimed(e->core));
    deadlines_send(&e->id, e->deadlines, e->deadlines_count, t);
    if (e->changed_count > 0 || e->status_changed) {
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
    deadline d = {f.reservation, f.type == EVENT_FACT_HELD ? f.expires_us : 0};
    switch (f.type) {
    case EVENT_FACT_HELD:
    case EVENT_FACT_ENDED:
        deadlines_send(&event, &d, 1, t);
        return;
    case EVENT_FACT_CHECKOUT_STARTED: {
        payment_terms terms = {event,     f.reservation,  f.buyer,
                               f.payment, f.amount_minor, f.currency};
        payment_start_send(&terms, NULL, t);
        return;
    }
    case EVENT_FACT_CONFIRMED:
        deadlines_send(&event, &d, 1, t);
        payment_decided_send(&event, &f.payment, true, t);
        tickets_send(&event, &f.reservation, &f.buyer, f.seats, f.seats_count, t);
        return;
    case EVENT_FACT_PAYMENT_REFUSED:
        payment_decided_send(&event, &f.payment, false, t);
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
