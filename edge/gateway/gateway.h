// Server-sent events to tens of thousands of listeners from one thread: an event loop (libuv) that
// accepts, reads one GET from each, and then only writes. Relays live deltas and holds no seat map:
// who needs one asks the edge. Deltas that come together leave together, one write for each
// listener; a listener that does not take them is dropped and may come back where it was. Knows no
// NATS. gateway_deliver and gateway_hearing: any thread; the rest: the owner's.
#ifndef CAVEA_EDGE_GATEWAY_GATEWAY_H
#define CAVEA_EDGE_GATEWAY_GATEWAY_H

#include "ops/host/config.h"
#include "schemas/id.h"

enum {
    GATEWAY_GATHER_MS = 100,      // between two rounds of writing, at least; the first goes at once
    GATEWAY_HEARTBEAT_MS = 15000, // of silence; pages wait for 40 s (edge/web/data/stream.ts)
    GATEWAY_ASK_MS = 4000,        // for a whole request
    GATEWAY_ASKS_MAX = 4096,      // whose request is on its way; then the oldest goes
    GATEWAY_STALL_MS = 10000,     // that a write may take
    GATEWAY_LEAVE_MS = 2000,      // for a refused client to go
    GATEWAY_RETRY_MS = 1000,      // browsers come back after one to three times this
    GATEWAY_SEND_BYTES = 64 * 1024, // the kernel's buffer for each listener
    GATEWAY_REFUSALS_MAX = 256, // connections beyond the listeners or an address's, that hear why
    GATEWAY_INBOX_BYTES_MAX = 64 << 20, // deltas that the loop has not taken yet
    GATEWAY_RING_BYTES_MAX = 64 << 20,  // of all events, for those who come back
    GATEWAY_CHANNELS_MAX = 32768,
};

typedef struct gateway_options { // strings are borrowed as long as it runs
    const char *address;
    int64_t port; // 0: any free one
    int64_t listeners_max, address_max;
    bool forwarded;         // whether a proxy says who somebody is (X-Forwarded-For)
    const char *public_url; // the pages' origin; "": of the host that is asked for
} gateway_options;

typedef struct gateway gateway;

// Listens from now on; refuses everybody until gateway_hearing. False and why not.
MUST_CHECK bool gateway_start(const gateway_options *options, gateway **ret_gateway,
                              char ret_problem[static CONFIG_PROBLEM_BYTES]);
int gateway_port(const gateway *g);
int64_t gateway_listeners_max(const gateway *g); // fewer than wanted when files are scarce
// A LiveDelta of an event, as it came; data is borrowed until return.
void gateway_deliver(gateway *g, const event_id *event, const void *data, size_t data_bytes);
// Whether deltas arrive: again (what came meanwhile is lost), or no more.
void gateway_hearing(gateway *g, bool hears);
// Whether it could serve somebody now, and the loop turns.
bool gateway_ready(const gateway *g);
// Ends every stream and the thread. NULL is fine.
void gateway_stop(gateway **g);

#endif
