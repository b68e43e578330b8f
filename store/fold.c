#include "store/fold.h"

#include "schemas/digest.h"

#include <assert.h>
#include <stdlib.h>

enum {
    BUCKETS_MAX = 32768,
    NOBODY = UINT32_MAX,
    TICKET_VALID = 1,
};
_Static_assert(BUCKETS_MAX >= 2 * JOURNAL_ROWS_MAX, "the table stays half empty");

typedef struct fold_key {
    uuid event, id;
    int32_t seat;
    uint32_t next;             // in the same bucket
    uint32_t claims, releases; // of a claim: how often it comes
    bool is_new;               // of a payment
} fold_key;

bool fold_init(fold *f)
{
    *f = (fold){
        .claims = malloc(JOURNAL_ROWS_MAX * sizeof *f->claims),
        .releases = malloc(JOURNAL_ROWS_MAX * sizeof *f->releases),
        .changes = malloc(JOURNAL_ROWS_MAX * sizeof *f->changes),
        .payments = malloc(JOURNAL_ROWS_MAX * sizeof *f->payments),
        .statuses = malloc(JOURNAL_ROWS_MAX * sizeof *f->statuses),
        .tickets = malloc(JOURNAL_ROWS_MAX * sizeof *f->tickets),
        .keys = malloc(JOURNAL_ROWS_MAX * sizeof *f->keys),
        .buckets = malloc(BUCKETS_MAX * sizeof *f->buckets),
    };
    return f->claims && f->releases && f->changes && f->payments && f->statuses && f->tickets &&
           f->keys && f->buckets;
}

void fold_done(fold *f)
{
    free(f->claims);
    free(f->releases);
    free(f->changes);
    free(f->payments);
    free(f->statuses);
    free(f->tickets);
    free(f->keys);
    free(f->buckets);
    *f = (fold){0};
}

static void keys_clear(fold *f, uint32_t rows_max)
{
    uint32_t buckets = 16;
    while (buckets < 2 * rows_max)
        buckets *= 2;
    assert(buckets <= BUCKETS_MAX);
    f->buckets_mask = buckets - 1;
    f->keys_count = 0;
    memset(f->buckets, 0xff, buckets * sizeof *f->buckets);
}

// Ids end in random bits; the event's keep two events' seats apart.
static uint32_t *key_bucket(fold *f, const fold_key *k)
{
    uint64_t event, id;
    memcpy(&event, k->event.bytes + 8, sizeof event);
    memcpy(&id, k->id.bytes + 8, sizeof id);
    uint64_t mixed = (id ^ event * 3 ^ (uint64_t)(uint32_t)k->seat << 32) * 0x9e3779b97f4a7c15u;
    return &f->buckets[(mixed >> 32) & f->buckets_mask];
}

static uint32_t key_find(fold *f, const fold_key *k)
{
    uint32_t at = *key_bucket(f, k);
    while (at != NOBODY && !(uuid_equal(&f->keys[at].id, &k->id) && f->keys[at].seat == k->seat &&
                             uuid_equal(&f->keys[at].event, &k->event)))
        at = f->keys[at].next;
    return at;
}

// The key's position; a new key gets the next one, which equals *count before the call.
static uint32_t key_place(fold *f, const fold_key *k)
{
    uint32_t at = key_find(f, k);
    if (at != NOBODY)
        return at;
    uint32_t *bucket = key_bucket(f, k);
    at = f->keys_count++;
    f->keys[at] = *k;
    f->keys[at].next = *bucket;
    *bucket = at;
    return at;
}

static fold_key claim_key(const claim_row *c)
{
    return (fold_key){.event = c->event.u, .id = c->reservation.u, .seat = c->seat};
}

static void claims_keep_all(fold *f, const journal *j)
{
    f->claims_count = j->claims_count;
    for (uint32_t i = 0; i < j->claims_count; i++)
        f->claims[i] = i;
    f->releases_count = j->releases_count;
    for (uint32_t i = 0; i < j->releases_count; i++)
        f->releases[i] = i;
}

static bool claims_count(fold *f, const journal *j)
{
    bool met = false;
    keys_clear(f, j->claims_count);
    for (uint32_t i = 0; i < j->claims_count; i++) {
        fold_key k = claim_key(&j->claims[i]);
        f->keys[key_place(f, &k)].claims++;
    }
    for (uint32_t i = 0; i < j->releases_count; i++) {
        fold_key k = claim_key(&j->releases[i]);
        uint32_t at = key_find(f, &k);
        if (at == NOBODY)
            continue;
        f->keys[at].releases++;
        met = true;
    }
    return met;
}

