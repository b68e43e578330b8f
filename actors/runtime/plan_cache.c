#include "actors/runtime/plan_cache.h"

#include "schemas/digest.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct entry {
    digest32 hash;
    plan *plan;
    uint32_t borrowers;
    struct entry *next;
} entry;

struct plan_cache {
    pthread_mutex_t mutex;
    entry *entries;
};

plan_cache *plan_cache_new(void)
{
    plan_cache *p = calloc(1, sizeof *p);
    if (p != NULL)
        pthread_mutex_init(&p->mutex, NULL);
    return p;
}

void plan_cache_free(plan_cache *p)
{
    if (p == NULL)
        return;
    pthread_mutex_destroy(&p->mutex);
    free(p);
}

uint32_t plan_cache_hashes(plan_cache *p, digest32 ret_hashes[static PLAN_CACHE_HASHES_MAX])
{
    uint32_t n = 0;
    pthread_mutex_lock(&p->mutex);
    for (const entry *e = p->entries; e != NULL && n < PLAN_CACHE_HASHES_MAX; e = e->next)
        ret_hashes[n++] = e->hash;
    pthread_mutex_unlock(&p->mutex);
    return n;
}

static entry *entry_add(plan_cache *p, const digest32 *hash, const uint8_t *packed,
                        uint32_t packed_bytes)
{
    char problem[PLAN_PROBLEM_BYTES];
    entry *e = calloc(1, sizeof *e);
    if (e == NULL || !plan_decode(packed, packed_bytes, &e->plan, problem)) {
        free(e);
        return NULL;
    }
    e->hash = *hash;
    e->next = p->entries;
    p->entries = e;
    return e;
}

const plan *plan_cache_borrow(plan_cache *p, const digest32 *hash, const uint8_t *packed,
                              uint32_t packed_bytes)
{
    pthread_mutex_lock(&p->mutex);
    entry *e = p->entries;
    while (e != NULL && !digest32_equal(&e->hash, hash))
        e = e->next;
    if (e == NULL && packed != NULL)
        e = entry_add(p, hash, packed, packed_bytes);
    if (e != NULL)
        e->borrowers++;
    pthread_mutex_unlock(&p->mutex);
    return e == NULL ? NULL : e->plan;
}

void plan_cache_return(plan_cache *p, const plan *borrowed)
{
    pthread_mutex_lock(&p->mutex);
    for (entry **at = &p->entries; *at != NULL; at = &(*at)->next)
        if ((*at)->plan == borrowed) {
            entry *e = *at;
            if (--e->borrowers == 0) {
                *at = e->next;
                plan_free(e->plan);
                free(e);
            }
            break;
        }
    pthread_mutex_unlock(&p->mutex);
}
