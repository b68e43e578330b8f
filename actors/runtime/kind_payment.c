// The payment actor's adapter: commands in, and from each decision its facts, its row, the answer
// to whoever waits for the intent, the message to the event actor and the calls to the provider.
#include "actors/payment/codec.h"
#include "actors/payment/payment.h"
#include "actors/runtime/kind.h"
#include "actors/runtime/payment_posting.h"

#include <assert.h>

// The runtime keeps room for as many effects of a timer as of one envelope.
enum { TIMES_PER_TICK_MAX = ENVELOPE_COMMANDS_MAX };

#define text_copy(to, from)                                                                        \
    do {                                                                                           \
        _Static_assert(sizeof(to) == sizeof(from), "texts of one size");                           \
        memcpy((to), (from), sizeof(to));                                                          \
    } while (0)

static ProtobufCBinaryData binary(const uuid *id)
{
    return (ProtobufCBinaryData){sizeof id->bytes, (uint8_t *)(uintptr_t)id->bytes};
}

static void *payment_load(kind_context *context, const actor_ref *actor, store_result *ret_result)
{
    (void)actor;
    payments *self = payments_new();
    if (self != NULL && context->payment_haste > 0)
        payments_hurry(self, context->payment_haste);
    *ret_result = self == NULL ? STORE_UNKNOWN : STORE_OK;
    return self;
}

static void payment_free(void *state)
{
    payments_free(state);
}

static payment_row row_of(const payment *p)
{
    payment_row row = {
        .event = p->event,
        .id = p->id,
        .reservation = p->reservation,
        .buyer = p->buyer,
        .state = (int16_t)p->state,
        .amount_minor = p->amount_minor,
        .captured_minor = p->captured_minor,
        .refund_minor = p->refund_minor,
        .refunded_minor = p->refunded_minor,
        .kept_minor = p->kept_minor,
        .fee_bp = (int16_t)p->fee_bp,
        .tax_bp = (int16_t)p->tax_bp,
        .refund_number = (int16_t)p->refund_number,
        .created_us = p->created_us,
        .changed_us = p->changed_us,
    };
    text_copy(row.currency, p->currency);
    text_copy(row.intent_id, p->intent_id);
    text_copy(row.client_secret, p->client_secret);
    text_copy(row.pay_url, p->pay_url);
    text_copy(row.refund_id, p->refund_id);
    return row;
}

static payment payment_of(const payment_row *row)
{
    payment p = {
        .event = row->event,
        .id = row->id,
        .reservation = row->reservation,
        .buyer = row->buyer,
        .state = (payment_state)row->state,
        .amount_minor = row->amount_minor,
        .captured_minor = row->captured_minor,
        .refund_minor = row->refund_minor,
        .refunded_minor = row->refunded_minor,
        .kept_minor = row->kept_minor,
        .fee_bp = (uint32_t)row->fee_bp,
        .tax_bp = (uint32_t)row->tax_bp,
        .refund_number = (uint32_t)row->refund_number,
        .created_us = row->created_us,
        .changed_us = row->changed_us,
    };
    text_copy(p.currency, row->currency);
    text_copy(p.intent_id, row->intent_id);
    text_copy(p.client_secret, row->client_secret);
    text_copy(p.pay_url, row->pay_url);
    text_copy(p.refund_id, row->refund_id);
    return p;
}

static void fact_emit(payments *self, const payment_fact *f, turn *t)
{
    Cavea__V1__PaymentFact message;
    const payment *found = payment_find(self, &f->payment);
    payment before = found == NULL ? (payment){.state = PAYMENT_NONE} : *found;
    payment_fact_write(f, &message);
    turn_fact(t, payment_fact_kind_of(f), &message.base);
    payment_apply(self, f);
    if (f->state == PAYMENT_NONE)
        return;
    const payment *after = payment_find(self, &f->payment);
    journal *j = turn_journal(t);
    payment_row *row = &j->payments[j->payments_count++];
    *row = row_of(after);
    row->is_new = before.state == PAYMENT_NONE;
    payment_post(&before, after, t);
}

static void captured_send(const payment_id *id, const reservation_id *reservation,
                          const event_id *event, int64_t amount_minor, const char *currency,
                          turn *t)
{
    Cavea__V1__PaymentCaptured captured = CAVEA__V1__PAYMENT_CAPTURED__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    actor_ref to = actor_of_event(event);
    captured.payment_id = binary(&id->u);
    captured.reservation_id = binary(&reservation->u);
    captured.amount_minor = amount_minor;
    captured.currency = (char *)(uintptr_t)currency;
    command.id = binary(&id->u);
    command.body_case = CAVEA__V1__COMMAND__BODY_PAYMENT_CAPTURED;
    command.payment_captured = &captured;
    turn_send(t, &to, &command);
}

