// Which reasons for waking an actor outweigh what the activator knows and has queued. The bus, the
// roster, the lease and the runtime are played here; what it does to them is written down.
#include "actors/runtime/activate.c"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const uuid self = {{1}}, other = {{2}};
static const actor_ref actor = {.kind = ACTOR_EVENT, .id = {{{7}}}};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    char said[256];
    uint32_t asks, fails; // openings yet to fail
    bool answers, blocks, entered;
    uuid holder; // zero: the lease is to be had
} world;

static void say(const char *word)
{
    size_t at = strlen(world.said);
    snprintf(world.said + at, sizeof world.said - at, "%s ", word);
    pthread_cond_broadcast(&world.changed);
}

// --- what the activator calls ------------------------------------------------------------------

bool nats_bus_holds(nats_bus *bus, const actor_id *id)
{
    (void)bus;
    (void)id;
    return false;
}

bool nats_bus_forward(nats_bus *bus, const uuid *host, const actor_ref *to)
{
    (void)bus;
    (void)to;
    assert_true(uuid_equal(host, &other));
    pthread_mutex_lock(&world.mutex);
    bool answers = world.answers;
    world.asks++;
    say("ask");
    pthread_mutex_unlock(&world.mutex);
    return answers;
}

bool roster_owner(roster *r, const actor_ref *of, uuid *ret_host)
{
    (void)r;
    (void)of;
    *ret_host = other;
    return true;
}

store_result cell_open(kind_context *context, const actor_ref *ref, cell **ret_cell,
                       uuid *ret_holder)
{
    (void)context;
    pthread_mutex_lock(&world.mutex);
    bool is_ours = uuid_is_zero(&world.holder) && world.fails == 0;
    say(uuid_equal(&ref->id.u, &actor.id.u) ? "open" : "first");
    *ret_holder = world.holder;
    *ret_cell = is_ours ? calloc(1, sizeof(cell)) : NULL;
    if (is_ours)
        (*ret_cell)->ref = *ref;
    world.entered = true;
    while (world.blocks)
        pthread_cond_wait(&world.changed, &world.mutex);
    bool fails = world.fails > 0 && world.fails-- > 0;
    pthread_mutex_unlock(&world.mutex);
    return fails ? STORE_UNKNOWN : STORE_OK;
}

void runtime_install(runtime *r, cell *c)
{
    (void)r;
    free(c);
    pthread_mutex_lock(&world.mutex);
    say("install");
    pthread_mutex_unlock(&world.mutex);
}

static store_result now(void *store, int64_t *ret_now_us)
{
    (void)store;
    *ret_now_us = 1;
    return STORE_OK;
}

// --- the tests -----------------------------------------------------------------------------------

static bool waited(bool (*is_so)(const void *wanted), const void *wanted)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    pthread_mutex_lock(&world.mutex);
    int late = 0;
    while (!is_so(wanted) && late == 0)
        late = pthread_cond_timedwait(&world.changed, &world.mutex, &until);
    bool so = is_so(wanted);
    pthread_mutex_unlock(&world.mutex);
    return so;
}

static bool has_said(const void *wanted)
{
    return strcmp(world.said, wanted) == 0;
}

static bool has_opened(const void *wanted)
{
    (void)wanted;
    return strstr(world.said, "open install first install ") != NULL;
}

static bool has_entered(const void *wanted)
{
    (void)wanted;
    return world.entered;
}

static bool has_asked(const void *wanted)
{
    return world.asks >= *(const uint32_t *)wanted;
}

// Waits for exactly this.
static void said(const char *wanted)
{
    if (!waited(has_said, wanted))
        fail_msg("said \"%s\", not \"%s\"", world.said, wanted);
}

static void set(bool *what, bool value)
{
    pthread_mutex_lock(&world.mutex);
    *what = value;
    pthread_cond_broadcast(&world.changed);
    pthread_mutex_unlock(&world.mutex);
}

