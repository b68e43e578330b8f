#include "ops/command/ledger_chain.h"
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

// Invariant 4, and that reservations, payments and postings say the same.
static const char *money_problem(const json_t *row)
{
    if (amount(row, "unbalanced_minor") != 0)
        return "the money of the reservations, the payments and the postings is not the same";
    if (amount(row, "captured_minor") - amount(row, "refunded_minor") !=
        amount(row, "sold_minor") + amount(row, "retained_minor") + amount(row, "undecided_minor"))
        return "captured less refunded money is not the value of the sold seats, what is kept and "
               "what is undecided";
    return NULL;
}

// NULL, or what does not add up between the tables.
static const char *books_problem(const json_t *books)
{
    size_t i;
    json_t *row;
    const char *problem = NULL;
    if (amount(books, "claims_without_reservation") != 0)
        return "a seat is claimed by a reservation that does not have it";
    if (amount(books, "seats_without_claim") != 0)
        return "a reservation has a seat without a claim on it";
    if (amount(books, "postings_without_fact") != 0)
        return "a posting has no fact of a payment as its reason";
    json_array_foreach(json_object_get(books, "money"), i, row)
    {
        if (!problem)
            problem = money_problem(row);
    }
    return problem;
}

// The partitions that have the event's payments and tickets. Their facts are those of many events;
// a chain is whole or it is not. Adds what was found to report; NULL, or what is wrong.
static const char *chains_check(connection *database, const event_id *id, json_t *report,
                                chain_finding *found, ledger_verdict *ret_verdict)
{
    static const actor_kind kinds[] = {ACTOR_PAYMENT, ACTOR_TICKET};
    static const char *const names[] = {"payment_chain", "ticket_chain"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        actor_ref actor = actor_of_tag(kinds[i], event_tag(id));
        progress p = progress_start("checking the chains");
        *ret_verdict = ledger_chain(database, &actor, &p, found);
        progress_end(&p);
        if (*ret_verdict == LEDGER_UNKNOWN)
            continue; // nobody ever paid in this partition
        json_object_set_new(report, names[i],
                            json_pack("{s:I, s:o}", "facts", (json_int_t)found->facts, "head",
                                      digest_json(&found->head)));
        if (*ret_verdict != LEDGER_AGREES)
            return found->difference;
    }
    *ret_verdict = LEDGER_AGREES;
    return NULL;
}

static command_status report_print(command *c, json_t *report, const char *problem)
{
    json_object_set_new(report, "agrees", json_boolean(problem == NULL));
    json_object_set_new(report, "difference", problem ? json_string(problem) : json_null());
    (void)command_print(c, report);
    return problem ? COMMAND_FAILED : COMMAND_OK;
}

static command_status ledger_verify(command *c)
{
    event_id id;
    ledger_finding found;
    chain_finding chain;
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
    json_t *report = finding_report(&found, true);
    const char *problem = v == LEDGER_AGREES ? NULL : found.difference;
    if (!problem && !command_flag(c, "quick"))
        problem = chains_check(database, &id, report, &chain, &v);
    json_t *books =
        v == LEDGER_UNREADABLE ? NULL : command_report_read(c, REPORT_LEDGER, &id.u, &status);
    if (!books) {
        json_decref(report);
        return v == LEDGER_UNREADABLE ? command_fail(c, COMMAND_UNREACHABLE, "%s", problem)
                                      : status;
    }
    if (!problem)
        problem = books_problem(books);
    json_object_set(report, "books", books);
    status = report_print(c, report, problem);
    json_decref(books);
    return status;
}

const verb ledger_verbs[] = {
    {"verify",
     "EVENT",
     "Checks an event's facts, rows, payments, tickets and postings against each other.",
     1,
     1,
     {{"quick", NULL, "not the whole chains of the partitions that have its payments and tickets"}},
     ledger_verify},
    {0},
};
