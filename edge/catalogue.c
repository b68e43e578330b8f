#include "edge/catalogue.h"
#include "edge/spinning_mutex.h"

#include <stdlib.h>

// What is known under one key: an event id, or a tag.
typedef struct entry {
    uuid key;
    catalogue_event *event; // NULL: there is no such event
    int64_t fresh_until_us;
    uint64_t used;
    bool taken, loading;
    bool failed; // the last reading failed and there is no event to go on with
} entry;

typedef struct entry_set {
    pthread_mutex_t mutex;
    pthread_cond_t loaded;
    uint64_t uses;
    entry ways[CATALOGUE_WAYS];
} entry_set;

struct catalogue {
    catalogue_source source;
    plan_shelf *plans;
    entry_set sets[CATALOGUE_SETS];
};

void catalogue_event_unref(catalogue_event *e)
{
    if (!e || atomic_fetch_sub_explicit(&e->references, 1, memory_order_acq_rel) != 1)
        return;
    event_detail_done(&e->detail);
    shared_plan_unref(e->plan);
    free(e);
}

static catalogue_event *event_ref(catalogue_event *e)
{
    if (e)
        atomic_fetch_add_explicit(&e->references, 1, memory_order_relaxed);
    return e;
}

catalogue *catalogue_new(const catalogue_source *source, plan_shelf *plans)
{
    catalogue *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->source = *source;
    c->plans = plans;
    for (size_t i = 0; i < CATALOGUE_SETS; i++) {
        spinning_mutex_init(&c->sets[i].mutex);
        pthread_cond_init(&c->sets[i].loaded, NULL);
    }
    return c;
}

void catalogue_free(catalogue *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < CATALOGUE_SETS; i++) {
        for (size_t j = 0; j < CATALOGUE_WAYS; j++)
            catalogue_event_unref(c->sets[i].ways[j].event);
        pthread_mutex_destroy(&c->sets[i].mutex);
        pthread_cond_destroy(&c->sets[i].loaded);
    }
    free(c);
}

// A tag as a key: no UUID begins with this version and variant.
static uuid tag_key(uint32_t tag)
{
    uuid key = {{0}};
    memcpy(key.bytes, &tag, sizeof tag);
    memset(key.bytes + 4, 0xff, sizeof key.bytes - 4);
    return key;
}

static bool key_is_tag(const uuid *key, uint32_t *ret_tag)
{
    memcpy(ret_tag, key->bytes, sizeof *ret_tag);
    uuid made = tag_key(*ret_tag);
    return uuid_equal(&made, key);
}

static entry_set *set_of(catalogue *c, const uuid *key)
{
    uint32_t low, high;
    memcpy(&high, key->bytes, sizeof high);
    memcpy(&low, key->bytes + 12, sizeof low);
    return &c->sets[(low * 2654435761U ^ high * 40503U) % CATALOGUE_SETS];
}

// Reads detail and plan; the event is complete or not there at all.
static error_code event_read(catalogue *c, const event_id *id, catalogue_event **ret_event)
{
    bool found = false;
    catalogue_event *e = calloc(1, sizeof *e);
    if (!e)
        return ERROR_UNAVAILABLE;
    e->references = 1;
    error_code error = ERROR_UNAVAILABLE;
    if (c->source.event(c->source.self, id, &e->detail, &found) == STORE_OK)
        error = found ? plan_shelf_get(c->plans, &e->detail.plan_hash, &e->plan) : ERROR_NOT_FOUND;
    if (found && error == ERROR_NOT_FOUND)
        error = ERROR_UNAVAILABLE; // an event whose plan is missing
    if (error == ERROR_NONE)
        *ret_event = e;
    else
        catalogue_event_unref(e);
    return error;
}

static error_code key_get(catalogue *c, const uuid *key, bool inside, catalogue_event **ret_event);

static error_code key_read(catalogue *c, const uuid *key, catalogue_event **ret_event)
{
    uint32_t tag;
    event_id id = {*key};
    bool found = true;
    if (key_is_tag(key, &tag)) {
        if (c->source.event_by_tag(c->source.self, tag, &id, &found) != STORE_OK)
            return ERROR_UNAVAILABLE;
        // The event itself is cached under its id.
        return found ? key_get(c, &id.u, true, ret_event) : ERROR_NOT_FOUND;
    }
    return event_read(c, &id, ret_event);
}

// The entry of a key, or the one to give up for it; NULL when all of the set are being read.
static entry *entry_of(entry_set *set, const uuid *key)
{
    entry *oldest = NULL;
    for (size_t i = 0; i < CATALOGUE_WAYS; i++) {
        entry *e = &set->ways[i];
        if (e->taken && uuid_equal(&e->key, key))
            return e;
        if (!e->loading && (!oldest || e->used < oldest->used))
            oldest = e;
    }
    if (oldest) {
        catalogue_event_unref(oldest->event);
        *oldest = (entry){.key = *key, .taken = true};
    }
    return oldest;
}

// Reads an entry again. The set's mutex is held, and released meanwhile.
static error_code entry_read(catalogue *c, entry_set *set, entry *e, catalogue_event **ret_event)
{
    uuid key = e->key;
    catalogue_event *event = NULL;
    e->loading = true;
    pthread_mutex_unlock(&set->mutex);
    error_code error = key_read(c, &key, &event);
    int64_t now_us = c->source.now_us(c->source.self);
    pthread_mutex_lock(&set->mutex);
    e->loading = false;
    pthread_cond_broadcast(&set->loaded);
    e->failed = error == ERROR_UNAVAILABLE && !e->event;
    if (error == ERROR_UNAVAILABLE) {
        e->fresh_until_us = now_us + CATALOGUE_RETRY_MS * 1000;
        *ret_event = event_ref(e->event); // the old one, if any
        return e->event ? ERROR_NONE : error;
    }
    catalogue_event_unref(e->event);
    e->event = event;
    e->fresh_until_us = now_us + CATALOGUE_FRESH_MS * 1000;
    *ret_event = event_ref(event);
    return error;
}

// inside: the caller has passed the gate already.
static error_code key_get(catalogue *c, const uuid *key, bool inside, catalogue_event **ret_event)
{
    entry_set *set = set_of(c, key);
    bool entered = false;
    error_code error;
    pthread_mutex_lock(&set->mutex);
    for (;;) {
        entry *e = entry_of(set, key);
        int64_t now_us = c->source.now_us(c->source.self);
        if (e && (e->fresh_until_us > now_us || (e->loading && e->event))) {
            e->used = ++set->uses;
            *ret_event = event_ref(e->event);
            error = e->event ? ERROR_NONE : e->failed ? ERROR_UNAVAILABLE : ERROR_NOT_FOUND;
            break;
        }
        if (!inside && !entered && !(entered = load_gate_enter(c->source.gate))) {
            *ret_event = e ? event_ref(e->event) : NULL;
            error = *ret_event ? ERROR_NONE : ERROR_OVERLOADED;
            break;
        }
        if (e && !e->loading) {
            e->used = ++set->uses;
            error = entry_read(c, set, e, ret_event);
            break;
        }
        pthread_cond_wait(&set->loaded, &set->mutex);
    }
    pthread_mutex_unlock(&set->mutex);
    if (entered)
        load_gate_leave(c->source.gate);
    return error;
}

error_code catalogue_get(catalogue *c, const event_id *id, catalogue_event **ret_event)
{
    return key_get(c, &id->u, false, ret_event);
}

error_code catalogue_get_by_tag(catalogue *c, uint32_t tag, catalogue_event **ret_event)
{
    uuid key = tag_key(tag);
    return key_get(c, &key, false, ret_event);
}
