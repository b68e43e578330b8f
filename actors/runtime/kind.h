// The face every actor kind shows to the runtime. A kind's folder holds its pure core (decide and
// apply over plain structs); its adapter here, kind_<name>.c, decodes a command, runs decide and
// apply, and tells the turn what follows: facts, rows, a reply, messages, effects. The adapter does
// no I/O and sees no cursor, lease or stream: that is the runtime's.
// Threads: load and free may run on the activator's thread, everything else on the tick thread.
#ifndef CAVEA_ACTORS_RUNTIME_KIND_H
#define CAVEA_ACTORS_RUNTIME_KIND_H

#include "actors/runtime/ports.h"
#include "schemas/cavea.pb-c.h"
#include "schemas/error.h"
#include "store/store.h"

// One command being handled, or one cell being flushed. Opaque to kinds; all output is tentative
// until the tick's COMMIT and vanishes with it when that fails.
typedef struct turn turn;

// A report of what the provider's list says carries this in the place of a callback's id.
#define PROVIDER_EVENT_LIST "list"

int64_t turn_now_us(const turn *t); // database time; one value for the whole tick
// The message's number was seen before: a command that is not idempotent by itself (Reserve) is
// answered from state and never decided again.
bool turn_seen(const turn *t);
const char *turn_reply_to(const turn *t); // of the envelope, "" when nobody waits
// Appends a fact: numbers it, hashes it into the actor's chain, puts it into the journal and the
// outbox. message is packed at once. Returns the fact's number.
int64_t turn_fact(turn *t, uint16_t fact_kind, const ProtobufCMessage *message);
bool turn_has_facts(const turn *t); // whether the actor wrote any in this tick
journal *turn_journal(turn *t);
void turn_reply(turn *t, const Cavea__V1__Reply *reply); // into the envelope's ReplyBatch
// Answers somebody who has waited since an earlier message.
void turn_reply_later(turn *t, const char *reply_to, const Cavea__V1__Reply *reply);
// To another actor's inbox, after COMMIT, at least once; the receiver is idempotent by natural key.
void turn_send(turn *t, const actor_ref *to, const Cavea__V1__Command *command);
// Whether what one more decision sends fits beside what the rest of its message may; a kind whose
// command is several decisions asks before each.
bool turn_has_room(const turn *t);
void turn_live(turn *t, const Cavea__V1__LiveDelta *delta); // versions are filled in by the turn
void turn_perform(turn *t, const effect *e);
void turn_claimed(turn *t, int32_t claimed); // lease_move.claimed

void turn_alarm(turn *t, money_alarm what); // counted for operators, after COMMIT

enum { KIND_WANTS_MAX = 2 };

typedef struct kind_context { // what load may use
    store_port store;
    int64_t now_us;
    struct plan_cache *plans;
    int64_t hold_us;              // holds of all events last so long; 0: as each event says
    int64_t payment_extension_us; // a checkout lengthens its hold to so long from now
    uint32_t payment_haste;       // for payments_hurry; 0: none
} kind_context;

typedef struct kind_ops {
    actor_kind kind;
    // State can be rebuilt from rows, and no fact is ever written: the cursor is saved lazily.
    bool is_volatile;
    // Builds the state of an actor from the store; NULL and a result when it cannot (STORE_OK and
    // NULL: there is no such actor).
    void *(*load)(kind_context *context, const actor_ref *actor, store_result *ret_result);
    void (*free)(void *state);
    // Decodes, decides, applies. A command the kind does not know or cannot read is refused.
    void (*handle)(void *state, const Cavea__V1__Command *command, turn *t);
    // After the last command of a tick that touched the actor: aggregated sends, the live delta.
    void (*flush)(void *state, turn *t);
    // Timers: next_due_us is in database time, INT64_MAX for never. on_time may send and perform,
    // and writes no fact and no row: what it starts comes back as a command.
    int64_t (*next_due_us)(const void *state);
    void (*on_time)(void *state, turn *t);
    // Messages that a stored fact asks for, sent again by a new holder (no reply, no effect).
    void (*resend)(const actor_ref *actor, uint16_t fact_kind, const uint8_t *payload,
                   uint32_t payload_bytes, turn *t);
    // A command that was rejected as poisoned: record it with this fact. Same for every kind.
    void (*reject)(void *state, const Cavea__V1__MessageRejected *rejected, turn *t);
    // Rows a command needs that are not in memory (payments only; others leave these NULL): how
    // many, and their ids.
    uint32_t (*wants)(const void *state, const Cavea__V1__Command *command,
                      payment_id ret_ids[static KIND_WANTS_MAX]);
    void (*provide)(void *state, const payment_row *row);
    // What the reconciler found for this actor: becomes sends or effects.
    void (*unstick)(void *state, const stuck_row *row, turn *t);
} kind_ops;

extern const kind_ops kind_event, kind_payment, kind_ticket, kind_expiry;

#endif
