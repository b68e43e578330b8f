#include "ops/command/json_file.h"
#include "ops/command/nouns.h"
#include "ops/command/plan_pretix.h"
#include "ops/command/plan_store.h"
#include "schemas/digest.h"
#include "store/catalog_report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *categories_report(const plan_draft *d, const plan_side *side)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < d->categories_count; i++) {
        uint32_t seats = 0;
        for (uint32_t k = 0; k < d->seats_count; k++)
            seats += d->seats[k].category == i;
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:i, s:o}", "name", d->categories[i].name, "color",
                            d->categories[i].color, "seats", (int)seats, "price_minor",
                            side->priced[i] ? json_integer(side->price_minor[i]) : json_null()));
    }
    return list;
}

static int seats_flagged(const plan_draft *d, uint32_t bit)
{
    int count = 0;
    for (uint32_t i = 0; i < d->seats_count; i++)
        count += (d->seats[i].flags & bit) != 0;
    return count;
}

static json_t *plan_report(const plan_draft *d, const plan_side *side, const digest32 *hash)
{
    char text[DIGEST32_TEXT_BYTES];
    digest32_format(hash, text);
    return json_pack(
        "{s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:o, s:o}", "hash", text, "name", d->name,
        "seats", (int)d->seats_count, "sections", (int)d->sections_count, "rows",
        (int)d->rows_count, "accessible", seats_flagged(d, SEAT_FLAG_ACCESSIBLE), "companion",
        seats_flagged(d, SEAT_FLAG_COMPANION), "blocked", seats_flagged(d, SEAT_FLAG_BLOCKED),
        "currency", side->currency[0] ? json_string(side->currency) : json_null(), "categories",
        categories_report(d, side));
}

// [{"id": as in the file, "seats": the ids they have now}], each repeated or unfit id once.
static json_t *renamed_report(const plan_draft *d, const plan_ids_report *r)
{
    json_t *list = json_array(), *seats = NULL;
    for (uint32_t i = 0; i < r->renamed_count; i++) {
        if (i == 0 || strcmp(r->renamed[i].old_id, r->renamed[i - 1].old_id) != 0) {
            seats = json_array();
            json_array_append_new(list, json_pack("{s:s, s:i, s:o}", "id", r->renamed[i].old_id,
                                                  "uses", (int)r->renamed[i].uses, "seats", seats));
        }
        json_array_append_new(seats, json_string(d->seats[r->renamed[i].seat].id));
    }
    return list;
}

static bool side_file_read(command *c, plan_draft *d, plan_side *side)
{
    const char *path = command_option(c, "side", NULL);
    char *text;
    size_t bytes;
    if (!path)
        return true;
    if (!json_file_read(path, PLAN_BYTES_MAX, &text, &bytes, d->problem))
        return false;
    bool read = plan_side_read(d, text, bytes, side);
    free(text);
    return read;
}

static command_status import_store(command *c, plan_draft *d, const char *text, size_t bytes,
                                   const plan_ids_report *ids)
{
    plan_side side = {.currency = ""};
    plan_stored stored;
    d->name = command_option(c, "name", d->name);
    if (!side_file_read(c, d, &side))
        return command_fail(c, COMMAND_FAILED, "%s", d->problem);
    // With another name the file is no longer what the plan was made of: exports are made anew.
    bool renamed = command_flag(c, "name");
    command_status status =
        plan_store(c, d, &side, renamed ? NULL : text, renamed ? 0 : bytes, &stored);
    if (status != COMMAND_OK)
        return status;
    json_t *report = plan_report(d, &side, &stored.hash);
    json_object_set_new(report, "new", json_boolean(stored.made));
    json_object_set_new(report, "repeated_ids", json_integer(ids->repeated_ids));
    json_object_set_new(report, "repeated_seats", json_integer(ids->repeated_seats));
    json_object_set_new(report, "renamed", renamed_report(d, ids));
    if (!c->json && ids->repeated_ids > 0)
        fprintf(stderr,
                "cavea: %u seat ids of the file are used by %u seats; all of these seats "
                "are called zone:row:number now\n",
                ids->repeated_ids, ids->repeated_seats);
    return command_print(c, report);
}

// Refused: says which ids, not only how many.
static command_status import_refused(command *c, const plan_draft *d, const plan_ids_report *ids)
{
    json_t *list = renamed_report(d, ids), *entry;
    size_t i;
    if (!c->json)
        json_array_foreach(list, i, entry)
        {
            char text[2 * SEAT_ID_BYTES_MAX];
            snprintf(text, sizeof text, "%s", json_string_value(json_object_get(entry, "id")));
            (void)command_fail(c, COMMAND_FAILED, "seat id %s is used %d times", text,
                               (int)json_integer_value(json_object_get(entry, "uses")));
        }
    json_decref(list);
    return command_fail(c, COMMAND_FAILED, "%s", d->problem);
}

