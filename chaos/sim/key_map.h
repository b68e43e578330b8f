// Sixteen bytes to a small number: where a row with this id lies. Open addressing, half full at
// most; grows; nothing is ever taken out. One thread.
#ifndef CAVEA_CHAOS_SIM_KEY_MAP_H
#define CAVEA_CHAOS_SIM_KEY_MAP_H

#include "schemas/id.h"

#define KEY_MAP_NONE UINT32_MAX

typedef struct key_map {
    struct key_map_slot *slots;
    uint32_t mask, count;
} key_map;

void key_map_clear(key_map *m); // keeps the memory
void key_map_done(key_map *m);
uint32_t key_map_get(const key_map *m, const void *key);       // KEY_MAP_NONE: not there
void key_map_put(key_map *m, const void *key, uint32_t value); // adds or replaces

#endif
