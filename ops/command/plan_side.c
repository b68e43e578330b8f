#include "ops/command/plan_side.h"

#include "ops/command/json_file.h"
#include "ops/command/text_map.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct flag {
    const char *key;
    uint32_t bit;
} flags[] = {
    {"accessible", SEAT_FLAG_ACCESSIBLE},
    {"companion", SEAT_FLAG_COMPANION},
    {"blocked", SEAT_FLAG_BLOCKED},
};
enum { FLAGS_COUNT = sizeof flags / sizeof *flags };

#define PRICE_MINOR_MAX INT64_C(100000000000)

static bool currency_read(plan_draft *d, const json_t *value, plan_side *side)
{
    const char *text = json_string_value(value);
    if (!value)
        return true;
    if (!text || strlen(text) != 3 || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
        return plan_draft_refuse(d, "currency is three capital letters of ISO 4217, such as EUR");
    memcpy(side->currency, text, sizeof side->currency);
    return true;
}

static bool prices_read(plan_draft *d, json_t *prices, plan_side *side)
{
    const char *name;
    json_t *price;
    if (prices && !json_is_object(prices))
        return plan_draft_refuse(d, "prices is an object of category names and minor units");
    json_object_foreach(prices, name, price)
    {
        uint32_t i = 0;
        while (i < d->categories_count && strcmp(d->categories[i].name, name) != 0)
            i++;
        if (i == d->categories_count)
            return plan_draft_refuse(d, "the plan has no category %.60s", name);
        if (!json_is_integer(price) || json_integer_value(price) < 0 ||
            json_integer_value(price) > PRICE_MINOR_MAX)
            return plan_draft_refuse(d, "the price of %.60s is no whole number of minor units",
                                     name);
        side->priced[i] = true;
        side->price_minor[i] = json_integer_value(price);
    }
    return true;
}

// Whether a member of a WHICH, if it is there, equals the seat's.
static bool agrees(const json_t *which, const char *key, const char *text)
{
    const json_t *wanted = json_object_get(which, key);
    return !wanted || (json_is_string(wanted) && strcmp(json_string_value(wanted), text) == 0);
}

static bool which_mark(plan_draft *d, json_t *which, uint32_t bit)
{
    static const char *const known[] = {"zone", "row", "number", "category"};
    const char *key;
    json_t *value;
    uint32_t marked = 0;
    json_object_foreach(which, key, value)
    {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            found = found || strcmp(known[i], key) == 0;
        if (!found)
            return plan_draft_refuse(d,
                                     "seats are picked by zone, row, number and category, "
                                     "not by %.60s",
                                     key);
    }
    for (uint32_t i = 0; i < d->seats_count; i++) {
        draft_seat *seat = &d->seats[i];
        const draft_row *row = &d->rows[seat->row];
        if (agrees(which, "zone", d->sections[row->section].name) &&
            agrees(which, "row", row->name) && agrees(which, "number", seat->number) &&
            agrees(which, "category", d->categories[seat->category].name)) {
            seat->flags |= bit;
            marked++;
        }
    }
    return marked > 0 || plan_draft_refuse(d, "one of the side file's choices picks no seat");
}

static bool flag_read(plan_draft *d, const json_t *list, const struct flag *flag,
                      const text_map *ids)
{
    json_t *which;
    size_t i;
    if (list && !json_is_array(list))
        return plan_draft_refuse(d, "%s is a list of seats", flag->key);
    json_array_foreach(list, i, which)
    {
        if (json_is_string(which)) {
            const uint32_t *seat = text_map_find(ids, json_string_value(which));
            if (!seat)
                return plan_draft_refuse(d, "%s: the plan has no seat %.64s", flag->key,
                                         json_string_value(which));
            d->seats[*seat].flags |= flag->bit;
        } else if (!json_is_object(which)) {
            return plan_draft_refuse(d, "%s is a list of seat ids or objects", flag->key);
        } else if (!which_mark(d, which, flag->bit)) {
            return false;
        }
    }
    return true;
}

static bool keys_check(plan_draft *d, json_t *root)
{
    const char *key;
    json_t *value;
    if (!json_is_object(root))
        return plan_draft_refuse(d, "a side file is a JSON object");
    json_object_foreach(root, key, value)
    {
        bool known = strcmp(key, "currency") == 0 || strcmp(key, "prices") == 0;
        for (size_t i = 0; i < FLAGS_COUNT; i++)
            known = known || strcmp(key, flags[i].key) == 0;
        if (!known)
            return plan_draft_refuse(d, "a side file has no key %.60s", key);
    }
    return true;
}

static bool root_read(plan_draft *d, json_t *root, plan_side *side)
{
    text_map ids;
    if (!keys_check(d, root) || !currency_read(d, json_object_get(root, "currency"), side) ||
        !prices_read(d, json_object_get(root, "prices"), side))
        return false;
    if (!text_map_init(&ids, d->seats_count))
        return plan_draft_refuse(d, "out of memory");
    for (uint32_t i = 0; i < d->seats_count; i++)
        *text_map_at(&ids, d->seats[i].id) = i;
    bool read = true;
    for (size_t i = 0; read && i < FLAGS_COUNT; i++)
        read = flag_read(d, json_object_get(root, flags[i].key), &flags[i], &ids);
    text_map_done(&ids);
    return read;
}

bool plan_side_read(plan_draft *d, const char *text, size_t text_bytes, plan_side *ret_side)
{
    plan_side side = {.currency = ""};
    json_t *root = json_file_parse(text, text_bytes, d->problem);
    if (!root)
        return false;
    bool read = root_read(d, root, &side);
    json_decref(root);
    if (read)
        *ret_side = side;
    return read;
}

char *plan_side_write(const plan_draft *d, const plan_side *side)
{
    json_t *root = json_object(), *prices = json_object();
    if (side->currency[0])
        json_object_set_new(root, "currency", json_string(side->currency));
    for (uint32_t i = 0; i < d->categories_count; i++)
        if (side->priced[i])
            json_object_set_new(prices, d->categories[i].name, json_integer(side->price_minor[i]));
    json_object_set_new(root, "prices", prices);
    for (size_t f = 0; f < FLAGS_COUNT; f++) {
        json_t *list = json_array();
        for (uint32_t i = 0; i < d->seats_count; i++)
            if (d->seats[i].flags & flags[f].bit)
                json_array_append_new(list, json_string(d->seats[i].id));
        json_object_set_new(root, flags[f].key, list);
    }
    char *text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    return text;
}
