#include "chaos/sim/prng.h"

#include <string.h>

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t turn_left(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

void prng_seed(prng *p, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        p->s[i] = splitmix(&seed);
}

uint64_t prng_next(prng *p)
{
    uint64_t *s = p->s;
    uint64_t result = turn_left(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = turn_left(s[3], 45);
    return result;
}

uint32_t prng_below(prng *p, uint32_t bound)
{
    return (uint32_t)((prng_next(p) >> 32) * bound >> 32);
}

int64_t prng_between(prng *p, int64_t least, int64_t most)
{
    return least + (int64_t)(prng_next(p) % (uint64_t)(most - least + 1));
}

bool prng_chance(prng *p, uint32_t ppm)
{
    return ppm > 0 && prng_below(p, 1000000) < ppm;
}

void prng_fill(prng *p, void *data, size_t data_bytes)
{
    uint8_t *at = data;
    while (data_bytes > 0) {
        uint64_t word = prng_next(p);
        size_t n = data_bytes < sizeof word ? data_bytes : sizeof word;
        memcpy(at, &word, n);
        at += n;
        data_bytes -= n;
    }
}
