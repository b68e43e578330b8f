#include "actors/payment/state.h"

#define SECOND_US INT64_C(1000000)

// How long silence about a payment is normal, and the longest that it grows to by doubling. The
// first is longer than a provider call takes with all its own retries (actors/runtime/perform).
typedef struct patience {
    int64_t first_us, longest_us;
} patience;

static patience patience_in(payment_state state)
{
    switch (state) {
    case PAYMENT_CREATED:
    case PAYMENT_REFUND_DUE:
        return (patience){15 * SECOND_US, 60 * SECOND_US};
    case PAYMENT_CAPTURED:
        return (patience){2 * SECOND_US, 60 * SECOND_US};
    case PAYMENT_REFUNDING:
        return (patience){60 * SECOND_US, 3600 * SECOND_US};
    case PAYMENT_REFUND_FAILED:
        return (patience){60 * SECOND_US, 6 * 3600 * SECOND_US};
    case PAYMENT_OPEN:
    case PAYMENT_PROCESSING:
    case PAYMENT_DECLINED: // the buyer's turn; the reconciler asks now and then
    case PAYMENT_CANCELLED:
    case PAYMENT_CONFIRMED:
    case PAYMENT_REFUNDED:
    case PAYMENT_NONE:
    case PAYMENT_STATES_END:
        break;
    }
    return (patience){0, 0};
}

static patience hurried(const payments *self, patience wait)
{
    return (patience){wait.first_us / self->haste, wait.longest_us / self->haste};
}

static patience patience_of(const payments *self, payment_state state)
{
    return hurried(self, patience_in(state));
}

// Three quarters to five quarters of a delay, by the id's random end and the try, so that payments
// that failed together are not tried again together.
static int64_t spread(int64_t delay_us, const payment *p)
{
    uint64_t h;
    memcpy(&h, p->id.u.bytes + 8, sizeof h);
    h = (h + p->tries) * 0x9e3779b97f4a7c15u >> 32;
    return delay_us - delay_us / 4 + (int64_t)(h % (uint64_t)(delay_us / 2 + 1));
}

static int64_t doubled(int64_t first_us, int64_t longest_us, uint32_t tries)
{
    int64_t delay_us = first_us;
    for (uint32_t i = 0; i < tries && delay_us < longest_us; i++)
        delay_us *= 2;
    return delay_us < longest_us ? delay_us : longest_us;
}

void payment_time_set(payments *self, const payment *p, int64_t since_us)
{
    patience wait = patience_of(self, p->state);
    uint32_t slot = table_find(self->table, &p->id.u);
    int64_t due_us = TABLE_NEVER;
    if (wait.first_us > 0)
        due_us = since_us + spread(doubled(wait.first_us, wait.longest_us, p->tries), p);
    table_due_set(self->table, slot, due_us);
}

static int64_t age_seconds(int64_t since_us, int64_t now_us)
{
    return (now_us - since_us) / SECOND_US;
}

