// What happened to the money: of an event, and beside the provider's own books.
#include "ops/command/finance_file.h"
#include "ops/command/nouns.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static const char *const columns[] = {
    "currency",
    "reservations",
    "sold_minor",
    "captured_minor",
    "refunded_minor",
    "retained_minor",
    "organizer_minor",
    "fees_minor",
    "tax_minor",
    "refund_due_minor",
    "undecided_minor",
    "refunding_minor",
    "undecided_age_seconds",
    "unbalanced_minor",
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static void csv_print(const json_t *report)
{
    size_t i;
    json_t *row;
    fputs("event", stdout);
    for (int k = 0; k < COLUMNS; k++)
        printf(",%s", columns[k]);
    putchar('\n');
    json_array_foreach(json_object_get(report, "currencies"), i, row)
    {
        csv_put(stdout, json_string_value(json_object_get(report, "event")));
        for (int k = 0; k < COLUMNS; k++) {
            const json_t *value = json_object_get(row, columns[k]);
            putchar(',');
            if (json_is_string(value))
                csv_put(stdout, json_string_value(value));
            else
                printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
        }
        putchar('\n');
    }
}

static command_status finance_report(command *c)
{
    uuid id;
    command_status status;
    if (!command_id(c, &id))
        return COMMAND_USAGE;
    if (c->json && command_flag(c, "csv"))
        return command_fail(c, COMMAND_USAGE, "either --csv or --json");
    json_t *report = command_report_read(c, REPORT_FINANCE, &id, &status);
    if (!report)
        return status;
    bool agrees = json_is_true(json_object_get(report, "agrees"));
    if (command_flag(c, "csv")) {
        csv_print(report);
        json_decref(report);
    } else {
        (void)command_print(c, report);
    }
    if (!agrees)
        fputs("cavea: reservations, payments and postings contradict each other\n", stderr);
    return agrees ? COMMAND_OK : COMMAND_FAILED;
}

static void file_close(FILE **file)
{
    if (*file && *file != stdin)
        fclose(*file);
}

// A bound of --since or --until; 0: none.
static command_status bound_read(command *c, const char *name, int64_t *ret_us)
{
    char problem[CATALOG_PROBLEM_BYTES];
    static const uuid nowhere;
    command_status status;
    const char *text = command_option(c, name, NULL);
    *ret_us = 0;
    if (!text)
        return COMMAND_OK;
    connection *database = command_database(c, &status);
    if (!database)
        return status;
    store_result result = catalog_time(database, text, &nowhere, ret_us, problem);
    if (result == STORE_REFUSED)
        return command_fail(c, COMMAND_USAGE,
                            "--%s takes a time with an offset, such as 2031-05-17T00:00Z", name);
    return result == STORE_OK ? COMMAND_OK : command_store_fail(c, result, problem);
}

static command_status lines_send(command *c, connection *database, finance_file *f)
{
    static reconcile_line lines[RECONCILE_LINES_MAX];
    char wrong[FINANCE_FILE_PROBLEM_BYTES], problem[CATALOG_PROBLEM_BYTES];
    uint32_t count = 0;
    store_result result = reconcile_begin(database, problem);
    while (result == STORE_OK) {
        if (!finance_file_read(f, lines, RECONCILE_LINES_MAX, &count, wrong))
            return command_fail(c, COMMAND_FAILED, "%s: %s", c->arguments[0], wrong);
        if (count == 0)
            return COMMAND_OK;
        result = reconcile_add(database, lines, count, problem);
    }
    return command_store_fail(c, result, problem);
}

static command_status outcome_print(command *c, connection *database, int64_t since_us,
                                    int64_t until_us)
{
    char problem[CATALOG_PROBLEM_BYTES], *text = NULL;
    store_result result = reconcile_end(database, since_us, until_us, &text, problem);
    if (result != STORE_OK)
        return command_store_fail(c, result, problem);
    json_t *report = json_loads(text, 0, NULL);
    free(text);
    if (!report)
        return command_fail(c, COMMAND_FAILED, "out of memory");
    json_int_t differences = json_integer_value(json_object_get(report, "differences"));
    (void)command_print(c, report);
    if (differences > 0)
        fprintf(stderr,
                "cavea: the provider's books and ours differ in %" JSON_INTEGER_FORMAT " places\n",
                differences);
    return differences > 0 ? COMMAND_FAILED : COMMAND_OK;
}

static command_status finance_reconcile(command *c)
{
    char wrong[FINANCE_FILE_PROBLEM_BYTES];
    int64_t since_us, until_us;
    static finance_file f; // a line is long for a stack
    const char *path = c->arguments[0];
    __attribute__((cleanup(file_close))) FILE *file =
        strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!file)
        return command_fail(c, COMMAND_FAILED, "%s cannot be read: %s", path,
                            strerrordesc_np(errno));
    if (!finance_file_init(&f, file, wrong))
        return command_fail(c, COMMAND_FAILED, "%s: %s", path, wrong);
    command_status status = bound_read(c, "since", &since_us);
    if (status == COMMAND_OK)
        status = bound_read(c, "until", &until_us);
    connection *database = status == COMMAND_OK ? command_database(c, &status) : NULL;
    if (!database)
        return status;
    status = lines_send(c, database, &f);
    return status == COMMAND_OK ? outcome_print(c, database, since_us, until_us) : status;
}

const verb finance_verbs[] = {
    {"report",
     "EVENT",
     "What was captured, refunded, kept and earned, and whether all books agree.",
     1,
     1,
     {{"csv", NULL, "as comma-separated values"}},
     finance_report},
    {"reconcile",
     "FILE",
     "Compares the provider's export (CSV, - for standard input) with our payments, both ways.",
     1,
     1,
     {{"since", "TIME", "payments made before it need not stand in the file"},
      {"until", "TIME", "neither need those made at it or later"}},
     finance_reconcile},
    {0},
};
