// Giving an actor to another host while it works. The lease goes over in one statement that also
// begins another epoch, so nobody else can have it in between; what is queued here is dropped, and
// the new holder reads it from the stream behind the cursor, or gets it when it is sent again.
#include "actors/runtime/inside.h"

bool runtime_move(runtime *r, const actor_ref *actor, const uuid *to)
{
    pthread_mutex_lock(&r->moves.mutex);
    bool taken = r->moves.count < MOVES_MAX;
    if (taken)
        r->moves.wanted[r->moves.count++] = (move_wanted){*actor, *to};
    pthread_mutex_unlock(&r->moves.mutex);
    return taken;
}

static bool move_take(runtime *r, move_wanted *ret_wanted)
{
    pthread_mutex_lock(&r->moves.mutex);
    bool taken = r->moves.count > 0;
    if (taken)
        *ret_wanted = r->moves.wanted[--r->moves.count];
    pthread_mutex_unlock(&r->moves.mutex);
    return taken;
}

// Tells a host that it was chosen, whatever it thinks of who should have the actor.
static void chosen_wake(runtime *r, const actor_ref *actor, const uuid *host)
{
    uint8_t text[32];
    wire w = {.bytes = text, .max = sizeof text};
    wire_number(&w, 1, (uint64_t)actor->kind);
    wire_bytes(&w, 2, actor->id.u.bytes, sizeof actor->id.u.bytes);
    wire_number(&w, 4, 1);
    subject to = subject_host(host);
    r->config.bus.send(r->config.bus.self, to.text, w.bytes, w.count);
    r->config.bus.flush(r->config.bus.self); // its buyers wait already
}

void moves_run(runtime *r)
{
    move_wanted m;
    while (move_take(r, &m)) {
        cell *c = cell_table_find(&r->cells, &m.actor.id);
        if (c == NULL || uuid_equal(&m.to, &r->config.host))
            continue;
        gather_leave_all(r); // what it has to tell is told before it goes
        store_result given =
            r->config.store.lease_give(r->config.store.self, &m.actor.id, c->epoch, &m.to);
        if (given == STORE_REFUSED)
            continue; // that host is gone: the actor stays
        // Given, lost before, or unknown: whoever has the lease now, we begin anew.
        if (given == STORE_OK)
            runtime_report_now(r, REPORT_MOVED, c);
        runtime_drop(r, c);
        chosen_wake(r, &m.actor, &m.to);
    }
}
