#include "edge/plan_shelf.h"

#include "edge/gzip.h"
#include "schemas/limits.h"

#include <stdlib.h>

shared_plan *shared_plan_take(const digest32 *hash, plan *p)
{
    shared_plan *s = malloc(sizeof *s);
    if (!s) {
        plan_free(p);
        return NULL;
    }
    *s = (shared_plan){.references = 1, .hash = *hash, .plan = p};
    return s;
}

shared_plan *shared_plan_ref(shared_plan *p)
{
    atomic_fetch_add_explicit(&p->references, 1, memory_order_relaxed);
    return p;
}

void shared_plan_unref(shared_plan *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->references, 1, memory_order_acq_rel) != 1)
        return;
    plan_free(p->plan);
    free(p);
}

// What can be asked of a plan.
typedef enum shelf_form {
    FORM_LAYOUT,
    FORM_MAP,
    FORM_MAP_PLAIN,
    FORM_PLAN, // decoded; the others are bytes
} shelf_form;

// What is known of one hash. While somebody loads, the slot stays.
typedef struct slot {
    digest32 hash;
    shared_plan *plan;
    shared_bytes *bytes[FORM_PLAN];
    uint64_t used; // by the cache's own count
    bool taken, loading;
} slot;

struct plan_shelf {
    plan_source source;
    pthread_mutex_t mutex; // guards everything below
    pthread_cond_t loaded;
    uint64_t uses;
    size_t bytes, bytes_max;
    slot slots[PLAN_SHELF_PLANS_MAX];
};

plan_shelf *plan_shelf_new(const plan_source *source)
{
    return plan_shelf_new_sized(source, PLAN_SHELF_BYTES_MAX);
}

plan_shelf *plan_shelf_new_sized(const plan_source *source, size_t bytes_max)
{
    plan_shelf *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->source = *source;
    c->bytes_max = bytes_max;
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->loaded, NULL);
    return c;
}

static size_t slot_bytes(const slot *s)
{
    size_t bytes = s->plan ? s->plan->plan->memory_bytes : 0;
    for (size_t i = 0; i < FORM_PLAN; i++)
        bytes += s->bytes[i] ? s->bytes[i]->count : 0;
    return bytes;
}

static void slot_clear(plan_shelf *c, slot *s)
{
    c->bytes -= slot_bytes(s);
    shared_plan_unref(s->plan);
    for (size_t i = 0; i < FORM_PLAN; i++)
        shared_bytes_unref(s->bytes[i]);
    *s = (slot){.taken = false};
}

void plan_shelf_free(plan_shelf *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < PLAN_SHELF_PLANS_MAX; i++)
        slot_clear(c, &c->slots[i]);
    pthread_mutex_destroy(&c->mutex);
    pthread_cond_destroy(&c->loaded);
    free(c);
}

size_t plan_shelf_bytes(plan_shelf *c)
{
    pthread_mutex_lock(&c->mutex);
    size_t bytes = c->bytes;
    pthread_mutex_unlock(&c->mutex);
    return bytes;
}

// New references come from here, with the mutex held, or from somebody who has one.
static bool plan_in_use(const slot *s)
{
    return s->plan && atomic_load_explicit(&s->plan->references, memory_order_acquire) > 1;
}

// The slot to be given to another plan: an empty one, else the one whose plan nobody has that was
// not used for longest, else the one that was not used for longest. NULL when all are loading.
static slot *slot_oldest(plan_shelf *c)
{
    slot *oldest = NULL;
    bool oldest_in_use = false;
    for (size_t i = 0; i < PLAN_SHELF_PLANS_MAX; i++) {
        slot *s = &c->slots[i];
        if (s->loading)
            continue;
        if (!s->taken)
            return s;
        bool in_use = plan_in_use(s);
        if (oldest && (in_use != oldest_in_use ? in_use : s->used > oldest->used))
            continue;
        oldest = s;
        oldest_in_use = in_use;
    }
    return oldest;
}

static slot *slot_find(plan_shelf *c, const digest32 *hash)
{
    for (size_t i = 0; i < PLAN_SHELF_PLANS_MAX; i++) {
        slot *s = &c->slots[i];
        if (s->taken && memcmp(&s->hash, hash, sizeof *hash) == 0)
            return s;
    }
    return NULL;
}

// Anything beside the decoded plan.
static bool slot_has_bytes(const slot *s)
{
    for (size_t i = 0; i < FORM_PLAN; i++)
        if (s->bytes[i])
            return true;
    return false;
}

// Of those that have something to give back, the one that was not used for longest.
static slot *slot_trimmable(plan_shelf *c, const slot *kept)
{
    slot *oldest = NULL;
    for (size_t i = 0; i < PLAN_SHELF_PLANS_MAX; i++) {
        slot *s = &c->slots[i];
        if (s == kept || s->loading || !s->taken || (!slot_has_bytes(s) && plan_in_use(s)))
            continue;
        if (!oldest || s->used < oldest->used)
            oldest = s;
    }
    return oldest;
}

// Room for what has just been loaded into `kept`.
static void cache_trim(plan_shelf *c, const slot *kept)
{
    slot *s;
    while (c->bytes > c->bytes_max && (s = slot_trimmable(c, kept)) != NULL) {
        if (!plan_in_use(s)) {
            slot_clear(c, s);
            continue;
        }
        for (size_t i = 0; i < FORM_PLAN; i++) {
            c->bytes -= s->bytes[i] ? s->bytes[i]->count : 0;
            shared_bytes_unref(s->bytes[i]);
            s->bytes[i] = NULL;
        }
    }
}

