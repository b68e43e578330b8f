// A log-linear histogram of microseconds: 64 linear steps in each power of two, so that every
// recorded value is kept to within 1.6 %. The idea is that of HdrHistogram (Tene). One thread.
#ifndef CAVEA_CHAOS_LOAD_HISTOGRAM_H
#define CAVEA_CHAOS_LOAD_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_STEPS = 64, HISTOGRAM_BUCKETS = 40 * HISTOGRAM_STEPS };

typedef struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    int64_t max_us;
} histogram;

static inline uint32_t histogram_bucket(int64_t us)
{
    uint64_t v = us < 0 ? 0 : (uint64_t)us;
    if (v < 2 * HISTOGRAM_STEPS)
        return (uint32_t)v;
    uint32_t shift = 63 - (uint32_t)__builtin_clzll(v) - 6;
    uint32_t bucket = shift * HISTOGRAM_STEPS + (uint32_t)(v >> shift);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static inline void histogram_add(histogram *h, int64_t us)
{
    h->counts[histogram_bucket(us)]++;
    h->total++;
    h->max_us = us > h->max_us ? us : h->max_us;
}

// The value below which `share` (0 to 1) of all recorded ones lie; 0 when there are none.
static inline int64_t histogram_quantile(const histogram *h, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)h->total), seen = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->counts[i];
        if (seen <= wanted && seen < h->total)
            continue;
        if (i < 2 * HISTOGRAM_STEPS)
            return i;
        uint32_t shift = i / HISTOGRAM_STEPS - 1;
        return (int64_t)(i - shift * HISTOGRAM_STEPS) << shift;
    }
    return h->max_us;
}

#endif
