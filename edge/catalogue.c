#include "edge/catalogue.h"
#include "edge/spinning_mutex.h"

#include <stdlib.h>

// What is known under one key: an event id, or a tag.
typedef struct entry {
    uuid key;
    catalogue_event *event; // NULL: there is no such event
    int64_t fresh_until_us;
    int64_t ahead_us; // from when on the keeper may read it again
    uint64_t used;
    bool taken, loading;
    bool ahead;  // waits for the keeper
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
    pthread_mutex_t mutex; // guards what follows; taken inside that of a set
    pthread_cond_t wake;   // the keeper
    uuid ahead[CATALOGUE_AHEAD_MAX];
    uint32_t ahead_first, ahead_count;
    bool ends, has_keeper;
    pthread_t keeper;
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

catalogue *catalogue_new_bare(const catalogue_source *source, plan_shelf *plans)
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
    spinning_mutex_init(&c->mutex);
    pthread_cond_init(&c->wake, NULL);
    return c;
}

static void *keeper_run(void *self)
{
    catalogue *c = self;
    pthread_mutex_lock(&c->mutex);
    while (!c->ends) {
        if (c->ahead_count == 0)
            pthread_cond_wait(&c->wake, &c->mutex);
        pthread_mutex_unlock(&c->mutex);
        (void)catalogue_keep_one(c);
        pthread_mutex_lock(&c->mutex);
    }
    pthread_mutex_unlock(&c->mutex);
    return NULL;
}

catalogue *catalogue_new(const catalogue_source *source, plan_shelf *plans)
{
    catalogue *c = catalogue_new_bare(source, plans);
    if (!c)
        return NULL;
    c->has_keeper = pthread_create(&c->keeper, NULL, keeper_run, c) == 0;
    if (c->has_keeper)
        return c;
    catalogue_free(c);
    return NULL;
}

void catalogue_free(catalogue *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->mutex);
    c->ends = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->mutex);
    if (c->has_keeper)
        pthread_join(c->keeper, NULL);
    pthread_mutex_destroy(&c->mutex);
    pthread_cond_destroy(&c->wake);
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

// The plan of an event that was read, mostly the one that it had before.
static error_code plan_of(catalogue *c, const digest32 *hash, const catalogue_event *before,
                          shared_plan **ret_plan)
{
    if (!before || memcmp(&before->plan->hash, hash, sizeof *hash) != 0)
        return plan_shelf_get(c->plans, hash, ret_plan);
    *ret_plan = shared_plan_ref(before->plan);
    return ERROR_NONE;
}

// Reads detail and plan; the event is complete or not there at all. before: what was known of it.
static error_code event_read(catalogue *c, const event_id *id, const catalogue_event *before,
                             catalogue_event **ret_event)
{
    bool found = false;
    catalogue_event *e = calloc(1, sizeof *e);
    if (!e)
        return ERROR_UNAVAILABLE;
    e->references = 1;
    error_code error = ERROR_UNAVAILABLE;
    if (c->source.event(c->source.self, id, &e->detail, &found) == STORE_OK)
        error = found ? plan_of(c, &e->detail.plan_hash, before, &e->plan) : ERROR_NOT_FOUND;
    if (found && error == ERROR_NOT_FOUND)
        error = ERROR_UNAVAILABLE; // an event whose plan is missing
    if (error == ERROR_NONE)
        *ret_event = e;
    else
        catalogue_event_unref(e);
    return error;
}

static error_code key_get(catalogue *c, const uuid *key, bool inside, catalogue_event **ret_event);

static error_code key_read(catalogue *c, const uuid *key, const catalogue_event *before,
                           catalogue_event **ret_event)
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
    return event_read(c, &id, before, ret_event);
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
    error_code error = key_read(c, &key, e->event, &event); // nobody else changes it meanwhile
    int64_t now_us = c->source.now_us(c->source.self);
    pthread_mutex_lock(&set->mutex);
    e->loading = false;
    pthread_cond_broadcast(&set->loaded);
    e->failed = error == ERROR_UNAVAILABLE && !e->event;
    if (error == ERROR_UNAVAILABLE) {
        e->fresh_until_us = e->ahead_us = now_us + CATALOGUE_RETRY_MS * 1000;
        *ret_event = event_ref(e->event); // the old one, if any
        return e->event ? ERROR_NONE : error;
    }
    catalogue_event_unref(e->event);
    e->event = event;
    e->fresh_until_us = now_us + CATALOGUE_FRESH_MS * 1000;
    e->ahead_us = e->fresh_until_us - CATALOGUE_AHEAD_MS * 1000;
    *ret_event = event_ref(event);
    return error;
}

// Leaves it to the keeper; the set's mutex is held. Who finds no place there asks again later.
static void entry_ask_ahead(catalogue *c, entry *e)
{
    pthread_mutex_lock(&c->mutex);
    e->ahead = c->ahead_count < CATALOGUE_AHEAD_MAX;
    if (e->ahead)
        c->ahead[(c->ahead_first + c->ahead_count++) % CATALOGUE_AHEAD_MAX] = e->key;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->mutex);
}

static bool ahead_take(catalogue *c, uuid *ret_key)
{
    pthread_mutex_lock(&c->mutex);
    bool any = c->ahead_count > 0;
    if (any) {
        *ret_key = c->ahead[c->ahead_first];
        c->ahead_first = (c->ahead_first + 1) % CATALOGUE_AHEAD_MAX;
        c->ahead_count--;
    }
    pthread_mutex_unlock(&c->mutex);
    return any;
}

bool catalogue_keep_one(catalogue *c)
{
    uuid key;
    catalogue_event *event = NULL;
    if (!ahead_take(c, &key))
        return false;
    entry_set *set = set_of(c, &key);
    pthread_mutex_lock(&set->mutex);
    for (size_t i = 0; i < CATALOGUE_WAYS; i++) {
        entry *e = &set->ways[i];
        if (!e->ahead || !uuid_equal(&e->key, &key)) // it may have gone meanwhile
            continue;
        e->ahead = false;
        if (!e->loading && c->source.now_us(c->source.self) >= e->ahead_us)
            (void)entry_read(c, set, e, &event);
        break;
    }
    pthread_mutex_unlock(&set->mutex);
    catalogue_event_unref(event);
    return true;
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
            if (e->event && now_us >= e->ahead_us && !e->loading && !e->ahead)
                entry_ask_ahead(c, e);
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
