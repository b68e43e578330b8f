// A simulated organizer, who cancels some events and then sees to it that everybody has the money
// back: a few buyers with each command, again and again until none is left.
#include "chaos/sim/world.h"

static void refund_some(world *w, uint32_t event)
{
    Cavea__V1__RefundAll all = CAVEA__V1__REFUND_ALL__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    uuid id = fresh_id(w);
    all.limit = 1 + prng_below(&w->random, 20);
    command.id = binary(&id);
    command.body_case = CAVEA__V1__COMMAND__BODY_REFUND_ALL;
    command.refund_all = &all;
    note(w, "organizer.refunds", event, all.limit, 0, NULL);
    edge_ask(w, prng_below(&w->random, w->edges_count), w->events[event].actor, ASK_REFUND_ALL,
             event, &command, 2 * SECOND_US);
}

static void status_ask(world *w, uint32_t event)
{
    Cavea__V1__EventStatusSet set = CAVEA__V1__EVENT_STATUS_SET__INIT;
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    uuid id = fresh_id(w);
    set.status = CAVEA__V1__EVENT_STATUS__EVENT_STATUS_CANCELLED;
    command.id = binary(&id);
    command.body_case = CAVEA__V1__COMMAND__BODY_EVENT_STATUS_SET;
    command.event_status_set = &set;
    note(w, "organizer.cancels", event, 0, 0, NULL);
    edge_ask(w, prng_below(&w->random, w->edges_count), w->events[event].actor, ASK_STATUS, event,
             &command, 2 * SECOND_US);
}

// The command line is killed and started again at any moment: it begins with the status each time.
static void on_work(world *w, const happening *p)
{
    sim_event *e = &w->events[p->who];
    if (e->refunded)
        return;
    if (e->status != EVENT_CANCELLED)
        status_ask(w, p->who);
    else
        refund_some(w, p->who);
    happen(w, prng_between(&w->random, 100, 3000) * MS_US, *p);
}

void organizer_begin(world *w, uint32_t event)
{
    w->events[event].cancelling = true;
    happen(w, prng_between(&w->random, 2, 25) * SECOND_US,
           (happening){.run = on_work, .who = event});
}

void organizer_answered(world *w, const ask *a, const Cavea__V1__Reply *reply)
{
    if (reply != NULL && reply->error == ERROR_NONE && reply->left == 0)
        w->events[a->owner].refunded = true;
}
