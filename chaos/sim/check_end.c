// What must be true once everything has drained: the books balance between the provider, the rows
// and the facts, and nobody waits for anything.
#include "actors/event/codec.h"
#include "actors/payment/payment.h"
#include "actors/runtime/event_restore.h"
#include "actors/runtime/inside.h"
#include "chaos/sim/world.h"

static const event_terms no_terms;

static event_state *state_of_rows(world *w, uint32_t event)
{
    event_image image __attribute__((cleanup(event_image_done))) = {0};
    rows_image(w, event, &image);
    event_state *s =
        event_image_restore(&image, w->houses[w->events[event].house], &no_terms, w->now_us);
    if (s == NULL)
        broken(w, "an event's rows cannot be");
    return s;
}

// A new event's status is the one it was created with.
static event_state *state_of_facts(world *w, uint32_t event)
{
    event_image image __attribute__((cleanup(event_image_done))) = {0};
    const sim_event *e = &w->events[event];
    const sim_actor *a = &w->actors[e->actor];
    rows_image(w, event, &image);
    image.status = e->sale_starts_us != 0 ? EVENT_SCHEDULED : EVENT_ON_SALE;
    event_config config = event_image_config(&image, &no_terms);
    event_seats seats = event_plan_seats(w->houses[e->house]);
    event_state *s = event_state_new(&config, &seats);
    for (uint32_t i = 0; s != NULL && i < a->facts_count; i++) {
        event_fact f;
        bool roomy = event_make_room(s, 1, w->now_us);
        assert(roomy);
        if (event_fact_read(a->fact_bytes + a->facts[i].payload_at, a->facts[i].payload_bytes, NULL,
                            &f))
            event_apply(s, &f);
        else
            broken(w, "fact %u of an event cannot be read", i + 1);
    }
    return s;
}

void check_digests(world *w)
{
    for (uint32_t i = 0; i < w->events_count; i++) {
        event_state *rows = state_of_rows(w, i), *facts = state_of_facts(w, i);
        if (rows == NULL || facts == NULL)
            return;
        digest32 a = event_digest(rows), b = event_digest(facts);
        if (!digest32_equal(&a, &b))
            broken(w, "the state rebuilt from facts is not the one in the rows");
        if (event_claimed(facts) != (int32_t)seats_claimed(w, i))
            broken(w, "the facts claim %d seats, the rows %u", event_claimed(facts),
                   seats_claimed(w, i));
        event_state_free(rows);
        event_state_free(facts);
    }
}

static uint32_t tickets_valid(const world *w, uint32_t reservation)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->tickets_count; i++)
        n += w->tickets[i].reservation == reservation && w->tickets[i].state == 1;
    return n;
}

static bool payment_final(const payment_row *p)
{
    switch ((payment_state)p->state) {
    case PAYMENT_OPEN:
    case PAYMENT_DECLINED:
    case PAYMENT_CANCELLED:
    case PAYMENT_CONFIRMED:
    case PAYMENT_REFUNDED:
        return true;
    case PAYMENT_PROCESSING: // as long as the provider says so too
    case PAYMENT_CREATED:
    case PAYMENT_CAPTURED:
    case PAYMENT_REFUND_DUE:
    case PAYMENT_REFUNDING:
    case PAYMENT_REFUND_FAILED:
    case PAYMENT_NONE:
    case PAYMENT_STATES_END:
        break;
    }
    return false;
}

static bool refund_unknown(const world *w, const event_image_reservation *r)
{
    uint32_t n = key_map_get(&w->by_payment, &r->payment);
    const payment_row *p = n == KEY_MAP_NONE ? NULL : &w->payments[n];
    return p != NULL && p->state == PAYMENT_CONFIRMED && p->captured_minor > 0 &&
           p->kept_minor == 0;
}