// A reservation that is paid too late may claim a seat again that it has just released: claims and
// releases of the same three come in turns, and what is left of them is one or none, whatever
// happened to the seat between.
static void claims_fold(fold *f, const journal *j)
{
    if (j->claims_count == 0 || j->releases_count == 0 || !claims_count(f, j)) {
        claims_keep_all(f, j);
        return;
    }
    f->claims_count = f->releases_count = 0;
    for (uint32_t i = 0; i < j->releases_count; i++) {
        fold_key k = claim_key(&j->releases[i]);
        uint32_t at = key_find(f, &k);
        if (at != NOBODY && f->keys[at].releases <= f->keys[at].claims)
            continue;
        if (at != NOBODY)
            f->keys[at].releases--;
        f->releases[f->releases_count++] = i;
    }
    for (uint32_t i = 0; i < j->claims_count; i++) {
        fold_key k = claim_key(&j->claims[i]);
        uint32_t at = key_find(f, &k);
        if (f->keys[at].claims <= f->keys[at].releases)
            continue;
        f->keys[at].claims--;
        f->claims[f->claims_count++] = i;
    }
}

static bool change_follow(reservation_change *c, const reservation_change *next)
{
    static const uuid none;
    if (c->to_state != next->from_state)
        return false;
    c->to_state = next->to_state;
    c->expires_us = next->expires_us;
    if (!uuid_equal(&next->payment.u, &none))
        c->payment = next->payment;
    if (!digest16_is_zero(&next->checkout_key)) {
        c->checkout_key = next->checkout_key;
        c->checkout_body = next->checkout_body;
        c->other_seats = next->other_seats;
    }
    if (next->outcome != 0)
        c->outcome = next->outcome;
    if (next->refund_minor != 0)
        c->refund_minor = next->refund_minor;
    if (next->seats_count > 0) {
        c->seats_at = next->seats_at;
        c->seats_count = next->seats_count;
    }
    return true;
}

static bool changes_fold(fold *f, const journal *j)
{
    f->changes_count = 0;
    keys_clear(f, j->changes_count);
    for (uint32_t i = 0; i < j->changes_count; i++) {
        const reservation_change *c = &j->changes[i];
        fold_key k = {.event = c->event.u, .id = c->id.u};
        uint32_t at = key_place(f, &k);
        if (at == f->changes_count)
            f->changes[f->changes_count++] = *c;
        else if (!change_follow(&f->changes[at], c))
            return false;
    }
    return true;
}

static void payments_fold(fold *f, const journal *j)
{
    keys_clear(f, j->payments_count);
    for (uint32_t i = 0; i < j->payments_count; i++) {
        fold_key k = {.event = j->payments[i].event.u, .id = j->payments[i].id.u};
        uint32_t at = key_place(f, &k);
        f->payments[at] = i;
        f->keys[at].is_new |= j->payments[i].is_new;
    }
    f->payments_count = f->keys_count;
    f->payments_new = 0;
    for (uint32_t at = 0; at < f->payments_count; at++) {
        if (!f->keys[at].is_new)
            continue;
        uint32_t row = f->payments[at];
        f->payments[at] = f->payments[f->payments_new];
        f->payments[f->payments_new++] = row;
    }
}

static void tickets_fold(fold *f, const journal *j)
{
    f->tickets_count = 0;
    keys_clear(f, j->tickets_count);
    for (uint32_t i = 0; i < j->tickets_count; i++) {
        const ticket_row *t = &j->tickets[i];
        fold_key k = {.event = t->event.u, .id = t->id.u};
        uint32_t at = key_place(f, &k);
        if (at == f->tickets_count)
            f->tickets[f->tickets_count++] = (fold_ticket){i, t->state};
        else if (f->tickets[at].state == TICKET_VALID)
            f->tickets[at].state = t->state;
    }
}

static void statuses_fold(fold *f, const journal *j)
{
    keys_clear(f, j->statuses_count);
    for (uint32_t i = 0; i < j->statuses_count; i++) {
        fold_key k = {.event = j->statuses[i].event.u};
        f->statuses[key_place(f, &k)] = i;
    }
    f->statuses_count = f->keys_count;
}

bool fold_journal(fold *f, const journal *j)
{
    claims_fold(f, j);
    payments_fold(f, j);
    tickets_fold(f, j);
    statuses_fold(f, j);
    return changes_fold(f, j);
}
