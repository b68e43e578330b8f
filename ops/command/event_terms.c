#include "ops/command/event_terms.h"

#include "schemas/account.h"

#include <stdlib.h>

enum { DIGITS_MAX = 6, PERCENT_MAX = 100, BEFORE_SECONDS_MAX = 2000000000 };

static int64_t unit_seconds(char unit)
{
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    default:
        return 0;
    }
}

// A number of at most six digits; false when there is none. *at moves behind it.
static bool number_take(const char **at, int64_t *ret_number)
{
    size_t digits = strspn(*at, "0123456789");
    if (digits == 0 || digits > DIGITS_MAX)
        return false;
    *ret_number = strtoll(*at, NULL, 10);
    *at += digits;
    return true;
}

static bool step_take(const char **at, int32_t *ret_before_seconds, int16_t *ret_percent)
{
    int64_t time, percent, unit;
    if (!number_take(at, &time) || (unit = unit_seconds(**at)) == 0 || *++*at != '=')
        return false;
    ++*at;
    if (!number_take(at, &percent) || percent > PERCENT_MAX || time * unit > BEFORE_SECONDS_MAX)
        return false;
    *ret_before_seconds = (int32_t)(time * unit);
    *ret_percent = (int16_t)percent;
    return true;
}

bool refund_steps_parse(const char *text, refund_policy *ret_policy)
{
    refund_policy p = {.steps = 0};
    if (strcmp(text, "none") == 0) {
        *ret_policy = p;
        return true;
    }
    for (const char *at = text;; at++) {
        uint32_t i = p.steps;
        if (i == REFUND_STEPS_MAX || !step_take(&at, &p.before_seconds[i], &p.percent[i]) ||
            (i > 0 && p.before_seconds[i] >= p.before_seconds[i - 1]))
            return false;
        p.steps++;
        if (*at == 0)
            break;
        if (*at != ',')
            return false;
    }
    *ret_policy = p;
    return true;
}

bool event_terms_read(const command *c, catalog_event *row)
{
    int64_t fee_bp, tax_bp;
    const char *steps = command_option(c, "refund", NULL);
    if (!command_number(c, "fee-bp", 0, BASIS_POINTS, 0, &fee_bp) ||
        !command_number(c, "tax-bp", 0, BASIS_POINTS, 0, &tax_bp))
        return false;
    if (fee_bp + tax_bp > BASIS_POINTS) {
        (void)command_fail(c, COMMAND_USAGE, "fees and tax together are more than the price");
        return false;
    }
    row->fee_bp = (int16_t)fee_bp;
    row->tax_bp = (int16_t)tax_bp;
    row->has_refunds = steps != NULL;
    if (!steps || refund_steps_parse(steps, &row->refunds))
        return true;
    (void)command_fail(c, COMMAND_USAGE,
                       "--refund takes steps such as 24h=100,2h=50, the longest time first, or "
                       "none, not '%s'",
                       steps);
    return false;
}
