// Commands to actors and their answers. For each actor a queue that clocks itself: at most two
// envelopes are under way, a command that finds room leaves at once from its caller's thread, and
// the arrival of a reply first sends whatever has queued meanwhile and then wakes who waited. No
// timer ever delays a sending. An envelope without an answer is sent again with the same bytes:
// after 250 ms over the direct path, then (or when nobody holds the actor) with a wake-up and to
// the stream once more, the time doubling. While the server says that nobody holds it, the direct
// path, which then loads nobody, and a wake-up are tried soon again for a while. Every waiter has
// its deadline; a number that was given up is never used again. Knows no NATS (nats_link.h) and no
// HTTP. Times are monotonic microseconds of this process unless they say database. Threads:
// everything may be called from any thread, bus_receive from one at a time.
#ifndef CAVEA_EDGE_BUS_H
#define CAVEA_EDGE_BUS_H

#include "schemas/cavea.pb-c.h"
#include "schemas/error.h"
#include "schemas/id.h"
#include "schemas/limits.h"

enum {
    BUS_INFLIGHT_MAX = 2,        // most envelopes of one actor at a time, see bus_options
    BUS_QUEUES_MAX = 16384,      // actors with a queue; the least recently used makes room
    BUS_RESEND_FIRST_MS = 250,   // doubling
    BUS_RESEND_LAST_MS = 2000,   // and no longer than this
    BUS_NOBODY_MS = 125,         // until the next try, while nobody holds the actor
    BUS_NOBODY_TRIES = 12,       // then as after any silence
    BUS_ASK_AGAIN_MS = 500,      // without the answer that another actor owes; doubling
    BUS_WAKE_SILENCE_MS = 30000, // an actor not heard from for so long is woken with the message
    BUS_COMMAND_BYTES_MAX = 1024,
    BUS_TICK_MS = 25,
};

// What the network does for the bus.
typedef struct bus_link {
    void *self;
    // Hands a message over at once. reply, when not NULL, is where the server reports that nobody
    // subscribes to the subject. False: there is no connection.
    bool (*send)(void *self, const char *subject, const char *reply, const void *data,
                 uint32_t data_bytes);
    int64_t (*now_us)(void *self);
    int64_t (*wall_us)(void *self); // before the database's time is known
} bus_link;

typedef struct bus_options {
    bus_link link;
    uuid sender;         // new at each start
    uint32_t queued_max; // commands that have not left yet, of all actors
    // Reservations that wait for one actor, those under way included, so that a slow one leaves
    // room for the others. What a buyer does later, and money that has arrived, is not counted.
    uint32_t crowd_actor_max;
    // Envelopes of one actor at a time, 1 to BUS_INFLIGHT_MAX. One makes the largest batches: what
    // arrives while a transaction commits travels together.
    uint32_t inflight_max;
    // Hears which fact an actor has reached; may be NULL. Called by bus_receive.
    void *self;
    void (*heard)(void *self, const actor_ref *actor, uint64_t version);
} bus_options;

typedef struct bus_answer {
    error_code error; // ERROR_NONE: accepted
    bool has_reservation, has_payment;
    bool replayed;
    uint8_t state, outcome; // of the reservation
    uint8_t seats_count, conflicts_count, alternatives_count;
    reservation_id reservation;
    buyer_id buyer;
    int64_t created_us, expires_us; // database
    int64_t total_minor, refund_now_minor, refund_minor;
    uint32_t seats[SEATS_PER_RESERVATION_MAX];
    int64_t price_minor[SEATS_PER_RESERVATION_MAX];
    uint32_t conflicts[SEATS_PER_RESERVATION_MAX];
    uint32_t alternatives[ALTERNATIVES_MAX];
    payment_id payment;
    uint32_t payment_state;
    char client_secret[160];
    char pay_url[256];
} bus_answer;

typedef enum bus_result {
    BUS_ANSWERED,
    BUS_LATE,    // the deadline came first; what was asked may happen all the same
    BUS_PENDING, // the actor took it on, and its answer will come from another actor, too late
    BUS_DROPPED, // the actor did not decide, because it was too late or could not read it
    BUS_FULL,    // not sent: too much is waiting already, here or for this actor
} bus_result;

typedef struct bus bus;

bus *bus_new(const bus_options *options); // NULL when memory is out
void bus_free(bus *b);                    // nobody waits any more

// Sends a command (its id is set) and waits for the answer. deferred: the answer may also come
// later, from another actor. *ret_answer is complete after BUS_ANSWERED.
MUST_CHECK bus_result bus_ask(bus *b, const actor_ref *to, const Cavea__V1__Command *command,
                              bool deferred, int64_t deadline_us, bus_answer *ret_answer);
// The database's time at a monotonic moment, as learnt from replies; never ahead of it by more than
// the database's own drift since the last ten seconds.
int64_t bus_database_us(bus *b, int64_t monotonic_us);

// The network's side. queue is the last token of the reply subject.
void bus_receive(bus *b, uint32_t queue, const uint8_t *data, size_t data_bytes);
void bus_no_responders(bus *b, uint32_t queue);
void bus_tick(bus *b);        // every BUS_TICK_MS: sends again what is due
void bus_reconnected(bus *b); // sends again what is under way

#endif
