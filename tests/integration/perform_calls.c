// Performs effects against a real cavea-provider that goes wrong on purpose: perform_calls PROGRAM
// FOLDER. tests/integration/perform.sh starts it.

#include "actors/payment/codec.h"
#include "actors/runtime/perform_list.h"
#include "ops/host/clock.h"
#include "ops/host/metric.h"
#include "ops/host/random.h"
#include "tests/support/provider_rig.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { OUTCOMES_MAX = 8192, CALL_TIMEOUT_MS = 400, FEW = 32 };

static struct outcomes {
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    payment_command list[OUTCOMES_MAX];
    int count;
} outcomes = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static performer *performers;
static perform_port port;
static event_id event;

// What the mailbox would get: an envelope with one command for the payment actor.
static void deliver(void *self, const actor_ref *to, const uint8_t *envelope, uint32_t bytes)
{
    (void)self;
    Cavea__V1__Envelope *e = cavea__v1__envelope__unpack(NULL, bytes, envelope);
    RIG_CHECK(e != NULL && e->n_commands == 1 && e->number == 0 && to->kind == ACTOR_PAYMENT);
    pthread_mutex_lock(&outcomes.mutex);
    RIG_CHECK(outcomes.count < OUTCOMES_MAX);
    payment_command *c = &outcomes.list[outcomes.count];
    RIG_CHECK(payment_command_read(e->commands[0], c) == ERROR_NONE);
    RIG_CHECK(c->type == PAYMENT_COMMAND_REPORT);
    outcomes.count++;
    pthread_cond_broadcast(&outcomes.arrived);
    pthread_mutex_unlock(&outcomes.mutex);
    cavea__v1__envelope__free_unpacked(e, NULL);
}

static void performers_start(const char *dir, int64_t rate, int64_t in_flight)
{
    static char url[64], keys[512];
    char problem[CONFIG_PROBLEM_BYTES];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", rig_port());
    snprintf(keys, sizeof keys, "%s/keys", dir);
    perform_settings settings = {
        .provider_url = url,
        .provider_key = RIG_KEY,
        .pay_url_template = "",
        .ticket_keys_dir = keys,
        // The rush is about what is in flight: with a sanitizer, and beside others, it may take
        // long.
        .connect_timeout_ms = in_flight <= FEW ? 200 : 20000,
        .call_timeout_ms = in_flight <= FEW ? CALL_TIMEOUT_MS : 20000,
        .calls_per_second = rate,
        .calls_in_flight = in_flight,
        .sign_threads = 1,
        .sink = {NULL, deliver},
    };
    performers = performer_new(&settings, problem);
    RIG_CHECK(performers != NULL);
    port = performer_port(performers);
}

static effect effect_new(enum effect_type type)
{
    effect e = {.type = type, .amount_minor = 4500, .currency = "EUR"};
    uint8_t random[6];
    random_fill(random, sizeof random);
    e.event = event;
    e.payment.u = uuid_tagged(clock_wall_us() / 1000, event_tag(&event), random);
    random_fill(random, sizeof random);
    e.reservation.u = uuid_tagged(clock_wall_us() / 1000, event_tag(&event), random);
    e.actor = actor_of_tag(ACTOR_PAYMENT, event_tag(&event));
    return e;
}

static void outcomes_wait(int count)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += RIG_DEADLINE_MS / 1000;
    pthread_mutex_lock(&outcomes.mutex);
    while (outcomes.count < count &&
           pthread_cond_timedwait(&outcomes.arrived, &outcomes.mutex, &until) == 0)
        ;
    int arrived = outcomes.count;
    pthread_mutex_unlock(&outcomes.mutex);
    if (arrived < count)
        fprintf(stderr, "%d of %d outcomes\n", arrived, count);
    RIG_CHECK(arrived >= count);
}

// Performs one effect and waits for its outcome.
static payment_report perform(const effect *e)
{
    int before = outcomes.count;
    RIG_CHECK(port.start(port.self, e));
    outcomes_wait(before + 1);
    const payment_command *c = &outcomes.list[before];
    RIG_CHECK(uuid_equal(&c->payment.u, &e->payment.u));
    return c->report;
}

