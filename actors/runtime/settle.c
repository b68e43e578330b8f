// What happens to messages when the store does not say yes. Nobody was answered meanwhile, so all
// of it can be decided again from what the database has.
#include "actors/runtime/inside.h"

static void touched_stale(runtime *r)
{
    for (uint32_t i = 0; i < r->touched_count; i++) {
        r->touched[i]->stale = true;
        r->touched[i]->touched = false;
    }
}

// The fence stopped the tick: whoever is not ours any more is dropped.
static void lost_drop(runtime *r)
{
    bool held[JOURNAL_ACTORS_MAX];
    uint32_t count = r->j->moves_count;
    if (r->config.store.still_held(r->config.store.self, r->j->moves, count, held) != STORE_OK)
        return; // loading again finds out
    for (uint32_t i = 0; i < count; i++) {
        cell *c = cell_table_find(&r->cells, &r->j->moves[i].actor);
        if (held[i] || c == NULL)
            continue;
        runtime_report_now(r, REPORT_FENCED, c);
        runtime_drop(r, c);
    }
}

bool reload_stale(runtime *r)
{
    for (uint32_t i = 0; i < r->touched_count; i++) {
        cell *c = r->touched[i];
        bool lost = false;
        if (c == NULL || !c->stale)
            continue;
        store_result result = cell_reload(&r->context, c, &lost);
        if (result == STORE_UNKNOWN)
            return false;
        r->touched[i] = NULL;
        c->stale = false;
        offset_learn(r, c->leased_us);
        if (lost || result != STORE_OK) {
            (void)r->config.store.lease_release(r->config.store.self, &c->ref.id, c->epoch);
            runtime_report_now(r, REPORT_FENCED, c);
            runtime_drop(r, c);
        }
    }
    r->touched_count = 0;
    return true;
}

static void postpone(runtime *r, const inbound *messages, uint32_t count)
{
    assert(r->messages_count + count <= TICK_MESSAGES_MAX);
    memmove(r->messages + r->messages_count, messages, count * sizeof *messages);
    r->messages_count += count;
}

static bool one_actor(const inbound *messages, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        if (!uuid_equal(&messages[i].to.id.u, &messages[0].to.id.u))
            return false;
    return true;
}

// Moves the messages of the first one's actor to the front, keeping each actor's order.
static uint32_t first_actor(runtime *r, inbound *messages, uint32_t count)
{
    uint32_t mine = 0, others = 0;
    actor_id id = messages[0].to.id;
    for (uint32_t i = 0; i < count; i++) {
        if (uuid_equal(&messages[i].to.id.u, &id.u))
            messages[mine++] = messages[i];
        else
            r->split[others++] = messages[i];
    }
    memcpy(messages + mine, r->split, others * sizeof *messages);
    return mine;
}

typedef enum attempt { ATTEMPT_DONE, ATTEMPT_REFUSED, ATTEMPT_AWAY } attempt;

// Runs messages until they are committed or the database refuses them; *at counts the committed.
static attempt run(runtime *r, const inbound *messages, uint32_t count, uint32_t *at)
{
    do {
        uint32_t done = 0;
        store_result result = tick_run(r, messages + *at, count - *at, &done);
        if (result == STORE_OK) {
            *at += done;
            continue;
        }
        // Without a touched cell nothing was decided: the rows that the commands need did not come.
        bool rows_missing = result == STORE_UNKNOWN && r->touched_count == 0;
        touched_stale(r);
        if (result == STORE_FENCED)
            lost_drop(r);
        else
            runtime_report_now(r, result == STORE_REFUSED ? REPORT_REFUSED : REPORT_UNKNOWN, NULL);
        if (!reload_stale(r) || rows_missing) {
            postpone(r, messages + *at, count - *at);
            return ATTEMPT_AWAY;
        }
        r->apart = r->apart || result == STORE_REFUSED;
        if (result == STORE_REFUSED)
            return ATTEMPT_REFUSED;
    } while (*at < count);
    return ATTEMPT_DONE;
}

// One message that the database refuses again and again, alone: skipped, recorded, reported.
static bool settle_poisoned(runtime *r, const inbound *message)
{
    for (uint32_t tries = 1; tries < POISON_TRIES_MAX; tries++) {
        uint32_t at = 0;
        attempt result = run(r, message, 1, &at);
        if (result != ATTEMPT_REFUSED)
            return result == ATTEMPT_DONE;
    }
    store_result result = tick_reject(r, message);
    if (result == STORE_OK)
        return true;
    touched_stale(r);
    if (reload_stale(r) && result != STORE_UNKNOWN)
        return true; // its actor was fenced meanwhile, or cannot even record it: the report tells
    postpone(r, message, 1);
    return false;
}

bool settle(runtime *r, inbound *messages, uint32_t count)
{
    uint32_t at = 0;
    attempt result = run(r, messages, count, &at);
    if (result != ATTEMPT_REFUSED)
        return result == ATTEMPT_DONE;
    if (count - at <= 1)
        return at == count || settle_poisoned(r, messages + at);
    bool solo = one_actor(messages + at, count - at);
    while (at < count) {
        uint32_t n = solo ? 1 : first_actor(r, messages + at, count - at);
        if (!settle(r, messages + at, n)) {
            postpone(r, messages + at + n, count - at - n);
            return false;
        }
        at += n;
    }
    return true;
}
