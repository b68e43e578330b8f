// Many HTTP requests in flight on one thread (curl multi), and sleepers beside them: what a test
// program needs to play thousands of people at once. Refuses to know what the messages mean. A
// person is a number from 0 on and has at most one request or one sleep at a time. One thread.
#ifndef CAVEA_TESTS_SUPPORT_CROWD_H
#define CAVEA_TESTS_SUPPORT_CROWD_H

#include "schemas/id.h"

#include <stddef.h>

enum { CROWD_URL_BYTES = 512, CROWD_TOKEN_BYTES = 600, CROWD_KEY_BYTES = 64 };

typedef struct crowd_request { // copied
    const char *method;
    char url[CROWD_URL_BYTES];
    const char *bearer;                    // NULL: none
    char idempotency_key[CROWD_KEY_BYTES]; // "": none
    bool is_form;                          // the body is a form, not JSON
    char body[1024];                       // "": none
} crowd_request;

typedef struct crowd_answer { // borrowed during the call
    int status;               // 0: no answer came in time, the request may have been served
    const char *body;         // NUL-ended
    size_t body_bytes;
} crowd_answer;

typedef struct crowd crowd;

// The answer, or NULL for the end of a sleep or for a new person. It must ask or sleep once, or do
// neither: then the person is gone.
typedef void crowd_turn(void *self, size_t person, const crowd_answer *answer);

crowd *crowd_new(size_t in_flight_max, long timeout_ms, crowd_turn *turn, void *self);
void crowd_free(crowd *c);
// Beyond in_flight_max requests wait their turn.
void crowd_ask(crowd *c, size_t person, const crowd_request *request);
void crowd_sleep(crowd *c, size_t person, int64_t ms);
size_t crowd_present(const crowd *c); // people who ask or sleep
size_t crowd_waiting(const crowd *c); // requests that wait their turn
// Answers what has come and wakes who has slept enough; waits at most wait_ms for something.
void crowd_step(crowd *c, int wait_ms);

#endif