// How many of the newest hundred intents were made for the payment.
static int intents_of(const effect *e)
{
    char id[UUID_TEXT_BYTES];
    int count = 0;
    uuid_format(&e->payment.u, id);
    rig_answer a = rig_call(
        &(rig_request){.method = "GET", .path = "/v1/payment_intents", .params = "limit=100"});
    json_t *data = json_object_get(a.json, "data");
    for (size_t i = 0; i < json_array_size(data); i++) {
        json_t *metadata = json_object_get(json_array_get(data, i), "metadata");
        const char *made_for = json_string_value(json_object_get(metadata, "payment_id"));
        count += made_for != NULL && strcmp(made_for, id) == 0;
    }
    rig_answer_done(&a);
    return count;
}

static void pay(const payment_report *r)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/payment_intents/%s/confirm", r->intent_id);
    rig_answer a = rig_post(path, "payment_method=pm_card_visa", 200);
    rig_answer_done(&a);
}

static void walk_sale(void)
{
    effect e = effect_new(EFFECT_INTENT_CREATE);
    payment_report made = perform(&e), again = perform(&e);
    RIG_CHECK(made.status == PROVIDER_INTENT_OPEN && made.amount_minor == 4500);
    RIG_CHECK(strcmp(made.currency, "EUR") == 0);
    RIG_CHECK(strncmp(made.client_secret, made.intent_id, strlen(made.intent_id)) == 0);
    RIG_CHECK(strstr(made.pay_url, made.client_secret) != NULL);
    RIG_CHECK(strcmp(made.intent_id, again.intent_id) == 0 && intents_of(&e) == 1);
    e.type = EFFECT_INTENT_FETCH;
    memcpy(e.intent_id, made.intent_id, sizeof e.intent_id);
    RIG_CHECK(perform(&e).status == PROVIDER_INTENT_OPEN);
    pay(&made);
    payment_report paid = perform(&e);
    RIG_CHECK(paid.status == PROVIDER_SUCCEEDED && paid.amount_minor == 4500);
    e.type = EFFECT_INTENT_CANCEL; // too late: the answer says what is
    RIG_CHECK(perform(&e).status == PROVIDER_SUCCEEDED);
}

static effect paid_new(void)
{
    effect e = effect_new(EFFECT_INTENT_CREATE);
    payment_report made = perform(&e);
    pay(&made);
    memcpy(e.intent_id, made.intent_id, sizeof e.intent_id);
    e.amount_minor = 0; // all of it goes back
    return e;
}

static void walk_refund(void)
{
    effect e = paid_new();
    e.type = EFFECT_REFUND_CREATE;
    e.refund_number = 1;
    payment_report first = perform(&e), again = perform(&e);
    RIG_CHECK(first.status == PROVIDER_REFUNDED && first.amount_minor == 4500);
    RIG_CHECK(first.refund_number == 1 && strcmp(first.refund_id, again.refund_id) == 0);
    e.ask_first = true; // the key may be forgotten: it is found, not made
    RIG_CHECK(strcmp(perform(&e).refund_id, first.refund_id) == 0);
    e.ask_first = false;
    e.refund_number = 2; // nothing is left
    RIG_CHECK(perform(&e).status == PROVIDER_REFUNDED);
    e = paid_new();
    e.type = EFFECT_REFUND_CREATE;
    e.refund_number = 1;
    e.ask_first = true; // not found, so made
    RIG_CHECK(perform(&e).status == PROVIDER_REFUNDED);
}

static void walk_refund_fails(void)
{
    effect e = paid_new();
    rig_faults("{\"refund_failures\":{\"value\":0}}");
    e.type = EFFECT_REFUND_CREATE;
    e.refund_number = 1;
    payment_report pending = perform(&e);
    RIG_CHECK(pending.status == PROVIDER_REFUND_PENDING);
    json_decref(rig_webhook_wait("refund.failed", pending.refund_id, 1));
    e.type = EFFECT_REFUND_FETCH;
    memcpy(e.refund_id, pending.refund_id, sizeof e.refund_id);
    RIG_CHECK(perform(&e).status == PROVIDER_REFUND_FAILED);
    e.type = EFFECT_REFUND_CREATE;
    e.refund_id[0] = 0;
    e.refund_number = 2;
    payment_report second = perform(&e);
    RIG_CHECK(second.status == PROVIDER_REFUNDED && second.refund_number == 2);
    rig_faults("{}");
}

