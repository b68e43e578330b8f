#include "actors/runtime/inside.h"

#include <stdlib.h>

static bool runtime_init(runtime *r)
{
    r->j = journal_new();
    r->fact_next = calloc(JOURNAL_ROWS_MAX, sizeof *r->fact_next);
    r->replies = (wire){.bytes = malloc(REPLY_BYTES_MAX), .max = REPLY_BYTES_MAX};
    return r->j != NULL && r->fact_next != NULL && r->replies.bytes != NULL &&
           cell_table_init(&r->cells) && mailbox_init(&r->mailbox, MAILBOX_MESSAGES_MAX) &&
           outbox_init(&r->out) && untaken_init(&r->untaken) &&
           gather_init(&r->gathers[GATHER_FACTS], r->config.facts_gather_ms) &&
           gather_init(&r->gathers[GATHER_LIVE], r->config.live_gather_ms) &&
           arena_init(&r->arena, ARENA_ENVELOPE_BYTES);
}

runtime *runtime_new(const runtime_config *config)
{
    runtime *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    pthread_mutex_init(&r->moves.mutex, NULL);
    r->config = *config;
    r->context = (kind_context){.store = config->store,
                                .plans = config->plans,
                                .hold_us = config->hold_us,
                                .payment_extension_us = config->payment_extension_us,
                                .payment_haste = config->payment_haste};
    if (!runtime_init(r)) {
        runtime_free(r);
        return NULL;
    }
    return r;
}

void runtime_free(runtime *r)
{
    if (r == NULL)
        return;
    for (uint32_t i = 0; i < r->messages_count; i++)
        r->messages[i].release(r->messages[i].owner);
    if (r->mailbox.max > 0)
        mailbox_done(&r->mailbox);
    cell_table_done(&r->cells);
    outbox_done(&r->out);
    untaken_done(&r->untaken);
    for (gather_room room = GATHER_FACTS; room < GATHER_ROOMS; room++)
        gather_done(&r->gathers[room]);
    arena_done(&r->arena);
    journal_free(r->j);
    free(r->fact_next);
    free(r->replies.bytes);
    pthread_mutex_destroy(&r->moves.mutex);
    free(r);
}

bool runtime_deliver(runtime *r, const inbound *m)
{
    mail item = {.type = MAIL_MESSAGE, .message = *m};
    return mailbox_put(&r->mailbox, &item);
}

void runtime_acknowledged(runtime *r, uint64_t number, int64_t token)
{
    mail item = {.type = MAIL_ACK, .ack = {number, token}};
    if (!mailbox_put(&r->mailbox, &item))
        return; // lost: then the facts are published again
}

void runtime_install(runtime *r, cell *c)
{
    mail item = {.type = MAIL_CELL, .installed = c};
    if (!mailbox_put(&r->mailbox, &item))
        cell_free(c); // its lease is ours but unused: the next wake-up takes it again
}

void runtime_unstick(runtime *r, const actor_ref *to, const stuck_row *row)
{
    stuck_row *copy = malloc(sizeof *copy);
    if (copy == NULL)
        return;
    *copy = *row;
    mail item = {.type = MAIL_STUCK, .stuck = {*to, copy}};
    if (!mailbox_put(&r->mailbox, &item))
        free(copy);
}

int64_t runtime_rest_ms(runtime *r, int64_t timeout_ms)
{
    if (r->away) // whatever has arrived waits for the database
        return timeout_ms < AWAY_REST_MS ? timeout_ms : AWAY_REST_MS;
    int64_t now_us = runtime_now_us(r);
    for (uint32_t i = 0; i < r->timers_count; i++) {
        int64_t due_us = r->timers[i]->ops->next_due_us(r->timers[i]->state);
        int64_t until_ms = due_us <= now_us ? 0 : (due_us - now_us) / 1000 + 1;
        timeout_ms = until_ms < timeout_ms ? until_ms : timeout_ms;
    }
    timeout_ms = gather_rest_ms(r, timeout_ms);
    return mailbox_is_urgent(&r->mailbox) ? 0 : timeout_ms;
}

void runtime_wait(runtime *r, int64_t timeout_ms)
{
    int64_t mono = r->config.clock.monotonic_us(r->config.clock.self);
    mailbox_wait(&r->mailbox, mono + runtime_rest_ms(r, timeout_ms) * 1000, r->away);
}

