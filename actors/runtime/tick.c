// One tick: messages become decisions, decisions one transaction, and only then answers.
#include "actors/runtime/inside.h"
#include "schemas/bug.h"

static const char nobody[] = "";

void tick_touch(runtime *r, cell *c)
{
    if (c->touched)
        return;
    assert(r->touched_count < JOURNAL_ACTORS_MAX);
    c->touched = true;
    c->first_fact = c->last_fact = UINT32_MAX;
    r->touched[r->touched_count++] = c;
}

static void tick_open(runtime *r)
{
    journal_clear(r->j);
    outbox_clear(&r->out);
    r->touched_count = 0;
    r->now_us = runtime_now_us(r);
    r->tally = (runtime_report){.type = REPORT_TICK};
}

static bool tick_has_room(const runtime *r)
{
    uint32_t cells = r->touched_count + CELLS_SPARE; // each will write its senders at the end
    uint32_t bytes = MESSAGE_JOURNAL_BYTES_MAX + cells * SENDERS_ENCODED_BYTES_MAX;
    return cells < JOURNAL_ACTORS_MAX && journal_has_room(r->j, MESSAGE_ROWS_MAX, bytes) &&
           outbox_has_room(&r->out, cells);
}

// Moves the cursor over a stored message. False: it is behind the cursor, so it was decided.
static bool cursor_move(cell *c, const inbound *m)
{
    if (m->sequence == 0)
        return true;
    if (m->incarnation == c->incarnation && m->sequence <= c->cursor)
        return false;
    // Of the stream before this one: going back to it would let the present one's cursor fall.
    if (m->incarnation == c->left_incarnation && m->incarnation != c->incarnation)
        return false;
    c->incarnation = m->incarnation;
    c->cursor = m->sequence;
    return true;
}

static bool nobody_waits(const runtime *r, const Cavea__V1__Command *command)
{
    return command->body_case == CAVEA__V1__COMMAND__BODY_RESERVE &&
           command->reserve->wait_until_us != 0 && command->reserve->wait_until_us < r->now_us;
}

static void commands_handle(turn *t, const Cavea__V1__Envelope *e)
{
    runtime *r = t->r;
    for (size_t i = 0; i < e->n_commands; i++) {
        if (nobody_waits(r, e->commands[i])) {
            runtime_report_now(r, REPORT_DROPPED, t->c);
            continue;
        }
        t->c->ops->handle(t->c->state, e->commands[i], t);
        r->tally.commands++;
    }
}

// Where a receipt is wanted. Only actors ask for one, and what only they send was found sealed: an
// edge could have a host believe that its messages were taken.
static void receipt_find(const Cavea__V1__Envelope *e, subject *ret_receipt)
{
    if (e->n_commands == 0 || seal_needless(e->commands[0]->body_case) ||
        !subject_receipt_parse(e->reply_to, strlen(e->reply_to), ret_receipt))
        ret_receipt->text[0] = 0;
}

static void envelope_handle(runtime *r, cell *c, const Cavea__V1__Envelope *e, bool direct)
{
    subject reply_to = {""}, receipt = {""};
    if (e->reply_to != NULL && !subject_reply_parse(e->reply_to, strlen(e->reply_to), &reply_to)) {
        reply_to.text[0] = 0; // empty, or not where we answer to
        receipt_find(e, &receipt);
    }
    turn t = {.r = r, .c = c, .reply_to = reply_to.text, .number = e->number};
    sender_verdict verdict = SENDER_NEW;
    uuid from;
    if (e->number > 0 && uuid_from_bytes(e->sender.data, e->sender.len, &from))
        verdict = senders_note(&c->senders, &from, e->number, r->now_us);
    if (direct && bug_on(BUG_DIRECT_TWICE))
        verdict = SENDER_NEW;
    t.seen = verdict == SENDER_SEEN;
    if (direct && e->number > 0 && verdict == SENDER_NEW)
        r->config.bus.missed(r->config.bus.self, c->number);
    r->tally.seen += t.seen;
    r->replies.count = 0;
    r->replies.full = false;
    if (verdict == SENDER_FULL) {
        // As if it were lost. A refusal could be followed by a copy that finds room and is decided.
        runtime_report_now(r, REPORT_DROPPED, c);
        return;
    }
    commands_handle(&t, e);
    if (receipt.text[0] != 0)
        outbox_reply(&r->out, c, receipt.text, 0, &r->replies); // there are none
    // Also without a single reply: an envelope that is never answered is sent again for ever.
    if (reply_to.text[0] != 0 && !r->replies.full)
        outbox_reply(&r->out, c, reply_to.text, e->number, &r->replies);
}

