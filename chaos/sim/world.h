// The inside of the simulator, shared by the files of this folder only: everything there is in a
// simulated world, and what its parts do to each other. Times are microseconds of virtual time,
// which is the database's clock. Things are numbered by their place in the world's arrays.
#ifndef CAVEA_CHAOS_SIM_WORLD_H
#define CAVEA_CHAOS_SIM_WORLD_H

#include "actors/runtime/plan_cache.h"
#include "actors/runtime/runtime.h"
#include "chaos/sim/key_map.h"
#include "chaos/sim/prng.h"
#include "chaos/sim/sim.h"
#include "schemas/cavea.pb-c.h"
#include "schemas/digest.h"
#include "schemas/plan.h"
#include "schemas/wire.h"
#include "store/fold.h"

#include <assert.h>
#include <stdlib.h>

#define SECOND_US INT64_C(1000000)
#define MS_US INT64_C(1000)
#define NOBODY UINT32_MAX

enum {
    HOSTS_MAX = 3,
    EDGES_MAX = 2,
    EVENTS_MAX = 2,
    ACTORS_MAX = EVENTS_MAX * 4,
    BUYERS_MAX = 24,
    SEATS_MAX = 60,
    HOUSES = 4, // plans made once, shared by all worlds
    WANTED_MAX = 4,
    INLETS_MAX = ACTORS_MAX * 2,
    OPENED_MAX = 8,
    BATCH_COMMANDS = 6,
    QUEUE_MAX = 64,
    REFUNDS_MAX = 20,
    TRACE_MAX = 64,
    HOST_TTL_US = 1500 * 1000,
    PAYMENT_EXTENSION_US = 1000 * 1000,
};

typedef struct world world;

typedef struct parcel { // bytes under way
    world *world;
    uint32_t references, bytes_count;
    uint8_t bytes[];
} parcel;

// Something that will happen. `life` guards against things meant for an earlier life of `who`.
typedef struct happening {
    int64_t at_us;
    uint64_t rank; // among equal times
    void (*run)(world *w, const struct happening *h);
    parcel *parcel; // owned; may be NULL
    uint32_t who, life, actor;
    uint64_t number;
    int64_t value;
    digest16 id; // of a message; zero: none
} happening;

typedef struct sim_fact {
    int64_t seq, at_us;
    uint16_t kind;
    bool published;
    uint32_t payload_at, payload_bytes; // into the actor's fact_bytes
    digest32 hash;
} sim_fact;

// An actor: its lease row and its facts.
typedef struct sim_actor {
    actor_ref ref;
    uint32_t event; // of an event actor; else NOBODY
    int64_t epoch, incarnation, cursor, last_seq, published_incarnation, published_seq;
    digest32 last_hash;
    uuid holder; // zero: free
    int32_t claimed;
    uint8_t *senders;
    uint32_t senders_bytes;
    sim_fact *facts;
    uint8_t *fact_bytes;
    uint32_t facts_count, facts_max, fact_bytes_count, fact_bytes_max;
} sim_actor;

typedef struct sim_event {
    event_id id;
    uint32_t tag, actor, house;
    int16_t status;
    bool cancelling, refunded; // its organizer gives it up; nobody is left to be paid back
    int64_t sale_starts_us, starts_us;
    int32_t hold_seconds;
    int64_t price_minor[CATEGORIES_PER_PLAN_MAX];
    uint32_t claims[SEATS_MAX]; // by seat: reservation, or NOBODY
} sim_event;

typedef struct sim_reservation {
    uint32_t event;
    event_image_reservation row;
    bool overdue_told; // its late release was reported already
} sim_reservation;

typedef struct sim_ticket {
    uint32_t reservation;
    int32_t seat;
    int16_t state;
} sim_ticket;

typedef struct sim_books { // what the postings of one payment sum to, by account
    int64_t minor[ACCOUNTS_END];
} sim_books;

typedef struct sim_refusal { // a PaymentRefused fact of an event
    uint32_t event;
    reservation_id reservation;
    payment_id payment;
} sim_refusal;

typedef struct session { // a connection of a host to the store
    world *world;
    uint32_t host, life;
    bool is_writer;
} session;

typedef struct inlet { // how an attached actor of a host is reached
    bool used;
    uint64_t number; // the cell's
    uint32_t actor;
    int64_t incarnation, cursor; // of the last message handed over
    bool consuming, pushing;
} inlet;

