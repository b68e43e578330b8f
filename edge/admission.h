// Decides at the door whether one more reservation, whose bytes are there, may wait for its actor,
// before anything of it is looked at. Two bounds: a fixed number that wait at the same time, and a
// tighter one while there is a standing queue. A queue stands when even the luckiest reservation of
// an interval waited longer than allowed (the rule of CoDel, RFC 8289); then no more may wait than
// are finished in the allowed time (Little's law). A burst, which drains by itself, is let in.
// Knows no HTTP and no clock; lock-free, any thread.
#ifndef CAVEA_EDGE_ADMISSION_H
#define CAVEA_EDGE_ADMISSION_H

#include "schemas/id.h"

#include <stdatomic.h>

enum {
    ADMISSION_INTERVAL_MS = 100,
    ADMISSION_STANDING = 2,    // intervals
    ADMISSION_FLOOR_SHARE = 4, // this part of the fixed bound may always wait
};

typedef struct admission {
    uint32_t waiting_max;
    int64_t wait_us; // what a standing queue may cost
    atomic_uint waiting, allowed;
    _Atomic int64_t begun_us; // the present interval
    atomic_uint finished;     // in it
    atomic_uint standing;     // intervals without a short wait, up to now
    _Atomic int64_t shortest_us;
} admission;

void admission_init(admission *a, uint32_t waiting_max, int64_t wait_us, int64_t now_us);
// False: refuse. Who is let in must leave.
MUST_CHECK bool admission_enter(admission *a, int64_t now_us);
// waited: it was queued, so that its time tells something; one that was malformed tells nothing.
void admission_leave(admission *a, bool waited, int64_t entered_us, int64_t now_us);

#endif