// Answered, because who waits may be an operator with a program from before there were seals.
static void unsealed_refuse(runtime *r, cell *c, const Cavea__V1__Envelope *e)
{
    subject reply_to;
    runtime_report_now(r, REPORT_UNSEALED, c);
    if (e->reply_to == NULL || !subject_reply_parse(e->reply_to, strlen(e->reply_to), &reply_to))
        return;
    turn t = {.r = r, .c = c, .reply_to = reply_to.text};
    r->replies.count = 0;
    r->replies.full = false;
    for (size_t i = 0; i < e->n_commands; i++) {
        Cavea__V1__Reply reply = CAVEA__V1__REPLY__INIT;
        reply.command_id = e->commands[i]->id;
        reply.error = ERROR_SEAL_INVALID;
        turn_reply(&t, &reply);
    }
    if (!r->replies.full)
        outbox_reply(&r->out, c, reply_to.text, e->number, &r->replies);
}

static void message_handle(runtime *r, const inbound *m)
{
    cell *c = cell_table_find(&r->cells, &m->to.id);
    if (c == NULL || !cursor_move(c, m))
        return;
    tick_touch(r, c);
    c->used_us = r->config.clock.monotonic_us(r->config.clock.self);
    r->tally.messages++;
    r->tally.direct += m->sequence == 0 && !m->local;
    arena_reset(&r->arena);
    Cavea__V1__Envelope *e = NULL;
    if (m->data_bytes <= ENVELOPE_BYTES_MAX)
        e = cavea__v1__envelope__unpack(&r->arena.allocator, m->data_bytes, m->data);
    if (e == NULL || e->n_commands > ENVELOPE_COMMANDS_MAX)
        runtime_report_now(r, REPORT_MALFORMED, c);
    else if (!m->local &&
             !seal_admits(r->config.seals, &m->to, r->now_us, e, m->data, m->data_bytes))
        unsealed_refuse(r, c, e);
    else
        envelope_handle(r, c, e, m->sequence == 0 && !m->local);
}

// Brings rows that commands will need into their cells, with one query for the whole tick. The tick
// ends early (*count) before a message whose rows might not fit.
static store_result rows_fetch(runtime *r, const inbound *messages, uint32_t *count)
{
    payment_id *wanted = r->wanted;
    payment_row *rows = r->wanted_rows;
    uint32_t wanted_count = 0, rows_count = 0;
    for (uint32_t i = 0; i < *count; i++) {
        cell *c = cell_table_find(&r->cells, &messages[i].to.id);
        if (wanted_count + KIND_WANTS_MAX * ENVELOPE_COMMANDS_MAX > WANTED_ROWS_MAX) {
            *count = i;
            break;
        }
        if (c == NULL || c->ops->wants == NULL || messages[i].data_bytes > ENVELOPE_BYTES_MAX)
            continue;
        arena_reset(&r->arena);
        Cavea__V1__Envelope *e = cavea__v1__envelope__unpack(
            &r->arena.allocator, messages[i].data_bytes, messages[i].data);
        for (size_t k = 0; e != NULL && k < e->n_commands && k < ENVELOPE_COMMANDS_MAX; k++)
            wanted_count += c->ops->wants(c->state, e->commands[k], &wanted[wanted_count]);
    }
    if (wanted_count == 0)
        return STORE_OK;
    store_result result = r->config.store.load_payments(r->config.store.self, wanted, wanted_count,
                                                        rows, &rows_count);
    for (uint32_t i = 0; result == STORE_OK && i < rows_count; i++) {
        actor_ref ref = actor_of_tag(ACTOR_PAYMENT, uuid_tag(&rows[i].id.u));
        cell *c = cell_table_find(&r->cells, &ref.id);
        if (c != NULL)
            c->ops->provide(c->state, &rows[i]);
    }
    return result;
}