typedef struct sim_host {
    uint32_t index, life;
    uuid id; // of this life
    bool up, paused, doomed;
    bool inside;     // its tick thread is in a call
    bool cut;        // its writer's session was ended by the database
    bool deaf;       // cut off from the broker, both ways
    bool storeless;  // cut off from the store
    bool wants_step; // while it was paused or inside
    int64_t heartbeat_us, clock_base_us, started_us;
    int32_t clock_ppm; // its monotonic clock is faster by this
    int64_t step_at_us;
    runtime *runtime;
    session writer, activator;
    int64_t incarnation; // of the inbox stream as last seen
    inlet inlets[INLETS_MAX];
    cell *opened[OPENED_MAX]; // on their way from the activator to the mailbox
    uint32_t upkeeps;
    int64_t paused_us; // since when
} sim_host;

typedef struct stored_message {
    uint32_t actor;
    parcel *parcel;
    int64_t at_us;
} stored_message;

typedef struct broker {
    int64_t incarnation;
    bool leaderless;
    stored_message *messages; // sequence n is messages[n - 1]
    uint32_t messages_count, messages_max;
    key_map fact_ids; // messages of facts that were stored, by their ids
} broker;

typedef enum ask_type {
    ASK_RESERVE,
    ASK_CANCEL,
    ASK_CHECKOUT,
    ASK_GIVE_BACK,
    ASK_REPORT,
    ASK_STATUS,
    ASK_REFUND_ALL,
} ask_type;

// One command that somebody has put to an actor through an edge.
typedef struct ask {
    ask_type type;
    uint32_t edge, edge_life, actor;
    uint32_t owner; // buyer or callback
    uuid command;
    parcel *bytes;          // the packed command, until it is in a batch
    bool over;              // answered or given up
    bool accepted, refused; // some host said so, heard or not
    uint32_t attempt;       // of a reserve
    int64_t wait_until_us;  // of a reserve, as it was told
} ask;

typedef struct batch { // an envelope
    uint64_t number;
    uint32_t edge, actor, asks[BATCH_COMMANDS], asks_count, live, resends;
    bool over, direct;
    parcel *bytes;
} batch;

typedef struct edge_queue {
    uint64_t number_last;
    uint32_t inflight[2]; // batches, NOBODY: free
    uint32_t waiting[QUEUE_MAX], waiting_count;
    int64_t heard_us, woken_us;
} edge_queue;

typedef struct seat_view { // an edge's seat map of one event, kept by live deltas
    uint64_t version;
    uint8_t states[SEATS_MAX];
} seat_view;

typedef struct sim_edge {
    uint32_t index, life;
    uuid sender;
    int64_t clock_error_us;
    edge_queue queues[ACTORS_MAX];
    seat_view views[EVENTS_MAX];
} sim_edge;

typedef struct attempt { // one Idempotency-Key
    digest16 key_hash, body_hash;
    uint32_t buyer, event, seats_count, seats[WANTED_MAX];
    reservation_id success; // zero: none yet
} attempt;

typedef enum buyer_doing {
    BUYER_WANTS,
    BUYER_RESERVING,
    BUYER_HOLDS,
    BUYER_CHECKS_OUT,
    BUYER_PAYS,
    BUYER_GIVES_BACK,
    BUYER_LEFT,
} buyer_doing;

typedef struct sim_buyer {
    buyer_id id;
    buyer_doing doing;
    uint32_t event, attempt, tries, rounds;
    bool poison; // its reservations are ones that the database refuses
    reservation_id reservation;
    payment_id payment;
    digest16 checkout_key;
    bool cancelling;
    int64_t refund_minor; // as it was shown
} sim_buyer;

typedef struct sim_intent { // at the provider
    payment_id payment;
    uint32_t event;
    char id[24];
    int64_t amount_minor, captured_minor;
    uint32_t status;  // provider_status
    uint32_t pending; // things that will still happen to it by themselves
    uint32_t refunds_count;
    struct {
        uint32_t number, status;
        int64_t amount_minor;
        char id[24];
    } refunds[REFUNDS_MAX];
} sim_intent;

typedef struct callback {            // a notice of the provider, repeated until somebody says 200
    uint32_t intent, status, refund; // refund: place in refunds, NOBODY: of the intent
    bool taken;
    uint32_t tries;
} callback;

typedef struct weather { // chances in parts of a million, spans in microseconds
    uint32_t lose_core, lose_publish, lose_ack, twice;
    uint32_t unknown_before, unknown_after, refuse, block, block_long, load_fails;
    uint32_t perform_lost, perform_unreachable, refund_fails, notice_fails;
    int64_t latency_us, jitter_us;
    int64_t trouble_us; // mean time between faults
    bool crashes, pauses, outages, wipes, edges_die, cuts;
} weather;

