#include "chaos/sim/key_map.h"

#include <assert.h>
#include <stdlib.h>

enum { SLOTS_MIN = 256 };

typedef struct key_map_slot {
    uint8_t key[16];
    uint32_t value; // KEY_MAP_NONE: empty
} key_map_slot;

static uint32_t home(const key_map *m, const void *key)
{
    uint64_t a, b;
    memcpy(&a, key, sizeof a);
    memcpy(&b, (const uint8_t *)key + 8, sizeof b);
    return (uint32_t)((a ^ b * 3) * 0x9e3779b97f4a7c15u >> 32) & m->mask;
}

static void resize(key_map *m, uint32_t slots)
{
    key_map old = *m;
    m->slots = malloc(slots * sizeof *m->slots);
    assert(m->slots != NULL);
    m->mask = slots - 1;
    m->count = 0;
    memset(m->slots, 0xff, slots * sizeof *m->slots);
    for (uint32_t i = 0; old.slots != NULL && i <= old.mask; i++)
        if (old.slots[i].value != KEY_MAP_NONE)
            key_map_put(m, old.slots[i].key, old.slots[i].value);
    free(old.slots);
}

void key_map_clear(key_map *m)
{
    if (m->slots != NULL)
        memset(m->slots, 0xff, (m->mask + 1) * sizeof *m->slots);
    m->count = 0;
}

void key_map_done(key_map *m)
{
    free(m->slots);
    *m = (key_map){0};
}

uint32_t key_map_get(const key_map *m, const void *key)
{
    if (m->slots == NULL)
        return KEY_MAP_NONE;
    uint32_t at = home(m, key);
    while (m->slots[at].value != KEY_MAP_NONE && memcmp(m->slots[at].key, key, 16) != 0)
        at = (at + 1) & m->mask;
    return m->slots[at].value;
}

void key_map_put(key_map *m, const void *key, uint32_t value)
{
    if (m->slots == NULL || 2 * (m->count + 1) > m->mask)
        resize(m, m->slots == NULL ? SLOTS_MIN : 2 * (m->mask + 1));
    uint32_t at = home(m, key);
    while (m->slots[at].value != KEY_MAP_NONE && memcmp(m->slots[at].key, key, 16) != 0)
        at = (at + 1) & m->mask;
    m->count += m->slots[at].value == KEY_MAP_NONE;
    memcpy(m->slots[at].key, key, 16);
    m->slots[at].value = value;
}
