// A host for tests of the runtime: ports in memory that write down what they are asked and answer
// as they are told, and an actor kind that takes one seat per Reserve. Include it in one source of
// a test program.
#ifndef CAVEA_TESTS_UNIT_ACTORS_RUNTIME_FAKE_HOST_H
#define CAVEA_TESTS_UNIT_ACTORS_RUNTIME_FAKE_HOST_H

#include "actors/runtime/runtime.h"
#include "schemas/digest.h"
#include "schemas/wire.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define FAKE_NOW_US (INT64_C(1800000000) * 1000000)

enum {
    FAKE_ACTORS = 3,
    FAKE_SEATS = 32,
    FAKE_POISON_SEAT = 13, // the store refuses whoever takes it
    FAKE_SENT_MAX = 256,
    FAKE_FACTS_MAX = 512,
    FAKE_SLOW_US = 700000, // longer than a silence, and than a page's patience
};

typedef struct fake_actor { // what the store has of it
    actor_ref ref;
    int64_t epoch, incarnation, cursor, last_seq, published_seq, published_incarnation;
    digest32 last_hash;
    bool ours; // the lease
    uint8_t senders[8192];
    uint32_t senders_bytes;
    uint8_t taken[FAKE_SEATS];
    fact_row facts[FAKE_FACTS_MAX]; // payload_at into bytes
    uint32_t facts_count;
    uint8_t bytes[FAKE_FACTS_MAX * 64];
    uint32_t bytes_count;
} fake_actor;

typedef struct fake_sent { // one message that left
    char to[SUBJECT_BYTES_MAX], id[96];
    bool stored;
    uint64_t cell;
    int64_t token;
    uint32_t bytes_count;
    uint8_t *bytes;
} fake_sent;

typedef struct fake_host {
    runtime *r;
    fake_actor actors[FAKE_ACTORS];
    int64_t database_us, mono_us;
    int64_t incarnation;
    // What the next commits do: ok, fenced, refused, unknown, or 'a' unknown after all was applied.
    // 's': slow, after which meanwhile() is called.
    const char *script;
    const char *gives; // the same of the next lease_give: ok, fenced, refused, unknown, 'a'
    void (*meanwhile)(struct fake_host *h);
    bool lease_silent; // lease_take and lease_release answer STORE_UNKNOWN
    bool load_fails;
    bool facts_silent; // load_facts answers STORE_UNKNOWN
    uint32_t fact_loads;
    uint32_t commits, loads, commit_actors, released, silent_releases, gives_count;
    uuid given_to;
    fake_sent sent[FAKE_SENT_MAX];
    uint32_t sent_count, flushed_count; // the first of them have left the line
    uint32_t attached, detached, effects, missed;
    uint32_t reports[16]; // by type
    actor_ref reported;   // the last one's
    uint32_t handled, seen;
    int64_t due_us;
    uint32_t on_time;
} fake_host;

static int64_t fake_gather_ms; // of the next host
static bus_port fake_bus;      // the same, when it is to have another than the one in memory

static fake_host *fake; // the kind's functions have no other way to it

static inline fake_actor *fake_actor_of(const actor_id *id)
{
    for (uint32_t i = 0; i < FAKE_ACTORS; i++)
        if (uuid_equal(&fake->actors[i].ref.id.u, &id->u))
            return &fake->actors[i];
    fail_msg("an unknown actor");
    return NULL;
}

// --- store -------------------------------------------------------------------------------------

static inline bool fake_refuses(const journal *j)
{
    for (uint32_t i = 0; i < j->claims_count; i++)
        if (j->claims[i].seat == FAKE_POISON_SEAT)
            return true;
    return false;
}

