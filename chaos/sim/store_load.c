// What the simulated store tells: images of events, payments, deadlines, facts, and stuck work.
#include "chaos/sim/world.h"

static bool load_fails(const session *s)
{
    return session_away(s->world, s) ||
           prng_chance(&s->world->random, s->world->weather.load_fails);
}

void rows_image(const world *w, uint32_t event, event_image *ret_image)
{
    const sim_event *e = &w->events[event];
    event_image image = {.id = e->id,
                         .status = e->status,
                         .sale_starts_us = e->sale_starts_us,
                         .starts_us = e->starts_us,
                         .refunds = {2, {20, 6}, {100, 50}},
                         .fee_bp = 450,
                         .tax_bp = 1900,
                         .hold_seconds = e->hold_seconds,
                         .currency = "EUR",
                         .plan_hash = w->house_hashes[e->house],
                         .prices_count = 3};
    memcpy(image.price_minor, e->price_minor, sizeof e->price_minor);
    image.reservations = calloc(w->reservations_count + 1, sizeof *image.reservations);
    image.refusals = calloc(w->refusals_count + 1, sizeof *image.refusals);
    assert(image.reservations != NULL && image.refusals != NULL);
    for (uint32_t i = 0; i < w->reservations_count; i++)
        if (w->reservations[i].event == event)
            image.reservations[image.reservations_count++] = w->reservations[i].row;
    for (uint32_t i = 0; i < w->refusals_count; i++)
        if (w->refusals[i].event == event) {
            image.refusals[image.refusals_count].reservation = w->refusals[i].reservation;
            image.refusals[image.refusals_count++].payment = w->refusals[i].payment;
        }
    *ret_image = image;
}

// Never with a plan: every host has every plan, because the houses are never given back.
store_result session_load_event(void *self, const event_id *id, const digest32 *known_plans,
                                uint32_t known_plans_count, event_image *ret_image)
{
    session *s = self;
    uint32_t n = event_index(s->world, id);
    (void)known_plans;
    (void)known_plans_count;
    if (load_fails(s))
        return STORE_UNKNOWN;
    *ret_image = (event_image){0};
    if (n != NOBODY)
        rows_image(s->world, n, ret_image);
    return STORE_OK;
}

store_result session_load_payments(void *self, const payment_id *ids, uint32_t ids_count,
                                   payment_row *ret_rows, uint32_t *ret_count)
{
    session *s = self;
    const world *w = s->world;
    if (load_fails(s))
        return STORE_UNKNOWN;
    *ret_count = 0;
    for (uint32_t i = 0; i < ids_count; i++) {
        uint32_t n = key_map_get(&w->by_payment, &ids[i]);
        if (n != KEY_MAP_NONE)
            ret_rows[(*ret_count)++] = w->payments[n];
    }
    return STORE_OK;
}

static bool in_partition(const world *w, uint32_t event, uint32_t partition)
{
    return slot_partition(tag_slot(w->events[event].tag)) == partition;
}

store_result session_load_held(void *self, uint32_t partition, held_row **ret_rows,
                               uint32_t *ret_count)
{
    session *s = self;
    const world *w = s->world;
    if (load_fails(s))
        return STORE_UNKNOWN;
    held_row *rows = calloc(w->reservations_count + 1, sizeof *rows);
    assert(rows != NULL);
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->reservations_count; i++) {
        const sim_reservation *r = &w->reservations[i];
        if (r->row.state == 1 && in_partition(w, r->event, partition))
            rows[count++] = (held_row){w->events[r->event].id, r->row.id, r->row.expires_us};
    }
    *ret_rows = rows;
    *ret_count = count;
    return STORE_OK;
}

store_result session_load_facts(void *self, const actor_id *actor, int64_t after_seq,
                                uint32_t facts_max, fact_page *ret_page)
{
    session *s = self;
    const world *w = s->world;
    if (load_fails(s))
        return STORE_UNKNOWN;
    const sim_actor *a = &w->actors[actor_index(w, actor)];
    uint32_t from = 0, count = 0;
    while (from < a->facts_count && a->facts[from].seq <= after_seq)
        from++;
    while (from + count < a->facts_count && count < facts_max)
        count++;
    *ret_page = (fact_page){.facts = calloc(count + 1, sizeof *ret_page->facts),
                            .facts_count = count,
                            .bytes = malloc(a->fact_bytes_count + 1)};
    assert(ret_page->facts != NULL && ret_page->bytes != NULL);
    memcpy(ret_page->bytes, a->fact_bytes, a->fact_bytes_count);
    for (uint32_t i = 0; i < count; i++) {
        const sim_fact *f = &a->facts[from + i];
        ret_page->facts[i] =
            (stored_fact){f->seq, f->kind, f->payload_at, f->payload_bytes, f->hash};
    }
    return STORE_OK;
}

static void stuck_reservation(const world *w, const sim_reservation *r, enum stuck_kind kind,
                              stuck_row *row)
{
    *row = (stuck_row){.kind = kind,
                       .event = w->events[r->event].id,
                       .reservation = r->row.id,
                       .payment = r->row.payment,
                       .buyer = r->row.buyer,
                       .amount_minor = r->row.total_minor,
                       .currency = "EUR",
                       .seats_count = r->row.seats_count};
    memcpy(row->seats, r->row.seats, sizeof row->seats);
}

