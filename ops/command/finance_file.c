#include "ops/command/finance_file.h"

#include "schemas/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

__attribute__((format(printf, 2, 3))) static bool wrong(char *ret_problem, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret_problem, FINANCE_FILE_PROBLEM_BYTES, format, arguments);
    va_end(arguments);
    text_tidy(ret_problem);
    return false;
}

static int column_of(const csv *c, const char *name)
{
    for (int i = 0; i < c->count; i++)
        if (strcmp(c->fields[i], name) == 0)
            return i;
    return -1;
}

static const char byte_order_mark[] = "\xef\xbb\xbf";

bool finance_file_init(finance_file *f, FILE *file,
                       char ret_problem[static FINANCE_FILE_PROBLEM_BYTES])
{
    csv_init(&f->csv, file);
    if (csv_next(&f->csv) != CSV_LINE)
        return wrong(ret_problem, "the file has no line with names of columns");
    if (strncmp(f->csv.fields[0], byte_order_mark, sizeof byte_order_mark - 1) == 0)
        f->csv.fields[0] += sizeof byte_order_mark - 1;
    f->intent = column_of(&f->csv, "intent_id");
    if (f->intent < 0)
        f->intent = column_of(&f->csv, "id");
    f->payment = column_of(&f->csv, "payment_id");
    f->currency = column_of(&f->csv, "currency");
    f->captured = column_of(&f->csv, "captured_minor");
    f->refunded = column_of(&f->csv, "refunded_minor");
    if (f->intent < 0 || f->currency < 0 || f->captured < 0 || f->refunded < 0)
        return wrong(ret_problem, "the first line must name the columns intent_id, currency, "
                                  "captured_minor and refunded_minor");
    return true;
}

static const char *field(const finance_file *f, int column)
{
    return column >= 0 && column < f->csv.count ? f->csv.fields[column] : "";
}

static bool text_take(const char *text, char ret_text[static RECONCILE_TEXT_BYTES])
{
    size_t bytes = strlen(text);
    for (size_t i = 0; i < bytes; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    if (bytes >= RECONCILE_TEXT_BYTES)
        return false;
    memcpy(ret_text, text, bytes + 1);
    return true;
}

static bool amount_take(const char *text, int64_t *ret_minor)
{
    char *end;
    errno = 0;
    long long minor = strtoll(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != 0 || errno != 0)
        return false;
    *ret_minor = minor;
    return true;
}

static bool currency_take(const char *text, char ret_currency[static 4])
{
    if (strlen(text) != 3)
        return false;
    for (int i = 0; i < 3; i++) {
        char c = text[i];
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (c < 'A' || c > 'Z')
            return false;
        ret_currency[i] = c;
    }
    ret_currency[3] = 0;
    return true;
}

static bool line_take(const finance_file *f, reconcile_line *ret_line, char *ret_problem)
{
    reconcile_line line = {.number = f->csv.number};
    const char *what = NULL;
    if (!text_take(field(f, f->intent), line.intent_id) || line.intent_id[0] == 0)
        what = "intent_id";
    else if (!text_take(field(f, f->payment), line.payment_id))
        what = "payment_id";
    else if (!currency_take(field(f, f->currency), line.currency))
        what = "currency";
    else if (!amount_take(field(f, f->captured), &line.captured_minor))
        what = "captured_minor";
    else if (!amount_take(field(f, f->refunded), &line.refunded_minor))
        what = "refunded_minor";
    if (what)
        return wrong(ret_problem, "line %" PRId64 ": %s is missing or wrong", f->csv.number, what);
    *ret_line = line;
    return true;
}

bool finance_file_read(finance_file *f, reconcile_line *ret_lines, uint32_t lines_max,
                       uint32_t *ret_count, char ret_problem[static FINANCE_FILE_PROBLEM_BYTES])
{
    csv_result result = CSV_LINE;
    *ret_count = 0;
    while (*ret_count < lines_max && (result = csv_next(&f->csv)) == CSV_LINE) {
        if (!line_take(f, &ret_lines[*ret_count], ret_problem))
            return false;
        ++*ret_count;
    }
    if (result == CSV_BROKEN)
        return wrong(ret_problem, "line %" PRId64 " cannot be read", f->csv.number);
    return true;
}