// All of it went back: the event actor ignores what it did not confirm, or gave back itself.
static void release_send(const payment_id *id, const reservation_id *reservation,
                         const event_id *event, turn *t)
{
    Cavea__V1__ReservationRelease release = CAVEA__V1__RESERVATION_RELEASE__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    actor_ref to = actor_of_event(event);
    release.payment_id = binary(&id->u);
    release.reservation_id = binary(&reservation->u);
    command.id = binary(&id->u);
    command.body_case = CAVEA__V1__COMMAND__BODY_RESERVATION_RELEASE;
    command.reservation_release = &release;
    turn_send(t, &to, &command);
}

static enum effect_type effect_type_of(payment_act act)
{
    switch (act) {
    case PAYMENT_ACT_INTENT_CREATE:
        return EFFECT_INTENT_CREATE;
    case PAYMENT_ACT_INTENT_FETCH:
        return EFFECT_INTENT_FETCH;
    case PAYMENT_ACT_INTENT_CANCEL:
        return EFFECT_INTENT_CANCEL;
    case PAYMENT_ACT_REFUND_CREATE:
        return EFFECT_REFUND_CREATE;
    case PAYMENT_ACT_REFUND_FETCH:
        return EFFECT_REFUND_FETCH;
    case PAYMENT_ACT_TELL_EVENT:
    case PAYMENT_ACT_TELL_RELEASE:
    case PAYMENT_ACT_NONE:
        break;
    }
    assert(false && "not a call to the provider");
    return EFFECT_INTENT_FETCH;
}

// A refund of everything says so without a number: every attempt under the same key is the same
// request, whoever asks.
static int64_t amount_of(const payment *p, payment_act act)
{
    if (act != PAYMENT_ACT_REFUND_CREATE)
        return p->amount_minor;
    return p->refund_minor < p->captured_minor ? p->refund_minor : 0;
}

static void act(const payment *p, const payment_todo *todo, turn *t)
{
    if (todo->act == PAYMENT_ACT_NONE)
        return;
    if (todo->act == PAYMENT_ACT_TELL_EVENT) {
        captured_send(&p->id, &p->reservation, &p->event, p->captured_minor, p->currency, t);
        return;
    }
    if (todo->act == PAYMENT_ACT_TELL_RELEASE)
        return release_send(&p->id, &p->reservation, &p->event, t);
    effect e = {
        .type = effect_type_of(todo->act),
        .actor = actor_of_tag(ACTOR_PAYMENT, uuid_tag(&p->id.u)),
        .payment = p->id,
        .reservation = p->reservation,
        .event = p->event,
        .buyer = p->buyer,
        .amount_minor = amount_of(p, todo->act),
        .refund_number = todo->refund_number,
        .ask_first = todo->ask_first,
    };
    text_copy(e.currency, p->currency);
    text_copy(e.intent_id, p->intent_id);
    text_copy(e.refund_id, p->refund_id);
    turn_perform(t, &e);
}

// Everybody who waits for the intent hears of it, by the reply subject they asked with.
static void waiters_answer(payments *self, const payment_id *id, turn *t)
{
    payment_waiter w;
    const payment *p = payment_find(self, id);
    if (p == NULL || !payment_answerable(p))
        return;
    Cavea__V1__PaymentView view;
    Cavea__V1__Reply reply = CAVEA__V1__REPLY__INIT;
    payment_view_write(p, &view);
    reply.payment = &view;
    // Cancelled or paid before its intent was known here: nothing can be paid at any more.
    if (p->amount_minor > 0 && p->client_secret[0] == 0)
        reply.error = ERROR_PAYMENT_NOT_OPEN;
    while (payment_waiter_take(self, id, &w)) {
        reply.command_id = binary(&w.command);
        turn_reply_later(t, w.reply_to, &reply);
    }
}

static void asker_note(payments *self, const Cavea__V1__PaymentStart *start)
{
    payment_id id;
    uuid command;
    subject reply_to;
    if (!uuid_from_bytes(start->payment_id.data, start->payment_id.len, &id.u))
        return;
    if (!uuid_from_bytes(start->reply_command.data, start->reply_command.len, &command) ||
        !subject_reply_parse(start->reply_to, strlen(start->reply_to), &reply_to))
        return; // nobody waits
    payment_wait(self, &id, &command, reply_to.text);
}

