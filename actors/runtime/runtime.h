// The runtime of one host: cells, a mailbox, and the tick that turns whatever has arrived for all
// of them into ONE transaction: decode -> decide -> apply (tentative) -> commit -> replies ->
// publish. Its logic sees the world only through ports (store, bus, clock, perform), so that
// chaos/sim runs this very code. Knows no nats, no libpq, no curl.
// Threads: runtime_deliver, runtime_acknowledged and runtime_install may be called from any thread
// (they queue and wake); everything else belongs to the tick thread.
#ifndef CAVEA_ACTORS_RUNTIME_RUNTIME_H
#define CAVEA_ACTORS_RUNTIME_RUNTIME_H

#include "actors/runtime/cell.h"
#include "actors/runtime/ports.h"
#include "schemas/seal.h"

typedef struct runtime runtime;

typedef struct runtime_report { // what happened in one step
    enum runtime_report_type {
        REPORT_TICK,
        REPORT_FENCED,   // cells = how many were lost
        REPORT_REFUSED,  // the database said no; the tick is split and tried again
        REPORT_UNKNOWN,  // the database is away or silent
        REPORT_DIRECT,   // an actor's message to another took the direct path, too
        REPORT_REJECTED, // a poisoned message was skipped
        REPORT_DROPPED,  // commands nobody waits for any more
        REPORT_MALFORMED,
        REPORT_UNSEALED, // what needs a seal came without a good one; nothing of it was done
        REPORT_SLEPT,
        REPORT_MOVED,   // given to another host, which was told
        REPORT_UNMOVED, // it was asked for, but not had, or the other host does not take it
    } type;
    actor_ref actor; // of FENCED, REJECTED, MALFORMED, UNSEALED, SLEPT, MOVED, UNMOVED
    uint32_t commands, messages, facts, cells, direct, seen;
    uint32_t alarms[ALARMS_END]; // of TICK
    int64_t commit_us;
} runtime_report;

typedef struct runtime_config {
    uuid host;
    int64_t idle_ms;   // an actor without a message for so long goes to sleep
    int64_t resend_ms; // an unacknowledged publish is sent again after this, doubling
    // An actor's facts, and its live changes, leave so often at most; 0: with each tick.
    int64_t facts_gather_ms, live_gather_ms;
    store_port store; // of the tick thread
    bus_port bus;
    clock_port clock;
    perform_port perform;
    struct plan_cache *plans;              // borrowed
    const seal_ring *seals;                // borrowed
    int64_t hold_us, payment_extension_us; // see kind_context
    uint32_t payment_haste;                // the same
    // Told of what operators want to see; never NULL. Called on the tick thread.
    void (*report)(void *self, const runtime_report *report);
    void *report_self;
} runtime_config;

runtime *runtime_new(const runtime_config *config); // NULL when memory is out
void runtime_free(runtime *r);

// Queues a message. False when the mailbox is full: the caller still owns it (and drops it).
MUST_CHECK bool runtime_deliver(runtime *r, const inbound *m);
// The stream stored a message that was published for cell `number` with this token; number 0: an
// actor of another host has decided on it.
void runtime_acknowledged(runtime *r, uint64_t number, int64_t token);
// Hands a loaded cell over; it replaces an older one of the same actor.
void runtime_install(runtime *r, cell *c);
// The reconciler found something for an actor; ignored when this host does not hold it.
void runtime_unstick(runtime *r, const actor_ref *to, const stuck_row *row);

// How long the tick thread may rest, at most timeout_ms: 0 when something is queued or due. While
// the database is away, a little, whatever is queued.
int64_t runtime_rest_ms(runtime *r, int64_t timeout_ms);
// Rests so long, or until something is queued.
void runtime_wait(runtime *r, int64_t timeout_ms);
// One tick. True when there was anything to do.
bool runtime_step(runtime *r);
// Timers that are not commands: resends, actors that fall asleep. About every 100 ms.
void runtime_upkeep(runtime *r);
// Gives an actor, if it is here at the next upkeep, to another host. Any thread. False: too many
// are asked for at once.
MUST_CHECK bool runtime_move(runtime *r, const actor_ref *actor, const uuid *to);
// Everything is answered; then each actor's lease is given back and its successor woken.
void runtime_hand_over(runtime *r);

bool runtime_holds(const runtime *r, const actor_id *id);
uint32_t runtime_cells_of(const runtime *r, actor_kind kind);
uint32_t runtime_mailbox_depth(runtime *r);
uint64_t runtime_refused_take(runtime *r); // by a full mailbox, since the last call
int64_t runtime_now_us(runtime *r);        // the database's clock, carried on by the monotonic one

#endif
