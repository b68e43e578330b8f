// Sends POSTs to one address, many at a time, on the caller's thread (curl multi with reused
// connections). Knows nothing of what it carries. One thread, except courier_nudge.
#ifndef CAVEA_OPS_PROVIDER_COURIER_H
#define CAVEA_OPS_PROVIDER_COURIER_H

#include "schemas/id.h"

typedef struct courier courier;

MUST_CHECK courier *courier_new(const char *url, int64_t connections_max, int64_t timeout_ms);
void courier_free(courier **c);

bool courier_has_room(const courier *c);
// Needs room. payload is borrowed until the item comes back through courier_collect or
// courier_abort; the signature is copied.
void courier_send(courier *c, const char *signature, const char *payload, size_t payload_bytes,
                  void *item);
// Gives back what has finished; is_delivered: the answer was 2xx.
void courier_collect(courier *c, void (*arrived)(void *self, void *item, bool is_delivered),
                     void *self);
// Moves bytes for at most wait_ms, less when something has finished or somebody nudges.
void courier_work(courier *c, int64_t wait_ms);
void courier_nudge(courier *c);
// Ends one thing in flight and returns its item; NULL when nothing is.
void *courier_abort(courier *c);

#endif
