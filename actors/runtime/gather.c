// Facts and live changes of several ticks that leave as one message. What an actor has to tell soon
// after it told something waits a little for what follows; after a pause it leaves at once.
// Everything here is in the database, too: what is lost with its host, or forgotten with a cell
// that is loaded again, is published from the rows of the facts, and who follows live changes
// notices a gap.
#include "actors/runtime/inside.h"

#include <stdlib.h>

bool gather_init(gather *g, int64_t every_ms)
{
    *g = (gather){.every_us = every_ms * 1000,
                  .pieces = calloc(GATHER_PIECES_MAX, sizeof *g->pieces),
                  .blob = {.bytes = malloc(GATHER_BYTES_MAX), .max = GATHER_BYTES_MAX}};
    return g->pieces != NULL && g->blob.bytes != NULL;
}

void gather_done(gather *g)
{
    free(g->pieces);
    free(g->blob.bytes);
    *g = (gather){0};
}

wire *gather_open(runtime *r, cell *c, gather_room room, int64_t first, uint32_t bytes_max)
{
    gather *g = &r->gathers[room];
    gathered *mine = &c->gathered[room];
    int64_t mono = r->config.clock.monotonic_us(r->config.clock.self);
    if (g->pieces_count == GATHER_PIECES_MAX || bytes_max > g->blob.max - g->blob.count ||
        mine->bytes + bytes_max > GATHER_MESSAGE_BYTES_MAX)
        gather_leave(r, room);
    if (mine->head == 0 &&
        (bytes_max > GATHER_MESSAGE_BYTES_MAX || mine->left_us + g->every_us <= mono)) {
        mine->left_us = mono;
        return NULL;
    }
    if (g->pieces_count == 0)
        g->due_us = mono + g->every_us;
    g->pieces[g->pieces_count++] = (gather_piece){.cell = c->number, .at = g->blob.count};
    if (mine->head == 0) {
        mine->head = g->pieces_count;
        mine->first = first;
    } else {
        g->pieces[mine->tail - 1].next = g->pieces_count;
    }
    mine->tail = g->pieces_count;
    return &g->blob;
}

void gather_close(runtime *r, cell *c, gather_room room)
{
    gather *g = &r->gathers[room];
    gather_piece *p = &g->pieces[c->gathered[room].tail - 1];
    assert(!g->blob.full); // there was room for bytes_max
    p->bytes = g->blob.count - p->at;
    c->gathered[room].bytes += p->bytes;
}

static void pieces_write(const gather *g, uint32_t head, wire *w)
{
    for (uint32_t i = head; i != 0; i = g->pieces[i - 1].next)
        wire_raw(w, g->blob.bytes + g->pieces[i - 1].at, g->pieces[i - 1].bytes);
}

static void message_leave(runtime *r, cell *c, gather_room room)
{
    wire *w = &r->out.scratch;
    gathered *mine = &c->gathered[room];
    w->count = 0;
    w->full = false;
    if (room == GATHER_FACTS) {
        facts_open(w, c, mine->first);
        pieces_write(&r->gathers[room], mine->head, w);
        facts_leave(r, c, w, mine->first);
    } else {
        // Encoded messages one behind the other are one that has the lists of all and the last
        // one's numbers; the first version is the first one's.
        pieces_write(&r->gathers[room], mine->head, w);
        wire_number(w, 1, (uint64_t)mine->first);
        subject live = subject_of(SUBJECT_LIVE, &c->ref);
        r->config.bus.send(r->config.bus.self, live.text, w->bytes, w->count);
    }
    *mine = (gathered){.left_us = r->config.clock.monotonic_us(r->config.clock.self)};
}

void gather_leave(runtime *r, gather_room room)
{
    gather *g = &r->gathers[room];
    for (uint32_t i = 0; i < g->pieces_count; i++) {
        cell *c = cell_table_numbered(&r->cells, g->pieces[i].cell);
        if (c != NULL && c->gathered[room].head == i + 1)
            message_leave(r, c, room);
    }
    g->pieces_count = 0;
    g->blob.count = 0;
}

void gather_leave_due(runtime *r)
{
    int64_t mono = r->config.clock.monotonic_us(r->config.clock.self);
    bool due = false;
    for (gather_room room = GATHER_FACTS; room < GATHER_ROOMS; room++) {
        if (r->gathers[room].pieces_count == 0 || r->gathers[room].due_us > mono)
            continue;
        gather_leave(r, room);
        due = true;
    }
    if (due)
        r->config.bus.flush(r->config.bus.self);
}

int64_t gather_rest_ms(runtime *r, int64_t timeout_ms)
{
    for (gather_room room = GATHER_FACTS; room < GATHER_ROOMS; room++) {
        const gather *g = &r->gathers[room];
        if (g->pieces_count == 0)
            continue;
        int64_t left_us = g->due_us - r->config.clock.monotonic_us(r->config.clock.self);
        int64_t until_ms = left_us <= 0 ? 0 : left_us / 1000 + 1;
        timeout_ms = until_ms < timeout_ms ? until_ms : timeout_ms;
    }
    return timeout_ms;
}
