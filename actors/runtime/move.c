// Giving an actor to another host while it works. The lease goes over in one statement that also
// begins another epoch, so nobody else can have it in between; what is queued here is dropped, and
// the new holder reads it from the stream behind the cursor, or gets it when it is sent again.
#include "actors/runtime/inside.h"

bool runtime_move(runtime *r, const actor_ref *actor, const uuid *to)
{
    pthread_mutex_lock(&r->moves.mutex);
    bool taken = r->moves.count < MOVES_MAX;
    if (taken)
        r->moves.wanted[(r->moves.at + r->moves.count++) % MOVES_MAX] = (move_wanted){*actor, *to};
    pthread_mutex_unlock(&r->moves.mutex);
    return taken;
}

static bool move_take(runtime *r, move_wanted *ret_wanted)
{
    pthread_mutex_lock(&r->moves.mutex);
    bool taken = r->moves.count > 0;
    if (taken) {
        *ret_wanted = r->moves.wanted[r->moves.at];
        r->moves.at = (r->moves.at + 1) % MOVES_MAX;
        r->moves.count--;
    }
    pthread_mutex_unlock(&r->moves.mutex);
    return taken;
}

static void move_report(runtime *r, enum runtime_report_type type, const actor_ref *actor)
{
    runtime_report report = {.type = type, .actor = *actor, .cells = 1};
    r->config.report(r->config.report_self, &report);
}

// Tells the host that it was chosen, whatever it thinks of who should have the actor. It may not
// hear it: the report makes our host ask it.
static void moved(runtime *r, const move_wanted *m)
{
    uint8_t wake[WAKE_BYTES_MAX];
    uint32_t wake_bytes = wake_write(&m->actor, true, wake);
    subject to = subject_host(&m->to);
    r->config.bus.send(r->config.bus.self, to.text, wake, wake_bytes);
    r->config.bus.flush(r->config.bus.self); // its buyers wait already
    move_report(r, REPORT_MOVED, &m->actor);
}

static void move_run(runtime *r, cell *c, const move_wanted *m)
{
    gather_leave_all(r); // what it has to tell is told before it goes
    r->config.bus.flush(r->config.bus.self);
    switch (r->config.store.lease_give(r->config.store.self, &m->actor.id, c->epoch, &m->to)) {
    case STORE_OK:
        runtime_drop(r, c);
        return moved(r, m);
    case STORE_REFUSED: // that host is gone: the actor stays
        return move_report(r, REPORT_UNMOVED, &m->actor);
    case STORE_FENCED: // somebody has it already
        move_report(r, REPORT_FENCED, &m->actor);
        return runtime_drop(r, c);
    case STORE_UNKNOWN:
        break;
    }
    // As after a commit of which nobody knows: nothing is decided until it was loaded again.
    move_report(r, REPORT_UNKNOWN, &m->actor);
    r->moves.unsure = *m;
    r->moves.is_unsure = true;
    r->touched[0] = c;
    r->touched_count = 1;
    c->stale = true;
    r->away = true;
}

// By now it was loaded again, or it is not ours any more.
static void unsure_settle(runtime *r)
{
    r->moves.is_unsure = false;
    if (cell_table_find(&r->cells, &r->moves.unsure.actor.id) == NULL)
        moved(r, &r->moves.unsure);
    else
        move_report(r, REPORT_UNMOVED, &r->moves.unsure.actor);
}

void moves_run(runtime *r)
{
    move_wanted m;
    if (r->moves.is_unsure)
        unsure_settle(r);
    while (move_take(r, &m)) {
        cell *c = cell_table_find(&r->cells, &m.actor.id);
        if (c != NULL && !uuid_equal(&m.to, &r->config.host))
            return move_run(r, c, &m); // one at a time: it may wait as long as a commit
        move_report(r, REPORT_UNMOVED, &m.actor);
    }
}
