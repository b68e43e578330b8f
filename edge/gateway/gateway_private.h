// Shared by gateway.c and listener.c, and by nobody else. Everything belongs to the loop's thread
// unless it says otherwise.
#ifndef CAVEA_EDGE_GATEWAY_PRIVATE_H
#define CAVEA_EDGE_GATEWAY_PRIVATE_H

#include "edge/gateway/address.h"
#include "edge/gateway/ask.h"
#include "edge/gateway/gateway.h"
#include "edge/gateway/inbox.h"
#include "edge/gateway/outlet.h"
#include "schemas/arena.h"

#include <stdatomic.h>
#include <uv.h>

typedef enum listener_state {
    LISTENER_ASKS,   // its request is on its way
    LISTENER_HEARS,  // it has a stream
    LISTENER_LEAVES, // it was refused and has to go
    LISTENER_CLOSES, // libuv has it still
} listener_state;

typedef struct listener {
    uv_tcp_t tcp;
    uv_write_t write;
    uv_shutdown_t shutdown;
    gateway *gateway;
    struct listener *newer, *older;  // of all
    struct listener *after, *before; // of its channel, or of those who ask
    channel *channel;
    char *head; // of its request, while that arrives
    uint32_t head_bytes;
    listener_state state;
    bool counted; // its address is
    bool flies;   // a write is under way
    size_t flying;
    address from;
    int64_t since_ms; // in its state, or that a write is under way
    int64_t heard_ms; // when something was last sent
    outlet out;
} listener;

struct gateway {
    gateway_options options;
    uv_loop_t loop;
    uv_tcp_t door;
    uv_async_t wake;
    uv_timer_t flush, sweep;
    uv_thread_t thread;
    bool knocks; // somebody could not be let in for want of memory
    int port;
    uint32_t connections;  // all of them
    uint32_t listeners;    // that hear
    uint32_t asks, leaves; // that ask, that were refused
    listener *newest;
    listener *asks_first, *asks_last; // the oldest, the newest
    channels *channels;
    addresses *addresses;
    arena arena;
    chunk *heartbeat, *reset, *deaf;
    int64_t flush_ms; // the earliest time of the next round
    uint32_t numbers; // spreads those who come back
    char read[ASK_BYTES_MAX];
    inbox inbox;             // any thread puts
    atomic_bool hears, ends; // any thread
    bool heard;              // what listeners were last told of `hears`
    _Atomic int64_t turned_us;
};

void listener_accept(gateway *g);
void listener_close(listener *l);
// Sends a chunk, or drops who is too far behind.
void listener_send(listener *l, chunk *c);
// What each second brings.
void listener_sweep(listener *l, int64_t now_ms);

#endif
