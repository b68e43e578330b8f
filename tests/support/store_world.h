// What the store's checks share: a database to look into and to set up with plain SQL, an event to
// sell, an actor to commit for, and checks that are counted and printed one a line. One thread.
#ifndef CAVEA_TESTS_SUPPORT_STORE_WORLD_H
#define CAVEA_TESTS_SUPPORT_STORE_WORLD_H

#include "store/store_pg.h"

#include <libpq-fe.h>

typedef struct world {
    const char *url;       // of the owner of the schema
    const char *store_url; // of the role that stores have
    PGconn *sql;           // the owner's
    uuid organizer, venue;
    digest32 plan;
    int passed, failed;
} world;

// One actor of a host, as its cell would know it.
typedef struct test_actor {
    actor_ref ref;
    int64_t epoch, incarnation, cursor, seq;
} test_actor;

// Brings the schema up to date; ends the program when there is no database.
void world_init(world *w, const char *url, const char *store_url);
int world_done(world *w); // prints the counts; the program's exit status

bool check(world *w, bool is_true, const char *what, ...) __attribute__((format(printf, 3, 4)));
// Runs SQL; ends the program when the server refuses it.
void sql_run(world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
// The first column of the first row as a number; -1 when there is none or it is NULL.
int64_t sql_number(world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Asks again until the number is this one, for at most ten seconds.
bool sql_until(world *w, int64_t number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

int64_t wall_us(void);
uuid uuid_new(void);
// Static text of an id; the last eight stay valid.
const char *uuid_text(const uuid *id);
// A new event on sale with seats, in three price categories (5000, 3000, 2000).
event_id world_event(world *w, int32_t seats);

host_identity host_new(const char *name, int32_t ttl_ms);
// Ends the program when it cannot be opened.
store_pg *store_new(world *w, const host_identity *host, bool is_writer);

// Takes the lease; ends the program when somebody else has it.
test_actor actor_take(store_pg *s, actor_ref ref);
lease_move *actor_move(journal *j, test_actor *a); // adds the move of one tick
void actor_moved(test_actor *a);                   // the move was committed
// Commits, and on success the actor's cursor is the new one.
store_result actor_commit(store_pg *s, journal *j, test_actor *a);
reservation_id journal_reserve(journal *j, const event_id *event, const int32_t *seats,
                               uint32_t count);
void journal_fact(journal *j, test_actor *a, uint16_t kind, const void *payload,
                  uint32_t payload_bytes);

#endif