static void reply_send(const Cavea__V1__Command *command, error_code refusal, turn *t)
{
    Cavea__V1__Reply reply = CAVEA__V1__REPLY__INIT;
    reply.command_id = command->id;
    reply.error = (uint32_t)refusal;
    turn_reply(t, &reply);
}

static money_alarm alarm_of(payment_alarm a)
{
    switch (a) {
    case PAYMENT_ALARM_NONE:
        break;
    case PAYMENT_ALARM_PARKED:
        return ALARM_PARKED;
    case PAYMENT_ALARM_AMOUNT_MISMATCH:
        return ALARM_AMOUNT_MISMATCH;
    case PAYMENT_ALARM_SECOND_CAPTURE:
        return ALARM_SECOND_CAPTURE;
    case PAYMENT_ALARM_REFUND_GIVEN_UP:
        return ALARM_REFUND_GIVEN_UP;
    case PAYMENT_ALARM_DIFFERENCE:
        return ALARM_DIFFERENCE;
    }
    return ALARM_NONE;
}

static void alarms_raise(const payment_effects *e, const Cavea__V1__Command *command, turn *t)
{
    turn_alarm(t, alarm_of(e->alarm));
    bool listed = command->body_case == CAVEA__V1__COMMAND__BODY_PROVIDER_REPORT &&
                  strcmp(command->provider_report->provider_event, PROVIDER_EVENT_LIST) == 0;
    if (listed && e->facts_count > 0 && e->alarm == PAYMENT_ALARM_NONE)
        turn_alarm(t, ALARM_FOUND_BY_LIST);
}

static void payment_handle(void *state, const Cavea__V1__Command *command, turn *t)
{
    payments *self = state;
    payment_command c;
    payment_effects effects;
    error_code unread = payment_command_read(command, &c);
    if (unread != ERROR_NONE)
        return reply_send(command, unread, t);
    c.now_us = turn_now_us(t);
    payment_decide(self, &c, &effects);
    for (uint32_t i = 0; i < effects.facts_count; i++)
        fact_emit(self, &effects.facts[i], t);
    alarms_raise(&effects, command, t);
    if (effects.wait)
        asker_note(self, command->payment_start);
    if (effects.unreachable)
        payment_unreachable(self, &effects.payment, c.now_us);
    if (effects.abandoned)
        payment_abandon(self, &effects.payment);
    const payment *p = payment_find(self, &effects.payment);
    if (p != NULL) {
        payment_todo todo = {.act = effects.act, .refund_number = p->refund_number};
        act(p, &todo, t);
    }
    waiters_answer(self, &effects.payment, t);
    reply_send(command, effects.refusal, t);
}

static int64_t payment_next_due_us(const void *state)
{
    return payments_due_us(state);
}

static void payment_on_time(void *state, turn *t)
{
    payment_todo todo;
    const payment *p;
    for (uint32_t i = 0; i < TIMES_PER_TICK_MAX; i++) {
        p = payment_due_take(state, turn_now_us(t), &todo);
        if (p == NULL)
            return;
        act(p, &todo, t);
    }
}

static void payment_resend(const actor_ref *actor, uint16_t fact_kind, const uint8_t *payload,
                           uint32_t payload_bytes, turn *t)
{
    (void)actor;
    bool is_refund = fact_kind >= PAYMENT_REFUNDING && fact_kind <= PAYMENT_REFUND_FAILED;
    if (fact_kind != PAYMENT_CAPTURED && !is_refund)
        return;
    payment_fact f;
    Cavea__V1__PaymentFact *message = cavea__v1__payment_fact__unpack(NULL, payload_bytes, payload);
    if (message == NULL)
        return;
    bool read = payment_fact_read(message, fact_kind, &f);
    if (read && f.state == PAYMENT_CAPTURED)
        captured_send(&f.payment, &f.reservation, &f.event, f.amount_minor, f.currency, t);
    else if (read && is_refund && f.kept_minor == 0)
        release_send(&f.payment, &f.reservation, &f.event, t);
    cavea__v1__payment_fact__free_unpacked(message, NULL);
}

static void payment_reject(void *state, const Cavea__V1__MessageRejected *rejected, turn *t)
{
    (void)state;
    Cavea__V1__PaymentFact fact = CAVEA__V1__PAYMENT_FACT__INIT;
    fact.at_us = turn_now_us(t);
    fact.message_rejected = (Cavea__V1__MessageRejected *)(uintptr_t)rejected;
    turn_fact(t, PAYMENT_FACT_MESSAGE_REJECTED, &fact.base);
}

static bool in_memory(const void *state, const payment_id *id)
{
    return payment_find(state, id) != NULL;
}

