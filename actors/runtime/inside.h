// The inside of the runtime, shared by runtime.c, settle.c, tick.c, turn.c, outbox.c, gather.c and
// resend.c.
#ifndef CAVEA_ACTORS_RUNTIME_INSIDE_H
#define CAVEA_ACTORS_RUNTIME_INSIDE_H

#include "actors/runtime/mailbox.h"
#include "actors/runtime/runtime.h"
#include "actors/runtime/wake.h"
#include "schemas/arena.h"
#include "schemas/digest.h"
#include "schemas/wire.h"

#include <assert.h>

enum {
    OUTBOX_ITEMS_MAX = 4 * TICK_COMMANDS_MAX,
    OUTBOX_BYTES_MAX = 16 * 1024 * 1024,
    OUTBOX_DESTINATIONS = 16384, // power of two, larger than the items
    REPLY_BYTES_MAX = 512 * 1024,
    MESSAGE_BYTES_MAX = 900 * 1024, // below the broker's max_payload of 1 MiB
    // The most that one message can ask for: a message that does not fit waits for the next tick.
    MESSAGE_ROWS_MAX = ENVELOPE_COMMANDS_MAX * 12,
    MESSAGE_JOURNAL_BYTES_MAX = 1024 * 1024,
    CELLS_SPARE = 64,   // of one tick: those of the next message, and those whose timers are due
    CELL_ITEMS_MAX = 2, // that a cell adds to the outbox at the end of a tick
    WAKES_REMEMBERED = 1024,
    WANTED_ROWS_MAX = 8 * ENVELOPE_COMMANDS_MAX, // payment rows that one tick may fetch
    AWAY_REST_MS = 50,                           // between two looks at a database that is away
    FACTS_PER_PAGE = 256,
    MOVES_MAX = 64,           // asked for and not yet made
    SILENCE_MS = 100,         // without an acknowledgement: messages take the direct path, too
    RESEND_DOUBLINGS_MAX = 4, // of the pause between two tries of a page
    RESEND_FACTS_MAX = 10000, // published again when a stream came back empty
    RESEND_PAGES_MAX = 32,    // in one upkeep
    FACT_HEAD_BYTES_MAX = 64, // before its payload, in a message
    UNTAKEN_MAX = 4096,       // messages to other hosts that nobody has said to have taken
    UNTAKEN_BYTES_MAX = 8 * 1024 * 1024,
    UNTAKEN_FIRST_MS = 250, // then they go directly, too; doubling
    UNTAKEN_TRIES_MAX = 4,
    RECEIPT_BYTES_MAX = SUBJECT_BYTES_MAX + 8, // where they say so, in the envelope
    GATHER_PIECES_MAX = 4096,
    GATHER_BYTES_MAX = 4 * 1024 * 1024,
    GATHER_MESSAGE_BYTES_MAX = 256 * 1024,
};

typedef struct out_item {
    enum out_type { OUT_REPLY, OUT_SEND, OUT_TOLD, OUT_LIVE } type; // TOLD: sent, and decided on
    cell *from;
    actor_ref to;                   // of SEND
    uint32_t to_at;                 // of REPLY: the subject, in the blob, NUL-ended
    uint64_t number;                // of REPLY: the envelope's; of LIVE: the first version
    uint32_t bytes_at, bytes_count; // in the blob
    uint32_t next;                  // of SEND: the next command for the same destination
    bool is_head;                   // of SEND: first of its chain
    bool is_new;                    // of SEND: about something that has no row yet
} out_item;

// What leaves after the COMMIT, in the order of its creation. Tentative until then.
typedef struct outbox {
    out_item *items;
    uint32_t items_count;
    wire blob;
    uint32_t *destinations; // hash of (from, to) -> last item of the chain + 1
    effect *effects;
    uint32_t effects_count;
    wire scratch; // for assembling one message
} outbox;

typedef struct gather_piece {
    uint64_t cell;      // its number
    uint32_t at, bytes; // in the blob
    uint32_t next;      // of the same message, + 1
} gather_piece;

// One for each room, in the order in which it came; all of it leaves together.
typedef struct gather {
    int64_t every_us; // an actor's messages leave so often at most
    gather_piece *pieces;
    uint32_t pieces_count;
    wire blob;
    int64_t due_us; // monotonic, when there are pieces
} gather;

typedef struct untaken {
    actor_ref to;
    uint64_t from; // a cell's number
    int64_t due_us;
    uint32_t tries, bytes_count;
    uint8_t *bytes; // NULL: taken, or given up
} untaken;

typedef struct untaken_ring {
    untaken *list;
    int64_t tokens; // the last one; from 1
    int64_t first;  // all before it are done with
    uint64_t bytes;
} untaken_ring;

struct turn {
    runtime *r;
    cell *c;
    const char *reply_to;
    uint64_t number;
    bool seen;
};

typedef struct move_wanted {
    actor_ref actor;
    uuid to;
} move_wanted;

