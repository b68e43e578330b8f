#include "ops/command/ledger_replay.h"
#include "ops/command/nouns.h"
#include "schemas/digest.h"

static json_t *digest_json(const digest32 *d)
{
    char text[DIGEST32_TEXT_BYTES];
    digest32_format(d, text);
    return json_string(text);
}

static json_t *finding_report(const ledger_finding *f, bool agrees)
{
    return json_pack("{s:b, s:I, s:o, s:o, s:o, s:i, s:i, s:s}", "agrees", agrees, "facts",
                     (json_int_t)f->facts, "head", digest_json(&f->head), "state_by_facts",
                     digest_json(&f->replayed), "state_by_rows", digest_json(&f->stored), "held",
                     (int)f->held, "sold", (int)f->sold, "difference", f->difference);
}

static json_int_t amount(const json_t *books, const char *key)
{
    return json_integer_value(json_object_get(books, key));
}

// NULL, or what does not add up between the tables.
static const char *books_problem(const json_t *books)
{
    if (amount(books, "claims_without_reservation") != 0)
        return "a seat is claimed by a reservation that does not have it";
    if (amount(books, "seats_without_claim") != 0)
        return "a reservation has a seat without a claim on it";
    if (amount(books, "captured_minor") - amount(books, "refunded_minor") !=
        amount(books, "sold_minor") + amount(books, "undecided_minor"))
        return "captured less refunded money is not the value of the sold seats and what is "
               "undecided";
    return NULL;
}

static command_status ledger_verify(command *c)
{
    event_id id;
    ledger_finding found;
    command_status status;
    if (!command_id(c, &id.u))
        return COMMAND_USAGE;
    connection *database = command_database(c, &status);
    if (!database)
        return status;
    progress p = progress_start("replaying facts");
    ledger_verdict v = ledger_replay(database, &id, &p, &found);
    progress_end(&p);
    if (v == LEDGER_UNKNOWN)
        return command_fail(c, COMMAND_FAILED, "%s", found.difference);
    if (v == LEDGER_UNREADABLE)
        return command_fail(c, COMMAND_UNREACHABLE, "%s", found.difference);
    json_t *books = command_report_read(c, REPORT_LEDGER, &id.u, &status);
    if (!books)
        return status;
    const char *problem = v == LEDGER_AGREES ? books_problem(books) : found.difference;
    json_t *report = finding_report(&found, problem == NULL);
    json_object_set_new(report, "difference", problem ? json_string(problem) : json_null());
    json_object_set_new(report, "books", books);
    status = problem ? COMMAND_FAILED : COMMAND_OK;
    (void)command_print(c, report);
    return status;
}

const verb ledger_verbs[] = {
    {"verify",
     "EVENT",
     "Recomputes an event's hash chain, replays its facts and compares with the rows.",
     1,
     1,
     {{0}},
     ledger_verify},
    {0},
};