static const char *reservation_waits(const world *w)
{
    for (uint32_t i = 0; i < w->reservations_count; i++) {
        const event_image_reservation *r = &w->reservations[i].row;
        if (r->state == 1)
            return "a reservation is still held";
        if (r->state == 2 && tickets_valid(w, i) < r->seats_count)
            return "a sold seat has no ticket";
        if (r->state == 2 && !uuid_is_zero(&r->payment.u) &&
            key_map_get(&w->by_payment, &r->payment) == KEY_MAP_NONE)
            return "a checkout has no payment";
        if (r->state == 5 && tickets_valid(w, i) > 0)
            return "a seat that was given back has a valid ticket";
        if (r->state == 5 && refund_unknown(w, r))
            return "a payment does not know that its seats were given back";
    }
    return NULL;
}

static const char *money_waits(const world *w)
{
    for (uint32_t i = 0; i < w->payments_count; i++)
        if (!payment_final(&w->payments[i]))
            return "a payment is under way";
    for (uint32_t i = 0; i < w->intents_count; i++) {
        const sim_intent *intent = &w->intents[i];
        uint32_t n = key_map_get(&w->by_payment, &intent->payment);
        if (intent->pending > 0)
            return "the provider is not done";
        if (intent->captured_minor > 0 && n != KEY_MAP_NONE &&
            w->payments[n].state < PAYMENT_CONFIRMED)
            return "captured money was not heard of";
    }
    for (uint32_t i = 0; i < w->callbacks_count; i++)
        if (!w->callbacks[i].taken)
            return "a notice of the provider was not taken";
    return NULL;
}

bool check_drained(const world *w, const char **ret_waits_for)
{
    const char *what = reservation_waits(w);
    if (what == NULL)
        what = money_waits(w);
    for (uint32_t i = 0; what == NULL && i < w->events_count; i++)
        if (w->events[i].cancelling && !w->events[i].refunded)
            what = "a cancelled event is not refunded yet";
    for (uint32_t i = 0; what == NULL && i < w->buyers_count; i++)
        if (w->buyers[i].doing != BUYER_WANTS && w->buyers[i].doing != BUYER_LEFT)
            what = "a buyer is still there";
    for (uint32_t i = 0; what == NULL && i < w->actors_count; i++)
        for (uint32_t k = 0; k < w->actors[i].facts_count; k++)
            if (!w->actors[i].facts[k].published)
                what = "a fact was never published";
    *ret_waits_for = what;
    return what == NULL;
}

static void check_intent(world *w, const sim_intent *intent)
{
    uint32_t n = key_map_get(&w->by_payment, &intent->payment), refunds = 0;
    int64_t back_minor = 0;
    if (n == KEY_MAP_NONE)
        return broken(w, "the provider has an intent of no payment");
    const payment_row *p = &w->payments[n];
    uint32_t r = key_map_get(&w->by_reservation, &p->reservation);
    for (uint32_t i = 0; i < intent->refunds_count; i++)
        if (intent->refunds[i].status == PROVIDER_REFUNDED) {
            refunds++;
            back_minor += intent->refunds[i].amount_minor;
        }
    if (intent->captured_minor == 0 && p->captured_minor != 0)
        return broken(w, "a payment counts money that was never captured");
    if (intent->captured_minor == 0)
        return;
    const event_image_reservation *row = &w->reservations[r].row;
    bool confirmed = p->state == PAYMENT_CONFIRMED && row->state == 2 &&
                     uuid_equal(&row->payment.u, &p->id.u) && refunds == 0;
    // Given back under the policy, the buyer has the share that the event actor decided.
    bool given_back = row->state == 5 && uuid_equal(&row->payment.u, &p->id.u);
    int64_t due_minor = given_back ? row->refund_minor : intent->captured_minor;
    bool kept = given_back && due_minor == 0 && p->state == PAYMENT_CONFIRMED && refunds == 0;
    bool refunded = kept || (p->state == PAYMENT_REFUNDED && refunds == 1 &&
                             back_minor == due_minor && p->refunded_minor == due_minor);
    if (confirmed == refunded)
        broken(w,
               "captured money is neither confirmed nor refunded once: payment in state %d, "
               "%u refunds",
               p->state, refunds);
    w->outcome.refunded += refunded;
}