// Whatever happens to a call, the intent exists once and is told of.
static void walk_faults(void)
{
    static const char *const faults[] = {
        "{\"rate_limit\":{\"count\":2}}",
        "{\"server_error_before\":{\"count\":2}}",
        "{\"server_error_after\":{\"count\":2}}",
        "{\"timeout_before\":{\"count\":1,\"value\":2000}}",
        "{\"timeout_after\":{\"count\":1,\"value\":2000}}",
        "{\"reset_before\":{\"count\":2}}",
        "{\"reset_after\":{\"count\":2}}",
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        effect e = effect_new(EFFECT_INTENT_CREATE);
        rig_faults(faults[i]);
        payment_report r = perform(&e);
        if (r.status != PROVIDER_INTENT_OPEN)
            fprintf(stderr, "%s: %d\n", faults[i], r.status);
        RIG_CHECK(r.status == PROVIDER_INTENT_OPEN && intents_of(&e) == 1);
    }
    rig_faults("{}");
}

// A creation under a key that goes with other parameters is refused by the provider; the intent is
// found in its list.
static void walk_key_reused(void)
{
    effect e = effect_new(EFFECT_INTENT_CREATE);
    payment_report first = perform(&e);
    e.amount_minor++;
    payment_report found = perform(&e);
    RIG_CHECK(found.status == PROVIDER_INTENT_OPEN);
    RIG_CHECK(strcmp(first.intent_id, found.intent_id) == 0 && intents_of(&e) == 1);
    effect lost = effect_new(EFFECT_INTENT_CANCEL); // its answer never came: known by its key
    RIG_CHECK(perform(&lost).status == PROVIDER_CANCELED && intents_of(&lost) == 1);
}

// The same effect asked for again and again while it is under way is one call.
static void walk_repeated(void)
{
    effect e = effect_new(EFFECT_INTENT_CREATE);
    rig_faults("{\"latency_ms\":{\"count\":1,\"value\":200}}");
    uint64_t calls = metric_sum(METRIC_PROVIDER_CALLS);
    int before = outcomes.count;
    for (int i = 0; i < 100; i++)
        RIG_CHECK(port.start(port.self, &e));
    outcomes_wait(before + 1);
    RIG_CHECK(metric_sum(METRIC_PROVIDER_CALLS) == calls + 1);
    RIG_CHECK(perform(&e).status == PROVIDER_INTENT_OPEN && outcomes.count == before + 2);
    rig_faults("{}");
}

// A provider that is away costs nobody a long wait, and is found again.
static void walk_away(void)
{
    char flag[32];
    snprintf(flag, sizeof flag, "--port=%d", rig_port());
    RIG_CHECK(rig_stop(SIGKILL) == -1);
    effect e = effect_new(EFFECT_INTENT_CREATE);
    for (int i = 0; i < 4; i++) // four attempts each: the breaker opens
        RIG_CHECK(perform(&e).status == PROVIDER_UNREACHABLE);
    int64_t start_us = clock_monotonic_us();
    RIG_CHECK(perform(&e).status == PROVIDER_UNREACHABLE);
    RIG_CHECK(clock_monotonic_us() - start_us < 1000000);
    rig_start(flag);
    payment_report r = perform(&e);
    for (int i = 0; i < 1000 && r.status == PROVIDER_UNREACHABLE; i++) {
        (void)poll(NULL, 0, 20); // until the breaker probes
        r = perform(&e);
    }
    RIG_CHECK(r.status == PROVIDER_INTENT_OPEN && intents_of(&e) == 1);
}

static void walk_many(void)
{
    enum { MANY = 1000 };
    int before = outcomes.count;
    int64_t start_us = clock_monotonic_us();
    for (int i = 0; i < MANY; i++) {
        effect e = effect_new(EFFECT_INTENT_CREATE);
        RIG_CHECK(port.start(port.self, &e));
    }
    outcomes_wait(before + MANY);
    int64_t took_us = clock_monotonic_us() - start_us;
    for (int i = 0; i < MANY; i++)
        RIG_CHECK(outcomes.list[before + i].report.status == PROVIDER_INTENT_OPEN);
    printf("figure: %d intents made, %lld us each\n", MANY, (long long)(took_us / MANY));
}

