// Unpredictable bytes from the kernel, for ids, keys and secrets. Any thread.
#ifndef CAVEA_OPS_HOST_RANDOM_H
#define CAVEA_OPS_HOST_RANDOM_H

#include "schemas/id.h"

#include <stddef.h>

// Fills data; the process stops when the kernel has no random bytes, because going on with
// predictable secrets would be worse.
void random_fill(void *data, size_t data_bytes);
// A fresh UUIDv7 at the wall clock's present time.
uuid random_uuid(void);

#endif
