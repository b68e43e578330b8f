#include "actors/runtime/inside.h"

#include <stdlib.h>

// Items and effects are written whole before they are read: megabytes that need not be cleared.
bool outbox_init(outbox *o)
{
    *o = (outbox){
        .items = malloc(OUTBOX_ITEMS_MAX * sizeof *o->items),
        .blob = {.bytes = malloc(OUTBOX_BYTES_MAX), .max = OUTBOX_BYTES_MAX},
        .destinations = calloc(OUTBOX_DESTINATIONS, sizeof *o->destinations),
        .effects = malloc(TICK_COMMANDS_MAX * sizeof *o->effects),
        .scratch = {.bytes = malloc(MESSAGE_BYTES_MAX), .max = MESSAGE_BYTES_MAX},
    };
    return o->items && o->blob.bytes && o->destinations && o->effects && o->scratch.bytes;
}

void outbox_done(outbox *o)
{
    free(o->items);
    free(o->blob.bytes);
    free(o->destinations);
    free(o->effects);
    free(o->scratch.bytes);
    *o = (outbox){0};
}

static uint32_t destination_of(const outbox *o, const cell *from, const actor_ref *to)
{
    uint64_t h;
    memcpy(&h, to->id.u.bytes + 8, sizeof h);
    uint32_t at = (uint32_t)((h ^ from->number) * 0x9e3779b97f4a7c15u >> 40);
    for (at &= OUTBOX_DESTINATIONS - 1; o->destinations[at] != 0;
         at = (at + 1) & (OUTBOX_DESTINATIONS - 1)) {
        const out_item *last = &o->items[o->destinations[at] - 1];
        if (last->from == from && uuid_equal(&last->to.id.u, &to->id.u))
            break;
    }
    return at;
}

void outbox_clear(outbox *o)
{
    for (uint32_t i = 0; i < o->items_count; i++)
        if (o->items[i].is_head) {
            memset(o->destinations, 0, OUTBOX_DESTINATIONS * sizeof *o->destinations);
            break;
        }
    o->items_count = o->effects_count = 0;
    o->blob.count = 0;
    o->blob.full = false;
}

bool outbox_has_room(const outbox *o, uint32_t cells)
{
    uint32_t items = 4 * ENVELOPE_COMMANDS_MAX + CELL_ITEMS_MAX * cells;
    return o->items_count + items < OUTBOX_ITEMS_MAX &&
           o->effects_count + ENVELOPE_COMMANDS_MAX < TICK_COMMANDS_MAX &&
           o->blob.max - o->blob.count > 4 * REPLY_BYTES_MAX;
}

static out_item *item_add(outbox *o, enum out_type type, cell *from)
{
    assert(o->items_count < OUTBOX_ITEMS_MAX);
    out_item *item = &o->items[o->items_count++];
    *item = (out_item){.type = type, .from = from, .bytes_at = o->blob.count, .next = UINT32_MAX};
    return item;
}

static void item_close(outbox *o, out_item *item)
{
    assert(!o->blob.full); // outbox_has_room was asked before each message
    item->bytes_count = o->blob.count - item->bytes_at;
}

void outbox_send(outbox *o, cell *from, const actor_ref *to, const Cavea__V1__Command *command,
                 bool is_new)
{
    uint32_t destination = destination_of(o, from, to);
    uint32_t previous = o->destinations[destination];
    out_item *item = item_add(o, OUT_SEND, from);
    item->to = *to;
    item->is_head = previous == 0;
    item->is_new = is_new;
    wire_message(&o->blob, 5, &command->base);
    item_close(o, item);
    if (previous != 0)
        o->items[previous - 1].next = o->items_count - 1;
    o->destinations[destination] = o->items_count;
}

