// Many threads on one bus whose network loses, repeats and reorders: everybody gets the answer to
// its own command, or none by its deadline. Meant to run under the thread sanitizer too.
#include "edge/bus_private.h"
#include "ops/host/clock.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 24, ASKS = 100, ACTORS = 3, MESSAGES_MAX = 4096 };

typedef struct message {
    uint32_t count;
    uint8_t *bytes;
} message;

typedef struct world {
    bus *bus;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    message ring[MESSAGES_MAX];
    uint32_t first, held;
    uint64_t seed;
    bool ends;
    atomic_uint answered, late, wrong;
    atomic_uint asks;
} world;

static uint32_t dice(world *w, uint32_t sides)
{
    w->seed = w->seed * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(w->seed >> 33) % sides;
}

static void ring_put(world *w, const void *data, uint32_t count)
{
    if (w->held == MESSAGES_MAX)
        return;
    message *m = &w->ring[(w->first + w->held++) % MESSAGES_MAX];
    m->count = count;
    m->bytes = malloc(count);
    memcpy(m->bytes, data, count);
    pthread_cond_signal(&w->changed);
}

static bool link_send(void *self, const char *to, const char *reply, const void *data,
                      uint32_t data_bytes)
{
    world *w = self;
    (void)reply;
    if (strstr(to, ".wake."))
        return true;
    pthread_mutex_lock(&w->mutex);
    if (dice(w, 150) != 0) // some are lost
        ring_put(w, data, data_bytes);
    if (dice(w, 50) == 0) // some come twice
        ring_put(w, data, data_bytes);
    pthread_mutex_unlock(&w->mutex);
    return true;
}

static int64_t link_now(void *self)
{
    (void)self;
    return clock_monotonic_us();
}

// The command's id says which error code answers it.
static void answer(world *w, const Cavea__V1__Envelope *e)
{
    static Cavea__V1__Reply replies[ENVELOPE_COMMANDS_MAX], *pointers[ENVELOPE_COMMANDS_MAX];
    static uint8_t bytes[64 * ENVELOPE_COMMANDS_MAX];
    Cavea__V1__ReplyBatch m = CAVEA__V1__REPLY_BATCH__INIT;
    size_t turn = e->n_commands > 0 ? e->number % e->n_commands : 0;
    for (size_t i = 0; i < e->n_commands; i++) {
        const Cavea__V1__Command *c = e->commands[(i + turn) % e->n_commands];
        cavea__v1__reply__init(&replies[i]);
        replies[i].command_id = c->id;
        memcpy(&replies[i].error, c->id.data, sizeof replies[i].error);
        pointers[i] = &replies[i];
    }
    m.number = e->number;
    m.database_now_us = clock_wall_us();
    m.replies = pointers;
    m.n_replies = e->n_commands;
    size_t count = cavea__v1__reply_batch__pack(&m, bytes);
    uint32_t queue = (uint32_t)strtoul(strrchr(e->reply_to, '.') + 1, NULL, 10);
    bus_receive(w->bus, queue, bytes, count);
}

static void *network_run(void *self)
{
    world *w = self;
    pthread_mutex_lock(&w->mutex);
    for (;;) {
        while (w->held == 0 && !w->ends)
            pthread_cond_wait(&w->changed, &w->mutex);
        if (w->held == 0)
            break;
        message m = w->ring[w->first];
        w->first = (w->first + 1) % MESSAGES_MAX;
        w->held--;
        pthread_mutex_unlock(&w->mutex);
        Cavea__V1__Envelope *e = cavea__v1__envelope__unpack(NULL, m.count, m.bytes);
        if (e)
            answer(w, e);
        cavea__v1__envelope__free_unpacked(e, NULL);
        free(m.bytes);
        pthread_mutex_lock(&w->mutex);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

static void *clock_run(void *self)
{
    world *w = self;
    pthread_mutex_lock(&w->mutex);
    while (!w->ends) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 10000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&w->changed, &w->mutex, &until);
        pthread_mutex_unlock(&w->mutex);
        bus_tick(w->bus);
        pthread_mutex_lock(&w->mutex);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

static void *asker_run(void *self)
{
    world *w = self;
    for (uint32_t i = 0; i < ASKS; i++) {
        uint32_t number = 1 + atomic_fetch_add(&w->asks, 1);
        uuid id = {{0}};
        event_id event = {{{1}}};
        bus_answer got;
        memcpy(id.bytes, &number, sizeof number);
        event.u.bytes[12] = (uint8_t)(number % ACTORS);
        actor_ref actor = actor_of_event(&event);
        Cavea__V1__Cancel cancel = CAVEA__V1__CANCEL__INIT;
        Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
        command.id = (ProtobufCBinaryData){sizeof id.bytes, id.bytes};
        command.body_case = CAVEA__V1__COMMAND__BODY_CANCEL;
        command.cancel = &cancel;
        // A few have no patience at all.
        int64_t patience_us = number % 37 == 0 ? 200 : 30000000;
        bus_result result = bus_ask(w->bus, &actor, &command, number % 5 == 0,
                                    clock_monotonic_us() + patience_us, &got);
        if (result == BUS_ANSWERED)
            atomic_fetch_add((uint32_t)got.error == number ? &w->answered : &w->wrong, 1);
        else
            atomic_fetch_add(result == BUS_LATE ? &w->late : &w->wrong, 1);
    }
    return NULL;
}

static void test_bus__given_threads_and_a_bad_network_then_each_gets_its_own_answer(void **state)
{
    static world w;
    pthread_t askers[THREADS], network, timer;
    (void)state;
    pthread_mutex_init(&w.mutex, NULL);
    pthread_cond_init(&w.changed, NULL);
    w.seed = 11;
    bus_options options = {.link = {&w, link_send, link_now, link_now},
                           .sender = {{3}},
                           .queued_max = 10000,
                           .inflight_max = 2};
    w.bus = bus_new(&options);
    assert_non_null(w.bus);
    assert_int_equal(pthread_create(&network, NULL, network_run, &w), 0);
    assert_int_equal(pthread_create(&timer, NULL, clock_run, &w), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&askers[i], NULL, asker_run, &w), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(askers[i], NULL);
    pthread_mutex_lock(&w.mutex);
    w.ends = true;
    pthread_cond_broadcast(&w.changed);
    pthread_mutex_unlock(&w.mutex);
    pthread_join(network, NULL);
    pthread_join(timer, NULL);
    assert_int_equal(w.wrong, 0);
    assert_int_equal(w.answered + w.late, THREADS * ASKS);
    assert_true(w.late <= THREADS * ASKS / 37 + 1);
    assert_int_equal(w.bus->queued, 0);
    bus_free(w.bus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bus__given_threads_and_a_bad_network_then_each_gets_its_own_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
