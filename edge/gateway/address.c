#include "edge/gateway/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>

enum { NETWORK_BYTES = 8, FNV_PRIME = 16777619 };

typedef struct address_count {
    address of;
    uint32_t count; // 0: a free place
} address_count;

struct addresses {
    uint32_t mask, used, used_max, each_max;
    address_count places[]; // open addressing, at most half full
};

static address from_v4(const void *four)
{
    address a = {{[10] = 0xff, [11] = 0xff}};
    memcpy(a.bytes + 12, four, 4);
    return a;
}

static address from_v6(const uint8_t sixteen[static 16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    address a = {0};
    if (memcmp(sixteen, mapped, sizeof mapped) == 0)
        return from_v4(sixteen + 12);
    memcpy(a.bytes, sixteen, NETWORK_BYTES);
    return a;
}

bool address_of(const struct sockaddr *from, address *ret_address)
{
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)from;
        *ret_address = from_v4(&v4->sin_addr);
        return true;
    }
    if (from->sa_family != AF_INET6)
        return false;
    const struct sockaddr_in6 *v6 = (const void *)from;
    *ret_address = from_v6(v6->sin6_addr.s6_addr);
    return true;
}

bool address_forwarded(const char *text, size_t text_bytes, address *ret_address)
{
    char last[INET6_ADDRSTRLEN];
    uint8_t raw[16];
    size_t from = text_bytes;
    while (from > 0 && text[from - 1] != ',' && text[from - 1] != ' ')
        from--;
    size_t bytes = text_bytes - from;
    if (bytes == 0 || bytes >= sizeof last)
        return false;
    memcpy(last, text + from, bytes);
    last[bytes] = 0;
    if (inet_pton(AF_INET, last, raw) == 1)
        *ret_address = from_v4(raw);
    else if (inet_pton(AF_INET6, last, raw) == 1)
        *ret_address = from_v6(raw);
    else
        return false;
    return true;
}

addresses *addresses_new(uint32_t entries_max, uint32_t each_max)
{
    uint32_t places = 16;
    while (places < 2 * entries_max)
        places *= 2;
    addresses *all = calloc(1, sizeof *all + places * sizeof *all->places);
    if (!all)
        return NULL;
    all->mask = places - 1;
    all->used_max = entries_max;
    all->each_max = each_max;
    return all;
}

void addresses_free(addresses *all)
{
    free(all);
}

static uint32_t home_of(const addresses *all, const address *a)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < sizeof a->bytes; i++)
        hash = (hash ^ a->bytes[i]) * FNV_PRIME;
    return (hash ^ hash >> 15) & all->mask;
}

// Its place, or the free one where it belongs.
static uint32_t place_of(const addresses *all, const address *a)
{
    uint32_t at = home_of(all, a);
    while (all->places[at].count > 0 && memcmp(&all->places[at].of, a, sizeof *a) != 0)
        at = (at + 1) & all->mask;
    return at;
}

bool addresses_enter(addresses *all, const address *a)
{
    address_count *place = &all->places[place_of(all, a)];
    if (place->count >= all->each_max || (place->count == 0 && all->used == all->used_max))
        return false;
    all->used += place->count == 0;
    place->of = *a;
    place->count++;
    return true;
}

// Who stands behind a place that became free, and would not be found any more, moves into it.
static void close_up(addresses *all, uint32_t hole)
{
    for (uint32_t at = (hole + 1) & all->mask; all->places[at].count > 0;
         at = (at + 1) & all->mask) {
        uint32_t home = home_of(all, &all->places[at].of);
        if (((at - home) & all->mask) < ((at - hole) & all->mask))
            continue;
        all->places[hole] = all->places[at];
        all->places[at].count = 0;
        hole = at;
    }
}

void addresses_leave(addresses *all, const address *a)
{
    uint32_t at = place_of(all, a);
    assert(all->places[at].count > 0);
    if (--all->places[at].count > 0)
        return;
    all->used--;
    close_up(all, at);
}
