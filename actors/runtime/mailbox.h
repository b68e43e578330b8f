// A bounded queue from many threads to the tick thread, in two lanes: what moves money, tickets and
// deadlines, acknowledgements and what the reconciler found go before what waits for events, which
// is where strangers' load arrives. An actor's stored messages and its cell stay in the order in
// which they came, because cursors only grow: so their lane is that of the actor's kind, whoever
// sent the message. What actors of this host tell each other has no place in a stream and goes
// first: it is what became of payments and deadlines. Each lane is bounded; what finds its lane
// full is refused and counted.
#ifndef CAVEA_ACTORS_RUNTIME_MAILBOX_H
#define CAVEA_ACTORS_RUNTIME_MAILBOX_H

#include "actors/runtime/cell.h"

#include <pthread.h>

typedef struct mail {
    enum mail_type { MAIL_MESSAGE, MAIL_ACK, MAIL_CELL, MAIL_STUCK } type;
    union {
        inbound message;
        struct {
            uint64_t number;
            int64_t token;
        } ack;
        cell *installed; // owned by the mail
        struct {
            actor_ref to;
            stuck_row *row; // owned by the mail
        } stuck;
    };
} mail;

enum {
    MAILBOX_FIRST, // payments, tickets, deadlines, acknowledgements, from actors of this host
    MAILBOX_LAST,  // events
    MAILBOX_LANES,
    MAILBOX_LAST_SHARE = 4, // of what is taken at a time is left to the last lane
};

typedef struct mailbox {
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    uint32_t count, max; // of both lanes; of each lane
    uint32_t urgent;     // of both lanes: all but acknowledgements, for which nobody is woken
    uint64_t refused;
    bool first_left; // the last take left something in the first lane; of the thread that takes
    struct {
        mail *ring;
        uint32_t at, count;
    } lanes[MAILBOX_LANES];
} mailbox;

MUST_CHECK bool mailbox_init(mailbox *m, uint32_t lane_max);
void mailbox_done(mailbox *m); // releases what was never taken; also after a failed init
MUST_CHECK bool mailbox_put(mailbox *m, const mail *item);
// Takes up to max items, each lane's oldest first.
uint32_t mailbox_take(mailbox *m, mail *ret_items, uint32_t max);
// Waits until something urgent is there or CLOCK_MONOTONIC has come to until_us; undisturbed, for
// the clock alone.
void mailbox_wait(mailbox *m, int64_t until_us, bool undisturbed);
uint32_t mailbox_depth(mailbox *m);
bool mailbox_is_urgent(mailbox *m); // whether the tick thread should look now
// How many items were refused since the last call.
uint64_t mailbox_refused_take(mailbox *m);
void mail_done(mail *item); // releases what the item owns

#endif