static command_status plan_import(command *c)
{
    plan_draft d;
    plan_ids_report ids = {.renamed = NULL};
    char problem[JSON_FILE_PROBLEM_BYTES], *text;
    size_t bytes;
    command_status status;
    if (!json_file_read(c->arguments[0], PLAN_BYTES_MAX, &text, &bytes, problem))
        return command_fail(c, COMMAND_FAILED, "%s", problem);
    if (!plan_draft_init(&d, bytes)) {
        free(text);
        return command_fail(c, COMMAND_FAILED, "out of memory");
    }
    if (plan_pretix_read(&d, text, bytes, command_flag(c, "strict"), &ids))
        status = import_store(c, &d, text, bytes, &ids);
    else
        status = import_refused(c, &d, &ids);
    free(text);
    plan_draft_done(&d);
    return status;
}

static command_status plan_generate(command *c)
{
    const plan_house *house = plan_house_find(c->arguments[0]);
    plan_side side;
    plan_draft d;
    plan_stored stored;
    int64_t seats;
    if (!house)
        return command_fail(c, COMMAND_USAGE, "cavea can generate an arena or a theatre, not '%s'",
                            c->arguments[0]);
    if (!command_number(c, "seats", house->seats_min, house->seats_max, house->seats_standard,
                        &seats))
        return COMMAND_USAGE;
    if (!plan_draft_init(&d, PLAN_BYTES_MAX))
        return command_fail(c, COMMAND_FAILED, "out of memory");
    command_status status = plan_house_store(c, house, (uint32_t)seats,
                                             command_option(c, "name", NULL), &d, &side, &stored);
    if (status == COMMAND_OK) {
        json_t *report = plan_report(&d, &side, &stored.hash);
        json_object_set_new(report, "new", json_boolean(stored.made));
        status = command_print(c, report);
    }
    plan_draft_done(&d);
    return status;
}

static bool hash_given(const command *c, digest32 *ret_hash)
{
    const char *text = c->arguments[0];
    if (digest32_parse(text, strlen(text), ret_hash))
        return true;
    (void)command_fail(c, COMMAND_USAGE, "%s is no plan: give the 64 digits of its hash", text);
    return false;
}

static command_status plan_show(command *c)
{
    digest32 hash;
    plan_loaded l;
    if (!hash_given(c, &hash))
        return COMMAND_USAGE;
    command_status status = plan_load(c, &hash, &l);
    if (status != COMMAND_OK)
        return status;
    status = command_print(c, plan_report(&l.draft, &l.side, &hash));
    plan_loaded_done(&l);
    return status;
}

static command_status file_write(const command *c, const char *path, const char *text,
                                 size_t text_bytes)
{
    FILE *file = path ? fopen(path, "wb") : stdout;
    if (!file)
        return command_fail(c, COMMAND_FAILED, "cannot write %s: %s", path, strerror(errno));
    bool written = fwrite(text, 1, text_bytes, file) == text_bytes;
    written = (path ? fclose(file) : fflush(file)) == 0 && written;
    return written ? COMMAND_OK
                   : command_fail(c, COMMAND_FAILED, "cannot write %s: %s", path ? path : "it",
                                  strerror(errno));
}

// The imported file as it was, byte for byte, unless --rebuild asks for what the database knows.
static command_status plan_file_write(command *c, const plan_loaded *l)
{
    const char *path = command_option(c, "output", NULL);
    if (l->source && !command_flag(c, "rebuild"))
        return file_write(c, path, l->source, l->source_bytes);
    char *text = plan_pretix_write(&l->draft);
    if (!text)
        return command_fail(c, COMMAND_FAILED, "out of memory");
    command_status status = file_write(c, path, text, strlen(text));
    free(text);
    return status;
}

static command_status plan_export(command *c)
{
    digest32 hash;
    plan_loaded l;
    const char *side_path = command_option(c, "side", NULL);
    if (!hash_given(c, &hash))
        return COMMAND_USAGE;
    command_status status = plan_load(c, &hash, &l);
    if (status != COMMAND_OK)
        return status;
    if (side_path) {
        char *side = plan_side_write(&l.draft, &l.side);
        status = side ? file_write(c, side_path, side, strlen(side))
                      : command_fail(c, COMMAND_FAILED, "out of memory");
        free(side);
    }
    if (status == COMMAND_OK)
        status = plan_file_write(c, &l);
    plan_loaded_done(&l);
    return status;
}

static command_status plan_list(command *c)
{
    return command_report(c, REPORT_PLANS, NULL);
}

const verb plan_verbs[] = {
    {"import",
     "FILE",
     "Stores a pretix seating plan; FILE - is standard input.",
     1,
     1,
     {{"side", "FILE", "prices, accessible, companion and blocked seats"},
      {"strict", NULL, "refuse a file whose seat ids repeat"},
      {"name", "TEXT", "another name than the file's"}},
     plan_import},
    {"export",
     "HASH",
     "Writes a plan as a pretix seating plan.",
     1,
     1,
     {{"output", "FILE", "where to, standard output otherwise"},
      {"side", "FILE", "write the side file there, too"},
      {"rebuild", NULL, "from what is stored, not the imported file"}},
     plan_export},
    {"generate",
     "arena|theatre",
     "Makes up a plan and stores it.",
     1,
     1,
     {{"seats", "N", "how many, exactly"}, {"name", "TEXT", "what to call it"}},
     plan_generate},
    {"list", NULL, "Lists the plans.", 0, 0, {{0}}, plan_list},
    {"show", "HASH", "Says what a plan holds.", 1, 1, {{0}}, plan_show},
    {0},
};
