// Publishing facts, following their acknowledgements, and publishing again what was not
// acknowledged: after a take-over, after a silence, after the stream was lost.
#include "actors/runtime/inside.h"
#include "schemas/bug.h"

// From the last acknowledged fact on, page by page; that has what was gathered, too.
void resend_begin(cell *c)
{
    c->resending = true;
    c->resend_from = c->published_seq;
    c->acks_count = 0;
    c->awaited = 0;
    memset(&c->gathered[GATHER_FACTS], 0, sizeof c->gathered[GATHER_FACTS]);
}

cell_ack *ack_open(runtime *r, cell *c, int64_t seq)
{
    if (c->acks_count == CELL_ACKS_MAX) { // the stream has been silent for long
        resend_begin(c);
        return NULL;
    }
    cell_ack *ack = &c->acks[(c->acks_at + c->acks_count++) % CELL_ACKS_MAX];
    *ack = (cell_ack){.seq = seq,
                      .token = ++c->tokens,
                      .sent_us = r->config.clock.monotonic_us(r->config.clock.self)};
    return ack;
}

static cell_ack *ack_newest(cell *c)
{
    return &c->acks[(c->acks_at + c->acks_count - 1) % CELL_ACKS_MAX];
}

static cell_ack *ack_find(cell *c, int64_t token)
{
    for (uint32_t i = 0; i < c->acks_count; i++) {
        cell_ack *ack = &c->acks[(c->acks_at + i) % CELL_ACKS_MAX];
        if (ack->token == token && ack->pending > 0)
            return ack;
    }
    return NULL;
}

static void acks_retire(cell *c)
{
    while (c->acks_count > 0 && c->acks[c->acks_at].pending == 0) {
        c->published_seq = c->acks[c->acks_at].seq;
        c->silences = 0;
        c->acks_at = (c->acks_at + 1) % CELL_ACKS_MAX;
        c->acks_count--;
    }
    if (c->resending && c->acks_count == 0) {
        c->resend_from = c->published_seq;
        c->resending = c->published_seq < c->last_seq;
    }
}

void ack_note(runtime *r, cell *c, int64_t token)
{
    cell_ack *ack = c->awaited == 0 ? NULL : ack_find(c, token);
    if (ack != NULL) {
        ack->pending--;
        c->awaited--;
        c->heard_us = r->config.clock.monotonic_us(r->config.clock.self);
    }
    acks_retire(c);
}

void ack_note_told(cell *c, int64_t token)
{
    cell_ack *ack = ack_find(c, token);
    if (ack != NULL)
        ack->pending--;
    acks_retire(c);
}

void publish_tracked(runtime *r, cell *c, const subject *to, const wire *message, const char *id,
                     cell_ack *ack)
{
    if (ack != NULL) {
        ack->pending++;
        if (c->awaited++ == 0)
            c->heard_us = r->config.clock.monotonic_us(r->config.clock.self);
    }
    r->config.bus.publish(r->config.bus.self, to, message->bytes, message->count, id, c->number,
                          ack == NULL ? 0 : ack->token);
}