int64_t runtime_now_us(runtime *r)
{
    int64_t now_us = r->config.clock.monotonic_us(r->config.clock.self) + r->offset_us;
    if (now_us < r->now_us) // a decision never lies before the one before it
        now_us = r->now_us;
    return now_us;
}

// The database's clock stood at database_us a moment ago. A monotonic clock that stood still with
// its machine, or a host without a commit yet, would otherwise decide in the past: an actor's now
// must never lie before the last fact of the host that had it before.
void offset_learn(runtime *r, int64_t database_us)
{
    int64_t offset_us = database_us - r->config.clock.monotonic_us(r->config.clock.self);
    if (r->offset_us == 0 || offset_us > r->offset_us)
        r->offset_us = offset_us;
}

void runtime_report_now(runtime *r, enum runtime_report_type type, const cell *c)
{
    runtime_report report = {.type = type, .cells = 1};
    if (c != NULL)
        report.actor = c->ref;
    r->config.report(r->config.report_self, &report);
}

void timers_list(runtime *r, cell *c)
{
    if (c->ops->next_due_us == NULL || c->listed_timer)
        return;
    assert(r->timers_count < sizeof r->timers / sizeof *r->timers);
    c->listed_timer = true;
    r->timers[r->timers_count++] = c;
}

void runtime_drop(runtime *r, cell *c)
{
    for (uint32_t i = 0; i < r->touched_count; i++)
        if (r->touched[i] == c)
            r->touched[i] = NULL;
    for (uint32_t i = 0; i < r->timers_count; i++)
        if (r->timers[i] == c)
            r->timers[i--] = r->timers[--r->timers_count];
    r->config.bus.detach(r->config.bus.self, c->number);
    cell_free(cell_table_take(&r->cells, &c->ref.id));
}

static void cell_install(runtime *r, cell *c)
{
    cell *old = cell_table_find(&r->cells, &c->ref.id);
    if (old != NULL && old->epoch >= c->epoch) {
        cell_free(c);
        return;
    }
    if (old != NULL)
        runtime_drop(r, old);
    offset_learn(r, c->leased_us);
    if (c->published_seq == 0) // nothing was, so no other stream can have lost it
        c->published_incarnation = r->config.bus.incarnation(r->config.bus.self);
    c->used_us = r->config.clock.monotonic_us(r->config.clock.self);
    if (!cell_table_put(&r->cells, c)) {
        cell_free(c); // its lease is ours but unused: the next wake-up takes it again
        return;
    }
    timers_list(r, c);
    r->config.bus.attach(r->config.bus.self, c->number, &c->ref, c->incarnation, c->cursor);
    r->config.bus.flush(r->config.bus.self);
}

static void acknowledged(runtime *r, uint64_t number, int64_t token)
{
    if (number == 0)
        return untaken_note(r, token);
    cell *c = cell_table_numbered(&r->cells, number);
    if (c != NULL) // it may have left this host meanwhile
        ack_note(r, c, token);
}

static void unstick(runtime *r, const actor_ref *to, const stuck_row *row)
{
    cell *c = cell_table_find(&r->cells, &to->id);
    if (c == NULL || c->ops->unstick == NULL)
        return;
    outbox_clear(&r->out);
    r->touched_count = 0;
    r->now_us = runtime_now_us(r);
    turn t = {.r = r, .c = c, .reply_to = ""};
    c->ops->unstick(c->state, row, &t);
    outbox_emit(r, r->now_us, true, NULL);
}

// Takes what has arrived; messages go to r->messages, everything else is done at once.
static uint32_t mails_sort(runtime *r)
{
    int64_t mono = r->config.clock.monotonic_us(r->config.clock.self);
    uint32_t count = mailbox_take(&r->mailbox, r->mails, TICK_MESSAGES_MAX);
    if (!r->mailbox.first_left)
        r->noted_us = mono;
    for (uint32_t i = 0; i < count; i++) {
        mail *item = &r->mails[i];
        if (item->type == MAIL_MESSAGE) {
            r->messages[r->messages_count++] = item->message;
        } else if (item->type == MAIL_ACK) {
            acknowledged(r, item->ack.number, item->ack.token);
        } else if (item->type == MAIL_CELL) {
            cell_install(r, item->installed);
        } else {
            unstick(r, &item->stuck.to, item->stuck.row);
            mail_done(item);
        }
    }
    return count;
}

