// Bytes that are built once and answered many times: reference-counted, immutable after they were
// published, with the ETag that names them. Any thread.
#ifndef CAVEA_EDGE_SHARED_BYTES_H
#define CAVEA_EDGE_SHARED_BYTES_H

#include "edge/doc.h"

#include <stdatomic.h>

enum { ETAG_BYTES = 80 }; // with quotes and the final NUL

typedef struct shared_bytes {
    atomic_uint references;
    size_t count;
    uint64_t version;      // of what it tells; 0 when it has none
    char etag[ETAG_BYTES]; // "" when it has none
    char *data;
    atomic_flag wire_busy; // guards what follows, for some instructions
    struct shared_bytes *wire;
    int64_t wire_s, asked_s; // of the wire; of whoever asked last
} shared_bytes;

// Takes data, which must come from malloc; NULL (and data freed) when memory is out. One reference
// belongs to the caller.
shared_bytes *shared_bytes_take(char *data, size_t count);
// Seals a heap document and ends it; NULL when memory was out while it was written.
shared_bytes *shared_bytes_of(doc *document);
// Sets the ETag to a digest of the data. Before anybody else has a reference.
void shared_bytes_name(shared_bytes *b);
shared_bytes *shared_bytes_ref(shared_bytes *b); // NULL stays NULL
// What is sent for these bytes in one second, head included, so that nobody has to copy them behind
// a head of their own. NULL when this second has none yet; put keeps a reference and replaces.
// *ret_wanted: whether somebody asked in this second before, so that making one is worth its
// memory.
shared_bytes *shared_bytes_wire(shared_bytes *b, int64_t second, bool *ret_wanted);
void shared_bytes_wire_put(shared_bytes *b, shared_bytes *wire, int64_t second);
void shared_bytes_unref(shared_bytes *b);

#endif
