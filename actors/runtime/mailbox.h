// A bounded queue from many threads to the tick thread.
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

typedef struct mailbox {
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    mail *ring;
    uint32_t at, count, max;
} mailbox;

MUST_CHECK bool mailbox_init(mailbox *m, uint32_t max);
void mailbox_done(mailbox *m); // releases what was never taken
MUST_CHECK bool mailbox_put(mailbox *m, const mail *item);
// Takes up to max items, oldest first.
uint32_t mailbox_take(mailbox *m, mail *ret_items, uint32_t max);
// Waits until something is there or CLOCK_MONOTONIC has come to until_us; undisturbed, for the
// clock alone.
void mailbox_wait(mailbox *m, int64_t until_us, bool undisturbed);
uint32_t mailbox_depth(mailbox *m);
void mail_done(mail *item); // releases what the item owns

#endif
