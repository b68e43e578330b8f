#include "ops/command/text_map.h"

#include "ops/host/random.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

_Static_assert(sizeof((text_map *)0)->secret == crypto_shorthash_KEYBYTES, "the key fits");

bool text_map_init(text_map *m, uint32_t texts_max)
{
    uint32_t mask = 15;
    while (mask / 2 < texts_max)
        mask = 2 * mask + 1;
    *m = (text_map){.slots = calloc((size_t)mask + 1, sizeof *m->slots), .mask = mask};
    random_fill(m->secret, sizeof m->secret);
    return m->slots != NULL;
}

void text_map_done(text_map *m)
{
    free(m->slots);
    *m = (text_map){.slots = NULL};
}

static struct text_map_slot *slot_of(const text_map *m, const char *text)
{
    uint64_t hash;
    crypto_shorthash((uint8_t *)&hash, (const uint8_t *)text, strlen(text), m->secret);
    uint32_t at = (uint32_t)hash & m->mask;
    while (m->slots[at].text && strcmp(m->slots[at].text, text) != 0)
        at = (at + 1) & m->mask;
    return &m->slots[at];
}

uint32_t *text_map_at(text_map *m, const char *text)
{
    struct text_map_slot *slot = slot_of(m, text);
    if (!slot->text) {
        assert(m->count <= m->mask / 2);
        m->count++;
        slot->text = text;
    }
    return &slot->value;
}

const uint32_t *text_map_find(const text_map *m, const char *text)
{
    const struct text_map_slot *slot = slot_of(m, text);
    return slot->text ? &slot->value : NULL;
}
