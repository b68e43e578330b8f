// Answers that many ask for in the same words, kept for a moment. While one thread builds an answer
// again, the others get the old one; when building fails, the old one can still be had.
// Direct-mapped and bounded. Any thread.
#ifndef CAVEA_EDGE_ANSWER_CACHE_H
#define CAVEA_EDGE_ANSWER_CACHE_H

#include "edge/shared_bytes.h"

enum {
    ANSWER_CACHE_SLOTS = 1024,
    ANSWER_CACHE_FRESH_MS = 1000,
    ANSWER_CACHE_BUILD_MS = 2000, // so long the others wait for the one who builds
    ANSWER_CACHE_STALE_MS = 10 * 60 * 1000,
};

typedef struct answer_cache answer_cache;

answer_cache *answer_cache_new(void); // NULL when memory is out
void answer_cache_free(answer_cache *c);
// A reference, or NULL: the caller builds the answer and puts it. now_us is monotonic.
shared_bytes *answer_cache_get(answer_cache *c, const digest16 *key, int64_t now_us);
void answer_cache_put(answer_cache *c, const digest16 *key, shared_bytes *answer, int64_t now_us);
// A reference to what was put last, or NULL: for when no new answer could be built.
shared_bytes *answer_cache_old(answer_cache *c, const digest16 *key, int64_t now_us);

#endif