void outbox_reply(outbox *o, cell *from, const char *to, uint64_t number, const wire *replies)
{
    out_item *item = item_add(o, OUT_REPLY, from);
    item->number = number;
    item->to_at = o->blob.count;
    wire_raw(&o->blob, to, (uint32_t)strnlen(to, SUBJECT_BYTES_MAX - 1));
    wire_raw(&o->blob, "", 1);
    item->bytes_at = o->blob.count;
    wire_raw(&o->blob, replies->bytes, replies->count);
    item_close(o, item);
}

void outbox_live(outbox *o, cell *from, const Cavea__V1__LiveDelta *delta)
{
    out_item *item = item_add(o, OUT_LIVE, from);
    size_t size = cavea__v1__live_delta__get_packed_size(delta);
    assert(size <= o->blob.max - o->blob.count);
    o->blob.count += (uint32_t)cavea__v1__live_delta__pack(delta, o->blob.bytes + o->blob.count);
    item->number = delta->first_version;
    item_close(o, item);
}

static void live_emit(runtime *r, const out_item *item)
{
    const uint8_t *delta = r->out.blob.bytes + item->bytes_at;
    wire *w = gather_open(r, item->from, GATHER_LIVE, (int64_t)item->number, item->bytes_count);
    if (w != NULL) {
        wire_raw(w, delta, item->bytes_count);
        gather_close(r, item->from, GATHER_LIVE);
        return;
    }
    subject live = subject_of(SUBJECT_LIVE, &item->from->ref);
    r->config.bus.send(r->config.bus.self, live.text, delta, item->bytes_count);
}

static wire *scratch_clear(outbox *o)
{
    o->scratch.count = 0;
    o->scratch.full = false;
    return &o->scratch;
}

static void reply_emit(runtime *r, const out_item *item, int64_t database_now_us)
{
    wire *w = scratch_clear(&r->out);
    wire_number(w, 1, item->number);
    wire_number(w, 2, (uint64_t)database_now_us);
    wire_number(w, 3, (uint64_t)item->from->last_seq);
    wire_raw(w, r->out.blob.bytes + item->bytes_at, item->bytes_count);
    r->config.bus.send(r->config.bus.self, (const char *)r->out.blob.bytes + item->to_at, w->bytes,
                       w->count);
}

void wake_send(runtime *r, const actor_ref *to)
{
    uint8_t wake[WAKE_BYTES_MAX];
    uint32_t wake_bytes = wake_write(to, false, wake);
    subject hosts = subject_wake(to->kind);
    r->config.bus.send(r->config.bus.self, hosts.text, wake, wake_bytes);
}

// A sleeping event must be woken for a message; one that was woken lately is not asked again.
void wake_emit(runtime *r, const actor_ref *to)
{
    if (to->kind != ACTOR_EVENT || cell_table_find(&r->cells, &to->id) != NULL)
        return;
    uint32_t at = (uint32_t)(to->id.u.bytes[14] << 8 | to->id.u.bytes[15]) % WAKES_REMEMBERED;
    if (uuid_equal(&r->wakes[at].actor.u, &to->id.u) && r->wakes[at].at_us + 1000000 > r->now_us)
        return;
    r->wakes[at].actor = to->id;
    r->wakes[at].at_us = r->now_us;
    wake_send(r, to);
}

// Between actors of one host a message needs no broker. It is awaited like one that the stream is
// to store, until what it changes is committed: if the host dies before, or the receiver leaves it,
// the facts that asked for the message are published again. Who keeps nothing starts from rows, and
// asks again for what was lost.
static bool envelope_hand_over(runtime *r, const out_item *head, cell_ack *ack)
{
    const cell *to = cell_table_find(&r->cells, &head->to.id);
    const wire *w = &r->out.scratch;
    if (to == NULL)
        return false;
    uint8_t *copy = malloc(w->count);
    if (copy == NULL)
        return false;
    memcpy(copy, w->bytes, w->count);
    inbound m = {.to = head->to,
                 .local = true,
                 .from_number = head->from->number,
                 .token = ack == NULL || to->ops->is_volatile ? 0 : ack->token,
                 .data = copy,
                 .data_bytes = w->count,
                 .owner = copy,
                 .release = free};
    if (!runtime_deliver(r, &m)) {
        free(copy);
        return false;
    }
    if (m.token != 0)
        ack->pending++;
    return true;
}

