#include "ops/host/metric.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

// One decade of bucket bounds, times ten so that 1.5 stays whole.
#define DECADE(unit)                                                                               \
    10 * (unit) / 10, 15 * (unit) / 10, 20 * (unit) / 10, 30 * (unit) / 10, 40 * (unit) / 10,      \
        50 * (unit) / 10, 60 * (unit) / 10, 80 * (unit) / 10
static const int64_t seconds_bounds[] = {DECADE(100LL),    DECADE(1000LL),    DECADE(10000LL),
                                         DECADE(100000LL), DECADE(1000000LL), DECADE(10000000LL),
                                         100000000LL};
static const int64_t count_bounds[] = {
    1, 2, 3, 4, 5, 6, 8, DECADE(10LL), DECADE(100LL), DECADE(1000LL), DECADE(10000LL), 100000LL};

enum {
    SECONDS_BOUNDS = sizeof seconds_bounds / sizeof seconds_bounds[0],
    COUNT_BOUNDS = sizeof count_bounds / sizeof count_bounds[0],
    WIDTH_COUNTER = 1,
    WIDTH_GAUGE = 1,
    WIDTH_HISTOGRAM_SECONDS = SECONDS_BOUNDS + 2, // one more for the rest, one for the sum
    WIDTH_HISTOGRAM_COUNT = COUNT_BOUNDS + 2,
};

// Where each metric's cells start: every value is one of these, laid out when compiling.
enum {
#define CELL(program, name, type, first, second, exposed, help)                                    \
    CELL_##name,                                                                                   \
        CELL_LAST_##name =                                                                         \
            CELL_##name +                                                                          \
            (int)WIDTH_##type * (int)METRIC_##first##_VALUES * (int)METRIC_##second##_VALUES - 1,
    METRIC_LIST(CELL)
#undef CELL
        CELLS
};
static atomic_uint_fast64_t cells[CELLS];

typedef enum metric_type {
    COUNTER,
    GAUGE,
    HISTOGRAM_SECONDS,
    HISTOGRAM_COUNT,
} metric_type;

typedef struct label_set {
    const char *key;
    const char *const *values;
    unsigned values_count;
} label_set;

#define VALUE(set, name, text) text,
#define VALUES(set, type, key)                                                                     \
    static const char *const values_##type[] = {METRIC_LABEL_##set(VALUE)};
METRIC_LABEL_LIST(VALUES)
#undef VALUES
#undef VALUE

typedef enum set_number {
#define NUMBER(set, type, key) SET_##set,
    METRIC_LABEL_LIST(NUMBER)
#undef NUMBER
} set_number;

static const label_set sets[] = {
#define SET(set, type, key) {key, values_##type, METRIC_##set##_VALUES},
    METRIC_LABEL_LIST(SET)
#undef SET
};

typedef struct metric_row {
    const char *name, *help;
    metric_program program;
    metric_type type;
    const label_set *first, *second;
    uint32_t at, width;
} metric_row;