static uint32_t tickets_of(const world *w, uint32_t reservation)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->tickets_count; i++)
        n += w->tickets[i].reservation == reservation;
    return n;
}

static bool tickets_valid(const world *w, uint32_t reservation)
{
    for (uint32_t i = 0; i < w->tickets_count; i++)
        if (w->tickets[i].reservation == reservation && w->tickets[i].state == 1)
            return true;
    return false;
}

// The seats were given back, and the payment does not know.
static bool refund_unasked(const world *w, const sim_reservation *r, int64_t before_us)
{
    uint32_t n = key_map_get(&w->by_payment, &r->row.payment);
    const payment_row *p = n == KEY_MAP_NONE ? NULL : &w->payments[n];
    return p != NULL && p->state == 7 && p->captured_minor > 0 && p->kept_minor == 0 &&
           p->refund_minor == 0 && p->changed_us < before_us;
}

static void stuck_refund(const world *w, const sim_reservation *r, stuck_row *row)
{
    stuck_reservation(w, r, STUCK_REFUND_UNASKED, row);
    row->payment_state = 7;
    row->amount_minor = r->row.refund_minor;
}

// What a reservation waits for since before_us; false: nothing.
static bool reservation_stuck(const world *w, uint32_t n, int64_t before_us, stuck_row *row)
{
    const sim_reservation *r = &w->reservations[n];
    if (r->row.state == 1 && r->row.expires_us < before_us)
        stuck_reservation(w, r, STUCK_HELD_OVERDUE, row);
    else if (r->row.state == 1 && !uuid_is_zero(&r->row.payment.u) &&
             r->row.created_us < before_us &&
             key_map_get(&w->by_payment, &r->row.payment) == KEY_MAP_NONE)
        stuck_reservation(w, r, STUCK_CHECKOUT_UNSTARTED, row);
    else if (r->row.state == 2 && r->row.created_us < before_us && tickets_of(w, n) == 0)
        stuck_reservation(w, r, STUCK_CONFIRMED_UNTICKETED, row);
    else if (r->row.state == 5 && refund_unasked(w, r, before_us))
        stuck_refund(w, r, row);
    else if (r->row.state == 5 && r->row.created_us < before_us && tickets_valid(w, n))
        stuck_reservation(w, r, STUCK_REFUND_UNREVOKED, row);
    else
        return false;
    return true;
}

static bool payment_stuck(const world *w, const payment_row *p, int64_t before_us, stuck_row *row)
{
    enum stuck_kind kind;
    uint32_t n = key_map_get(&w->by_reservation, &p->reservation);
    if (p->changed_us >= before_us)
        return false;
    if (p->state == 6)
        kind = STUCK_PAYMENT_UNDECIDED;
    else if (p->state >= 1 && p->state <= 4)
        kind = STUCK_PAYMENT_OPEN;
    else if (p->state == 8 || p->state == 9 || p->state == 11)
        kind = STUCK_REFUND_UNSENT;
    else
        return false;
    *row = (stuck_row){.kind = kind,
                       .event = p->event,
                       .reservation = p->reservation,
                       .payment = p->id,
                       .buyer = p->buyer,
                       .amount_minor = p->captured_minor > 0 ? p->captured_minor : p->amount_minor,
                       .payment_state = p->state,
                       .refund_number = p->refund_number,
                       .refund_minor = p->refund_minor,
                       .is_abandoned = n != KEY_MAP_NONE && w->reservations[n].row.state != 1,
                       .changed_us = p->changed_us};
    memcpy(row->currency, p->currency, sizeof row->currency);
    memcpy(row->intent_id, p->intent_id, sizeof row->intent_id);
    memcpy(row->refund_id, p->refund_id, sizeof row->refund_id);
    return true;
}

store_result session_load_stuck(void *self, uint32_t partition, int64_t age_ms, stuck_row *ret_rows,
                                uint32_t rows_max, uint32_t *ret_count)
{
    session *s = self;
    const world *w = s->world;
    int64_t before_us = w->now_us - age_ms * MS_US;
    uint32_t count = 0, reservations = w->reservations_count, payments = w->payments_count;
    if (load_fails(s))
        return STORE_UNKNOWN;
    // More than fits goes on elsewhere the next time, so that nothing waits behind the patient.
    uint32_t from = (uint32_t)prng_next(&s->world->random) / 2;
    for (uint32_t i = 0; i < reservations && count < rows_max / 2; i++) {
        uint32_t n = (from + i) % reservations;
        if (in_partition(w, w->reservations[n].event, partition))
            count += reservation_stuck(w, n, before_us, &ret_rows[count]);
    }
    for (uint32_t i = 0; i < payments && count < rows_max; i++) {
        const payment_row *p = &w->payments[(from + i) % payments];
        if (in_partition(w, event_index(w, &p->event), partition))
            count += payment_stuck(w, p, before_us, &ret_rows[count]);
    }
    *ret_count = count;
    return STORE_OK;
}
