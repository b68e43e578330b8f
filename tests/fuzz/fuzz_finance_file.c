// The reader of the provider's export against anything: what it accepts is bounded and plain, and
// written as CSV it reads back the same.
#include "ops/command/finance_file.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

static void check_line(const reconcile_line *l)
{
    assert(l->intent_id[0] != 0 && strlen(l->intent_id) < sizeof l->intent_id);
    assert(strlen(l->payment_id) < sizeof l->payment_id && strlen(l->currency) == 3);
    assert(l->captured_minor >= 0 && l->refunded_minor >= 0 && l->number > 1);
}

static void check_back(const reconcile_line *l)
{
    static csv c;
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    assert(out != NULL);
    csv_put(out, l->intent_id);
    putc(',', out);
    csv_put(out, l->payment_id);
    fputs("\r\n", out);
    fclose(out);
    FILE *in = fmemopen(text, bytes, "r");
    assert(in != NULL);
    csv_init(&c, in);
    assert(csv_next(&c) == CSV_LINE && c.count == 2);
    assert(strcmp(c.fields[0], l->intent_id) == 0 && strcmp(c.fields[1], l->payment_id) == 0);
    assert(csv_next(&c) == CSV_END);
    fclose(in);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
    static finance_file f;
    static reconcile_line lines[4];
    char problem[FINANCE_FILE_PROBLEM_BYTES];
    uint32_t count = 0;
    if (data_bytes == 0)
        return 0;
    FILE *in = fmemopen((void *)(uintptr_t)data, data_bytes, "r");
    assert(in != NULL);
    bool good = finance_file_init(&f, in, problem);
    while (good && finance_file_read(&f, lines, 4, &count, problem) && count > 0)
        for (uint32_t i = 0; i < count; i++) {
            check_line(&lines[i]);
            check_back(&lines[i]);
        }
    fclose(in);
    return 0;
}
