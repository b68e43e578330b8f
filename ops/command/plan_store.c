#include "ops/command/plan_store.h"

#include "ops/command/plan_layout.h"
#include "store/catalog_report.h"

#include <stdlib.h>

static command_status form_put(command *c, const plan_draft *d, const plan_form *form,
                               const plan_side *side, const char *source, size_t source_bytes,
                               plan_stored *ret_stored)
{
    command_status status;
    char problem[CATALOG_PROBLEM_BYTES];
    connection *database = command_database(c, &status);
    if (!database)
        return status;
    bool has_side = side->currency[0] != 0;
    for (uint32_t i = 0; i < d->categories_count; i++)
        has_side = has_side || side->priced[i];
    char *side_text = has_side ? plan_side_write(d, side) : NULL;
    const catalog_plan row = {
        .hash = form->hash,
        .name = d->name,
        .seats = (int32_t)d->seats_count,
        .layout = {form->layout, form->layout_bytes},
        .packed = {form->packed, form->packed_bytes},
        .source = {source, source_bytes},
        .side = {side_text, side_text ? strlen(side_text) : 0},
    };
    ret_stored->hash = form->hash;
    store_result result = catalog_plan_put(database, &row, &ret_stored->made, problem);
    free(side_text);
    return result == STORE_OK ? COMMAND_OK : command_store_fail(c, result, problem);
}

command_status plan_store(command *c, plan_draft *d, const plan_side *side, const char *source,
                          size_t source_bytes, plan_stored *ret_stored)
{
    plan_form form;
    if (!plan_draft_finish(d, &form))
        return command_fail(c, COMMAND_FAILED, "%s", d->problem);
    command_status status = form_put(c, d, &form, side, source, source_bytes, ret_stored);
    plan_form_done(&form);
    return status;
}

command_status plan_house_store(command *c, const plan_house *house, uint32_t seats,
                                const char *name, plan_draft *d, plan_side *ret_side,
                                plan_stored *ret_stored)
{
    plan_side side = {.currency = "EUR"};
    if (!house->generate(d, seats))
        return command_fail(c, COMMAND_FAILED, "%s", d->problem);
    if (name)
        d->name = name;
    for (uint32_t i = 0; i < d->categories_count; i++) {
        side.priced[i] = true;
        side.price_minor[i] = house->price_minor[i];
    }
    *ret_side = side;
    return plan_store(c, d, &side, NULL, 0, ret_stored);
}

void plan_loaded_done(plan_loaded *l)
{
    plan_draft_done(&l->draft);
    plan_free(l->plan);
    free(l->source);
    *l = (plan_loaded){.plan = NULL};
}

// The side file marks seats, too; they are marked already.
static bool loaded_fill(plan_loaded *l, stored_plan *stored)
{
    plan_draft *d = &l->draft;
    if (!plan_layout_read(d, (const char *)stored->layout, stored->layout_bytes) ||
        !plan_decode(stored->packed, stored->packed_bytes, &l->plan, d->problem))
        return false;
    if (stored->side &&
        !plan_side_read(d, (const char *)stored->side, stored->side_bytes, &l->side))
        return false;
    l->source = (char *)stored->source;
    l->source_bytes = stored->source_bytes;
    stored->source = NULL;
    return true;
}

command_status plan_load(command *c, const digest32 *hash, plan_loaded *ret_loaded)
{
    command_status status;
    char problem[CATALOG_PROBLEM_BYTES];
    bool found;
    stored_plan stored;
    plan_loaded l = {.plan = NULL};
    connection *database = command_database(c, &status);
    if (!database)
        return status;
    store_result result = catalog_plan_load(database, hash, &stored, &found, problem);
    if (result != STORE_OK)
        return command_store_fail(c, result, problem);
    if (!found)
        return command_fail(c, COMMAND_FAILED, "there is no such plan");
    if (!plan_draft_init(&l.draft, stored.layout_bytes))
        status = command_fail(c, COMMAND_FAILED, "out of memory");
    else if (!loaded_fill(&l, &stored))
        status = command_fail(c, COMMAND_FAILED, "the stored plan is damaged: %s", l.draft.problem);
    else
        status = COMMAND_OK;
    stored_plan_done(&stored);
    if (status == COMMAND_OK)
        *ret_loaded = l;
    else
        plan_loaded_done(&l);
    return status;
}
