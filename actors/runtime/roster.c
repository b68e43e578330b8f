#include "actors/runtime/roster.h"

#include <sodium.h>

void roster_init(roster *r)
{
    *r = (roster){0};
    pthread_mutex_init(&r->mutex, NULL);
}

void roster_done(roster *r)
{
    pthread_mutex_destroy(&r->mutex);
}

void roster_set(roster *r, const roster_host *hosts, uint32_t count)
{
    pthread_mutex_lock(&r->mutex);
    r->count = count < ROSTER_HOSTS_MAX ? count : ROSTER_HOSTS_MAX;
    memcpy(r->hosts, hosts, r->count * sizeof *hosts);
    pthread_mutex_unlock(&r->mutex);
}

uint32_t roster_count(roster *r)
{
    pthread_mutex_lock(&r->mutex);
    uint32_t count = r->count;
    pthread_mutex_unlock(&r->mutex);
    return count;
}

static uint64_t weight_of(const uuid *host, const actor_id *actor)
{
    static const uint8_t key[crypto_shorthash_KEYBYTES] = "cavea.rendezvou";
    uint8_t both[32], hash[crypto_shorthash_BYTES];
    memcpy(both, host->bytes, 16);
    memcpy(both + 16, actor->u.bytes, 16);
    crypto_shorthash(hash, both, sizeof both, key);
    uint64_t weight;
    memcpy(&weight, hash, sizeof weight);
    return weight;
}

bool roster_owner(roster *r, const actor_ref *actor, uuid *ret_host)
{
    uint64_t best = 0;
    bool found = false;
    pthread_mutex_lock(&r->mutex);
    for (uint32_t i = 0; i < r->count; i++) {
        if (!(r->hosts[i].kinds >> actor->kind & 1))
            continue;
        uint64_t weight = weight_of(&r->hosts[i].id, &actor->id);
        if (found && weight <= best)
            continue;
        best = weight;
        found = true;
        *ret_host = r->hosts[i].id;
    }
    pthread_mutex_unlock(&r->mutex);
    return found;
}
