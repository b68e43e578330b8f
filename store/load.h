// Reads what actors are rebuilt from, and what got stuck. Everything is found by primary keys: the
// events of a partition that ever did something by actor_lease_by_slot, their rows by time-ordered
// ids. One thread; the caller owns what is returned (store.h).
#ifndef CAVEA_STORE_LOAD_H
#define CAVEA_STORE_LOAD_H

#include "store/connection.h"

enum {
    LOAD_EVENT_STATEMENTS = 7,
    LOAD_STATEMENTS = 4,
    LOAD_STUCK_STATEMENTS = 3,
    // What gets stuck is found young: no hold and no checkout lasts longer. Every so often a look
    // is one of another round that goes further back, for late refunds and after a long outage;
    // refunds of payments that are older still are found by the index of open refunds.
    LOAD_STUCK_NEAR_SECONDS = 2 * 3600,
    LOAD_STUCK_FAR_SECONDS = 30 * 24 * 3600,
    LOAD_STUCK_FAR_EVERY = 8,
    // A look is pages of so many rows of each table, events among them, as many as its time allows.
    // That is short until something is found: the search stands behind other means and must not
    // slow a sale (with the long time only: 18 % of the database's CPU).
    LOAD_STUCK_PAGE_ROWS = 4096,
    LOAD_STUCK_PAGES_MAX = 16,
    LOAD_STUCK_GLANCE_MS = 5,
    LOAD_STUCK_LOOK_MS = 100,
    LOAD_HELD_ROWS_MAX = 1 << 20,
};
extern const statement load_event_statements[LOAD_EVENT_STATEMENTS];
extern const statement load_statements[LOAD_STATEMENTS];
extern const statement load_stuck_statements[LOAD_STUCK_STATEMENTS];
extern const statement load_captured_statement;

// One snapshot of the event, in one round trip. An event that does not exist leaves the image as it
// is. STORE_REFUSED: a stored fact cannot be read.
MUST_CHECK store_result load_event(connection *c, params *scratch, const event_id *id,
                                   const digest32 *known_plans, uint32_t known_plans_count,
                                   event_image *ret_image);
MUST_CHECK store_result load_payments(connection *c, params *scratch, const payment_id *ids,
                                      uint32_t ids_count, payment_row *ret_rows,
                                      uint32_t *ret_count);
// Held reservations that are young (row.h), those that end first first.
MUST_CHECK store_result load_held(connection *c, params *scratch, uint32_t partition,
                                  held_row **ret_rows, uint32_t *ret_count);
MUST_CHECK store_result load_facts(connection *c, params *scratch, const actor_id *actor,
                                   int64_t after_seq, uint32_t facts_max, fact_page *ret_page);
MUST_CHECK store_result load_now(connection *c, int64_t *ret_now_us);

// Where the last look for stuck work of each partition ended. The next look goes on there, so that
// rows nobody can help never hide the others, and starts again behind the last slot. The first one
// starts anywhere, so that restarts do not keep the last slots waiting.
typedef struct load_stuck_place {
    bool is_set;
    int16_t slot;
    uuid event, id; // behind which to go on; zero: from the slot's first
} load_stuck_place;
typedef struct load_stuck_memory {
    load_stuck_place reservations[PARTITIONS][2], payments[PARTITIONS][2]; // near, far
    load_stuck_place refunds[PARTITIONS];
    uint32_t looks[PARTITIONS];
    bool far_full[PARTITIONS]; // the last look back had more to tell than fitted
} load_stuck_memory;

// At most one round; what is found beyond rows_max (at least 3) is told by the next look. A
// reservation is at most one kind of stuck: overdue before unstarted.
MUST_CHECK store_result load_stuck(connection *c, params *scratch, load_stuck_memory *memory,
                                   uint32_t partition, int64_t age_ms, stuck_row *ret_rows,
                                   uint32_t rows_max, uint32_t *ret_count);

// Payments with captured money whose id's time is in [from_us, to_us), in the order of their events
// and ids, behind a row of the page before (NULL: from the first).
MUST_CHECK store_result load_captured(connection *c, params *scratch, int64_t from_us,
                                      int64_t to_us, const captured_row *behind,
                                      captured_row *ret_rows, uint32_t rows_max,
                                      uint32_t *ret_count);

#endif
