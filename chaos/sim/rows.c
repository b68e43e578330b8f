// The tables of the simulated store, and how a journal is written into them: the same fence, the
// same guards and the same folding of one tick's rows as store/commit_rows.c has them in SQL.
#include "chaos/sim/world.h"
#include "schemas/bug.h"

enum {
    POISON = 0xbd, // first byte of key hashes that a constraint of this store refuses
    DIGESTS_EVERY = 64,
};

static bool fence_holds(const world *w, const lease_move *m)
{
    uint32_t n = actor_index(w, &m->actor);
    if (n == NOBODY)
        return false;
    const sim_actor *a = &w->actors[n];
    if (bug_on(BUG_NO_FENCE))
        return true;
    bool behind = a->incarnation != m->old_incarnation || a->cursor != m->old_cursor;
    return a->epoch == m->epoch && (!behind || bug_on(BUG_CURSOR_APART));
}

static uint32_t reservation_find(const world *w, const reservation_id *id)
{
    return key_map_get(&w->by_reservation, id);
}

static bool released(const journal *j, const fold *f, const claim_row *c, uint32_t owner,
                     const world *w)
{
    for (uint32_t i = 0; i < f->releases_count; i++) {
        const claim_row *r = &j->releases[f->releases[i]];
        if (uuid_equal(&r->event.u, &c->event.u) && r->seat == c->seat &&
            uuid_equal(&r->reservation.u, &w->reservations[owner].row.id.u))
            return true;
    }
    return false;
}

static const char *claims_refused(const world *w, const journal *j, const fold *f)
{
    for (uint32_t i = 0; i < f->releases_count; i++) {
        const claim_row *r = &j->releases[f->releases[i]];
        uint32_t event = event_index(w, &r->event), n = reservation_find(w, &r->reservation);
        if (n == KEY_MAP_NONE || w->events[event].claims[r->seat] != n)
            return "a seat is released that the reservation does not have";
    }
    for (uint32_t i = 0; i < f->claims_count; i++) {
        const claim_row *c = &j->claims[f->claims[i]];
        uint32_t owner = w->events[event_index(w, &c->event)].claims[c->seat];
        if (owner != NOBODY && !released(j, f, c, owner, w))
            return "a taken seat is claimed";
        for (uint32_t k = 0; k < i; k++) {
            const claim_row *other = &j->claims[f->claims[k]];
            if (other->seat == c->seat && uuid_equal(&other->event.u, &c->event.u))
                return "a seat is claimed twice in one tick";
        }
    }
    return NULL;
}

static int16_t state_in(const world *w, const journal *j, const reservation_id *id)
{
    uint32_t n = reservation_find(w, id);
    if (n != KEY_MAP_NONE)
        return w->reservations[n].row.state;
    for (uint32_t i = 0; i < j->reservations_count; i++)
        if (uuid_equal(&j->reservations[i].id.u, &id->u))
            return j->reservations[i].state;
    return 0;
}

static const char *payment_refused(const world *w, const payment_row *p, bool is_new)
{
    uint32_t n = key_map_get(&w->by_payment, &p->id);
    if (p->refunded_minor > p->captured_minor)
        return "more is refunded than was captured";
    if (is_new != (n == KEY_MAP_NONE))
        return is_new ? "a payment is made twice" : "a payment that is not there changes";
    if (is_new)
        return NULL;
    const payment_row *old = &w->payments[n];
    bool falls = old->refund_number != p->refund_number ? old->refund_number > p->refund_number
                                                        : old->state > p->state;
    return falls || old->captured_minor > p->captured_minor ? "a payment falls back" : NULL;
}

// What the database's constraints and guards say; NULL: nothing.
static const char *rows_refused(world *w, const journal *j)
{
    const fold *f = &w->fold;
    if (!fold_journal(&w->fold, j))
        return "changes of one reservation contradict each other";
    const char *why = claims_refused(w, j, f);
    for (uint32_t i = 0; why == NULL && i < j->reservations_count; i++)
        if (reservation_find(w, &j->reservations[i].id) != KEY_MAP_NONE)
            why = "a reservation is made twice";
    for (uint32_t i = 0; why == NULL && i < f->changes_count; i++)
        if (state_in(w, j, &f->changes[i].id) != f->changes[i].from_state)
            why = "a reservation is not in the state that is left";
    for (uint32_t i = 0; why == NULL && i < f->payments_count; i++)
        why = payment_refused(w, &j->payments[f->payments[i]], i < f->payments_new);
    if (why == NULL)
        why = postings_refused(j);
    for (uint32_t i = 0; why == NULL && i < j->facts_count; i++)
        if (j->facts[i].seq <= w->actors[actor_index(w, &j->facts[i].actor)].last_seq)
            why = "a fact's number is taken";
    return why;
}

