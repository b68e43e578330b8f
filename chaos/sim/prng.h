// The simulator's only randomness: xoshiro256** (Blackman and Vigna, 2018), seeded by splitmix64,
// so that a seed means the same world on every machine. Pure; one thread per generator.
#ifndef CAVEA_CHAOS_SIM_PRNG_H
#define CAVEA_CHAOS_SIM_PRNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct prng {
    uint64_t s[4];
} prng;

void prng_seed(prng *p, uint64_t seed);
uint64_t prng_next(prng *p);
uint32_t prng_below(prng *p, uint32_t bound);               // 0 to bound - 1; bound > 0
int64_t prng_between(prng *p, int64_t least, int64_t most); // both included
bool prng_chance(prng *p, uint32_t ppm);                    // parts in a million; 0 draws nothing
void prng_fill(prng *p, void *data, size_t data_bytes);

#endif