static void timers_run(runtime *r)
{
    for (uint32_t i = 0; i < r->timers_count; i++) {
        cell *c = r->timers[i];
        if (c->stale || c->ops->next_due_us(c->state) > r->now_us ||
            !outbox_has_room(&r->out, r->touched_count + CELLS_SPARE))
            continue;
        tick_touch(r, c);
        turn t = {.r = r, .c = c, .reply_to = nobody};
        c->ops->on_time(c->state, &t);
    }
}

static bool rows_wanted(const cell *c, const Cavea__V1__Envelope *e)
{
    payment_id wanted[KIND_WANTS_MAX];
    for (size_t i = 0; i < e->n_commands; i++)
        if (c->ops->wants != NULL && c->ops->wants(c->state, e->commands[i], wanted) > 0)
            return true;
    return false;
}

// What a decision tells another actor of this host is decided on in the same tick: both become true
// in one transaction, or neither. Who keeps nothing is told after it; who would have to look for
// rows first, in the next tick.
static void told_handle(runtime *r, out_item *item)
{
    cell *c = cell_table_find(&r->cells, &item->to.id);
    if (c == NULL || c->ops->is_volatile)
        return;
    arena_reset(&r->arena);
    // A command as it stands in an envelope is an envelope that has no other.
    const Cavea__V1__Envelope *e = cavea__v1__envelope__unpack(
        &r->arena.allocator, item->bytes_count, r->out.blob.bytes + item->bytes_at);
    if (e == NULL || (!item->is_new && rows_wanted(c, e)))
        return;
    item->type = OUT_TOLD;
    tick_touch(r, c);
    c->used_us = r->config.clock.monotonic_us(r->config.clock.self);
    envelope_handle(r, c, e, false);
}

// Also what follows from it.
static void told_run(runtime *r)
{
    outbox *o = &r->out;
    for (uint32_t i = 0; !r->apart && i < o->items_count && tick_has_room(r); i++)
        if (o->items[i].type == OUT_SEND)
            told_handle(r, &o->items[i]);
}

static void move_add(runtime *r, cell *c)
{
    uint8_t encoded[SENDERS_ENCODED_BYTES_MAX];
    uint32_t encoded_bytes = senders_encode(&c->senders, encoded);
    lease_move *m = &r->j->moves[r->j->moves_count++];
    *m = (lease_move){
        .actor = c->ref.id,
        .epoch = c->epoch,
        .old_incarnation = c->committed_incarnation,
        .old_cursor = c->committed_cursor,
        .new_incarnation = c->incarnation,
        .new_cursor = c->cursor,
        .last_seq = c->last_seq,
        .last_hash = c->last_hash,
        .claimed = c->claimed,
        .senders_bytes = encoded_bytes,
        .published_incarnation = c->published_incarnation,
        .published_seq = c->published_seq,
    };
    m->senders_at = journal_blob(r->j, encoded, encoded_bytes);
}

// Aggregated output of each cell, and its cursor. A volatile kind's cursor is saved once a second:
// its state comes from rows anyway.
static void cells_flush(runtime *r)
{
    int64_t mono = r->config.clock.monotonic_us(r->config.clock.self);
    for (uint32_t i = 0; i < r->touched_count; i++) {
        cell *c = r->touched[i];
        turn t = {.r = r, .c = c, .reply_to = nobody};
        if (c->ops->flush != NULL)
            c->ops->flush(c->state, &t);
        if (c->ops->is_volatile && c->saved_us + 1000000 > mono)
            continue;
        c->saved_us = mono;
        move_add(r, c);
    }
}