static int setup(void **state)
{
    memset(&world, 0, sizeof world);
    pthread_mutex_init(&world.mutex, NULL);
    pthread_cond_init(&world.changed, NULL);
    activator_config config = {
        .host = self, .kinds = 1u << ACTOR_EVENT | 1u << ACTOR_PAYMENT, .store = {.now = now}};
    *state = activator_start(&config);
    return *state == NULL;
}

static int teardown(void **state)
{
    activator_stop(*state);
    activator_free(*state);
    return 0;
}

static void test_activate__given_an_owner_elsewhere_then_it_is_asked_first(void **state)
{
    world.answers = true;
    activator_wake(*state, &actor, WAKE_OPEN);
    said("ask ");
    activator_wake(*state, &actor, WAKE_SENT);
    said("ask open install ");
}

// What was opened a moment ago was given away meanwhile, and came back.
static void test_activate__given_an_actor_that_comes_back_then_it_is_opened_again(void **state)
{
    activator_wake(*state, &actor, WAKE_SENT);
    said("open install ");
    activator_wake(*state, &actor, WAKE_SENT); // its cell may be on its way
    activator_wake(*state, &actor, WAKE_CHOSEN);
    said("open install open install ");
}

static void test_activate__given_a_weaker_reason_queued_then_the_stronger_one_counts(void **state)
{
    const actor_ref first = {.kind = ACTOR_EVENT, .id = {{{8}}}};
    set(&world.blocks, true);
    activator_wake(*state, &first, WAKE_SENT);
    assert_true(waited(has_entered, NULL)); // what comes now is queued
    activator_wake(*state, &actor, WAKE_OPEN);
    activator_wake(*state, &actor, WAKE_CHOSEN);
    activator_wake(*state, &actor, WAKE_OPEN);
    set(&world.blocks, false);
    said("first install open install "); // nobody else is asked
}

// As when a host died: its partitions are found before a buyer asks again.
static void test_activate__given_many_partitions_queued_then_an_event_waits_for_one(void **state)
{
    set(&world.blocks, true);
    for (uint32_t n = 0; n < PARTITIONS; n++) {
        const actor_ref partition = actor_of_partition(ACTOR_PAYMENT, n);
        activator_wake(*state, &partition, WAKE_SENT);
    }
    assert_true(waited(has_entered, NULL));
    activator_wake(*state, &actor, WAKE_SENT);
    set(&world.blocks, false);
    assert_true(waited(has_opened, NULL));
    assert_memory_equal(world.said, "first install open install first install ", 40);
}

static void test_activate__given_an_opening_that_fails_then_it_is_tried_again(void **state)
{
    world.fails = 2;
    activator_wake(*state, &actor, WAKE_OPEN);
    said("ask open open open install ");
}

// Who gave an actor away asks its new holder, however lately it opened it itself.
static void test_activate__given_an_actor_given_away_then_its_holder_is_asked(void **state)
{
    world.answers = true;
    activator_wake(*state, &actor, WAKE_SENT);
    said("open install ");
    world.holder = other;
    activator_wake(*state, &actor, WAKE_GIVEN);
    said("open install open ask ");
}

static void test_activate__given_a_holder_who_is_silent_then_it_is_asked_again(void **state)
{
    uint32_t twice = 2;
    world.holder = other;
    activator_wake(*state, &actor, WAKE_GIVEN);
    assert_true(waited(has_asked, &twice));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_activate__given_an_owner_elsewhere_then_it_is_asked_first),
        TEST(test_activate__given_an_actor_that_comes_back_then_it_is_opened_again),
        TEST(test_activate__given_a_weaker_reason_queued_then_the_stronger_one_counts),
        TEST(test_activate__given_many_partitions_queued_then_an_event_waits_for_one),
        TEST(test_activate__given_an_opening_that_fails_then_it_is_tried_again),
        TEST(test_activate__given_an_actor_given_away_then_its_holder_is_asked),
        TEST(test_activate__given_a_holder_who_is_silent_then_it_is_asked_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