typedef struct trace_line {
    int64_t at_us, a, b;
    const char *what;
    uint32_t who;
    uuid id;
} trace_line;

struct world {
    sim_options options;
    sim_outcome outcome;
    prng random;
    int64_t now_us, calm_from_us, troubled_us; // the last moment at which something was wrong
    bool calm;
    weather weather;
    happening *heap;
    uint32_t heap_count, heap_max;
    uint64_t ranks, parcels;
    const plan *houses[HOUSES];
    digest32 house_hashes[HOUSES];
    plan_cache *plans;
    fold fold;

    sim_actor actors[ACTORS_MAX];
    uint32_t actors_count;
    sim_event events[EVENTS_MAX];
    uint32_t events_count;
    sim_reservation *reservations;
    payment_row *payments;
    sim_books *books; // of each payment
    sim_ticket *tickets;
    sim_refusal *refusals;
    uint32_t reservations_count, reservations_max, payments_count, payments_max, books_max;
    uint32_t tickets_count, tickets_max, refusals_count, refusals_max;
    key_map by_reservation, by_key, by_payment, by_ticket;
    bool store_away, provider_away;
    int64_t store_since_us; // the server's last start

    sim_host hosts[HOSTS_MAX];
    uint32_t hosts_count;
    broker broker;
    sim_edge edges[EDGES_MAX];
    uint32_t edges_count;
    ask *asks;
    batch *batches;
    attempt *attempts;
    uint32_t asks_count, asks_max, batches_count, batches_max, attempts_count, attempts_max;
    key_map by_command;
    sim_buyer buyers[BUYERS_MAX];
    uint32_t buyers_count;
    sim_intent *intents;
    callback *callbacks;
    uint32_t intents_count, intents_max, callbacks_count, callbacks_max;
    key_map by_intent;

    trace_line trace[TRACE_MAX];
    uint64_t traced;
};

// Makes room for one more item in one of the world's growing arrays.
#define GROW(array, count, max)                                                                    \
    do {                                                                                           \
        if ((count) == (max)) {                                                                    \
            (max) = (max) == 0 ? 64 : 2 * (max);                                                   \
            (array) = realloc((array), (max) * sizeof *(array));                                   \
            assert((array) != NULL);                                                               \
        }                                                                                          \
    } while (0)

