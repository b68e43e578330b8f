#include "ops/command/event_make.h"

#include "ops/command/command.h"
#include "ops/host/random.h"

#include <stdio.h>

bool event_price(catalog_event *row, const plan_loaded *l, const plan_side *prices,
                 char ret_problem[static CATALOG_PROBLEM_BYTES])
{
    const plan *p = l->plan;
    bool sold[CATEGORIES_PER_PLAN_MAX] = {false};
    row->seats = 0;
    for (uint32_t i = 0; i < p->seats_count; i++) {
        if ((p->seat_flags[i] & SEAT_FLAG_BLOCKED) == 0) {
            sold[p->seat_category[i]] = true;
            row->seats++;
        }
    }
    row->prices_count = p->categories_count;
    row->price_min_minor = INT64_MAX;
    row->price_max_minor = 0;
    for (uint32_t i = 0; i < p->categories_count; i++) {
        int64_t price = prices->priced[i] ? prices->price_minor[i] : 0;
        row->price_minor[i] = price;
        if (!sold[i])
            continue;
        if (!prices->priced[i]) {
            snprintf(ret_problem, CATALOG_PROBLEM_BYTES,
                     "category %s has no price: give --price '%s=MINOR'", plan_category_name(p, i),
                     plan_category_name(p, i));
            return false;
        }
        row->price_min_minor = price < row->price_min_minor ? price : row->price_min_minor;
        row->price_max_minor = price > row->price_max_minor ? price : row->price_max_minor;
    }
    if (row->seats == 0 || !prices->currency[0]) {
        snprintf(ret_problem, CATALOG_PROBLEM_BYTES, "%s",
                 row->seats == 0 ? "every seat of the plan is blocked"
                                 : "which currency? Give --currency, such as EUR");
        return false;
    }
    memcpy(row->currency, prices->currency, sizeof row->currency);
    return true;
}

command_status event_store(command *c, catalog_event *row, bool *ret_made)
{
    enum { DRAWS_MAX = 8 };
    char problem[CATALOG_PROBLEM_BYTES];
    bool fresh = uuid_is_zero(&row->id.u), taken = true;
    store_result result = STORE_REFUSED;
    command_status status;
    connection *database = command_database(c, &status);
    if (!database)
        return status;
    row->production_id = random_uuid();
    for (int draw = 0; taken && draw < DRAWS_MAX; draw++) {
        if (fresh)
            row->id.u = random_uuid();
        result = catalog_event_put(database, row, ret_made, &taken, problem);
        taken = taken && fresh;
    }
    return result == STORE_OK ? COMMAND_OK : command_store_fail(c, result, problem);
}
