// How soon an actor reads its inbox again after a broker died: a host's bus with a store in memory
// against a nats-server that this program starts, kills and starts again.
//   bus_silence NATS_SERVER PORT FOLDER
#include "actors/runtime/bus_nats.h"
#include "ops/host/clock.h"
#include "ops/host/nats_login.h"
#include "tests/unit/actors/runtime/fake_kind.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    READY_MS = 10000,
    SOON_MS = 1500,   // what is asked for; a consumer's heartbeats alone would take 6 s or more
    MANY = 100000000, // inlets, so that heartbeats are rare
};

static struct {
    char **arguments;
    char url[64], folder[512], log[520]; // of the present test
    pid_t server;
    nats_bus bus;
    nats_login login;
    natsConnection *stranger;
    int64_t until_us;
    uint32_t wanted, attempts; // messages handled, and consumers made, until all is well
} rig;

static void server_start(void)
{
    rig.server = fork();
    assert_true(rig.server >= 0);
    if (rig.server > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execl(rig.arguments[1], "nats-server", "-js", "-a", "127.0.0.1", "-p", rig.arguments[2], "-sd",
          rig.folder, "-l", rig.log, (char *)NULL);
    _exit(127);
}

static void server_kill(void)
{
    assert_int_equal(kill(rig.server, SIGKILL), 0);
    assert_int_equal(waitpid(rig.server, NULL, 0), rig.server);
}

// Waits for the condition while the host runs; how many milliseconds it took, or fails.
static int64_t run_until(fake_host *h, bool (*condition)(fake_host *h), int64_t limit_ms)
{
    int64_t began_us = clock_monotonic_us();
    while (!condition(h)) {
        if (clock_monotonic_us() > began_us + limit_ms * 1000)
            fail_msg("not within %lld ms", (long long)limit_ms);
        h->mono_us = clock_monotonic_us();
        runtime_wait(h->r, 5);
        runtime_step(h->r);
    }
    return (clock_monotonic_us() - began_us) / 1000;
}

static bool is_connected(fake_host *h)
{
    (void)h;
    return nats_bus_connected(&rig.bus) &&
           natsConnection_Status(rig.stranger) == NATS_CONN_STATUS_CONNECTED;
}

static bool is_cut_off(fake_host *h)
{
    (void)h;
    return natsConnection_Status(rig.bus.connection) != NATS_CONN_STATUS_CONNECTED &&
           natsConnection_Status(rig.stranger) != NATS_CONN_STATUS_CONNECTED;
}

static bool is_handled(fake_host *h)
{
    return h->handled == rig.wanted;
}

static bool is_consuming(fake_host *h)
{
    pthread_mutex_lock(&rig.bus.mutex);
    const inlet *in = inlet_find(&rig.bus, &h->actors[0].ref.id);
    bool consuming = in != NULL && in->consuming && in->attempt >= rig.attempts;
    pthread_mutex_unlock(&rig.bus.mutex);
    return consuming;
}

// Takes one more seat, by one of the actor's two ways.
static void reserve_send(fake_host *h, subject_room room)
{
    uint8_t bytes[4096];
    uint32_t number = ++rig.wanted;
    fake_envelope e = {.number = number, .seats = {number}, .seats_count = 1};
    uint32_t bytes_count = fake_pack(&e, bytes);
    subject to = subject_of(room, &h->actors[0].ref);
    natsStatus s = natsConnection_Publish(rig.stranger, to.text, bytes, (int)bytes_count);
    assert_int_equal(s, NATS_OK);
    assert_int_equal(natsConnection_FlushTimeout(rig.stranger, READY_MS), NATS_OK);
}

// A consumer that dies with its server says nothing.
static void consumer_end(fake_host *h)
{
    char name[CONSUMER_NAME_BYTES];
    pthread_mutex_lock(&rig.bus.mutex);
    const inlet *in = inlet_find(&rig.bus, &h->actors[0].ref.id);
    snprintf(name, sizeof name, "%s", in->consumer);
    rig.attempts = in->attempt + 1;
    pthread_mutex_unlock(&rig.bus.mutex);
    bus_consumer_delete(&rig.bus, name);
    assert_int_equal(natsConnection_FlushTimeout(rig.bus.connection, READY_MS), NATS_OK);
}

static void woken(void *self, const actor_ref *actor, enum wake_what what)
{
    (void)self;
    (void)actor;
    (void)what;
}

static natsStatus stranger_connect(void)
{
    natsOptions *options = NULL;
    natsStatus s = natsOptions_Create(&options);
    if (s == NATS_OK)
        s = natsOptions_SetURL(options, rig.url);
    if (s == NATS_OK)
        s = natsOptions_SetMaxReconnect(options, -1);
    if (s == NATS_OK)
        s = natsOptions_SetReconnectWait(options, 20);
    if (s == NATS_OK)
        s = natsConnection_Connect(&rig.stranger, options);
    natsOptions_Destroy(options);
    return s;
}

static void bus_open(void)
{
    nats_bus_config own = {.login = &rig.login,
                           .host = {{1}},
                           .heartbeat_ms = 60000,
                           .stream_bytes_max = 1 << 24,
                           .stream_replicas = 1,
                           .woken = woken};
    int64_t until_us = clock_monotonic_us() + READY_MS * INT64_C(1000);
    while (!nats_bus_open(&rig.bus, &own))
        if (clock_monotonic_us() > until_us)
            fail_msg("%s", rig.bus.problem);
}

static int setup(void **state)
{
    static uint32_t tests;
    rig.wanted = 0;
    snprintf(rig.folder, sizeof rig.folder, "%s%u", rig.arguments[3], tests++);
    snprintf(rig.log, sizeof rig.log, "%s.log", rig.folder);
    rig.attempts = 1;
    rig.login = (nats_login){.urls = rig.url, .nkey_file = ""};
    server_start();
    bus_open();
    assert_int_equal(stranger_connect(), NATS_OK);
    fake_bus = nats_bus_port(&rig.bus);
    fake_setup(state);
    assert_true(nats_bus_start(&rig.bus, fake->r));
    return 0;
}

static int teardown(void **state)
{
    fake_host *h = *state;
    nats_bus_close(&rig.bus);
    natsConnection_Destroy(rig.stranger);
    fake_teardown((void **)&h);
    server_kill();
    return 0;
}

// Of very many consumers each says seldom that it lives.
static void read_one(fake_host *h, uint32_t consumers)
{
    pthread_mutex_lock(&rig.bus.mutex);
    rig.bus.inlets_count = consumers;
    pthread_mutex_unlock(&rig.bus.mutex);
    fake_open(h, 0);
    run_until(h, is_consuming, READY_MS);
    reserve_send(h, SUBJECT_IN);
    run_until(h, is_handled, READY_MS);
}

static void test_bus__given_a_broker_that_came_back_then_it_reads_at_once(void **state)
{
    fake_host *h = *state;
    read_one(h, MANY);
    server_kill();
    run_until(h, is_cut_off, READY_MS);
    server_start();
    run_until(h, is_connected, READY_MS);
    reserve_send(h, SUBJECT_IN);
    printf("figure: read %lld ms after the broker was back\n",
           (long long)run_until(h, is_handled, SOON_MS));
}

static void test_bus__given_a_dead_consumer_then_its_few_heartbeats_are_missed(void **state)
{
    fake_host *h = *state;
    read_one(h, 0);
    consumer_end(h);
    reserve_send(h, SUBJECT_IN);
    printf("figure: read %lld ms after the consumer died\n",
           (long long)run_until(h, is_handled, SOON_MS));
}

static void test_bus__given_a_dead_consumer_then_a_direct_message_shows_it(void **state)
{
    fake_host *h = *state;
    read_one(h, MANY);
    consumer_end(h);
    reserve_send(h, SUBJECT_IN);
    reserve_send(h, SUBJECT_DIRECT);
    printf("figure: read %lld ms after a direct message showed that the consumer was dead\n",
           (long long)run_until(h, is_handled, SOON_MS));
}

// The deletion of the consumer before got lost in an election: it reads the stream and has a
// heartbeat, and says that more came than the present one knows of.
static void leftover_make(fake_host *h, uint64_t place)
{
    char api[256], body[512];
    subject in = subject_of(SUBJECT_IN, &h->actors[0].ref);
    subject deliver = subject_deliver(&rig.bus.config.host, place);
    snprintf(api, sizeof api, "$JS.API.CONSUMER.CREATE." SUBJECT_STREAM_IN ".leftover.%s", in.text);
    snprintf(body, sizeof body,
             "{\"stream_name\":\"" SUBJECT_STREAM_IN "\",\"config\":{\"name\":\"leftover\","
             "\"deliver_subject\":\"%s\",\"filter_subject\":\"%s\",\"ack_policy\":\"none\","
             "\"deliver_policy\":\"all\",\"idle_heartbeat\":100000000,\"mem_storage\":true}}",
             deliver.text, in.text);
    natsMsg *answer = NULL;
    assert_int_equal(natsConnection_RequestString(&answer, rig.stranger, api, body, READY_MS),
                     NATS_OK);
    assert_null(
        memmem(natsMsg_GetData(answer), (size_t)natsMsg_GetDataLength(answer), "\"error\"", 7));
    natsMsg_Destroy(answer);
}

static bool has_passed(fake_host *h)
{
    return h->mono_us > rig.until_us;
}

static void test_bus__given_a_consumer_left_over_then_the_present_one_goes_on(void **state)
{
    fake_host *h = *state;
    read_one(h, MANY);
    pthread_mutex_lock(&rig.bus.mutex);
    inlet *in = inlet_find(&rig.bus, &h->actors[0].ref.id);
    uint64_t place = inlet_place(in);
    uint32_t attempt = in->attempt + 1;
    in->consuming = false;
    pthread_cond_signal(&rig.bus.changed);
    pthread_mutex_unlock(&rig.bus.mutex);
    rig.attempts = attempt;
    run_until(h, is_consuming, READY_MS);
    leftover_make(h, place);
    rig.until_us = clock_monotonic_us() + 500000;
    run_until(h, has_passed, READY_MS);
    reserve_send(h, SUBJECT_IN);
    run_until(h, is_handled, SOON_MS);
    pthread_mutex_lock(&rig.bus.mutex);
    assert_int_equal(inlet_find(&rig.bus, &h->actors[0].ref.id)->attempt, attempt);
    pthread_mutex_unlock(&rig.bus.mutex);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bus__given_a_broker_that_came_back_then_it_reads_at_once),
        TEST(test_bus__given_a_dead_consumer_then_its_few_heartbeats_are_missed),
        TEST(test_bus__given_a_dead_consumer_then_a_direct_message_shows_it),
        TEST(test_bus__given_a_consumer_left_over_then_the_present_one_goes_on),
    };
    if (argc != 4)
        return 2;
    rig.arguments = argv;
    snprintf(rig.url, sizeof rig.url, "nats://127.0.0.1:%s", argv[2]);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nats_bus_done();
    return failed;
}
