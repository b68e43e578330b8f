#include "edge/bus_private.h"

#include "ops/host/metric.h"

enum {
    OFFSET_KEEP_US = 10 * 1000 * 1000,
    NO_REPLY = UINT32_MAX,
};

static uint8_t seats_copy(const uint32_t *from, size_t from_count, uint32_t *to, size_t to_max)
{
    size_t count = from_count < to_max ? from_count : to_max;
    if (count > 0)
        memcpy(to, from, count * sizeof *to);
    return (uint8_t)count;
}

static bool view_read(const Cavea__V1__ReservationView *v, bus_answer *a)
{
    if (!uuid_from_bytes(v->reservation_id.data, v->reservation_id.len, &a->reservation.u) ||
        !uuid_from_bytes(v->buyer_id.data, v->buyer_id.len, &a->buyer.u) ||
        v->n_seats > SEATS_PER_RESERVATION_MAX || v->n_price_minor != v->n_seats ||
        v->state > 255 || v->outcome > 255)
        return false;
    a->has_reservation = true;
    a->replayed = v->replayed;
    a->state = (uint8_t)v->state;
    a->created_us = v->created_at_us;
    a->expires_us = v->expires_at_us;
    a->outcome = (uint8_t)v->outcome;
    a->total_minor = v->total_minor;
    a->refund_now_minor = v->refund_now_minor;
    a->refund_minor = v->refund_minor;
    a->seats_count = seats_copy(v->seats, v->n_seats, a->seats, SEATS_PER_RESERVATION_MAX);
    for (size_t i = 0; i < v->n_price_minor; i++)
        a->price_minor[i] = v->price_minor[i];
    return v->payment_id.len == 0 ||
           uuid_from_bytes(v->payment_id.data, v->payment_id.len, &a->payment.u);
}

static bool text_copy(const char *from, char *to, size_t to_bytes)
{
    size_t bytes = strlen(from);
    if (bytes >= to_bytes)
        return false;
    memcpy(to, from, bytes + 1);
    return true;
}

static bool payment_read(const Cavea__V1__PaymentView *v, bus_answer *a)
{
    a->has_payment = true;
    a->payment_state = v->state;
    return uuid_from_bytes(v->payment_id.data, v->payment_id.len, &a->payment.u) &&
           text_copy(v->client_secret, a->client_secret, sizeof a->client_secret) &&
           text_copy(v->pay_url, a->pay_url, sizeof a->pay_url);
}

static bool answer_read(const Cavea__V1__Reply *r, bus_answer *a)
{
    a->error = (error_code)r->error;
    a->has_reservation = a->has_payment = a->replayed = false;
    a->seats_count = a->conflicts_count = a->alternatives_count = 0;
    a->payment = (payment_id){{{0}}};
    if (r->reservation && !view_read(r->reservation, a))
        return false;
    if (r->payment && !payment_read(r->payment, a))
        return false;
    if (r->conflict) {
        a->conflicts_count = seats_copy(r->conflict->seats, r->conflict->n_seats, a->conflicts,
                                        SEATS_PER_RESERVATION_MAX);
        a->alternatives_count = seats_copy(r->conflict->alternatives, r->conflict->n_alternatives,
                                           a->alternatives, ALTERNATIVES_MAX);
    }
    return true;
}

// A waiter that this thread has claimed, and what it gets.
typedef struct claim {
    bus_waiter *waiter;
    const Cavea__V1__Reply *reply; // NULL: the actor did not decide
} claim;

typedef struct claims {
    uint32_t count;
    claim list[ENVELOPE_COMMANDS_MAX];
} claims;

static void claim_add(claims *c, bus_waiter *w, const Cavea__V1__Reply *reply)
{
    if (c->count == ENVELOPE_COMMANDS_MAX)
        return;
    atomic_store_explicit(&w->state, WAITER_CLAIMED, memory_order_relaxed);
    c->list[c->count++] = (claim){w, reply};
}

// A waiter's stack may be gone as soon as it sees DONE; the bell stays, and is rung once for all.
static void claims_wake(claims *c)
{
    _Atomic uint32_t *bell = NULL;
    for (uint32_t i = 0; i < c->count; i++) {
        bus_waiter *w = c->list[i].waiter;
        const Cavea__V1__Reply *r = c->list[i].reply;
        _Atomic uint32_t *own = w->bell ? NULL : &w->state;
        if (w->bell)
            bell = w->bell;
        w->result = r && answer_read(r, w->answer) ? BUS_ANSWERED : BUS_DROPPED;
        atomic_store_explicit(&w->state, WAITER_DONE, memory_order_release);
        if (own)
            futex_wake(own);
    }
    if (bell) {
        atomic_fetch_add_explicit(bell, 1, memory_order_release);
        futex_wake(bell);
    }
}

