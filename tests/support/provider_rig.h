// Starts a cavea-provider of its own in a folder, talks to it, and catches its webhooks on a free
// port, checking each signature. For test programs; a failed check ends the program, and the
// provider with it. The main thread, except that webhooks arrive on threads of the listener.
#ifndef CAVEA_TESTS_SUPPORT_PROVIDER_RIG_H
#define CAVEA_TESTS_SUPPORT_PROVIDER_RIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RIG_DEADLINE_MS = 20000 };

#define RIG_KEY "sk_test_rig"
#define RIG_WEBHOOK_SECRET "whsec_rig"

#define RIG_CHECK(truth) rig_check((truth), #truth, __FILE__, __LINE__)
void rig_check(bool truth, const char *what, const char *file, int line);

// Makes the secrets in dir and starts the webhook listener. Both are borrowed for ever.
void rig_init(const char *program, const char *dir);
void rig_start(const char *more_flag); // NULL or one more flag; waits until the provider is ready
// Sends a signal and waits for the end. Returns the exit status, -1 when a signal ended it.
int rig_stop(int number);
// Starts a second provider in the same folder, which must fail; its exit status.
int rig_start_second(void);
int rig_port(void); // of the API

typedef struct rig_answer {
    int status;    // 0: no answer
    int curl_code; // why not
    char *headers; // owned, as they came
    char *text;    // owned
    json_t *json;  // owned; NULL when it is none
} rig_answer;
void rig_answer_done(rig_answer *a);

// params is a form, for GET the query; NULL for none. user: NULL for the secret key, "" for none.
typedef struct rig_request {
    const char *method, *path; // paths below /admin, /metrics go to the admin port
    const char *params;
    const char *key; // Idempotency-Key; NULL
    const char *user;
    long timeout_ms; // 0: the deadline
    bool is_fresh;   // on a new connection: on a used one curl repeats what got no answer
} rig_request;
rig_answer rig_call(const rig_request *request);
// A POST that must get this status; the answer.
rig_answer rig_post(const char *path, const char *params, int status);
// A member of an answer as text: "error.code" goes down one level. "" when it is missing.
const char *rig_text(const rig_answer *a, const char *path);
int64_t rig_integer(const rig_answer *a, const char *path);
void rig_faults(const char *json); // cleared first

// What the listener answers from now on to each webhook, the first `times` times that it comes
// (-1: always), and 200 afterwards.
void rig_webhooks_answer(int status, int times);
// Waits until that type has arrived for that object so often; the last one's payload, owned.
json_t *rig_webhook_wait(const char *type, const char *object_id, int times);
// How often it has arrived so far, refused deliveries included.
int rig_webhook_count(const char *type, const char *object_id);
int64_t rig_webhook_signed_at(void); // the t of the last signature

#endif