static void check_books(world *w)
{
    int64_t taken_minor = 0, sold_minor = 0, kept_minor = 0;
    uint32_t seats_sold = 0, valid = 0;
    for (uint32_t i = 0; i < w->intents_count; i++) {
        check_intent(w, &w->intents[i]);
        taken_minor += w->intents[i].captured_minor;
        for (uint32_t k = 0; k < w->intents[i].refunds_count; k++)
            if (w->intents[i].refunds[k].status == PROVIDER_REFUNDED)
                taken_minor -= w->intents[i].refunds[k].amount_minor;
    }
    for (uint32_t i = 0; i < w->reservations_count; i++) {
        const event_image_reservation *r = &w->reservations[i].row;
        w->outcome.late += r->outcome == PAYMENT_SAME_SEATS || r->outcome == PAYMENT_OTHER_SEATS;
        w->outcome.given_back += r->state == RESERVATION_REFUNDED;
        if (r->state == RESERVATION_REFUNDED)
            kept_minor += r->total_minor - r->refund_minor;
        if (r->state != RESERVATION_CONFIRMED)
            continue;
        if (w->events[w->reservations[i].event].refunded)
            broken(w, "a cancelled event has a confirmed reservation in the end");
        uint32_t n = key_map_get(&w->by_payment, &r->payment);
        if (n == KEY_MAP_NONE || w->payments[n].state != PAYMENT_CONFIRMED)
            broken(w, "a confirmed reservation has no confirmed payment");
        w->outcome.confirmed++;
        sold_minor += r->total_minor;
        seats_sold += r->seats_count;
    }
    for (uint32_t i = 0; i < w->tickets_count; i++)
        valid += w->tickets[i].state == 1;
    if (taken_minor != sold_minor + kept_minor)
        broken(w, "seats for %lld were sold, %lld was kept, and %lld was taken",
               (long long)sold_minor, (long long)kept_minor, (long long)taken_minor);
    if (valid != seats_sold)
        broken(w, "%u tickets are valid for %u sold seats", valid, seats_sold);
}

static void check_views(world *w)
{
    for (uint32_t i = 0; i < w->edges_count; i++)
        for (uint32_t k = 0; k < w->events_count; k++)
            check_view(w, &w->edges[i].views[k], k);
}

// What a host believes of an actor that it holds is what the store has.
void check_cells(world *w)
{
    for (uint32_t i = 0; i < w->hosts_count; i++) {
        const runtime *r = w->hosts[i].runtime;
        for (uint32_t k = 0; r != NULL && k < r->cells.list_count; k++) {
            const cell *c = r->cells.list[k];
            const sim_actor *a = &w->actors[actor_index(w, &c->ref.id)];
            if (c->epoch != a->epoch || c->stale)
                continue; // it will notice with its next commit
            if (!uuid_equal(&a->holder, &w->hosts[i].id))
                broken(w, "two hosts have one epoch of an actor");
            if (c->last_seq != a->last_seq || c->committed_seq != a->last_seq ||
                c->committed_incarnation != a->incarnation || c->committed_cursor != a->cursor ||
                (!c->ops->is_volatile && c->cursor != a->cursor))
                broken(w,
                       "a host believes in fact %lld and cursor %lld, the store in %lld and %lld",
                       (long long)c->last_seq, (long long)c->committed_cursor,
                       (long long)a->last_seq, (long long)a->cursor);
        }
    }
}

void check_end(world *w)
{
    check_cells(w);
    check_rows(w);
    check_digests(w);
    check_books(w);
    check_money_end(w);
    check_views(w);
}
