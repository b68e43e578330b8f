// Counters, gauges and histograms, all from the one list in metric_list.h, exposed in Prometheus'
// text format. Increments are lock-free and allocate nothing. Labels come from enums, so their
// number is fixed and nothing a stranger sends can become one. Any thread.
//
// metric_add(METRIC_TICKS, 1);
// metric_add_for(METRIC_COMMITS, METRIC_COMMIT_FENCED, 1);
// metric_add_for2(METRIC_COMMANDS, METRIC_COMMAND_RESERVE, METRIC_ANSWER_REFUSED, 1);
// metric_observe(METRIC_TICK_SECONDS, microseconds);
#ifndef CAVEA_OPS_HOST_METRIC_H
#define CAVEA_OPS_HOST_METRIC_H

#include "ops/host/metric_list.h"

#include <stddef.h>
#include <stdint.h>

#define METRIC_VALUE(set, name, text) METRIC_##set##_##name,
#define METRIC_SET(set, type, key)                                                                 \
    typedef enum metric_##type{METRIC_LABEL_##set(METRIC_VALUE)                                    \
                                   METRIC_##set##_VALUES} metric_##type;
METRIC_LABEL_LIST(METRIC_SET)
#undef METRIC_SET
#undef METRIC_VALUE

typedef enum metric {
#define METRIC_NAME(program, name, type, first, second, exposed, help) METRIC_##name,
    METRIC_LIST(METRIC_NAME)
#undef METRIC_NAME
        METRICS_END
} metric;

typedef enum metric_program {
    METRIC_PROGRAM_ACTORS = 1,
    METRIC_PROGRAM_EDGE = 2,
    METRIC_PROGRAM_PROVIDER = 4,
    METRIC_PROGRAM_LIVE = 8,
    METRIC_PROGRAM_ALL = 15,
} metric_program;

// Counters grow by n. A label number outside its enum counts as the enum's value 0.
void metric_add(metric m, uint64_t n);
void metric_add_for(metric m, unsigned first, uint64_t n);
void metric_add_for2(metric m, unsigned first, unsigned second, uint64_t n);

// Gauges; metric_change adds a difference.
void metric_set(metric m, int64_t value);
void metric_set_for(metric m, unsigned first, int64_t value);
void metric_change(metric m, int64_t difference);
void metric_change_for(metric m, unsigned first, int64_t difference);

// Histograms: microseconds for HISTOGRAM_SECONDS, a number for HISTOGRAM_COUNT. Buckets are fixed:
// 1, 1.5, 2, 3, 4, 5, 6 and 8 times each power of ten, from 100 us to 100 s.
void metric_observe(metric m, int64_t value);
void metric_observe_for(metric m, unsigned first, int64_t value);

// The sum over all labels, for tests and status pages.
uint64_t metric_sum(metric m);

// Prometheus' text of the metrics of a program (and those of ALL), on the heap, NUL-ended; NULL
// when memory is out. ret_bytes may be NULL.
char *metric_expose(metric_program program, size_t *ret_bytes);
// The reference page: one Markdown table row for each metric. On the heap.
char *metric_reference(void);

#endif
