// What goes wrong on purpose: one table of faults, each with a rate, a count and a value, all drawn
// from one seed. Changed at run time through the admin port. A new fault is a line here and a call
// of faults_roll where it strikes. Any thread.
#ifndef CAVEA_OPS_PROVIDER_FAULTS_H
#define CAVEA_OPS_PROVIDER_FAULTS_H

#include "ops/provider/jsonout.h"

#include <pthread.h>
#include <stdatomic.h>

// F(NAME, "name", a bare number means, value's default, least, greatest, what happens)
// "Before" and "after" are about the request's work: after it the money has moved.
#define FAULT_LIST(F)                                                                              \
    F(LATENCY, "latency_ms", VALUE, 200, 0, 600000, "an answer takes value ms longer")             \
    F(RATE_LIMIT, "rate_limit", RATE, 0, 0, 0, "429 before any work")                              \
    F(ERROR_BEFORE, "server_error_before", RATE, 0, 0, 0, "500 before any work")                   \
    F(ERROR_AFTER, "server_error_after", RATE, 0, 0, 0, "500 although the work is done")           \
    F(TIMEOUT_BEFORE, "timeout_before", RATE, 30000, 0, 600000,                                    \
      "silence for value ms, then the connection ends; no work")                                   \
    F(TIMEOUT_AFTER, "timeout_after", RATE, 30000, 0, 600000,                                      \
      "silence for value ms, then the connection ends; the work is done")                          \
    F(RESET_BEFORE, "reset_before", RATE, 0, 0, 0, "connection reset before any work")             \
    F(RESET_AFTER, "reset_after", RATE, 0, 0, 0, "connection reset although the work is done")     \
    F(EARLY_WEBHOOK, "early_webhooks", RATE, 500, 0, 600000,                                       \
      "payment_intent.created is sent, the create call's answer waits value ms")                   \
    F(EARLY_PAYMENT, "early_payments", RATE, 500, 0, 600000,                                       \
      "the intent is paid at once, the create call's answer waits value ms")                       \
    F(SLOW_PAYMENT, "slow_payments", RATE, 2000, 0, 600000,                                        \
      "a payment is processing for value ms, then succeeds")                                       \
    F(WRONG_AMOUNT, "wrong_amounts", RATE, -1, -99999999, 99999999,                                \
      "a payment takes value minor units more than was asked")                                     \
    F(REFUND_FAILURE, "refund_failures", RATE, 0, 0, 600000,                                       \
      "a payment's first refund fails after value ms; a later one does not")                       \
    F(SLOW_REFUND, "slow_refunds", RATE, 2000, 0, 600000,                                          \
      "a refund is pending for value ms, then succeeds")                                           \
    F(DROP_WEBHOOK, "drop_webhooks", RATE, 0, 0, 0, "a webhook is never sent")                     \
    F(DUPLICATE_WEBHOOK, "duplicate_webhooks", RATE, 2, 2, 100, "a webhook is sent value times")   \
    F(SHUFFLE_WEBHOOK, "shuffle_webhooks", RATE, 2000, 0, 600000,                                  \
      "a webhook is sent up to value ms later, so that others overtake it")                        \
    F(DELAY_WEBHOOK, "delay_webhooks", RATE, 300000, 0, 3600000,                                   \
      "a webhook is sent value ms late")                                                           \
    F(CLOCK_OFFSET, "clock_offset_ms", VALUE, 0, -3600000, 3600000,                                \
      "the provider's clock is value ms ahead, or behind when negative")

typedef enum fault {
#define F(name, text, shorthand, value, least, greatest, help) FAULT_##name,
    FAULT_LIST(F)
#undef F
        FAULTS_END
} fault;

typedef struct fault_state {
    double rate;   // of chances that strike, 0 to 1
    int64_t count; // how many more may strike; -1: any number
    int64_t value;
    uint64_t chances, struck;
} fault_state;

typedef struct faults {
    atomic_uint armed; // bit of each fault that may strike: most are asked for in vain
    pthread_mutex_t mutex;
    uint64_t seed;
    fault_state states[FAULTS_END];
} faults;

void faults_init(faults *f); // nothing goes wrong
void faults_done(faults *f);

// Whether the fault strikes now. The nth chance of a fault has the same outcome for the same seed,
// whatever happens between. ret_value may be NULL; it is set only when the fault strikes.
bool faults_roll(faults *f, fault which, int64_t *ret_value);
// A number from 0 to below, from the same seed.
int64_t faults_draw(faults *f, fault which, int64_t below);
// The offset of the provider's clock, without counting a chance.
int64_t faults_clock_offset_us(faults *f);

// Reads {"seed":7,"drop_webhooks":0.1,"latency_ms":200,"timeout_after":{"rate":0.1,"count":3,
// "value":5000}}. A bare number is the rate, or for latency_ms and clock_offset_ms the value; what
// is not named stays as it is. All or nothing: false with a sentence when anything is wrong. A new
// seed starts all chances anew.
MUST_CHECK bool faults_set(faults *f, const char *json, size_t json_bytes, char *ret_problem,
                           size_t problem_bytes);
void faults_clear(faults *f);
void faults_write(faults *f, jsonout *out); // the table as one JSON object

#endif
