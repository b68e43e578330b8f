// Messages to actors of other hosts, until somebody has decided on them.
#include "actors/runtime/inside.h"
#include "schemas/bug.h"

#include <stdlib.h>

bool untaken_init(untaken_ring *u)
{
    *u = (untaken_ring){.list = calloc(UNTAKEN_MAX, sizeof *u->list), .first = 1};
    return u->list != NULL;
}

static untaken *untaken_at(const untaken_ring *u, int64_t token)
{
    return &u->list[token % UNTAKEN_MAX];
}

static void forget(untaken_ring *u, untaken *m)
{
    if (m->bytes == NULL)
        return;
    u->bytes -= m->bytes_count;
    free(m->bytes);
    m->bytes = NULL;
}

void untaken_done(untaken_ring *u)
{
    for (uint32_t i = 0; u->list != NULL && i < UNTAKEN_MAX; i++)
        forget(u, &u->list[i]);
    free(u->list);
    *u = (untaken_ring){0};
}

bool untaken_begin(const runtime *r, wire *envelope)
{
    const untaken_ring *u = &r->untaken;
    if (u->tokens + 1 - u->first >= UNTAKEN_MAX ||
        u->bytes + envelope->count + RECEIPT_BYTES_MAX + SEAL_WIRE_BYTES > UNTAKEN_BYTES_MAX)
        return false;
    subject receipt = subject_ack(&r->config.host, 0, (uint64_t)u->tokens + 1);
    wire_bytes(envelope, 3, (const uint8_t *)receipt.text, (uint32_t)strlen(receipt.text));
    return true;
}

void untaken_keep(runtime *r, const cell *from, const actor_ref *to, const wire *envelope)
{
    untaken_ring *u = &r->untaken;
    uint8_t *copy = malloc(envelope->count);
    if (copy == NULL)
        return;
    memcpy(copy, envelope->bytes, envelope->count);
    int64_t mono = r->config.clock.monotonic_us(r->config.clock.self);
    *untaken_at(u, ++u->tokens) = (untaken){.to = *to,
                                            .from = from->number,
                                            .due_us = mono + UNTAKEN_FIRST_MS * 1000,
                                            .bytes_count = envelope->count,
                                            .bytes = copy};
    u->bytes += envelope->count;
}

static void first_move(untaken_ring *u)
{
    while (u->first <= u->tokens && untaken_at(u, u->first)->bytes == NULL)
        u->first++;
}

void untaken_note(runtime *r, int64_t token)
{
    untaken_ring *u = &r->untaken;
    if (token < u->first || token > u->tokens)
        return; // of an earlier life, or a late one
    forget(u, untaken_at(u, token));
    first_move(u);
}

static void send_directly(runtime *r, untaken *m)
{
    subject direct = subject_of(SUBJECT_DIRECT, &m->to);
    r->config.bus.send(r->config.bus.self, direct.text, m->bytes, m->bytes_count);
    runtime_report_now(r, REPORT_DIRECT, cell_table_numbered(&r->cells, m->from));
    wake_emit(r, &m->to);
    m->tries++;
    m->due_us = r->config.clock.monotonic_us(r->config.clock.self) +
                ((int64_t)UNTAKEN_FIRST_MS * 1000 << m->tries);
}

void untaken_upkeep(runtime *r)
{
    untaken_ring *u = &r->untaken;
    bool sent = false;
    if (bug_on(BUG_NO_RESEND))
        return;
    for (int64_t token = u->first; token <= u->tokens; token++) {
        untaken *m = untaken_at(u, token);
        // By the clock of when the mailbox was emptied: what came during a slow commit has come.
        if (m->bytes == NULL || m->due_us > r->noted_us)
            continue;
        if (m->tries == UNTAKEN_TRIES_MAX) {
            forget(u, m);
            continue;
        }
        send_directly(r, m);
        sent = true;
    }
    first_move(u);
    if (sent)
        r->config.bus.flush(r->config.bus.self);
}
