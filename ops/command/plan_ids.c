#include "ops/command/plan_ids.h"

#include "ops/command/text_map.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { PART_BYTES = 19, ID_BYTES = 3 * PART_BYTES + 8 };

void plan_token_of(const char *text, size_t bytes_max, char *ret_token)
{
    size_t bytes = 0;
    for (; *text && bytes + 1 < bytes_max; text++) {
        bool fit = isalnum((unsigned char)*text) || strchr("._~-", *text);
        if (fit && *text != '-')
            ret_token[bytes++] = *text;
        else if (bytes > 0 && ret_token[bytes - 1] != '-')
            ret_token[bytes++] = '-';
    }
    while (bytes > 0 && ret_token[bytes - 1] == '-')
        bytes--;
    ret_token[bytes] = 0;
}

static void place_id(const plan_draft *d, const draft_seat *s, char ret_id[static ID_BYTES])
{
    char zone[PART_BYTES], row[PART_BYTES], number[PART_BYTES];
    uint32_t section = d->rows[s->row].section;
    plan_token_of(d->sections[section].name, sizeof zone, zone);
    plan_token_of(d->rows[s->row].name, sizeof row, row);
    plan_token_of(s->number, sizeof number, number);
    if (!zone[0])
        snprintf(zone, sizeof zone, "z%u", section + 1);
    snprintf(ret_id, ID_BYTES, "%s:%s:%s", zone, row, number);
}

// Makes the id unique: its own when it is new, else with ~2, ~3 ... behind it.
static const char *unique_id(plan_draft *d, text_map *taken, const char *wanted)
{
    char id[ID_BYTES + 16];
    const char *base = plan_draft_copy(d, wanted);
    if (!base)
        return NULL;
    uint32_t *uses = text_map_at(taken, base);
    if (++*uses == 1)
        return base;
    for (uint32_t n = *uses;; n++) {
        snprintf(id, sizeof id, "%s~%u", base, n);
        if (text_map_find(taken, id))
            continue;
        *uses = n;
        const char *copy = plan_draft_copy(d, id);
        if (copy)
            *text_map_at(taken, copy) = 1;
        return copy;
    }
}

static int renamed_compare(const void *left, const void *right)
{
    const plan_renamed *a = left, *b = right;
    int sign = strcmp(a->old_id, b->old_id);
    return sign != 0 ? sign : a->seat < b->seat ? -1 : a->seat > b->seat;
}

// Notes every seat that cannot keep its id.
static void renamed_collect(plan_draft *d, const text_map *uses, plan_ids_report *r)
{
    for (uint32_t i = 0; i < d->seats_count; i++) {
        const char *id = d->seats[i].id;
        uint32_t count = *text_map_find(uses, id);
        if (count == 1 && plan_seat_id_valid(id, strlen(id)))
            continue;
        r->renamed[r->renamed_count++] = (plan_renamed){id, i, count};
        if (count == 1)
            r->unfit_seats++;
        else
            r->repeated_seats++;
    }
    qsort(r->renamed, r->renamed_count, sizeof *r->renamed, renamed_compare);
    for (uint32_t i = 0; i < r->renamed_count; i++)
        if (r->renamed[i].uses > 1 &&
            (i == 0 || strcmp(r->renamed[i - 1].old_id, r->renamed[i].old_id) != 0))
            r->repeated_ids++;
}

// In plan order, so that a suffix counts seats from the front.
static bool seats_rename(plan_draft *d, text_map *taken, const bool *keeps)
{
    for (uint32_t i = 0; i < d->seats_count; i++) {
        char id[ID_BYTES];
        if (keeps[i])
            continue;
        place_id(d, &d->seats[i], id);
        d->seats[i].id = unique_id(d, taken, id);
        if (!d->seats[i].id)
            return plan_draft_refuse(d, "the texts of the plan are too long");
    }
    return true;
}

bool plan_ids_assign(plan_draft *d, plan_ids_report *ret_report)
{
    plan_ids_report r = {.renamed =
                             arena_alloc(&d->memory, (size_t)d->seats_count * sizeof *r.renamed)};
    bool *keeps = arena_alloc(&d->memory, d->seats_count + 1);
    text_map uses = {.slots = NULL}, taken = {.slots = NULL};
    bool assigned = r.renamed && keeps && text_map_init(&uses, d->seats_count) &&
                    text_map_init(&taken, 2 * d->seats_count);
    if (assigned) {
        for (uint32_t i = 0; i < d->seats_count; i++)
            ++*text_map_at(&uses, d->seats[i].id);
        memset(keeps, true, d->seats_count);
        renamed_collect(d, &uses, &r);
        for (uint32_t i = 0; i < r.renamed_count; i++)
            keeps[r.renamed[i].seat] = false;
        for (uint32_t i = 0; i < d->seats_count; i++)
            if (keeps[i])
                *text_map_at(&taken, d->seats[i].id) = 1;
        assigned = seats_rename(d, &taken, keeps);
        *ret_report = r;
    } else {
        plan_draft_refuse(d, "out of memory");
    }
    text_map_done(&uses);
    text_map_done(&taken);
    return assigned;
}