struct runtime {
    runtime_config config;
    kind_context context;
    cell_table cells;
    mailbox mailbox;
    journal *j;
    uint32_t *fact_next; // by fact of the journal: the next one of the same cell
    outbox out;
    gather gathers[GATHER_ROOMS];
    untaken_ring untaken;
    wire replies; // of the message being handled
    arena arena;
    cell *touched[JOURNAL_ACTORS_MAX];
    uint32_t touched_count;
    cell *timers[ACTOR_KINDS_END * PARTITIONS]; // cells whose kind has timers
    uint32_t timers_count;
    mail mails[TICK_MESSAGES_MAX];
    inbound messages[TICK_MESSAGES_MAX];                        // taken, not yet decided
    inbound batch[TICK_MESSAGES_MAX], split[TICK_MESSAGES_MAX]; // being decided, in some order
    inbound borrowed[TICK_MESSAGES_MAX]; // to be released at the end of the step
    uint32_t messages_count;
    payment_id wanted[WANTED_ROWS_MAX]; // of the tick, see rows_fetch
    payment_row wanted_rows[WANTED_ROWS_MAX];
    int64_t noted_us;   // monotonic: acknowledgements that had come by then are noted
    uint32_t upkeep_at; // in the list of cells: where the next upkeep begins
    bool away;          // stale cells wait for it too
    bool apart;         // a tick was refused: until the next step, actors decide one by one
    int64_t now_us;     // of the current tick
    int64_t offset_us;  // database clock - monotonic clock
    runtime_report tally;
    struct {
        actor_id actor;
        int64_t at_us;
    } wakes[WAKES_REMEMBERED];
    struct {
        pthread_mutex_t mutex;         // any thread asks, the tick thread moves
        move_wanted wanted[MOVES_MAX]; // a ring, oldest first
        uint32_t at, count;
        bool is_unsure; // of the tick thread: nobody knows whether the last one went over
        move_wanted unsure;
    } moves;
};

// move.c
void moves_run(runtime *r);

// outbox.c
MUST_CHECK bool outbox_init(outbox *o);
void outbox_done(outbox *o);
void outbox_clear(outbox *o);
// For one more message or timer, and for what `cells` cells add at the end.
bool outbox_has_room(const outbox *o, uint32_t cells);
void wake_send(runtime *r, const actor_ref *to);
void wake_emit(runtime *r, const actor_ref *to); // unless it is here, or was woken lately
void outbox_send(outbox *o, cell *from, const actor_ref *to, const Cavea__V1__Command *command,
                 bool is_new);
void outbox_reply(outbox *o, cell *from, const char *to, uint64_t number, const wire *replies);
void outbox_live(outbox *o, cell *from, const Cavea__V1__LiveDelta *delta);
// Sends everything. database_now_us goes into replies. also_direct: messages go over the direct
// path as well, and their acknowledgements count for resent, if that is not NULL.
void outbox_emit(runtime *r, int64_t database_now_us, bool also_direct, cell_ack *resent);

// gather.c
MUST_CHECK bool gather_init(gather *g, int64_t every_ms);
void gather_done(gather *g);
// Where to write at most bytes_max that may wait, until gather_close; NULL: it leaves at once.
wire *gather_open(runtime *r, cell *c, gather_room room, int64_t first, uint32_t bytes_max);
void gather_close(runtime *r, cell *c, gather_room room);
void gather_leave(runtime *r, gather_room room); // the bus is flushed by the caller
void gather_leave_all(runtime *r);
void gather_leave_due(runtime *r);
int64_t gather_rest_ms(runtime *r, int64_t timeout_ms); // at most timeout_ms

// tick.c: decodes, decides and applies messages, in order, as one transaction; what did not fit is
// left over (*ret_done tells how many were handled). On STORE_OK everything has been sent.
store_result tick_run(runtime *r, const inbound *messages, uint32_t count, uint32_t *ret_done);
// A tick that skips one message and records why.
store_result tick_reject(runtime *r, const inbound *message);
void tick_touch(runtime *r, cell *c);

// settle.c: runs messages to their end, whatever the store says. False: the database is away and
// the messages wait in r->messages.
bool settle(runtime *r, inbound *messages, uint32_t count);
bool reload_stale(runtime *r);

// untaken.c: the stream stores a message and may bring it late, so whoever decides on it says so
// after the COMMIT, and who is not told sends it over the direct path. Nothing depends on it: what
// is forgotten here is what the reconciler finds.
MUST_CHECK bool untaken_init(untaken_ring *u);
void untaken_done(untaken_ring *u);
// Asks for a receipt in a message that is about to be sealed and published. False: there is no room
// to keep it, and more direct copies would not help a receiver that is so far behind.
MUST_CHECK bool untaken_begin(const runtime *r, wire *envelope);
// Keeps the message that was begun last, as it is published.
void untaken_keep(runtime *r, const cell *from, const actor_ref *to, const wire *envelope);
void untaken_note(runtime *r, int64_t token); // it was taken
void untaken_upkeep(runtime *r);

// resend.c
void facts_publish(runtime *r, cell *c);
// A message of facts that were gathered.
void facts_open(wire *w, const cell *c, int64_t first_seq);
void facts_leave(runtime *r, cell *c, const wire *batch, int64_t first_seq);
void resend_begin(cell *c);
void publish_tracked(runtime *r, cell *c, const subject *to, const wire *message, const char *id,
                     cell_ack *ack);
cell_ack *ack_open(runtime *r, cell *c, int64_t seq);
void ack_note(runtime *r, cell *c, int64_t token); // by the stream
// By an actor of this host, to which it was handed: says nothing of the stream.
void ack_note_told(cell *c, int64_t token);
// How many pages it asked the database for; all of them when that is silent: each try can take
// seconds.
uint32_t resend_upkeep(runtime *r, cell *c);

// runtime.c
void runtime_report_now(runtime *r, enum runtime_report_type type, const cell *c);
void runtime_drop(runtime *r, cell *c);
void timers_list(runtime *r, cell *c);
void offset_learn(runtime *r, int64_t database_us);

#endif
