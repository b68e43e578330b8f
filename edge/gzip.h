// Bytes packed into the gzip form (RFC 1952) and back. Packs once for many readers, so it packs as
// well as it can. Pure, apart from memory; any thread.
#ifndef CAVEA_EDGE_GZIP_H
#define CAVEA_EDGE_GZIP_H

#include "schemas/id.h"

enum { GZIP_BYTES_MAX = 256 * 1024 * 1024 };

// The caller frees *ret_data. False when memory is out or a bound is passed.
MUST_CHECK bool gzip_pack(const char *data, size_t bytes, char **ret_data, size_t *ret_bytes);
// False too when packed is no gzip form of one member, cut off, or longer than bytes_max once
// unpacked. Takes as much memory as the form's end says that it needs, and no more.
MUST_CHECK bool gzip_unpack(const char *packed, size_t packed_bytes, size_t bytes_max,
                            char **ret_data, size_t *ret_bytes);

#endif