static const metric_row rows[METRICS_END] = {
#define ROW(program, name, type, first, second, exposed, help)                                     \
    {exposed,                                                                                      \
     help,                                                                                         \
     METRIC_PROGRAM_##program,                                                                     \
     type,                                                                                         \
     &sets[SET_##first],                                                                           \
     &sets[SET_##second],                                                                          \
     CELL_##name,                                                                                  \
     WIDTH_##type},
    METRIC_LIST(ROW)
#undef ROW
};

// The first cell of a metric's series.
static atomic_uint_fast64_t *metric_series(metric m, unsigned first, unsigned second)
{
    assert(m < METRICS_END);
    const metric_row *r = &rows[m];
    if (first >= r->first->values_count)
        first = 0;
    if (second >= r->second->values_count)
        second = 0;
    return &cells[r->at + (first * r->second->values_count + second) * r->width];
}

void metric_add_for2(metric m, unsigned first, unsigned second, uint64_t n)
{
    assert(rows[m].type == COUNTER);
    atomic_fetch_add_explicit(metric_series(m, first, second), n, memory_order_relaxed);
}

void metric_add_for(metric m, unsigned first, uint64_t n)
{
    metric_add_for2(m, first, 0, n);
}

void metric_add(metric m, uint64_t n)
{
    metric_add_for2(m, 0, 0, n);
}

void metric_set_for(metric m, unsigned first, int64_t value)
{
    assert(rows[m].type == GAUGE);
    atomic_store_explicit(metric_series(m, first, 0), (uint64_t)value, memory_order_relaxed);
}

void metric_set(metric m, int64_t value)
{
    metric_set_for(m, 0, value);
}

void metric_change_for(metric m, unsigned first, int64_t difference)
{
    assert(rows[m].type == GAUGE);
    atomic_fetch_add_explicit(metric_series(m, first, 0), (uint64_t)difference,
                              memory_order_relaxed);
}

void metric_change(metric m, int64_t difference)
{
    metric_change_for(m, 0, difference);
}

static const int64_t *metric_bounds(const metric_row *r, uint32_t *ret_count)
{
    *ret_count = r->type == HISTOGRAM_SECONDS ? SECONDS_BOUNDS : COUNT_BOUNDS;
    return r->type == HISTOGRAM_SECONDS ? seconds_bounds : count_bounds;
}

void metric_observe_for(metric m, unsigned first, int64_t value)
{
    const metric_row *r = &rows[m];
    assert(r->type == HISTOGRAM_SECONDS || r->type == HISTOGRAM_COUNT);
    atomic_uint_fast64_t *series = metric_series(m, first, 0);
    if (value < 0)
        value = 0;
    uint32_t count;
    const int64_t *bounds = metric_bounds(r, &count);
    uint32_t low = 0, high = count; // the first bound that is not below the value
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (bounds[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    atomic_fetch_add_explicit(&series[low], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&series[count + 1], (uint64_t)value, memory_order_relaxed);
}

void metric_observe(metric m, int64_t value)
{
    metric_observe_for(m, 0, value);
}

static uint64_t cell_read(const atomic_uint_fast64_t *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}

uint64_t metric_sum(metric m)
{
    const metric_row *r = &rows[m];
    bool is_histogram = r->type == HISTOGRAM_SECONDS || r->type == HISTOGRAM_COUNT;
    uint32_t used = is_histogram ? r->width - 1 : r->width; // observations, not their sum
    uint64_t sum = 0;
    for (unsigned first = 0; first < r->first->values_count; first++)
        for (unsigned second = 0; second < r->second->values_count; second++)
            for (uint32_t i = 0; i < used; i++)
                sum += cell_read(&metric_series(m, first, second)[i]);
    return sum;
}

// {key="value",key="value"} with le as the last one when it is given; nothing when there are none.
static void labels_write(FILE *out, const metric_row *r, unsigned first, unsigned second,
                         const char *le)
{
    const char *separator = "{";
    if (r->first->key[0] != '\0') {
        fprintf(out, "%s%s=\"%s\"", separator, r->first->key, r->first->values[first]);
        separator = ",";
    }
    if (r->second->key[0] != '\0') {
        fprintf(out, "%s%s=\"%s\"", separator, r->second->key, r->second->values[second]);
        separator = ",";
    }
    if (le != NULL) {
        fprintf(out, "%sle=\"%s\"", separator, le);
        separator = ",";
    }
    if (separator[0] == ',')
        fputc('}', out);
}

static void histogram_write(FILE *out, const metric_row *r, unsigned first, unsigned second,
                            const atomic_uint_fast64_t *series)
{
    uint32_t count;
    const int64_t *bounds = metric_bounds(r, &count);
    double scale = r->type == HISTOGRAM_SECONDS ? 1e-6 : 1;
    uint64_t total = 0;
    for (uint32_t i = 0; i <= count; i++) {
        char le[32] = "+Inf";
        if (i < count)
            snprintf(le, sizeof le, "%.10g", (double)bounds[i] * scale);
        total += cell_read(&series[i]);
        fprintf(out, "%s_bucket", r->name);
        labels_write(out, r, first, second, le);
        fprintf(out, " %" PRIu64 "\n", total);
    }
    fprintf(out, "%s_sum", r->name);
    labels_write(out, r, first, second, NULL);
    fprintf(out, " %.10g\n%s_count", (double)cell_read(&series[count + 1]) * scale, r->name);
    labels_write(out, r, first, second, NULL);
    fprintf(out, " %" PRIu64 "\n", total);
}

static const char *metric_type_name(metric_type type)
{
    switch (type) {
    case COUNTER:
        return "counter";
    case GAUGE:
        return "gauge";
    case HISTOGRAM_SECONDS:
    case HISTOGRAM_COUNT:
        return "histogram";
    }
    return "untyped";
}

static void metric_write(FILE *out, metric m)
{
    const metric_row *r = &rows[m];
    fprintf(out, "# HELP %s %s.\n# TYPE %s %s\n", r->name, r->help, r->name,
            metric_type_name(r->type));
    for (unsigned first = 0; first < r->first->values_count; first++)
        for (unsigned second = 0; second < r->second->values_count; second++) {
            const atomic_uint_fast64_t *series = metric_series(m, first, second);
            if (r->type == HISTOGRAM_SECONDS || r->type == HISTOGRAM_COUNT) {
                histogram_write(out, r, first, second, series);
                continue;
            }
            fputs(r->name, out);
            labels_write(out, r, first, second, NULL);
            if (r->type == GAUGE)
                fprintf(out, " %" PRId64 "\n", (int64_t)cell_read(series));
            else
                fprintf(out, " %" PRIu64 "\n", cell_read(series));
        }
}

char *metric_expose(metric_program program, size_t *ret_bytes)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (out == NULL)
        return NULL;
    fprintf(out,
            "# HELP cavea_build_info The version that runs.\n# TYPE cavea_build_info gauge\n"
            "cavea_build_info{version=\"%s\"} 1\n",
            CAVEA_VERSION);
    for (metric m = 0; m < METRICS_END; m++)
        if (rows[m].program == METRIC_PROGRAM_ALL || (rows[m].program & program) != 0)
            metric_write(out, m);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    if (ret_bytes != NULL)
        *ret_bytes = bytes;
    return text;
}

static const char *metric_program_name(metric_program program)
{
    switch (program) {
    case METRIC_PROGRAM_ACTORS:
        return "cavea-actors";
    case METRIC_PROGRAM_EDGE:
        return "cavea-edge";
    case METRIC_PROGRAM_PROVIDER:
        return "cavea-provider";
    case METRIC_PROGRAM_LIVE:
        return "cavea-live";
    case METRIC_PROGRAM_ALL:
        return "all";
    }
    return "";
}

char *metric_reference(void)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (out == NULL)
        return NULL;
    fputs("| metric | type | labels | program | what it says |\n|---|---|---|---|---|\n", out);
    for (metric m = 0; m < METRICS_END; m++) {
        const metric_row *r = &rows[m];
        fprintf(out, "| `%s` | %s | %s%s%s | %s | %s |\n", r->name, metric_type_name(r->type),
                r->first->key, r->second->key[0] != '\0' ? ", " : "", r->second->key,
                metric_program_name(r->program), r->help);
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
