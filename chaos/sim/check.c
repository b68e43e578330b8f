// Invariants that hold after every step, checked where something could break them.
#include "actors/event/event.h"
#include "chaos/sim/world.h"

enum { CLOCK_ERROR_US = 50 * 1000, LATE_RELEASE_US = 15 * 1000 * 1000, RELEASE_US = 1000 * 1000 };

void check_move(world *w, const sim_host *h, const lease_move *m)
{
    const sim_actor *a = &w->actors[actor_index(w, &m->actor)];
    if (a->epoch != m->epoch || !uuid_equal(&a->holder, &h->id))
        broken(w, "a stale epoch commits: %lld while %lld is the present one", (long long)m->epoch,
               (long long)a->epoch);
    if (m->new_incarnation == a->incarnation && m->new_cursor < a->cursor)
        broken(w, "a cursor falls from %lld to %lld", (long long)a->cursor,
               (long long)m->new_cursor);
    int64_t last_seq = a->facts_count == 0 ? 0 : a->facts[a->facts_count - 1].seq;
    if (m->last_seq != last_seq)
        broken(w, "the lease says %lld facts, there are %lld", (long long)m->last_seq,
               (long long)last_seq);
    if (last_seq > 0 && !digest32_equal(&m->last_hash, &a->facts[a->facts_count - 1].hash))
        broken(w, "the lease does not have the last fact's hash");
    if (m->published_seq > last_seq)
        broken(w, "more facts are published than there are");
    if (a->event != NOBODY && m->claimed != (int32_t)seats_claimed(w, a->event))
        broken(w, "the lease says %d seats claimed, there are %u", m->claimed,
               seats_claimed(w, a->event));
}

static const event_image_reservation *reservation_named(world *w, ProtobufCBinaryData id)
{
    uint32_t n = id.len == 16 ? key_map_get(&w->by_reservation, id.data) : KEY_MAP_NONE;
    if (n == KEY_MAP_NONE)
        broken(w, "a fact names a reservation that never was");
    return n == KEY_MAP_NONE ? NULL : &w->reservations[n].row;
}

// What a deadline ends had one that has passed; what is checked out or sold was held until then.
static void check_deadline(world *w, const fact_row *f, const uint8_t *payload)
{
    const event_image_reservation *r = NULL;
    if (f->kind < EVENT_FACT_ENDED || f->kind > EVENT_FACT_CONFIRMED)
        return;
    Cavea__V1__EventFact *m = cavea__v1__event_fact__unpack(NULL, f->payload_bytes, payload);
    assert(m != NULL);
    if (f->kind == EVENT_FACT_CONFIRMED)
        r = reservation_named(w, m->reservation_confirmed->reservation_id);
    else if (f->kind == EVENT_FACT_CHECKOUT_STARTED)
        r = reservation_named(w, m->checkout_started->reservation_id);
    else if (m->reservation_ended->state == RESERVATION_EXPIRED)
        r = reservation_named(w, m->reservation_ended->reservation_id);
    bool late =
        f->kind == EVENT_FACT_CONFIRMED && m->reservation_confirmed->outcome != PAYMENT_AS_HELD;
    if (r != NULL && late && r->expires_us > f->at_us)
        broken(w, "a reservation was confirmed as too late before its deadline");
    if (r != NULL && f->kind != EVENT_FACT_ENDED && !late && r->expires_us <= f->at_us)
        broken(w, "a reservation was %s after its deadline",
               f->kind == EVENT_FACT_CONFIRMED ? "confirmed" : "checked out");
    if (r != NULL && f->kind == EVENT_FACT_ENDED && r->expires_us > f->at_us)
        broken(w, "a reservation expired %lld us before its deadline",
               (long long)(r->expires_us - f->at_us));
    cavea__v1__event_fact__free_unpacked(m, NULL);
}