static inline void fake_apply(const journal *j)
{
    for (uint32_t i = 0; i < j->claims_count; i++) {
        actor_ref ref = actor_of_event(&j->claims[i].event);
        fake_actor_of(&ref.id)->taken[j->claims[i].seat]++;
    }
    for (uint32_t i = 0; i < j->facts_count; i++) {
        fake_actor *a = fake_actor_of(&j->facts[i].actor);
        fact_row *f = &a->facts[a->facts_count++];
        *f = j->facts[i];
        memcpy(a->bytes + a->bytes_count, j->blob + f->payload_at, f->payload_bytes);
        f->payload_at = a->bytes_count;
        a->bytes_count += f->payload_bytes;
    }
    for (uint32_t i = 0; i < j->moves_count; i++) {
        const lease_move *m = &j->moves[i];
        fake_actor *a = fake_actor_of(&m->actor);
        a->incarnation = m->new_incarnation;
        a->cursor = m->new_cursor;
        a->last_seq = m->last_seq;
        a->last_hash = m->last_hash;
        a->published_seq = m->published_seq;
        a->published_incarnation = m->published_incarnation;
        memcpy(a->senders, j->blob + m->senders_at, m->senders_bytes);
        a->senders_bytes = m->senders_bytes;
    }
}

static inline store_result fake_commit(void *self, const journal *j, int64_t *ret_now_us)
{
    fake_host *h = self;
    char what = h->script != NULL && *h->script != 0 ? *h->script++ : 'o';
    h->commits++;
    h->commit_actors = j->moves_count;
    if (what == 's') {
        h->mono_us += FAKE_SLOW_US;
        h->database_us += FAKE_SLOW_US;
        h->meanwhile(h);
    }
    for (uint32_t i = 0; i < j->moves_count; i++) {
        const fake_actor *a = fake_actor_of(&j->moves[i].actor);
        if (!a->ours || a->epoch != j->moves[i].epoch)
            return STORE_FENCED;
    }
    if (what == 'f')
        return STORE_FENCED;
    if (what == 'u')
        return STORE_UNKNOWN;
    if (what == 'r' || fake_refuses(j))
        return STORE_REFUSED;
    fake_apply(j);
    *ret_now_us = h->database_us;
    return what == 'a' ? STORE_UNKNOWN : STORE_OK;
}

static inline store_result fake_still_held(void *self, const lease_move *moves, uint32_t count,
                                           bool *ret_held)
{
    (void)self;
    for (uint32_t i = 0; i < count; i++) {
        const fake_actor *a = fake_actor_of(&moves[i].actor);
        ret_held[i] = a->ours && a->epoch == moves[i].epoch;
    }
    return STORE_OK;
}

static inline store_result fake_lease_take(void *self, const actor_ref *actor, lease *ret_lease,
                                           bool *ret_taken, uuid *ret_holder)
{
    fake_host *h = self;
    fake_actor *a = fake_actor_of(&actor->id);
    *ret_holder = (uuid){{9}};
    *ret_taken = a->ours;
    if (h->lease_silent)
        return STORE_UNKNOWN;
    if (!a->ours)
        return STORE_OK;
    a->epoch++;
    *ret_lease = (lease){.actor = *actor,
                         .epoch = a->epoch,
                         .incarnation = a->incarnation,
                         .cursor = a->cursor,
                         .last_seq = a->last_seq,
                         .last_hash = a->last_hash,
                         .published_incarnation = a->published_incarnation,
                         .published_seq = a->published_seq,
                         .now_us = h->database_us,
                         .senders = malloc(a->senders_bytes + 1),
                         .senders_bytes = a->senders_bytes};
    memcpy(ret_lease->senders, a->senders, a->senders_bytes);
    return STORE_OK;
}

static inline store_result fake_lease_release(void *self, const actor_id *actor, int64_t epoch)
{
    fake_host *h = self;
    fake_actor *a = fake_actor_of(actor);
    if (h->lease_silent)
        h->silent_releases++;
    if (h->lease_silent)
        return STORE_UNKNOWN;
    if (a->epoch != epoch)
        return STORE_FENCED;
    a->ours = false;
    h->released++;
    return STORE_OK;
}