static char *digits_write(char *at, int64_t v)
{
    char digits[24];
    uint32_t n = 0;
    for (; n == 0 || v > 0; v /= 10)
        digits[n++] = (char)('0' + v % 10);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

// last_seq: of a page of facts, which must not pass for the shorter message that began with the
// same fact; 0: as the tick made it.
static void batch_publish(runtime *r, cell *c, const wire *batch, int64_t first_seq,
                          int64_t last_seq, cell_ack *ack)
{
    char id[UUID_TEXT_BYTES + 48];
    uuid_format(&c->ref.id.u, id);
    char *at = id + UUID_TEXT_BYTES - 1;
    *at++ = ':';
    at = digits_write(at, first_seq);
    if (last_seq != 0) {
        *at++ = '-';
        at = digits_write(at, last_seq);
    }
    *at = 0;
    subject to = subject_of(SUBJECT_FACT, &c->ref);
    publish_tracked(r, c, &to, batch, id, ack);
}

void facts_open(wire *w, const cell *c, int64_t first_seq)
{
    w->count = 0;
    w->full = false;
    wire_bytes(w, 1, c->ref.id.u.bytes, sizeof c->ref.id.u.bytes);
    wire_number(w, 2, (uint64_t)first_seq);
}

static void batch_fact(wire *w, uint16_t kind, const uint8_t *payload, uint32_t payload_bytes)
{
    uint32_t bytes =
        1 + wire_varint_bytes(kind) + 1 + wire_varint_bytes(payload_bytes) + payload_bytes;
    wire_varint(w, 3 << 3 | 2);
    wire_varint(w, bytes);
    wire_number(w, 1, kind);
    wire_bytes(w, 2, payload, payload_bytes);
}

// The message that gathered facts will be is awaited from the first of them on, so that messages
// to other actors meanwhile, whose acknowledgements count for the same facts, do not pass for it.
static bool facts_gather(runtime *r, cell *c)
{
    int64_t first_seq = r->j->facts[c->first_fact].seq;
    uint32_t bytes = 0;
    for (uint32_t n = c->first_fact; n != UINT32_MAX; n = r->fact_next[n])
        bytes += r->j->facts[n].payload_bytes + FACT_HEAD_BYTES_MAX;
    wire *w = gather_open(r, c, GATHER_FACTS, first_seq, bytes);
    if (w == NULL)
        return false;
    if (c->gathered[GATHER_FACTS].bytes == 0) {
        cell_ack *ack = ack_open(r, c, c->last_seq);
        if (ack == NULL)
            return false;
        ack->pending = 1;
        ack->sent_us += r->gathers[GATHER_FACTS].every_us; // then at the latest
    }
    ack_newest(c)->seq = c->last_seq;
    for (uint32_t n = c->first_fact; n != UINT32_MAX; n = r->fact_next[n]) {
        const fact_row *f = &r->j->facts[n];
        batch_fact(w, f->kind, r->j->blob + f->payload_at, f->payload_bytes);
    }
    gather_close(r, c, GATHER_FACTS);
    return true;
}

void facts_leave(runtime *r, cell *c, const wire *batch, int64_t first_seq)
{
    cell_ack *ack = ack_newest(c);
    ack->sent_us = r->config.clock.monotonic_us(r->config.clock.self); // silence begins now
    batch_publish(r, c, batch, first_seq, 0, ack);
    ack->pending--;
}

// The facts of one tick of one cell: one message, or several when they are many.
void facts_publish(runtime *r, cell *c)
{
    if (c->first_fact == UINT32_MAX || (!c->resending && facts_gather(r, c)))
        return;
    cell_ack *ack = c->resending ? NULL : ack_open(r, c, c->last_seq);
    wire *w = &r->out.scratch;
    int64_t first_seq = r->j->facts[c->first_fact].seq;
    facts_open(w, c, first_seq);
    for (uint32_t n = c->first_fact; n != UINT32_MAX; n = r->fact_next[n]) {
        const fact_row *f = &r->j->facts[n];
        if (w->count + f->payload_bytes + FACT_HEAD_BYTES_MAX > w->max) {
            batch_publish(r, c, w, first_seq, 0, ack);
            first_seq = f->seq;
            facts_open(w, c, first_seq);
        }
        batch_fact(w, f->kind, r->j->blob + f->payload_at, f->payload_bytes);
    }
    batch_publish(r, c, w, first_seq, 0, ack);
}

// One page of stored facts, and the messages they ask for, over the stream and the direct path.
static store_result page_publish(runtime *r, cell *c)
{
    fact_page page __attribute__((cleanup(fact_page_done))) = {0};
    store_result result = r->config.store.load_facts(r->config.store.self, &c->ref.id,
                                                     c->resend_from, FACTS_PER_PAGE, &page);
    if (result != STORE_OK)
        return result;
    if (page.facts_count == 0) {
        c->resending = false;
        return STORE_OK;
    }
    int64_t seq = page.facts[page.facts_count - 1].seq;
    cell_ack *ack = ack_open(r, c, seq);
    if (ack == NULL)
        return STORE_OK;
    wire *w = &r->out.scratch;
    facts_open(w, c, page.facts[0].seq);
    for (uint32_t i = 0; i < page.facts_count; i++)
        batch_fact(w, page.facts[i].kind, page.bytes + page.facts[i].payload_at,
                   page.facts[i].payload_bytes);
    if (!w->full)
        batch_publish(r, c, w, page.facts[0].seq, seq, ack);
    outbox_clear(&r->out);
    r->touched_count = 0;
    r->now_us = runtime_now_us(r);
    turn t = {.r = r, .c = c, .reply_to = ""};
    for (uint32_t i = 0; i < page.facts_count; i++)
        c->ops->resend(&c->ref, page.facts[i].kind, page.bytes + page.facts[i].payload_at,
                       page.facts[i].payload_bytes, &t);
    outbox_emit(r, r->now_us, true, ack);
    return STORE_OK;
}

uint32_t resend_upkeep(runtime *r, cell *c)
{
    if (c->acks_count > 0) {
        // By the clock of when the mailbox was emptied: a slow commit of ours is no silence.
        int64_t patience_us = r->config.resend_ms * 1000 << c->silences;
        if (c->acks[c->acks_at].sent_us + patience_us > r->noted_us)
            return 0;
        c->silences += c->silences < RESEND_DOUBLINGS_MAX;
        resend_begin(c);
    }
    if (!c->resending || c->ops->resend == NULL || bug_on(BUG_NO_RESEND))
        return 0;
    return page_publish(r, c) == STORE_UNKNOWN ? RESEND_PAGES_MAX : 1;
}