void check_fact(world *w, const sim_actor *a, const fact_row *f, const uint8_t *payload)
{
    static const digest32 zero;
    const sim_fact *last = a->facts_count == 0 ? NULL : &a->facts[a->facts_count - 1];
    int64_t seq = last == NULL ? 1 : last->seq + 1;
    digest32 hash =
        fact_hash(last == NULL ? &zero : &last->hash, f->seq, f->kind, payload, f->payload_bytes);
    if (f->seq != seq)
        broken(w, "fact %lld follows fact %lld", (long long)f->seq, (long long)(seq - 1));
    if (!digest32_equal(&hash, &f->hash))
        broken(w, "the hash of fact %lld does not follow from the one before", (long long)f->seq);
    if (last != NULL && f->at_us < last->at_us)
        broken(w, "fact %lld is %lld us older than the one before", (long long)f->seq,
               (long long)(last->at_us - f->at_us));
    if (f->at_us > w->now_us + CLOCK_ERROR_US)
        broken(w, "fact %lld comes from the future: %lld us", (long long)f->seq,
               (long long)(f->at_us - w->now_us));
    if (a->ref.kind == ACTOR_EVENT)
        check_deadline(w, f, payload);
}

void check_reservation_row(world *w, const sim_reservation *r)
{
    uint32_t n = key_map_get(&w->by_command, &r->row.id);
    if (n == KEY_MAP_NONE || w->asks[n].attempt == NOBODY)
        return broken(w, "a reservation that nobody asked for");
    const ask *a = &w->asks[n];
    const attempt *t = &w->attempts[a->attempt];
    if (r->row.created_us > a->wait_until_us)
        broken(w, "a reservation was made when nobody waited for it any more");
    if (a->refused)
        broken(w, "a command that was refused takes effect after all");
    if (key_map_get(&w->by_key, &r->row.key_hash) != KEY_MAP_NONE)
        broken(w, "one Idempotency-Key has two reservations");
    key_map_put(&w->by_key, &r->row.key_hash, n);
    bool same =
        r->row.seats_count == t->seats_count && digest16_equal(&r->row.key_hash, &t->key_hash);
    for (uint32_t i = 0; same && i < t->seats_count; i++)
        same = r->row.seats[i] == (int32_t)t->seats[i];
    if (!same)
        broken(w, "a reservation has other seats than were asked for");
}

static void reserve_accepted(world *w, ask *a, const Cavea__V1__Reply *reply)
{
    attempt *t = &w->attempts[a->attempt];
    reservation_id id;
    if (reply->reservation == NULL ||
        !uuid_from_bytes(reply->reservation->reservation_id.data,
                         reply->reservation->reservation_id.len, &id.u))
        return broken(w, "a reservation is accepted without being named");
    uint32_t n = key_map_get(&w->by_reservation, &id);
    if (n == KEY_MAP_NONE)
        return broken(w, "an acknowledged reservation does not exist");
    const event_image_reservation *r = &w->reservations[n].row;
    if (!digest16_equal(&r->key_hash, &t->key_hash) || r->seats_count != t->seats_count)
        broken(w, "an acknowledged reservation is somebody else's");
    if (!uuid_is_zero(&t->success.u) && !uuid_equal(&t->success.u, &id.u))
        broken(w, "one Idempotency-Key succeeded twice");
    t->success = id;
    // Of a key that succeeded meanwhile under another command, a copy may say so.
    if (a->refused && uuid_equal(&id.u, &a->command))
        broken(w, "a command was first refused and then accepted");
    a->accepted = true;
}

static void reserve_refused(world *w, ask *a)
{
    if (a->accepted)
        broken(w, "a command was first accepted and then refused");
    if (key_map_get(&w->by_reservation, &a->command) != KEY_MAP_NONE)
        broken(w, "a command was refused but its reservation exists");
    a->refused = true;
}

static void check_answer(world *w, ask *a, const Cavea__V1__Reply *reply)
{
    if (a->type == ASK_RESERVE && reply->error == ERROR_NONE)
        return reserve_accepted(w, a, reply);
    if (a->type == ASK_RESERVE)
        return reserve_refused(w, a);
    if (reply->error != ERROR_NONE)
        return;
    if (a->type == ASK_CANCEL) {
        uint32_t n = key_map_get(&w->by_reservation, reply->reservation->reservation_id.data);
        if (n == KEY_MAP_NONE || w->reservations[n].row.state == RESERVATION_HELD)
            broken(w, "a cancelled reservation is still held");
    } else if (a->type == ASK_GIVE_BACK) {
        uint32_t n = key_map_get(&w->by_reservation, reply->reservation->reservation_id.data);
        int16_t state = n == KEY_MAP_NONE ? RESERVATION_HELD : w->reservations[n].row.state;
        if (state == RESERVATION_HELD)
            broken(w, "a reservation that was given back is still held");
        if (state == RESERVATION_REFUNDED &&
            reply->reservation->refund_minor != w->reservations[n].row.refund_minor)
            broken(w, "a buyer is told of another refund than was decided");
    } else if (a->type == ASK_CHECKOUT) {
        if (reply->payment == NULL ||
            key_map_get(&w->by_payment, reply->payment->payment_id.data) == KEY_MAP_NONE)
            broken(w, "an acknowledged payment does not exist");
    }
}

