// A cell: one actor in the memory of the host that holds its lease, and the table of all cells of a
// host. Everything here belongs to the tick thread, but cell_open, which runs on any thread with a
// store of its own.
#ifndef CAVEA_ACTORS_RUNTIME_CELL_H
#define CAVEA_ACTORS_RUNTIME_CELL_H

#include "actors/runtime/kind.h"
#include "actors/runtime/senders.h"

enum { CELL_ACKS_MAX = 64 };

// Facts that were published and not yet acknowledged by the stream.
typedef struct cell_ack {
    int64_t seq;      // the last fact of what was published together
    int64_t token;    // names it in acknowledgements: one that comes late counts for nothing else
    uint32_t pending; // messages still without acknowledgement
    int64_t sent_us;  // monotonic
} cell_ack;

// What waits for more of its kind (gather.c).
typedef enum gather_room { GATHER_FACTS, GATHER_LIVE, GATHER_ROOMS } gather_room;
typedef struct gathered {
    uint32_t head, tail; // pieces of the room's gather, + 1; 0: none
    uint32_t bytes;
    int64_t first;   // fact or version
    int64_t left_us; // monotonic: when the last message of this kind left
} gathered;

typedef struct cell {
    uint64_t number; // unique in this process; names its subscription and its acknowledgements
    actor_ref ref;
    const kind_ops *ops;
    void *state;
    int64_t epoch;
    int64_t leased_us;           // the database's clock when the lease was had
    int64_t incarnation, cursor; // with the messages of the current tick
    int64_t committed_incarnation, committed_cursor;
    int64_t left_incarnation; // the store has moved on from it: what still comes of it is old
    int64_t last_seq, committed_seq;
    digest32 last_hash;
    int32_t claimed;
    senders senders;

    int64_t published_incarnation, published_seq;
    cell_ack acks[CELL_ACKS_MAX]; // a ring, oldest first
    uint32_t acks_at, acks_count;
    int64_t tokens;
    bool resending; // facts behind resend_from are published again, page by page
    int64_t resend_from;
    gathered gathered[GATHER_ROOMS];

    bool touched, stale;            // in the current tick; to be loaded again before anything else
    uint32_t first_fact, last_fact; // into the journal's facts of this tick, UINT32_MAX: none
    int64_t saved_us, used_us;      // monotonic: cursor last committed, last message
    bool listed_timer;
    struct cell *next, *next_numbered; // in their buckets
    uint32_t listed_at;                // in the table's list
} cell;

const kind_ops *kind_of(actor_kind kind); // NULL for a number that is no kind

// Takes the lease and builds the actor's state from the store. ret_cell NULL with STORE_OK: there
// is no such actor, or a live host holds it (then *ret_holder names it).
store_result cell_open(kind_context *context, const actor_ref *ref, cell **ret_cell,
                       uuid *ret_holder);
// Builds a held cell anew: new epoch, state and senders as the database has them.
store_result cell_reload(kind_context *context, cell *c, bool *ret_lost);
void cell_free(cell *c);

typedef struct cell_table {
    cell **buckets, **numbered;
    cell **list; // all of them, in no order
    uint32_t list_count, list_max;
    uint32_t buckets_count, by_kind[ACTOR_KINDS_END];
} cell_table;

MUST_CHECK bool cell_table_init(cell_table *t);
void cell_table_done(cell_table *t); // frees the cells too
cell *cell_table_find(const cell_table *t, const actor_id *id);
cell *cell_table_numbered(const cell_table *t, uint64_t number);
// Owns the cell from here on; there is none with its id. False: memory is out, nothing happened.
MUST_CHECK bool cell_table_put(cell_table *t, cell *c);
cell *cell_table_take(cell_table *t, const actor_id *id); // hands it back to the caller; or NULL

#endif