// world.c
void happen(world *w, int64_t in_us, happening h);
bool world_step(world *w); // the next thing happens; false: nothing will, or something broke
void world_clear(world *w);
void note(world *w, const char *what, uint32_t who, int64_t a, int64_t b, const uuid *id);
void broken(world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void trouble(world *w, const char *what, uint32_t who); // a fault begins or ends
parcel *parcel_new(world *w, const void *data, uint32_t data_bytes);
parcel *parcel_of_command(world *w, const Cavea__V1__Command *command); // an Envelope around it
parcel *parcel_share(parcel *p);
void parcel_drop(parcel *p); // NULL is nothing
int64_t latency(world *w);
uuid fresh_id(world *w);
uint32_t actor_index(const world *w, const actor_id *id); // NOBODY: not of this world
uint32_t event_index(const world *w, const event_id *id);
static inline ProtobufCBinaryData binary(const uuid *id)
{
    return (ProtobufCBinaryData){sizeof id->bytes, (uint8_t *)(uintptr_t)id->bytes};
}

// scene.c: what a seed makes: houses, events, hosts, buyers and the weather
void houses_build(world *w);
void scene_set(world *w);

// fault.c
void faults_begin(world *w);
void calm_begin(world *w); // everything is repaired, nothing fails any more

// rows.c: the tables of the store and how a journal is written into them
store_result rows_commit(world *w, const sim_host *h, const journal *j);
uint32_t seats_claimed(const world *w, uint32_t event);

// store.c, store_load.c: store_port of a session
store_port session_port(session *s);
bool session_away(world *w, const session *s); // nothing can be asked at the moment
bool host_id_alive(const world *w, const uuid *id);
void rows_image(const world *w, uint32_t event, event_image *ret_image);
store_result session_load_event(void *self, const event_id *id, const digest32 *known_plans,
                                uint32_t known_plans_count, event_image *ret_image);
store_result session_load_payments(void *self, const payment_id *ids, uint32_t ids_count,
                                   payment_row *ret_rows, uint32_t *ret_count);
store_result session_load_held(void *self, uint32_t partition, held_row **ret_rows,
                               uint32_t *ret_count);
store_result session_load_facts(void *self, const actor_id *actor, int64_t after_seq,
                                uint32_t facts_max, fact_page *ret_page);
store_result session_load_stuck(void *self, uint32_t partition, int64_t age_ms, stuck_row *ret_rows,
                                uint32_t rows_max, uint32_t *ret_count);

// host.c, host_ports.c
extern const seal_ring sim_seals; // what hosts and operators have, and edges have not
void host_start(world *w, uint32_t host);
void host_crash(world *w, uint32_t host);
void host_restart_gently(world *w, uint32_t host);
void host_pause(world *w, uint32_t host);
void host_resume(world *w, uint32_t host);
void host_cut(world *w, uint32_t host, bool deaf, bool storeless); // both false: it is over
void host_kick(world *w, sim_host *h, int64_t in_us);
void host_release(world *w, sim_host *h); // of its memory
// sequence 0: over the direct path, or, with local, an outcome of the host's own performer.
void host_deliver(world *w, sim_host *h, uint32_t actor, int64_t incarnation, int64_t sequence,
                  bool local, const parcel *p);
// Asks the host to take an actor. forwarded: another host named it.
void host_wake(world *w, sim_host *h, uint32_t actor, bool forwarded);
bus_port host_bus(sim_host *h);
clock_port host_clock(sim_host *h);
int64_t host_monotonic_us(const sim_host *h, int64_t now_us);

// broker.c
// Takes the parcel. from NULL: an edge, which wants no acknowledgement.
void broker_publish(world *w, subject_room room, uint32_t actor, parcel *p, const sim_host *from,
                    uint64_t number, int64_t token, const char *id);
void broker_direct(world *w, uint32_t actor, parcel *p, uint32_t edge); // edge NOBODY: an actor
void broker_wake(world *w, uint32_t actor);
void broker_wipe(world *w);
void inlet_wants(world *w, sim_host *h, inlet *in, int64_t in_us);

// edge.c, edge_view.c
void edge_start(world *w, uint32_t edge);
uint32_t edge_ask(world *w, uint32_t edge, uint32_t actor, ask_type type, uint32_t owner,
                  const Cavea__V1__Command *command, int64_t patience_us);
void edge_reply(world *w, const char *to, const void *data, uint32_t data_bytes);
void check_view(world *w, const seat_view *v, uint32_t event);
void edge_live(world *w, uint32_t event, const void *data, uint32_t data_bytes);
void edge_silent(world *w, uint32_t edge, uint32_t actor); // no responders
int64_t edge_database_us(const world *w, uint32_t edge);

// buyer.c; reply NULL: the deadline came first, or the actor did not decide
void buyer_begin(world *w, uint32_t buyer);
void buyer_answered(world *w, const ask *a, const Cavea__V1__Reply *reply);

// organizer.c
void organizer_begin(world *w, uint32_t event); // who will cancel it
void organizer_answered(world *w, const ask *a, const Cavea__V1__Reply *reply);

// provider.c, performer.c
perform_port host_performer(sim_host *h);
void provider_pays(world *w, uint32_t buyer, const payment_id *id);
void provider_notice(world *w, uint32_t intent, uint32_t status, uint32_t refund);
void callback_answered(world *w, const ask *a, const Cavea__V1__Reply *reply);
uint32_t intent_find(const world *w, const payment_id *id);
void report_fill(const sim_intent *intent, uint32_t status, uint32_t refund,
                 Cavea__V1__ProviderReport *ret_report);

// check.c: invariants that hold after every step
void check_move(world *w, const sim_host *h, const lease_move *m);
void check_fact(world *w, const sim_actor *a, const fact_row *f, const uint8_t *payload);
void check_reservation_row(world *w, const sim_reservation *r);
void check_reply(world *w, const sim_host *from, const void *data, uint32_t data_bytes);
void check_published(world *w, const sim_actor *a, const void *data, uint32_t data_bytes);
void check_now(world *w); // what is bound in time
void check_rows(world *w);

// check_money.c
const char *postings_refused(const journal *j); // what the table's constraint says; NULL: nothing
void posting_write(world *w, const posting_row *p);
void check_money(world *w);
void check_money_end(world *w); // and nothing is open

// check_end.c: what must be true when everything has drained
void check_digests(world *w);
void check_cells(world *w);
bool check_drained(const world *w, const char **ret_waits_for);
void check_end(world *w);

#endif
