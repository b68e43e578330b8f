// A map from texts to numbers with a fixed number of places, for finding what repeats in a plan.
// Its hash is keyed anew each time, so that no file can be made to collide. One thread.
#ifndef CAVEA_OPS_COMMAND_TEXT_MAP_H
#define CAVEA_OPS_COMMAND_TEXT_MAP_H

#include "schemas/id.h"

typedef struct text_map {
    struct text_map_slot {
        const char *text; // borrowed; NULL: empty
        uint32_t value;
    } * slots;
    uint32_t mask, count;
    uint8_t secret[16];
} text_map;

MUST_CHECK bool text_map_init(text_map *m, uint32_t texts_max);
void text_map_done(text_map *m);
// The number of a text, 0 when it is new. At most texts_max different texts; the text itself is
// kept, not copied. The pointer is good until the map ends.
uint32_t *text_map_at(text_map *m, const char *text);
// NULL when the text is not in the map.
const uint32_t *text_map_find(const text_map *m, const char *text);

#endif
