// The actor kind of fake_host.h, and what a test does with the host: opens actors, delivers
// envelopes, looks at what left. Include it after fake_host.h in one source of a test program.
#ifndef CAVEA_TESTS_UNIT_ACTORS_RUNTIME_FAKE_KIND_H
#define CAVEA_TESTS_UNIT_ACTORS_RUNTIME_FAKE_KIND_H

#include "tests/unit/actors/runtime/fake_host.h"

static seal_ring fake_seals; // its key is made by fake_setup

typedef struct fake_state {
    event_id id;
    uint8_t taken[FAKE_SEATS];
} fake_state;

static inline void *fake_load(kind_context *context, const actor_ref *actor,
                              store_result *ret_result)
{
    (void)context;
    fake->loads++;
    *ret_result = fake->load_fails ? STORE_UNKNOWN : STORE_OK;
    if (fake->load_fails)
        return NULL;
    fake_state *s = calloc(1, sizeof *s);
    s->id = actor_event(&actor->id);
    memcpy(s->taken, fake_actor_of(&actor->id)->taken, sizeof s->taken);
    return s;
}

static inline void fake_answer(turn *t, const Cavea__V1__Command *command, error_code error)
{
    Cavea__V1__Reply reply = CAVEA__V1__REPLY__INIT;
    reply.command_id = command->id;
    reply.error = (uint32_t)error;
    turn_reply(t, &reply);
}

static inline void fake_fact(turn *t, uint64_t number)
{
    Cavea__V1__MessageRejected m = CAVEA__V1__MESSAGE_REJECTED__INIT;
    m.number = number;
    turn_fact(t, 10, &m.base);
}

static inline void fake_reserve(fake_state *s, const Cavea__V1__Command *command, turn *t)
{
    uint32_t seat = command->reserve->seats[0];
    if (turn_seen(t) || s->taken[seat] > 0)
        return fake_answer(t, command, ERROR_SEATS_UNAVAILABLE);
    s->taken[seat]++;
    journal *j = turn_journal(t);
    j->claims[j->claims_count++] = (claim_row){s->id, (int32_t)seat, {{{1}}}};
    fake_fact(t, seat);
    fake_answer(t, command, ERROR_NONE);
}

// Reserve takes a seat; Expire lets actor 0 tell actor 1, twice, and actor 2; Cancel wants an
// effect; Checkout is answered by somebody else.
static inline void fake_handle(void *state, const Cavea__V1__Command *command, turn *t)
{
    const fake_state *s = state;
    event_id first = actor_event(&fake->actors[0].ref.id);
    fake->handled++;
    fake->seen += turn_seen(t);
    if (command->body_case == CAVEA__V1__COMMAND__BODY_RESERVE)
        return fake_reserve(state, command, t);
    if (command->body_case == CAVEA__V1__COMMAND__BODY_EXPIRE && uuid_equal(&s->id.u, &first.u)) {
        turn_send(t, &fake->actors[1].ref, command);
        turn_send(t, &fake->actors[2].ref, command);
        turn_send(t, &fake->actors[1].ref, command);
    } else if (command->body_case == CAVEA__V1__COMMAND__BODY_CANCEL) {
        effect e = {.type = EFFECT_INTENT_FETCH};
        turn_perform(t, &e);
        fake_answer(t, command, ERROR_NONE);
    }
}

static inline int64_t fake_next_due_us(const void *state)
{
    (void)state;
    return fake->due_us;
}

static inline void fake_on_time(void *state, turn *t)
{
    (void)state;
    (void)t;
    fake->on_time++;
    fake->due_us = INT64_MAX;
}

// A fact of seat n was told to actor 1.
static inline void fake_resend(const actor_ref *actor, uint16_t fact_kind, const uint8_t *payload,
                               uint32_t payload_bytes, turn *t)
{
    (void)actor;
    (void)fact_kind;
    (void)payload;
    (void)payload_bytes;
    Cavea__V1__Expire expire = CAVEA__V1__EXPIRE__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    command.body_case = CAVEA__V1__COMMAND__BODY_EXPIRE;
    command.expire = &expire;
    turn_send(t, &fake->actors[1].ref, &command);
}

