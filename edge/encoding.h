// Which form of a body a client gets (RFC 9110, 12.5.3): of those there are, the best that
// Accept-Encoding allows. Pure; any thread.
#ifndef CAVEA_EDGE_ENCODING_H
#define CAVEA_EDGE_ENCODING_H

#include "schemas/id.h"

typedef enum encoding { // in the sequence in which they are liked least
    ENCODING_IDENTITY,
    ENCODING_GZIP,
    ENCODING_BROTLI,
    ENCODINGS_END,
} encoding;

// available: a bit for each encoding there is, 1u << ENCODING_GZIP and so on; identity always is.
// accept NULL takes identity alone. A weight of 0 forbids; other weights are not compared: ours is
// the smallest of what is allowed.
MUST_CHECK encoding encoding_choose(const char *accept, unsigned available);
// The Content-Encoding; NULL for identity.
const char *encoding_name(encoding e);

#endif