static bool postponed(const runtime *r, const inbound *m)
{
    for (uint32_t i = 0; i < r->messages_count; i++)
        if (r->messages[i].owner == m->owner && r->messages[i].data == m->data)
            return true;
    return false;
}

bool runtime_step(runtime *r)
{
    gather_leave_due(r);
    if (r->away && !reload_stale(r))
        return false;
    r->away = false;
    uint32_t taken = r->messages_count == 0 ? mails_sort(r) : 0;
    uint32_t count = r->messages_count;
    memcpy(r->batch, r->messages, count * sizeof *r->batch);
    memcpy(r->borrowed, r->messages, count * sizeof *r->borrowed);
    r->messages_count = 0;
    r->apart = false;
    r->away = !settle(r, r->batch, count);
    for (uint32_t i = 0; i < count; i++)
        if (!r->away || !postponed(r, &r->borrowed[i]))
            r->borrowed[i].release(r->borrowed[i].owner);
    return taken + count > 0;
}

// The stream is a new one: what it lost of the recent past is published again.
static void stream_renewed(cell *c, int64_t incarnation)
{
    c->published_seq -= c->published_seq < RESEND_FACTS_MAX ? c->published_seq : RESEND_FACTS_MAX;
    c->published_incarnation = incarnation;
    resend_begin(c);
    c->resending = c->published_seq < c->last_seq;
}

static bool cell_is_idle(const runtime *r, const cell *c, int64_t mono)
{
    return c->ref.kind == ACTOR_EVENT && c->acks_count == 0 && !c->resending &&
           c->used_us + r->config.idle_ms * 1000 < mono;
}

void runtime_upkeep(runtime *r)
{
    if (r->away)
        return;
    moves_run(r);
    if (r->away)
        return;
    untaken_upkeep(r);
    int64_t mono = r->config.clock.monotonic_us(r->config.clock.self);
    int64_t incarnation = r->config.bus.incarnation(r->config.bus.self);
    cell *idle = NULL;
    uint32_t pages = 0, count = r->cells.list_count, first = r->upkeep_at;
    for (uint32_t i = 0; i < count; i++) {
        cell *c = r->cells.list[(first + i) % count];
        if (incarnation != 0 && c->published_incarnation != incarnation && !c->resending)
            stream_renewed(c, incarnation);
        // Each page is a query on this thread: some now, the others next time.
        if (pages < RESEND_PAGES_MAX)
            r->upkeep_at = (first + i) % count;
        if (pages < RESEND_PAGES_MAX)
            pages += resend_upkeep(r, c);
        if (cell_is_idle(r, c, mono))
            idle = c;
    }
    // A lease that is ours without a cell would keep the actor from everybody.
    if (idle != NULL && pages < RESEND_PAGES_MAX &&
        r->config.store.lease_release(r->config.store.self, &idle->ref.id, idle->epoch) !=
            STORE_UNKNOWN) {
        runtime_report_now(r, REPORT_SLEPT, idle);
        runtime_drop(r, idle);
    }
}

void runtime_hand_over(runtime *r)
{
    for (uint32_t i = 0; i < r->cells.list_count; i++)
        r->config.bus.detach(r->config.bus.self, r->cells.list[i]->number);
    while (!r->away && (mailbox_depth(&r->mailbox) > 0 || r->messages_count > 0))
        runtime_step(r);
    gather_leave_all(r);
    bool reached = !r->away;
    while (r->cells.list_count > 0) {
        cell *c = r->cells.list[r->cells.list_count - 1];
        actor_ref ref = c->ref;
        // Each try can take seconds while the database is away: then one is enough, and the others
        // take over as from a host that was killed.
        reached = reached && r->config.store.lease_release(r->config.store.self, &ref.id,
                                                           c->epoch) != STORE_UNKNOWN;
        runtime_drop(r, c);
        if (!reached)
            continue;
        wake_send(r, &ref);
        r->config.bus.flush(r->config.bus.self); // its buyers wait already
    }
}

bool runtime_holds(const runtime *r, const actor_id *id)
{
    return cell_table_find(&r->cells, id) != NULL;
}

uint32_t runtime_cells_of(const runtime *r, actor_kind kind)
{
    return r->cells.by_kind[kind];
}

uint32_t runtime_mailbox_depth(runtime *r)
{
    return mailbox_depth(&r->mailbox);
}

uint64_t runtime_refused_take(runtime *r)
{
    return mailbox_refused_take(&r->mailbox);
}
