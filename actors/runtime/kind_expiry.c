// The expiry actor's adapter: deadlines in, Expire commands out. It writes nothing.
#include "actors/expiry/expiry.h"
#include "actors/runtime/kind.h"

#include <stdlib.h>

static ProtobufCBinaryData binary(const uuid *id)
{
    return (ProtobufCBinaryData){sizeof id->bytes, (uint8_t *)(uintptr_t)id->bytes};
}

static void *expiry_load(kind_context *context, const actor_ref *actor, store_result *ret_result)
{
    held_row *rows = NULL;
    uint32_t rows_count = 0;
    expiry *self = expiry_new();
    if (self == NULL) {
        *ret_result = STORE_UNKNOWN;
        return NULL;
    }
    *ret_result = context->store.load_held(context->store.self, actor_partition(&actor->id), &rows,
                                           &rows_count);
    if (*ret_result != STORE_OK) {
        expiry_free(self);
        return NULL;
    }
    for (uint32_t i = 0; i < rows_count; i++) {
        deadline d = {rows[i].reservation, rows[i].event, rows[i].expires_us};
        expiry_apply(self, &d);
    }
    free(rows);
    return self;
}

static void expiry_done(void *state)
{
    expiry_free(state);
}

static void reply_send(const Cavea__V1__Command *command, error_code refusal, turn *t)
{
    Cavea__V1__Reply reply = CAVEA__V1__REPLY__INIT;
    reply.command_id = command->id;
    reply.error = (uint32_t)refusal;
    turn_reply(t, &reply);
}

static bool deadline_read(const Cavea__V1__Deadline *message, deadline *d)
{
    d->expires_us = message->expires_at_us;
    return message->expires_at_us >= 0 &&
           uuid_from_bytes(message->reservation_id.data, message->reservation_id.len,
                           &d->reservation.u);
}

static void expiry_handle(void *state, const Cavea__V1__Command *command, turn *t)
{
    const Cavea__V1__DeadlinesNote *note = command->deadlines_note;
    deadline d;
    if (command->body_case != CAVEA__V1__COMMAND__BODY_DEADLINES_NOTE ||
        !uuid_from_bytes(note->event_id.data, note->event_id.len, &d.event.u))
        return reply_send(command, ERROR_MALFORMED, t);
    error_code refusal = ERROR_NONE;
    for (size_t i = 0; i < note->n_deadlines; i++) {
        if (deadline_read(note->deadlines[i], &d))
            expiry_apply(state, &d);
        else
            refusal = ERROR_MALFORMED;
    }
    reply_send(command, refusal, t);
}

static int64_t expiry_next_due_us(const void *state)
{
    return expiry_due_us(state);
}

static void expire_send(const event_id *event, const reservation_id *reservation, turn *t)
{
    Cavea__V1__Expire expire = CAVEA__V1__EXPIRE__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    actor_ref to = actor_of_event(event);
    expire.reservation_id = binary(&reservation->u);
    command.id = binary(&reservation->u);
    command.body_case = CAVEA__V1__COMMAND__BODY_EXPIRE;
    command.expire = &expire;
    turn_send(t, &to, &command);
}

static void expiry_on_time(void *state, turn *t)
{
    expiry_expire list[EXPIRY_TAKEN_MAX];
    uint32_t count = expiry_due_take(state, turn_now_us(t), list);
    for (uint32_t i = 0; i < count; i++)
        expire_send(&list[i].event, &list[i].reservation, t);
}

// There are no facts to follow.
static void expiry_resend(const actor_ref *actor, uint16_t fact_kind, const uint8_t *payload,
                          uint32_t payload_bytes, turn *t)
{
    (void)actor;
    (void)fact_kind;
    (void)payload;
    (void)payload_bytes;
    (void)t;
}

// A volatile kind records nothing; the runtime's report is all there is.
static void expiry_reject(void *state, const Cavea__V1__MessageRejected *rejected, turn *t)
{
    (void)state;
    (void)rejected;
    (void)t;
}

// A hold past its deadline that nobody noted, or of which we were never told that it is over.
static void expiry_unstick(void *state, const stuck_row *row, turn *t)
{
    (void)state;
    if (row->kind == STUCK_HELD_OVERDUE)
        expire_send(&row->event, &row->reservation, t);
}

const kind_ops kind_expiry = {
    .kind = ACTOR_EXPIRY,
    .is_volatile = true,
    .load = expiry_load,
    .free = expiry_done,
    .handle = expiry_handle,
    .next_due_us = expiry_next_due_us,
    .on_time = expiry_on_time,
    .resend = expiry_resend,
    .reject = expiry_reject,
    .unstick = expiry_unstick,
};