// Acknowledgements that came during the commit lie in the mailbox: it is no silence of the stream.
static bool stream_is_silent(const runtime *r, const cell *c)
{
    return c->resending || (c->awaited > 0 && c->heard_us + SILENCE_MS * 1000 < r->noted_us);
}

static void envelope_emit(runtime *r, const out_item *head, bool also_direct, cell_ack *ack)
{
    if (envelope_hand_over(r, head, ack))
        return;
    subject in = subject_of(SUBJECT_IN, &head->to);
    // Whoever keeps nothing asks again by itself.
    bool kept = !also_direct && !head->from->ops->is_volatile && untaken_begin(r, &r->out.scratch);
    seal_write(r->config.seals, &head->to, &r->out.scratch);
    if (kept)
        untaken_keep(r, head->from, &head->to, &r->out.scratch);
    publish_tracked(r, head->from, &in, &r->out.scratch, NULL, ack);
    // While the stream is silent nobody waits for a page to be sent again.
    if (also_direct || stream_is_silent(r, head->from) || head->from->ops->is_volatile) {
        subject direct = subject_of(SUBJECT_DIRECT, &head->to);
        r->config.bus.send(r->config.bus.self, direct.text, r->out.scratch.bytes,
                           r->out.scratch.count);
        runtime_report_now(r, REPORT_DIRECT, head->from);
    }
    wake_emit(r, &head->to);
}

// One envelope, or several when the chain is long, for all commands of one destination.
static void chain_emit(runtime *r, const out_item *head, bool also_direct, cell_ack *ack)
{
    wire *w = scratch_clear(&r->out);
    uint32_t commands = 0;
    for (const out_item *item = head;; item = &r->out.items[item->next]) {
        if (commands == ENVELOPE_COMMANDS_MAX ||
            w->count + item->bytes_count >
                ENVELOPE_BYTES_MAX - RECEIPT_BYTES_MAX - SEAL_WIRE_BYTES) {
            envelope_emit(r, head, also_direct, ack);
            scratch_clear(&r->out);
            commands = 0;
        }
        if (item->type == OUT_SEND) {
            wire_raw(w, r->out.blob.bytes + item->bytes_at, item->bytes_count);
            commands++;
        }
        if (item->next == UINT32_MAX)
            break;
    }
    if (commands > 0)
        envelope_emit(r, head, also_direct, ack);
}

static cell_ack *ack_of(cell *c)
{
    if (c->acks_count == 0 || c->resending)
        return NULL;
    cell_ack *newest = &c->acks[(c->acks_at + c->acks_count - 1) % CELL_ACKS_MAX];
    return newest->seq == c->last_seq ? newest : NULL;
}

void outbox_emit(runtime *r, int64_t database_now_us, bool also_direct, cell_ack *resent)
{
    outbox *o = &r->out;
    for (uint32_t i = 0; i < o->items_count; i++)
        if (o->items[i].type == OUT_REPLY)
            reply_emit(r, &o->items[i], database_now_us);
    for (uint32_t i = 0; i < r->touched_count; i++)
        facts_publish(r, r->touched[i]);
    for (uint32_t i = 0; i < o->items_count; i++) {
        const out_item *item = &o->items[i];
        if (item->is_head) {
            chain_emit(r, item, also_direct, also_direct ? resent : ack_of(item->from));
        } else if (item->type == OUT_LIVE) {
            live_emit(r, item);
        }
    }
    for (uint32_t i = 0; i < o->effects_count; i++)
        (void)r->config.perform.start(r->config.perform.self, &o->effects[i]);
    r->config.bus.flush(r->config.bus.self);
}
