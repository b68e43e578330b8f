#include "edge/gateway/outlet.h"

#include <assert.h>

static chunk *chunk_at(const outlet *o, unsigned i)
{
    return o->chunks[(o->first + i) % OUTLET_CHUNKS_MAX];
}

bool outlet_push(outlet *o, chunk *c)
{
    if (o->count == OUTLET_CHUNKS_MAX || o->bytes + c->bytes > OUTLET_BYTES_MAX)
        return false;
    o->chunks[(o->first + o->count) % OUTLET_CHUNKS_MAX] = chunk_ref(c);
    o->count++;
    o->bytes += c->bytes;
    return true;
}

unsigned outlet_vectors(const outlet *o, struct iovec ret_vectors[static OUTLET_VECTORS])
{
    unsigned count = o->count < OUTLET_VECTORS ? o->count : OUTLET_VECTORS;
    for (unsigned i = 0; i < count; i++) {
        chunk *c = chunk_at(o, i);
        uint32_t skipped = i == 0 ? o->sent : 0;
        ret_vectors[i] = (struct iovec){c->data + skipped, c->bytes - skipped};
    }
    return count;
}

void outlet_sent(outlet *o, size_t bytes)
{
    assert(bytes <= o->bytes);
    o->bytes -= (uint32_t)bytes;
    while (o->count > 0) {
        chunk *c = chunk_at(o, 0);
        size_t rest = c->bytes - o->sent;
        if (bytes < rest) {
            o->sent += (uint32_t)bytes;
            return;
        }
        bytes -= rest;
        o->sent = 0;
        o->first = (uint8_t)((o->first + 1) % OUTLET_CHUNKS_MAX);
        o->count--;
        chunk_unref(c);
    }
}

void outlet_clear(outlet *o)
{
    while (o->count > 0) {
        chunk_unref(chunk_at(o, 0));
        o->first = (uint8_t)((o->first + 1) % OUTLET_CHUNKS_MAX);
        o->count--;
    }
    o->sent = o->bytes = 0;
}