static bool slot_has(const slot *s, shelf_form form)
{
    return form == FORM_PLAN ? s->plan != NULL : s->bytes[form] != NULL;
}

// Returns the slot of a hash for this thread alone to load into, or with *ret_there as it is
// wanted.
static slot *slot_enter(plan_shelf *c, const digest32 *hash, shelf_form form, bool *ret_there)
{
    for (;;) {
        slot *s = slot_find(c, hash);
        *ret_there = s && slot_has(s, form);
        if (!s && (s = slot_oldest(c)) != NULL) {
            slot_clear(c, s);
            s->hash = *hash;
            s->taken = true;
        }
        if (s && (*ret_there || !s->loading)) {
            s->used = ++c->uses;
            s->loading = s->loading || !*ret_there;
            return s;
        }
        pthread_cond_wait(&c->loaded, &c->mutex);
    }
}

// What a slot holds of a plan, or what was loaded for it: one of the two.
typedef struct shelf_item {
    shared_plan *plan;
    shared_bytes *bytes;
} shelf_item;

static plan_load_result map_load(const plan_source *source, const digest32 *hash, bool is_plain,
                                 shared_bytes **ret_map)
{
    shared_bytes *map = NULL;
    char *data = NULL;
    size_t bytes;
    plan_load_result result = source->map ? source->map(source->self, hash, &map) : PLAN_UNKNOWN;
    if (result == PLAN_LOADED && map && is_plain) {
        bool unpacked = gzip_unpack(map->data, map->count, PLAN_BYTES_MAX, &data, &bytes);
        shared_bytes_unref(map);
        map = unpacked ? shared_bytes_take(data, bytes) : NULL;
    }
    *ret_map = map;
    return result;
}

static plan_load_result source_load(const plan_source *source, const digest32 *hash,
                                    shelf_form form, shelf_item *ret_item)
{
    plan *p = NULL;
    shelf_item item = {.plan = NULL};
    plan_load_result result = PLAN_UNKNOWN;
    switch (form) {
    case FORM_PLAN:
        result = source->load(source->self, hash, &p);
        break;
    case FORM_LAYOUT:
        result = source->layout(source->self, hash, &item.bytes);
        break;
    case FORM_MAP:
    case FORM_MAP_PLAIN:
        result = map_load(source, hash, form == FORM_MAP_PLAIN, &item.bytes);
        break;
    }
    if (result == PLAN_LOADED && p)
        item.plan = shared_plan_take(hash, p);
    if (result == PLAN_LOADED && !item.plan && !item.bytes)
        result = PLAN_FAILED;
    *ret_item = item;
    return result;
}

static plan_load_result slot_load(plan_shelf *c, slot *s, const digest32 *hash, shelf_form form,
                                  shelf_item *ret_item)
{
    shelf_item item;
    pthread_mutex_unlock(&c->mutex);
    plan_load_result result = source_load(&c->source, hash, form, &item);
    pthread_mutex_lock(&c->mutex);
    s->loading = false;
    size_t before = slot_bytes(s);
    if (item.plan)
        s->plan = shared_plan_ref(item.plan);
    if (item.bytes)
        s->bytes[form] = shared_bytes_ref(item.bytes);
    c->bytes += slot_bytes(s) - before;
    if (result != PLAN_LOADED && slot_bytes(s) == 0)
        slot_clear(c, s);
    *ret_item = item;
    cache_trim(c, s);
    pthread_cond_broadcast(&c->loaded);
    return result;
}

static error_code cache_get(plan_shelf *c, const digest32 *hash, shelf_form form,
                            shelf_item *ret_item)
{
    bool there;
    plan_load_result result = PLAN_LOADED;
    pthread_mutex_lock(&c->mutex);
    slot *s = slot_enter(c, hash, form, &there);
    if (!there)
        result = slot_load(c, s, hash, form, ret_item);
    else if (form == FORM_PLAN)
        *ret_item = (shelf_item){.plan = shared_plan_ref(s->plan)};
    else
        *ret_item = (shelf_item){.bytes = shared_bytes_ref(s->bytes[form])};
    pthread_mutex_unlock(&c->mutex);
    return result == PLAN_LOADED    ? ERROR_NONE
           : result == PLAN_UNKNOWN ? ERROR_NOT_FOUND
                                    : ERROR_UNAVAILABLE;
}

error_code plan_shelf_get(plan_shelf *c, const digest32 *hash, shared_plan **ret_plan)
{
    shelf_item item = {.plan = NULL};
    error_code error = cache_get(c, hash, FORM_PLAN, &item);
    *ret_plan = item.plan;
    return error;
}

static error_code bytes_get(plan_shelf *c, const digest32 *hash, shelf_form form,
                            shared_bytes **ret_bytes)
{
    shelf_item item = {.plan = NULL};
    error_code error = cache_get(c, hash, form, &item);
    *ret_bytes = item.bytes;
    return error;
}

error_code plan_shelf_layout(plan_shelf *c, const digest32 *hash, shared_bytes **ret_layout)
{
    return bytes_get(c, hash, FORM_LAYOUT, ret_layout);
}

error_code plan_shelf_map(plan_shelf *c, const digest32 *hash, shared_bytes **ret_map)
{
    return bytes_get(c, hash, FORM_MAP, ret_map);
}

error_code plan_shelf_map_plain(plan_shelf *c, const digest32 *hash, shared_bytes **ret_map)
{
    return bytes_get(c, hash, FORM_MAP_PLAIN, ret_map);
}
