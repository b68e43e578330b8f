// One event's stream as its listeners hear it: live deltas become server-sent events, a chunk of
// bytes for everything of a moment, shared by all listeners. The chunks of the last minutes stay,
// so that who comes back after a moment hears what was missed. Holds no seat map: when something is
// missing, listeners are told to ask for the map (`event: reset`). Knows no sockets and no NATS;
// the time is passed in. One thread.
//
// A chunk is one of
//     data: {"after":7,"seats":[12,9]}     each seat index * 4 + state, as in seats.bin; a later
//     one id: 9                                of the same seat wins. Brings version 7 (or any
//     between)
//                                          to version 9.
//     event: reset                         something is missing: ask seats.bin, then go on
//     data: {}
//     event: deaf                          the gateway hears nothing itself: ask until `reset`
//     data: {}
//     event: beat                          nothing else for a while; the stream stands
//     data: {}
// each with an empty line behind it.
#ifndef CAVEA_EDGE_GATEWAY_CHANNEL_H
#define CAVEA_EDGE_GATEWAY_CHANNEL_H

#include "schemas/id.h"

enum {
    CHUNK_BYTES_MAX = 16 * 1024,   // changes of one moment beyond it: the whole map is less
    CHANNEL_RESET_PAUSE_MS = 1000, // between two such moments
    CHANNEL_RING_BYTES_MAX = 64 * 1024,
};

typedef struct chunk {
    uint32_t references, bytes;
    uint64_t after, last; // the versions it starts from and leads to
    struct chunk *newer;  // in the channel's ring
    char data[];
} chunk;

// A chunk of fixed text, with one reference; NULL when memory is out.
chunk *chunk_of(const char *text);
chunk *chunk_ref(chunk *c);
void chunk_unref(chunk *c); // NULL is fine

typedef struct channels channels;
typedef struct channel channel;

// The owner's list of listeners hangs on `listeners`; a channel with some is not forgotten.
struct channel {
    event_id event;
    void *listeners;
    uint64_t version; // of the last chunk
    bool known;       // whether version is
    // Internal.
    chunk *oldest, *newest; // the ring: without gaps, up to version
    uint32_t ring_bytes;
    chunk *pending; // with room for CHUNK_BYTES_MAX, not sealed yet
    uint64_t last;  // of what is pending
    bool dirty, lost;
    int64_t silent_until_ms;
    channel *chain, *next_dirty, *newer, *older;
};

// ring_bytes_max: of all channels together. NULL when memory is out.
channels *channels_new(uint32_t channels_max, size_t ring_bytes_max);
void channels_free(channels *all); // no channel has listeners any more
uint32_t channels_count(const channels *all);

// NULL when memory is out or every channel there may be has listeners.
channel *channels_enter(channels *all, const event_id *event);
// Changes of versions first to last: pending until sealed. They are made pending also for events
// without listeners, who may come back.
void channels_take(channels *all, const event_id *event, uint64_t first, uint64_t last,
                   const uint32_t *packed, size_t packed_count);
// Something may be missing everywhere: nothing is pending and no ring holds anything any more.
void channels_forget(channels *all);

// Seals one channel that has something pending, of which each is met once in a round; the chunk
// has a reference for the caller. NULL: there is none (left) now.
chunk *channels_seal(channels *all, int64_t now_ms, channel **ret_channel);
// Whether something is pending.
bool channels_dirty(const channels *all);

// Where to start with a listener who has a version: the first chunk to hear, NULL for none. False
// when that is not known: it needs a reset.
MUST_CHECK bool channel_missed(const channel *c, uint64_t since, const chunk **ret_first);

#endif