static bool reply_is_for(const Cavea__V1__Reply *r, const uuid *command)
{
    return r->command_id.len == sizeof command->bytes &&
           memcmp(r->command_id.data, command->bytes, sizeof command->bytes) == 0;
}

// Replies come in the order of the commands, with gaps: the search goes on behind the last one.
static const Cavea__V1__Reply *reply_find(const Cavea__V1__ReplyBatch *m, const uuid *command,
                                          size_t *hint)
{
    for (size_t i = 0; i < m->n_replies; i++) {
        size_t at = (*hint + i) % m->n_replies;
        if (reply_is_for(m->replies[at], command)) {
            *hint = at + 1;
            return m->replies[at];
        }
    }
    return NULL;
}

// The answer to a whole envelope; returns the batch, whose reference passes to the caller.
static bus_batch *numbered_claim(bus *b, bus_queue *q, const Cavea__V1__ReplyBatch *m, claims *c)
{
    bus_batch *batch = NULL;
    for (uint32_t i = 0; i < BUS_INFLIGHT_MAX; i++)
        if (q->inflight[i] && q->inflight[i]->number == m->number)
            batch = q->inflight[i];
    if (!batch)
        return NULL;
    queue_drop_inflight(q, batch);
    size_t hint = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        bus_waiter *w = batch->waiters[i];
        if (!w)
            continue;
        const Cavea__V1__Reply *r = reply_find(m, &w->command, &hint);
        batch->waiters[i] = NULL;
        if (!r && w->deferred)
            deferred_insert(b, q, w);
        else
            claim_add(c, w, r);
    }
    metric_observe(METRIC_REPLY_SECONDS, bus_now_us(b) - batch->sent_us);
    return batch;
}

// A sample lies behind the truth by the time its message travelled, so the greatest one of late is
// the best; it is renewed because clocks drift.
static void offset_learn(bus *b, int64_t database_us)
{
    int64_t now_us = bus_now_us(b);
    int64_t offset_us = database_us - now_us;
    if (database_us <= 0)
        return;
    if (offset_us > atomic_load(&b->offset_us) || now_us - b->offset_at_us > OFFSET_KEEP_US) {
        atomic_store(&b->offset_us, offset_us);
        b->offset_at_us = now_us;
    }
}

// One answer from another actor.
static void deferred_claim(bus_queue *q, const Cavea__V1__Reply *r, claims *c)
{
    bus_waiter *w = deferred_take(q, r->command_id.data, r->command_id.len);
    if (w)
        claim_add(c, w, r);
}

static void batch_receive(bus *b, bus_queue *q, const Cavea__V1__ReplyBatch *m)
{
    claims c;
    sending s = {.count = 0};
    bus_batch *answered = NULL;
    c.count = 0;
    q->heard_us = bus_now_us(b);
    if (m->number != 0) {
        answered = numbered_claim(b, q, m, &c);
    } else {
        for (size_t i = 0; i < m->n_replies; i++)
            deferred_claim(q, m->replies[i], &c);
    }
    queue_take(b, q, &s);
    actor_ref actor = q->actor;
    pthread_mutex_unlock(&q->mutex);
    sending_run(b, &s);
    claims_wake(&c);
    if (answered)
        batch_unref(b, answered);
    if (b->options.heard && m->number != 0)
        b->options.heard(b->options.self, &actor, m->version);
}

void bus_receive(bus *b, uint32_t index, const uint8_t *data, size_t data_bytes)
{
    arena_reset(&b->arena);
    Cavea__V1__ReplyBatch *m = NULL;
    // A full envelope of conflicts is answered with more bytes than it had.
    if (data_bytes <= 4 * ENVELOPE_BYTES_MAX)
        m = cavea__v1__reply_batch__unpack(&b->arena.allocator, data_bytes, data);
    if (!m)
        return;
    bus_queue *q = queue_lock(b, index);
    if (!q)
        return;
    offset_learn(b, m->database_now_us);
    batch_receive(b, q, m);
    queue_leave(q);
}
