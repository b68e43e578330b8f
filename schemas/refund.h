// What a buyer gets back who cancels a paid reservation: a share of its price that falls in steps
// as the event comes nearer. Whole percents, rounded up to the minor unit, in the buyer's favour.
// Edges show it and event actors decide by it, with the same function. Pure; any thread.
#ifndef CAVEA_SCHEMAS_REFUND_H
#define CAVEA_SCHEMAS_REFUND_H

#include "schemas/limits.h"

#include <stdint.h>

typedef struct refund_policy {
    uint32_t steps;
    int32_t before_seconds[REFUND_STEPS_MAX]; // at least so long before the start, falling
    int16_t percent[REFUND_STEPS_MAX];        // 0 to 100
} refund_policy;

// The share at a moment; later than the last step, nothing. Times in microseconds.
uint32_t refund_percent_at(const refund_policy *p, int64_t starts_us, int64_t now_us);
// total_minor is not negative, percent at most 100; never overflows.
int64_t refund_share_minor(int64_t total_minor, uint32_t percent);
// The smallest percent whose share is the amount, or the first that is more.
uint32_t refund_percent_of(int64_t total_minor, int64_t share_minor);

#endif
