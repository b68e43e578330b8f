// Calls to the payment provider that wait for their turn: a bounded number, each asked for once,
// those of the oldest payment first. When there are too many, the newest give way: they stay rows
// and are asked for again, so that what once did not fit comes back before what is new. Two lanes
// take turns, so that the refunds of a cancelled event and a rush of checkouts do not keep each
// other waiting: calls that a buyer may be waiting for, and all others.
// Knows no clock, thread or network. Whoever shares one has a mutex.
#ifndef CAVEA_ACTORS_RUNTIME_PROVIDER_QUEUE_H
#define CAVEA_ACTORS_RUNTIME_PROVIDER_QUEUE_H

#include "actors/runtime/ports.h"

typedef struct provider_queue provider_queue;

// Room for so many in each lane, and for under_way_max that were taken and have not ended.
provider_queue *provider_queue_new(uint32_t calls_max, uint32_t under_way_max); // NULL: no memory
void provider_queue_free(provider_queue *q);                                    // NULL is fine
// False when its lane is full of calls for older payments. True also when the same call of the same
// payment waits or is under way: it is not asked for twice.
MUST_CHECK bool provider_queue_put(provider_queue *q, const effect *e);
// The next in turn; it is under way until it has ended. False when there is none, or when as many
// as there may be are under way.
MUST_CHECK bool provider_queue_take(provider_queue *q, effect *ret_effect);
void provider_queue_ended(provider_queue *q, const effect *e);
uint32_t provider_queue_waiting(const provider_queue *q);

#endif