static inline void fake_reject(void *state, const Cavea__V1__MessageRejected *rejected, turn *t)
{
    (void)state;
    turn_fact(t, 16, &rejected->base);
}

static kind_ops fake_kind = {
    .kind = ACTOR_EVENT,
    .load = fake_load,
    .free = free,
    .handle = fake_handle,
    .resend = fake_resend,
    .reject = fake_reject,
};

static inline cell *fake_cell(fake_host *h, uint32_t actor)
{
    kind_context context = {.store = {.self = h, .lease_take = fake_lease_take}};
    // cell_open would give it the real event's ops, whose load needs a plan: so open it by reload.
    static uint64_t numbers = 1000;
    cell *c = calloc(1, sizeof *c);
    c->number = ++numbers;
    c->ref = h->actors[actor].ref;
    c->ops = &fake_kind;
    bool lost = false;
    assert_int_equal(cell_reload(&context, c, &lost), STORE_OK);
    assert_false(lost);
    return c;
}

static inline void fake_open(fake_host *h, uint32_t actor)
{
    runtime_install(h->r, fake_cell(h, actor));
    runtime_step(h->r);
    assert_true(runtime_holds(h->r, &h->actors[actor].ref.id));
}

static inline int fake_setup(void **state)
{
    fake = calloc(1, sizeof *fake);
    fake->database_us = FAKE_NOW_US;
    fake->mono_us = 5000000;
    fake->incarnation = 7;
    fake->due_us = INT64_MAX;
    fake_seals = (seal_ring){.keys = {{{7}}}, .keys_count = 1};
    fake_kind.is_volatile = false;
    fake_kind.next_due_us = NULL;
    fake_kind.on_time = NULL;
    for (uint8_t i = 0; i < FAKE_ACTORS; i++) {
        event_id id = {uuid_v7_floor(1700000000000 + i)};
        id.u.bytes[15] = (uint8_t)(i * 16 + 1);
        fake->actors[i].ref = actor_of_event(&id);
        fake->actors[i].ours = true;
    }
    runtime_config parts = {
        .host = {{1}},
        .idle_ms = 60000,
        .resend_ms = 500,
        .facts_gather_ms = fake_gather_ms,
        .live_gather_ms = fake_gather_ms,
        .store = {.self = fake,
                  .commit = fake_commit,
                  .still_held = fake_still_held,
                  .lease_take = fake_lease_take,
                  .lease_release = fake_lease_release,
                  .lease_give = fake_lease_give,
                  .load_facts = fake_load_facts,
                  .now = fake_now},
        .bus = fake_bus.self != NULL
                   ? fake_bus
                   : (bus_port){fake, fake_publish, fake_send, fake_attach, fake_detach,
                                fake_incarnation, fake_flush, fake_missed},
        .clock = {fake, fake_monotonic_us},
        .seals = &fake_seals,
        .perform = {fake, fake_start},
        .report = fake_report,
        .report_self = fake,
    };
    fake->r = runtime_new(&parts);
    assert_non_null(fake->r);
    *state = fake;
    return 0;
}

static inline void fake_forget(fake_host *h)
{
    for (uint32_t i = 0; i < h->sent_count; i++)
        free(h->sent[i].bytes);
    h->sent_count = h->flushed_count = 0;
}

static inline int fake_teardown(void **state)
{
    fake_host *h = *state;
    runtime_free(h->r);
    fake_forget(h);
    free(h);
    return 0;
}

#define FAKE_REPLY "cavea.v1.reply.05000000-0000-0000-0000-000000000000.1"

typedef struct fake_envelope {
    uint32_t actor; // whose
    uint64_t number;
    int64_t sequence;     // 0: the direct path
    bool silent;          // nobody waits
    const char *reply_to; // NULL: FAKE_REPLY
    int64_t wait_until_us;
    uint32_t seats[8], seats_count;     // one Reserve for each
    Cavea__V1__Command__BodyCase other; // one more command
    bool unsealed;                      // also when it needs a seal
} fake_envelope;

static uint32_t released_count;
static inline void fake_release(void *owner)
{
    released_count++;
    free(owner);
}

