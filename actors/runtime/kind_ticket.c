// The ticket actor's adapter: commands in, and from each decision its facts, its rows and the
// work for the signers.
#include "actors/runtime/event_messages.h"
#include "actors/runtime/kind.h"
#include "actors/ticket/codec.h"
#include "actors/ticket/ticket.h"

#include <assert.h>

// The runtime keeps room for as many effects of a timer as of one envelope.
enum { TIMES_PER_TICK_MAX = ENVELOPE_COMMANDS_MAX };

static void *ticket_load(kind_context *context, const actor_ref *actor, store_result *ret_result)
{
    (void)context;
    (void)actor;
    tickets *self = tickets_new();
    *ret_result = self == NULL ? STORE_UNKNOWN : STORE_OK;
    return self;
}

static void ticket_free(void *state)
{
    tickets_free(state);
}

static void row_put(const ticket_fact *f, turn *t)
{
    journal *j = turn_journal(t);
    ticket_row *row = &j->tickets[j->tickets_count++];
    *row = (ticket_row){
        .event = f->event,
        .id = f->ticket,
        .reservation = f->reservation,
        .seat = (int32_t)f->seat,
        .state = (int16_t)f->state,
        .jws_bytes = (uint32_t)strlen(f->jws),
        .compact_bytes = (uint32_t)strlen(f->compact),
        .issued_us = f->at_us,
    };
    size_t key_bytes = strlen(f->key_id);
    assert(key_bytes < sizeof row->key_id);
    memcpy(row->key_id, f->key_id, key_bytes);
    row->jws_at = journal_blob(j, f->jws, row->jws_bytes);
    row->compact_at = journal_blob(j, f->compact, row->compact_bytes);
}

static void fact_emit(tickets *self, const ticket_fact *f, turn *t)
{
    Cavea__V1__TicketFact message;
    ticket_fact_write(f, &message);
    turn_fact(t, (uint16_t)f->state, &message.base);
    row_put(f, t);
    ticket_apply(self, f);
}

static void sign_start(const ticket_signing *wanted, turn *t)
{
    effect e = {
        .type = EFFECT_TICKETS_SIGN,
        .actor = actor_of_tag(ACTOR_TICKET, uuid_tag(&wanted->reservation.u)),
        .reservation = wanted->reservation,
        .event = wanted->event,
        .buyer = wanted->buyer,
        .seats_count = wanted->seats_count,
    };
    for (uint32_t i = 0; i < wanted->seats_count; i++)
        e.seats[i] = wanted->seats[i];
    turn_perform(t, &e);
}

static void reply_send(const Cavea__V1__Command *command, error_code refusal, turn *t)
{
    Cavea__V1__Reply reply = CAVEA__V1__REPLY__INIT;
    reply.command_id = command->id;
    reply.error = (uint32_t)refusal;
    turn_reply(t, &reply);
}

static void ticket_handle(void *state, const Cavea__V1__Command *command, turn *t)
{
    tickets *self = state;
    ticket_command c;
    ticket_effects effects;
    error_code unread = ticket_command_read(command, &c);
    if (unread != ERROR_NONE)
        return reply_send(command, unread, t);
    c.now_us = turn_now_us(t);
    ticket_decide(self, &c, &effects);
    for (uint32_t i = 0; i < effects.facts_count; i++)
        fact_emit(self, &effects.facts[i], t);
    if (effects.sign.seats_count > 0) {
        ticket_signing_started(self, &effects.sign, c.now_us);
        sign_start(&effects.sign, t);
    }
    reply_send(command, effects.refusal, t);
}

static int64_t ticket_next_due_us(const void *state)
{
    return tickets_due_us(state);
}

static void ticket_on_time(void *state, turn *t)
{
    ticket_signing signing;
    for (uint32_t i = 0; i < TIMES_PER_TICK_MAX; i++) {
        if (!ticket_due_take(state, turn_now_us(t), &signing))
            return;
        sign_start(&signing, t);
    }
}

// No message to another actor follows from a ticket's fact.
static void ticket_resend(const actor_ref *actor, uint16_t fact_kind, const uint8_t *payload,
                          uint32_t payload_bytes, turn *t)
{
    (void)actor;
    (void)fact_kind;
    (void)payload;
    (void)payload_bytes;
    (void)t;
}

static void ticket_reject(void *state, const Cavea__V1__MessageRejected *rejected, turn *t)
{
    (void)state;
    Cavea__V1__TicketFact fact = CAVEA__V1__TICKET_FACT__INIT;
    fact.at_us = turn_now_us(t);
    fact.message_rejected = (Cavea__V1__MessageRejected *)(uintptr_t)rejected;
    turn_fact(t, TICKET_FACT_MESSAGE_REJECTED, &fact.base);
}

// Stuck work writes no facts: what was not revoked is asked for by a message.
static void revoke_send(const stuck_row *row, turn *t)
{
    uint32_t seats[SEATS_PER_RESERVATION_MAX];
    for (uint32_t i = 0; i < row->seats_count; i++)
        seats[i] = (uint32_t)row->seats[i];
    event_tickets lost = {row->reservation, row->buyer, seats, row->seats_count};
    event_tickets_revoke_send(&row->event, &lost, t);
}

static void ticket_unstick(void *state, const stuck_row *row, turn *t)
{
    if (row->seats_count > SEATS_PER_RESERVATION_MAX)
        return;
    if (row->kind == STUCK_REFUND_UNREVOKED)
        return revoke_send(row, t);
    if (row->kind != STUCK_CONFIRMED_UNTICKETED)
        return;
    ticket_command c = {
        .type = TICKET_COMMAND_ISSUE,
        .now_us = turn_now_us(t),
        .reservation = row->reservation,
        .event = row->event,
        .buyer = row->buyer,
        .seats_count = row->seats_count,
    };
    for (uint32_t i = 0; i < row->seats_count; i++)
        c.seats[i] = (uint32_t)row->seats[i];
    ticket_effects effects;
    ticket_decide(state, &c, &effects); // an issue lists no facts, only what is missing
    assert(effects.facts_count == 0);
    if (effects.sign.seats_count == 0)
        return;
    ticket_signing_started(state, &effects.sign, c.now_us);
    sign_start(&effects.sign, t);
}

const kind_ops kind_ticket = {
    .kind = ACTOR_TICKET,
    .load = ticket_load,
    .free = ticket_free,
    .handle = ticket_handle,
    .next_due_us = ticket_next_due_us,
    .on_time = ticket_on_time,
    .resend = ticket_resend,
    .reject = ticket_reject,
    .unstick = ticket_unstick,
};