void check_reply(world *w, const sim_host *from, const void *data, uint32_t data_bytes)
{
    Cavea__V1__ReplyBatch *m = cavea__v1__reply_batch__unpack(NULL, data_bytes, data);
    (void)from;
    if (m == NULL)
        return broken(w, "an answer cannot be read");
    for (size_t i = 0; i < m->n_replies; i++) {
        uint32_t n = m->replies[i]->command_id.len != 16
                         ? KEY_MAP_NONE
                         : key_map_get(&w->by_command, m->replies[i]->command_id.data);
        if (n == KEY_MAP_NONE)
            broken(w, "an answer to a command that nobody sent");
        else
            check_answer(w, &w->asks[n], m->replies[i]);
    }
    cavea__v1__reply_batch__free_unpacked(m, NULL);
}

// Nothing is visible before it is durable: what is published is what the store has.
void check_published(world *w, const sim_actor *a, const void *data, uint32_t data_bytes)
{
    Cavea__V1__FactBatch *m = cavea__v1__fact_batch__unpack(NULL, data_bytes, data);
    if (m == NULL)
        return broken(w, "published facts cannot be read");
    for (size_t i = 0; i < m->n_facts; i++) {
        uint64_t seq = m->first_seq + i;
        if (seq < 1 || seq > a->facts_count) {
            broken(w, "fact %llu is published but not stored", (unsigned long long)seq);
            break;
        }
        const sim_fact *f = &a->facts[seq - 1];
        if (m->facts[i]->kind != f->kind || m->facts[i]->payload.len != f->payload_bytes ||
            memcmp(m->facts[i]->payload.data, a->fact_bytes + f->payload_at, f->payload_bytes))
            broken(w, "fact %llu is published in other words", (unsigned long long)seq);
    }
    cavea__v1__fact_batch__free_unpacked(m, NULL);
}

// A held reservation past its deadline is on sale again: at once in a world without faults, and in
// bounded time once the faults are over.
void check_now(world *w)
{
    if (w->outcome.steps % 64 != 0 || (!w->calm && w->weather.trouble_us > 0))
        return;
    for (uint32_t i = 0; i < w->reservations_count; i++) {
        const event_image_reservation *r = &w->reservations[i].row;
        if (r->state != RESERVATION_HELD)
            continue;
        bool quiet = r->expires_us > w->troubled_us + LATE_RELEASE_US;
        int64_t since_us = r->expires_us > w->troubled_us ? r->expires_us : w->troubled_us;
        if (w->now_us > since_us + (quiet ? RELEASE_US : LATE_RELEASE_US))
            broken(w, "a seat is blocked %lld ms after its reservation's deadline",
                   (long long)(w->now_us - r->expires_us) / 1000);
    }
}

void check_rows(world *w)
{
    for (uint32_t e = 0; e < w->events_count; e++)
        for (uint32_t seat = 0; seat < SEATS_MAX; seat++) {
            uint32_t n = w->events[e].claims[seat];
            if (n == NOBODY)
                continue;
            const sim_reservation *r = &w->reservations[n];
            bool its = r->event == e &&
                       (r->row.state == RESERVATION_HELD || r->row.state == RESERVATION_CONFIRMED);
            bool listed = false;
            for (uint32_t i = 0; i < r->row.seats_count; i++)
                listed = listed || r->row.seats[i] == (int32_t)seat;
            if (!its || !listed)
                broken(w, "seat %u is claimed by a reservation that does not have it", seat);
        }
    for (uint32_t i = 0; i < w->reservations_count; i++) {
        const sim_reservation *r = &w->reservations[i];
        if (r->row.state != RESERVATION_HELD && r->row.state != RESERVATION_CONFIRMED)
            continue;
        for (uint32_t k = 0; k < r->row.seats_count; k++)
            if (w->events[r->event].claims[r->row.seats[k]] != i)
                broken(w, "a live reservation's seat %d is not claimed for it", r->row.seats[k]);
    }
}