static inline uint32_t fake_pack(const fake_envelope *e, uint8_t bytes[static 4096])
{
    static const uint8_t sender_id[16] = {5};
    wire w = {.bytes = bytes, .max = 4096};
    for (uint32_t i = 0; i < e->seats_count; i++) {
        Cavea__V1__Reserve reserve = CAVEA__V1__RESERVE__INIT;
        Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
        uint8_t id[16] = {(uint8_t)e->number, (uint8_t)i, 1};
        uint32_t seat = e->seats[i];
        reserve.n_seats = 1;
        reserve.seats = &seat;
        reserve.wait_until_us = e->wait_until_us;
        command.id = (ProtobufCBinaryData){16, id};
        command.body_case = CAVEA__V1__COMMAND__BODY_RESERVE;
        command.reserve = &reserve;
        wire_message(&w, 5, &command.base);
    }
    Cavea__V1__Expire expire = CAVEA__V1__EXPIRE__INIT;
    Cavea__V1__Cancel cancel = CAVEA__V1__CANCEL__INIT;
    Cavea__V1__Checkout checkout = CAVEA__V1__CHECKOUT__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    command.body_case = e->other;
    if (e->other == CAVEA__V1__COMMAND__BODY_EXPIRE)
        command.expire = &expire;
    else if (e->other == CAVEA__V1__COMMAND__BODY_CANCEL)
        command.cancel = &cancel;
    else if (e->other == CAVEA__V1__COMMAND__BODY_CHECKOUT)
        command.checkout = &checkout;
    if (e->other != CAVEA__V1__COMMAND__BODY__NOT_SET)
        wire_message(&w, 5, &command.base);
    wire_bytes(&w, 1, sender_id, 16);
    wire_number(&w, 2, e->number);
    const char *reply_to = e->reply_to != NULL ? e->reply_to : FAKE_REPLY;
    if (!e->silent)
        wire_bytes(&w, 3, reply_to, (uint32_t)strlen(reply_to));
    if (!e->unsealed && !seal_needless(e->other))
        seal_write(&fake_seals, &fake->actors[e->actor].ref, &w);
    assert_false(w.full);
    return w.count;
}

static inline void fake_deliver(fake_host *h, fake_envelope e)
{
    uint8_t bytes[4096];
    uint32_t count = fake_pack(&e, bytes);
    uint8_t *copy = malloc(count + 1);
    memcpy(copy, bytes, count);
    inbound m = {.to = h->actors[e.actor].ref,
                 .incarnation = e.sequence == 0 ? 0 : h->incarnation,
                 .sequence = e.sequence,
                 .data = copy,
                 .data_bytes = count,
                 .owner = copy,
                 .release = fake_release};
    assert_true(runtime_deliver(h->r, &m));
}

// Messages that left for a subject beginning so.
static inline uint32_t fake_left(const fake_host *h, const char *prefix)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < h->sent_count; i++)
        n += strncmp(h->sent[i].to, prefix, strlen(prefix)) == 0;
    return n;
}

// The error of reply `place` in the last answer that left; -1: no such reply.
static inline int fake_reply_error(const fake_host *h, uint32_t place)
{
    for (uint32_t i = h->sent_count; i-- > 0;) {
        if (strcmp(h->sent[i].to, FAKE_REPLY) != 0)
            continue;
        Cavea__V1__ReplyBatch *m =
            cavea__v1__reply_batch__unpack(NULL, h->sent[i].bytes_count, h->sent[i].bytes);
        assert_non_null(m);
        int error = place < m->n_replies ? (int)m->replies[place]->error : -1;
        cavea__v1__reply_batch__free_unpacked(m, NULL);
        return error;
    }
    return -1;
}

static inline subject fake_inbox(const fake_host *h, uint32_t actor)
{
    return subject_of(SUBJECT_IN, &h->actors[actor].ref);
}

static inline void fake_later(fake_host *h, int64_t ms)
{
    h->mono_us += ms * 1000;
    h->database_us += ms * 1000;
    runtime_step(h->r);
    runtime_upkeep(h->r);
    runtime_step(h->r);
}

#endif
