#include "ops/command/event_cancel.h"
#include "ops/command/event_make.h"
#include "ops/command/event_status.h"
#include "ops/command/event_terms.h"
#include "ops/command/nouns.h"
#include "schemas/digest.h"

#include <stdio.h>
#include <stdlib.h>

// --price 'Stalls=4500' or, by number, --price '0=4500'; the last one given for a category counts.
static bool price_parse(const plan *p, const char *text, plan_side *side)
{
    const char *equals = strrchr(text, '=');
    char *end;
    if (!equals || equals == text || equals[1] < '0' || equals[1] > '9' || strlen(equals) > 16)
        return false;
    int64_t price = strtoll(equals + 1, &end, 10);
    if (*end != 0)
        return false;
    size_t name_bytes = (size_t)(equals - text);
    for (uint32_t i = 0; i < p->categories_count; i++) {
        char number[12];
        snprintf(number, sizeof number, "%u", i);
        const char *name = plan_category_name(p, i);
        if ((strlen(name) == name_bytes && memcmp(name, text, name_bytes) == 0) ||
            (strlen(number) == name_bytes && memcmp(number, text, name_bytes) == 0)) {
            side->priced[i] = true;
            side->price_minor[i] = price;
            return true;
        }
    }
    return false;
}

static command_status prices_collect(const command *c, const plan *p, plan_side *side)
{
    const char *currency = command_option(c, "currency", NULL);
    if (currency) {
        if (strlen(currency) != 3)
            return command_fail(c, COMMAND_USAGE, "a currency is three letters, such as EUR");
        memcpy(side->currency, currency, sizeof side->currency);
    }
    for (int i = 0; i < c->options_count; i++)
        if (strcmp(c->options[i].name, "price") == 0 && !price_parse(p, c->options[i].value, side))
            return command_fail(c, COMMAND_USAGE,
                                "--price takes a category of the plan and minor units, such as "
                                "'%s=4500', not '%s'",
                                plan_category_name(p, 0), c->options[i].value);
    return COMMAND_OK;
}

// What was given by words and numbers; times and prices follow.
static command_status event_words(command *c, catalog_event *row)
{
    const char *venue = command_option(c, "venue", ""), *hash = command_option(c, "plan", "");
    int64_t hold_seconds;
    if (!uuid_parse(venue, strlen(venue), &row->venue))
        return command_fail(c, COMMAND_USAGE, "an event needs --venue and a venue's id");
    if (!digest32_parse(hash, strlen(hash), &row->plan_hash))
        return command_fail(c, COMMAND_USAGE, "an event needs --plan and a plan's hash");
    if (!command_number(c, "hold-seconds", 1, HOLD_SECONDS_MAX, EVENT_HOLD_SECONDS, &hold_seconds))
        return COMMAND_USAGE;
    if (!event_terms_read(c, row))
        return COMMAND_USAGE;
    row->name = command_option(c, "name", NULL);
    row->category = command_option(c, "category", "other");
    row->description = command_option(c, "description", "");
    row->production = command_option(c, "production", NULL);
    row->hold_seconds = (int32_t)hold_seconds;
    if (!row->name || !command_flag(c, "starts"))
        return command_fail(c, COMMAND_USAGE, "an event needs --name and --starts");
    return COMMAND_OK;
}

static command_status event_times(command *c, catalog_event *row)
{
    char problem[CATALOG_PROBLEM_BYTES];
    command_status status;
    connection *database = command_database(c, &status);
    if (!database)
        return status;
    store_result result = catalog_time(database, command_option(c, "starts", NULL), &row->venue,
                                       &row->starts_us, problem);
    if (result == STORE_OK)
        result = catalog_time(database, command_option(c, "sale-starts", "now"), &row->venue,
                              &row->sale_starts_us, problem);
    return result == STORE_OK ? COMMAND_OK : command_store_fail(c, result, problem);
}

