// The public keys that tickets are verified with, as a JSON Web Key Set (RFC 7517, RFC 8037). Reads
// them from a folder: `<kid>.pub` holds the 32 bytes of an Ed25519 public key as 64 hex digits. The
// secret halves, which may lie beside them, are never opened. Any thread.
#ifndef CAVEA_EDGE_KEY_SET_H
#define CAVEA_EDGE_KEY_SET_H

#include "edge/shared_bytes.h"

enum { KEY_SET_KEYS_MAX = 64, KEY_ID_BYTES_MAX = 16 };

// The document, sorted by kid; files that are no public key are left out. NULL when the folder
// cannot be read or memory is out. The caller owns a reference.
shared_bytes *key_set_read(const char *folder);

// The document as it was at most KEY_RING_FRESH_MS ago; when the folder cannot be read the last one
// stays.
enum { KEY_RING_FRESH_MS = 10000 };
typedef struct key_ring key_ring;
key_ring *key_ring_new(const char *folder); // borrowed; NULL when memory is out
void key_ring_free(key_ring *r);
shared_bytes *key_ring_get(key_ring *r, int64_t now_us); // monotonic; NULL: never read yet

#endif
