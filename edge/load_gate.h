// Bounds how many threads wait for the database on behalf of readers at the same time, so that a
// slow one leaves threads to those who need nothing from it. Refuses at once, never waits.
// Lock-free; any thread.
#ifndef CAVEA_EDGE_LOAD_GATE_H
#define CAVEA_EDGE_LOAD_GATE_H

#include "schemas/id.h"

#include <stdatomic.h>

typedef struct load_gate {
    atomic_int inside;
    int inside_max;
} load_gate;

// False: too many are inside. Who is let in must leave. Without a gate everybody is let in.
MUST_CHECK static inline bool load_gate_enter(load_gate *g)
{
    if (!g || atomic_fetch_add(&g->inside, 1) < g->inside_max)
        return true;
    atomic_fetch_sub(&g->inside, 1);
    return false;
}

static inline void load_gate_leave(load_gate *g)
{
    if (g)
        atomic_fetch_sub(&g->inside, 1);
}

#endif