static void tick_committed(runtime *r, int64_t database_now_us, int64_t started_us)
{
    int64_t mono = r->config.clock.monotonic_us(r->config.clock.self);
    if (database_now_us != 0)
        r->offset_us = database_now_us - mono;
    else
        database_now_us = mono + r->offset_us;
    outbox_emit(r, database_now_us, false, NULL);
    for (uint32_t i = 0; i < r->touched_count; i++) {
        r->touched[i]->touched = false;
        r->touched[i]->committed_seq = r->touched[i]->last_seq;
    }
    for (uint32_t i = 0; i < r->j->moves_count; i++) {
        cell *c = cell_table_find(&r->cells, &r->j->moves[i].actor);
        if (c->committed_incarnation != r->j->moves[i].new_incarnation)
            c->left_incarnation = c->committed_incarnation;
        c->committed_incarnation = r->j->moves[i].new_incarnation;
        c->committed_cursor = r->j->moves[i].new_cursor;
    }
    r->tally.facts = r->j->facts_count;
    r->tally.cells = r->touched_count;
    r->tally.commit_us = mono - started_us;
    r->config.report(r->config.report_self, &r->tally);
}

static store_result tick_close(runtime *r)
{
    cells_flush(r);
    int64_t started_us = r->config.clock.monotonic_us(r->config.clock.self), database_now_us = 0;
    store_result result = STORE_OK;
    if (bug_on(BUG_EARLY_REPLY))
        outbox_emit(r, r->now_us, false, NULL);
    if (r->j->moves_count > 0)
        result = r->config.store.commit(r->config.store.self, r->j, &database_now_us);
    if (result == STORE_OK)
        tick_committed(r, database_now_us, started_us);
    return result;
}

// What was handed over inside this host counts as stored now. A message whose actor has left is
// not: the silence lets its sender publish it.
static void handed_over_acknowledge(runtime *r, const inbound *messages, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (messages[i].token == 0 || cell_table_find(&r->cells, &messages[i].to.id) == NULL)
            continue;
        cell *from = cell_table_numbered(&r->cells, messages[i].from_number);
        if (from != NULL)
            ack_note_told(from, messages[i].token);
    }
}

store_result tick_run(runtime *r, const inbound *messages, uint32_t count, uint32_t *ret_done)
{
    tick_open(r);
    *ret_done = 0;
    store_result result = rows_fetch(r, messages, &count);
    if (result != STORE_OK)
        return result;
    uint32_t done = 0;
    while (done < count && tick_has_room(r))
        message_handle(r, &messages[done++]);
    *ret_done = done;
    timers_run(r);
    told_run(r);
    if (r->touched_count == 0)
        return STORE_OK;
    result = tick_close(r);
    if (result == STORE_OK)
        handed_over_acknowledge(r, messages, done);
    return result;
}

store_result tick_reject(runtime *r, const inbound *message)
{
    tick_open(r);
    cell *c = cell_table_find(&r->cells, &message->to.id);
    if (c == NULL)
        return STORE_OK;
    (void)cursor_move(c, message);
    tick_touch(r, c);
    arena_reset(&r->arena);
    Cavea__V1__Envelope *e = NULL;
    if (message->data_bytes <= ENVELOPE_BYTES_MAX)
        e = cavea__v1__envelope__unpack(&r->arena.allocator, message->data_bytes, message->data);
    digest32 digest = digest32_of(message->data, message->data_bytes);
    Cavea__V1__MessageRejected rejected = CAVEA__V1__MESSAGE_REJECTED__INIT;
    rejected.stream_sequence = (uint64_t)message->sequence;
    rejected.digest = (ProtobufCBinaryData){sizeof digest.bytes, digest.bytes};
    turn t = {.r = r, .c = c, .reply_to = nobody};
    uuid from;
    if (e != NULL && e->number > 0 && uuid_from_bytes(e->sender.data, e->sender.len, &from)) {
        rejected.sender = e->sender;
        rejected.number = e->number;
        (void)senders_note(&c->senders, &from, e->number, r->now_us);
    }
    c->ops->reject(c->state, &rejected, &t);
    runtime_report_now(r, REPORT_REJECTED, c);
    store_result result = tick_close(r);
    if (result == STORE_OK)
        handed_over_acknowledge(r, message, 1);
    return result;
}