// The payment; and what money under another intent of it became, when the report may be of that.
static uint32_t payment_wants(const void *state, const Cavea__V1__Command *command,
                              payment_id ret_ids[static KIND_WANTS_MAX])
{
    payment_command c;
    uint32_t count = 0;
    if (payment_command_read(command, &c) != ERROR_NONE)
        return 0;
    const payment *p = payment_find(state, &c.payment);
    if (p == NULL)
        ret_ids[count++] = c.payment;
    bool same = c.type != PAYMENT_COMMAND_REPORT || c.report.intent_id[0] == 0 ||
                (p != NULL && (p->intent_id[0] == 0 ||
                               memcmp(p->intent_id, c.report.intent_id, sizeof p->intent_id) == 0));
    if (same)
        return count;
    payment_id stray = payment_stray_id(&c.payment, c.report.intent_id);
    if (!in_memory(state, &stray))
        ret_ids[count++] = stray;
    return count;
}

static void payment_row_provide(void *state, const payment_row *row)
{
    if (row->state <= PAYMENT_NONE || row->state >= PAYMENT_STATES_END)
        return;
    payment p = payment_of(row);
    payment_provide(state, &p);
}

// A checkout whose start was lost: the start again, from nobody, over our own inbox.
static void start_send(const stuck_row *row, turn *t)
{
    Cavea__V1__PaymentStart start = CAVEA__V1__PAYMENT_START__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    actor_ref to = actor_of_tag(ACTOR_PAYMENT, uuid_tag(&row->payment.u));
    start.payment_id = binary(&row->payment.u);
    start.reservation_id = binary(&row->reservation.u);
    start.event_id = binary(&row->event.u);
    start.buyer_id = binary(&row->buyer.u);
    start.amount_minor = row->amount_minor;
    start.currency = (char *)(uintptr_t)row->currency;
    command.id = binary(&row->payment.u);
    command.body_case = CAVEA__V1__COMMAND__BODY_PAYMENT_START;
    command.payment_start = &start;
    turn_send(t, &to, &command);
}

// Seats that were given back, and the request that was lost: again, over our own inbox.
static void refund_send(const stuck_row *row, turn *t)
{
    Cavea__V1__RefundRequest refund = CAVEA__V1__REFUND_REQUEST__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    actor_ref to = actor_of_tag(ACTOR_PAYMENT, uuid_tag(&row->payment.u));
    refund.payment_id = binary(&row->payment.u);
    refund.amount_minor = row->amount_minor;
    command.id = binary(&row->payment.u);
    command.body_case = CAVEA__V1__COMMAND__BODY_REFUND_REQUEST;
    command.refund_request = &refund;
    turn_send(t, &to, &command);
}

// Enough of a payment to know what brings it on.
static payment payment_of_stuck(const stuck_row *row)
{
    payment p = {
        .id = row->payment,
        .event = row->event,
        .reservation = row->reservation,
        .buyer = row->buyer,
        .state = (payment_state)row->payment_state,
        .amount_minor = row->amount_minor,
        .captured_minor = row->amount_minor,
        .refund_minor = row->refund_minor,
        .refund_number = (uint32_t)row->refund_number,
        .created_us = uuid_unix_ms(&row->payment.u) * 1000,
        .changed_us = row->changed_us,
        .abandoned = row->is_abandoned,
    };
    text_copy(p.currency, row->currency);
    text_copy(p.intent_id, row->intent_id);
    text_copy(p.refund_id, row->refund_id);
    return p;
}

static void payment_found(void *state, const stuck_row *row, turn *t)
{
    payment stored;
    if (row->is_abandoned) // who was told of it may have died
        payment_abandon(state, &row->payment);
    const payment *p = payment_find(state, &row->payment);
    if (p == NULL && row->kind == STUCK_CHECKOUT_UNSTARTED)
        return start_send(row, t);
    if (row->kind == STUCK_REFUND_UNASKED)
        return refund_send(row, t);
    if (p == NULL) {
        if (row->payment_state <= PAYMENT_NONE || row->payment_state >= PAYMENT_STATES_END)
            return;
        stored = payment_of_stuck(row);
        p = &stored;
    }
    payment_todo todo = payment_unstick(state, p, turn_now_us(t));
    act(p, &todo, t);
}

const kind_ops kind_payment = {
    .kind = ACTOR_PAYMENT,
    .load = payment_load,
    .free = payment_free,
    .handle = payment_handle,
    .next_due_us = payment_next_due_us,
    .on_time = payment_on_time,
    .resend = payment_resend,
    .reject = payment_reject,
    .wants = payment_wants,
    .provide = payment_row_provide,
    .unstick = payment_found,
};
