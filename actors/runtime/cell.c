#include "actors/runtime/cell.h"
#include "schemas/bug.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { BUCKETS = 16384 };

static _Atomic uint64_t numbers;

const kind_ops *kind_of(actor_kind kind)
{
    static const kind_ops *const kinds[ACTOR_KINDS_END] = {
        [ACTOR_EVENT] = &kind_event,
        [ACTOR_PAYMENT] = &kind_payment,
        [ACTOR_TICKET] = &kind_ticket,
        [ACTOR_EXPIRY] = &kind_expiry,
    };
    return (uint32_t)kind < ACTOR_KINDS_END ? kinds[kind] : NULL;
}

// Copies what the lease says into the cell; false when the stored senders cannot be read.
static bool cell_adopt(cell *c, const lease *l)
{
    if (c->epoch > 0 && c->committed_incarnation != l->incarnation)
        c->left_incarnation = c->committed_incarnation;
    c->epoch = l->epoch;
    c->leased_us = l->now_us;
    c->incarnation = c->committed_incarnation = l->incarnation;
    c->cursor = c->committed_cursor = l->cursor;
    c->last_seq = c->committed_seq = l->last_seq;
    c->last_hash = l->last_hash;
    c->published_incarnation = l->published_incarnation;
    c->published_seq = l->published_seq;
    c->acks_count = 0;
    memset(c->gathered, 0, sizeof c->gathered);
    c->resending = c->published_seq < c->last_seq;
    c->resend_from = c->published_seq;
    c->first_fact = c->last_fact = UINT32_MAX;
    uint32_t known = bug_on(BUG_NUMBERS_FORGOTTEN) ? 0 : l->senders_bytes;
    return senders_decode(&c->senders, l->senders, known);
}

static store_result state_load(kind_context *context, cell *c, bool *ret_taken, uuid *ret_holder)
{
    lease l __attribute__((cleanup(lease_done))) = {0};
    store_result result =
        context->store.lease_take(context->store.self, &c->ref, &l, ret_taken, ret_holder);
    if (result != STORE_OK || !*ret_taken)
        return result;
    if (!cell_adopt(c, &l))
        return STORE_REFUSED;
    context->now_us = l.now_us;
    c->state = c->ops->load(context, &c->ref, &result);
    if (c->state == NULL)
        *ret_taken = false;
    return result;
}

store_result cell_open(kind_context *context, const actor_ref *ref, cell **ret_cell,
                       uuid *ret_holder)
{
    cell *c = calloc(1, sizeof *c);
    if (c == NULL)
        return STORE_UNKNOWN;
    c->number = atomic_fetch_add(&numbers, 1) + 1;
    c->ref = *ref;
    c->ops = kind_of(ref->kind);
    bool taken = false;
    store_result result = c->ops == NULL ? STORE_OK : state_load(context, c, &taken, ret_holder);
    if (result != STORE_OK || !taken) {
        // A lease that is ours without a cell would keep the actor from everybody.
        if (c->epoch > 0)
            (void)context->store.lease_release(context->store.self, &ref->id, c->epoch);
        cell_free(c);
        c = NULL;
    }
    *ret_cell = c;
    return result;
}

store_result cell_reload(kind_context *context, cell *c, bool *ret_lost)
{
    if (c->state != NULL)
        c->ops->free(c->state);
    c->state = NULL;
    bool taken = false;
    uuid holder;
    store_result result = state_load(context, c, &taken, &holder);
    *ret_lost = result == STORE_OK && !taken;
    return result;
}

void cell_free(cell *c)
{
    if (c == NULL)
        return;
    if (c->state != NULL)
        c->ops->free(c->state);
    free(c);
}

static uint32_t bucket_of(const cell_table *t, const actor_id *id)
{
    uint64_t h;
    memcpy(&h, id->u.bytes + 8, sizeof h);
    return (uint32_t)(h * 0x9e3779b97f4a7c15u >> 40) & (t->buckets_count - 1);
}

bool cell_table_init(cell_table *t)
{
    *t = (cell_table){.buckets = calloc(BUCKETS, sizeof(cell *)),
                      .numbered = calloc(BUCKETS, sizeof(cell *)),
                      .buckets_count = BUCKETS};
    return t->buckets != NULL && t->numbered != NULL;
}

void cell_table_done(cell_table *t)
{
    for (uint32_t i = 0; i < t->list_count; i++)
        cell_free(t->list[i]);
    free(t->list);
    free(t->buckets);
    free(t->numbered);
    *t = (cell_table){0};
}

cell *cell_table_find(const cell_table *t, const actor_id *id)
{
    cell *c = t->buckets[bucket_of(t, id)];
    while (c != NULL && !uuid_equal(&c->ref.id.u, &id->u))
        c = c->next;
    return c;
}

cell *cell_table_numbered(const cell_table *t, uint64_t number)
{
    cell *c = t->numbered[number & (t->buckets_count - 1)];
    while (c != NULL && c->number != number)
        c = c->next_numbered;
    return c;
}

static bool list_make_room(cell_table *t)
{
    if (t->list_count < t->list_max)
        return true;
    uint32_t max = t->list_max == 0 ? 256 : 2 * t->list_max;
    cell **list = realloc(t->list, max * sizeof *list);
    if (list == NULL)
        return false;
    t->list = list;
    t->list_max = max;
    return true;
}

bool cell_table_put(cell_table *t, cell *c)
{
    if (!list_make_room(t))
        return false;
    cell **numbered = &t->numbered[c->number & (t->buckets_count - 1)];
    c->next_numbered = *numbered;
    *numbered = c;
    cell **bucket = &t->buckets[bucket_of(t, &c->ref.id)];
    c->next = *bucket;
    *bucket = c;
    c->listed_at = t->list_count;
    t->list[t->list_count++] = c;
    t->by_kind[c->ref.kind]++;
    return true;
}

cell *cell_table_take(cell_table *t, const actor_id *id)
{
    cell **at = &t->buckets[bucket_of(t, id)];
    while (*at != NULL && !uuid_equal(&(*at)->ref.id.u, &id->u))
        at = &(*at)->next;
    cell *c = *at;
    if (c == NULL)
        return NULL;
    *at = c->next;
    at = &t->numbered[c->number & (t->buckets_count - 1)];
    while (*at != c)
        at = &(*at)->next_numbered;
    *at = c->next_numbered;
    cell *last = t->list[--t->list_count];
    t->list[c->listed_at] = last;
    last->listed_at = c->listed_at;
    t->by_kind[c->ref.kind]--;
    return c;
}