static bool is_poison(const journal *j)
{
    for (uint32_t i = 0; i < j->reservations_count; i++)
        if (j->reservations[i].key_hash.bytes[0] == POISON)
            return true;
    return false;
}

static void reservation_write(world *w, const journal *j, const reservation_row *row)
{
    GROW(w->reservations, w->reservations_count, w->reservations_max);
    sim_reservation *r = &w->reservations[w->reservations_count];
    *r = (sim_reservation){
        .event = event_index(w, &row->event),
        .row = {.id = row->id,
                .buyer = row->buyer,
                .state = row->state,
                .seats_count = (uint8_t)row->seats_count,
                .key_hash = row->key_hash,
                .body_hash = row->body_hash,
                .created_us = row->created_us,
                .expires_us = row->expires_us,
                .total_minor = row->total_minor},
    };
    memcpy(r->row.seats, j->seats + row->seats_at, row->seats_count * sizeof *r->row.seats);
    memcpy(r->row.price_minor, j->price_minor + row->seats_at,
           row->seats_count * sizeof *r->row.price_minor);
    key_map_put(&w->by_reservation, &row->id, w->reservations_count++);
    w->outcome.reservations++;
    check_reservation_row(w, r);
}

static void change_write(world *w, const journal *j, const reservation_change *c)
{
    event_image_reservation *r = &w->reservations[reservation_find(w, &c->id)].row;
    r->state = c->to_state;
    r->expires_us = c->expires_us;
    if (!uuid_is_zero(&c->payment.u))
        r->payment = c->payment;
    if (!digest16_is_zero(&c->checkout_key)) {
        r->checkout_key = c->checkout_key;
        r->checkout_body = c->checkout_body;
        r->other_seats = c->other_seats;
    }
    if (c->outcome != 0)
        r->outcome = c->outcome;
    if (c->refund_minor != 0)
        r->refund_minor = c->refund_minor;
    if (c->seats_count > 0)
        memcpy(r->seats, j->seats + c->seats_at, c->seats_count * sizeof *r->seats);
}

static void payment_write(world *w, const payment_row *row)
{
    uint32_t n = key_map_get(&w->by_payment, &row->id);
    if (n == KEY_MAP_NONE) {
        GROW(w->books, w->payments_count, w->books_max);
        GROW(w->payments, w->payments_count, w->payments_max);
        w->books[w->payments_count] = (sim_books){{0}};
        n = w->payments_count++;
        key_map_put(&w->by_payment, &row->id, n);
    }
    w->payments[n] = *row;
}

static void ticket_write(world *w, const ticket_row *row, int16_t state)
{
    uint32_t n = key_map_get(&w->by_ticket, &row->id);
    if (n == KEY_MAP_NONE) {
        GROW(w->tickets, w->tickets_count, w->tickets_max);
        n = w->tickets_count++;
        w->tickets[n] = (sim_ticket){.reservation = reservation_find(w, &row->reservation),
                                     .seat = row->seat,
                                     .state = state};
        key_map_put(&w->by_ticket, &row->id, n);
    } else if (w->tickets[n].state == 1 && state != 1) {
        w->tickets[n].state = state;
    }
}

static void refusal_write(world *w, const sim_actor *a, const uint8_t *payload, uint32_t bytes)
{
    Cavea__V1__EventFact *m = cavea__v1__event_fact__unpack(NULL, bytes, payload);
    assert(m != NULL && m->body_case == CAVEA__V1__EVENT_FACT__BODY_PAYMENT_REFUSED);
    GROW(w->refusals, w->refusals_count, w->refusals_max);
    sim_refusal *r = &w->refusals[w->refusals_count++];
    r->event = a->event;
    bool read = uuid_from_bytes(m->payment_refused->reservation_id.data,
                                m->payment_refused->reservation_id.len, &r->reservation.u) &&
                uuid_from_bytes(m->payment_refused->payment_id.data,
                                m->payment_refused->payment_id.len, &r->payment.u);
    assert(read);
    for (uint32_t i = 0; i + 1 < w->refusals_count; i++)
        if (uuid_equal(&w->refusals[i].payment.u, &r->payment.u))
            broken(w, "a payment is refused twice");
    cavea__v1__event_fact__free_unpacked(m, NULL);
}

