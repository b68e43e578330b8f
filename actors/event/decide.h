// What the files of the deciding side share: they read state and fill effects. This folder only.
#ifndef CAVEA_ACTORS_EVENT_DECIDE_H
#define CAVEA_ACTORS_EVENT_DECIDE_H

#include "actors/event/state.h"

static inline void event_refuse(event_effects *e, error_code code)
{
    e->refusal = code;
}
static inline bool event_seat_listed(const uint32_t *list, uint32_t count, uint32_t seat)
{
    for (uint32_t i = 0; i < count; i++)
        if (list[i] == seat)
            return true;
    return false;
}

// decide.c
event_fact *event_fact_add(event_effects *e, event_fact_type type, const event_command *c);
void event_fact_seats(const event_state *s, const event_record *r, event_fact *f);
event_fact *event_fact_ended(const event_state *s, event_effects *e, const event_command *c,
                             const event_record *r, reservation_state state);
// Whether a buyer could have the seat now; an overdue hold does not count any more.
bool event_seat_free(const event_state *s, uint32_t seat, int64_t now_us);
// Ends the overdue holds that own any of the seats, each once.
void event_expire_owners(const event_state *s, const event_command *c, const uint32_t *seats,
                         uint32_t seats_count, event_effects *e);
// Somebody else's reservation looks like no reservation: EVENT_NOBODY.
uint32_t event_own_reservation(const event_state *s, const event_command *c);
bool event_paid_by(const event_state *s, const event_record *r, const payment_id *payment);
void event_decide_cancel(const event_state *s, const event_command *c, event_effects *e);

// near.c: seats that would do instead of others, nearest first.
// Of the conflicts in e: open seats of the same category and section.
void event_alternatives_find(const event_state *s, const event_command *c, event_effects *e);
// As many open seats as r has, side by side in one row and of one category: that of its dearest
// seat, in the same section or else in another; or else of the cheapest category that costs at
// least as much as was paid for that seat. Seats for wheelchairs and their companions are neither
// given nor given up this way. False: there are none.
bool event_seats_beside(const event_state *s, const event_record *r,
                        uint32_t ret_seats[static SEATS_PER_RESERVATION_MAX]);

// money.c
void event_decide_payment(const event_state *s, const event_command *c, event_effects *e);
void event_decide_release(const event_state *s, const event_command *c, event_effects *e);
void event_decide_cancel_confirmed(const event_state *s, const event_command *c, event_effects *e);
void event_decide_refund_all(const event_state *s, const event_command *c, event_effects *e);

#endif