static void walk_paced(const char *dir)
{
    enum { CALLS = 30, RATE = 20 };
    performer_free(performers);
    performers_start(dir, RATE, FEW);
    int before = outcomes.count;
    int64_t start_us = clock_monotonic_us();
    for (int i = 0; i < CALLS; i++) {
        effect e = effect_new(EFFECT_INTENT_CREATE);
        RIG_CHECK(port.start(port.self, &e));
    }
    outcomes_wait(before + CALLS);
    int64_t took_us = clock_monotonic_us() - start_us;
    RIG_CHECK(took_us > 1000000 && took_us < 4000000); // 30 at 20 a second, the first few at once
}

// Too many requests: everybody rests for as long as the provider says, and nobody gives up.
static void walk_throttled(void)
{
    enum { CALLS = 20 };
    uint64_t throttled = metric_sum(METRIC_PROVIDER_THROTTLED);
    int before = outcomes.count;
    int64_t start_us = clock_monotonic_us();
    rig_faults("{\"rate_limit\":{\"count\":1}}"); // Retry-After: 1
    effect first = effect_new(EFFECT_INTENT_CREATE);
    RIG_CHECK(port.start(port.self, &first));
    while (metric_sum(METRIC_PROVIDER_THROTTLED) == throttled)
        (void)poll(NULL, 0, 1);
    for (int i = 1; i < CALLS; i++) {
        effect e = effect_new(EFFECT_INTENT_CREATE);
        RIG_CHECK(port.start(port.self, &e));
    }
    outcomes_wait(before + CALLS);
    RIG_CHECK(clock_monotonic_us() - start_us > 900000);
    for (int i = 0; i < CALLS; i++)
        RIG_CHECK(outcomes.list[before + i].report.status == PROVIDER_INTENT_OPEN);
    RIG_CHECK(metric_sum(METRIC_PROVIDER_THROTTLED) == throttled + 1);
    rig_faults("{}");
}

// What the comparison with the provider's list tells, and what our books have captured.
static struct told {
    pthread_mutex_t mutex;
    payment_id paid[2];
    uint32_t paid_count, others;
    captured_row captured[2];
} told = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static bool is_ours(void *self)
{
    (void)self;
    return true;
}

static void tell(void *self, const actor_ref *to, const uint8_t *envelope, uint32_t bytes)
{
    (void)self;
    Cavea__V1__Envelope *e = cavea__v1__envelope__unpack(NULL, bytes, envelope);
    RIG_CHECK(e != NULL && to->kind == ACTOR_PAYMENT);
    pthread_mutex_lock(&told.mutex);
    for (size_t i = 0; i < e->n_commands; i++) {
        payment_command c;
        RIG_CHECK(payment_command_read(e->commands[i], &c) == ERROR_NONE);
        RIG_CHECK(strcmp(e->commands[i]->provider_report->provider_event, "list") == 0);
        RIG_CHECK(c.report.status != PROVIDER_INTENT_OPEN && c.report.client_secret[0] == 0);
        bool paid =
            uuid_equal(&c.payment.u, &told.paid[0].u) || uuid_equal(&c.payment.u, &told.paid[1].u);
        RIG_CHECK(!paid || c.report.status == PROVIDER_SUCCEEDED);
        told.paid_count += paid;
        told.others += !paid;
    }
    pthread_mutex_unlock(&told.mutex);
    cavea__v1__envelope__free_unpacked(e, NULL);
}

static store_result load_captured(void *self, int64_t from_us, int64_t to_us,
                                  const captured_row *behind, captured_row *ret_rows,
                                  uint32_t rows_max, uint32_t *ret_count)
{
    (void)self;
    RIG_CHECK(from_us < to_us && rows_max >= 2 && behind == NULL);
    memcpy(ret_rows, told.captured, sizeof told.captured);
    *ret_count = 2;
    return STORE_OK;
}

static uint32_t paid_told(void)
{
    pthread_mutex_lock(&told.mutex);
    uint32_t count = told.paid_count;
    pthread_mutex_unlock(&told.mutex);
    return count;
}

