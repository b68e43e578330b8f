// What NATS's threads hand to the loop: deltas in order of arrival, and the word that some were
// missed. Bounded by bytes; what is too much is missed too. Any thread puts, one takes.
#ifndef CAVEA_EDGE_GATEWAY_INBOX_H
#define CAVEA_EDGE_GATEWAY_INBOX_H

#include "schemas/id.h"

#include <pthread.h>

typedef struct letter {
    struct letter *next;
    event_id event;
    uint32_t bytes;
    uint8_t data[];
} letter;

typedef struct inbox {
    pthread_mutex_t mutex;
    letter *first, **end;
    size_t bytes, bytes_max;
    bool missed;
} inbox;

void inbox_init(inbox *i, size_t bytes_max);
void inbox_done(inbox *i);
// Copies. Whether the taker has to be woken: nothing was there before.
bool inbox_put(inbox *i, const event_id *event, const void *data, size_t data_bytes);
bool inbox_miss(inbox *i); // forgets what is there
// All of it: a list that the caller frees. *ret_missed: something before it was missed.
letter *inbox_take(inbox *i, bool *ret_missed);
void letters_free(letter *first);

#endif
