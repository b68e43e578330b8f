// What one listener still has to be sent: a few chunks, borrowed from their channel by reference,
// and how far the first has gone. Bounded: who does not take what is sent is dropped by the owner.
// Allocates nothing. Knows no sockets. One thread.
#ifndef CAVEA_EDGE_GATEWAY_OUTLET_H
#define CAVEA_EDGE_GATEWAY_OUTLET_H

#include "edge/gateway/channel.h"

#include <sys/uio.h>

enum {
    OUTLET_CHUNKS_MAX = 16,
    OUTLET_BYTES_MAX = 128 * 1024,
    OUTLET_VECTORS = 4, // that leave together
};

typedef struct outlet { // zeroed: empty
    chunk *chunks[OUTLET_CHUNKS_MAX];
    uint8_t first, count;
    uint32_t sent;  // bytes of the first that have left
    uint32_t bytes; // that wait, of all
} outlet;

// Takes a reference of its own; false when it is too far behind, and nothing was taken.
MUST_CHECK bool outlet_push(outlet *o, chunk *c);
// What is to be sent next; 0: nothing is.
unsigned outlet_vectors(const outlet *o, struct iovec ret_vectors[static OUTLET_VECTORS]);
void outlet_sent(outlet *o, size_t bytes); // so many bytes of it have left
void outlet_clear(outlet *o);

#endif