static void walk_list(void)
{
    effect paid[2] = {effect_new(EFFECT_INTENT_CREATE), effect_new(EFFECT_INTENT_CREATE)};
    for (int i = 0; i < 2; i++) {
        payment_report r = perform(&paid[i]);
        pay(&r);
        told.paid[i] = paid[i].payment;
        told.captured[i] = (captured_row){.id = paid[i].payment, .event = event};
        memcpy(told.captured[i].intent_id, i == 0 ? r.intent_id : "pi_nowhere", 10 + 20 * !i);
    }
    perform_list_config comparing = {.performer = performers,
                                     .store = {.load_captured = load_captured},
                                     .every_ms = 600000,
                                     .is_ours = is_ours,
                                     .tell = tell};
    int before = outcomes.count;
    uint64_t listed = metric_sum(METRIC_PROVIDER_LISTED);
    perform_list *l = perform_list_start(&comparing);
    RIG_CHECK(l != NULL);
    outcomes_wait(before + 1); // the one that is in no list was asked for
    RIG_CHECK(outcomes.list[before].report.status == PROVIDER_ABSENT);
    RIG_CHECK(uuid_equal(&outcomes.list[before].payment.u, &told.paid[1].u));
    RIG_CHECK(paid_told() == 2);
    RIG_CHECK(metric_sum(METRIC_PROVIDER_LISTED) > listed + 1000); // many pages
    perform_list_stop(l);
    RIG_CHECK(outcomes.count == before + 1);
}

static int64_t cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * INT64_C(1000000) + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
}

// A provider that takes 200 ms for each answer: what one thread keeps in flight.
static void walk_rush(const char *dir)
{
    enum { CALLS = 3000 };
    performer_free(performers);
    RIG_CHECK(rig_stop(SIGTERM) == 0);
    rig_start("--threads=512"); // one for each connection
    performers_start(dir, 0, 448);
    rig_faults("{\"latency_ms\":200}");
    int before = outcomes.count;
    int64_t start_us = clock_monotonic_us(), start_cpu_us = cpu_us();
    for (int i = 0; i < CALLS; i++) {
        effect e = effect_new(EFFECT_INTENT_CREATE);
        RIG_CHECK(port.start(port.self, &e));
    }
    outcomes_wait(before + CALLS);
    int64_t took_us = clock_monotonic_us() - start_us, used_us = cpu_us() - start_cpu_us;
    for (int i = 0; i < CALLS; i++)
        RIG_CHECK(outcomes.list[before + i].report.status == PROVIDER_INTENT_OPEN);
    printf("figure: %d intents in %lld ms with answers after 200 ms, %lld us of CPU each\n", CALLS,
           (long long)(took_us / 1000), (long long)(used_us / CALLS));
    rig_faults("{}");
}

// Stopping waits for nobody long, and nothing is delivered afterwards.
static void walk_stop(void)
{
    effect e = effect_new(EFFECT_INTENT_CREATE);
    rig_faults("{\"latency_ms\":{\"count\":1,\"value\":300}}");
    RIG_CHECK(port.start(port.self, &e));
    int64_t start_us = clock_monotonic_us();
    performer_stop(performers);
    RIG_CHECK(clock_monotonic_us() - start_us < 3000000);
    int after = outcomes.count;
    RIG_CHECK(!port.start(port.self, &e));
    performer_free(performers);
    RIG_CHECK(outcomes.count == after);
}

int main(int argc, char **argv)
{
    RIG_CHECK(argc == 3 && sodium_init() >= 0);
    pthread_cond_init(&outcomes.arrived, NULL);
    event.u = random_uuid();
    rig_init(argv[1], argv[2]);
    rig_start(NULL);
    performers_start(argv[2], 0, FEW);
    walk_sale();
    walk_refund();
    walk_refund_fails();
    walk_faults();
    walk_key_reused();
    walk_repeated();
    walk_away();
    walk_many();
    walk_throttled();
    walk_list();
    walk_rush(argv[2]);
    walk_paced(argv[2]);
    walk_stop();
    RIG_CHECK(rig_stop(SIGTERM) == 0);
    printf("ok\n");
    return 0;
}