payment_todo payment_nudge(const payment *p, int64_t now_us)
{
    bool abandoned = p->abandoned || age_seconds(p->created_us, now_us) > PAYMENT_ABANDONED_SECONDS;
    payment_todo todo = {.refund_number = p->refund_number};
    todo.ask_first = age_seconds(p->changed_us, now_us) > PAYMENT_KEY_SECONDS;
    switch (p->state) {
    case PAYMENT_CREATED:
        todo.act = abandoned ? PAYMENT_ACT_INTENT_CANCEL : PAYMENT_ACT_INTENT_CREATE;
        return todo;
    case PAYMENT_OPEN:
    case PAYMENT_DECLINED:
        todo.act = abandoned ? PAYMENT_ACT_INTENT_CANCEL : PAYMENT_ACT_INTENT_FETCH;
        return todo;
    case PAYMENT_PROCESSING:
        todo.act = PAYMENT_ACT_INTENT_FETCH;
        return todo;
    case PAYMENT_CAPTURED:
        todo.act = PAYMENT_ACT_TELL_EVENT;
        return todo;
    case PAYMENT_REFUND_DUE:
        todo.act = PAYMENT_ACT_REFUND_CREATE;
        return todo;
    case PAYMENT_REFUNDING:
        todo.act = p->refund_id[0] == 0 ? PAYMENT_ACT_REFUND_CREATE : PAYMENT_ACT_REFUND_FETCH;
        return todo;
    case PAYMENT_REFUND_FAILED:
        todo.refund_number = p->refund_number + 1;
        todo.act = todo.refund_number > PAYMENT_REFUND_TRIES_MAX ? PAYMENT_ACT_NONE
                                                                 : PAYMENT_ACT_REFUND_CREATE;
        return todo;
    case PAYMENT_CANCELLED:
    case PAYMENT_CONFIRMED:
    case PAYMENT_REFUNDED:
    case PAYMENT_NONE:
    case PAYMENT_STATES_END:
        break;
    }
    return todo;
}

void payment_unreachable(payments *self, const payment_id *id, int64_t now_us)
{
    payment *p = payment_slot(self, id);
    if (p == NULL || patience_of(self, p->state).first_us == 0)
        return;
    uint32_t slot = table_find(self->table, &id->u);
    int64_t longest_us = patience_of(self, p->state).first_us;
    int64_t delay_us = doubled(SECOND_US / self->haste, longest_us, p->tries);
    table_due_set(self->table, slot, now_us + spread(delay_us, p));
}

int64_t payments_due_us(const payments *self)
{
    return table_due_next(self->table);
}

const payment *payment_due_take(payments *self, int64_t now_us, payment_todo *ret_todo)
{
    uint32_t slot = table_due_first(self->table);
    if (slot == TABLE_NONE || table_due(self->table, slot) > now_us)
        return NULL;
    payment *p = table_item(self->table, slot);
    *ret_todo = payment_nudge(p, now_us);
    p->tries++;
    payment_time_set(self, p, now_us);
    if (ret_todo->act == PAYMENT_ACT_NONE)
        table_due_set(self->table, slot, TABLE_NEVER);
    return p;
}

static patience patience_asked(const payments *self, payment_state state)
{
    bool is_open =
        state == PAYMENT_OPEN || state == PAYMENT_PROCESSING || state == PAYMENT_DECLINED;
    return is_open ? hurried(self, (patience){60 * SECOND_US, 240 * SECOND_US})
                   : patience_of(self, state);
}

static asked *asked_for(payments *self, const payment *row)
{
    uint32_t slot = table_find(self->asked, &row->id.u);
    if (slot == TABLE_NONE) {
        slot = table_add(self->asked, &row->id.u);
        if (slot == TABLE_NONE) {
            table_remove(self->asked, table_stalest(self->asked, LOOKS_MAX));
            slot = table_add(self->asked, &row->id.u);
        }
    }
    table_touch(self->asked, slot);
    return table_item(self->asked, slot);
}

payment_todo payment_unstick(payments *self, const payment *row, int64_t now_us)
{
    payment_todo nothing = {.act = PAYMENT_ACT_NONE};
    patience wait = patience_asked(self, row->state);
    if (payment_is_timed(self, &row->id) || wait.first_us == 0 ||
        now_us < row->changed_us + wait.first_us)
        return nothing;
    asked *a = asked_for(self, row);
    if (a->changed_us != row->changed_us)
        *a = (asked){.changed_us = row->changed_us};
    if (now_us < a->again_us)
        return nothing;
    a->again_us = now_us + doubled(wait.first_us, wait.longest_us, a->tries++);
    return payment_nudge(row, now_us);
}

bool payment_is_timed(const payments *self, const payment_id *id)
{
    uint32_t slot = table_find(self->table, &id->u);
    return slot != TABLE_NONE && table_due(self->table, slot) != TABLE_NEVER;
}
