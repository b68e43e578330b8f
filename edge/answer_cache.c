#include "edge/answer_cache.h"
#include "edge/spinning_mutex.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct slot {
    pthread_mutex_t mutex;
    digest16 key;
    shared_bytes *answer;
    int64_t put_us, building_until_us;
} slot;

struct answer_cache {
    slot slots[ANSWER_CACHE_SLOTS];
};

answer_cache *answer_cache_new(void)
{
    answer_cache *c = calloc(1, sizeof *c);
    for (size_t i = 0; c && i < ANSWER_CACHE_SLOTS; i++)
        spinning_mutex_init(&c->slots[i].mutex);
    return c;
}

void answer_cache_free(answer_cache *c)
{
    for (size_t i = 0; c && i < ANSWER_CACHE_SLOTS; i++) {
        shared_bytes_unref(c->slots[i].answer);
        pthread_mutex_destroy(&c->slots[i].mutex);
    }
    free(c);
}

static slot *slot_of(answer_cache *c, const digest16 *key)
{
    uint32_t low;
    memcpy(&low, key->bytes, sizeof low);
    return &c->slots[low % ANSWER_CACHE_SLOTS];
}

static bool slot_has(const slot *s, const digest16 *key, int64_t now_us, int64_t age_ms)
{
    return s->answer && memcmp(&s->key, key, sizeof *key) == 0 &&
           now_us - s->put_us < age_ms * 1000;
}

shared_bytes *answer_cache_get(answer_cache *c, const digest16 *key, int64_t now_us)
{
    shared_bytes *answer = NULL;
    slot *s = slot_of(c, key);
    pthread_mutex_lock(&s->mutex);
    if (slot_has(s, key, now_us, ANSWER_CACHE_FRESH_MS) ||
        (slot_has(s, key, now_us, ANSWER_CACHE_STALE_MS) && s->building_until_us > now_us))
        answer = shared_bytes_ref(s->answer);
    else if (slot_has(s, key, now_us, ANSWER_CACHE_STALE_MS))
        s->building_until_us = now_us + ANSWER_CACHE_BUILD_MS * 1000;
    pthread_mutex_unlock(&s->mutex);
    return answer;
}

shared_bytes *answer_cache_old(answer_cache *c, const digest16 *key, int64_t now_us)
{
    slot *s = slot_of(c, key);
    pthread_mutex_lock(&s->mutex);
    shared_bytes *answer =
        slot_has(s, key, now_us, ANSWER_CACHE_STALE_MS) ? shared_bytes_ref(s->answer) : NULL;
    pthread_mutex_unlock(&s->mutex);
    return answer;
}

void answer_cache_put(answer_cache *c, const digest16 *key, shared_bytes *answer, int64_t now_us)
{
    slot *s = slot_of(c, key);
    shared_bytes_ref(answer);
    pthread_mutex_lock(&s->mutex);
    shared_bytes *before = s->answer;
    s->key = *key;
    s->answer = answer;
    s->put_us = now_us;
    s->building_until_us = 0;
    pthread_mutex_unlock(&s->mutex);
    shared_bytes_unref(before);
}