static inline store_result fake_lease_give(void *self, const actor_id *actor, int64_t epoch,
                                           const uuid *to)
{
    fake_host *h = self;
    fake_actor *a = fake_actor_of(actor);
    char what = h->gives != NULL && *h->gives != 0 ? *h->gives++ : 'o';
    assert_int_equal(h->flushed_count, h->sent_count); // what it had to tell is told
    h->gives_count++;
    if (a->epoch != epoch || what == 'f')
        return STORE_FENCED;
    if (what == 'u')
        return STORE_UNKNOWN;
    if (what == 'r')
        return STORE_REFUSED;
    a->ours = false;
    a->epoch++;
    h->given_to = *to;
    return what == 'a' ? STORE_UNKNOWN : STORE_OK;
}

static inline store_result fake_load_facts(void *self, const actor_id *actor, int64_t after_seq,
                                           uint32_t facts_max, fact_page *ret_page)
{
    fake_host *h = self;
    const fake_actor *a = fake_actor_of(actor);
    h->fact_loads++;
    if (h->facts_silent)
        return STORE_UNKNOWN;
    fact_page page = {.facts = calloc(facts_max, sizeof *page.facts), .bytes = malloc(65536)};
    memcpy(page.bytes, a->bytes, a->bytes_count);
    for (uint32_t i = 0; i < a->facts_count && page.facts_count < facts_max; i++)
        if (a->facts[i].seq > after_seq)
            page.facts[page.facts_count++] =
                (stored_fact){a->facts[i].seq, a->facts[i].kind, a->facts[i].payload_at,
                              a->facts[i].payload_bytes, a->facts[i].hash};
    *ret_page = page;
    return STORE_OK;
}

static inline store_result fake_now(void *self, int64_t *ret_now_us)
{
    *ret_now_us = ((fake_host *)self)->database_us;
    return STORE_OK;
}

// --- bus, clock, performer -----------------------------------------------------------------------

static inline void fake_keep(fake_host *h, const char *to, const void *data, uint32_t data_bytes,
                             const char *id, bool stored, uint64_t cell_number, int64_t token)
{
    assert_true(h->sent_count < FAKE_SENT_MAX);
    fake_sent *s = &h->sent[h->sent_count++];
    *s = (fake_sent){.stored = stored,
                     .cell = cell_number,
                     .token = token,
                     .bytes_count = data_bytes,
                     .bytes = malloc(data_bytes + 1)};
    snprintf(s->to, sizeof s->to, "%s", to);
    snprintf(s->id, sizeof s->id, "%s", id == NULL ? "" : id);
    memcpy(s->bytes, data, data_bytes);
}

static inline void fake_publish(void *self, const subject *to, const void *data,
                                uint32_t data_bytes, const char *msg_id, uint64_t cell_number,
                                int64_t token)
{
    fake_keep(self, to->text, data, data_bytes, msg_id, true, cell_number, token);
}

static inline void fake_send(void *self, const char *to, const void *data, uint32_t data_bytes)
{
    fake_keep(self, to, data, data_bytes, NULL, false, 0, 0);
}

static inline void fake_attach(void *self, uint64_t cell_number, const actor_ref *actor,
                               int64_t incarnation, int64_t cursor)
{
    (void)cell_number;
    (void)actor;
    (void)incarnation;
    (void)cursor;
    ((fake_host *)self)->attached++;
}

static inline void fake_detach(void *self, uint64_t cell_number)
{
    (void)cell_number;
    ((fake_host *)self)->detached++;
}

static inline int64_t fake_incarnation(void *self)
{
    return ((fake_host *)self)->incarnation;
}

static inline void fake_flush(void *self)
{
    fake_host *h = self;
    h->flushed_count = h->sent_count;
}

static inline void fake_missed(void *self, uint64_t cell_number)
{
    (void)cell_number;
    ((fake_host *)self)->missed++;
}

static inline int64_t fake_monotonic_us(void *self)
{
    return ((fake_host *)self)->mono_us;
}

static inline bool fake_start(void *self, const effect *e)
{
    (void)e;
    ((fake_host *)self)->effects++;
    return true;
}

static inline void fake_report(void *self, const runtime_report *report)
{
    fake_host *h = self;
    h->reports[report->type]++;
    h->reported = report->actor;
}

#endif