static void fact_write(world *w, const fact_row *f, const uint8_t *payload)
{
    enum { PAYMENT_REFUSED = 14 };
    sim_actor *a = &w->actors[actor_index(w, &f->actor)];
    check_fact(w, a, f, payload);
    GROW(a->facts, a->facts_count, a->facts_max);
    while (a->fact_bytes_count + f->payload_bytes > a->fact_bytes_max) {
        a->fact_bytes_max = a->fact_bytes_max == 0 ? 16384 : 2 * a->fact_bytes_max;
        a->fact_bytes = realloc(a->fact_bytes, a->fact_bytes_max);
        assert(a->fact_bytes != NULL);
    }
    a->facts[a->facts_count++] = (sim_fact){.seq = f->seq,
                                            .at_us = f->at_us,
                                            .kind = f->kind,
                                            .payload_at = a->fact_bytes_count,
                                            .payload_bytes = f->payload_bytes,
                                            .hash = f->hash};
    memcpy(a->fact_bytes + a->fact_bytes_count, payload, f->payload_bytes);
    a->fact_bytes_count += f->payload_bytes;
    if (a->ref.kind == ACTOR_EVENT && f->kind == PAYMENT_REFUSED)
        refusal_write(w, a, payload, f->payload_bytes);
}

static void move_write(world *w, const sim_host *h, const journal *j, const lease_move *m)
{
    sim_actor *a = &w->actors[actor_index(w, &m->actor)];
    check_move(w, h, m);
    a->last_seq = m->last_seq;
    a->last_hash = m->last_hash;
    a->claimed = m->claimed;
    a->published_incarnation = m->published_incarnation;
    a->published_seq = m->published_seq;
    // With this bug the cursor is written by itself, and a host can die in between.
    if (bug_on(BUG_CURSOR_APART) && prng_chance(&w->random, 500000))
        return;
    a->incarnation = m->new_incarnation;
    a->cursor = m->new_cursor;
    a->senders = realloc(a->senders, m->senders_bytes + 1);
    assert(a->senders != NULL);
    memcpy(a->senders, j->blob + m->senders_at, m->senders_bytes);
    a->senders_bytes = m->senders_bytes;
}

// In the sequence of store/commit.h.
static void rows_write(world *w, const sim_host *h, const journal *j)
{
    const fold *f = &w->fold;
    for (uint32_t i = 0; i < f->releases_count; i++) {
        const claim_row *r = &j->releases[f->releases[i]];
        w->events[event_index(w, &r->event)].claims[r->seat] = NOBODY;
    }
    for (uint32_t i = 0; i < j->reservations_count; i++)
        reservation_write(w, j, &j->reservations[i]);
    for (uint32_t i = 0; i < f->claims_count; i++) {
        const claim_row *c = &j->claims[f->claims[i]];
        w->events[event_index(w, &c->event)].claims[c->seat] = reservation_find(w, &c->reservation);
    }
    for (uint32_t i = 0; i < f->changes_count; i++)
        change_write(w, j, &f->changes[i]);
    for (uint32_t i = 0; i < f->payments_count; i++)
        payment_write(w, &j->payments[f->payments[i]]);
    for (uint32_t i = 0; i < f->tickets_count; i++)
        ticket_write(w, &j->tickets[f->tickets[i].row], f->tickets[i].state);
    for (uint32_t i = 0; i < f->statuses_count; i++) {
        const event_status_row *s = &j->statuses[f->statuses[i]];
        w->events[event_index(w, &s->event)].status = s->status;
    }
    for (uint32_t i = 0; i < j->postings_count; i++)
        posting_write(w, &j->postings[i]);
    for (uint32_t i = 0; i < j->facts_count; i++)
        fact_write(w, &j->facts[i], j->blob + j->facts[i].payload_at);
    for (uint32_t i = 0; i < j->moves_count; i++)
        move_write(w, h, j, &j->moves[i]);
}

store_result rows_commit(world *w, const sim_host *h, const journal *j)
{
    for (uint32_t i = 0; i < j->moves_count; i++)
        if (!fence_holds(w, &j->moves[i])) {
            note(w, "store.fenced", h->index, j->moves_count, j->moves[i].epoch,
                 &j->moves[i].actor.u);
            w->outcome.fenced++;
            return STORE_FENCED;
        }
    if (is_poison(j)) {
        note(w, "store.poisoned", h->index, j->reservations_count, 0, NULL);
        return STORE_REFUSED;
    }
    const char *why = rows_refused(w, j);
    if (why != NULL) {
        broken(w, "the database had to refuse a commit: %s", why);
        return STORE_REFUSED;
    }
    rows_write(w, h, j);
    note(w, "store.committed", h->index, j->moves_count, j->facts_count, NULL);
    w->outcome.commits++;
    check_rows(w);
    check_money(w);
    if (w->outcome.commits % DIGESTS_EVERY == 0)
        check_digests(w);
    return STORE_OK;
}

uint32_t seats_claimed(const world *w, uint32_t event)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < SEATS_MAX; i++)
        n += w->events[event].claims[i] != NOBODY;
    return n;
}