static command_status event_create(command *c)
{
    char problem[CATALOG_PROBLEM_BYTES], id[UUID_TEXT_BYTES];
    catalog_event row = {.name = NULL};
    plan_loaded l;
    bool made;
    command_status status = event_words(c, &row);
    if (status == COMMAND_OK)
        status = event_times(c, &row);
    if (status == COMMAND_OK)
        status = plan_load(c, &row.plan_hash, &l);
    if (status != COMMAND_OK)
        return status;
    status = prices_collect(c, l.plan, &l.side);
    if (status == COMMAND_OK && !event_price(&row, &l, &l.side, problem))
        status = command_fail(c, COMMAND_USAGE, "%s", problem);
    plan_loaded_done(&l);
    if (status == COMMAND_OK)
        status = event_store(c, &row, &made);
    if (status != COMMAND_OK)
        return status;
    uuid_format(&row.id.u, id);
    return command_print(c, json_pack("{s:s, s:s, s:i, s:s}", "id", id, "name", row.name, "seats",
                                      (int)row.seats, "currency", row.currency));
}

static command_status event_list(command *c)
{
    return command_report(c, REPORT_EVENTS, NULL);
}

static command_status event_show(command *c)
{
    uuid id;
    return command_id(c, &id) ? command_report(c, REPORT_EVENT, &id) : COMMAND_USAGE;
}

static command_status event_set(command *c, event_status wanted, const char *name)
{
    event_id id;
    command_status status;
    if (!command_id(c, &id.u))
        return COMMAND_USAGE;
    // An id that is nobody's would only be noticed by silence.
    json_t *event = command_report_read(c, REPORT_EVENT, &id.u, &status);
    if (!event)
        return status;
    json_decref(event);
    status = event_status_set(c, &id, wanted);
    if (status != COMMAND_OK)
        return status;
    return command_print(c, json_pack("{s:s, s:s}", "id", c->arguments[0], "status", name));
}

static command_status event_open(command *c)
{
    return event_set(c, EVENT_ON_SALE, "on_sale");
}

static command_status event_close(command *c)
{
    return event_set(c, EVENT_CLOSED, "closed");
}

static command_status event_pause(command *c)
{
    return event_set(c, EVENT_PAUSED, "paused");
}

const verb event_verbs[] = {
    {"create",
     NULL,
     "Makes an event from a plan; its sale begins by itself at --sale-starts.",
     0,
     0,
     {{"venue", "ID", "where"},
      {"plan", "HASH", "its seats"},
      {"name", "TEXT", "what it is called"},
      {"category", "TEXT", "concert, theatre, sport ... (other)"},
      {"description", "TEXT", "a few sentences"},
      {"production", "TEXT", "the production it is a performance of"},
      {"starts", "TIME", "now, +2h, 2031-05-17T20:00 (venue's time) or with an offset"},
      {"sale-starts", "TIME", "the same (now)"},
      {"currency", "CODE", "ISO 4217 (the plan's side file's)"},
      {"price", "CATEGORY=MINOR", "price in minor units; may be repeated"},
      {"hold-seconds", "N", "how long seats are held (600)"},
      {"refund", "STEPS", "what a cancellation gives back: 24h=100,2h=50 (these) or none"},
      {"fee-bp", "N", "fees, in hundredths of a percent of the price (0)"},
      {"tax-bp", "N", "tax, likewise (0)"}},
     event_create},
    {"list", NULL, "Lists the events.", 0, 0, {{0}}, event_list},
    {"show", "ID", "Shows one event with its prices and seats.", 1, 1, {{0}}, event_show},
    {"open", "ID", "Puts an event on sale now.", 1, 1, {{0}}, event_open},
    {"close", "ID", "Ends an event's sale.", 1, 1, {{0}}, event_close},
    {"cancel",
     "ID",
     "Cancels an event for good and refunds everybody; run it again when it was interrupted.",
     1,
     1,
     {{0}},
     event_cancel},
    {"pause", "ID", "Interrupts an event's sale; open goes on.", 1, 1, {{0}}, event_pause},
    {0},
};
